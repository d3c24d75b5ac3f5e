"""Bags of labels: which relations lead to and from an entity, which attributes it has.

The peers (EVA and what builds on it) count the 1,000 most frequent labels and use the raw counts. There
a handful of labels that nearly everybody has, such as a type or a category, decides every cosine. Here a
label weighs ``log(1 + count) * idf`` with ``idf = 1 + log((1 + n) / (1 + df))``: the tenth triple of a
kind says less than the first, and a rare label says more than a common one. ``n`` is the number of
entities of both sides with any label, ``df`` of those with this one. The smoothing keeps every weight
positive, so nobody who has a label ends up with an empty row.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from psqe.errors import PsqeWarning
from psqe.features.base import Modality
from psqe.graph import AlignmentTask, KnowledgeGraph, Vectors

MAX_LABELS = 1000
"""The most frequent labels kept, as in the peers' models."""

WITHOUT_SHARED_LABELS = {
    "relation": "give relation the encoder profile, which compares relations by how they are used, or "
    "use-m3, which compares their labels as words",
    "attribute": "give attribute the encoder use-m3, which compares its labels as words",
}
"""What to do where the labels of the two sides have nothing in common."""

Bag = Counter[str]


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
        bag.update(f"{label}={value}" for label, value in pairs if value is not None)
        bags.append(bag)
    return bags


def bag_modality(task: AlignmentTask, modality: str, *, max_labels: int = MAX_LABELS) -> Modality:
    """The bags of both sides over one vocabulary, matched by label.

    Parameters
    ----------
    task
        The two graphs.
    modality
        ``"relation"`` or ``"attribute"``.
    max_labels
        How many labels to keep: those with the largest count on both sides together, ties in the order
        of the alphabet.

    Returns
    -------
    Dense float32 arrays ``(n, d)`` with ``d <= max_labels``. An entity none of whose labels is kept is
    marked absent.

    Warns
    -----
    PsqeWarning
        If the sides share no label, so that the modality cannot compare them.
    """
    count = relation_bags if modality == "relation" else attribute_bags
    left, right = count(task.left), count(task.right)
    totals = total_of(left), total_of(right)
    if totals[0] and totals[1] and not totals[0].keys() & totals[1].keys():
        warnings.warn(
            f"task {task.name!r}: the two sides share no label in modality {modality!r}; "
            "as a bag it says nothing about which entities are the same; "
            f"{WITHOUT_SHARED_LABELS[modality]}",
            PsqeWarning,
            stacklevel=2,
        )
    return weighted_bags(left, right, most_frequent(totals[0] + totals[1], max_labels))


def most_frequent(total: Bag, n: int) -> list[str]:
    """The ``n`` labels with the largest count, ties in the order of the alphabet."""
    return sorted(sorted(total), key=lambda label: -total[label])[:n]


def weighted_bags(left: Sequence[Bag], right: Sequence[Bag], vocabulary: Sequence[str]) -> Modality:
    """The bags of both sides as vectors: one column per label of ``vocabulary``, weights as told above.

    Dense float32 ``(n, d)``; an entity none of whose labels is in the vocabulary is marked absent.
    """
    columns = {label: column for column, label in enumerate(vocabulary)}
    n = sum(map(bool, left)) + sum(map(bool, right))
    frequency: Bag = Counter()
    for bag in (*left, *right):
        frequency.update(bag.keys())
    idf = np.array([1 + np.log((1 + n) / (1 + frequency[label])) for label in vocabulary])
    matrices = [_matrix(bags, columns, idf) for bags in (left, right)]
    return Modality(*(Vectors(matrix.toarray(), np.diff(matrix.indptr) > 0) for matrix in matrices))


def total_of(bags: Sequence[Bag]) -> Bag:
    """All bags in one."""
    total: Bag = Counter()
    for bag in bags:
        total.update(bag)
    return total


def _matrix(bags: Sequence[Bag], columns: dict[str, int], idf: NDArray[np.float64]) -> csr_array:
    """Weights ``(n, d)``: ``log(1 + count) * idf``."""
    rows = [
        sorted((columns[label], times) for label, times in bag.items() if label in columns) for bag in bags
    ]
    cells = [cell for row in rows for cell in row]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    where = np.array([column for column, _ in cells], dtype=np.int64)
    counts = np.array([times for _, times in cells], dtype=np.float64)
    data = (np.log1p(counts) * idf[where]).astype(np.float32)
    return csr_array((data, where, indptr), shape=(len(bags), len(columns)))
