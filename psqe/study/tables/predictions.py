"""Tables about predictions: what whitening was foretold to do on free links, and what it did."""

from __future__ import annotations

import pandas as pd

from psqe.study.tables.alignments import alignment_results
from psqe.study.tables.page import group_rows
from psqe.study.tables.selection import in_order, kinds

CHOSEN = "emoji/en-de"
"""The pair on which the rule of the prediction was chosen."""

WAYS = {"prediction": "predicted_hits@1", "unlabelled": "unlabelled_hits@1", "no change": "features_hits@1"}
"""The predictions that are compared, and their columns."""


def shift_predictions(table: pd.DataFrame) -> pd.DataFrame:
    """Name the kind of seeds of each prediction, and sort by it.

    Parameters
    ----------
    table
        The predictions of the results store.

    Returns
    -------
    pandas.DataFrame
        The rows, where ``miner`` is the name of the kind of seeds.
    """
    rows = kinds(table).sort_values(["task", "random_state"], kind="stable")
    return in_order(rows.assign(**{"hits@1": rows["hits@1"].astype(float)}))


def shift_table(rows: pd.DataFrame, *, matching: str = "csls") -> pd.DataFrame:
    """Set prediction and measurement beside each other, by pair and kind of seeds.

    Parameters
    ----------
    rows
        Rows of :func:`shift_predictions`.
    matching
        The matching, ``csls`` by default.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``seeds``, ``features``, ``predicted``, ``measured`` (percent, means over random states),
        and ``error``, their difference in points.
    """
    chosen = rows[rows["matching"] == matching]
    columns = {"features": "features_hits@1", "predicted": "predicted_hits@1", "measured": "hits@1"}
    made = [
        {"task": task, "seeds": miner}
        | {name: 100 * float(runs[column].mean()) for name, column in columns.items()}
        for task, miner, runs in group_rows(chosen, ["task", "miner"])
    ]
    found = pd.DataFrame(made, columns=["task", "seeds", *columns])
    return found.assign(error=found["predicted"] - found["measured"])


def shift_errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Summarise the errors of the predictions, by matching and by whether the pair was used to choose.

    Parameters
    ----------
    rows
        Rows of :func:`shift_predictions`.

    Returns
    -------
    pandas.DataFrame
        ``matching``, ``pairs`` (*chosen on* or *claimed on*), ``way`` (:data:`WAYS`), ``runs``, and in points
        the mean ``error``, the mean ``absolute`` error and the ``largest``; ``within 3`` is the percentage
        of runs whose error is at most 3 points.
    """
    where = rows["task"].map(lambda task: "chosen on" if task == CHOSEN else "claimed on")
    made = []
    for matching, pairs, runs in group_rows(rows.assign(pairs=where), ["matching", "pairs"]):
        for way, column in WAYS.items():
            error = 100 * (runs[column].astype(float) - runs["hits@1"])
            made.append({
                "matching": matching, "pairs": pairs, "way": way, "runs": len(runs), "error": error.mean(),
                "absolute": error.abs().mean(), "largest": error.abs().max(),
                "within 3": 100 * float((error.abs() <= 3).mean()),
            })  # fmt: skip
    return pd.DataFrame(made)


def trained_errors(rows: pd.DataFrame, alignments: pd.DataFrame, *, matching: str = "csls") -> pd.DataFrame:
    """Compare what was predicted for whitening with what trained models reach on the same seeds.

    Parameters
    ----------
    rows
        Rows of :func:`shift_predictions`.
    alignments
        The alignments of the results store.
    matching
        The matching of both, ``csls`` by default.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``runs``, and over runs the mean of measured minus predicted Hits@1 on free links in
        points (``ahead``), the standard deviation of that difference (``spread``), and the correlation
        ``r`` of the two.
    """
    keys = ["task", "miner", "random_state"]
    told = rows[rows["matching"] == matching][[*keys, "predicted_hits@1"]]
    made = []
    for aligner in ("eva", "mclea", "meaformer"):
        ran = alignments[(alignments["aligner"] == aligner) & (alignments["direction"] == "l2r")]
        parts = [
            alignment_results(
                ran[ran["task"] == task], matching=matching, links="free", preset="small",
                aligner_parameters={}, n_seeds=600,
            ).assign(task=task)
            for task in dict.fromkeys(rows["task"])
        ]  # fmt: skip
        both = pd.concat(parts).merge(told, on=keys)
        ahead = 100 * (both["hits@1"] - both["predicted_hits@1"]).astype(float)
        made.append({
            "aligner": aligner, "runs": len(both), "ahead": ahead.mean(), "spread": ahead.std(),
            "r": both["hits@1"].astype(float).corr(both["predicted_hits@1"].astype(float)),
        })  # fmt: skip
    return pd.DataFrame(made)
