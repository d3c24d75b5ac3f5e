"""Which stored runs are repeated in which week.

In the course of the weeks every run has its turn, but for runs on benchmarks, whose data a reader has to
bring, and for measurements of cost, which depend on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from psqe.datasets import task_names
from psqe.datasets.benchmarks import BENCHMARKS
from psqe.errors import ParameterError
from psqe.study.store import rows_where

PACKAGED = tuple(sorted({name.partition("/")[0] for name in task_names() if name not in BENCHMARKS}))
"""The collections whose data come with packages: all but the benchmarks, which a reader has to bring."""


def turn(on: date, weeks: int) -> int:
    """Tell which week of a round a day is in.

    Parameters
    ----------
    on
        A day. Weeks begin on Monday.
    weeks
        The number of weeks of a round.

    Returns
    -------
    int
        The week, from 0.

    Raises
    ------
    ParameterError
        If there is less than one week in a round.

    Examples
    --------
    >>> [turn(date(2026, 10, day), 15) for day in (4, 5, 11, 12)]
    [8, 9, 9, 10]
    """
    if weeks < 1:
        raise ParameterError(f"the number of weeks is {weeks}", remedy="give at least one week")
    return (on.toordinal() - 1) // 7 % weeks  # day 1 of the calendar is a Monday


def repeatable(runs: pd.DataFrame, collections: Sequence[str] = PACKAGED) -> pd.DataFrame:
    """Choose the stored runs that can be repeated without data of others.

    Parameters
    ----------
    runs
        The runs of a store, see :meth:`psqe.study.store.Store.runs`.
    collections
        The collections of tasks, the parts of their names before the slash. By default those whose data come
        with packages.

    Returns
    -------
    pandas.DataFrame
        Their rows, ordered by their ids. Measurements of costs are left out: they depend on the machine.
    """
    return rows_where(
        runs,
        lambda spec: spec.subject != "cost" and spec.task.name.partition("/")[0] in collections,
    ).sort_values("id", ignore_index=True)


def due_runs(
    runs: pd.DataFrame, on: date, weeks: int, *, collections: Sequence[str] = PACKAGED
) -> pd.DataFrame:
    """Choose the stored runs that are to be repeated in the week of a day.

    The id of a run, which is a hash, decides its week: the remainder of the id, read as a number, when it is
    divided by the number of weeks. So each run is repeated every ``weeks`` weeks, however the store grows in
    the meantime, and each week has about as many runs as the others.

    Parameters
    ----------
    runs
        The runs of a store, see :meth:`psqe.study.store.Store.runs`.
    on
        A day of the week, which begins on Monday.
    weeks
        The number of weeks in which every run has its turn, at least 1.
    collections
        The collections of tasks whose runs are repeated, see :func:`repeatable`.

    Returns
    -------
    pandas.DataFrame
        The rows of ``runs`` that are due, ordered by their ids, each once.

    Raises
    ------
    ParameterError
        If ``weeks`` is below 1.
    """
    now = turn(on, weeks)
    chosen = repeatable(runs, collections)
    weeks_of_runs = chosen["id"].map(lambda run_id: int(run_id, 16) % weeks)
    return chosen[weeks_of_runs == now].reset_index(drop=True)
