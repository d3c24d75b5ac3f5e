"""Tables of tab-separated text, the form of nearly every alignment data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from psqe.datasets.faults import Faults

COLUMNS = {
    "triples": ("head", "relation", "tail"),
    "attributes": ("entity", "attribute", "value"),
    "names": ("entity", "name"),
    "images": ("entity", "path"),
}
"""The tables that describe one graph, and their columns, in files and in frames alike."""


def present_files(folder: Path, names: Iterable[str]) -> dict[str, Path | None]:
    """Return the path of each named file of a folder; ``None`` for a file that is missing."""
    return {name: path if (path := folder / name).is_file() else None for name in names}


def rows(
    path: Path,
    columns: int | Callable[[int], bool],
    faults: Faults,
    *,
    wanted: str = "",
    header: Sequence[str] = (),
    may_be_empty: bool = False,
    gaps: bool = False,
    optional_cells: Sequence[int] = (),
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number (from 1) and the cells of each line that has no fault.

    Parameters
    ----------
    path
        A file in UTF-8, with or without a byte order mark. Only a newline ends a line; a carriage return
        before it does not count.
    columns
        Number of cells of a line, or a function that returns whether a number of cells is allowed.
    faults
        Receives a file that cannot be read or has no line; a line that is not UTF-8, is empty, or has
        another number of cells; and an empty cell. Such lines are left out.
    wanted
        The number of columns in words, for the message.
    header
        Names of the columns: a first line that consists of these names is no record.
    may_be_empty
        Whether a file without any line is allowed; by default it is a fault.
    gaps
        Whether empty lines are allowed; they are passed over. By default they are faults.
    optional_cells
        Columns (from 0) that may be empty; none by default.
    """
    fits = columns if callable(columns) else lambda n: n == columns
    wanted = wanted or f"{columns} columns"
    any_line = False
    try:
        stream = path.open("rb")
    except OSError as error:
        faults.add(
            f"cannot be read ({error.strerror})",
            path=path,
            remedy=f"the folder needs {path.name}, and readable",
        )
        return
    with stream:
        for line, content in enumerate(stream, 1):
            if line == 1:
                content = content.removeprefix(b"\xef\xbb\xbf")
            try:
                text = content.decode()
            except UnicodeDecodeError:
                faults.add("is not UTF-8", path=path, line=line, remedy="save the file as UTF-8")
                continue
            text = text.rstrip("\r\n")
            if not text and gaps:
                continue
            cells = text.split("\t")
            if line == 1 and header and [cell.strip().lower() for cell in cells] == list(header):
                continue
            any_line = True
            if not fits(len(cells)):
                faults.add(
                    f"expected {wanted}, found {len(cells)}",
                    path=path,
                    line=line,
                    remedy="separate columns by tabs and leave no line empty",
                )
                continue
            empty = [i for i, cell in enumerate(cells) if not cell.strip() and i not in optional_cells]
            if empty:
                faults.add(f"column {empty[0] + 1} is empty", path=path, line=line, remedy="fill it")
                continue
            yield line, cells
    if not any_line and not may_be_empty:
        faults.add("is empty", path=path, remedy="fetch the file again, or delete it if it is optional")


def number(cell: str, path: Path, line: int, faults: Faults) -> int | None:
    """Return a cell as an id; ``None`` after a fault, as a sign or more digits than an int64 holds."""
    if cell.isdigit() and cell.isascii() and len(cell) <= 18:
        return int(cell)
    faults.add(f"{cell!r} is no id", path=path, line=line, remedy="write an integer of at least 0")
    return None
