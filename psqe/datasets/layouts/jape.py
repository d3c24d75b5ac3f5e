"""The layout of JAPE, which EVA, MCLEA and their relatives read: one file for each kind of fact and side.

Text in UTF-8, one record a line, columns separated by tabs, no header:

====================================  ===================================  ==========
file, left and right                  columns                              there
====================================  ===================================  ==========
``ent_ids_1``, ``ent_ids_2``          id, URI                              always
``triples_1``, ``triples_2``          head id, relation id, tail id        always
``rel_ids_1``, ``rel_ids_2``          relation id, URI                     optionally
``training_attrs_1``, ``..._2``       URI, then URIs of its attributes     optionally
``attr``                              line i: the attributes of id i - 1   optionally
``ill_ent_ids``                       left id, right id: the gold links    optionally
====================================  ===================================  ==========

``attr`` gives attributes with their values; where it is there, ``training_attrs`` is not read. Where there
is no ``ill_ent_ids``, gold links are those of all splits together: ``sup_ent_ids``,
``ref_ent_ids`` and ``dev_ent_ids``, or ``sup_pairs``, ``ref_pairs`` and ``valid_pairs``. FB15K-DB15K writes
``rel_ids1`` and ``rel_ids2``. A side of which only a part is at hand says so in the name of its file:
``triples_2_partial``.

Two files of other forms are read if they exist: machine-translated names, ``dbp_<folder>.json`` (``[[id,
[words]], ...]``), in the folder or in ``../translated_ent_name``; and vectors of images, a pickled dictionary
from id to vector that is called ``<folder>_GA_id_img_feature_dict.pkl`` or
``<folder>_id_img_feature_dict.pkl``. It is in the folder, in one of the two folders above it, or in a folder
``pkls`` there. A folder such as ``FBDB15K/norm`` is called after the folder above it. If such a pickle is in
reach and is not read, a warning says why (:mod:`psqe.datasets.published_pickles`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import tell_no_links, tell_unchecked
from psqe.datasets.jape_entities import (
    Attributes,
    Entities,
    attributes_by_line,
    attributes_by_uri,
    translated_names,
)
from psqe.datasets.labels import bare, readable_names
from psqe.datasets.pickles import read_vectors
from psqe.datasets.published_pickles import image_pickles, report_pickles
from psqe.datasets.tables import number, plain_rows
from psqe.files import is_there
from psqe.graph import AlignmentTask, FileOrder, IntArray, KnowledgeGraph, Vectors

DESCRIPTION = "JAPE, EVA, MCLEA: ent_ids_1, ent_ids_2, triples_1, triples_2"
SPLITS = (("sup_ent_ids", "ref_ent_ids", "dev_ent_ids"), ("sup_pairs", "ref_pairs", "valid_pairs"))


def recognises(folder: Path) -> bool:
    """Return whether a folder has files of this layout."""
    return any(is_there(folder / f"{kind}_{side}") for kind in ("ent_ids", "triples") for side in (1, 2))


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    sources: dict[str, Path | None] = {}
    for side in (1, 2):
        for kind, choices in (
            ("ent_ids", [f"ent_ids_{side}"]),
            ("triples", [f"triples_{side}", f"triples_{side}_partial"]),
            ("rel_ids", [f"rel_ids_{side}", f"rel_ids{side}"]),
            ("training_attrs", [f"training_attrs_{side}"]),
        ):
            sources[f"{kind}_{side}"] = _first(folder / name for name in choices)
    sources["attr"] = _first([folder / "attr"])
    sources["ill_ent_ids"] = _first([folder / "ill_ent_ids"])
    for names in SPLITS:
        for name in names:
            sources[name] = _first([folder / name])
    pair = folder.absolute().name
    translated = f"dbp_{pair}.json"
    beside = folder.absolute().parent
    sources["translated names"] = _first([folder / translated, beside / "translated_ent_name" / translated])
    sources["image vectors"] = _first(image_pickles(folder).own)
    return sources


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above. Languages are read from its name if that has the form of ``zh_en``.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        Entities are in the order of their files; all of them are candidates, as any may have a counterpart.
        ``entities`` are the URIs, ``ids`` the integers of the files, ``names`` the words of the URIs
        (:func:`psqe.datasets.labels.readable_name`). Attributes have values in the form ``attr`` only.
        Without a file of links there are no links. ``None`` after gathered faults without which there is no
        graph.

        The order of the entities and the ids may reveal the links: in DBP15K 10,500 of 15,000 right ids are
        the left id plus 10,500. :func:`psqe.datasets.layouts.read_folder` therefore shuffles the right side.

        The label of a relation is its URI where ``rel_ids`` has one, else ``relation <id>``, which is the
        same on both sides where both use the id. No pair of DBP15K does: the ids of the right side begin
        where those of the left side end. Relations known by their ids alone are then not comparable between
        the sides.

    Raises
    ------
    DataError
        If a file is missing, empty or not UTF-8; if a line has another number of columns, an empty cell,
        or something else where an id should be; if an id or a URI is there twice; or if a triple names an id
        that no entity has. The error names the file and, where there is one, the line.

    Warns
    -----
    PsqeWarning
        If attributes or vectors belong to no entity. They are left out, as the readers of JAPE's relatives
        do: unlike a triple with an unknown head or tail, such a line says nothing about the graph. DBP15K has
        no such line. If *all* lines are like that, the file belongs to another pair, which is a fault. If a
        link names an id that no entity has: it is left out, too.
    """
    sources = files(folder)
    language = re.fullmatch("([a-z]{2})_([a-z]{2})", folder.absolute().name)
    sides = [_entities(sources[f"ent_ids_{side}"] or folder / f"ent_ids_{side}", faults) for side in (1, 2)]
    _disjoint(sides, sources, faults)
    report_pickles(folder, faults)
    readable = all(side.by_id for side in sides)
    per_line = attributes_by_line(sources["attr"], sides, faults) if readable else ({}, {})
    translations = translated_names(sources["translated names"], sides, faults) if readable else ((), ())
    images = sources["image vectors"]
    vectors = read_vectors(images, [side.by_id for side in sides], faults) if readable and images else None
    graphs = [
        _graph(
            folder, side, entities, sources, faults,
            attributes=per_line[side - 1], translations=translations[side - 1],
            vectors={} if vectors is None else {"image": vectors[side - 1]},
            language=language[side] if language else None,
        )
        for side, entities in enumerate(sides, 1)
        if entities.by_id
    ]  # fmt: skip
    links = _all_links(sources, sides, faults) if readable else None
    if len(graphs) < 2 or not graphs[0].n_entities or not graphs[1].n_entities:
        return None
    partial = [s for s, n in (("left", 1), ("right", 2)) if str(sources[f"triples_{n}"]).endswith("_partial")]
    parameters = {"partial": "+".join(partial)} if partial else {}
    return AlignmentTask(name, graphs[0], graphs[1], links, parameters)


def _first(paths: Any) -> Path | None:
    return next((path for path in paths if is_there(path)), None)


def _graph(
    folder: Path,
    side: int,
    entities: Entities,
    sources: dict[str, Path | None],
    faults: Faults,
    *,
    attributes: dict[int, Attributes],
    translations: tuple[str | None, ...],
    vectors: dict[str, Vectors],
    language: str | None,
) -> KnowledgeGraph:
    triples = _triples(sources[f"triples_{side}"] or folder / f"triples_{side}", entities, faults)
    relations, triples[:, 1] = np.unique(triples[:, 1], return_inverse=True)
    labels = _relations(sources[f"rel_ids_{side}"], faults)
    path = sources[f"training_attrs_{side}"]
    if path is None or sources["attr"] is not None:  # attr has the values, too
        known = attributes
    else:
        known = attributes_by_uri(path, entities, faults)
    n = len(entities.by_uri)
    return KnowledgeGraph(
        f"{folder.absolute().name}-{side}",
        tuple(entities.by_uri),
        _unique(labels.get(i, f"relation {i}") for i in relations.tolist()),
        triples,
        names=readable_names(
            entities.by_uri, f"{folder.absolute().name}-{side}", faults, path=entities.path, catalogues=False
        ),
        translations=translations,
        attributes=tuple(known.get(i, ()) for i in range(n)) if known else (),
        vectors=vectors,
        ids=np.fromiter(entities.by_id, dtype=np.int64),
        file_order=FileOrder(entities.path.name, np.arange(n), n, has_ids=True),
        language=language,
    )


def _unique(labels: Any) -> tuple[str, ...]:
    """Append a number to a label that another relation has already, as happens in OpenEA's lists."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return tuple(result)


def _entities(path: Path, faults: Faults) -> Entities:
    entities = Entities(path, {}, {}, [])
    for line, (cell, uri) in plain_rows(path, 2, faults):
        key = number(cell, path, line, faults)
        if key is None:
            continue
        uri = bare(uri)
        for what, first in ((key, entities.by_id.get(key)), (uri, entities.by_uri.get(uri))):
            if first is not None:
                faults.add(
                    f"{what!r} is there twice, first in line {entities.lines[first]}",
                    path=path,
                    line=line,
                    remedy="every entity has one line, one id and one URI",
                )
                break
        else:
            entities.by_id[key] = entities.by_uri[uri] = len(entities.lines)
            entities.lines.append(line)
    return entities


def _disjoint(sides: Sequence[Entities], sources: dict[str, Path | None], faults: Faults) -> None:
    """Report an id that is on both sides, if a file gives the ids of both sides together."""
    shared = sides[0].by_id.keys() & sides[1].by_id.keys()
    together = [key for key in ("attr", "translated names", "image vectors") if sources[key] is not None]
    if shared and together:
        key = min(shared)
        faults.add(
            f"id {key} is on both sides, so {sources[together[0]].name} does not say which entity it means",  # type: ignore[union-attr]
            path=sides[1].path,
            line=sides[1].lines[sides[1].by_id[key]],
            remedy="give every entity of both sides an id of its own",
        )


def _triples(path: Path, entities: Entities, faults: Faults) -> IntArray:
    """Read head, relation and tail ``(n_triples, 3)``: heads and tails as indices, relations as ids."""
    flat = array("q")
    for line, cells in plain_rows(path, 3, faults):
        if not entities.by_id:
            continue  # The fault is reported already: no id can be checked.
        ends = [_index(cells[i], entities, path, line, faults) for i in (0, 2)]
        relation = number(cells[1], path, line, faults)
        if ends[0] is not None and ends[1] is not None and relation is not None:
            flat.extend((ends[0], relation, ends[1]))
    return np.array(flat, dtype=np.int64).reshape(-1, 3)


def _relations(path: Path | None, faults: Faults) -> dict[int, str]:
    """Read the URI of each relation by its id; without a file the result is empty."""
    labels: dict[int, str] = {}
    if path is None:
        return labels
    for line, (cell, uri) in plain_rows(path, 2, faults):
        key = number(cell, path, line, faults)
        if key is None:
            continue
        if key in labels:
            faults.add(
                f"relation {key} is there twice",
                path=path,
                line=line,
                remedy="keep one line for each relation",
            )
        else:
            labels[key] = bare(uri)
    return labels


def _all_links(sources: dict[str, Path | None], sides: Sequence[Entities], faults: Faults) -> IntArray | None:
    """Read the links ``(n_links, 2)``, as indices, from ``ill_ent_ids`` or else from all splits."""
    paths: list[Path] = []
    for names in (("ill_ent_ids",), *SPLITS):
        paths = paths or [path for name in names if (path := sources[name]) is not None]
    if not paths:
        return None
    links: dict[tuple[int, int], None] = {}  # FB15K-DB15K repeats the links of its splits in ref_ent_ids
    refused = [faults.in_files([side.path]) for side in sides]
    n_unusable = n_unchecked = 0
    for path in paths:
        for line, cells in plain_rows(path, 2, faults, gaps=True, empty=True):
            left, right = (
                _index(cell, side, path, line, faults, needed=False, tell=not files)
                for cell, side, files in zip(cells, sides, refused, strict=True)
            )
            if left is not None and right is not None:
                links[left, right] = None
            elif (left is not None or refused[0]) and (right is not None or refused[1]):
                n_unchecked += 1
            else:
                n_unusable += 1
    if n_unchecked:
        tell_unchecked(paths[0], refused, faults, n_links=n_unchecked)
    if not links:
        if not n_unchecked:
            tell_no_links(n_unusable, paths[0], faults)
        return None
    return np.array(list(links), dtype=np.int64)


def _index(
    cell: str,
    entities: Entities,
    path: Path,
    line: int,
    faults: Faults,
    *,
    needed: bool = True,
    tell: bool = True,
) -> int | None:
    """Return the index of the entity with an id; ``None`` after a fault.

    The task can do without the record unless it is ``needed``. That no entity has the id is told only with
    ``tell``.
    """
    key = number(cell, path, line, faults)
    if key is None:
        return None
    index = entities.by_id.get(key)
    if index is None and tell:
        report = faults.add if needed else faults.leave_out
        report(
            f"{cell} is no entity of {entities.path.name}",
            path=path,
            line=line,
            remedy="add it there, or delete this line",
        )
    return index
