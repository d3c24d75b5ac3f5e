"""Standard output and standard error that can be closed, full, or of a small character set."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psqe.errors import PsqeError


class _Descriptor(io.RawIOBase):
    """An open file of the process that takes bytes, and goes on taking them when nobody reads them."""

    def __init__(self, number: int, *, told: bool) -> None:
        self._number, self._told, self._lost = number, told, False

    def writable(self) -> bool:
        """Return true: bytes can only be written."""
        return True

    def fileno(self) -> int:
        """Return the number of the open file."""
        return self._number

    def isatty(self) -> bool:
        """Return whether a person reads along."""
        return os.isatty(self._number)

    def write(self, data: Any) -> int:
        """Write bytes, and drop them after the reader has closed its end.

        Raises
        ------
        PsqeError
            Once, if they cannot be written for another reason.
        """
        if not self._lost:
            try:
                return os.write(self._number, data)
            except BrokenPipeError:
                self._lost = True
            except OSError as error:
                self._lost = True
                if self._told:
                    raise PsqeError(
                        f"standard output cannot be written ({error.strerror})",
                        remedy="send it elsewhere; the files that were written are kept",
                    ) from error
        return memoryview(data).nbytes


class _Nowhere(io.BytesIO):
    """A stream that keeps nothing, in the place of one that is closed."""

    def write(self, data: Any) -> int:
        """Drop bytes."""
        return memoryview(data).nbytes


def tell_step(what: str) -> None:
    """Say on standard error which step of a command begins, where a person reads along.

    As with progress bars, nothing is said where standard error is no terminal, so that a script finds only
    warnings and errors there.

    Parameters
    ----------
    what
        The step, such as ``reading the pair``.

    Examples
    --------
    >>> tell_step("reading the pair")
    """
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"psqe: {what} ...", file=sys.stderr, flush=True)


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Let a command print whatever happens to what it prints.

    Characters that the encoding of a stream does not have are escaped. A reader that goes away, such as
    ``head``, ends nothing, and neither does a standard error that is closed. Streams that a program has put
    in the place of the process's own are not replaced.

    Warns
    -----
    Standard error gets one line if standard output is closed from the beginning.
    """
    before = sys.stdout, sys.stderr
    _hold_closed()
    sys.stdout, sys.stderr = _lasting(sys.stdout, 1), _lasting(sys.stderr, 2)
    if sys.stderr is None:  # libraries that show progress need a stream
        sys.stderr = io.TextIOWrapper(_Nowhere(), encoding="utf-8", errors="backslashreplace")
    if sys.stdout is None:
        print("psqe: warning: standard output is closed, so nothing is shown", file=sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _hold_closed() -> None:
    """Open nothing in the place of each standard stream that is closed.

    Otherwise the next file that is opened gets its number, and what a library prints goes into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest free number


def _lasting(stream: Any, number: int) -> Any:
    """Return a stream in the place of one of the process's own; another stream is returned as it is."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        own = stream.fileno() == number
    except (OSError, ValueError):  # a stream in memory, or a closed one
        own = False
    if not own:
        return stream
    stream.flush()
    raw = _Descriptor(number, told=number == 1)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=number == 2 or raw.isatty(),
    )
