"""Statements of RDF files in any format, compressed or not, with the line of every fault."""

from __future__ import annotations

import codecs
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from psqe.datasets.faults import LISTED, Faults, listed
from psqe.datasets.packed import UNREADABLE, stream_of
from psqe.datasets.rdf.documents import DocumentError, MalformedXmlError, check_json, check_xml
from psqe.datasets.rdf.formats import HEAD, PARSERS, SUFFIXES, format_of
from psqe.datasets.rdf.lines import MAX_LINE, NOT_UTF8, fault_of, lines_of
from psqe.datasets.rdf.repairs import CHUNK, repaired_text, repaired_xml
from psqe.datasets.rdf.streams import opened
from psqe.errors import DataError
from psqe.graph import counted

__all__ = ["BASE", "SUFFIXES", "Statements", "label"]

BASE = "folder:///"
"""Base that makes relative IRIs absolute while they are read."""
MAX_FAULTS = 10_000
"""Number of faults after which a file in Turtle is given up."""

IN_UTF8 = "save the file as UTF-8"
"""What to do about bytes that are not UTF-8."""

Reading = Callable[[bool], AbstractContextManager[Iterator[Any]]]


def label(term: Any) -> str:
    """Return the identifier of an IRI or a blank node; a relative IRI is returned as it was written."""
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    return str(term.value).removeprefix(BASE) or "."


class Statements:
    """The statements of one file, whose named graphs count as one graph.

    The format is what the content is: N-Triples, N-Quads, Turtle, TriG, N3, RDF/XML or JSON-LD, and the
    ending decides only where several fit. Files compressed by gzip, bzip2, xz or Zstandard are unpacked.
    Text that is no valid RDF is read as it was meant where that is plain: IRIs with blanks or with other
    characters that should be escaped, any language tag, bytes that are not UTF-8, a line without its dot.
    What remains is left out, and reading goes on behind it.

    Parameters
    ----------
    path
        The file.
    faults
        Receives a file that cannot be read, has no statement, or has more faults than statements. Also
        receives the statements that were left out, with the line of each where the format has lines, and
        a note on how many were read although they are not valid.

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
        self._n_left_out = 0
        self._first_left_out: tuple[int | None, str] = (None, "")
        self._n_statements = 0

    def __iter__(self) -> Iterator[tuple[int | None, Any]]:
        """Yield each statement after its line, which is ``None`` in formats that have no lines.

        A statement has the attributes ``subject``, ``predicate``, ``object`` and ``graph_name``.
        """
        before = self._faults.count
        graphs: set[str] = set()
        try:
            with closing(opened(self.path)) as stream:
                form = format_of(stream.peek(HEAD)[:HEAD], self.path)
            read = {"lines": self._read_lines, "xml": self._read_xml, "json": self._read_json}
            for line, statement in read.get(form, self._read_text)(form):
                if form == "n3" and isinstance(statement.graph_name, ox.BlankNode):
                    self._leave_out(None, "is inside a formula of N3")
                    continue
                self._n_statements += 1
                if len(graphs) < 3:
                    graphs.add(str(statement.graph_name))
                yield line, statement
        except DocumentError as error:
            self._break(error.what, error.remedy, error.line)
        except DataError as error:
            self.broken = True
            self._faults.put(error)
        except MemoryError as error:
            if "buffer" not in str(error):  # memory is short, and not the parser's buffer
                raise
            self._break(
                f"has a statement of more than {MAX_LINE // 1_000_000} MB",
                "shorten it, or leave it out of the file",
            )
        except UNREADABLE as error:
            what = getattr(error, "strerror", None) or error
            self._break(f"cannot be read ({what})", "put the file there, whole and readable")
        self._finish(len(graphs), before)

    def _finish(self, n_graphs: int, before: int) -> None:
        told = self._faults.count > before
        if self._n_left_out > self._n_statements and not self.broken:
            line, what = self._first_left_out
            remedy = _remedy(what, "write or fetch the file again")
            self._break(f"is mostly no RDF: {what}", remedy, line)
        elif not self._n_statements and not told:
            self._faults.add("has no statement", path=self.path, remedy="write or fetch the file again")
        if n_graphs > 1:
            self._faults.note(
                "has statements in several named graphs, which are read as one graph",
                path=self.path,
                remedy="if that is not meant, write the graph that is meant into a file of its own",
            )

    def _break(self, what: str, remedy: str, line: int | None = None) -> None:
        self.broken = True
        self._faults.add(what, path=self.path, line=line, remedy=remedy)

    def _leave_out(self, line: int | None, what: str) -> None:
        if not self._n_left_out:
            self._first_left_out = (line, what)
        self._n_left_out += 1
        remedy = _remedy(what, "correct or delete the statement, which was left out")
        self._faults.leave_out(what, path=self.path, line=line, remedy=remedy)

    def _note_repaired(self, count: int, places: Sequence[tuple[int | None, str]]) -> None:
        """Note text that was read as it was probably meant.

        Of so many places the first ones are given: the line, if it has one, and what is wrong there.
        """
        line, what = places[0]
        lines = list(dict.fromkeys(line for line, _ in places if line is not None))
        where = f" (lines {listed(lines)})" if len(lines) > 1 else ""
        if NOT_UTF8 in what:
            self._faults.note(
                f"has {NOT_UTF8}{where}, which are read as the replacement character U+FFFD",
                path=self.path,
                line=line,
                remedy=IN_UTF8,
            )
            return
        self._faults.note(
            f"is no valid RDF in {counted(count, 'place')}{where}, read as was probably meant; the first: "
            f"{what}",
            path=self.path,
            line=line,
            remedy="correct the file if that is not what you mean",
        )

    def _read_lines(self, _form: str) -> Iterator[tuple[int | None, Any]]:
        places: defaultdict[bool, list[tuple[int | None, str]]] = defaultdict(list)
        count: Counter[bool] = Counter()
        with closing(opened(self.path)) as stream:
            for line in lines_of(stream, BASE):
                if line.fault and not line.statements:
                    self._leave_out(line.number, line.fault)
                elif line.fault:
                    undecoded = NOT_UTF8 in line.fault
                    count[undecoded] += 1
                    if len(places[undecoded]) <= LISTED:
                        places[undecoded].append((line.number, line.fault))
                yield from ((line.number, statement) for statement in line.statements)
        for undecoded, found in places.items():
            self._note_repaired(count[undecoded], found)

    def _read_text(self, form: str) -> Iterator[tuple[None, Any]]:
        @contextmanager
        def reading(lenient: bool) -> Iterator[Iterator[Any]]:
            with closing(opened(self.path)) as stream:
                yield _parsed(stream_of(repaired_text(stream)) if lenient else stream, form, lenient)

        yield from self._best(reading)

    def _read_xml(self, form: str) -> Iterator[tuple[None, Any]]:
        malformed = False
        try:
            with closing(opened(self.path)) as stream:
                declared = check_xml(stream)
        except MalformedXmlError as error:
            malformed, declared = True, error.entities
            with closing(opened(self.path)) as stream:
                check_xml(stream_of(repaired_xml(stream, declared)))
            self._note_repaired(1, [(error.line, error.what if self._is_utf8() else NOT_UTF8)])

        @contextmanager
        def reading(lenient: bool) -> Iterator[Iterator[Any]]:
            with closing(opened(self.path)) as stream:
                repair = lenient or malformed
                yield _parsed(stream_of(repaired_xml(stream, declared)) if repair else stream, form, lenient)

        yield from self._best(reading, resumes=False)

    def _is_utf8(self) -> bool:
        """Return whether all bytes of the file can be decoded."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with closing(opened(self.path)) as stream:
                while chunk := stream.read(CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True

    def _read_json(self, form: str) -> Iterator[tuple[None, Any]]:
        with closing(opened(self.path)) as stream:
            text = check_json(stream.read())
        yield from self._best(
            lambda lenient: nullcontext(_parsed(BytesIO(text), form, lenient)), resumes=False
        )

    def _best(self, reading: Reading, *, resumes: bool = True) -> Iterator[tuple[None, Any]]:
        """Yield the statements of the strict reading, or of the lenient one if that reads more of the file.

        The parsers of some formats do not find the next statement after a fault (``resumes``).
        """
        strict = _Survey(reading, lenient=False)
        lenient = _Survey(reading, lenient=True) if strict.faults or not resumes else strict
        # A quote that is never closed swallows statements when literals may span lines.
        swallows = bool(lenient.faults) and any("Line jumps" in what for _, what in strict.faults)
        best = lenient if lenient.better_than(strict) and not swallows else strict
        if best.faults and (not resumes or len(best.faults) > MAX_FAULTS):
            line, what = best.faults[0]
            remedy = _remedy(what, "correct it, or write the file again")
            what = f"is mostly no RDF: {what}" if resumes else f"is no RDF that can be read: {what}"
            raise DocumentError(what, remedy, line)
        if best is not strict:
            undecoded = [fault for fault in strict.faults if NOT_UTF8 in fault[1]]
            if undecoded:  # further faults follow from these
                self._note_repaired(len(undecoded), undecoded)
            else:
                repaired = [fault for fault in strict.faults if fault not in best.faults]
                count = len(strict.faults) - len(best.faults) or best.n_statements - strict.n_statements
                self._note_repaired(count, repaired or [(None, "an IRI or a key is not absolute")])
        with reading(best is not strict) as statements:
            while True:
                try:
                    for statement in statements:
                        if best is not strict and _undecoded(statement):
                            self._leave_out(None, f"has {NOT_UTF8} in an IRI")
                        else:
                            yield None, statement
                    return
                except SyntaxError as error:
                    self._leave_out(error.lineno, fault_of(error))


def _remedy(what: str, otherwise: str) -> str:
    """Return what to do about a fault in the text of a file."""
    if NOT_UTF8 in what:
        return IN_UTF8
    prefix = re.search(r"The prefix (\S*:) has not been declared", what)
    if prefix is None:
        return otherwise
    declared = f"@prefix {prefix[1]} <...> ."
    return f"declare it with its namespace in the first line, as {declared} does, or {otherwise}"


def _undecoded(statement: Any) -> bool:
    """Return whether an IRI of a statement has a character that could not be decoded."""
    terms = (statement.subject, statement.predicate, statement.object)
    return any(isinstance(term, ox.NamedNode) and "\ufffd" in term.value for term in terms)


class _Survey:
    """What a parser says of a whole file: its faults, each with its line, and its number of statements."""

    def __init__(self, reading: Reading, *, lenient: bool) -> None:
        self.faults: list[tuple[int | None, str]] = []
        self.n_statements = 0
        with reading(lenient) as statements:
            while len(self.faults) <= MAX_FAULTS:
                try:
                    for _ in statements:
                        self.n_statements += 1
                    break
                except SyntaxError as error:
                    self.faults.append((error.lineno, fault_of(error)))

    def better_than(self, other: _Survey) -> bool:
        if self.faults or other.faults:
            return len(self.faults) < len(other.faults)
        return self.n_statements > other.n_statements


def _parsed(stream: IO[bytes], form: str, lenient: bool) -> Iterator[Any]:
    statements: Iterator[Any] = ox.parse(stream, PARSERS[form], base_iri=BASE, lenient=lenient)
    return statements
