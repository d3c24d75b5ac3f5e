"""Several outputs of one command: one that cannot be written does not keep the others from being written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psqe.errors import PsqeError


class Outputs:
    """The outputs of a command, which are written one after the other.

    Examples
    --------
    >>> outputs = Outputs()
    >>> for name in ("a.tsv", "b.json"):
    ...     with outputs.written():
    ...         raise PsqeError("cannot be written", path=name, remedy="free some space there")
    >>> outputs.check()
    Traceback (most recent call last):
    psqe.errors.PsqeError: a.tsv: cannot be written, and neither can b.json; free some space there
    """

    def __init__(self) -> None:
        self._failed: list[PsqeError] = []

    @contextmanager
    def written(self) -> Iterator[None]:
        """Keep an error of the block, which writes an output, for :meth:`check`."""
        try:
            yield
        except PsqeError as error:
            self._failed.append(error)

    def check(self) -> None:
        """Raise the first error that was kept; it names the other files, too.

        Raises
        ------
        PsqeError
            If an output could not be written.
        """
        if not self._failed:
            return
        first, *others = self._failed
        if not others:
            raise first
        also = " and ".join(str(error.path) for error in others)
        raise PsqeError(
            f"{first.what}, and neither can {also}", path=first.path, line=first.line, remedy=first.remedy
        ) from first
