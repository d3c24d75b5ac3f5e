"""Files of gold links: tables, SSSOM tables, statements in RDF, and the alignment format of OAEI."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from psqe.datasets.exchanged_links import exchanged_rows
from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import LinkDraft
from psqe.datasets.link_names import TABLES
from psqe.datasets.oaei import alignment_cells, looks_like_alignment, says_same, tell_other_cells
from psqe.datasets.own_outputs import is_marked
from psqe.datasets.packed import UNREADABLE
from psqe.datasets.rdf.statements import Statements
from psqe.datasets.rdf.statements import label as label_of
from psqe.datasets.rdf.streams import opened
from psqe.datasets.spelling import shown
from psqe.datasets.sssom import looks_like_sssom, sssom_mappings
from psqe.datasets.tables import read_table
from psqe.graph import IntArray, KnowledgeGraph, counted

EQUIVALENCES = frozenset(
    {
        "http://www.w3.org/2002/07/owl#sameAs",
        "http://www.w3.org/2002/07/owl#equivalentClass",
        "http://www.w3.org/2002/07/owl#equivalentProperty",
        "http://www.w3.org/2004/02/skos/core#exactMatch",
        "http://schema.org/sameAs",
        "https://schema.org/sameAs",
    }
)
"""The predicates of statements that are links."""

_HEAD = 1 << 14
_RDF = re.compile(
    rb"(\s*#[^\n]*\n)*\s*(@prefix\s|prefix\s+[\w.-]*:\s*<|@base\s|<\?xml|<!DOCTYPE|<rdf:RDF"
    rb"|(<[^>\s]+>|_:\S+)\s+<[^>\s]+>\s+(<[^>\s]+>|_:\S+|\"[^\n]*\")\s*\.)",
    re.IGNORECASE,
)
"""The beginning of statements in RDF, which may be in a file with the ending of a table."""

_CELL = re.compile(r"http://knowledgeweb\.semanticweb\.org/heterogeneity/alignment#?(\w+)")
"""The predicates of an alignment that was written in another format of RDF than XML."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One pair of a file: the spellings of its first and of its second entity, and its line.

    A symmetric record says the same with its entities exchanged.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    line: int | None
    symmetric: bool = False


def read_links(
    path: Path,
    left: KnowledgeGraph,
    right: KnowledgeGraph,
    faults: Faults,
    *,
    label: Callable[[str], str] = str,
    refused: Sequence[Sequence[Path]] = ((), ()),
) -> IntArray | None:
    """Read gold links of any format, which the content decides wherever it contradicts the ending.

    Formats are tables with the columns left and right, SSSOM tables, statements in RDF with a predicate of
    :data:`EQUIVALENCES`, and the alignment format of OAEI. A file that names the right entity first is read
    as well. Statements in RDF can name either entity first.

    A file with nothing but empty lines and comments is worth a note, and has no links.

    Parameters
    ----------
    path
        The file.
    left, right
        The two graphs.
    faults
        Receives everything that is wrong with the file.
    label
        Function from a cell of a table to an identifier; by default the cell is the identifier.
    refused
        For each side the files in which faults were gathered, see
        :class:`psqe.datasets.gold_links.LinkDraft`; none by default.

    Returns
    -------
    numpy.ndarray or None
        Integer array ``(n_links, 2)``, sorted by left and then by right entity; ``None`` without a link.
    """
    links = LinkDraft(left, right, faults, refused)
    head = _head(path)
    if head is not None and is_marked(head):
        faults.note(
            "was written by psqe: its links are predictions, but they are read as gold links",
            path=path,
            remedy="delete the file or, if someone has checked the links, only the comment that says this",
        )
    if head is not None and len(head) < _HEAD and _is_blank(head, links):
        return links.array(path)
    records = list(_records(path, head or b"", faults, label))
    _add_all(records, links, path, faults)
    return links.array(path)


def _records(path: Path, head: bytes, faults: Faults, label: Callable[[str], str]) -> Iterable[_Record]:
    if looks_like_alignment(head):
        return _opened(path, faults, _cells)
    if looks_like_sssom(head):
        return _opened(path, faults, _mappings)
    if path.name.lower().endswith(TABLES) and not _RDF.match(head):
        return (
            _Record((label(cells[0]),), (label(cells[1]),), line)
            for line, cells in read_table(path, "links", faults)
        )
    return _statements(path, faults)


def _head(path: Path) -> bytes | None:
    """Return the first bytes of a file; ``None`` if it cannot be read, which its reader reports."""
    try:
        with opened(path) as stream:
            return stream.read(_HEAD)
    except UNREADABLE:
        return None


def _is_blank(text: bytes, links: LinkDraft) -> bool:
    """Return whether a text has only empty lines and comments, which begin with ``#``.

    A line that begins with an entity of a graph is no comment, as ``#rome`` in Turtle is a relative IRI.
    """
    lines = text.decode("utf-8-sig", "replace").splitlines()
    first_cells = [re.split(r"[\t,;|]", line.strip(), maxsplit=1)[0] for line in lines]
    return all(
        cell[:1] in ("", "#") and not any(cell in entities for entities in links.index)
        for cell in first_cells
    )


def _opened(
    path: Path, faults: Faults, reader: Callable[[IO[bytes], Path, Faults], Iterator[_Record]]
) -> Iterator[_Record]:
    try:
        with opened(path) as stream:
            yield from reader(stream, path, faults)
    except UNREADABLE as error:
        faults.add(
            f"cannot be read ({getattr(error, 'strerror', None) or error})",
            path=path,
            remedy="put the file there, whole and readable",
        )


def _cells(stream: IO[bytes], path: Path, faults: Faults) -> Iterator[_Record]:
    for line, first, second in alignment_cells(stream, path, faults):
        yield _Record((first,), (second,), line)


def _mappings(stream: IO[bytes], path: Path, faults: Faults) -> Iterator[_Record]:
    for line, first, second in sssom_mappings(stream, path, faults):
        yield _Record(first, second, line)


def _statements(path: Path, faults: Faults) -> Iterator[_Record]:
    others: Counter[str] = Counter()
    cells: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line, statement in Statements(path, faults):
        predicate = statement.predicate.value
        part = _CELL.fullmatch(predicate)
        if part:
            cells[str(statement.subject)][part[1]] = label_of(statement.object)
        elif predicate not in EQUIVALENCES:
            others[predicate] += 1
        elif not all(
            isinstance(term, ox.NamedNode | ox.Literal) for term in (statement.subject, statement.object)
        ):
            faults.add("links something that has no IRI", path=path, line=line, remedy="delete the statement")
        else:
            yield _Record((label_of(statement.subject),), (label_of(statement.object),), line, symmetric=True)
    yield from _described_cells(cells, path, faults)
    if others and not cells:
        counts = ", ".join(f"{name} {n:,}" for name, n in others.most_common(3))
        more = f" and {len(others) - 3} other predicates" if len(others) > 3 else ""
        faults.note(
            f"statements that do not say that two entities are the same, and are no links: {counts}{more}",
            path=path,
            remedy="write owl:sameAs into those that are links",
        )


def _described_cells(cells: Mapping[str, Mapping[str, str]], path: Path, faults: Faults) -> Iterator[_Record]:
    """Yield the cells of an alignment whose parts are statements."""
    others: Counter[str] = Counter()
    for _, cell in sorted(cells.items()):
        if "entity1" in cell and "entity2" in cell and says_same(cell, others):
            yield _Record((cell["entity1"],), (cell["entity2"],), None)
    tell_other_cells(others, path, faults)


def _add_all(records: list[_Record], links: LinkDraft, path: Path, faults: Faults) -> None:
    """Add the records to the links, in the direction in which they name the entities of the two graphs."""
    known = [_known(record, links) for record in records]
    if _starts_with_header(records, known, links):
        faults.note(
            f"the first row, {records[0].first[-1]} and {records[0].second[-1]}, is taken for a header, "
            "since no entity has such an identifier",
            path=path,
            remedy="delete it, or correct it if it is a link",
        )
        del records[0], known[0]
    n_reversed = sum(reverse and not forward for forward, reverse in known)
    n_both = sum(forward and reverse for forward, reverse in known)
    n_forward = sum(forward and not reverse for forward, reverse in known)
    symmetric = bool(records) and records[0].symmetric
    if n_reversed and n_forward and n_both and not symmetric:
        faults.add(
            f"names the left entity first in {counted(n_forward, 'line')} and the right one in "
            f"{n_reversed:,}, and {counted(n_both, 'line')} can be read in both ways",
            path=path,
            remedy="name the left entity first in all lines",
        )
        return
    if n_reversed and not symmetric:
        faults.note(
            f"names the right entity first in {n_reversed:,} of {len(records):,} lines, and is read that way",
            path=path,
            remedy="name the left entity first",
        )
    elif n_both and n_both == len(records) and not symmetric:
        _note_exchanged(records, links, path, faults)
    for record, (forward, reverse) in zip(records, known, strict=True):
        first, second = record.first, record.second
        if (reverse and not forward) or (n_reversed and not n_forward):
            first, second = second, first
        links.add(_spelling(first, links, 0), _spelling(second, links, 1), path, record.line)


def _note_exchanged(records: list[_Record], links: LinkDraft, path: Path, faults: Faults) -> None:
    """Note that some links look exchanged, where every link could be read either way."""
    lines: dict[tuple[str, str], int | None] = {}
    for record in records:
        lines.setdefault((_spelling(record.first, links, 0), _spelling(record.second, links, 1)), record.line)
    pairs = list(lines)
    rows = exchanged_rows(pairs)
    if rows:
        example = " and ".join(map(shown, pairs[rows[0]]))
        faults.note(
            f"has entities in several links, which would be in one link each if the columns of "
            f"{counted(len(rows), 'line')} were exchanged, for example {example}",
            path=path,
            line=lines[pairs[rows[0]]],
            remedy="name the left entity first in all lines, unless entities have several counterparts",
        )


def _starts_with_header(records: list[_Record], known: list[tuple[bool, bool]], links: LinkDraft) -> bool:
    """Return whether the first row of a table names no entity of either graph and all other rows name two."""
    if len(records) < 3 or records[0].symmetric or any(known[0]) or not all(map(any, known[1:])):
        return False
    ends = (*records[0].first, *records[0].second)
    return not any(end in index for end in ends for index in links.index)


def _known(record: _Record, links: LinkDraft) -> tuple[bool, bool]:
    """Return whether both entities of a record are known, as they stand and the other way round."""
    left, right = links.index
    return (
        any(one in left for one in record.first) and any(one in right for one in record.second),
        any(one in right for one in record.first) and any(one in left for one in record.second),
    )


def _spelling(spellings: tuple[str, ...], links: LinkDraft, side: int) -> str:
    """Return the first spelling that the graph of a side knows; the last one if it knows none."""
    return next((one for one in spellings if one in links.index[side]), spellings[-1])
