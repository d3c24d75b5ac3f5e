"""The layout of a user's own pair: a folder for each side, with tables.

The sides are the subfolders ``left`` and ``right`` or, where there is neither, the two subfolders that have
tables, in the order of the alphabet. Tables are files of text or of Parquet with one record in a row:

====================  ==========================  =======================================================
table                 columns                     there
====================  ==========================  =======================================================
``triples.tsv``       head, relation, tail        optionally
``attributes.tsv``    entity, attribute, value    optionally; the value may be empty
``names.tsv``         entity, name                optionally
``images.tsv``        entity, path                optionally; paths are relative to the folder of the side
``images/``           files named by entities     optionally; read where there is no table of images
``candidates.tsv``    entity                      optionally; the entities that may have a counterpart
``links.tsv``         left, right                 optionally, beside the sides; other names and formats are
                                                  those of :mod:`psqe.datasets.link_names`
====================  ==========================  =======================================================

Each side needs triples, attributes or names; a side without triples is a graph without triples. A table may
end in ``.tsv``, ``.csv``, ``.txt`` or ``.parquet``, and tables of text may be compressed
(``names.csv.gz``). Separators, quotes and headers are those of :func:`psqe.datasets.tables.read_table`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from psqe.datasets.agreement import examine_side
from psqe.datasets.cut_numbers import remedy_for_repeated
from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import tell_unchecked
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import images_in, is_image, named_image
from psqe.datasets.labels import readable_name
from psqe.datasets.link_files import read_links
from psqe.datasets.link_names import find_links, link_files
from psqe.datasets.own_outputs import is_own_output
from psqe.datasets.spelling import Spellings, shown
from psqe.datasets.tables import COLUMNS, ENDINGS, read_table, table_file
from psqe.datasets.tables.dialects import ending
from psqe.datasets.tables.files import table_files
from psqe.datasets.unread_links import tell_unread_links
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph

DESCRIPTION = "a pair of your own: left/ and right/ with triples.tsv, names.tsv or attributes.tsv"
TABLES = (*COLUMNS, "candidates")
DESCRIBING = ("triples", "attributes", "names")
"""The tables of which a side needs at least one."""
_UNREAD = frozenset(
    [
        *(".tsv", ".csv", ".parquet", ".tab", ".dat", ".psv", ".xlsx", ".xls", ".ods"),
        *(".json", ".jsonl", ".ndjson", ".zip", ".feather", ".arrow"),
    ]
)
"""The endings of files that are tables, most likely, so that a file that is not read is reported."""


def recognises(folder: Path) -> bool:
    """Return whether a folder has the sides of this layout."""
    if any((folder / side).is_dir() for side in SIDES):
        return True
    sides = _with_tables(folder)
    return len(sides) > 1 or any(table_files(side, "triples") for side in sides)


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing.

    The images of a side are those of a table or, if there is none, those in a folder.
    """
    found: dict[str, Path | None] = {}
    for side in _sides(folder):
        for table in TABLES:
            found[f"{side.name}/{table}"] = next(iter(table_files(side, table)), None)
        if found[f"{side.name}/images"] is None and (side / "images").is_dir():
            found[f"{side.name}/images"] = side / "images"
    links: dict[str, Path | None] = {path.name: path for path in link_files(folder)}
    return {**found, **(links or {"links": None})}


def graph_files(folder: Path) -> list[Path]:
    """Return the tables, and the folder of images, of a folder that holds one graph as a side of a pair does.

    They are none where the folder has no table that describes entities.
    """
    tables = {table: table_files(folder, table) for table in TABLES}
    if not any(tables[table] for table in DESCRIBING):
        return []
    images = [] if tables["images"] or not (folder / "images").is_dir() else [folder / "images"]
    return [*(path for paths in tables.values() for path in paths), *images]


def read_graph(folder: Path, *, name: str, faults: Faults) -> KnowledgeGraph | None:
    """Read the one graph in ``folder``, by the rules for a side of a pair.

    Parameters
    ----------
    folder
        Folder with the tables of a side.
    name
        Name of the graph.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    KnowledgeGraph
        The graph; ``None`` after gathered faults without which there is no graph.

    Raises
    ------
    DataError
        As :func:`read`, at the first fault unless faults are gathered.
    """
    graph = _graph(folder, folder, faults)
    return None if graph is None else replace(graph, name=name)


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        The entities of a side are all identifiers in its tables, in the order of the alphabet, whatever the
        order of the rows. An entity without a row in the table of names has no name, and it is no candidate
        if it is only ever the tail of triples, as a currency or a category is. Where a side has no table of
        names at all, names are the words of the identifiers
        (:func:`psqe.datasets.labels.readable_name`), and all entities are candidates. Where a side has a
        table of candidates, its candidates are the entities in it. Without a table of links there are no
        links. ``None`` after gathered faults without which there is no graph.

    Raises
    ------
    DataError
        If there are not two sides; if a side has no table, or a table two files; if a file is empty or cannot
        be decoded; if a row has another number of columns or an empty cell; if an identifier has blanks
        around it; if an entity has two names or images; or if an image is missing or no image. With the file
        and, where there is one, the line.

    Warns
    -----
    PsqeWarning
        If a file in ``images/`` is named by no entity, or a file is nearly, but not quite, one of the layout,
        such as ``name.tsv``, or a link names something that is no candidate: they are left out. If a file
        with another table is not read; if only one side has triples; and if a table is read although its
        form is unusual.
    """
    try:
        return _read(folder, name, faults)
    except OSError as error:  # a subfolder that may not be entered
        where = error.filename or folder
        faults.add(f"cannot be read ({error.strerror})", path=where, remedy="make the folder readable")
        return None


def _read(folder: Path, name: str, faults: Faults) -> AlignmentTask | None:
    sides = _sides(folder)
    if len(sides) != 2:
        names = ", ".join(side.name for side in sides)
        faults.add(
            f"subfolders with tables: {len(sides)} ({names})",
            path=folder,
            remedy="name the two sides left and right",
        )
        return None
    left, right = (_graph(folder, side, faults) for side in sides)
    describing = [table for table in TABLES if table != "images"]
    refused = [
        faults.in_files(path for table in describing for path in table_files(side, table)) for side in sides
    ]
    if left is None or right is None or not left.n_entities or not right.n_entities:
        tell_unchecked(find_links(folder, faults), refused, faults)
        return None
    with_triples = [side.name for side in sides if table_files(side, "triples")]
    if len(with_triples) == 1:
        faults.note(
            f"only {with_triples[0]} has triples",
            path=folder,
            remedy="add those of the other side, if there are any; relations are compared if both have some",
        )
    path = find_links(folder, faults)
    links = None if path is None else read_links(path, left, right, faults, refused=refused)
    if path is None:
        tell_unread_links(folder, left, right, faults, sides=sides)
    return AlignmentTask(name, left, right, links)


def _with_tables(folder: Path) -> list[Path]:
    """Return the subfolders that have tables; one that may not be entered is none of them."""
    endings = (f"{table}{end}" for table in DESCRIBING for end in ENDINGS)
    return sorted({path.parent for name in endings for path in folder.glob(f"*/{name}") if path.is_file()})


def _sides(folder: Path) -> list[Path]:
    named = [folder / side for side in SIDES]
    return named if any(side.is_dir() for side in named) else _with_tables(folder)


def _leave_out_strangers(folder: Path, tables: Sequence[str], faults: Faults) -> None:
    """Report tables that are not read: most often their names are slips of the names that were meant."""
    read = {path for table in tables for path in table_files(folder, table)}
    for table in TABLES:
        if len(tables) > 1 and table != "images" and (folder / table).is_dir():
            faults.note(
                f"{table!r} is a folder, and is not read",
                path=folder,
                remedy=f"put the tables in it together into one file {table}.csv, or move it elsewhere",
            )
    for path in sorted(folder.glob("*.*")):
        if path in read or path.name.startswith(".") or is_own_output(path) or not path.is_file():
            continue
        meant, end = _meant(path, tables), ending(path)
        if meant is not None:
            faults.leave_out(
                f"{path.name!r} is not read: the tables of a side are called {', '.join(tables)}",
                path=folder,
                remedy=meant,
                kind="file",
            )
        elif end in _UNREAD and len(tables) > 1:
            faults.note(
                f"{path.name!r} is not read",
                path=folder,
                remedy=f"the tables of a side are called {', '.join(tables)}",
            )


def _meant(path: Path, tables: Sequence[str]) -> str | None:
    """Return what to do with a file whose name is nearly that of a table; ``None`` for any other name."""
    name, end = path.name.lower(), ending(path)
    is_table = end in _UNREAD or end == ".txt"
    spelled = name.partition(".")[0] if is_table else name
    close = get_close_matches(spelled, [f"{table}{'' if is_table else '.tsv'}" for table in tables], 1, 0.81)
    if not close:
        return None
    table = close[0].removesuffix(".tsv")
    if table_files(path.parent, table):
        return f"{table_files(path.parent, table)[0].name} is read; delete one of the two files"
    known = next((known for known in ENDINGS if name.endswith(known)), None)
    if known is None:
        return f"save the table as CSV in UTF-8, under the name {table}.csv"
    return f"rename it to {table}{known} if that is meant, or move it elsewhere"


def _graph(folder: Path, side: Path, faults: Faults) -> KnowledgeGraph | None:
    if not any(table_files(side, table) for table in TABLES):
        _leave_out_strangers(side, TABLES, faults)
        faults.add(
            "has no table" if side.is_dir() else "is missing",
            path=side,
            remedy="a side is a folder with triples.tsv, attributes.tsv or names.tsv",
        )
        return None
    draft = GraphDraft()
    if path := table_file(side, "triples", faults):
        for line, cells in _rows(draft, "triples", path, faults):
            if _clean(cells, path, line, faults):
                draft.add_triple(draft.entity(cells[0]), cells[1], draft.entity(cells[2]))
    if path := table_file(side, "attributes", faults):
        for line, cells in _rows(draft, "attributes", path, faults):
            if _clean(cells[:2], path, line, faults):
                draft.add_attribute(draft.entity(cells[0]), cells[1], cells[2])
    names = table_file(side, "names", faults)
    if names:
        _add_names(draft, names, faults)
    if path := table_file(side, "images", faults):
        _add_listed_images(draft, folder, path, faults)
    elif (side / "images").exists():
        _add_images(draft, folder, side / "images", faults)
    candidates = draft.described() if names else None
    if path := table_file(side, "candidates", faults):
        listed = _candidates(draft, path, faults)
        candidates = set(listed)
        if len(listed) == len(draft.listed) and listed != list(draft.listed):
            draft.other_list = f"{side.name}/{path.name}"
    _leave_out_strangers(side, TABLES, faults)
    examine_side(draft, side, faults, candidates=candidates)
    return draft.build(
        f"{folder.absolute().name}-{side.name}",
        faults,
        readable=None if names else readable_name,
        candidates=candidates,
        listed_in=f"{side.name}/{names.name}" if names else None,
    )


def _rows(draft: GraphDraft, table: str, path: Path, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of a table, which the draft learns to be the next one."""
    draft.begin(table, path)
    return read_table(path, table, faults, on_header=draft.pass_header)


def _candidates(draft: GraphDraft, path: Path, faults: Faults) -> list[int]:
    """Return the numbers of the candidates, in the order of the file."""
    lines: dict[str, int] = {}
    known = len(draft.index)
    candidates = [
        draft.entity(entity)
        for line, (entity,) in _rows(draft, "candidates", path, faults)
        if _clean([entity], path, line, faults) and _first_time(entity, lines, "one line", path, line, faults)
    ]
    new = [entity for entity, number in draft.index.items() if number >= known]
    if new:
        faults.note(
            f"entities that no other table names: {len(new):,}, for example {new[0]!r}",
            path=path,
            remedy="write them as the other tables do, or leave them out if they are slips",
        )
    return candidates


def _clean(identifiers: Sequence[str], path: Path, line: int, faults: Faults) -> bool:
    """Return whether identifiers have no blanks around them, which would make two entities of one."""
    for column, identifier in enumerate(identifiers, 1):
        if identifier != identifier.strip():
            faults.add(
                f"column {column} has blanks around {identifier.strip()!r}",
                path=path,
                line=line,
                remedy="remove them",
            )
            return False
    return True


def _first_time(entity: str, lines: dict[str, int], what: str, path: Path, line: int, faults: Faults) -> bool:
    """Return whether an entity has no line in a table yet; a second line is a fault."""
    first = lines.setdefault(entity, line)
    if first != line:
        faults.add(
            f"{entity!r} has {what} already, in line {first}",
            path=path,
            line=line,
            remedy=remedy_for_repeated(entity, f"keep {what} for each entity"),
        )
    return first == line


def _add_names(draft: GraphDraft, path: Path, faults: Faults) -> None:
    lines: dict[str, int] = {}
    for line, (entity, name) in _rows(draft, "names", path, faults):
        if _clean([entity], path, line, faults) and _first_time(
            entity, lines, "one name", path, line, faults
        ):
            draft.add_name(draft.entity(entity), name)


def _add_listed_images(draft: GraphDraft, folder: Path, path: Path, faults: Faults) -> None:
    lines: dict[str, int] = {}
    for line, (entity, image) in _rows(draft, "images", path, faults):
        if not _clean([entity], path, line, faults) or not _first_time(
            entity, lines, "one image", path, line, faults
        ):
            continue
        index = draft.entity(entity)
        found = named_image(path.parent, image, faults, within=folder, source=path, line=line)
        if found is not None:
            draft.images[index] = found


def _add_images(draft: GraphDraft, pair: Path, folder: Path, faults: Faults) -> None:
    spellings = Spellings(draft.index)
    for path in images_in(folder, faults):
        index = draft.find(path.stem)
        if index is None:
            meant = spellings.meant_by(path.stem)
            faults.leave_out(
                f"{path.name!r} is named by no entity" + (f", but nearly by {shown(meant)}" if meant else ""),
                path=folder,
                remedy="call an image as its entity, or list the paths in images.tsv",
                kind="file",
            )
        elif index in draft.images:
            faults.add(
                f"{path.name!r} and {draft.images[index].name!r} are images of one entity",
                path=folder,
                remedy="keep one of them",
            )
        else:
            draft.images[index] = path
            is_image(path, faults, within=pair)
