"""Statements of files in N-Triples and Turtle, compressed or not, with the line of whatever is wrong."""

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
"""What relative IRIs of Turtle are relative to."""


def label(term: Any) -> str:
    """What an IRI or a blank node is called; a relative IRI as it was written."""
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    return str(term.value).removeprefix(BASE) or "."


class Statements:
    """The statements of one file, to be read once.

    Parameters
    ----------
    path
        With one of :data:`SUFFIXES`.
    faults
        Told of a file that cannot be read or has no statement, and of what is no statement. In N-Triples such
        a line is left out; in Turtle nothing behind it is read.

    Attributes
    ----------
    broken
        Whether the file could not be read to its end.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path = path
        self.broken = False
        self._faults = faults

    def __iter__(self) -> Iterator[tuple[int | None, Any]]:
        """Each statement, with its line in N-Triples."""
        before = self._faults.count
        any_statement = False
        try:
            open_file: Any = gzip.open if self.path.suffix == ".gz" else open
            with open_file(self.path, "rb") as stream:
                if stream.peek(3).startswith(b"\xef\xbb\xbf"):
                    stream.read(3)
                read = self._lines if ".nt" in self.path.suffixes[-2:] else self._turtle
                for found in read(stream):
                    any_statement = True
                    yield found
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
        # Line by line takes three times as long as all at once, but every statement has its line.
        for line, text in enumerate(stream, 1):
            try:
                yield from ((line, statement) for statement in ox.parse(text, ox.RdfFormat.N_TRIPLES))
            except SyntaxError as error:
                self._tell(error, line, "correct this line, or delete it")

    def _turtle(self, stream: IO[bytes]) -> Iterator[tuple[None, Any]]:
        try:
            yield from (
                (None, statement) for statement in ox.parse(stream, ox.RdfFormat.TURTLE, base_iri=BASE)
            )
        except SyntaxError as error:
            self.broken = True
            self._tell(error, error.lineno, "correct it; what comes behind was not read")

    def _tell(self, error: SyntaxError, line: int | None, remedy: str) -> None:
        what = error.msg.partition(": ")[2] or error.msg
        what = what.removesuffix(f" (line {error.lineno})")
        self._faults.add(f"column {error.offset}: {what}", path=self.path, line=line, remedy=remedy)
