"""Graphs and links from labelled records, the same whatever order the records come in."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.graph import IntArray, KnowledgeGraph

Attribute = tuple[str, str | None]


class GraphDraft:
    """One side under construction. What is added twice counts once.

    Attributes
    ----------
    index
        The number of each entity, in the order they were met.
    names, images
        What is known of an entity, by its number.
    attributes
        The attributes of each entity that has some, by its number.
    """

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.images: dict[int, Path] = {}
        self.attributes: dict[int, set[Attribute]] = {}
        self._relations: dict[str, int] = {}
        self._triples = array("q")
        # Thousands of attributes make hundreds of thousands of pairs: equal pairs are one object.
        self._pairs: dict[Attribute, Attribute] = {}

    def entity(self, label: str) -> int:
        """The number of an entity, which is new if it must be."""
        return self.index.setdefault(label, len(self.index))

    def add_triple(self, head: int, relation: str, tail: int) -> None:
        """One triple between two entities."""
        self._triples.extend((head, self._relations.setdefault(relation, len(self._relations)), tail))

    def add_attribute(self, entity: int, attribute: str, value: str) -> None:
        """One attribute of an entity. Blanks around a value are no part of it; an empty one is none."""
        pair = (attribute, value.strip() or None)
        self.attributes.setdefault(entity, set()).add(self._pairs.setdefault(pair, pair))

    def triples(self) -> IntArray:
        """Head, relation and tail of every triple so far, by number: ``(n_triples, 3)``."""
        return np.array(self._triples, dtype=np.int64).reshape(-1, 3)

    def relations(self) -> tuple[str, ...]:
        """The relations so far, by number."""
        return tuple(self._relations)

    def described(self) -> set[int]:
        """The numbers of all entities except those of which nothing is said but that triples end in them."""
        heads = self.triples()[:, 0].tolist()
        return {*heads, *self.names, *self.attributes, *self.images}

    def rename(self, labels: dict[int, str]) -> None:
        """Give some entities another identifier."""
        self.index = {labels.get(i, label): i for label, i in self.index.items()}

    def build(
        self,
        name: str,
        *,
        readable: Callable[[str], str | None] | None = None,
        candidates: set[int] | None = None,
        language: str | None = None,
    ) -> KnowledgeGraph:
        """The graph: entities and relations in the order of their identifiers.

        Parameters
        ----------
        name, language
            Of the graph.
        readable
            What an identifier says, in place of :attr:`names`.
        candidates
            By number; all entities when omitted.
        """
        labels = sorted(self.index)
        old = [self.index[label] for label in labels]
        new = np.empty(len(old), dtype=np.int64)
        new[old] = np.arange(len(old))
        relations = sorted(self._relations)
        relation_of = np.empty(len(relations), dtype=np.int64)
        relation_of[[self._relations[relation] for relation in relations]] = np.arange(len(relations))
        triples = self.triples()
        if len(triples):
            triples = np.column_stack([new[triples[:, 0]], relation_of[triples[:, 1]], new[triples[:, 2]]])
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


class LinkDraft:
    """Gold links under construction, one for each entity at most.

    Parameters
    ----------
    left, right
        The graphs they are between.
    faults
        Told of a link that names no entity, and of one whose entity has another link.
    """

    def __init__(self, left: KnowledgeGraph, right: KnowledgeGraph, faults: Faults) -> None:
        self.index = (left.index(), right.index())
        self._candidates = tuple(frozenset(graph.candidates.tolist()) for graph in (left, right))
        self._faults = faults
        self._partner: tuple[dict[int, tuple[int, str]], dict[int, tuple[int, str]]] = ({}, {})

    def add(self, left: str, right: str, path: Path, line: int | None) -> None:
        """One link, by the identifiers of its entities. The same link again is no other link."""
        ends = []
        for side, (label, name) in enumerate(((left, "left"), (right, "right"))):
            end = self.index[side].get(label)
            if end is None:
                other = ", but one of the other" if label in self.index[1 - side] else ""
                self._faults.add(
                    f"{label!r} is no entity of the {name} graph{other}",
                    path=path,
                    line=line,
                    remedy="name first the left and then the right entity as the graphs do, "
                    "or delete this link",
                )
                return
            ends.append(end)
        for side, (label, name) in enumerate(((left, "left"), (right, "right"))):
            if ends[side] not in self._candidates[side]:
                self._faults.leave_out(
                    f"{label!r} is no candidate of the {name} graph",
                    path=path,
                    line=line,
                    remedy="say something of it in that graph, or delete this link",
                )
                return
        for side, label in enumerate((left, right)):
            partner, where = self._partner[side].get(ends[side], (ends[1 - side], ""))
            if partner != ends[1 - side]:
                self._faults.add(
                    f"{label!r} has another link already{where}",
                    path=path,
                    line=line,
                    remedy="keep one link for each entity",
                )
                return
        where = "" if line is None else f", in {path.name}:{line}"
        self._partner[0].setdefault(ends[0], (ends[1], where))
        self._partner[1].setdefault(ends[1], (ends[0], where))

    def array(self) -> IntArray:
        """The links by left entity: ``(n_links, 2)``."""
        pairs = sorted((left, right) for left, (right, _) in self._partner[0].items())
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)
