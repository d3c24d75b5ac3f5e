"""The folder layout of JAPE, which EVA, MCLEA and their relatives read: one file per kind of fact and side.

Text in UTF-8, one record a line, columns separated by tabs, no header:

====================================  ===================================  ==========
file, left and right                  columns                              there
====================================  ===================================  ==========
``ent_ids_1``, ``ent_ids_2``          id, URI                              always
``triples_1``, ``triples_2``          head id, relation id, tail id        always
``training_attrs_1``, ``..._2``       URI, then URIs of its attributes     optionally
``ill_ent_ids``                       left id, right id: the gold links    optionally
====================================  ===================================  ==========
"""

from __future__ import annotations

import os
import re
import warnings
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

from psqe.errors import DataError, PsqeWarning
from psqe.kg import AlignmentTask, IntArray, KnowledgeGraph

LINKS = "ill_ent_ids"

Attributes = tuple[tuple[str, None], ...]


class _Entities(NamedTuple):
    """The entities of one side, and where each is by its id and by its URI."""

    path: Path
    by_id: dict[int, int]
    by_uri: dict[str, int]


def default_data_dir() -> Path:
    """Where benchmarks are looked for: ``PSQE_DATA``, else the user's data folder."""
    root = os.environ.get("PSQE_DATA")
    if root:
        return Path(root).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("psqe", appauthor=False))


def read_jape(folder: str | Path, *, name: str) -> AlignmentTask:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        With the files above. Languages are taken from its name if that is like ``zh_en``.
    name
        What to call the task.

    Returns
    -------
    AlignmentTask
        Entities in the order of their files; all of them are candidates, as any may have a counterpart.
        ``entities`` are the URIs, ``ids`` the integers of the files, ``names`` what the URIs say in plain
        words (:func:`readable_name`), ``attributes`` have no values. Without ``ill_ent_ids`` no links.

        The order of the entities and the ids may tell the links: in DBP15K 10,500 of 15,000 right ids are
        the left id plus 10,500. Whoever hands the task on shuffles the right side, as
        :func:`psqe.datasets.dbp15k.load` does.

        A relation is ``relation <id>``, the same on both sides where both use the id. In none of the three
        pairs of DBP15K do they: the ids of the right side begin where those of the left one end, and so in
        SRPRS, whose lists of relations give DBpedia's ``partner`` one id for each side. Relations known by
        their ids alone are therefore not comparable between the sides.

    Raises
    ------
    DataError
        If a file is missing, empty or not UTF-8; if a line has another number of columns, an empty cell,
        or something else where an id should be; if an id, a URI or a linked entity is there twice; or if
        a triple or a link names an id that no entity has. With the file and, where there is one, the line.

    Warns
    -----
    PsqeWarning
        If attributes belong to URIs that are no entities. They are left out, as the readers of JAPE's
        relatives do: unlike a triple with an unknown end, such a line says nothing about the graph. DBP15K
        has none. If *all* lines are so, the file belongs to something else, and that is an error.
    """
    folder = Path(folder)
    language = re.fullmatch("([a-z]{2})_([a-z]{2})", folder.absolute().name)
    sides = [_entities(folder / f"ent_ids_{side}") for side in (1, 2)]
    left, right = (
        _graph(folder, side, entities, language[side] if language else None)
        for side, entities in enumerate(sides, 1)
    )
    path = folder / LINKS
    links = _links(path, *sides) if path.exists() else None
    return AlignmentTask(name, left, right, links)


def readable_name(uri: str) -> str | None:
    """The last part of a URI in plain words; ``None`` where that is empty.

    A slash in the name itself stays where the URI shows that it is one, as DBpedia's do.

    >>> readable_name("http://dbpedia.org/resource/AC/DC_%22live%22")
    'AC/DC "live"'
    """
    name = uri.partition("/resource/")[2] or re.split("[/#]", uri.rstrip("/#"))[-1]
    return " ".join(unquote(name).replace("_", " ").split()) or None


def _graph(folder: Path, side: int, entities: _Entities, language: str | None) -> KnowledgeGraph:
    triples = _triples(folder / f"triples_{side}", entities)
    relations, triples[:, 1] = np.unique(triples[:, 1], return_inverse=True)
    path = folder / f"training_attrs_{side}"
    return KnowledgeGraph(
        f"{folder.absolute().name}-{side}",
        tuple(entities.by_uri),
        tuple(f"relation {i}" for i in relations),
        triples,
        names=tuple(map(readable_name, entities.by_uri)),
        attributes=_attributes(path, entities) if path.exists() else (),
        ids=np.fromiter(entities.by_id, dtype=np.int64),
        language=language,
    )


def _entities(path: Path) -> _Entities:
    found = _Entities(path, {}, {})
    for line, (cell, uri) in _rows(path, 2):
        number = _id(cell, path, line)
        for key, first in ((number, found.by_id.get(number)), (uri, found.by_uri.get(uri))):
            if first is not None:
                raise DataError(
                    f"{key!r} is there twice, first in line {first + 1}",
                    path=path,
                    line=line,
                    remedy="every entity has one line, one id and one URI",
                )
        found.by_id[number] = found.by_uri[uri] = line - 1
    return found


def _triples(path: Path, entities: _Entities) -> IntArray:
    """Head, relation, tail ``(n_triples, 3)``: heads and tails as indices, relations by their ids."""
    flat = array("q")
    for line, (head, relation, tail) in _rows(path, 3):
        flat.append(_index(head, entities, path, line))
        flat.append(_id(relation, path, line))
        flat.append(_index(tail, entities, path, line))
    return np.array(flat, dtype=np.int64).reshape(-1, 3)


def _links(path: Path, left: _Entities, right: _Entities) -> IntArray:
    """Indices of the linked entities ``(n_links, 2)``."""
    lines: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for line, cells in _rows(path, 2):
        for seen, cell, entities in zip(lines, cells, (left, right), strict=True):
            index = _index(cell, entities, path, line)
            if index in seen:
                raise DataError(
                    f"{cell} has a link already, in line {seen[index]}",
                    path=path,
                    line=line,
                    remedy="keep one link for each entity",
                )
            seen[index] = line
    return np.array([list(seen) for seen in lines], dtype=np.int64).T


def _attributes(path: Path, entities: _Entities) -> tuple[Attributes, ...]:
    """The attributes of each entity; one without a line has none."""
    found: dict[int, Attributes] = {}
    lines: dict[str, int] = {}
    # Some thousand attributes make hundreds of thousands of pairs: equal pairs are one object.
    pairs: dict[str, tuple[str, None]] = {}
    unknown = []
    for line, (uri, *labels) in _rows(path, None):
        if uri in lines:
            raise DataError(
                f"{uri!r} is there twice, first in line {lines[uri]}",
                path=path,
                line=line,
                remedy="write all attributes of an entity into one line",
            )
        lines[uri] = line
        if uri in entities.by_uri:
            found[entities.by_uri[uri]] = tuple(pairs.setdefault(label, (label, None)) for label in labels)
        else:
            unknown.append(uri)
    if not found:
        raise DataError(
            f"none of its {len(unknown)} URIs is an entity of {entities.path.name}",
            path=path,
            remedy="use the file that belongs to these entities, or delete it",
        )
    if unknown:
        warnings.warn(
            f"{path}:{lines[unknown[0]]}: left out the attributes of {unknown[0]!r}, which is no entity of "
            f"{entities.path.name}; {len(unknown)} of {len(lines)} lines are so",
            PsqeWarning,
            stacklevel=4,
        )
    return tuple(found.get(i, ()) for i in range(len(entities.by_uri)))


def _rows(path: Path, columns: int | None) -> Iterator[tuple[int, list[str]]]:
    """The number (from 1) and the cells of each line; with ``columns=None`` two cells or more."""
    line = 0
    try:
        # Lines end where a newline is and nowhere else; text mode would also cut at other separators.
        with path.open("rb") as stream:
            for line, content in enumerate(stream, 1):
                cells = content.decode().rstrip("\r\n").split("\t")
                if len(cells) != columns and (columns is not None or len(cells) < 2):
                    wanted = f"{columns} columns" if columns else "2 columns or more"
                    raise DataError(
                        f"expected {wanted}, found {len(cells)}",
                        path=path,
                        line=line,
                        remedy="separate columns by tabs and leave no line empty",
                    )
                if "" in cells:
                    raise DataError(
                        f"column {cells.index('') + 1} is empty", path=path, line=line, remedy="fill it"
                    )
                yield line, cells
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror})",
            path=path,
            remedy="the folder needs ent_ids_1, ent_ids_2, triples_1 and triples_2, and all readable",
        ) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8", path=path, line=line, remedy="save the file as UTF-8") from error
    if not line:
        raise DataError("is empty", path=path, remedy="fetch the file again, or delete it if it is optional")


def _id(cell: str, path: Path, line: int) -> int:
    """An id as a number. More digits than an int64 holds are no id, nor is a sign."""
    if cell.isdigit() and cell.isascii() and len(cell) <= 18:
        return int(cell)
    raise DataError(f"{cell!r} is no id", path=path, line=line, remedy="write an integer of at least 0")


def _index(cell: str, entities: _Entities, path: Path, line: int) -> int:
    """Where the entity with this id is."""
    index = entities.by_id.get(_id(cell, path, line))
    if index is None:
        raise DataError(
            f"{cell} is no entity of {entities.path.name}",
            path=path,
            line=line,
            remedy="add it there, or delete this line",
        )
    return index
