"""The results store: one row per experiment, with its metrics and where they came from.

A folder under ``results/``, written by :func:`append` only: one CSV file a task, and one for what many rows
share. Rows are sorted by their key, so that two stores with the same results are the same files and
differences read well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from psqe.errors import DataError, PsqeError
from psqe.files import atomic_path, content_hash
from psqe.provenance import provenance
from psqe.study.project import Project


@dataclass(frozen=True)
class Column:
    """One column of the store.

    Attributes
    ----------
    dtype
        The pandas type it is read as.
    role
        ``key`` (identifies the row), ``metric`` or ``provenance``.
    default
        What a row holds that does not give it; a column without default must be given.
    low, high
        Bounds of a number.
    later
        Whether it was added to the store later, so that older files lack it.
    """

    dtype: str
    role: str
    default: Any = None
    low: float = -math.inf
    high: float = math.inf
    later: bool = False

    @property
    def required(self) -> bool:
        """Whether every row must give it."""
        return self.default is None and self.role == "key"


def _share(*, later: bool = False) -> Column:
    return Column("Float64", "metric", low=0.0, high=1.0, later=later)


COLUMNS: dict[str, Column] = {
    "task": Column("string", "key"),
    "settings": Column("string", "key", "-"),  # of the task, the miner and the models, where not the default
    "modalities": Column("string", "key"),  # image+attribute, in alphabetical order
    "miner": Column("string", "key"),
    "variant": Column("string", "key", "-"),
    "n_seeds": Column("Int64", "key", low=0),
    "aligner": Column("string", "key", "-"),  # - stands for: seeds only
    "random_state": Column("Int64", "key", low=0),
    "protocol": Column("string", "key", "-"),
    "direction": Column("string", "key", "-"),
    "region": Column(
        "string", "key", "all"
    ),  # a part of the seeds: degree: low, stage: refine, confidence: 0.9
    "seeds_found": Column("Int64", "metric", low=0),
    "precision": _share(),
    "seeds_judged": Column("Int64", "metric", low=0, later=True),  # those with an end that a gold link knows
    "precision_judged": _share(later=True),  # among these
    "estimated": _share(later=True),  # precision, estimated without labels
    "recall": _share(),
    "coverage": _share(),
    "balance": _share(),
    "least_covered": _share(later=True),  # coverage of the least covered region of a kind
    "hits@1": _share(),
    "hits@5": _share(),
    "hits@10": _share(),
    "mrr": _share(),
    "seconds": Column("Float64", "provenance", low=0),
    "peak_mb": Column("Float64", "provenance", low=0),
    "revision": Column("string", "provenance"),
    "versions": Column("string", "provenance"),
    "machine": Column("string", "provenance"),
    "date": Column("string", "provenance"),
}
KEY = [name for name, column in COLUMNS.items() if column.role == "key"]
ENVIRONMENT = ["versions", "machine"]
"""Columns that many rows share: a file of the store holds each combination once, by its hash."""
ENVIRONMENTS = "environments.csv"
METRICS = [name for name, column in COLUMNS.items() if column.role == "metric"]


def read(path: str | Path | None = None) -> pd.DataFrame:
    """Read a store: one row per experiment, columns and types as in :data:`COLUMNS`.

    A folder that does not exist is an empty store; columns added later are empty in an older one.

    Parameters
    ----------
    path
        The folder; ``results/store`` of the project when omitted.

    Raises
    ------
    DataError
        If a column is missing or unknown, a value does not fit, or a key repeats.
    """
    path = Project.find().results / "store" if path is None else Path(path)
    files = sorted(set(path.glob("*.csv")) - {path / ENVIRONMENTS})
    if not files:
        return _typed([])
    environments = {row["environment"]: row for row in _strings(path / ENVIRONMENTS).to_dict("records")}
    result = _typed([row for file in files for row in _rows(file, environments)])
    return result.sort_values(KEY, ignore_index=True)


def _rows(path: Path, environments: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one file, checked."""
    table = _strings(path)
    known = {*COLUMNS, "environment"} - {*ENVIRONMENT}
    needed = known - {name for name, column in COLUMNS.items() if column.later}
    for wrong, what in ((needed - set(table), "lacks"), (set(table) - known, "has the unknown")):
        if wrong:
            raise DataError(
                f"{what} column {sorted(wrong)[0]!r}", path=path, remedy="write it with psqe only"
            )
    missing = ~table["environment"].isin(list(environments))
    if missing.any():
        raise DataError(
            f"environment {table['environment'][missing].iloc[0]!r} is not in {ENVIRONMENTS}",
            path=path,
            line=int(missing.argmax()) + 2,
            remedy="keep the files of a store together",
        )
    for name in ENVIRONMENT:
        table[name] = [environments[key][name] for key in table["environment"]]
    table = table.drop(columns="environment")
    rows = [
        _checked({name: value for name, value in row.items() if value != ""}, path=path, line=number)
        for number, row in enumerate(table.to_dict("records"), start=2)
    ]
    seen = set()
    for line, row in enumerate(rows, start=2):
        if file_of(row["task"]) != path.name:
            raise DataError(
                f"task {row['task']!r} does not belong here",
                path=path,
                line=line,
                remedy="write it with psqe only",
            )
        if _key(row) in seen:
            raise DataError("repeats the key of a row above", path=path, line=line)
        seen.add(_key(row))
    return rows


def file_of(task: str) -> str:
    """The name of the file with the rows of a task.

    >>> file_of("emoji/en-fr")
    'emoji-en-fr.csv'
    """
    return re.sub(r"[^\w.-]+", "-", task).strip("-.") + ".csv"


def table_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The table that a store with these rows alone would hold; nothing is written.

    Raises
    ------
    DataError
        As :func:`append`.
    """
    source = provenance()
    checked = (_checked({**source, **row}, path=None, line=None) for row in rows)
    keyed = {_key(row): row for row in checked}
    return _typed([keyed[key] for key in sorted(keyed)])


def append(rows: Iterable[Mapping[str, Any]], path: str | Path | None = None) -> int:
    """Add rows to a store; a row with the key of an older one replaces it.

    Parameters
    ----------
    rows
        Mappings from column to value. ``task``, ``modalities`` (a string or a sequence of names),
        ``miner``, ``n_seeds`` and ``random_state`` must be there, and at least one metric. Revision,
        versions, machine and date are filled in.
    path
        The folder; ``results/store`` of the project when omitted.

    Returns
    -------
    int
        How many rows the store has now.

    Raises
    ------
    DataError
        If a row lacks a column, has an unknown one, or a value does not fit. Nothing is written then.
    """
    path = Project.find().results / "store" if path is None else Path(path)
    new = table_of(rows)
    with locked(path / ".lock"):
        old = read(path)
        merged = {_key(row): row for part in (old, new) for row in part.to_dict("records")}
        table = _typed([merged[key] for key in sorted(merged)])
        # Environments first, the old ones too: no file must ever name one that is not there.
        _write(path / ENVIRONMENTS, _environments(pd.concat([old, table])))
        files = table["task"].map(file_of)
        for name in sorted(set(new["task"].map(file_of))):
            part = table[files == name]
            keys = _environment_keys(part)
            _write(path / name, part.drop(columns=ENVIRONMENT).assign(environment=keys))
        _write(path / ENVIRONMENTS, _environments(table))
    return len(table)


def _environment_keys(table: pd.DataFrame) -> list[str]:
    return [content_hash(*row)[:8] for row in table[ENVIRONMENT].fillna("").itertuples(index=False)]


def _environments(table: pd.DataFrame) -> pd.DataFrame:
    """Each combination of the shared columns once, by its hash."""
    shared = table[ENVIRONMENT].fillna("").assign(environment=_environment_keys(table))
    return shared.drop_duplicates().sort_values("environment")[["environment", *ENVIRONMENT]]


def _write(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as temporary:
        # More digits than any page shows, and no more: the table is kept under version control.
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.7g")


def _strings(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="string", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read ({error})", path=path) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from writing meanwhile: notebooks that run side by side may share a store."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    except OSError as error:
        raise PsqeError(
            f"the folder cannot be written ({error.strerror})", path=path.parent, remedy="choose another"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({name: column.dtype for name, column in COLUMNS.items()})


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)


def _checked(row: Mapping[str, Any], *, path: Path | None, line: int | None) -> dict[str, Any]:
    """A row with every column, each of its type and within its bounds."""

    def fault(what: str, remedy: str = "") -> DataError:
        where = f"row {dict(list(row.items())[:6])}: " if line is None else ""
        return DataError(where + what, path=path, line=line, remedy=remedy)

    for name in row:
        if name not in COLUMNS:
            raise fault(f"there is no column {name!r}", f"choose from {', '.join(COLUMNS)}")
    result: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        value = row.get(name, column.default)
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            if column.required:
                raise fault(f"column {name!r} is missing", "give it in every row")
            result[name] = pd.NA
            continue
        if name == "modalities":
            names = value.split("+") if isinstance(value, str) else list(value)
            value = "+".join(sorted(names))
        result[name] = _converted(name, column, value, fault)
    if all(result[name] is pd.NA for name in METRICS):
        raise fault("there is no metric in it", f"give at least one of {', '.join(METRICS)}")
    return result


def _converted(name: str, column: Column, value: Any, fault: Any) -> Any:
    """One value as its column's type."""
    if column.dtype == "string":
        text = str(value)
        if not text or text != text.strip() or not text.isprintable():
            raise fault(f"column {name!r} is {value!r}", "give printable text without spaces at its ends")
        return text
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise fault(f"column {name!r} is {value!r}", "give a number") from None
    if not column.low <= number <= column.high or math.isinf(number):
        raise fault(f"column {name!r} is {value!r}", f"it must lie in {column.low:g}..{column.high:g}")
    if column.dtype == "Int64":
        if number != int(number):
            raise fault(f"column {name!r} is {value!r}", "give a whole number")
        return int(number)
    return number
