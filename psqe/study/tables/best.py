"""The tables about the best alignment without labels: every system on the same modalities, pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from psqe.graph import SIDES, AlignmentTask
from psqe.study.costs import MINING
from psqe.study.plans.best import (
    BENCHMARK_STATES,
    NO_LAYOUT,
    ON_BENCHMARKS,
    PARTS,
    RUNS,
    benchmark_spec,
    part_spec,
    system_spec,
)
from psqe.study.tables.costs import gigabytes
from psqe.study.tables.page import group_rows
from psqe.study.tables.rows import percent_text, row_gains
from psqe.study.tables.words import list_in_words

OURS = "Concord"
"""The system that is ours."""


def row_name(system: str, *, seeds: bool) -> str:
    """Name a row of the tables: the system, and whether it was given no seeds.

    >>> row_name("PARIS", seeds=False)
    'PARIS, no seeds'
    """
    return system if seeds else f"{system}, no seeds"


ROW_NAMES = tuple(row_name(system, seeds=seeds) for system, seeds in RUNS)
"""The rows of the tables, in order."""


def best_runs(table: pd.DataFrame, tasks: Sequence[str], *, part_kind: str = "all") -> pd.DataFrame:
    """Collect the stored runs of the plan about the best alignment without labels.

    Parameters
    ----------
    table
        The systems of the results store.
    tasks
        Names of pairs of graphs.
    part_kind
        ``all``, or the kind of regions by which links are told apart: ``degree``, ``density`` or
        ``semantic``.

    Returns
    -------
    pandas.DataFrame
        ``row`` (one of :data:`ROW_NAMES`, in their order), ``task``, ``random_state``, ``matching``,
        ``links``, ``part`` and ``hits@1`` under protocol full, the mean of both directions. Empty when
        nothing is stored.
    """
    states = _states(table)
    names = {
        system_spec(system, task, state, seeds=seeds).id: row_name(system, seeds=seeds)
        for task in tasks
        for state in states
        for system, seeds in RUNS
    }
    return _collected(table, names, tasks, ROW_NAMES, part_kind)


def part_runs(table: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Collect the stored runs of our system, whole and without each of its parts.

    Parameters
    ----------
    table
        The systems of the results store.
    tasks
        Names of pairs of graphs.

    Returns
    -------
    pandas.DataFrame
        As :func:`best_runs`; ``row`` is our system or what is left out of it.
    """
    left_out = (*PARTS, NO_LAYOUT)
    names = {}
    for task in tasks:
        for state in _states(table):
            names[system_spec(OURS, task, state).id] = OURS
            names |= {part_spec(part, task, state).id: part for part in left_out}
    return _collected(table, names, tasks, (OURS, *left_out), "all")


def benchmark_runs(alignments: pd.DataFrame, systems: pd.DataFrame) -> pd.DataFrame:
    """Collect the stored runs of systems on the published benchmarks.

    Parameters
    ----------
    alignments, systems
        The alignments and the systems of the results store.

    Returns
    -------
    pandas.DataFrame
        As :func:`best_runs`. The features alone are given no
        seeds, and are called ``features`` as elsewhere.
    """
    names = {
        benchmark_spec(system, task, state, seeds=seeds).id: row_name(
            system, seeds=seeds or system == "features"
        )
        for task, rows in ON_BENCHMARKS.items()
        for state in BENCHMARK_STATES
        for system, seeds in rows
    }
    table = pd.concat([alignments, systems], ignore_index=True)
    return _collected(table, names, list(ON_BENCHMARKS), ROW_NAMES, "all")


def system_costs(costs: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """Tell the seconds and the memory that every system takes on a pair, each in a process of its own.

    Parameters
    ----------
    costs
        The costs of the results store.
    cases
        Cases of ``benchmarks/cost.py`` about systems, such as ``systems/emoji/en-fr``.

    Returns
    -------
    pandas.DataFrame
        ``system``, and for each case the columns ``seconds, PAIR`` and ``GB, PAIR``; the mining of seeds is a
        row of its own. A case that was not measured has no columns.
    """
    columns: dict[str, pd.Series] = {}
    for case in cases:
        total = costs[(costs["task"] == case) & (costs["stage"] == "total")].set_index("variant")
        if len(total):
            pair = case.removeprefix("systems/")
            columns[f"seconds, {pair}"] = total["stage_seconds"].astype(float)
            columns[f"GB, {pair}"] = total["stage_peak_mb"].astype(float).map(gigabytes)
    table = pd.DataFrame(columns).reindex([MINING, *ROW_NAMES]).dropna(how="all")
    return table.rename_axis("system").reset_index()


def _states(table: pd.DataFrame) -> list[int]:
    return sorted(int(state) for state in table["random_state"].unique())


def _collected(
    table: pd.DataFrame, names: Mapping[str, str], tasks: Sequence[str], order: Sequence[str], part_kind: str
) -> pd.DataFrame:
    """The runs with some ids under protocol full, by row of the table, both directions averaged."""
    chosen = table[
        table["id"].isin(list(names)) & (table["protocol"] == "full") & (table["part_kind"] == part_kind)
    ]
    keys = ["row", "task", "random_state", "matching", "links", "part"]
    runs = chosen.assign(row=chosen["id"].map(dict(names))).dropna(subset=["hits@1"])
    means = runs.groupby(keys, as_index=False, sort=False)["hits@1"].mean().astype({"hits@1": float})
    pairs, rows = ({name: i for i, name in enumerate(ordered)} for ordered in (tasks, order))
    means = means.sort_values("task", key=lambda column: column.map(pairs), kind="stable")
    return means.sort_values("row", key=lambda column: column.map(rows), kind="stable", ignore_index=True)


def best_table(runs: pd.DataFrame, *, links: str, matching: str) -> pd.DataFrame:
    """Write Hits@1 of every system on every pair, and the mean of the pairs.

    Parameters
    ----------
    runs
        Rows of :func:`best_runs`.
    links
        The group of links: ``all`` or ``free``.
    matching
        The matching: ``cosine``, ``csls`` or ``sinkhorn``.

    Returns
    -------
    pandas.DataFrame
        ``system``, a text for each pair and for their ``mean``, in percent with half of the 95 % interval
        over random states, and ``states``. A row that a pair lacks has no mean.
    """
    chosen = runs[(runs["links"] == links) & (runs["matching"] == matching)]
    pairs = list(dict.fromkeys(runs["task"]))
    cells = []
    for row, own in group_rows(chosen, ["row"]):
        texts: dict[str, str | int] = {"system": row}
        for task in pairs:
            values = own.loc[own["task"] == task, "hits@1"].tolist()
            texts[task] = percent_text(values) if values else ""
        together = own.groupby("random_state")["hits@1"].agg(["mean", "size"])
        whole = together.loc[together["size"] == len(pairs), "mean"].tolist()
        texts["mean"] = percent_text(whole) if whole else ""
        texts["states"] = len(whole)
        cells.append(texts)
    return pd.DataFrame(cells, columns=["system", *pairs, "mean", "states"])


def best_leads(runs: pd.DataFrame, *, links: str, rows: Sequence[str]) -> pd.DataFrame:
    """Compute how far our system is ahead of the others, in the mean over pairs.

    Parameters
    ----------
    runs
        Rows of :func:`best_runs`.
    links
        The group of links.
    rows
        Our row, and those that it is compared with.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`psqe.study.tables.rows.row_gains` about all pairs, in the order of ``rows``, where
        ``gain`` is our row minus the other one.
    """
    own = runs[(runs["links"] == links) & runs["row"].isin(list(rows))]
    behind = row_gains(own, list(dict.fromkeys(runs["task"])), over=rows[0])
    leads = behind[behind["task"] == "all"]
    leads = leads.assign(gain=-leads["gain"], low=-leads["high"], high=-leads["low"])
    place = {row: i for i, row in enumerate(rows)}
    return leads.sort_values("row", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def sign_table(gains: pd.DataFrame) -> pd.DataFrame:
    """List the rows of a plan by whether they lose on the pairs.

    Parameters
    ----------
    gains
        Rows of :func:`psqe.study.tables.rows.row_gains`; those about all pairs together are not read.

    Returns
    -------
    pandas.DataFrame
        ``matching``, and the names of the rows whose mean over random states is below zero on all pairs, on
        some of them and on none: ``all pairs lose``, ``some pairs lose`` and ``no pair loses``.
    """
    pairs = gains[gains["task"] != "all"]
    lost = pairs.assign(lost=pairs["gain"] < 0).groupby(["matching", "row"], sort=False)["lost"].mean()
    columns = {
        "all pairs lose": lost == 1, "some pairs lose": (lost > 0) & (lost < 1), "no pair loses": lost == 0,
    }  # fmt: skip
    return pd.DataFrame([
        {
            "matching": matching,
            **{title: list_in_words(own.index[chosen[own.index]].get_level_values("row"))
               for title, chosen in columns.items()},
        }
        for matching, own in lost.groupby("matching", sort=False)
    ])  # fmt: skip


def worst_groups(groups: pd.DataFrame, *, matching: str) -> pd.DataFrame:
    """Find the group of entities that every system answers worst, pair by pair.

    Parameters
    ----------
    groups
        Rows of :func:`best_runs` for a kind of regions.
    matching
        The matching.

    Returns
    -------
    pandas.DataFrame
        ``system``, ``task``, ``group`` and ``hits@1``, the mean over random states of all links of the group
        with the smallest mean.
    """
    chosen = groups[(groups["links"] == "all") & (groups["matching"] == matching)]
    keys = ["row", "task", "part"]
    means = chosen.groupby(keys, as_index=False, sort=False)["hits@1"].mean()
    worst = means.loc[means.groupby(["row", "task"], sort=False)["hits@1"].idxmin()]
    return worst.rename(columns={"row": "system", "part": "group"}).reset_index(drop=True)


def same_keywords(task: AlignmentTask) -> pd.DataFrame:
    """Count the entities whose attribute values are exactly those of another entity of their side.

    Parameters
    ----------
    task
        A pair with gold links and human-made groups of the left entities.

    Returns
    -------
    pandas.DataFrame
        ``group`` of the left entity of a gold link, ``links``, their number, and for ``left`` and ``right``
        the share of links, in percent, whose entity of that side has the attribute values of another.
    """
    assert task.links is not None
    columns: dict[str, list[Any]] = {"group": [task.left.groups[i] for i in task.links[:, 0].tolist()]}
    for side, ends in zip(SIDES, task.links.T.tolist(), strict=True):
        graph = task.sides[side]
        values = [tuple(sorted(graph.attributes[i])) for i in graph.candidates.tolist()]
        counts = Counter(values)
        own = dict(zip(graph.candidates.tolist(), values, strict=True))
        columns[side] = [100.0 * (counts[own[i]] > 1) for i in ends]
    table = pd.DataFrame(columns).groupby("group", as_index=False)
    return table.agg(links=("left", "size"), left=("left", "mean"), right=("right", "mean"))
