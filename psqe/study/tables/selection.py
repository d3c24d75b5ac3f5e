"""Choosing rows of the results store: by columns of the spec, or by the runs of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from psqe.errors import DataError
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.base import KINDS_OF_SEEDS, kind_of
from psqe.study.plans.evidence import SEEDS as CROSSED
from psqe.study.spec import RunSpec, canonical_json

REGION_KINDS = ("degree", "density", "semantic")
"""The kinds of regions, among the kinds of parts that the store knows."""

WHOLE = {"part_kind": "all", "part": "all"}
"""The columns of a row about everything, not about a part."""


def select(table: pd.DataFrame, what: str, **values: object) -> pd.DataFrame:
    """Choose the rows whose columns have given values, at least one.

    Parameters
    ----------
    table
        A table of :meth:`psqe.study.store.Store.table`, or rows of it.
    what
        What the rows are about, for the message of an error.
    values
        Columns and the value that each must have. A tuple stands for one of several values, a mapping for
        parameters, and ``None`` for a column that does not apply. Unless ``miner_parameters`` is among them,
        the rows are those of :func:`kinds`.

    Raises
    ------
    DataError
        If there is no such row.
    """
    if "miner_parameters" not in values:
        table = kinds(table)
    for name, value in values.items():
        wanted = [canonical_json(v) if isinstance(v, Mapping) else v for v in _several(value)]
        table = table[table[name].isin(wanted) | (table[name].isna() & (None in wanted))]
    if table.empty:
        wished = ", ".join(f"{name}={value}" for name, value in values.items())
        raise DataError(f"the results have no {what} with {wished}", remedy="run the experiments first")
    return table.reset_index(drop=True)


def kinds(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the runs without seeds and those on the kinds of seeds that the study compares.

    Parameters
    ----------
    table
        A table of :meth:`psqe.study.store.Store.table`, or rows of it.

    Returns
    -------
    pandas.DataFrame
        The rows, where ``miner`` is the name of the kind of seeds
        (:data:`psqe.study.plans.base.KINDS_OF_SEEDS`), and missing where there are no seeds. Other miners
        with their default parameters keep their names, but for the kinds of seeds that only the crossing of
        the whole evidence has (:data:`psqe.study.plans.evidence.SEEDS`): these are left out.
    """
    names = pd.Series([_kind(spec) for spec in table["spec"]], table.index, dtype="string")
    named = table.assign(miner=names)
    return named[table["miner"].isna() | names.notna()]


def _kind(spec: RunSpec) -> str | None:
    if spec.miner is None:
        return None
    if spec.miner.parameters or spec.miner.name in CROSSED:
        return kind_of(spec.miner)
    return kind_of(spec.miner) or spec.miner.name


def planned(
    table: pd.DataFrame, tasks: Iterable[str], specs: Callable[[list[str], list[int]], Iterable[RunSpec]]
) -> pd.DataFrame:
    """Choose the rows of a plan's runs, on every random state that the table has.

    Parameters
    ----------
    table
        A table of :meth:`psqe.study.store.Store.table`, or rows of it.
    tasks
        The tasks of the plan.
    specs
        The plan, from tasks and random states to specs.
    """
    states = sorted(int(state) for state in table["random_state"].unique())
    return table[table["id"].isin([spec.id for spec in specs(list(tasks), states)])]


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by the column ``miner``, in the order in which the study names the kinds of seeds.

    Rows of one kind keep their order; kinds that the study does not compare come last.

    Parameters
    ----------
    table
        A table with the column ``miner``; a missing value means that there were no seeds.
    """
    place = {miner: i for i, miner in enumerate((NO_SEEDS, *KINDS_OF_SEEDS))}
    named = table.assign(miner=table["miner"].fillna(NO_SEEDS))
    return named.sort_values(
        "miner", key=lambda names: names.map(place).fillna(len(place)), kind="stable", ignore_index=True
    )


def _several(value: object) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
