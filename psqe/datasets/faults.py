"""The faults of the files of a task: the first one is raised, or all are gathered for a report."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from psqe.errors import DataError, PsqeWarning
from psqe.graph import counted

SHOWN = 20
"""A report keeps this many different faults, and up to as many more if each is the first of its kind; all
others are only counted."""


LISTED = 3
"""Number of further files, or lines, that are named where the same is said of several."""


@dataclass
class _Alike:
    """Equal faults of one file: the first one, and the lines of the first few others."""

    first: DataError
    lines: list[int] = field(default_factory=list)
    n_more: int = 0

    def add(self, line: int | None) -> None:
        """Count one more; it has a line or none."""
        self.n_more += 1
        if line is not None and len(self.lines) <= LISTED:
            self.lines.append(line)

    def __str__(self) -> str:
        if not self.n_more:
            return str(self.first)
        if not self.lines:
            return f"{self.first} (the same {counted(self.n_more, 'more time')})"
        return f"{self.first} (the same in {counted(self.n_more, 'more line')}: {listed(self.lines)})"


class Faults:
    """The place where the reader of a layout reports what is wrong.

    A reader calls :meth:`add` for every fault and then leaves the faulty record out. When faults are not
    gathered, :meth:`add` does not return: it raises, so that no task is ever made of the records that are
    left. For records that say nothing about the graphs, so that the task without them is the task that was
    meant, a reader calls :meth:`leave_out`. They become a warning of :meth:`close`, unless faults are
    gathered. What may be as it was meant, but is more often an oversight, a reader tells with
    :meth:`note`: it becomes a warning, too, and is no fault.

    Parameters
    ----------
    gather
        Whether to keep faults and go on, as ``psqe data check`` does; by default the first fault is raised.

    Attributes
    ----------
    shown
        The first :data:`SHOWN` faults, as errors that were not raised, and later ones of another kind, at
        most as many again. Faults of a kind have the file and the remedy in common. Of faults that differ
        only in their lines, the first one.
    count
        Number of all faults.
    notes
        What was told with :meth:`note` while faults are gathered.

    Examples
    --------
    >>> faults = Faults(gather=True)
    >>> faults.add("is empty", path="names.tsv", remedy="delete it")
    >>> faults.count, str(faults.shown[0])
    (1, 'names.tsv: is empty; delete it')
    """

    def __init__(self, *, gather: bool = False) -> None:
        self.gather = gather
        self.shown: list[DataError] = []
        self.count = 0
        self.notes: list[DataError] = []
        self._kinds: set[tuple[str, str]] = set()
        self._alike: dict[tuple[str, str, str], _Alike] = {}
        self._paths: set[Path] = set()
        self._once: set[str] = set()
        self._left_out: dict[tuple[str, str, str], list[DataError]] = {}

    def __bool__(self) -> bool:
        return self.count > 0

    def add(
        self,
        what: str,
        *,
        remedy: str,
        path: str | Path | None = None,
        line: int | None = None,
        lost: bool = True,
    ) -> None:
        """Raise a fault, or keep it when faults are gathered.

        Parameters
        ----------
        what
            What is wrong, with the path as its subject.
        remedy
            How to repair it.
        path, line
            The file and the line (from 1); ``None``, the default, for neither.
        lost
            Whether something that the file says of the graph is missing because of it (the default); the
            fault of a picture is not of that kind, because its entity stays.

        Raises
        ------
        DataError
            Unless faults are gathered.
        """
        self.put(DataError(what, remedy=remedy, path=path, line=line), lost=lost)

    def put(self, fault: DataError, *, lost: bool = True) -> None:
        """Raise a fault that is an error already, or keep it when faults are gathered, see :meth:`add`."""
        if not self.gather:
            raise fault
        self.count += 1
        if lost and fault.path is not None:
            self._paths.add(fault.path)
        kind = (str(fault.path), fault.remedy)
        same = (*kind, fault.what)
        if same in self._alike:
            self._alike[same].add(fault.line)
        elif len(self.shown) < (SHOWN if kind in self._kinds else 2 * SHOWN):
            self.shown.append(fault)
            self._kinds.add(kind)
            self._alike[same] = _Alike(fault)

    def put_once(self, fault: DataError, *, lost: bool = True) -> None:
        """Raise or keep a fault that many records may have: of faults with one remedy only the first."""
        if fault.remedy not in self._once:
            self._once.add(fault.remedy)
            self.put(fault, lost=lost)

    def report(self) -> list[str]:
        """Return the faults that are shown, one text for each; equal faults in several lines share one.

        Examples
        --------
        >>> faults = Faults(gather=True)
        >>> for line in range(2, 9):
        ...     faults.add("column 2 is empty", path="names.tsv", line=line, remedy="fill it")
        >>> faults.report()
        ['names.tsv:2: column 2 is empty; fill it (the same in 6 more lines: 3, 4, 5, ...)']
        """
        return [str(alike) for alike in self._alike.values()]

    @property
    def n_hidden(self) -> int:
        """Number of the faults that :meth:`report` does not tell."""
        return self.count - sum(1 + alike.n_more for alike in self._alike.values())

    def in_files(self, paths: Iterable[Path | str | None]) -> list[Path]:
        """Return those of some files of which something is missing because of a fault that was gathered."""
        return [Path(path) for path in paths if path is not None and Path(path) in self._paths]

    def leave_out(
        self, what: str, *, remedy: str, path: str | Path, line: int | None = None, kind: str = "record"
    ) -> None:
        """Report a record that the task can do without: kept as a fault, or for :meth:`close`.

        Where it is more than a record, ``kind`` says what it is, such as ``"file"``.
        """
        fault = DataError(what, remedy=remedy, path=path, line=line)
        if self.gather:
            self.put(fault)
        else:
            self._left_out.setdefault((str(path), remedy, kind), []).append(fault)

    def note(
        self, what: str, *, remedy: str, path: str | Path | None = None, line: int | None = None
    ) -> None:
        """Tell something about the data that is no fault: a warning of :meth:`close`, or one of the notes.

        A reader tells each finding once, with its count and with an example.
        """
        self.notes.append(DataError(what, remedy=remedy, path=path, line=line))

    def told(self) -> list[str]:
        """Return everything noted, one text for each finding; files of which the same is noted share one.

        Examples
        --------
        >>> faults = Faults()
        >>> for name in ("left/names.tsv", "left/triples.tsv", "right/names.tsv"):
        ...     faults.note("is old", path=name, remedy="make it anew")
        >>> faults.told()
        ['left/names.tsv: is old; make it anew (the same of 2 more files: left/triples.tsv, right/names.tsv)']
        """
        alike: dict[tuple[str, str, int | None], list[DataError]] = {}
        for note in self.notes:
            alike.setdefault((note.what, note.remedy, note.line), []).append(note)
        return [f"{first}{_further([note.path for note in more])}" for first, *more in alike.values()]

    def close(self) -> None:
        """Warn of the records that were left out, once for each file and kind, and of everything noted.

        Warnings name the first of the records that were left out, and their number. While faults are
        gathered, there are no warnings: the notes stay in :attr:`notes`.

        Warns
        -----
        PsqeWarning
            If anything was left out or noted.
        """
        for (_, _, kind), faults in self._left_out.items():
            more = f" (one of {len(faults):,} such {kind}s)" if len(faults) > 1 else ""
            warnings.warn(f"left out a {kind}{more}: {faults[0]}", PsqeWarning, stacklevel=4)
        self._left_out.clear()
        if not self.gather:
            for text in self.told():
                warnings.warn(text, PsqeWarning, stacklevel=4)
            self.notes.clear()


def listed(items: Sequence[object]) -> str:
    """Return the first :data:`LISTED` of some things in words; an ellipsis stands for the others.

    Examples
    --------
    >>> listed([2, 3]), listed([2, 3, 5, 8])
    ('2, 3', '2, 3, 5, ...')
    """
    return ", ".join([*map(str, items[:LISTED]), *(["..."] if len(items) > LISTED else [])])


def _further(paths: Sequence[Path | None]) -> str:
    """Return, in brackets, the files of which the same is noted as of a first one; empty without any."""
    if not paths:
        return ""
    names = ["/".join(path.parts[-2:]) for path in paths if path is not None]
    return f" (the same of {counted(len(paths), 'more file')}: {listed(names)})"
