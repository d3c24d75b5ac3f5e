"""The writer of a user's own pair: tables of text and pictures, see :mod:`psqe.datasets.layouts.folder`.

It holds entities, triples, attributes with values, names, pictures, candidates and gold links. Seeds become
``seeds.tsv``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from psqe.datasets.export.options import ExportOptions, Prepared
from psqe.datasets.export.tables import (
    check_identifiers,
    copy_images,
    keep_entities,
    links_by_identifier,
    write_table,
)
from psqe.datasets.tables import COLUMNS
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, KnowledgeGraph

DESCRIPTION = "a pair of your own: tables of triples, attributes, names and links, and pictures"
OPTIONS: frozenset[str] = frozenset()


def prepare(task: AlignmentTask, options: ExportOptions, notes: list[str]) -> Prepared:
    """Return the task as this layout can hold it; see :meth:`psqe.datasets.export.Writer.prepare`."""
    check_identifiers(task, "folder")
    kept = task.sides.map(lambda graph: np.flatnonzero(_in_tables(graph) | _mask(graph, graph.candidates)))
    held = "entities about which something is said, and candidates"
    return Prepared(keep_entities(task, kept, held, notes), task)


def write(prepared: Prepared, folder: Path, options: ExportOptions, notes: list[str]) -> Path:
    """Write a prepared task; see :meth:`psqe.datasets.export.Writer.write`."""
    task = prepared.task
    for side, graph in zip(SIDES, task.sides, strict=True):
        _write_side(graph, folder / side)
    links = (
        (task.left.entities[left], task.right.entities[right]) for left, right in links_by_identifier(task)
    )
    write_table(folder / "links.tsv", links, SIDES)
    if options.seeds is not None:
        options.seeds.save_tsv(folder / "seeds.tsv", prepared.named)
    return folder


def _write_side(graph: KnowledgeGraph, folder: Path) -> None:
    folder.mkdir()
    entities, relations = graph.entities, graph.relations
    triples = sorted((entities[h], relations[r], entities[t]) for h, r, t in graph.triples.tolist())
    write_table(folder / "triples.tsv", triples, COLUMNS["triples"])
    write_table(folder / "attributes.tsv", sorted(set(_attributes(graph))), COLUMNS["attributes"])
    names = ((entities[i], " ".join((graph.names[i] or "").split())) for i in _in_names(graph).tolist())
    write_table(folder / "names.tsv", sorted(names), COLUMNS["names"])
    images = copy_images(graph, folder, "images")
    rows = sorted((entities[i], path) for i, path in images.items())
    write_table(folder / "images.tsv", rows, COLUMNS["images"])
    if not np.array_equal(_default_candidates(graph), _mask(graph, graph.candidates)):
        candidates = sorted((entities[i],) for i in graph.candidates.tolist())
        write_table(folder / "candidates.tsv", candidates, ("entity",))


def _attributes(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str]]:
    for entity, pairs in zip(graph.entities, graph.attributes, strict=True):
        for attribute, value in pairs:
            if attribute.strip():
                yield entity, attribute.strip(), value or ""


def _mask(graph: KnowledgeGraph, indices: IntArray) -> BoolArray:
    mask = np.zeros(graph.n_entities, dtype=bool)
    mask[indices] = True
    return mask


def _in_tables(graph: KnowledgeGraph) -> BoolArray:
    """Return whether each entity is in a table even if there is no table of candidates."""
    return _described(graph) | _mask(graph, graph.triples[:, 2])


def _in_names(graph: KnowledgeGraph) -> IntArray:
    """Return the entities of the table of names: those with a name or, where there is none, all candidates.

    Without that table, the reader would make names from identifiers.
    """
    named: IntArray = np.flatnonzero([bool((name or "").split()) for name in graph.names])
    return named if len(named) else graph.candidates


def _described(graph: KnowledgeGraph) -> BoolArray:
    columns = zip(graph.names, graph.attributes, graph.images, strict=True)
    told = np.array([bool(name or pairs or image) for name, pairs, image in columns], dtype=bool)
    return told | _mask(graph, graph.triples[:, 0])


def _default_candidates(graph: KnowledgeGraph) -> BoolArray:
    """Return which entities the reader takes for candidates if there is no table of them."""
    return _described(graph) | _mask(graph, _in_names(graph))
