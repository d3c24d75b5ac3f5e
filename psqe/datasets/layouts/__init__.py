"""The layouts of folders: which layout a folder has, and the task in it.

A layout is a module of this package, which is named as the layout is, or an entry point ``psqe.layouts`` of
another distribution; see :class:`Layout` for its members.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.published_pickles import report_unread
from psqe.errors import DataError
from psqe.graph import AlignmentTask
from psqe.pictures.renderer import begin_run
from psqe.registry import Registry


class Layout(Protocol):
    """The members that a module (or any other object) needs to be a layout.

    Examples
    --------
    >>> LAYOUTS["openea"].DESCRIPTION
    'OpenEA: rel_triples_1, rel_triples_2'
    """

    DESCRIPTION: str
    """One line: the projects that use the layout, and the files that it cannot do without."""

    def recognises(self, folder: Path) -> bool:
        """Return whether a folder has files of this layout, be they complete or not.

        A layout with an attribute ``FALLBACK`` that is true has a folder only if no other layout has it.
        """
        ...

    def files(self, folder: Path) -> Mapping[str, Path | None]:
        """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
        ...

    def read(self, folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
        """Read the task in a folder and call it ``name``; ``None`` only after gathered faults.

        Entities keep the order of the files. Everything that is wrong goes to ``faults``.
        """
        ...


LAYOUTS: Registry[Layout] = Registry(
    "layout", "psqe.datasets.layouts", "psqe.layouts", "psqe.datasets.layouts:Layout"
)
"""Every layout by name: the modules of this package, and entry points ``psqe.layouts``."""


_NO_TABLES = frozenset(
    (".xlsx", ".xls", ".xlsb", ".ods", ".json", ".jsonl", ".ndjson", ".feather", ".arrow", ".orc", ".avro",
     ".db", ".sqlite", ".sqlite3", ".duckdb", ".h5", ".rds", ".rdata", ".sav", ".dta", ".pkl", ".zip")
)  # fmt: skip
"""The endings of files that often hold a table and are not read, in lower case."""


def layout_name(folder: Path) -> str:
    """Return the name of the layout that a folder has, by its files.

    Parameters
    ----------
    folder
        The folder. It may have the files of one layout only.

    Raises
    ------
    DataError
        If the folder is missing, has the files of no layout, or those of several.
    """
    if folder.is_file():
        raise DataError("is a file and no folder", path=folder, remedy=file_remedy(folder))
    if not folder.is_dir():
        raise DataError("is no folder", path=folder, remedy="give the folder that has the files in it")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DataError("cannot be read", path=folder, remedy="make the folder readable")
    layouts = LAYOUTS.usable()
    fitting = [name for name, layout in layouts.items() if layout.recognises(folder)]
    fitting = [name for name in fitting if not getattr(layouts[name], "FALLBACK", False)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and ".join(fitting)
        raise DataError(f"has files of the layouts {names}", path=folder, remedy="keep one of them in it")
    known = "; ".join(f"{name} ({layout.DESCRIPTION})" for name, layout in layouts.items())
    others = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _NO_TABLES)
    if others:
        raise DataError(
            f"has the files of no layout; {others[0]!r} is a file of a kind that is not read",
            path=folder,
            remedy="write the table in it as CSV or Parquet, one row for each entity, and call it left.csv "
            "or right.csv",
        )
    raise DataError("has the files of no layout", path=folder, remedy=f"known are {known}")


def file_remedy(path: Path) -> str:
    """Return what to do where a file was given in place of a folder."""
    from psqe.datasets.rdf.formats import SUFFIXES

    both = "give the folder that has the files of both sides in it"
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return f"{both}, called left{suffix} and right{suffix}"
    return f"{both}; psqe data convert LEFT RIGHT --out DIR makes one of two tables"


def layout_of(folder: Path) -> Layout:
    """Return the layout that a folder has; :func:`layout_name` says which errors it raises."""
    return LAYOUTS[layout_name(folder)]


def read_in_order(
    folder: str | Path, *, name: str = "", faults: Faults | None = None, follow_links: bool = False
) -> AlignmentTask | None:
    """Read the alignment task in a folder of any layout, with its entities in the order of the files.

    Parameters
    ----------
    folder
        The folder.
    name
        Name of the task; the folder when omitted.
    faults
        Receives what is wrong with the files. When omitted, the first fault is raised.
    follow_links
        Whether files may be links to files outside the folder, as in a folder of benchmarks that the user
        has set up. By default they are faults, because a folder that came from elsewhere could otherwise
        bring private files into a report.

    Returns
    -------
    AlignmentTask or None
        The task. In many files the order of the entities tells the links, so that :func:`read_folder` is
        what a method may see. ``None`` after gathered faults without which there is no task.

    Raises
    ------
    DataError
        If the folder has no layout, or at the first fault unless faults are gathered.

    Warns
    -----
    PsqeWarning
        If records were left out that the task can do without.
    """
    folder = Path(folder)
    faults = Faults() if faults is None else faults
    begin_run()
    layout = layout_of(folder)
    if not follow_links and leads_outside(folder, layout.files(folder).values(), faults):
        return None
    task = layout.read(folder, name=name or str(folder), faults=faults)
    if task is None and not faults:
        faults.add(
            "no entity is described by what could be read",
            path=folder,
            remedy="give each side statements or tables about its entities, and links in a file of their own",
        )
    if "image vectors" not in layout.files(folder):
        report_unread(folder, faults)
    faults.close()
    return task


def leads_outside(folder: Path, files: Iterable[Path | None], faults: Faults) -> bool:
    """Return whether files of a folder are links that lead outside the folder, and tell which.

    Parameters
    ----------
    folder
        The folder.
    files
        The files that would be read; ``None`` for one that is missing.
    faults
        Receives each such link.
    """
    told = faults.count
    for path in files:
        if path is None:
            continue
        inside = Path(os.path.commonpath((folder.absolute(), path.absolute())))
        try:
            outside = not path.resolve().is_relative_to(inside.resolve())
        except (OSError, RuntimeError):  # links that lead to each other: reading the file tells it
            continue
        if outside:
            faults.add(
                "is, or is in, a link to a place outside the folder of the pair, which is not read",
                path=path,
                remedy="copy what the link leads to into its place, as cp -RL does for the whole folder",
            )
    return faults.count > told


def read_folder(folder: str | Path, *, name: str = "", random_state: int = 0) -> AlignmentTask:
    """Read the alignment task in a folder of any layout.

    Parameters
    ----------
    folder
        The folder.
    name
        Name of the task; the folder when omitted.
    random_state
        Not negative. It decides the order of the right entities and that of the links: in many files both
        orders tell the links. Ids stay with their entities.

    Returns
    -------
    AlignmentTask
        The task, its right entities and its links in random order.

    Raises
    ------
    DataError
        At the first fault, with file and line. :func:`check_folder` finds them all.

    Warns
    -----
    PsqeWarning
        If records were left out that the task can do without.
    """
    task = read_in_order(folder, name=name)
    assert task is not None  # unless faults are gathered, the first one has been raised
    return shuffled(task, random_state)


def shuffled(task: AlignmentTask, random_state: int) -> AlignmentTask:
    """Return the task with its right entities and its links in random order: neither order tells a link."""
    rng = np.random.default_rng(random_state)
    task = task.take(np.arange(task.left.n_entities), rng.permutation(task.right.n_entities))
    links = None if task.links is None else rng.permutation(task.links)
    return replace(task, links=links, parameters={**task.parameters, "random_state": random_state})


def check_folder(folder: str | Path) -> Faults:
    """Find all faults of the data in a folder, also those that reading would only warn of.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    Faults
        What is wrong; false if nothing is.

    Raises
    ------
    DataError
        If the folder is missing or has no layout, so that there is nothing to check.
    """
    layout_of(Path(folder))
    faults = Faults(gather=True)
    try:
        read_in_order(folder, faults=faults)
    except DataError as error:
        # A graph that cannot be built from what is left after the faults is not one more fault.
        if not faults:
            faults.put(error)
    return faults
