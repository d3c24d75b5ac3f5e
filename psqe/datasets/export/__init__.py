"""Export: an alignment task is written as a folder that psqe and other projects read.

A layout that can be written is a module of :mod:`psqe.datasets.export.writers`, which is named as the layout
is, or an entry point ``psqe.writers`` of another distribution; see :class:`Writer` for its members.

A folder is written whole or not at all: it comes into being under another name, is read again, compared with
the task, and only then renamed. So every loss is found by comparison, and reported.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psqe.datasets import study_encoders
from psqe.datasets.export.differences import differences
from psqe.datasets.export.options import ExportOptions, Prepared
from psqe.datasets.export.places import check_free, new_folder
from psqe.datasets.export.tables import write_notice
from psqe.datasets.layouts import read_in_order
from psqe.errors import DataError, PsqeWarning
from psqe.graph import AlignmentTask
from psqe.registry import Registry

__all__ = ["WRITERS", "ExportOptions", "ExportReport", "Prepared", "Writer", "export_task"]


class Writer(Protocol):
    """The members that a module (or any other object) needs to write a layout.

    Examples
    --------
    >>> WRITERS["openea"].DESCRIPTION
    'OpenEA: rel_triples, attr_triples, ent_links and five folds of splits'
    """

    DESCRIPTION: str
    """One line: the files that are written, and the projects that read them."""

    OPTIONS: frozenset[str]
    """The names of the fields of :class:`ExportOptions` that only some layouts have, and this one has."""

    def prepare(self, task: AlignmentTask, options: ExportOptions, notes: list[str]) -> Prepared:
        """Return the task as this layout can hold it, and add to ``notes`` what had to be changed.

        Raises
        ------
        DataError
            If an identifier cannot be written.
        """
        ...

    def write(self, prepared: Prepared, folder: Path, options: ExportOptions, notes: list[str]) -> Path:
        """Write a prepared task into an empty folder.

        Returns
        -------
        pathlib.Path
            The folder that the task can be read from: ``folder`` or one inside it.
        """
        ...


WRITERS: Registry[Writer] = Registry(
    "layout", "psqe.datasets.export.writers", "psqe.writers", "psqe.datasets.export:Writer"
)
"""Every layout that can be written, by name."""


@dataclass(frozen=True)
class ExportReport:
    """What an export has written.

    Parameters
    ----------
    folder
        The new folder.
    pair_folder
        The folder that :func:`psqe.load_task` reads the task from: ``folder`` or one inside it.
    notes
        Sentences about choices that were made, and about everything that the layout cannot hold.
    n_files
        Number of files in the folder.

    Examples
    --------
    >>> ExportReport(Path("out"), Path("out"), ("left: no names",), 3).n_files
    3
    """

    folder: Path
    pair_folder: Path
    notes: tuple[str, ...]
    n_files: int


def export_task(
    task: AlignmentTask,
    folder: str | Path,
    *,
    layout: str,
    options: ExportOptions | None = None,
) -> ExportReport:
    """Write an alignment task as a new folder.

    Parameters
    ----------
    task
        The task.
    folder
        The folder to make. It may exist if it is empty.
    layout
        Name of one of :data:`WRITERS`: ``eva``, ``folder``, ``openea`` or ``rdf``.
    options
        Seeds to write with the task, and what can be chosen; see :class:`ExportOptions` for the defaults.

    Returns
    -------
    ExportReport
        The folder and, in ``notes``, everything of the task that it does not hold.

    Raises
    ------
    ParameterError
        If there is no such layout, or the layout does not have an option.
    DataError
        If the layout cannot hold the task, for example an identifier with a tab. Nothing is written then.
    PsqeError
        If the folder is not empty or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("rome", "italy"), ("in",), [(0, 0, 1)])
    >>> right = KnowledgeGraph("r", ("roma", "italia"), ("in",), [(0, 0, 1)])
    >>> task = AlignmentTask("cities", left, right, links=[(0, 0)])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     report = export_task(task, Path(place, "pair"), layout="folder")
    ...     sorted(path.name for path in report.folder.iterdir())
    ['left', 'links.tsv', 'right']
    """
    options = ExportOptions() if options is None else options
    writer = WRITERS.resolve(layout)
    options.check(layout, writer.OPTIONS)
    target = Path(folder)
    notes: list[str] = []
    check_free(target)
    prepared = writer.prepare(task, options, notes)
    _check_seeds(prepared, options, layout)
    with new_folder(target) as temporary:
        try:
            pair = writer.write(prepared, temporary, options, notes)
            write_notice(task, temporary, layout)
        except UnicodeEncodeError as error:
            raise DataError(
                f"{task.name} holds a text with half a character (a lone surrogate), {error.object!r:.60}",
                remedy="correct the text, as no file in UTF-8 can hold it",
            ) from error
        notes += differences(prepared.task, _read_back(pair, prepared.task, layout), layout)
        notes += _note_of_modalities(task)
        n_files = sum(path.is_file() for path in temporary.rglob("*"))
        inside = pair.relative_to(temporary)
    return ExportReport(target, target / inside, tuple(notes), n_files)


def _note_of_modalities(task: AlignmentTask) -> list[str]:
    """Say what the study compares a named task by, which is no part of any layout."""
    compared = study_encoders(task.name)
    if not compared:
        return []
    encoders = "".join(f" --encoder {name}={encoder}" for name, encoder in compared.items() if encoder)
    return [
        f"the modalities of the study are not held: to compare as {task.name} is compared, give "
        f"--modalities {','.join(compared)}{encoders}"
    ]


def _check_seeds(prepared: Prepared, options: ExportOptions, layout: str) -> None:
    """Raise :class:`DataError` if a seed names an entity that the layout cannot hold."""
    if options.seeds is None:
        return
    for column, named, graph in zip((0, 1), prepared.named.sides, prepared.task.sides, strict=True):
        held = graph.index()
        for i in options.seeds.pairs[:, column].tolist():
            if named.entities[i] not in held:
                raise DataError(
                    f"a seed names {named.entities[i]!r:.80}, an entity that the layout {layout} cannot hold",
                    remedy="leave the seed out" + ", or export to the layout folder" * (layout != "folder"),
                )


def _read_back(pair: Path, task: AlignmentTask, layout: str) -> AlignmentTask:
    """Read what was written. Its warnings say what the notes of the export say.

    Raises
    ------
    DataError
        If the files cannot be read, which means that the layout cannot hold the task.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PsqeWarning)
            back = read_in_order(pair, name=task.name)
    except DataError as error:
        where = "" if error.path is None else f"{Path(error.path).name}: "
        raise DataError(
            f"the layout {layout} cannot hold {task.name}: {where}{error.what}",
            remedy="choose another layout",
        ) from error
    assert back is not None  # unless faults are gathered, the first one has been raised
    return back
