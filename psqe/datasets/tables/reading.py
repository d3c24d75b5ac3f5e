"""The rows of a table in a file: delimited text of any usual form, or Parquet."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from psqe.datasets.faults import Faults
from psqe.datasets.packed import PACKED
from psqe.datasets.tables.dialects import DELIMITERS, dialect_of, ending, odd_line, records
from psqe.datasets.tables.forms import (
    FORMS,
    NO_ROW,
    TableForm,
    header_columns,
    is_index,
    looks_like_header,
    plain_word,
)
from psqe.datasets.tables.sources import TextSource
from psqe.files import open_file
from psqe.parquet_index import range_index

TEXT_ENDINGS = (".tsv", ".csv", ".txt")
ENDINGS = (*TEXT_ENDINGS, *(f"{text}{packed}" for text in TEXT_ENDINGS for packed in PACKED), ".parquet")
"""How the name of a table may end."""

_HEAD = 500
"""Number of rows that tell whether rows have names."""

EMPTY = "fetch the file again, or delete it if it is optional"


def read_table(
    path: Path, table: str, faults: Faults, *, on_header: Callable[[], None] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line (from 1) and the cells of each row of a table that has no fault.

    Parameters
    ----------
    path
        Delimited text: separated by tabs, commas, semicolons or bars; quoted or not; in UTF-8, or in UTF-16
        with a byte order mark; possibly compressed. Or a Parquet file. In text, empty lines are passed over;
        among links, comments are, too.
        In Parquet the number is that of the row.
    table
        One of :data:`psqe.datasets.tables.forms.FORMS`, which says what the columns are. A first row with
        known words for all of them is a header: it may have another order, and further columns, which are
        left out. Columns that only number the rows are left out, too.
    faults
        Receives everything that is wrong with the file or with a row; such rows are left out. A delimiter
        that contradicts the ending, and further columns, are notes.
    on_header
        Called before the first row is yielded if a header was recognised; ``None``, the default, for nothing.

    Yields
    ------
    tuple
        The number, and the cells in the order of the columns of the form.
    """
    columns = _Columns(path, FORMS[table], faults, on_header)
    any_row = False
    found = (
        _rows_of_parquet(path, faults) if ending(path) == ".parquet" else _rows_of_text(path, columns, faults)
    )
    told = faults.count
    for line, row in found:
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if columns.form.lenient and row[0].startswith("#") and len(row) != columns.width:
            continue
        cells = columns.cells(line, row)
        if cells is not None:
            any_row = True
            yield line, cells
    if not any_row and faults.count == told and not columns.form.lenient:
        faults.add("is empty", path=path, remedy=EMPTY)


def read_columns(path: Path, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield the header of a table with any columns and then its rows, each with the number of its line.

    Parameters
    ----------
    path
        A file as :func:`read_table` takes it, whose first row names the columns. Columns that only number the
        rows are left out.
    faults
        Receives everything that is wrong with the file or with a row; such rows are left out.

    Yields
    ------
    tuple
        The number, and as many cells as the header has.
    """
    found: Iterator[tuple[int, list[str]]]
    delimiter = "\t"
    if ending(path) == ".parquet":
        found = _rows_of_parquet(path, faults)
    else:
        source = TextSource(path, faults)
        dialect = dialect_of(source, _share_of_any, faults) if source.usable else None
        found = iter(()) if dialect is None else records(source, dialect, faults)
        delimiter = delimiter if dialect is None else dialect.delimiter
    head = list(islice(found, _HEAD))
    numbered = _is_numbered(head)
    header: list[str] = []
    width = 0
    for line, cells in chain(head, found):
        if not any(map(str.strip, cells)):
            continue
        if not header:
            header, width = [cell.strip() for cell in cells], len(cells) + numbered
            if _is_title(header, head):
                title = (
                    f"has {header[0]!r} alone in its first line, which looks like a title",
                    "delete the lines before the one that names the columns",
                )
                what, remedy = odd_line(header, delimiter, _width_of_most(head[1:])) or title
                faults.add(what, path=path, line=line, remedy=remedy)
                return
            kept = [i for i, cell in enumerate(header) if not is_index(cell)]
            yield line, [header[i] for i in kept]
            continue
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]
        if len(cells) != width:
            other = (
                f"expected {width} columns, found {len(cells)}",
                f"write as many as the header has, and quote a cell that contains the separator; or {NO_ROW}",
            )
            what, remedy = odd_line(cells, delimiter, width) or other
            faults.add(what, path=path, line=line, remedy=remedy)
            continue
        yield line, [cells[i + width - len(header)] for i in kept]


def _is_title(header: list[str], head: list[tuple[int, list[str]]]) -> bool:
    """Return whether the first line has one cell, and most others have several."""
    filled = [sum(map(bool, map(str.strip, cells))) for _, cells in head[1:]]
    return sum(map(bool, header)) == 1 and sum(n > 1 for n in filled) > len(filled) / 2


def _width_of_most(rows: Iterable[tuple[int, list[str]]]) -> int:
    """Return the number of cells that most rows have; 0 without a row."""
    widths = Counter(len(cells) for _, cells in rows)
    return widths.most_common(1)[0][0] if widths else 0


def _share_of_any(rows: list[list[str]]) -> float:
    """Return the share of records that have as many cells as the header.

    If only the header is separated otherwise, it is half the share of records of the most usual length.
    """
    if len(rows) < 2:
        return 0.0
    named = [cell.strip() for cell in rows[0] if cell.strip()]
    if len(rows[0]) == 1:
        width, n = Counter(len(row) for row in rows[1:]).most_common(1)[0]
        odd = width > 1 and any(rows[0][0].count(delimiter) == width - 1 for delimiter in DELIMITERS)
        return odd * n / (len(rows) - 1) / 2
    if len(named) < 2 or len(set(named)) < len(named):
        return 0.0
    widths = Counter(len(row) for row in rows[1:])
    return max(widths[len(rows[0])], widths[len(rows[0]) + 1]) / widths.total()


def _rows_of_text(path: Path, columns: _Columns, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    source = TextSource(path, faults)
    dialect = dialect_of(source, lambda rows: _share(columns.form, rows), faults) if source.usable else None
    if dialect is not None:
        columns.delimiter = dialect.delimiter
        found = records(source, dialect, faults)
        head = list(islice(found, _HEAD))
        columns.numbered = _is_numbered(head)
        yield from head
        yield from found


def _is_numbered(head: list[tuple[int, list[str]]]) -> bool:
    """Return whether rows have one cell more than the header, as R writes the names of the rows."""
    widths = Counter(len(cells) for _, cells in head[1:])
    n_named = len(head[0][1]) if head else 0
    return widths[n_named + 1] > widths.total() / 2


def _share(form: TableForm, rows: list[list[str]]) -> float:
    """Return the share of records that may be rows of a table."""
    n = len(form.columns)
    if not rows:
        return 0.0
    if header_columns(form, rows[0]) is None:
        return sum(len(row) == n for row in rows) / len(rows)
    widths = Counter(len(row) for row in rows[1:] or rows)
    return max(widths[len(rows[0])], widths[len(rows[0]) + 1]) / widths.total()


class _Columns:
    """The columns of a table: the header, if there is one, and from then on the cells of each row."""

    def __init__(
        self, path: Path, form: TableForm, faults: Faults, on_header: Callable[[], None] | None
    ) -> None:
        self.path, self.form, self.faults, self._on_header = path, form, faults, on_header
        self.delimiter = ""
        self.width = len(form.columns)
        self.places: list[int] | None = None
        self.numbered = False
        self._n_seen = self._n_rows = 0
        self._doubtful: dict[int, str] = {}
        self._read: list[str] = []
        self._headers = [list(form.columns)]

    def cells(self, line: int, cells: list[str]) -> list[str] | None:
        """Return the cells of a row in the order of the form; ``None`` for a header, or after a fault."""
        self._n_seen += 1
        if self._is_header(line, cells):
            if self._on_header is not None:
                self._on_header()
            self._headers.append(cells)
            return None
        if cells in self._headers:  # the parts of a table, each with its header, were put into one file
            self.faults.leave_out(
                f"has the header {', '.join(cells)} after line 1",
                path=self.path,
                line=line,
                remedy="delete this line, or move it to the top",
            )
            return None
        if len(cells) != self.width:
            cells = self._other_width(line, cells)
            if not cells:
                return None
        if self._is_doubtful(line, cells):
            return None
        if self.places is not None:
            cells = [cells[place] for place in self.places]
        empty = [i for i, cell in enumerate(cells) if not cell.strip() and i not in self.form.optional]
        if len(empty) == len(cells) - len(self.form.optional) and not any(map(str.strip, cells)):
            return None  # spreadsheets write delimiters for rows in which nothing stands
        if empty:
            only = sum(map(bool, map(str.strip, cells))) == 1
            remedy = f"fill it, or {NO_ROW}" if only else "fill it"
            self.faults.add(f"column {empty[0] + 1} is empty", path=self.path, line=line, remedy=remedy)
            return None
        self._n_rows += 1
        return cells

    def _is_header(self, line: int, cells: list[str]) -> bool:
        """Return whether cells are the header: the first line, or a known one before any row."""
        if self._n_rows or self.places is not None:
            return False
        self.places = header_columns(self.form, cells)
        if self.places is not None:
            self.numbered &= self._n_seen == 1  # the lines before it are no rows, and tell nothing
            self.width = len(cells) + self.numbered
            self._tell_further_columns(line, cells, self.places)
            self.places = [place + self.numbered for place in self.places]
            return True
        if self._n_seen > 1:
            return False
        if len(cells) == self.width - 1 and header_columns(self.form, ["id", *cells]) == list(
            range(self.width)
        ):
            return True  # R gives the names of the rows no name: they are the entities
        if looks_like_header(self.form, cells):
            self.faults.add(
                f"looks like a header ({', '.join(cells[:8])}) of which not all columns are known",
                path=self.path,
                line=line,
                remedy=f"call the columns {', '.join(self.form.columns)} there; if the line is a record, "
                "write a header with these names before it",
            )
            return True
        return False

    def _tell_further_columns(self, line: int, header: list[str], places: list[int]) -> None:
        others = [i for i, cell in enumerate(header) if i not in places and not is_index(cell)]
        further = [header[i].strip() for i in others]
        self._read = [header[place].strip() for place in places]
        self._doubtful = {
            i + self.numbered: header[i].strip() for i in others if plain_word(header[i]) in self.form.refused
        }
        if further:
            self.faults.note(
                f"further columns are left out: {', '.join(further)}",
                path=self.path,
                remedy=f"the columns {', '.join(self._read)} are read",
            )

    def _is_doubtful(self, line: int, cells: list[str]) -> bool:
        """Return whether a row says that it may be something else than a gold link, and tell it once."""
        doubtful = [name for place, name in self._doubtful.items() if not _is_one(cells[place])]
        if doubtful:
            self._doubtful = {}
            self.faults.add(
                f"has a column {doubtful[0]!r} that is not 1 in each row, so that a row may be something "
                "else than a gold link",
                path=self.path,
                line=line,
                remedy="keep only the rows that are gold links, and of these only the columns "
                f"{', '.join(self._read)}",
            )
        return bool(doubtful)

    def _other_width(self, line: int, cells: list[str]) -> list[str]:
        """Return a row whose number of cells is another one; an empty list after a fault."""
        if len(cells) > self.width and not any(map(str.strip, cells[self.width :])):
            return cells[: self.width]
        names = DELIMITERS.get(self.delimiter, "tabs")
        what = f"expected {self.width} columns, found {len(cells)}"
        if len(cells) < self.width:
            remedy = f"write the columns that are missing, separated by {names}, or {NO_ROW}"
            if odd := odd_line(cells, self.delimiter, self.width):
                what, remedy = odd
        elif self.delimiter != "\t":
            remedy = f"put a cell that contains {names} into double quotes"
            if self._n_seen == 1:
                remedy += "; if there are further columns, name all columns in a first line"
        elif self.places is not None:
            remedy = "write as many as the header has"
        else:
            columns = ", ".join(self.form.columns)
            remedy = f"write the columns {columns} alone, or name all columns in a first line"
        self.faults.add(what, path=self.path, line=line, remedy=remedy)
        return []


def _is_one(cell: str) -> bool:
    """Return whether a cell says that its row is certain, as ``1``, ``1.0`` or ``true``."""
    return re.fullmatch(r"1(\.0+)?|true", cell.strip(), re.IGNORECASE) is not None


def _rows_of_parquet(path: Path, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield the names of the columns, numbered 0, and then the number and the cells of each row."""
    import pyarrow
    import pyarrow.parquet

    try:
        with open_file(path) as stream:
            table = pyarrow.parquet.ParquetFile(stream)
            names = [str(name) for name in table.schema_arrow.names]
            nested = [f.name for f in table.schema_arrow if pyarrow.types.is_nested(f.type)]
            if nested:
                faults.add(
                    f"has lists or objects in the column {nested[0]!r}",
                    path=path,
                    remedy="write one text or number into each cell, or leave the column out",
                )
                return
            index = range_index(table.schema_arrow, table.metadata.num_rows)
            yield 0, names if index is None else [*names, index[0]]
            row = 0
            for batch in table.iter_batches():
                columns = [_texts(column.to_pylist()) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    yield row + 1, [*cells, *([] if index is None else [str(index[1][row])])]
                    row += 1
    except OSError as error:
        what = f"cannot be read ({error.strerror})" if error.strerror else "is no Parquet file, or broken"
        faults.add(what, path=path, remedy="write or fetch the file again")
    except pyarrow.ArrowException:
        faults.add("is no Parquet file, or broken", path=path, remedy="write or fetch the file again")


def _texts(values: Sequence[Any]) -> list[str]:
    return [as_text(value) for value in values]


def as_text(value: Any) -> str:
    """Return a value of a typed column as text; nothing and NaN are the empty text.

    A number without a fraction has no decimal point, since columns of integers in which one is missing become
    columns of floating-point numbers in many programs. A point in time at midnight is a date.

    Examples
    --------
    >>> [as_text(value) for value in (None, "a", 100, 100.0, 2.5, True)]
    ['', 'a', '100', '100', '2.5', 'true']
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
