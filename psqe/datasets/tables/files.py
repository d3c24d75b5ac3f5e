"""The files of tables in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.tables.reading import ENDINGS
from psqe.files import is_there


def present_files(folder: Path, names: Iterable[str]) -> dict[str, Path | None]:
    """Return the path of each named file of a folder; ``None`` for a file that is missing."""
    return {name: path if is_there(path := folder / name) else None for name in names}


def table_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a folder that are a table by their names: ``names.tsv``, ``names.csv.gz``."""
    return [path for end in ENDINGS if is_there(path := folder / f"{table}{end}")]


def table_file(folder: Path, table: str, faults: Faults) -> Path | None:
    """Return the file of a table in a folder; ``None`` if there is none, or after a fault.

    Parameters
    ----------
    folder
        The folder.
    table
        The name of the table, without an ending; it may have any of
        :data:`psqe.datasets.tables.reading.ENDINGS`.
    faults
        Receives a table that is in two files.
    """
    found = table_files(folder, table)
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        faults.add(f"has {names}, which are one table", path=folder, remedy="keep one of them in it")
    return found[0] if found else None
