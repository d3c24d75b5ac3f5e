"""The files of the results store: their cells as text, and the check that they fit the columns.

Everything that is wrong in a file is told with its line. The texts are checked before they are made numbers,
because what pandas takes for a number, or for one that is missing, is more than a store may hold.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from io import StringIO
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from psqe.errors import DataError
from psqe.files import open_file
from psqe.study.columns import COLUMNS, MAY_BE_EMPTY, RUN_COLUMNS, Column

if TYPE_CHECKING:
    from pandera.pandas import Check, DataFrameSchema

ANEW = "if an earlier psqe wrote it, fill an empty folder anew (psqe results fill PLAN --store FOLDER)"
"""The remedy for a file of a store whose columns or specs are no longer those of this version."""

RESTORE = "restore the file, or delete it and run psqe results fill PLAN"
"""The remedy for a file that was damaged; runs without measures count as lacking, and are made again."""

FILES = "[!.]*.csv"
"""The files of a store; the name of one that is being written begins with a full stop."""

NO_TEXTS = ("nan", "NaN", "NAN", "<NA>", "None", "null", "NULL", "N/A")
"""Texts that stand for a missing value elsewhere, and for none in a store: there the cell is empty."""

NUMBER_FORMS = {
    "Int64": (r"-?[0-9]{1,18}", "a whole number of at most 18 digits"),
    "Float64": (r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", "a number"),
}
"""How a number is written in a file, by the type of the column, and what such a text is called."""


def no_rows(names: Sequence[str]) -> pd.DataFrame:
    """Return a table without rows that has some columns of the store, with their types."""
    return pd.DataFrame(columns=list(names)).astype({name: COLUMNS[name].dtype for name in names})


def has_entry(path: Path) -> bool:
    """Return whether a folder has an entry of this name: a file, or what is wrongly in its place.

    Parameters
    ----------
    path
        The file that is looked for. Neither it nor its folder need be there.

    Raises
    ------
    DataError
        If its folder cannot be looked into, or is a file.

    Examples
    --------
    >>> has_entry(Path("nowhere") / "runs.csv")
    False
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unreadable(path.parent, error) from error
    return True


def entries(folder: Path, pattern: str) -> list[Path]:
    """Return the entries of a folder whose names have a pattern, in the order of their names.

    Parameters
    ----------
    folder
        The folder; one that does not exist has no entries.
    pattern
        The pattern of the names, such as ``*.csv``.

    Raises
    ------
    DataError
        If the folder cannot be looked into, or is a file.

    Examples
    --------
    >>> entries(Path("nowhere"), "*.csv")
    []
    """
    try:
        return sorted(path for path in folder.iterdir() if path.match(pattern))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: OSError) -> DataError:
    """The error for a folder whose entries cannot be seen."""
    return DataError(
        f"cannot be read ({error.strerror})", path=folder, remedy="give a folder that you may read"
    )


def read_file(path: Path, names: Sequence[str], key: Sequence[str] = ()) -> pd.DataFrame:
    """Read one file of a store and check it.

    Parameters
    ----------
    path
        The file.
    names
        The columns that it must have. A column of values that it lacks was added to the schema later, and
        is empty.
    key
        The columns that tell its rows apart; none by default.

    Returns
    -------
    The rows, numbered from 0, so that a row is two lines below its number; none where there is no file.

    Raises
    ------
    DataError
        If the file cannot be read or does not fit the columns.
    """
    return read_files([path], names, key)[0]


def read_files(paths: Sequence[Path], names: Sequence[str], key: Sequence[str] = ()) -> list[pd.DataFrame]:
    """Read several files of a store that have the same columns, and check them.

    Parameters
    ----------
    paths
        The files.
    names, key
        As for :func:`read_file`.

    Returns
    -------
    For each file, what :func:`read_file` returns.

    Raises
    ------
    DataError
        As :func:`read_file`, for the first file that does not fit.
    """
    found = [path for path in paths if has_entry(path)]
    contents = tuple(_content(path) for path in found)
    tables = dict(zip(found, _checked_files(tuple(found), contents, tuple(names), tuple(key)), strict=True))
    return [tables[path].copy() if path in tables else no_rows(names) for path in paths]


def checked_rows(rows: Sequence[Mapping[str, Any]], names: Sequence[str], key: Sequence[str]) -> pd.DataFrame:
    """Make a checked table of rows that are to be written.

    Parameters
    ----------
    rows
        The rows; a column that one of them lacks is empty there.
    names, key
        As for :func:`read_file`.

    Raises
    ------
    DataError
        If a row does not fit the columns.
    """
    table = pd.DataFrame(rows, columns=list(dict.fromkeys([*names, *(name for row in rows for name in row)])))
    for name in names:
        _check_values(table[name].dropna(), COLUMNS[name].dtype)
    return _validated(table, names, key, None)


def remedy_for(path: Path) -> str:
    """Return how to repair a damaged file; the environments of runs can only be restored."""
    return "restore the file" if path.name == "environments.csv" else RESTORE


def _content(path: Path) -> bytes:
    """The bytes of one file of a store."""
    try:
        with open_file(path) as stream:
            return stream.read()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy=remedy_for(path)) from error


@lru_cache(maxsize=256)
def _checked_files(
    paths: tuple[Path, ...], contents: tuple[bytes, ...], names: tuple[str, ...], key: tuple[str, ...]
) -> list[pd.DataFrame]:
    """The checked tables of files with some contents, which are kept: a page reads the same files often.

    All files are checked at once, because a check of many rows takes little longer than one of a few. Where
    that fails, the files are checked one after the other, so that the error names the file and its line.
    """
    cells = [_cells(path, content) for path, content in zip(paths, contents, strict=True)]
    if len(cells) > 1:
        try:
            together = _checked(pd.concat(cells, ignore_index=True), names, key, None)
        except DataError:
            pass
        else:
            starts = np.cumsum([0, *map(len, cells)])
            return [together.iloc[start:end].reset_index(drop=True) for start, end in pairwise(starts)]
    return [_checked(table, names, key, path) for table, path in zip(cells, paths, strict=True)]


def _checked(
    table: pd.DataFrame, names: Sequence[str], key: Sequence[str], path: Path | None
) -> pd.DataFrame:
    """A table of texts with the types of its columns, in the order of ``names``."""
    _check_texts(table, names, path)
    later = {name: pd.NA for name in names if name in MAY_BE_EMPTY and name not in table}
    return _validated(table.assign(**later), names, key, path)[list(names)]


def _cells(path: Path, content: bytes) -> pd.DataFrame:
    """The cells of one file as text; a row with a cell too many or too few is refused."""
    remedy = remedy_for(path)
    try:
        text = content.decode("utf-8-sig")  # some editors put a byte order mark first
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    except (ValueError, csv.Error) as error:
        raise DataError(f"cannot be read ({error})", path=path, remedy=remedy) from error
    if not rows or not rows[0]:
        raise DataError("has no header", path=path, line=1, remedy=remedy)
    header = rows[0]
    for line, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataError(
                f"the row has {len(row)} cells, and the header {len(header)}",
                path=path, line=line, remedy=remedy,
            )  # fmt: skip
    if not text.endswith("\n"):
        raise DataError("the last line is cut: it does not end", path=path, line=len(rows), remedy=remedy)
    if len(set(header)) < len(header):
        raise DataError("the header has a column twice", path=path, line=1, remedy=remedy)
    table = pd.DataFrame(rows[1:], columns=header, dtype="string")
    return table.mask(table == "")


def _check_texts(table: pd.DataFrame, names: Sequence[str], path: Path | None) -> None:
    """Refuse a text in a column of numbers that is not written as one."""
    for name in names:
        if name not in table or COLUMNS[name].dtype not in NUMBER_FORMS:
            continue
        form, what = NUMBER_FORMS[COLUMNS[name].dtype]
        texts = table[name].dropna()
        wrong = ~texts.str.fullmatch(form)
        if wrong.any():
            raise DataError(
                f"column {name!r} is {texts[wrong].iloc[0]!r}, which is not {what}",
                path=path, line=int(texts.index[wrong][0]) + 2, remedy=remedy_for(path) if path else "",
            )  # fmt: skip


def _check_values(values: pd.Series[Any], dtype: str) -> None:
    """Refuse a text in a column of numbers, a number in one of texts, and a truth value in either.

    pandas would make a text of a number, and a number of a truth value.
    """
    kind, what = (str, "a text") if dtype == "string" else (Real, NUMBER_FORMS[dtype][1])
    for value in values:
        if isinstance(value, bool) or not isinstance(value, kind):
            raise DataError(f"column {values.name!r} is {value!r}, which is not {what}")


def _validated(
    table: pd.DataFrame, names: Sequence[str], key: Sequence[str], path: Path | None
) -> pd.DataFrame:
    """A table that fits the schema, with the schema's types."""
    from pandera.errors import SchemaErrors

    try:
        return _schema(tuple(names), tuple(key)).validate(table, lazy=True)
    except SchemaErrors as error:
        raise _first_failure(error.failure_cases, path) from error


def _first_failure(failures: pd.DataFrame, path: Path | None) -> DataError:
    """The error for the failure that explains the others: a lost column before a row."""
    checks = failures["check"].astype(str)
    order = checks.map({"column_in_dataframe": 0, "column_in_schema": 1}).fillna(2)
    first = failures.loc[order.sort_values(kind="stable").index[0]]
    check, value = str(first["check"]), first["failure_case"]
    shown = repr(value.item() if hasattr(value, "item") else value)
    column = first["column"] if isinstance(first["column"], str) else ""
    what = {
        "multiple_fields_uniqueness": f"column {column!r} is {shown}, which repeats the key of another row",
        "column_in_schema": f"the column {shown} is none of the store",
        "column_in_dataframe": f"the column {shown} is missing",
        "not_nullable": f"column {column!r} is empty",
    }.get(check)
    unknown = failures["failure_case"][checks == "column_in_schema"]
    if check == "column_in_dataframe" and len(unknown):
        what = f"{what}, and the column {unknown.iloc[0]!r} is none of the store"
    if what is None and check.startswith("coerce_dtype"):
        what = f"column {column!r} is {shown}, which is not of its type, {COLUMNS[column].dtype}"
    if what is None:
        what = f"column {column!r} is {shown}, which {check}" if column else check
    line = None if path is None or pd.isna(first["index"]) else int(first["index"]) + 2
    remedy = "see psqe.study.columns.COLUMNS"
    if path is not None:
        anew = check in ("column_in_dataframe", "column_in_schema")
        remedy = f"restore the file; {ANEW}" if anew else remedy_for(path)
    return DataError(what, path=path, line=line, remedy=remedy)


@cache
def _schema(names: tuple[str, ...], key: tuple[str, ...]) -> DataFrameSchema:
    """The schema of a table with these columns."""
    import pandera.pandas as pa

    columns = {
        name: pa.Column(COLUMNS[name].dtype, _checks(name, COLUMNS[name]), nullable=name in MAY_BE_EMPTY)
        for name in names
    }
    values = [name for name in names if name in MAY_BE_EMPTY]
    filled = pa.Check(
        lambda table: table[values].notna().any(axis=1),
        error="the row measures nothing: give at least one value",
    )
    measures = names != RUN_COLUMNS and bool(values)
    return pa.DataFrameSchema(
        columns, checks=[filled] if measures else [], strict=True, coerce=True, unique=list(key) or None
    )


def _checks(name: str, column: Column) -> list[Check]:
    """The checks of one column; what they say of a value that fails follows the word "which"."""
    import pandera.pandas as pa

    if column.dtype != "string":
        bounds = f"is not from {column.low:g} to {column.high:g}"
        return [pa.Check.in_range(column.low, column.high, error=bounds)]
    if column.allowed:
        return [pa.Check.isin(column.allowed, error=f"is none of: {'; '.join(column.allowed)}")]
    if name == "id":
        return [pa.Check(partial(_match, form=r"[0-9a-f]{12}"), error="is not the id of a run")]
    if name == "date":
        return [pa.Check(_is_date, element_wise=True, error="is no date and time in UTC")]
    return [
        pa.Check(
            partial(_match, form=r"\S(?:.*\S)?"), error="begins or ends with a space, or has several lines"
        ),
        pa.Check.notin(NO_TEXTS, error="stands for a missing value"),
    ]


def _match(texts: pd.Series[str], form: str) -> pd.Series[bool]:
    """Whether each text is of a form from its first letter to its last."""
    return texts.str.fullmatch(form)


def _is_date(text: str) -> bool:
    """Whether a text is a date and time of ISO 8601 in UTC."""
    try:
        return "T" in text and datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False
