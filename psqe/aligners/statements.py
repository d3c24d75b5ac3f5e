"""The statements of a graph as PARIS has them: subject, relation and object, each with its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from psqe.aligners.literals import Literals
from psqe.graph import DoubleArray, IntArray, KnowledgeGraph

CANDIDATE, OTHER_NODE, LITERAL = 0, 1, 2
"""The kinds of things: only things of one kind are compared."""


@dataclass(frozen=True, eq=False)
class Statements:
    """The statements of one graph, with their inverses, sorted by object, then subject, then relation.

    The things that statements are about are the nodes of the graph and, after them, its literals. A triple
    ``(h, r, t)`` is the statement ``r(h, t)`` and the statement ``r^-1(t, h)``.

    Parameters
    ----------
    kinds
        The kind of each thing, integer array ``(n_things,)``: :data:`CANDIDATE`, :data:`OTHER_NODE` or
        :data:`LITERAL`.
    subjects, relations, objects
        The statements, integer arrays ``(n,)`` each.
    n_relations
        Number of relations, inverses included.
    """

    kinds: IntArray
    subjects: IntArray
    relations: IntArray
    objects: IntArray
    n_relations: int

    @classmethod
    def from_graph(cls, graph: KnowledgeGraph, literals: Literals) -> Statements:
        """Collect the statements of a graph: its triples, and the values of its attributes.

        Relations are numbered in the order of their labels, and attributes after them, so that nothing
        depends on their order in the files.

        Parameters
        ----------
        graph
            The graph.
        literals
            The values of its attributes that are compared.

        Examples
        --------
        >>> graph = KnowledgeGraph("g", ("rome", "italy"), ("capital of",), [(0, 0, 1)])
        >>> none = Literals((), np.empty(0), (), np.empty((0, 3), dtype=np.int64))
        >>> statements = Statements.from_graph(graph, none)
        >>> np.column_stack([statements.subjects, statements.relations, statements.objects]).tolist()
        [[1, 1, 0], [0, 0, 1]]
        """
        n_nodes, n_labels = graph.n_entities, len(graph.relations) + len(literals.attributes)
        kinds = np.repeat([OTHER_NODE, LITERAL], [n_nodes, len(literals)])
        kinds[graph.candidates] = CANDIDATE
        place = np.empty(len(graph.relations), dtype=np.int64)
        place[np.argsort(np.array(graph.relations, dtype=object))] = np.arange(len(place))
        heads, relations, tails = graph.triples.T
        owners, attributes, values = literals.statements.T
        subjects, objects = np.concatenate([heads, owners]), np.concatenate([tails, values + n_nodes])
        labels = np.concatenate([place[relations], attributes + len(graph.relations)])
        statements = np.column_stack(
            [
                np.concatenate([objects, subjects]),
                np.concatenate([subjects, objects]),
                np.concatenate([labels, labels + n_labels]),
            ]
        )
        statements = statements[np.lexsort(statements.T[::-1])]
        return cls(kinds, statements[:, 1], statements[:, 2], statements[:, 0], 2 * n_labels)

    @property
    def n_things(self) -> int:
        """Number of nodes and literals."""
        return len(self.kinds)

    @cached_property
    def starts(self) -> IntArray:
        """Where the statements of each object begin, ``(n_things + 1,)``; the last one is their number."""
        return np.searchsorted(self.objects, np.arange(self.n_things + 1))

    @cached_property
    def keys(self) -> IntArray:
        """One ascending number ``(n,)`` for the object and the subject of each statement."""
        return self.key(self.objects, self.subjects)

    def key(self, objects: IntArray, subjects: IntArray) -> IntArray:
        """Return the number of :attr:`keys` for objects and subjects ``(m,)``."""
        return objects * self.n_things + subjects

    @cached_property
    def inverse_functionality(self) -> DoubleArray:
        """The number of distinct objects of each relation by that of its statements, ``(n_relations,)``.

        This is ``fun^-1(r)`` of PARIS, the global functionality of the inverse relation. It is 1 where every
        object has one subject, so that equal objects mean equal subjects. A relation without statements
        has 1.
        """
        of_objects = np.unique(self.objects * self.n_relations + self.relations) % max(1, self.n_relations)
        n_objects, n_statements = (
            np.bincount(relations, minlength=self.n_relations) for relations in (of_objects, self.relations)
        )
        share: DoubleArray = np.where(n_statements > 0, n_objects / np.maximum(1, n_statements), 1.0)
        return share
