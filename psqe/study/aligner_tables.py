"""Aligners and miners crossed: tables from the results store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.aligners.iterative import AddedSeeds
from psqe.evaluation import format_interval, mean_interval
from psqe.graph import AlignmentTask, BoolArray
from psqe.seeds import correct
from psqe.study.ablation import study_task
from psqe.study.comparison import KINDS, N_SEEDS, PARTS
from psqe.study.experiments import NO_SEEDS, UNTRAINED, Experiment
from psqe.study.results import in_order

FEATURES = "features"
"""In place of an aligner: the input, compared without seeds and without training."""

RUN = ["task", "aligner", "miner", "random_state", "part"]
"""What tells one run from another."""


def crossed(table: pd.DataFrame, tasks: Sequence[str], *, protocol: str = "full") -> pd.DataFrame:
    """Every stored run of an aligner on the seeds of a miner, at the study's number of seeds.

    Parameters
    ----------
    table
        The results store.
    tasks
        Pairs of graphs.
    protocol
        ``full`` or ``peer``.

    Returns
    -------
    Columns :data:`RUN`, ``hits@1`` and ``mrr`` (means of both directions), ``seconds`` and ``peak_mb``; the
    ``part`` is one of :data:`psqe.study.comparison.PARTS`. The same features without any aligner are the
    aligner :data:`FEATURES`, by matching in place of the part. Empty when nothing is stored.
    """
    settings = {
        Experiment("-", "psqe", 2, 0, options=options).settings: part for part, options in PARTS.items()
    }
    own = table[
        table["task"].isin(tasks)
        & table["miner"].isin(KINDS)
        & table["variant"].isin(["-", "corrected"])
        & table["aligner"].isin(list(ALIGNERS))
        & table["settings"].isin(settings)
        & (table["protocol"] == protocol)
        & (table["region"] == "all")
        & (
            (table["n_seeds"] == table["task"].str.partition("/")[0].map(N_SEEDS))
            | (table["miner"] == NO_SEEDS)
        )
    ]
    own = own.assign(part=own["settings"].map(settings))
    bare = table[
        table["task"].isin(tasks)
        & (table["modalities"] == table["task"].map(_modalities))
        & (table["miner"] == "none")
        & (table["settings"] == "-")
        & table["aligner"].isin(UNTRAINED)
        & (table["protocol"] == protocol)
        & (table["region"] == "all")
    ]
    own = pd.concat([own, bare.assign(part=bare["aligner"], aligner=FEATURES, miner=NO_SEEDS)])
    values = ["hits@1", "mrr", "seconds", "peak_mb"]
    return in_order(own.groupby(RUN, as_index=False, sort=False)[values].mean())


def _modalities(task: str) -> str:
    return "+".join(sorted(study_task(task)[0]))


def matrix(runs: pd.DataFrame, value: str = "hits@1") -> pd.DataFrame:
    """One row an aligner and part, one column a miner: mean over pairs and random states.

    In percent, with half of its interval beside it where there is more than one random state. Runs of one
    random state on several pairs are averaged first; the 95 % interval is over random states.
    Only random states count that were run on every pair of the table, so that no mean is one over easier
    pairs. A cell is empty where there is none.
    """
    runs = _complete(runs, ["aligner", "part", "miner"])
    cells: dict[tuple[str, str], dict[str, str]] = {}
    order = {name: i for i, name in enumerate([FEATURES, *ALIGNERS])}
    parts = {name: i for i, name in enumerate([*UNTRAINED, *PARTS])}
    for (aligner, part, miner), own in runs.groupby(["aligner", "part", "miner"], sort=False):
        mean, low, high = mean_interval(own.groupby("random_state")[value].mean().tolist())
        text = f"{100 * mean:.1f}"
        if low == low:  # a space that does not break: the two belong on one line
            text += f"\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}{50 * (high - low):.1f}"
        cells.setdefault((str(aligner), str(part)), {})[str(miner)] = text
    rows = [
        {"aligner": aligner, "training": part, **{miner: own.get(miner, "") for miner in KINDS}}
        for (aligner, part), own in sorted(cells.items(), key=lambda c: (order[c[0][0]], parts[c[0][1]]))
    ]
    return pd.DataFrame(rows, columns=["aligner", "training", *KINDS])


def _complete(runs: pd.DataFrame, by: list[str], n_tasks: int | None = None) -> pd.DataFrame:
    """The runs of those random states that were run on every pair, group by group."""
    n_tasks = runs["task"].nunique() if n_tasks is None else n_tasks
    return runs[runs.groupby([*by, "random_state"])["task"].transform("nunique") == n_tasks]


def gains(runs: pd.DataFrame, over: str, *, better: str = "psqe", value: str = "hits@1") -> pd.DataFrame:
    """What one miner's seeds gain over another's, aligner by aligner and pair by pair.

    Differences are taken on the same pair within a random state.

    Returns
    -------
    ``aligner``, ``part``, ``task`` (``all``: the mean over pairs, of states run on all), ``gain`` with its
    95 % interval ``low``, ``high`` (NaN for one run) in points, and ``runs``.
    """
    keys = ["aligner", "part", "task", "random_state"]
    wide = runs.pivot_table(index=keys, columns="miner", values=value)
    if better not in wide or over not in wide:
        return pd.DataFrame(columns=["aligner", "part", "task", "gain", "low", "high", "runs"])
    differences = (100 * (wide[better] - wide[over])).dropna().rename("gain").reset_index()
    whole = _complete(differences, ["aligner", "part"], runs["task"].nunique())
    together = whole.groupby(["aligner", "part", "random_state"], as_index=False)["gain"].mean()
    rows: list[dict[str, Any]] = []
    for (aligner, part, task), own in pd.concat([differences, together.assign(task="all")]).groupby(
        ["aligner", "part", "task"], sort=False
    ):
        mean, low, high = mean_interval(own["gain"].tolist())
        rows.append(
            {
                "aligner": aligner, "part": part, "task": task,
                "gain": mean, "low": low, "high": high, "runs": len(own),
            }
        )  # fmt: skip
    order = {name: i for i, name in enumerate(ALIGNERS)}
    return pd.DataFrame(rows).sort_values("aligner", key=lambda names: names.map(order), kind="stable")


def gain_table(runs: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """:func:`gains` over several kinds of seeds side by side, as text: one row an aligner and pair."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for other in others:
        for row in gains(runs, other).to_dict("records"):
            text = format_interval(
                row["gain"], row["low"], row["high"], "+.1f", bounds_form=".1f", brackets=True
            )
            cells.setdefault((row["aligner"], row["task"]), {})[f"over {other}"] = text
    titles = [f"over {other}" for other in others]
    rows = [
        {"aligner": aligner, "pair": task, **{title: own.get(title, "") for title in titles}}
        for (aligner, task), own in cells.items()
    ]
    return pd.DataFrame(rows, columns=["aligner", "pair", *titles])


def presets() -> pd.DataFrame:
    """The parameters of every trained aligner: one row each, one column an aligner.

    A cell has the value of preset ``published``, and behind an arrow that of ``small`` where it differs. It
    is empty where an aligner has no such parameter.
    """
    trained = {name: kind for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)}
    cells: dict[str, dict[str, str]] = {}
    for name, kind in trained.items():
        small = kind.preset("small").parameters
        for parameter, value in kind.preset("published").parameters.items():
            both = dict.fromkeys((_text(value), _text(small[parameter])))
            cells.setdefault(parameter, {})[name] = " \u2192 ".join(both)
    left_out = ("random_state", "device", "dtype")
    rows = [
        {"parameter": parameter, **{name: own.get(name, "") for name in trained}}
        for parameter, own in cells.items()
        if parameter not in left_out
    ]
    return pd.DataFrame(rows)


def _text(value: Any) -> str:
    if value is None:
        return "never"
    return f"{value:g}" if isinstance(value, float) else str(value)


def added_table(rounds: Sequence[AddedSeeds], task: AlignmentTask) -> pd.DataFrame:
    """What iterative learning added and removed, with the gold links in hand: one row a round.

    Returns
    -------
    ``epoch``, ``added``, ``right`` (share of the added that are gold links), ``removed``, ``removed right``;
    shares are empty without gold links, or where there is nothing to share.
    """
    rows = []
    for one in rounds:
        right, gone = (correct(pairs, task) for pairs in (one.added, one.removed))
        rows.append(
            {
                "epoch": one.epoch, "added": len(one.added), "right": _share(right),
                "removed": len(one.removed), "removed right": _share(gone),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["epoch", "added", "right", "removed", "removed right"])


def _share(hits: BoolArray | None) -> float:
    return float("nan") if hits is None or not len(hits) else float(hits.mean())
