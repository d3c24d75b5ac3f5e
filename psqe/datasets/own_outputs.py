"""Recognising files that psqe wrote itself: predictions are never the truth that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psqe.errors import ParameterError
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph

MARK = "written by psqe: these links are predictions"
"""The words that stand in the first lines of files of links, where the format has comments."""

PREFIX = "psqe-"
"""The beginning of the names of outputs in the folder of a pair, which no layout reads."""

LINK_COLUMNS = ("left", "right", "score", "confidence", "rank_margin")
"""The columns of a table of predicted links."""
SEED_COLUMNS = ("left", "right", "score", "stage")
"""The columns of a table of seeds."""
VERDICT_COLUMNS = ("left", "right", "verdict")
"""The columns of a table of verdicts (:mod:`psqe.links.verdicts`)."""
GROUP_COLUMNS = ("group", "entity", "name", "confidence")
"""The columns of a table of groups (:mod:`psqe.groups`); that of several sources has one more."""
DUPLICATE_COLUMNS = ("entity", "duplicate", "score", "confidence")
"""The columns of a table of pairs of duplicates (:func:`psqe.dedupe`)."""

_OWN_TABLES = (LINK_COLUMNS, SEED_COLUMNS, VERDICT_COLUMNS, GROUP_COLUMNS, DUPLICATE_COLUMNS)

LINK_ENDINGS = (".tsv", ".csv", ".ttl", ".nt", ".sssom.tsv", ".rdf", ".xml")
"""The endings of files that predicted links are written to, see :mod:`psqe.links.formats`."""

_HEAD = 4096


def is_own_table(path: Path) -> bool:
    r"""Return whether a file is a table of links, seeds, verdicts or groups of psqe, by its first line.

    A table of which the columns ``score`` and ``confidence``, or ``score`` and ``stage``, were removed is no
    longer one of these. A file that cannot be read is none.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "links.tsv")
    ...     _ = file.write_text("left\tright\tscore\tstage\n")
    ...     is_own_table(file)
    True
    """
    return any(_has_columns(path, columns) for columns in _OWN_TABLES)


def has_verdicts(path: Path) -> bool:
    r"""Return whether a file is a table of verdicts (:mod:`psqe.links.verdicts`), by its first line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "links.tsv")
    ...     _ = file.write_text("left\tright\tverdict\n")
    ...     has_verdicts(file)
    True
    """
    return _has_columns(path, VERDICT_COLUMNS)


def _has_columns(path: Path, columns: Sequence[str]) -> bool:
    """Return whether the first line of a file names these columns, and perhaps others."""
    line = _head(path).decode("utf-8-sig", errors="replace").partition("\n")[0].rstrip("\r")
    cells = ({cell.strip().strip('"').lower() for cell in line.split(separator)} for separator in "\t,;")
    return any(set(columns) <= some for some in cells)


def _head(path: Path) -> bytes:
    """Return the first bytes of a file; none of what is no file, cannot be read, or is in another folder."""
    try:
        if not path.is_file() or not path.resolve().is_relative_to(path.parent.resolve()):
            return b""
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return b""


def is_own_output(path: Path) -> bool:
    """Return whether a file in the folder of a pair is an output of psqe, by its name or by its content."""
    return path.name.startswith(PREFIX) or is_own_table(path) or is_marked(_head(path))


def is_marked(head: bytes) -> bool:
    """Return whether the first bytes of a file have :data:`MARK`."""
    return MARK.encode() in head


def check_tabs(task: AlignmentTask, *, remedy: str) -> None:
    """Report before the work that an identifier has a tab or a line break, which no table with tabs can hold.

    Parameters
    ----------
    task
        The pair of graphs, of which the candidates are looked at.
    remedy
        What to do about it.

    Raises
    ------
    ParameterError
        If there is such an identifier.
    """
    for side, graph in zip(SIDES, task.sides, strict=True):
        check_identifiers(graph, f"the {side} graph", remedy=remedy)


def check_identifiers(graph: KnowledgeGraph, what: str, *, remedy: str) -> None:
    """Report that an identifier of a candidate has a tab or a line break, for one graph.

    Parameters
    ----------
    graph
        The graph.
    what
        What messages call it.
    remedy
        What to do about it.

    Raises
    ------
    ParameterError
        If there is such an identifier.
    """
    for entity in graph.candidates.tolist():
        identifier = graph.entities[entity]
        if any(mark in identifier for mark in "\t\n\r"):
            raise ParameterError(
                f"the identifier {identifier!r} of {what} has a tab or a line break, "
                "which a .tsv file cannot hold",
                remedy=remedy,
            )
