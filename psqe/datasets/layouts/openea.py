"""The layout of OpenEA: triples, attributes and links by URI.

Text in UTF-8, one record a line, columns separated by tabs, no header:

=========================================  ================================  ==========
file, left and right                       columns                           there
=========================================  ================================  ==========
``rel_triples_1``, ``rel_triples_2``       head, relation, tail              always
``attr_triples_1``, ``attr_triples_2``     entity, attribute, value          optionally
``ent_links``                              left entity, right entity         optionally
=========================================  ================================  ==========

Where every line of a file ends in ``.`` after a blank or a tab, as the statements of N-Triples do, this full
stop is no part of the last cell. Where there is no ``ent_links``, gold links are those of all splits of the
first fold together: ``721_5fold/1/train_links``, ``valid_links`` and ``test_links``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psqe.datasets.agreement import examine_side
from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import LinkDraft
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.labels import bare, readable_name
from psqe.datasets.tables import plain_rows, present_files
from psqe.files import is_there, open_file
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph, counted

DESCRIPTION = "OpenEA: rel_triples_1, rel_triples_2"
FOLD = "721_5fold/1"
SPLITS = ("train_links", "valid_links", "test_links")

TYPED = re.compile(
    r'"(.*)"(?:\^\^(?:<[^<>"\s]*>|[^<>"\s]+)|@[A-Za-z]+(?:-[A-Za-z0-9]+)*)(?:\s*\.)?', re.DOTALL
)
PLAIN = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s*\.)?', re.DOTALL)
"""Literals with a type or a language, in which quotes need no escape, and literals without either."""

ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([tbnrf\"'\\]))")
ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
STOP = re.compile(r"(?:^|(?<=>)|\s+)\.\s*$")
"""The full stop that ends a statement."""

SEVERAL = 3
"""Number of lines from which a full stop at the end of every one is no accident."""

ENCODED = re.compile(r"E\d{6}")


def recognises(folder: Path) -> bool:
    """Return whether a folder has files of this layout."""
    return any(is_there(folder / f"rel_triples_{side}") for side in (1, 2))


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    names = [f"{kind}_triples_{side}" for side in (1, 2) for kind in ("rel", "attr")]
    names += ["ent_links", *(f"{FOLD}/{split}" for split in SPLITS)]
    return present_files(folder, names)


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above. Languages are read from its name if it begins as ``EN_FR_15K_V1`` does.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        Entities and relations are in the order of their URIs, whatever the order of the lines. An entity may
        have attributes alone. All entities are candidates. ``names`` are the words of the URIs; the numbers
        of Wikidata, and those by which OpenEA 2.0 hides names (``E513085``), are no names.

        A literal, such as ``"1.5"^^<http://www.w3.org/2001/XMLSchema#double>`` or ``"text"@en``, becomes its
        lexical value; any other value is kept as it stands. Tabs in a value belong to it. ``None`` after
        gathered faults without which there is no graph.

    Raises
    ------
    DataError
        If a file is missing, empty or not UTF-8; if a line has another number of columns or an empty cell
        where none may be; or if no entity with attributes occurs in a triple. The error names the file and,
        where there is one, the line.

    Warns
    -----
    PsqeWarning
        If a line of attributes has fewer than three columns, because its value continues in the next line.
        The reader of OpenEA passes over such lines, too. If a link names an unknown entity: it is left out.
    """
    sources = files(folder)
    language = re.match("([A-Z]{2})_([A-Z]{2})(?:_|$)", folder.absolute().name)
    graphs = []
    for side in (1, 2):
        spoken = language[side].lower() if language else None
        graphs.append(_graph(folder, side, spoken, sources[f"attr_triples_{side}"], faults))
    left, right = graphs
    if not left.n_entities or not right.n_entities:
        return None
    refused = [
        faults.in_files([folder / f"rel_triples_{side}", folder / f"attr_triples_{side}"]) for side in (1, 2)
    ]
    links = LinkDraft(left, right, faults, refused)
    return AlignmentTask(name, left, right, _links(folder, sources, links, faults))


def _graph(
    folder: Path, side: int, language: str | None, attributes: Path | None, faults: Faults
) -> KnowledgeGraph:
    draft = GraphDraft()
    path = folder / f"rel_triples_{side}"
    draft.begin("triples", path)
    for _, cells in _rows(path, 3, faults):
        head, relation, tail = map(_uri, cells)
        draft.add_triple(draft.entity(head), relation, draft.entity(tail))
    if attributes is not None:
        _add_attributes(draft, attributes, faults)
    examine_side(draft, path, faults, oversights=False)
    return draft.build(
        f"{folder.absolute().name}-{side}", faults, readable=_readable, language=language, catalogues=False
    )


def _rows(path: Path, n_columns: int, faults: Faults, **options: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file, without the full stop that ends every line where lines are statements."""
    if not _are_statements(path):
        yield from plain_rows(path, n_columns, faults, **options)
        return
    for line, cells in plain_rows(path, n_columns, faults, **{**options, "more": True}):
        cells[-1] = STOP.sub("", cells[-1])
        if len(cells) > 1 and not cells[-1]:
            del cells[-1]
        if len(cells) != n_columns and not options.get("more"):
            faults.add(
                f"expected {counted(n_columns, 'column')} and a full stop, found {len(cells)}", path=path,
                line=line, remedy="separate columns by tabs, and end each line in a blank and a full stop",
            )  # fmt: skip
            continue
        yield line, cells


def _are_statements(path: Path) -> bool:
    """Return whether every line ends in a full stop after a blank or a tab; false if it cannot be read."""
    n = 0
    try:
        with open_file(path) as stream:
            for content in stream:
                text = content.rstrip(b"\r\n \t")
                if text and not text.endswith((b" .", b"\t.", b">.")):
                    return False
                n += bool(text)
    except OSError:
        return False
    return n >= SEVERAL


def _add_attributes(draft: GraphDraft, path: Path, faults: Faults) -> None:
    draft.begin("attributes", path)
    for line, cells in _rows(path, 1, faults, more=True, gaps=True, optional_cells=range(2, 10**6)):
        if len(cells) < 3:
            faults.leave_out(
                f"expected 3 columns, found {len(cells)}",
                path=path,
                line=line,
                remedy="write entity, attribute and value into one line, separated by tabs",
            )
            continue
        entity = draft.entity(_uri(cells[0]))
        draft.add_attribute(entity, _uri(cells[1]), lexical_value("\t".join(cells[2:])))


def lexical_value(text: str) -> str:
    """Return the value of a literal of N-Triples, its escapes undone; other text is returned as it is.

    Examples
    --------
    >>> lexical_value('"1.5"^^<http://www.w3.org/2001/XMLSchema#double>')
    '1.5'
    >>> lexical_value('1.5')
    '1.5'
    """
    text = text.strip()
    literal = TYPED.fullmatch(text) or PLAIN.fullmatch(text)
    return ESCAPE.sub(_unescaped, literal[1]) if literal else text


def _unescaped(escape: re.Match[str]) -> str:
    if escape[3]:
        return ESCAPED.get(escape[3], escape[3])
    code = int(escape[1] or escape[2], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return escape[0]  # no character
    return chr(code)


def _uri(cell: str) -> str:
    cell = cell.strip()
    if "://" in cell:
        cell = STOP.sub("", cell)  # a URI has no blank, so that a full stop after one ends a statement
    return bare(cell) or cell


def _readable(uri: str) -> str | None:
    name = readable_name(uri)
    return None if name is None or ENCODED.fullmatch(name) else name


def _links(
    folder: Path, sources: dict[str, Path | None], links: LinkDraft, faults: Faults
) -> IntArray | None:
    paths = [folder / "ent_links"]
    if sources["ent_links"] is None:
        # All splits are needed: one split without the others holds only some of the links.
        paths = [folder / f"{FOLD}/{split}" for split in SPLITS]
        if not any(sources[f"{FOLD}/{split}"] for split in SPLITS):
            return None
    for path in paths:
        for line, cells in _rows(path, 2, faults, gaps=True, empty=True):
            links.add(_uri(cells[0]), _uri(cells[1]), path, line)
    return links.array(paths[0])
