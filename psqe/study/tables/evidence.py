"""The table of the whole evidence: every kind of seeds crossed with every aligner."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.errors import DataError
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.evidence import ALIGNERS, FEATURES, SEEDLESS, SEEDS, cell, seeds_on
from psqe.study.tables.alignments import complete
from psqe.study.tables.page import group_rows, mean_table
from psqe.study.tables.rows import percent_text, points_text

COLUMNS = ["seeds", "aligner", "task", "random_state"]
"""The columns that tell the runs of :func:`evidence_runs` apart."""


def evidence_runs(
    table: pd.DataFrame, tasks: Sequence[str], *, matching: str, links: str = "all"
) -> pd.DataFrame:
    """Collect the stored runs of the crossing, a row for each kind of seeds, aligner, pair and random state.

    The features without training do not use seeds. On all links their run without seeds stands in every row,
    and on another group of links the run beside the seeds that define the group.

    Parameters
    ----------
    table
        The alignments of the results store.
    tasks
        Names of pairs of graphs.
    matching
        The matching of all rows.
    links
        The group of gold links: ``all`` (the default), or ``free`` for those without an end in a seed.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS`, ``hits@1`` and ``n_queries`` (means of both directions, protocol ``full``).

    Raises
    ------
    DataError
        If no run is stored.
    """
    chosen = table[
        (table["protocol"] == "full")
        & (table["matching"] == matching)
        & (table["links"] == links)
        & (table["part_kind"] == "all")
    ]
    means = chosen.groupby("id", as_index=False)[["hits@1", "n_queries"]].mean()
    states = sorted(int(state) for state in chosen["random_state"].unique())
    places = pd.DataFrame(
        [
            (kind, aligner, task, state, _run_id(kind, aligner, task, state, links))
            for task in tasks
            for state in states
            for kind in (NO_SEEDS, *seeds_on(task))
            for aligner in (SEEDLESS if kind == NO_SEEDS else ALIGNERS)
        ],
        columns=[*COLUMNS, "id"],
    )
    found = places.merge(means, on="id").drop(columns="id")
    if found.empty:
        raise DataError(
            f"the results have no run of the crossing on {', '.join(tasks)}",
            remedy="run psqe results fill evidence",
        )
    return found


def _run_id(kind: str, aligner: str, task: str, state: int, links: str) -> str:
    """The id of the run that has the numbers of one cell."""
    unseeded = aligner == FEATURES and links == "all"
    return cell(NO_SEEDS if unseeded else kind, aligner, task, state).id


def learned(runs: pd.DataFrame) -> pd.DataFrame:
    """Compute how far every aligner is above the features on the same links, in points of Hits@1.

    Differences are taken on the same pair, seeds and random state.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS` and ``gain``, without the rows of the features.
    """
    keys = ["seeds", "task", "random_state"]
    bar = runs[runs["aligner"] == FEATURES].set_index(keys)["hits@1"].rename("bar")
    others = runs[runs["aligner"] != FEATURES].join(bar, on=keys).dropna(subset=["bar"])
    return others.assign(gain=100 * (others["hits@1"] - others["bar"]))[[*COLUMNS, "gain"]]


def evidence_matrix(runs: pd.DataFrame, value: str = "hits@1") -> pd.DataFrame:
    """Cross kinds of seeds with aligners, as text.

    Runs of one random state on several pairs are averaged first, and only random states that were run on
    every pair of the table count.

    Parameters
    ----------
    runs
        Rows of :func:`evidence_runs`, or of :func:`learned`.
    value
        ``hits@1`` (the default), written in percent, or ``gain``, in points.

    Returns
    -------
    pandas.DataFrame
        ``seeds`` and a column for each aligner: the mean with half of its 95 % interval over random states,
        or for a gain the interval itself; an empty text where there is no run.
    """
    cells: dict[str, dict[str, str]] = {}
    whole = complete(runs, ["seeds", "aligner"])
    for kind, aligner, own in group_rows(whole, ["seeds", "aligner"]):
        by_state = own.groupby("random_state")[value].mean()
        if value == "gain":
            [mean] = mean_table(by_state.reset_index().assign(one=0), by=["one"], value=value).to_dict(
                "records"
            )
            text = points_text(mean["mean"], mean["low"], mean["high"])
        else:
            text = percent_text(by_state)
        cells.setdefault(kind, {})[aligner] = text
    shown = [aligner for aligner in ALIGNERS if any(aligner in texts for texts in cells.values())]
    rows = [
        {"seeds": kind, **{aligner: cells[kind].get(aligner, "") for aligner in shown}}
        for kind in (NO_SEEDS, *SEEDS)
        if kind in cells
    ]
    return pd.DataFrame(rows, columns=["seeds", *shown])
