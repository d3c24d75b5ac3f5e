"""Tables whose columns, or whose names, were exchanged, for example tails with relations.

A table without a header is read in the documented order of the columns. Some tools write ``head, tail,
relation``, and a person may take one table for another. The graph of such tables has an entity for each
relation, or for each number, and nothing fails; so what looks exchanged is noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

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
    for table, find in (("triples", exchanged_triples), ("attributes", _in_attributes)):
        found = find(draft) if table in paths else None
        if found is not None:
            faults.note(found[0], path=paths[table], remedy=found[1])


def exchanged_triples(draft: GraphDraft) -> tuple[str, str] | None:
    """Return what looks exchanged in a table of triples and the remedy; ``None`` if nothing does.

    Parameters
    ----------
    draft
        The side, before it is built.
    """
    if len(draft.triples()) < FEW:
        return None
    return _heads_exchanged(draft) or _tails_exchanged(draft)


def _elsewhere(draft: GraphDraft) -> set[int]:
    """Return the entities of all tables but the one of triples."""
    return {*draft.listed, *draft.names, *draft.attributes, *draft.images}


def _heads_exchanged(draft: GraphDraft) -> tuple[str, str] | None:
    """Find heads that are relations or tails, by the entities that other tables have."""
    triples, relations, known = draft.triples(), draft.relations(), _elsewhere(draft)
    heads, tails = set(triples[:, 0].tolist()), set(triples[:, 2].tolist())
    if heads & known or (not known and heads & tails):
        return None
    labels = {entity: label for label, entity in draft.index.items()}
    are_known = np.array([draft.find(relation) in known for relation in relations])[triples[:, 1]]
    crowded = len(relations) > 2 * len(heads)  # more relations than heads are none
    if are_known.mean() >= MANY or (not known and crowded and len(relations) > FEW):
        column, few = min(("heads", heads), ("tails", tails), key=lambda side: len(side[1]))
        return (
            _looks(("relations", "entities", relations), (column, "relations", [labels[i] for i in few])),
            f"write the columns head, relation, tail{_HEADER}",
        )
    if len(tails & known) < max(FEW, NEARLY_ALL * len(tails)):
        return None
    if crowded:
        return (
            _looks(
                ("heads", "relations", [labels[i] for i in heads]),
                ("tails", "heads", [labels[i] for i in tails]),
            ),
            f"write the columns head, relation, tail{_HEADER}",
        )
    return (
        f"other tables describe its tails, such as {shown(min(labels[i] for i in tails & known))}, and none "
        f"of its {counted(len(heads), 'head')}, such as {shown(min(labels[i] for i in heads))}",
        "exchange the two columns, or their names in the first line, if heads and tails were exchanged",
    )


def _looks(*columns: tuple[str, str, Collection[str]]) -> str:
    """Say of two columns as what they look, with the number of their texts and an example."""
    said = [
        f"its column of {column} ({counted(len(texts), 'text')} such as {shown(min(texts))}) "
        f"{'looks ' if i == 0 else ''}like one of {other}"
        for i, (column, other, texts) in enumerate(columns)
    ]
    return ", and ".join(said)


def _tails_exchanged(draft: GraphDraft) -> tuple[str, str] | None:
    """Find tails that are relations, or values of attributes."""
    triples, described = draft.triples(), draft.described()
    relations, (_, kinds, tails) = draft.relations(), triples.T
    labels = {entity: label for label, entity in draft.index.items()}
    distinct = np.unique(tails).tolist()
    if not any(tail in described for tail in distinct):
        is_entity = np.array([draft.find(relation) in described for relation in relations])
        alone = Counter(np.unique(triples[:, 1:], axis=0)[:, 0].tolist())
        each_with_one = sum(n == 1 for n in alone.values()) >= NEARLY_ALL * len(alone)
        several = len(relations) > max(MANY * len(triples), 2 * len(distinct))
        if is_entity[kinds].mean() >= MANY or (each_with_one and several):
            return (
                _looks(
                    ("relations", "tails", relations),
                    ("tails", "relations", [labels[tail] for tail in distinct]),
                ),
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


def _in_attributes(draft: GraphDraft) -> tuple[str, str] | None:
    described = draft.described()
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
                _looks(("attributes", "values", attributes), ("values", "attributes", values)),
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
