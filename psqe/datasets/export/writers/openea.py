"""The writer of OpenEA's layout: triples, attributes and links by URI, and five folds of splits.

It holds entities, triples, attributes with values, and gold links. Names that are not the words of the URIs
become values of ``rdfs:label``. Each fold of ``721_5fold`` has 20 % of the gold links for training, 10 % for
validation and 70 % for testing; the training links of the five folds have no link in common. Seeds become
``seed_links``, in the form of ``train_links``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from psqe.datasets.export.options import ExportOptions, Prepared
from psqe.datasets.export.tables import (
    check_identifiers,
    drawn,
    keep_entities,
    links_by_identifier,
    note_equal_identifiers,
    one_line,
    write_rows,
)
from psqe.datasets.labels import readable_name
from psqe.datasets.layouts.openea import lexical_value
from psqe.errors import DataError
from psqe.graph import AlignmentTask, BoolArray, KnowledgeGraph, counted, in_number

DESCRIPTION = "OpenEA: rel_triples, attr_triples, ent_links and five folds of splits"
OPTIONS: frozenset[str] = frozenset()
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
FOLDS = 5


def prepare(task: AlignmentTask, options: ExportOptions, notes: list[str]) -> Prepared:
    """Return the task as this layout can hold it; see :meth:`psqe.datasets.export.Writer.prepare`."""
    check_identifiers(task, "openea")
    named = task
    kept = task.sides.map(lambda graph: np.flatnonzero(_in_files(graph)))
    task = keep_entities(task, kept, "entities with a triple, a name or an attribute", notes)
    for side, graph in zip(("left", "right"), task.sides, strict=True):
        if not len(graph.triples):
            raise DataError(
                f"the layout openea needs triples, and the {side} graph {graph.name!r} has none",
                remedy="export to the layout folder",
            )
    left, right = (
        _with_labels(graph, side, notes) for side, graph in zip(("left", "right"), task.sides, strict=True)
    )
    note_equal_identifiers(task, notes)
    return Prepared(replace(task, left=left, right=right), named)


def _in_files(graph: KnowledgeGraph) -> BoolArray:
    pairs = zip(graph.entities, graph.names, graph.attributes, strict=True)
    told = [bool(attributes or _own_name(entity, name)) for entity, name, attributes in pairs]
    return np.array(told, dtype=bool) | (graph.degree() > 0)


def _own_name(entity: str, name: str | None) -> str | None:
    """Return a name unless it is what the identifier says in plain words."""
    return None if name == readable_name(entity) else name


def _with_labels(graph: KnowledgeGraph, side: str, notes: list[str]) -> KnowledgeGraph:
    """Return the graph with its names, where identifiers do not tell them, as values of an attribute."""
    named = {i: name for i, e in enumerate(graph.entities) if (name := _own_name(e, graph.names[i]))}
    if not named:
        return graph
    notes.append(
        f"{side}: {counted(len(named), 'name')} that {in_number(len(named), 'differs')} from the identifiers "
        f"{in_number(len(named), 'is')} written as values of "
        f"{LABEL}, because this layout has no file of names; psqe takes names from identifiers here"
    )
    attributes = tuple(
        (*pairs, (LABEL, named[i])) if i in named else pairs for i, pairs in enumerate(graph.attributes)
    )
    return replace(graph, attributes=attributes, names=tuple(map(readable_name, graph.entities)))


def write(prepared: Prepared, folder: Path, options: ExportOptions, notes: list[str]) -> Path:
    """Write a prepared task; see :meth:`psqe.datasets.export.Writer.write`."""
    task = prepared.task
    for number, graph in enumerate(task.sides, 1):
        entities, relations = graph.entities, graph.relations
        triples = sorted((entities[h], relations[r], entities[t]) for h, r, t in graph.triples.tolist())
        write_rows(folder / f"rel_triples_{number}", triples)
        write_rows(folder / f"attr_triples_{number}", sorted(set(_attributes(graph))))
    links = [
        (task.left.entities[left], task.right.entities[right]) for left, right in links_by_identifier(task)
    ]
    write_rows(folder / "ent_links", links)
    _write_folds(links, folder / "721_5fold", options.random_state, notes)
    if options.seeds is not None:
        pairs = options.seeds.pairs.tolist()
        left, right = prepared.named.sides.map(lambda graph: graph.entities)
        rows = ((left[i], right[j]) for i, j in pairs)
        write_rows(folder / "seed_links", rows)
    return folder


def _attributes(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str]]:
    for entity, pairs in zip(graph.entities, graph.attributes, strict=True):
        for attribute, value in pairs:
            if label := one_line(attribute).strip():
                yield entity, label, literal(value or "")


def literal(value: str) -> str:
    r"""Return a value as it is or, where that would be read otherwise, as a literal with escapes.

    Examples
    --------
    >>> literal("544851")
    '544851'
    >>> literal('two\nlines')
    '"two\\nlines"'
    """
    if not any(mark in value for mark in "\n\r\t") and lexical_value(value) == value.strip():
        return value
    for mark, letter in (("\\", "\\"), ('"', '"'), ("\n", "n"), ("\r", "r"), ("\t", "t")):
        value = value.replace(mark, f"\\{letter}")
    return f'"{value}"'


def _write_folds(links: list[tuple[str, str]], folder: Path, random_state: int, notes: list[str]) -> None:
    order = drawn(len(links), random_state)
    n_train, n_valid = len(links) // FOLDS, len(links) // 10
    if not n_valid:
        notes.append(
            f"no splits are written, because {counted(len(links), 'gold link')} "
            f"{in_number(len(links), 'is')} fewer than 10"
        )
        return
    for fold in range(FOLDS):
        turned = np.roll(order, -fold * n_train).tolist()
        parts = turned[:n_train], turned[n_train : n_train + n_valid], turned[n_train + n_valid :]
        for name, part in zip(("train_links", "valid_links", "test_links"), parts, strict=True):
            write_rows(folder / str(fold + 1) / name, (links[i] for i in part))
    notes.append(
        f"the gold links are in {FOLDS} folds, each with 20 % of them for training, 10 % for validation and "
        f"70 % for testing, drawn with random state {random_state}"
    )
