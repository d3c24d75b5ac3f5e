"""Tables of vectors, a row for each entity: CSV, TSV and Parquet.

A column ``entity`` (or another word of :data:`ENTITY_WORDS`) has the identifiers, a column ``side`` the words
``left`` and ``right`` where both sides are in one table. The vectors are a column of lists, or columns
that are numbered, such as ``image_0, image_1``; what stands before the number is the name of the modality.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError, PsqeWarning
from psqe.features.rows import Rows, checked_rows, identifiers
from psqe.features.written_numbers import NUMBER, refuse_numbers_for_people
from psqe.files import open_file
from psqe.graph import SIDES, BoolArray, counted, in_number
from psqe.parquet_index import range_index

if TYPE_CHECKING:
    import pandas as pd

TEXT_ENDINGS, PARQUET_ENDINGS = (".csv", ".tsv", ".txt"), (".parquet", ".pq")

ENTITY_WORDS = ("entity", "id", "identifier", "entity_id", "uri", "iri", "url", "subject", "left", "right")
"""The names of a column with identifiers; the first of them is preferred."""

INDEX = re.compile(r"|Unnamed: 0|__index_level_0__|index")
"""The names that pandas gives to the column of the index of a frame."""

NUMBERED = re.compile(r"(?P<name>.*?)[ _.\-\[]*(?P<number>\d+)\]?")
MODALITY = "vector"
"""The name of the modality where the file has no name for it."""

LARGEST = 1 << 31
"""Largest number of numbers in a table."""


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a table of vectors.

    Parameters
    ----------
    entities
        The identifier of each row, or ``None`` where there is no column of identifiers.
    sides
        The side of each row, or ``None`` where there is no column ``side``.
    vectors
        Vectors ``(m, d)`` by modality.
    gaps
        Whether a row of NaN alone stands for an entity without a vector; by default it is an error.

    Examples
    --------
    >>> Table(("rome",), None, {"vector": np.ones((1, 2))}).rows(None)["vector"].entities
    ('rome',)
    """

    entities: tuple[str, ...] | None
    sides: tuple[str, ...] | None
    vectors: dict[str, NDArray[Any]]
    gaps: bool = False

    def rows(self, side: str | None) -> dict[str, Rows]:
        """Return the rows by modality: those of one side, or all of them for ``None``."""
        entities, vectors = self.entities, self.vectors
        if side is not None and self.sides is not None:
            chosen = [row for row, word in enumerate(self.sides) if word == side]
            entities = None if entities is None else tuple(entities[row] for row in chosen)
            vectors = {name: values[chosen] for name, values in vectors.items()}
        remedy = "leave these rows out, and name the entities of the others"
        if self.gaps:
            remedy = "leave these rows out, or leave all of their cells empty"
        return {
            name: checked_rows(
                f"modality {name!r}",
                values,
                _present(values) if self.gaps else None,
                entities,
                remedy=remedy,
            )
            for name, values in vectors.items()
        }


def _present(values: NDArray[Any]) -> BoolArray:
    present: BoolArray = ~np.isnan(values).all(axis=1)
    return present


def read_table(path: Path) -> Table:
    """Read a table of vectors.

    Parameters
    ----------
    path
        The file; its ending says which format it has.

    Returns
    -------
    The columns of the table.

    Raises
    ------
    DataError
        If the file cannot be read, or it is not clear which columns are identifiers or vectors.

    Warns
    -----
    PsqeWarning
        If rows have no vector.
    """
    import pandas as pd

    try:
        open_file(path).close()  # pandas would wait for a pipe
        frame = _parquet(path) if path.suffix.lower() in PARQUET_ENDINGS else _text(path)
    except DataError:
        raise
    except pd.errors.ParserWarning as error:
        raise DataError(
            "has a line with more cells than its header",
            path=path,
            remedy="give each line the same number of cells",
        ) from error
    except Exception as error:  # pandas and pyarrow raise many kinds of errors for a broken file
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else f"{type(error).__name__}: {error}"
        )
        raise DataError(
            f"cannot be read as a table of vectors ({why:.200})",
            path=path,
            remedy="write it again as CSV in UTF-8 or as Parquet, with a column entity",
        ) from error
    if not len(frame):
        raise DataError("has no rows", path=path, remedy="write a row for each entity")
    columns = [str(column) for column in frame.columns]
    entity, side = _entity_column(frame, columns, path), _side_column(columns)
    try:
        entities = None if entity is None else identifiers(frame[entity], f"column {entity!r}")
    except DataError as error:
        raise DataError(error.what, path=path, remedy=error.remedy) from error
    sides = None if side is None else _sides(frame[side].tolist(), path)
    rest = [column for column in columns if column not in (entity, side) and not INDEX.fullmatch(column)]
    vectors = _vectors(frame, rest, path, named=entity is not None)
    _tell_gaps(vectors, entities, path)
    return Table(entities, sides, vectors, gaps=True)


def _tell_gaps(vectors: dict[str, NDArray[Any]], entities: tuple[str, ...] | None, path: Path) -> None:
    """Warn that rows have no vector, once for each modality."""
    for name, values in vectors.items():
        gaps = np.flatnonzero(~_present(values))
        if len(gaps):
            row = int(gaps[0])
            example = f"row {row} (from 0)" if entities is None else f"{entities[row]!r:.80}"
            warnings.warn(
                f"{path}: {len(gaps):,} of {counted(len(values), 'row')} {in_number(len(gaps), 'has')} no "
                f"vector of the modality {name!r:.60} and {in_number(len(gaps), 'counts')} as missing, for "
                f"example {example}",
                PsqeWarning,
                stacklevel=4,
            )


def _parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; lists become arrays."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows * max(1, file.metadata.num_columns) > LARGEST:
            raise DataError(
                f"claims {file.metadata.num_rows:,} rows", path=path, remedy="write a row for each entity"
            )
        frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
        index = range_index(file.schema_arrow, file.metadata.num_rows)
    if index is not None:
        frame.insert(0, index[0], list(index[1]))
    return frame


def _text(path: Path) -> pd.DataFrame:
    """Read a text file, whose first line is a header unless it is all numbers but for the first cell."""
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as stream:
        first, second = stream.readline(1 << 24), stream.readline(1 << 24)
    separator = max("\t,;", key=first.count)
    header, record = (
        [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        for line in (first, second)
    )
    if len(record) == len(header) + 1:  # R's write.table gives the names of the rows no header
        header = ["entity", *header]
    numbers = [bool(NUMBER.fullmatch(cell)) for cell in header]
    has_header = not (len(header) > 1 and all(numbers[1:])) or all(cell.isdigit() for cell in header[1:])
    names = header if has_header else ["entity", *map(str, range(len(header) - 1))]
    if not has_header and numbers[0] and not header[0].isdigit():
        names = list(map(str, range(len(header))))
    if len(set(names)) != len(names):
        raise DataError("has two columns of one name", path=path, remedy="give each column a name of its own")
    text = [name for name in names if name.lower() in (*ENTITY_WORDS, "side") or INDEX.fullmatch(name)]
    # "NA" is a code of a country, so that only cells of numbers can be missing.
    missing = {name: ["", "nan", "NaN", "NA", "null", "NULL", "None"] for name in names if name not in text}

    def read(decimal: str) -> pd.DataFrame:
        frame: pd.DataFrame = pd.read_csv(
            path, sep=separator, header=0 if has_header else None, names=names, index_col=False,
            encoding="utf-8-sig", dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=missing,
            skipinitialspace=True, decimal=decimal, low_memory=False,
        )  # fmt: skip
        return frame

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a line with more cells than the header pandas warns, and cuts it
        frame = read(".")
        others = [name for name in names if name not in text]
        if separator == ";" and any(not pd.api.types.is_numeric_dtype(frame[name]) for name in others):
            frame = read(",")  # as spreadsheets of many countries write decimals, but programs do not
    return frame


def _entity_column(frame: pd.DataFrame, columns: Sequence[str], path: Path) -> str | None:
    """Return the name of the column of identifiers; ``None`` if there is none."""
    named = [column for column in columns if column.lower() in ENTITY_WORDS]
    preferred = [column for column in named if column.lower() == ENTITY_WORDS[0]]
    if len(preferred or named) > 1:
        raise DataError(
            f"has several columns of identifiers: {', '.join(named)}",
            path=path,
            remedy="call the one that the files of the pair use entity, and drop the others",
        )
    if named:
        return (preferred or named)[0]
    index = [column for column in columns if INDEX.fullmatch(column)]
    texts = [column for column in columns if _is_text(frame[column])]
    choices = [column for column in index if column in texts] or texts
    if len(choices) > 1 or (index and not choices):
        raise DataError(
            f"does not say which column has the identifiers; its columns are {', '.join(columns[:8])}",
            path=path,
            remedy="call that column entity",
        )
    return choices[0] if choices else None


def _is_text(column: Any) -> bool:
    """Whether a column holds texts that are no lists."""
    values = column.dropna()
    first = values.iloc[0] if len(values) else None
    return isinstance(first, str) and not re.match(r"\s*[\[({]", first) and not NUMBER.match(first)


def _side_column(columns: Sequence[str]) -> str | None:
    return next((column for column in columns if column.lower() == "side"), None)


def _sides(words: Sequence[Any], path: Path) -> tuple[str, ...]:
    known = {"left": "left", "right": "right", "1": "left", "2": "right"}
    sides = tuple(known.get(str(word).strip().lower(), "") for word in words)
    if "" in sides:
        raise DataError(
            f"has {words[sides.index('')]!r:.40} in the column side, row {sides.index('')} (from 0)",
            path=path,
            remedy="write left or right",
        )
    if len(set(sides)) != len(SIDES):
        raise DataError(
            f"has rows of the side {sides[0]} alone", path=path, remedy="write rows of both sides"
        )
    return sides


def _vectors(
    frame: pd.DataFrame, columns: Sequence[str], path: Path, *, named: bool
) -> dict[str, NDArray[Any]]:
    """Return the vectors by modality: one for each column of lists, and one for all columns of one name.

    ``named`` says whether another column has the identifiers.
    """
    import pandas as pd

    for column in columns:
        refuse_numbers_for_people(frame[column], column, path)
    lists = [column for column in columns if _is_list(frame[column])]
    numbers = [c for c in columns if c not in lists and pd.api.types.is_numeric_dtype(frame[c])]
    strange = [c for c in columns if c not in lists and c not in numbers]
    matches = {column: NUMBERED.fullmatch(column) for column in numbers}
    plain = [column for column, match in matches.items() if match is None]
    if strange or (plain and len(plain) < len(numbers)) or (plain and lists):
        raise DataError(
            f"has a column {[*strange, *plain][0]!r:.60} that is not among the numbered columns or lists "
            "of a vector",
            path=path,
            remedy=("" if named else "call it entity if it has the identifiers, else ")
            + "drop it, or number the columns of a vector, as image_0, image_1",
        )
    found = {column: _listed(frame[column], column, path) for column in lists}
    groups: dict[str, dict[tuple[int, str], str]] = {}
    for column, match in matches.items():
        name, number = (match["name"] or MODALITY, int(match["number"])) if match else (MODALITY, 0)
        groups.setdefault(name, {})[number, column] = column
    for name, group in groups.items():
        if name in found:
            raise DataError(f"has two vectors of modality {name!r}", path=path, remedy="drop one of them")
        found[name] = frame[[group[key] for key in sorted(group)]].to_numpy(dtype=np.float64)
    if not found:
        raise DataError(
            "has no column of numbers",
            path=path,
            remedy="write a column of lists, or columns image_0, image_1",
        )
    return found


def _is_list(column: Any) -> bool:
    values = column.dropna()
    first = values.iloc[0] if len(values) else None
    if isinstance(first, str):
        return len(re.split(r"[\s,;|]+", first.strip(" []{}()"))) > 1 or bool(re.match(r"\s*[\[({]", first))
    return isinstance(first, list | tuple | np.ndarray)


def _listed(column: Any, name: str, path: Path) -> NDArray[Any]:
    """Return a column of lists as an array; rows without a list are NaN."""
    lists = [_numbers(cell, name, path) for cell in column.tolist()]
    lengths = {len(numbers) for numbers in lists if numbers is not None}
    if len(lengths) != 1:
        raise DataError(
            f"has lists of {_some(lengths)} numbers in the column {name!r}",
            path=path,
            remedy="give every entity a vector of the same length, or none",
        )
    values = np.full((len(lists), lengths.pop()), np.nan)
    for row, numbers in zip(values, lists, strict=True):
        if numbers is not None:
            row[:] = numbers
    return values


def _some(lengths: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(lengths)[:3])) or "no"


def _numbers(cell: Any, name: str, path: Path) -> NDArray[Any] | None:
    """Return the numbers in a cell; ``None`` for an empty cell."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, str) and "..." in cell:
        raise DataError(
            f"has a vector in the column {name!r} of which NumPy wrote only the beginning and the end "
            "('...')",
            path=path,
            remedy="write each vector with .tolist(), or write Parquet",
        )
    try:
        parts = re.split(r"[\s,;|]+", cell.strip(" \n[]{}()")) if isinstance(cell, str) else cell
        return np.array(parts, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise DataError(
            f"has {cell!r:.60} in the column {name!r}",
            path=path,
            remedy="write a list of numbers, as [0.1, 0.2]",
        ) from error
