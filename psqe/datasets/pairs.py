"""From whatever describes two graphs to an alignment task."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from os.path import realpath
from pathlib import Path
from typing import Any, TypeAlias

from psqe import datasets
from psqe.datasets.damage import damaged
from psqe.datasets.frames import graph_from_frames
from psqe.datasets.info import content_of, task_files, task_folder
from psqe.datasets.layouts.folder import TABLES
from psqe.datasets.layouts.rdf import SETTINGS
from psqe.datasets.link_names import STEMS as LINK_STEMS
from psqe.datasets.link_names import is_link_name
from psqe.datasets.own_outputs import PREFIX
from psqe.datasets.presence import hide_presence
from psqe.errors import DataError, ParameterError
from psqe.files import check_writable, is_stream
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph
from psqe.options import TaskOptions

_READ = frozenset({*SIDES, *TABLES, *LINK_STEMS})
"""The names of files, without their endings, that layouts read in the folder of a pair or beneath it."""

Pair: TypeAlias = (
    str | Path | TaskOptions | AlignmentTask | Sequence[KnowledgeGraph] | Sequence[Mapping[str, Any]]
)
"""What two graphs can be given as, see :func:`load_pair`."""


def load_pair(pair: Pair, *, random_state: int = 0, data_root: str | Path | None = None) -> AlignmentTask:
    """Make an alignment task of whatever describes two graphs.

    Parameters
    ----------
    pair
        An :class:`~psqe.graph.AlignmentTask`, which is returned as it is; the name of a task or a folder, as
        :func:`psqe.load_task` takes it; :class:`~psqe.options.TaskOptions`; two knowledge graphs, the left
        one first; or two mappings with the parameters of :func:`psqe.graph_from_frames`.
    random_state
        Not negative. For names, folders and options: decides which entities are dropped, and the order of the
        right entities and of the links.
    data_root
        Folder of the benchmarks; ``PSQE_DATA``, else the user's data folder, by default.

    Raises
    ------
    ParameterError
        If ``pair`` is something else, or there is no such task or parameter.
    DataError
        If the data are missing or broken, or are not those that options ask for by their ``content``.
    """
    if isinstance(pair, AlignmentTask):
        return pair
    if isinstance(pair, str | Path):
        return datasets.load_task(pair, random_state=random_state, data_root=data_root)
    if isinstance(pair, TaskOptions):
        if pair.content is not None and pair.content != content_of(pair.name):
            raise DataError(
                "the files of this pair are not those that were meant; they have changed since",
                path=pair.name,
                remedy="plan the runs again, or put the old files back",
            )
        task = datasets.load_task(
            pair.name,
            dangling=pair.dangling,
            tones=pair.tones,
            random_state=random_state,
            data_root=data_root,
        )
        task = hide_presence(task, random_state) if pair.hide_presence else task
        return damaged(task, pair.damage, random_state=random_state) if pair.damage else task
    sides: list[Any] = list(pair) if isinstance(pair, Iterable) else []
    if len(sides) != 2 or not all(isinstance(side, KnowledgeGraph | Mapping) for side in sides):
        raise ParameterError(
            "the pair is neither a task nor two graphs",
            remedy="give the name of a task, a folder, two knowledge graphs, or two mappings with tables",
        )
    left, right = (
        graph_of_tables(one, side) if isinstance(one, Mapping) else one
        for side, one in zip(SIDES, sides, strict=True)
    )
    return AlignmentTask(f"{left.name} and {right.name}", left, right)


def graph_of_tables(tables: Mapping[str, Any], name: str) -> KnowledgeGraph:
    """Build one graph from a mapping with the parameters of :func:`psqe.graph_from_frames`.

    Parameters
    ----------
    tables
        The parameters by name.
    name
        Name of the graph where the mapping gives none.

    Raises
    ------
    ParameterError
        If a parameter is unknown, or a name is no text.
    DataError
        If a table is broken.

    Examples
    --------
    >>> graph_of_tables({"names": [("a", "Rome")]}, "cities").name
    'cities'
    """
    known = inspect.signature(graph_from_frames).parameters
    for key in tables:
        if key not in known:
            raise ParameterError(f"there is no table {key!r}", remedy=f"choose from {', '.join(known)}")
    for key in ("name", "language"):
        if not isinstance(tables.get(key, ""), str | None):
            raise ParameterError(
                f"{key!r} is the {key} of the graph, and a table was given",
                remedy="call the table of names 'names'",
            )
    return graph_from_frames(**{"name": name, **tables})


def default_output(name: str, task: str, data_root: Path | None = None) -> Path:
    """Return where an output is written by default: in the working directory, under a name of its own.

    Parameters
    ----------
    name
        Name of the file.
    task
        Name or folder of the task.
    data_root
        Folder of the benchmarks; see :func:`psqe.datasets.load_task`.

    Returns
    -------
    pathlib.Path
        ``name``; or, if the working directory is in the folder of the task, where a file of this name would
        be read with the task, the name with ``psqe-`` before it, which no layout reads.
    """
    folder = task_folder(task, data_root)
    inside = folder is not None and Path(name).absolute().resolve().is_relative_to(folder.resolve())
    return Path(f"{PREFIX}{name}" if inside else name)


def check_outputs(
    paths: Iterable[Path | None],
    task: str,
    data_root: Path | None = None,
    *,
    saved: Iterable[Path] = (),
    inputs: Iterable[Path | None] = (),
) -> None:
    """Find out before the work, not after it, that a file cannot be written, or is needed for something else.

    An output in the folder of the task must not have a name that the layout of the folder reads.

    Parameters
    ----------
    paths
        Files to write; ``None`` for one that is not wanted.
    task
        Name or folder of the task.
    data_root
        Folder of the benchmarks; see :func:`psqe.datasets.load_task`.
    saved
        Further files to write, which have fixed names, so that the user chooses their folder only.
    inputs
        Other files that are read; ``None`` for one that is not given.

    Raises
    ------
    ParameterError
        If a path is a file of the task, would be read with the task, is read for another reason, or is given
        twice.
    PsqeError
        If a path cannot be written.
    """
    taken = {_identity(path): f"is a file of {task}" for path in task_files(task, data_root)}
    taken |= {_identity(path): "is read, too" for path in inputs if path is not None}
    folder = task_folder(task, data_root)
    fixed = list(saved)
    wanted = [*(path for path in paths if path is not None), *fixed]
    written: set[object] = set()
    for path in wanted:
        if is_stream(path):
            continue
        what = taken.get(_identity(path))
        if what is None and folder is not None and _would_be_read(path, folder, task_files(task, data_root)):
            what = f"would be read as a file of {task}"
        if what is not None:
            raise ParameterError(
                f"{path} {what}",
                remedy=f"choose another folder{', outside that of the pair' * (what != 'is read, too')}"
                if path in fixed
                else f"write to another file, such as {path.with_name(f'{PREFIX}{path.name}')}",
            )
        names = {_identity(path), realpath(path).casefold()}  # Some file systems ignore the case of names.
        if names & written:
            raise ParameterError(f"{path} is the file of two outputs", remedy="write to another file")
        written |= names
    for path in wanted:
        check_writable(path)


def _identity(path: Path) -> tuple[int, int] | str:
    """Return what all names of one file have in common: hard links and links in folders are other names."""
    try:
        found = path.stat()
    except OSError:
        return realpath(path)
    return found.st_dev, found.st_ino


def _would_be_read(path: Path, folder: Path, files: Iterable[Path]) -> bool:
    """Return whether a file would be read with the pair in a folder, by its name or by where it is."""
    inside, root = Path(realpath(path)), Path(realpath(folder))
    if not inside.is_relative_to(root):
        return False
    if any(one.is_dir() and inside.is_relative_to(realpath(one)) for one in files):
        return True
    return (
        is_link_name(inside.name)
        or inside.name.lower().partition(".")[0] in _READ
        or inside.name.lower() == SETTINGS
    )
