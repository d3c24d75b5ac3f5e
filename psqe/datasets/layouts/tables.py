"""The layout of two tables with one row for each entity, as databases and spreadsheets export them.

==================================  =========================================================  ==========
file                                what it holds                                              there
==================================  =========================================================  ==========
``left.csv``, ``right.csv``         a header; identifiers, names, and one column for each      always
                                    attribute
``links.csv``                       the identifiers of entities that are the same; other       optionally
                                    names are those of :mod:`psqe.datasets.link_names`
==================================  =========================================================  ==========

The two tables may have any names and end in ``.csv``, ``.tsv`` or ``.parquet``: they are ``left`` and
``right``, or else the only two tables of the folder that have a column of identifiers and one of names, in
the order of the alphabet. A third table of two columns has the links, whatever its name is. The columns of
the identifiers and of the names are found by known words, such as ``id`` and ``title``; ``psqe data convert``
takes tables with other words. See :func:`psqe.datasets.entity_tables.read_entities`.
"""

from __future__ import annotations

from pathlib import Path

from psqe.datasets.entity_tables import describes_entities, read_entities
from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import tell_unchecked
from psqe.datasets.link_files import read_links
from psqe.datasets.link_names import find_links, is_link_name, link_files, looks_like_links
from psqe.datasets.own_outputs import is_own_output
from psqe.datasets.tables import ENDINGS, read_columns
from psqe.graph import SIDES, AlignmentTask

DESCRIPTION = "two tables, one row for each entity: left.csv, right.csv"
FALLBACK = True
"""Any two tables are of this layout, but only if they are not files of another one."""


def recognises(folder: Path) -> bool:
    """Return whether a folder has two tables that may describe entities."""
    return len(_tables(folder)) == len(SIDES)


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    tables = _tables(folder)
    found: dict[str, Path | None] = dict(zip(SIDES, tables, strict=True)) if len(tables) == 2 else {}
    links: dict[str, Path | None] = {path.name: path for path in link_files(folder)}
    if not links and (path := _table_of_links(folder)):
        links = {path.name: path}
    return {**found, **(links or {"links": None})}


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        Two graphs without triples, their entities in the order of the alphabet, all of them candidates.
        ``None`` after gathered faults without which there is no graph.

    Raises
    ------
    DataError
        If there are not two tables; if a table has no column of identifiers or of names, or something is
        wrong with a row; or if a link names an unknown entity. With the file and, where there is one, the
        line.

    Warns
    -----
    PsqeWarning
        If a column of images has web addresses, or a table is read although its form is unusual.
    """
    tables = _tables(folder)
    if len(tables) != len(SIDES):
        faults.add(
            f"has {len(tables)} tables beside links", path=folder, remedy="name the two tables left and right"
        )
        return None
    left, right = (read_entities(path, faults) for path in tables)
    refused = [faults.in_files([path]) for path in tables]
    if left is None or right is None:
        tell_unchecked(find_links(folder, faults), refused, faults)
        return None
    path = _table_of_links(folder)
    if path is None or link_files(folder):
        path = find_links(folder, faults)
    else:
        faults.note(
            f"the gold links are read from {path.name}, the only table of two columns",
            path=folder,
            remedy="call the file links.csv if it has the links, or move it elsewhere",
        )
    read = {*tables, path}
    unread = [one.name for one in _all_tables(folder) if one not in read and not looks_like_links(one.name)]
    if unread:
        faults.note(
            f"tables that are not read: {', '.join(unread[:5])}",
            path=folder,
            remedy="if one of them has gold links, write these into links.csv, in two columns",
        )
    links = None if path is None else read_links(path, left, right, faults, refused=refused)
    return AlignmentTask(name, left, right, links)


def _tables(folder: Path) -> list[Path]:
    """Return the tables of a folder that may describe entities: those of the sides, if they are called so."""
    tables = [path for path in _all_tables(folder) if not looks_like_links(path.name)]
    sides = [path for side in SIDES for path in tables if path.name.lower().partition(".")[0] == side]
    tables = sides or [path for path in tables if ".txt" not in path.name.lower()]
    return (
        tables
        if len(tables) <= len(SIDES)
        else [path for path in tables if describes_entities(_header(path))]
    )


def _table_of_links(folder: Path) -> Path | None:
    """Return the only table of a folder that is no side and has two columns; ``None`` if it is not one."""
    sides = _tables(folder)
    others = [path for path in _all_tables(folder) if path not in sides and len(_header(path)) == len(SIDES)]
    return others[0] if len(others) == 1 and not looks_like_links(others[0].name) else None


def _all_tables(folder: Path) -> list[Path]:
    """Return the tables of a folder that are neither called as files of links nor outputs of psqe."""
    return [
        path
        for path in sorted(folder.glob("*.*"))
        if path.name.lower().endswith(ENDINGS)
        and path.is_file()
        and not path.name.startswith(".")
        and not is_link_name(path.name)
        and not is_own_output(path)
    ]


def _header(path: Path) -> list[str]:
    """Return the first row of a table; an empty list if it cannot be read."""
    return next((cells for _, cells in read_columns(path, Faults(gather=True))), [])
