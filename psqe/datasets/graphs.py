"""Graphs from labelled records, independent of the order of the records."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np

from psqe.graph import IntArray, KnowledgeGraph, positions

Attribute = tuple[str, str | None]


class GraphDraft:
    """A graph under construction. Records that are added twice count once.

    Attributes
    ----------
    index
        The number of each entity by its identifier, in the order in which the entities were added.
    names, images
        The name and the image of an entity, by its number.
    attributes
        The attributes of an entity, by its number.

    Examples
    --------
    >>> draft = GraphDraft()
    >>> draft.add_triple(draft.entity("rome"), "capital of", draft.entity("italy"))
    >>> draft.build("cities").entities
    ('italy', 'rome')
    """

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.images: dict[int, Path] = {}
        self.attributes: dict[int, set[Attribute]] = {}
        self._relations: dict[str, int] = {}
        self._triples = array("q")
        # Some thousand attributes make hundreds of thousands of pairs: equal pairs share one object.
        self._pairs: dict[Attribute, Attribute] = {}

    def entity(self, label: str) -> int:
        """Return the number of an entity; an unknown identifier gets the next number."""
        return self.index.setdefault(label, len(self.index))

    def add_triple(self, head: int, relation: str, tail: int) -> None:
        """Add a triple between two entities, given by number."""
        self._triples.extend((head, self._relations.setdefault(relation, len(self._relations)), tail))

    def add_attribute(self, entity: int, attribute: str, value: str) -> None:
        """Add an attribute of an entity. Blanks around the value are removed; an empty value is ``None``."""
        pair = (attribute, value.strip() or None)
        self.attributes.setdefault(entity, set()).add(self._pairs.setdefault(pair, pair))

    def triples(self) -> IntArray:
        """Return head, relation and tail of every triple added so far, by number: ``(n_triples, 3)``."""
        return np.array(self._triples, dtype=np.int64).reshape(-1, 3)

    def relations(self) -> tuple[str, ...]:
        """Return the relations added so far, by number."""
        return tuple(self._relations)

    def described(self) -> set[int]:
        """Return the numbers of all entities but those that are only tails of triples."""
        heads = self.triples()[:, 0].tolist()
        return {*heads, *self.names, *self.attributes, *self.images}

    def rename(self, labels: dict[int, str]) -> None:
        """Give entities other identifiers, by number."""
        self.index = {labels.get(i, label): i for label, i in self.index.items()}

    def build(
        self,
        name: str,
        *,
        readable: Callable[[str], str | None] | None = None,
        candidates: set[int] | None = None,
        language: str | None = None,
    ) -> KnowledgeGraph:
        """Return the graph, its entities and relations in the order of their identifiers.

        Parameters
        ----------
        name, language
            Name and language of the graph.
        readable
            Function from an identifier to a name, used instead of :attr:`names` when given.
        candidates
            Numbers of the candidates; all entities when omitted.
        """
        labels = sorted(self.index)
        old = [self.index[label] for label in labels]
        new = positions(np.array(old, dtype=np.int64), len(old))
        relations = sorted(self._relations)
        numbers = np.array([self._relations[relation] for relation in relations], dtype=np.int64)
        heads, kinds, tails = self.triples().T
        triples = np.column_stack([new[heads], positions(numbers, len(relations))[kinds], new[tails]])
        return KnowledgeGraph(
            name,
            tuple(labels),
            tuple(relations),
            triples,
            candidates=None if candidates is None else new[sorted(candidates)],  # type: ignore[arg-type]
            names=tuple(map(readable, labels)) if readable else tuple(self.names.get(i) for i in old),
            attributes=tuple(tuple(sorted(self.attributes.get(i, ()), key=_by_label)) for i in old),
            images=tuple(self.images.get(i) for i in old),
            language=language,
        )


def _by_label(pair: Attribute) -> tuple[str, str]:
    return pair[0], pair[1] or ""
