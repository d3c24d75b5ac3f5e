"""Tables of the verdicts of a simulated reviewer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.evaluation.intervals import mean_interval
from psqe.study.reviewer import STRATEGIES
from psqe.study.tables.page import mean_table


def review_states(table: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Collect what verdicts changed, as means over pairs within a random state.

    Parameters
    ----------
    table
        The subject ``review`` of the results store, or rows of it.
    tasks
        The pairs. Only random states that were run on all of them count.

    Returns
    -------
    pandas.DataFrame
        One row for each ``strategy``, ``n_verdicts`` and ``random_state``: ``f1``, precision and recall of
        all links; ``closed``, the share of the gap to an F1 of 1 that is closed; and ``free``, F1 minus that
        of the links before any verdict, both on the entities without a verdict. There is no row if no random
        state was run on all pairs.
    """
    own = table[table["task"].isin(tasks)].copy()
    keys = ["strategy", "task", "random_state"]
    before = own[own["n_verdicts"] == 0].set_index(keys)["f1"].astype(float)
    first = own.set_index(keys).index.map(before).astype(float)
    own["closed"] = (own["f1"].astype(float) - first) / (1 - first)
    own["free"] = own["free_f1"].astype(float) - own["free_f1_before"].astype(float)
    values = ["f1", "precision", "recall", "closed", "free"]
    own[values] = own[values].astype(float)
    complete = own.groupby("random_state")["task"].transform("nunique") == len(tasks)
    by = ["strategy", "n_verdicts", "random_state"]
    return own[complete].groupby(by, sort=False)[values].mean().reset_index()


def review_table(states: pd.DataFrame) -> pd.DataFrame:
    """Tell the means of :func:`review_states`, with 95 % intervals over random states of what verdicts close.

    Parameters
    ----------
    states
        Rows of :func:`review_states`.

    Returns
    -------
    pandas.DataFrame
        For each ``strategy`` and number of ``verdicts``: ``F1``, ``gap closed`` with ``low`` and ``high``,
        all in percent, and ``elsewhere``, the points of F1 gained on entities without a verdict.
    """
    by = ["strategy", "n_verdicts"]
    closed = mean_table(states, by=by, value="closed")
    rows = closed.merge(states.groupby(by, sort=False)[["f1", "free"]].mean().reset_index(), on=by)
    shares = {"F1": "f1", "gap closed": "mean", "low": "low", "high": "high", "elsewhere": "free"}
    told = rows[by].rename(columns={"n_verdicts": "verdicts"})
    return told.assign(**{name: 100 * rows[column] for name, column in shares.items()})


def review_by_pair(table: pd.DataFrame, tasks: Sequence[str], n_verdicts: int) -> pd.DataFrame:
    """Tell for each pair which share of the gap of F1 verdicts close, by how pairs were chosen.

    Parameters
    ----------
    table
        The subject ``review`` of the results store, or rows of it.
    tasks
        The pairs. One without a result has no row.
    n_verdicts
        After how many verdicts. Only random states count in which each way to choose pairs has so many.

    Returns
    -------
    pandas.DataFrame
        A row for each ``pair``: the number of ``runs`` (random states); ``F1 before`` any verdict, in
        percent; for each way to choose pairs, the share of the gap to an F1 of 1 that is closed, in percent;
        ``ahead``, the share that the proposed pairs close minus that of random ones, with its 95 % interval
        over random states (``low``, ``high``); and, for verdicts on the proposed pairs, the points by which
        ``precision`` and ``recall`` of all links changed, and F1 ``elsewhere``, on the entities without a
        verdict.
    """
    rows = []
    for task in tasks:
        states = review_states(table, [task])
        after = states[states["n_verdicts"] == n_verdicts]
        if after.empty:
            continue
        closed = 100 * after.pivot(index="random_state", columns="strategy", values="closed")
        closed = closed.reindex(columns=list(STRATEGIES)).dropna()
        if closed.empty:
            continue
        before = states[states["n_verdicts"] == 0].set_index(["strategy", "random_state"])
        after = after[after["random_state"].isin(closed.index)]
        changed = 100 * (after.set_index(["strategy", "random_state"]) - before).dropna()
        mean, low, high = mean_interval((closed["proposed"] - closed["random"]).tolist())
        rows.append(
            {
                "pair": task, "runs": len(closed), "F1 before": 100 * before["f1"].mean(),
                **{name: closed[name].mean() for name in STRATEGIES}, "ahead": mean, "low": low, "high": high,
                **changed.loc["proposed", ["precision", "recall"]].mean().to_dict(),
                "elsewhere": changed.loc["proposed", "free"].mean(),
            }
        )  # fmt: skip
    columns = ["pair", "runs", "F1 before", *STRATEGIES, "ahead", "low", "high", "precision", "recall"]
    return pd.DataFrame(rows, columns=[*columns, "elsewhere"])
