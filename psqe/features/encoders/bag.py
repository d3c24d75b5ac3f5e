"""Bags of labels: which relations lead to and from an entity, or which attributes it has."""

from __future__ import annotations

import warnings
from collections import Counter

from psqe.errors import PsqeWarning
from psqe.features.bags import Bag, most_frequent, total_of, weighted_bags
from psqe.features.base import Modality
from psqe.features.encoder_registry import TaskEncoder
from psqe.features.text import LONGEST_VALUE
from psqe.files import content_hash
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides

MAX_LABELS = 1000
"""Number of the most frequent labels that are kept, as in the peers' models."""

WITHOUT_SHARED_LABELS = {
    "relation": "give relation the encoder profile, which compares relations by how they are used, or "
    "use-m3, which compares their labels as words",
    "attribute": "give attribute the encoder use-m3, which compares its labels as words",
}
"""Remedies, by modality, where the labels of the two sides have nothing in common."""


def relation_bags(graph: KnowledgeGraph) -> list[Bag]:
    """Count the relations of each entity, those it is the head of apart from those it is the tail of."""
    bags: list[Bag] = [Counter() for _ in range(graph.n_entities)]
    for head, relation, tail in graph.triples.tolist():
        label = graph.relations[relation]
        bags[head][f"head of {label}"] += 1
        bags[tail][f"tail of {label}"] += 1
    return bags


def attribute_bags(graph: KnowledgeGraph) -> list[Bag]:
    """Count the attribute labels of each entity and, where values are known, each label with its value."""
    bags: list[Bag] = []
    for pairs in graph.attributes:
        bag: Bag = Counter(label for label, _ in pairs)
        bag.update(f"{label}={_bounded(value)}" for label, value in pairs if value is not None)
        bags.append(bag)
    return bags


def _bounded(value: str) -> str:
    """Return a value, or the beginning of a long one with its hash: equal values stay equal."""
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + content_hash(value)


class BagEncoder(TaskEncoder):
    """Bags of labels of both sides over one vocabulary, matched by label; see :mod:`psqe.features.bags`.

    Attributes
    ----------
    max_labels
        Number of labels that are kept: those with the largest count on both sides together, ties in the
        order of the alphabet. 1,000 unless set.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("a", "b"), ("in",), [(0, 0, 1)])
    >>> right = KnowledgeGraph("r", ("c", "d"), ("in",), [(1, 0, 0)])
    >>> BagEncoder("relation").encode_task(AlignmentTask("t", left, right)).dim
    2
    """

    name = "bag"
    modalities = ("relation", "attribute")
    max_labels: int = MAX_LABELS

    def encode_task(self, task: AlignmentTask) -> Modality:
        """Return dense float32 vectors ``(n, d)`` with ``d <= max_labels``.

        An entity none of whose labels is kept is absent.

        Warns
        -----
        PsqeWarning
            If the sides share no label, so that the modality cannot compare them.
        """
        bags = task.sides.map(self.bags)
        totals = bags.map(total_of)
        if all(totals) and not totals.left.keys() & totals.right.keys():
            warnings.warn(
                f"task {task.name!r}: the two sides share no label in modality {self.modality!r}; "
                f"without training, the encoder {self.name} says nothing about which entities are the same; "
                f"{WITHOUT_SHARED_LABELS[self.modality]}",
                PsqeWarning,
                stacklevel=2,
            )
        return self.vectors(bags, most_frequent(totals.left + totals.right, self.max_labels))

    def bags(self, graph: KnowledgeGraph) -> list[Bag]:
        """Count the labels of each entity of a graph."""
        return relation_bags(graph) if self.modality == "relation" else attribute_bags(graph)

    def vectors(self, bags: Sides[list[Bag]], vocabulary: list[str]) -> Modality:
        """Return the vectors of bags over a vocabulary of labels."""
        return weighted_bags(bags, vocabulary)
