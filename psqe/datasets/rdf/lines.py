"""Statements of N-Triples and N-Quads, one a line: a bad line never hides the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import pyoxigraph as ox

from psqe.datasets.rdf.repairs import repaired, with_quotes_escaped

CHUNK = 1 << 18
MAX_LINE = 16_000_000
"""Number of bytes of the longest line that is read; the parser takes a little more."""
TOO_LONG = f"is longer than {MAX_LINE // 1_000_000} MB"
NOT_UTF8 = "bytes that are not UTF-8"
"""What :func:`fault_of` says of them, whatever the parser says."""
_UNDECODED = re.compile(rb"<[^<>\"]*\xef\xbf\xbd[^<>\"]*>")
MAX_JOINED = 100
"""Number of lines that a literal with line breaks may span."""


@dataclass(frozen=True)
class Line:
    """A line with its statements.

    Attributes
    ----------
    number
        The line's number, from 1.
    statements
        The statements of the line, none if it could not be read.
    fault
        What is wrong with the line; ``None`` if nothing is.
    """

    number: int
    statements: tuple[Any, ...]
    fault: str | None = None


def lines_of(stream: IO[bytes], base: str) -> Iterator[Line]:
    r"""Yield the lines of a stream that are neither blank nor comments.

    Parameters
    ----------
    stream
        N-Triples or N-Quads in UTF-8.
    base
        Base of relative IRIs, which are not valid in these formats.

    Examples
    --------
    >>> import io
    >>> [bool(line.fault) for line in lines_of(io.BytesIO(b"<a:a> <a:b> <a:c> .\nwhat?\n"), "a:")]
    [False, True]
    """
    number = 1
    for block in _blocks(stream):
        if isinstance(block, int):
            yield Line(number, (), TOO_LONG)
            number += 1
            continue
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        said = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(b"#")]
        statements = _strict(block)
        if statements is not None and len(statements) == len(said):
            yield from (Line(number + i, (statement,)) for i, statement in zip(said, statements, strict=True))
        else:
            yield from _one_by_one(lines, said, number, base)
        number += len(lines)


def _blocks(stream: IO[bytes]) -> Iterator[bytes | int]:
    """Yield whole lines, many at once; the number of bytes in place of a line that is too long."""
    rest = b""
    while chunk := stream.read(CHUNK):
        rest += chunk
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > MAX_LINE:
            size, after = len(rest), b""
            rest = b""
            while not after and (chunk := stream.read(CHUNK)):
                before, newline, after_newline = chunk.partition(b"\n")
                size += len(before)
                if newline:
                    rest = after = after_newline
                    break
            yield size
    if rest:
        yield rest


def _strict(block: bytes) -> list[Any] | None:
    try:
        return list(ox.parse(block, ox.RdfFormat.N_QUADS))
    except (SyntaxError, MemoryError):  # the parser says MemoryError of a line that is too long
        return None


def _one_by_one(lines: list[bytes], said: list[int], number: int, base: str) -> Iterator[Line]:
    done = -1
    for i in said:
        if i <= done:
            continue
        line = lines[i]
        if len(line) > MAX_LINE:
            yield Line(number + i, (), TOO_LONG)
            continue
        try:
            yield Line(number + i, tuple(ox.parse(line, ox.RdfFormat.N_QUADS)))
            continue
        except SyntaxError as error:
            fault = fault_of(error)
        statements = _meant(line, base)
        if not statements and _quotes(line) % 2:
            last = next(
                (j for j in range(i + 1, min(i + MAX_JOINED, len(lines))) if _quotes(lines[j]) % 2), i
            )
            joined = b"\n".join(lines[i : last + 1])
            statements = _lenient(repaired(joined)) if last > i else ()
            done = last if len(statements) == 1 else done
            statements = statements if len(statements) == 1 else ()
        yield Line(number + i, statements, fault)


def _quotes(line: bytes) -> int:
    return line.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')


def _meant(line: bytes, base: str) -> tuple[Any, ...]:
    """Return the statements of a line that is not valid, as it was meant; none where that is not plain."""
    if statements := _lenient(line):
        return statements
    line = repaired(line)
    if _UNDECODED.search(line):
        return ()
    if not line.rstrip().endswith(b"."):
        line = line.rstrip() + b" ."
    for text in (line, with_quotes_escaped(line)):
        if statements := _lenient(text):
            return statements
    try:
        return tuple(ox.parse(line, ox.RdfFormat.TRIG, base_iri=base, lenient=True))
    except SyntaxError:
        return ()


def _lenient(text: bytes) -> tuple[Any, ...]:
    try:
        return tuple(ox.parse(text, ox.RdfFormat.N_QUADS, lenient=True))
    except SyntaxError:
        return ()


def fault_of(error: SyntaxError) -> str:
    """Return what a parser says of a statement, with the column but without the line."""
    what = error.msg.partition(": ")[2] if error.msg.startswith("Parser error") else error.msg
    if "Invalid UTF-8" in what:
        what = NOT_UTF8
    return f"column {error.offset}: {what}" if error.offset else what
