"""What is wrong with the files of a task: raised at the first fault, or gathered for a report."""

from __future__ import annotations

import warnings
from pathlib import Path

from psqe.errors import DataError, PsqeWarning

SHOWN = 20
"""Faults that a report keeps; the rest are counted."""


class Faults:
    """Where the reader of a layout says what is wrong.

    A reader calls :meth:`add` for every fault and then leaves the faulty record out. When the faults are not
    gathered, :meth:`add` does not return: it raises, so that no task is ever made of what is left. For
    records that say nothing about the graphs, so that a task without them is the task that was meant, a
    reader calls :meth:`leave_out`, and :meth:`close` at the end: they are a warning, unless faults are
    gathered.

    Parameters
    ----------
    gather
        Go on after a fault and keep it, as ``psqe data check`` does.

    Attributes
    ----------
    shown
        The first :data:`SHOWN` faults, as the errors they would have been.
    count
        How many there were.
    """

    def __init__(self, *, gather: bool = False) -> None:
        self.gather = gather
        self.shown: list[DataError] = []
        self.count = 0
        self._left_out: dict[tuple[str, str], list[DataError]] = {}

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, what: str, *, remedy: str, path: str | Path | None = None, line: int | None = None) -> None:
        """Raise a fault, or keep it.

        Raises
        ------
        DataError
            Unless faults are gathered.
        """
        self.put(DataError(what, remedy=remedy, path=path, line=line))

    def put(self, fault: DataError) -> None:
        """:meth:`add` for a fault that is an error already."""
        if not self.gather:
            raise fault
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(fault)

    def leave_out(self, what: str, *, remedy: str, path: str | Path, line: int | None = None) -> None:
        """Keep as a fault, or remember for :meth:`close`, a record that the task can do without."""
        fault = DataError(what, remedy=remedy, path=path, line=line)
        if self.gather:
            self.put(fault)
        else:
            self._left_out.setdefault((str(path), remedy), []).append(fault)

    def close(self) -> None:
        """Say what was left out: one warning for each file and kind of record, with the first and the number.

        Warns
        -----
        PsqeWarning
            If anything was left out.
        """
        for faults in self._left_out.values():
            more = f" ({len(faults)} records are so)" if len(faults) > 1 else ""
            warnings.warn(f"left out a record{more}: {faults[0]}", PsqeWarning, stacklevel=4)
        self._left_out.clear()
