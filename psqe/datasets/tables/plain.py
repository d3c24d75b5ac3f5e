"""Tables of tab-separated text in one form, as published benchmarks have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.tables.forms import NO_ROW
from psqe.files import open_file


def plain_rows(
    path: Path,
    n_columns: int,
    faults: Faults,
    *,
    more: bool = False,
    gaps: bool = False,
    optional_cells: Sequence[int] = (),
    empty: bool = False,
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number (from 1) and the cells of each line that has no fault.

    Parameters
    ----------
    path
        A file in UTF-8, with or without a byte order mark. Only a newline ends a line; a carriage return
        before it does not count.
    n_columns
        Number of the columns.
    faults
        Receives a file that cannot be read or has no line; a line that is not UTF-8, is empty, or has
        another number of cells or a zero byte; and an empty cell. Such lines are left out.
    more
        Whether a line may have further columns; by default it may not.
    gaps
        Whether empty lines are allowed; they are passed over. By default they are faults.
    optional_cells
        Columns (from 0) that may be empty; none by default.
    empty
        Whether the file may be without any record. By default that is a fault.
    """
    any_line = False
    try:
        stream = open_file(path)
    except OSError as error:
        remedy = f"the folder needs {path.name}, and readable"
        faults.add(f"cannot be read ({error.strerror})", path=path, remedy=remedy)
        return
    with stream:
        for line, content in enumerate(stream, 1):
            try:
                text = content.decode("utf-8-sig" if line == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                faults.add("is not UTF-8", path=path, line=line, remedy="save the file as UTF-8")
                continue
            one_line = line == 1 and "\r" in text and not content.endswith(b"\n")
            if "\0" in text or one_line:
                what = "ends lines with carriage returns alone" if one_line else "has a zero byte"
                faults.add(what, path=path, line=line, remedy="write the file again as text with line feeds")
                any_line = True
                continue
            cells = text.split("\t")
            if not text and gaps:
                continue
            any_line = True
            blank = [i for i, cell in enumerate(cells) if not cell.strip() and i not in optional_cells]
            if len(cells) != n_columns and not (more and len(cells) > n_columns):
                what = f"expected {n_columns} columns{' or more' if more else ''}, found {len(cells)}"
                remedy = f"write the columns that are missing, separated by tabs, or {NO_ROW}"
                remedy = remedy if text else "delete the empty line"
                faults.add(what, path=path, line=line, remedy=remedy)
            elif blank:
                faults.add(f"column {blank[0] + 1} is empty", path=path, line=line, remedy="fill it")
            else:
                yield line, cells
    if not any_line and not empty:
        faults.add("is empty", path=path, remedy="fetch the file again, or delete it if it is optional")


def number(cell: str, path: Path, line: int, faults: Faults) -> int | None:
    """Return a cell as an id; ``None`` after a fault, as a sign or more digits than an int64 holds."""
    if cell.isdigit() and cell.isascii() and len(cell) <= 18:
        return int(cell)
    faults.add(f"{cell!r} is no id", path=path, line=line, remedy="write an integer of at least 0")
    return None
