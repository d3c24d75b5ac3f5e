r"""Files with verdicts: tables with the columns ``left``, ``right`` and ``verdict``, a verdict in each row.

A verdict is ``accept``, ``reject`` or ``no_counterpart``; in the last case only one of the two entities is
given. Other columns, such as names, are for the reader and are not read. The page of the report writes such
files, and a spreadsheet can.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.own_outputs import VERDICT_COLUMNS, check_tabs, has_verdicts
from psqe.datasets.spelling import Spellings
from psqe.datasets.tables.forms import FORMS, header_columns, plain_word
from psqe.datasets.tables.reading import read_columns
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.files import write_tsv
from psqe.graph import SIDES, AlignmentTask, Side, counted
from psqe.links.verdicts import WORDS, Verdicts, VerdictWord, verdicts_of

VerdictChoice = Verdicts | str | Path | Sequence[str | Path] | None
"""How verdicts are given: ready, as a file, or as several files; or none."""

_ALONE: VerdictWord = "no_counterpart"


def read_verdicts(path: str | Path, task: AlignmentTask) -> Verdicts:
    r"""Read a file with verdicts.

    Parameters
    ----------
    path
        A table with tabs, commas or semicolons, or a Parquet file.
    task
        The two graphs that the verdicts are about.

    Returns
    -------
    Verdicts
        The verdicts. The same verdict in two rows counts once, and a row whose verdict is empty not at all.

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing, a row names an unknown entity or verdict, or two rows
        contradict each other.

    Warns
    -----
    PsqeWarning
        If the file has no verdict.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, _ = planted_pair(30)
    >>> a, b = task.left.entities[0], task.right.entities[0]
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "verdicts.tsv")
    ...     _ = file.write_text(f"left\tright\tverdict\n{a}\t{b}\taccept\n")
    ...     read_verdicts(file, task).accepted.tolist()
    [[0, 0]]
    """
    return _Reader(Path(path), task).read()


def write_verdicts(verdicts: Verdicts, path: str | Path, task: AlignmentTask) -> None:
    """Write verdicts as a table with tabs, which :func:`read_verdicts` reads.

    Parameters
    ----------
    verdicts, task
        The verdicts, and the two graphs that they are about.
    path
        The file to write.

    Raises
    ------
    ParameterError
        If the file cannot hold the identifier of a candidate (:func:`check_verdict_identifiers`), or is one
        of the pair itself.
    DataError
        If a verdict is about an entity that is no candidate of the task.
    PsqeError
        If the file cannot be written.
    """
    # Imported here, because it needs the packages of all file readers. The benchmark of GPUs makes links
    # without them.
    from psqe.datasets.pairs import check_outputs

    check_outputs((Path(path),), task.name)
    check_verdict_identifiers(task, remedy="rename these entities")
    verdicts.check(task)
    left, right = task.left.entities, task.right.entities
    rows = [(left[i], right[j], "accept") for i, j in verdicts.accepted.tolist()]
    rows += [(left[i], right[j], "reject") for i, j in verdicts.rejected.tolist()]
    rows += [(left[i], "", _ALONE) for i in verdicts.no_counterpart.left.tolist()]
    rows += [("", right[j], _ALONE) for j in verdicts.no_counterpart.right.tolist()]
    write_tsv(path, VERDICT_COLUMNS, rows)


def check_verdict_identifiers(task: AlignmentTask, *, remedy: str) -> None:
    """Report an identifier of a candidate that a file with verdicts cannot hold.

    Parameters
    ----------
    task
        The pair of graphs.
    remedy
        What to do about it.

    Raises
    ------
    ParameterError
        If an identifier has a tab or a line break, blanks at an end, which are lost when the file is read, or
        half a character.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> check_verdict_identifiers(planted_pair(30)[0], remedy="rename them")
    """
    check_tabs(task, remedy=remedy)
    for side, graph in zip(SIDES, task.sides, strict=True):
        for entity in graph.candidates.tolist():
            identifier = graph.entities[entity]
            if identifier != identifier.strip() or identifier != identifier.encode(errors="replace").decode():
                raise ParameterError(
                    f"the identifier {identifier!r} of the {side} graph has a blank at an end or half a "
                    "character, which a file with verdicts cannot hold",
                    remedy=remedy,
                )


def check_no_verdicts(path: Path) -> None:
    """Refuse to replace a table in which a person has written verdicts.

    Parameters
    ----------
    path
        The file that would be written.

    Raises
    ------
    ParameterError
        If it is a table with a verdict in one of its rows.

    Examples
    --------
    >>> check_no_verdicts(Path("a file that is not there"))
    """
    if not has_verdicts(path):
        return
    header, *rows = [cells for _, cells in read_columns(path, Faults(gather=True))]
    at = [plain_word(cell) for cell in header].index("verdict")
    n = sum(bool(cells[at].strip()) for cells in rows)
    if n:
        raise ParameterError(
            f"{path} has {counted(n, 'verdict')}, which would be lost", remedy="choose another name"
        )


class _Reader:
    """Reads one file, and knows what earlier lines said about each entity and pair."""

    def __init__(self, path: Path, task: AlignmentTask) -> None:
        self.path, self.task = path, task
        self.index = task.sides.map(lambda graph: graph.index())
        self.candidates = task.sides.map(lambda graph: frozenset(graph.candidates.tolist()))
        self.accepted_at: dict[tuple[Side, int], tuple[int, int]] = {}
        self.rejected_at: dict[tuple[int, int], int] = {}
        self.alone_at: dict[tuple[Side, int], int] = {}

    def read(self) -> Verdicts:
        faults = Faults()
        places: dict[str, int] = {}
        rows: list[tuple[int, int, VerdictWord]] = []
        for line, cells in read_columns(self.path, faults):
            if not places:
                places = self._places(line, cells)
                continue
            cells_of = {name: cells[place].strip() for name, place in places.items()}
            if cells_of["verdict"]:
                rows.append(self._row(line, **cells_of))
        faults.close()
        if not places:
            raise self._no_header(1)
        if not rows:
            warnings.warn(
                f"{self.path}: has no verdict, so that nothing changes; write {', '.join(WORDS[:-1])} or "
                f"{WORDS[-1]} in the column verdict",
                PsqeWarning,
                stacklevel=2,
            )
        return verdicts_of(rows)

    def _places(self, line: int, cells: list[str]) -> dict[str, int]:
        """Where the three columns are."""
        plain = [plain_word(cell) for cell in cells]
        if "verdict" not in plain:
            raise self._no_header(line)
        twice = [name for name in VERDICT_COLUMNS if plain.count(name) > 1]
        if twice:
            raise self._wrong(line, f"has the column {twice[0]} twice", "keep one of them")
        at = plain.index("verdict")
        ends = header_columns(FORMS["links"], [cell if i != at else "" for i, cell in enumerate(cells)])
        if ends is None:
            raise self._no_header(line)
        return {"left": ends[0], "right": ends[1], "verdict": at}

    def _no_header(self, line: int) -> DataError:
        return DataError(
            f"no header with the columns {', '.join(VERDICT_COLUMNS[:-1])} and {VERDICT_COLUMNS[-1]}",
            path=self.path, line=line, remedy="write left<TAB>right<TAB>verdict in the first line",
        )  # fmt: skip

    def _row(self, line: int, left: str, right: str, verdict: str) -> tuple[int, int, VerdictWord]:
        """The entities and the word of one row, checked against the rows before it."""
        known = {plain_word(word): word for word in WORDS}
        word = known.get(plain_word(verdict))
        if word is None:
            raise self._wrong(
                line, f"{verdict!r} is no verdict", f"write {', '.join(WORDS[:-1])} or {WORDS[-1]}"
            )
        i, j = self._entity(line, "left", left), self._entity(line, "right", right)
        if word == _ALONE:
            if (i < 0) == (j < 0):
                raise self._wrong(
                    line,
                    f"{word} with {'two entities' if i >= 0 else 'no entity'}",
                    "name the one entity that has no counterpart, and leave the other cell empty",
                )
        elif i < 0 or j < 0:
            raise self._wrong(line, f"{word} with one entity only", "name a left and a right entity")
        self._check_beside_others(line, i, j, word)
        return i, j, word

    def _entity(self, line: int, side: Side, identifier: str) -> int:
        """The index of an entity; -1 for an empty cell."""
        if not identifier:
            return -1
        index: int | None = self.index[side].get(identifier)
        if index is None:
            raise self._wrong(
                line,
                f"{identifier!r} is no {side} entity of {self.task.name}"
                f"{Spellings(self.task.sides[side].entities).hint(identifier)}",
                "use the identifiers of the data",
            )
        if index not in self.candidates[side]:
            raise self._wrong(
                line,
                f"{identifier!r} is no candidate of the {side} graph, so it can get no link",
                "delete this verdict",
            )
        return index

    def _check_beside_others(self, line: int, i: int, j: int, word: VerdictWord) -> None:
        """Refuse a verdict that an earlier line contradicts."""
        ends: list[tuple[Side, int, int]] = [
            (side, own, other) for side, own, other in zip(SIDES, (i, j), (j, i), strict=True) if own >= 0
        ]
        for side, own, other in ends:
            before, partner = self.accepted_at.get((side, own), (0, -1))
            name = self.task.sides[side].entities[own]
            if before and word == _ALONE:
                raise self._wrong(line, f"{name!r} has a counterpart by line {before}", "delete one of them")
            if word == "accept":
                if before and partner != other:
                    raise self._wrong(
                        line,
                        f"{name!r} was accepted with another entity in line {before}",
                        "delete one of them; an entity has one link at most",
                    )
                if alone := self.alone_at.get((side, own)):
                    raise self._wrong(
                        line, f"{name!r} has no counterpart by line {alone}", "delete one of them"
                    )
                self.accepted_at[side, own] = (line, other)
            elif word == _ALONE:
                self.alone_at[side, own] = line
        if word == "accept" and (earlier := self.rejected_at.get((i, j))):
            raise self._wrong(line, f"the pair was rejected in line {earlier}", "delete one of the two lines")
        if word == "reject":
            before, partner = self.accepted_at.get(("left", i), (0, -1))
            if before and partner == j:
                raise self._wrong(
                    line, f"the pair was accepted in line {before}", "delete one of the two lines"
                )
            self.rejected_at[i, j] = line

    def _wrong(self, line: int, what: str, remedy: str) -> DataError:
        return DataError(what, path=self.path, line=line, remedy=remedy)
