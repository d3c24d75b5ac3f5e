"""Which stored runs are repeated in which week, so that in the course of time all of them are."""

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


def due_runs(
    runs: pd.DataFrame, count: int, on: date, *, collections: Sequence[str] = PACKAGED
) -> pd.DataFrame:
    """Choose the stored runs that are to be repeated in the week of a day.

    Runs are ordered by their ids, which are hashes, so that neighbours are about different things. The runs
    of a week follow those of the week before, and after the last one comes the first again. As long as the
    store stays the same, all of its runs are repeated in ``len(runs) / count`` weeks, rounded up.

    Parameters
    ----------
    runs
        The runs of a store, see :meth:`psqe.study.store.Store.runs`.
    count
        The number of runs of a week, at least 1.
    on
        A day of the week, which begins on Monday.
    collections
        The collections of tasks, the parts of their names before the slash, whose runs are repeated. By
        default those whose data come with packages. Measurements of costs are never repeated: they depend
        on the machine.

    Returns
    -------
    pandas.DataFrame
        The rows of ``runs`` that are due, at most ``count``, and each once.

    Raises
    ------
    ParameterError
        If ``count`` is below 1.
    """
    if count < 1:
        raise ParameterError(f"count is {count}", remedy="repeat at least one run")
    chosen = rows_where(
        runs,
        lambda spec: spec.subject != "cost" and spec.task.name.partition("/")[0] in collections,
    ).sort_values("id", ignore_index=True)
    if chosen.empty:
        return chosen
    week = (on.toordinal() - 1) // 7  # day 1 of the calendar is a Monday
    first = week * count % len(chosen)
    places = [(first + i) % len(chosen) for i in range(min(count, len(chosen)))]
    return chosen.iloc[places].reset_index(drop=True)
