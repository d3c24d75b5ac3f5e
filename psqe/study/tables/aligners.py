"""Tables about single aligners: their presets, what iterative learning adds, and training on labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.aligners.iterative import AddedSeeds
from psqe.graph import AlignmentTask, BoolArray
from psqe.seeds import correct
from psqe.study.plans import faithful
from psqe.study.plans.supervised import PUBLISHED
from psqe.study.tables.page import group_rows
from psqe.switches import RELEASED


def presets() -> pd.DataFrame:
    """List the parameters of every trained aligner: one row a parameter, one column an aligner.

    Returns
    -------
    pandas.DataFrame
        Texts: the value of the preset ``published``, and behind an arrow that of ``small`` where it differs.
        A cell is empty where an aligner has no such parameter.
    """
    trained = {name: kind for name, kind in ALIGNERS.usable().items() if issubclass(kind, TrainedAligner)}
    cells: dict[str, dict[str, str]] = {}
    for name, kind in trained.items():
        small = kind.preset("small").parameters
        for parameter, value in kind.preset("published").parameters.items():
            both = dict.fromkeys((_text(value), _text(small[parameter])))
            cells.setdefault(parameter, {})[name] = " \u2192 ".join(both)
    for left_out in ("random_state", "device", "dtype", "variant", "switches"):
        cells.pop(left_out, None)
    return pd.DataFrame([
        {"parameter": parameter, **{name: texts.get(name, "") for name in trained}}
        for parameter, texts in cells.items()
    ])  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return "never"
    return f"{value:g}" if isinstance(value, float) else str(value)


def added_table(rounds: Sequence[AddedSeeds], task: AlignmentTask) -> pd.DataFrame:
    """Judge what iterative learning added and removed, with the gold links in hand.

    Parameters
    ----------
    rounds
        The rounds in which seeds changed, as ``aligner.added_``.
    task
        The pair of graphs.

    Returns
    -------
    pandas.DataFrame
        One row a round: ``epoch``, ``added``, ``correct`` (share of the added pairs that are gold links),
        ``removed`` and ``removed correct``. Shares are NaN without gold links, or where there is no pair.
    """
    rows = []
    for step in rounds:
        hits, gone = (correct(pairs, task) for pairs in (step.added, step.removed))
        rows.append({
            "epoch": step.epoch, "added": len(step.added), "correct": _share(hits),
            "removed": len(step.removed), "removed correct": _share(gone),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["epoch", "added", "correct", "removed", "removed correct"])


def _share(hits: BoolArray | None) -> float:
    return float("nan") if hits is None or not len(hits) else float(hits.mean())


def supervised_table(table: pd.DataFrame) -> pd.DataFrame:
    """Set aligners that were trained on labels beside the published numbers.

    Parameters
    ----------
    table
        The alignments of the results store.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``benchmark``, ``modalities``, ``preset``, ``Hits@1`` (protocol peer, left to right, mean
        over random states), ``states`` (how many there are) and ``published``.
    """
    chosen = table[
        (table["miner"] == "supervised") & (table["direction"] == "l2r") & (table["protocol"] == "peer")
    ].sort_values(["aligner", "task", "modalities", "preset"], kind="stable")
    rows = [
        {
            "aligner": aligner, "benchmark": task, "modalities": modalities.replace("+", ", "),
            "preset": preset, "Hits@1": runs["hits@1"].mean(), "states": runs["random_state"].nunique(),
            "published": PUBLISHED[aligner][task],
        }
        for aligner, task, modalities, preset, runs in group_rows(
            chosen, ["aligner", "task", "modalities", "preset"]
        )
    ]  # fmt: skip
    columns = ["aligner", "benchmark", "modalities", "preset", "Hits@1", "states", "published"]
    return pd.DataFrame(rows, columns=columns)


def faithful_table(table: pd.DataFrame) -> pd.DataFrame:
    """Set both variants of each aligner beside the public code that one of them follows.

    Parameters
    ----------
    table
        The alignments of the results store.

    Returns
    -------
    pandas.DataFrame
        ``aligner``, ``seeds``, ``epochs``, Hits@1 of the ``authors' code`` (NaN where it was not run), of
        all variants of :data:`psqe.study.plans.faithful.PARAMETERS` (NaN where they are not stored), and
        ``difference``, that of ``released`` minus that of the authors' code, in points.
        All links, cosine, protocol full, mean of both directions, on
        :data:`psqe.study.plans.faithful.AUTHORS_TASK` with random state 0.
    """
    whole = table[
        (table["protocol"] == "full")
        & (table["matching"] == "cosine")
        & (table["links"] == "all")
        & (table["part_kind"] == "all")
    ]
    hits = whole.groupby("id")["hits@1"].mean().to_dict()
    rows = []
    for aligner, kinds in faithful.EPOCHS.items():
        for kind, epochs in kinds.items():
            for n in epochs:
                authors = faithful.AUTHORS[kind][n] if aligner == "mclea" else float("nan")
                found = {
                    variant: hits.get(
                        faithful.variant_spec(faithful.AUTHORS_TASK, kind, aligner, variant, n, 0).id,
                        float("nan"),
                    )
                    for variant in faithful.PARAMETERS
                }
                rows.append({
                    "aligner": aligner, "seeds": kind, "epochs": n, "authors' code": authors, **found,
                    "difference": 100 * (found[RELEASED] - authors),
                })  # fmt: skip
    return pd.DataFrame(rows)
