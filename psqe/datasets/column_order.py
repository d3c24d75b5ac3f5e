"""Tables whose columns, or whose names, were exchanged, for example tails with relations.

A table without a header is read in the documented order of the columns. Some tools write ``head, tail,
relation``, and a person may take one table for another. The graph of such tables has an entity for each
relation, or for each number, and nothing fails; so what looks exchanged is noted.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.spelling import shown
from psqe.graph import counted
from psqe.number_forms import PLAIN

FEW = 10
"""Number of records below which the order of the columns is not judged."""

MANY, MOST, NEARLY_ALL = 0.25, 0.5, 0.9
"""Shares of the records from which something is said of a column."""

_HEADER = ", or correct the names of the columns in the first line"
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?(T.*)?", re.ASCII)


def note_exchanged_columns(draft: GraphDraft, faults: Faults) -> None:
    """Note tables of triples and of attributes whose columns, or whose names, look exchanged.

    Parameters
    ----------
    draft
        The side, before it is built, with its tables begun.
    faults
        Receives the notes.
    """
    paths = {table.name: table.path for table in draft.tables}
    described = draft.described()
    for table, find in (("triples", _in_triples), ("attributes", _in_attributes)):
        found = find(draft, described) if table in paths else None
        if found is not None:
            faults.note(found[0], path=paths[table], remedy=found[1])


def _in_triples(draft: GraphDraft, described: set[int]) -> tuple[str, str] | None:
    triples = draft.triples()
    if len(triples) < FEW:
        return None
    relations, (_, kinds, tails) = draft.relations(), triples.T
    labels = {entity: label for label, entity in draft.index.items()}
    distinct = np.unique(tails).tolist()
    if not any(tail in described for tail in distinct):
        is_entity = np.array([draft.find(relation) in described for relation in relations])
        alone = Counter(np.unique(triples[:, 1:], axis=0)[:, 0].tolist())
        each_with_one = sum(n == 1 for n in alone.values()) >= NEARLY_ALL * len(alone)
        several = len(relations) > max(MANY * len(triples), 2 * len(distinct))
        if is_entity[kinds].mean() >= MANY or (each_with_one and several):
            tail = min(labels[tail] for tail in distinct)
            return (
                f"its {counted(len(relations), 'relation')}, such as {shown(min(relations))}, look like "
                f"tails, and its {counted(len(distinct), 'tail')}, such as {shown(tail)}, like relations",
                f"write the columns head, relation, tail{_HEADER}",
            )
    numbered = sum(labels[entity].isdigit() for entity in described) >= MANY * len(described)
    unknown = {tail: labels[tail] for tail in distinct if tail not in described}
    values = {
        tail
        for tail, label in unknown.items()
        if _is_value(label) and not (numbered and label.isdigit())  # ... which may be an identifier
    }
    n_values = sum(tail in values for tail in tails.tolist())
    if n_values < MOST * len(triples) or len(values) < MOST * n_values:  # few numbers are categories
        return None
    return (
        f"{n_values:,} of its {len(triples):,} tails, such as {shown(min(labels[tail] for tail in values))}, "
        "look like values of attributes",
        "write records with values into attributes.tsv",
    )


def _in_attributes(draft: GraphDraft, described: set[int]) -> tuple[str, str] | None:
    records = [
        (entity, attribute, value)
        for entity, pairs in draft.attributes.items()
        for attribute, value in pairs
        if value is not None
    ]
    if len(records) < FEW:
        return None
    attributes = {attribute for _, attribute, _ in records}
    values = {value for _, _, value in records}
    if len(attributes) > max(MANY * len(records), 2 * len(values)):
        once = len({(entity, value) for entity, _, value in records}) >= NEARLY_ALL * len(records)
        numbers = sum(map(_is_value, attributes)) >= MOST * len(attributes)
        if not any(map(_is_value, values)) and (numbers or (once and len(values) > 1)):
            return (
                f"its {counted(len(attributes), 'attribute')}, such as {shown(min(attributes))}, look "
                f"like values, and its {counted(len(values), 'value')}, such as {shown(min(values))}, "
                "like attributes",
                f"write the columns entity, attribute, value{_HEADER}",
            )
    numbers_of = {value: draft.find(value) for value in values}
    entities = {value for value, entity in numbers_of.items() if entity in described}
    n_entities = sum(value in entities and numbers_of[value] != entity for entity, _, value in records)
    if all(map(str.isdigit, entities)):  # ages are identifiers, too, where these are numbers
        if n_entities < len(records) or len(entities) < MOST * len(described):
            return None
    elif n_entities < MOST * len(records):
        return None
    return (
        f"{n_entities:,} of its {len(records):,} values, such as {shown(min(entities))}, are entities, like "
        "the tails of triples",
        "write records that lead to entities into triples.tsv",
    )


def _is_value(text: str) -> bool:
    """Return whether a text is a number or a date."""
    return PLAIN.fullmatch(text) is not None or _DATE.fullmatch(text) is not None
