"""Statements of files in N-Triples and Turtle, compressed or not, with the line of every fault."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from psqe.datasets.faults import Faults

SUFFIXES = (".nt", ".ttl", ".nt.gz", ".ttl.gz")
BASE = "folder:///"
"""Base that makes relative IRIs of Turtle absolute while they are read."""


def label(term: Any) -> str:
    """Return the identifier of an IRI or a blank node; a relative IRI is returned as it was written."""
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    return str(term.value).removeprefix(BASE) or "."


class Statements:
    """The statements of one file, to be read once.

    Parameters
    ----------
    path
        The file, with one of :data:`SUFFIXES`.
    faults
        Receives a file that cannot be read or has no statement, and text that is no statement. In N-Triples
        such a line is left out; in Turtle nothing after it is read.

    Attributes
    ----------
    broken
        Whether the file could not be read to its end.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "left.nt")
    ...     _ = file.write_text("<http://x.org/a> <http://x.org/knows> <http://x.org/b> .")
    ...     [(line, label(statement.object)) for line, statement in Statements(file, Faults())]
    [(1, 'http://x.org/b')]
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path = path
        self.broken = False
        self._faults = faults

    def __iter__(self) -> Iterator[tuple[int | None, Any]]:
        """Yield each statement after its line, which is ``None`` in Turtle."""
        before = self._faults.count
        any_statement = False
        try:
            open_file: Any = gzip.open if self.path.suffix == ".gz" else open
            with open_file(self.path, "rb") as stream:
                if stream.peek(3).startswith(b"\xef\xbb\xbf"):
                    stream.read(3)
                read = self._lines if ".nt" in self.path.suffixes[-2:] else self._turtle
                for statement in read(stream):
                    any_statement = True
                    yield statement
        except (OSError, EOFError, zlib.error) as error:
            self.broken = True
            self._faults.add(
                f"cannot be read ({getattr(error, 'strerror', None) or error})",
                path=self.path,
                remedy="put the file there, whole and readable",
            )
        if not any_statement and self._faults.count == before:
            self._faults.add("has no statement", path=self.path, remedy="write or fetch the file again")

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
        # Reading line by line takes three times as long as all at once, but gives every statement its line.
        for line, text in enumerate(stream, 1):
            try:
                yield from ((line, statement) for statement in ox.parse(text, ox.RdfFormat.N_TRIPLES))
            except SyntaxError as error:
                self._report(error, line, "correct this line, or delete it")

    def _turtle(self, stream: IO[bytes]) -> Iterator[tuple[None, Any]]:
        try:
            yield from (
                (None, statement) for statement in ox.parse(stream, ox.RdfFormat.TURTLE, base_iri=BASE)
            )
        except SyntaxError as error:
            self.broken = True
            self._report(error, error.lineno, "correct it; the rest was not read")

    def _report(self, error: SyntaxError, line: int | None, remedy: str) -> None:
        what = error.msg.partition(": ")[2] or error.msg
        what = what.removesuffix(f" (line {error.lineno})")
        self._faults.add(f"column {error.offset}: {what}", path=self.path, line=line, remedy=remedy)
