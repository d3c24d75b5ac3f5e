"""The table about when training pays: the same seeds, with and without a training from random maps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.errors import DataError, ParameterError
from psqe.study.plans.pays import KINDS, ROWS, row_spec, rows_on
from psqe.study.tables.alignments import complete
from psqe.study.tables.page import group_rows
from psqe.study.tables.rows import percent_text, row_gains

MATCHINGS = ("cosine", "csls", "sinkhorn")
"""The matchings that the table shows, for all of its rows."""

LINKS = ("free", "all")
"""The groups of links that the table shows: those of which neither end is in a seed, and all links."""

REFERENCES = {"free": "features", "all": "clamped"}
"""The row that a training has to beat, by the group of links: on free links the features, and on all links
the features with the seeds taken as answers."""


def pays_runs(table: pd.DataFrame, tasks: Sequence[str], *, kind: str = KINDS[0]) -> pd.DataFrame:
    """Collect the stored runs of the plan about when training pays, on one kind of seeds.

    Parameters
    ----------
    table
        The alignments of the results store.
    tasks
        Names of pairs of graphs.
    kind
        The kind of seeds, one of :data:`psqe.study.plans.pays.KINDS`; PSQE's by default.

    Returns
    -------
    pandas.DataFrame
        ``row`` (a name of :data:`psqe.study.plans.pays.ROWS`, in their order), ``task``, ``random_state``,
        ``matching``, ``links`` (one of :data:`LINKS`) and ``hits@1`` under protocol full, the mean of both
        directions. Free links are free of these seeds. Empty when nothing is stored.

    Raises
    ------
    ParameterError
        If the plan does not have this kind of seeds.
    """
    if kind not in KINDS:
        raise ParameterError(f"the plan has no seeds {kind!r}", remedy=f"choose from {'; '.join(KINDS)}")
    states = sorted(int(state) for state in table["random_state"].unique())
    names = {
        row_spec(row, kind, task, state).id: row
        for task in tasks
        for state in states
        for row in rows_on(kind)
    }
    chosen = table[
        table["id"].isin(list(names))
        & (table["protocol"] == "full")
        & (table["part_kind"] == "all")
        & table["matching"].isin(MATCHINGS)
        & table["links"].isin(LINKS)
    ]
    keys = ["row", "task", "random_state", "matching", "links"]
    runs = chosen.assign(row=chosen["id"].map(names)).dropna(subset=["hits@1"])
    means = runs.groupby(keys, as_index=False, sort=False)["hits@1"].mean().astype({"hits@1": float})
    place = {task: i for i, task in enumerate(tasks)}
    return _in_plan_order(means.sort_values("task", key=lambda names: names.map(place), kind="stable"))


def pairs_with_references(runs: pd.DataFrame) -> list[str]:
    """List the pairs on which both rows of :data:`REFERENCES` were run, so that others can be compared.

    Parameters
    ----------
    runs
        Rows of :func:`pays_runs`.

    Raises
    ------
    DataError
        If there is no such pair.
    """
    found = runs[runs["row"].isin(list(REFERENCES.values()))].groupby("task")["row"].nunique()
    pairs = [task for task in dict.fromkeys(runs["task"]) if found.get(task, 0) == len(REFERENCES)]
    if not pairs:
        raise DataError(
            f"on none of these pairs the results have {' and '.join(REFERENCES.values())}",
            remedy="run psqe results fill pays",
        )
    return pairs


def rows_left_out(runs: pd.DataFrame, tasks: Sequence[str], *, kind: str = KINDS[0]) -> list[str]:
    """List the rows of the plan that no random state has on every pair, which tables of means leave out.

    Parameters
    ----------
    runs
        Rows of :func:`pays_runs`.
    tasks
        The pairs over which means are taken.
    kind
        The kind of seeds.
    """
    whole = complete(runs[runs["task"].isin(tasks)], ["row"], len(tasks))
    return [row for row in rows_on(kind) if row not in set(whole["row"])]


def pays_means(runs: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Compute the mean over pairs of every row, by links, matching and random state.

    Parameters
    ----------
    runs
        Rows of :func:`pays_runs`.
    tasks
        The pairs over which the mean is taken.

    Returns
    -------
    pandas.DataFrame
        ``row``, ``links``, ``matching``, ``random_state`` and ``hits@1``, for the random states that were run
        on every pair.
    """
    keys = ["row", "links", "matching"]
    whole = complete(runs[runs["task"].isin(tasks)], keys, len(tasks))
    return whole.groupby([*keys, "random_state"], as_index=False, sort=False)["hits@1"].mean()


def pays_table(runs: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Write the mean Hits@1 over pairs of every row, by links and matching.

    Parameters
    ----------
    runs
        Rows of :func:`pays_runs`.
    tasks
        The pairs over which the mean is taken, see :func:`pays_means`.

    Returns
    -------
    pandas.DataFrame
        ``row``; a text for each group of links and matching, in percent, with half of the 95 % interval over
        random states where there is more than one; and ``states``, the number of random states.
    """
    cells: dict[str, dict[str, str | int]] = {}
    columns = [f"{links}, {matching}" for links in LINKS for matching in MATCHINGS]
    for row, links, matching, own in group_rows(pays_means(runs, tasks), ["row", "links", "matching"]):
        cells.setdefault(row, {"states": len(own)})[f"{links}, {matching}"] = percent_text(own["hits@1"])
    rows = [{"row": row, **dict.fromkeys(columns, ""), **texts} for row, texts in cells.items()]
    return pd.DataFrame(rows, columns=["row", *columns, "states"])


def pays_gains(
    runs: pd.DataFrame, tasks: Sequence[str], links: str, *, over: str | None = None
) -> pd.DataFrame:
    """Compute how far every row is from one of them on a group of links.

    Differences are taken on the same pair, random state, matching and links.

    Parameters
    ----------
    runs
        Rows of :func:`pays_runs`.
    tasks
        The pairs.
    links
        The group of links, one of :data:`LINKS`.
    over
        The row that is subtracted; that of :data:`REFERENCES` when omitted.

    Returns
    -------
    pandas.DataFrame
        ``row``, ``matching``, ``task`` (``all`` for the mean over pairs, of random states that were run on
        all of them), ``gain`` in points of Hits@1 with its 95 % interval ``low`` and ``high`` (NaN for a
        single random state), and ``runs``. Empty where the row that is subtracted was not run.
    """
    own = runs[(runs["links"] == links) & runs["task"].isin(tasks)]
    return _in_plan_order(row_gains(own, tasks, over=over or REFERENCES[links]))


def above_and_below(gains: pd.DataFrame) -> tuple[list[str], list[str]]:
    """List the rows that are above their reference under every matching, and those that are below it.

    A row is above where the 95 % intervals of all its differences lie above zero. A single random state has
    no interval, and tells nothing apart. Intervals are not corrected for the number of rows.

    Parameters
    ----------
    gains
        Rows of :func:`pays_gains` for one value of ``task``.
    """
    sides = (gains["low"] > 0, gains["high"] < 0)
    above, below = (side.groupby(gains["row"], sort=False).all() for side in sides)
    return list(above.index[above]), list(below.index[below])


def _in_plan_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by the column ``row`` as the plan has its rows; rows of one name keep their order."""
    place = {row: i for i, row in enumerate(ROWS)}
    return table.sort_values("row", key=lambda rows: rows.map(place), kind="stable", ignore_index=True)
