"""A graph without triples from one table: a row is an entity, and a column is an attribute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psqe.datasets.agreement import examine_side
from psqe.datasets.cut_numbers import remedy_for_repeated
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import named_image
from psqe.datasets.labels import readable_name
from psqe.datasets.link_files import read_links
from psqe.datasets.tables import read_columns
from psqe.datasets.tables.forms import ENTITY_WORDS, IMAGE_WORDS, NAME_WORDS, plain_word
from psqe.errors import DataError
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Side

NO_NAMES = "-"
"""What is given as the column of names for a table that has none."""

_RIVALS = {
    "id": {"entity", "entityid", "id", "uri", "iri", "qid", "identifier"},
    "name": {"name", "label", "title"},
}
"""Words of which a table often has two, so that the choice is reported."""

_ADDRESS = re.compile(r"(?:https?|ftp)://|//|www\.", re.IGNORECASE)


@dataclass(frozen=True)
class EntityColumns:
    """Which columns of a table hold the identifiers and the names.

    Parameters
    ----------
    entity
        The column with the identifiers; by default the one with a known name, such as ``id``.
    name
        The column with the names; by default the one with a known name, such as ``name`` or
        ``title``. :data:`NO_NAMES` for none: then names are the words of the identifiers.
    options
        ``"left"`` or ``"right"`` if messages should name the options of the command line that choose the
        columns of this side; empty, the default, if there are no options.

    Examples
    --------
    >>> EntityColumns(name="nom").entity is None
    True
    """

    entity: str | None = None
    name: str | None = None
    options: Side | Literal[""] = ""


@dataclass(frozen=True)
class _Places:
    """The positions of the columns."""

    entity: int
    name: int | None
    image: int | None


def read_entities(
    path: Path, faults: Faults, columns: EntityColumns | None = None, *, name: str = ""
) -> KnowledgeGraph | None:
    """Read a table with one row for each entity as a graph without triples.

    Parameters
    ----------
    path
        The table, with a header; see :func:`psqe.datasets.tables.read_columns`.
    faults
        Receives everything that is wrong with the table.
    columns
        Which columns hold the identifiers and the names; found by known words when omitted.
    name
        Name of the graph; that of the file when omitted.

    Returns
    -------
    KnowledgeGraph or None
        All columns but those of the identifiers, the names and the images are attributes, and an empty cell
        is no value. A column with a name such as ``image`` or ``photo`` has the images; its
        paths are relative to the folder of the table. ``None`` after a fault without which there is no graph.
    """
    columns = EntityColumns() if columns is None else columns
    draft, lines = GraphDraft(), dict[str, int]()
    places: _Places | None = None
    header: list[str] = []
    n_addresses = 0
    told = faults.count
    for line, cells in read_columns(path, faults):
        if not header:
            header = cells
            places = _places(path, line, header, columns, faults)
            if places is None:
                return None
            draft.begin("attributes" if places.name is None else "names", path)
            draft.pass_header()
            continue
        assert places is not None
        if _is_new(path, line, cells[places.entity], header[places.entity], lines, faults):
            n_addresses += _add_row(draft, path, line, header, cells, places, faults)
    if n_addresses and places is not None and places.image is not None:
        faults.note(
            f"the column {header[places.image]!r} has {n_addresses:,} web addresses, which are not fetched",
            path=path,
            remedy="download the images, and write their paths into the column",
        )
    if not draft.index:
        if faults.count == told:
            faults.add("has no row under a header", path=path, remedy="write one row for each entity")
        return None
    examine_side(draft, path, faults)
    named = places is not None and places.name is not None
    return draft.build(
        name or path.name.partition(".")[0],
        faults,
        readable=None if named else readable_name,
        candidates=None,
    )


def read_entity_pair(
    tables: Sequence[Path], columns: Sequence[EntityColumns], links: Path | None = None
) -> AlignmentTask:
    """Read two tables with one row for each entity as an alignment task.

    Parameters
    ----------
    tables
        The left and the right table, see :func:`read_entities`.
    columns
        Which columns hold the identifiers and the names, for the left and for the right table.
    links
        A file of gold links between the two, see :func:`psqe.datasets.link_files.read_links`; ``None``, the
        default, if none are known.

    Returns
    -------
    AlignmentTask
        The task, its entities in the order of the alphabet.

    Raises
    ------
    DataError
        If the two tables are one file, or at the first fault of a file.

    Warns
    -----
    PsqeWarning
        If records were left out, or a choice was made that may be another than was meant.
    """
    faults = Faults()
    if tables[0].resolve() == tables[1].resolve():
        raise DataError("is given twice", path=tables[0], remedy="give the tables of both sides")
    left, right = (
        read_entities(path, faults, chosen, name=f"{path.name.partition('.')[0]}-{side}")
        for path, chosen, side in zip(tables, columns, SIDES, strict=True)
    )
    assert left is not None and right is not None  # unless faults are gathered, the first one is raised
    gold = None if links is None else read_links(links, left, right, faults)
    faults.close()
    return AlignmentTask(f"{tables[0].name} and {tables[1].name}", left, right, gold)


def describes_entities(header: Sequence[str]) -> bool:
    """Return whether a header has a column of identifiers and one of names, by known words.

    Examples
    --------
    >>> describes_entities(["id", "title", "price"]), describes_entities(["ltable_id", "rtable_id", "label"])
    (True, False)
    """
    entity = _known(header, ENTITY_WORDS, taken=[])
    return entity is not None and _known(header, NAME_WORDS, taken=[entity]) is not None


def _places(
    path: Path, line: int, header: list[str], columns: EntityColumns, faults: Faults
) -> _Places | None:
    if len(set(header)) < len(header):
        twice = next(cell for cell in header if header.count(cell) > 1)
        faults.add(
            f"has two columns {twice!r}", path=path, line=line, remedy="give each column a name of its own"
        )
        return None
    found: list[int | None] = []
    for chosen, words, what, option in (
        (columns.entity, ENTITY_WORDS, "identifiers", "id"),
        (columns.name, NAME_WORDS, "names", "name"),
    ):
        place = None
        if chosen is None:
            place = _known(header, words, taken=found)
        elif chosen in header:
            place = header.index(chosen)
        if place is None and not (option == "name" and chosen == NO_NAMES):
            why = f"no column is called {chosen!r}" if chosen else f"no column is known to hold the {what}"
            how = f"call the column of the {what} {option!r}, or name it in an option of psqe data convert"
            if columns.options:
                how = f"name the column by --{columns.options}-{option}"
            none = f", or give --{columns.options}-name {NO_NAMES} if there is none"
            faults.add(
                f"{why}; its columns are {', '.join(f'{cell:.40}' for cell in header[:20])}",
                path=path,
                line=line,
                remedy=how + (none if option == "name" and columns.options else ""),
            )
            return None
        rivals = [cell for i, cell in enumerate(header) if i != place and plain_word(cell) in _RIVALS[option]]
        if chosen is None and place is not None and rivals:
            faults.note(
                f"the {what} are those of the column {header[place]!r}, and {rivals[0]!r} is an attribute",
                path=path,
                remedy=f"if it should be the other way round, give --{columns.options}-{option} {rivals[0]}"
                if columns.options
                else "if it should be the other way round, exchange the names of the two columns",
            )
        found.append(place)
    entity, name = found
    assert entity is not None
    return _Places(entity, name, _known(header, IMAGE_WORDS, taken=found))


def _known(header: Sequence[str], words: Sequence[str], *, taken: Sequence[int | None]) -> int | None:
    """Return the column that is called by a word or, if it is the only one, that ends or begins in one."""
    plain = [plain_word(cell) for cell in header]
    for word in words:
        if len(word) > 1 and word in plain and plain.index(word) not in taken:
            return plain.index(word)
    parts = [re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", cell) for cell in header]
    ends = [
        i
        for i, part in enumerate(parts)
        if i not in taken and {part[0].lower(), part[-1].lower()} & set(words[:3])
    ]
    return ends[0] if len(ends) == 1 else None


def _is_new(path: Path, line: int, entity: str, column: str, lines: dict[str, int], faults: Faults) -> bool:
    """Return whether a row has an identifier that no other row has."""
    what = remedy = ""
    if not entity.strip():
        what, remedy = f"the column {column!r} is empty", "give each row an identifier"
    elif entity != entity.strip():
        what, remedy = f"the column {column!r} has blanks around {entity.strip()!r}", "remove them"
    elif entity in lines:
        what = f"{entity!r} is in the column {column!r} already, in line {lines[entity]}"
        remedy = remedy_for_repeated(entity, "keep one row for each entity")
    if what:
        faults.add(what, path=path, line=line, remedy=remedy)
        return False
    lines[entity] = line
    return True


def _add_row(
    draft: GraphDraft,
    path: Path,
    line: int,
    header: Sequence[str],
    cells: Sequence[str],
    places: _Places,
    faults: Faults,
) -> bool:
    """Add an entity with its name, image and attributes; return whether its image is a web address."""
    entity = draft.entity(cells[places.entity])
    address = False
    for place, (column, cell) in enumerate(zip(header, cells, strict=True)):
        if place == places.name:
            draft.add_name(entity, cell)
        elif place == places.entity or not cell.strip():
            continue
        elif place != places.image:
            draft.add_attribute(entity, column, cell)
        elif _ADDRESS.match(cell.strip()):
            address = True
        elif image := named_image(path.parent, cell, faults, within=path.parent, source=path, line=line):
            draft.images[entity] = image
    return address
