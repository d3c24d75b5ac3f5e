"""Bags of labels as vectors: one vocabulary for both sides, weighted by how rare a label is.

The peers (EVA and the models that build on it) count the 1,000 most frequent labels and use the raw counts. A
handful of labels that nearly every entity has, such as a type or a category, then decides every cosine. Here
a label weighs ``log(1 + count) * idf`` with ``idf = 1 + log((1 + n) / (1 + df))``: the tenth triple of a kind
says less than the first, and a rare label says more than a common one. ``n`` is the number of entities that
have any label, ``df`` the number of entities that have this one. The smoothing keeps every weight positive,
so that an entity with a label of the vocabulary never has an empty row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from psqe.features.base import Modality
from psqe.graph import IntArray, Sides, Vectors

Bag = Counter[str]


def total_of(bags: Sequence[Bag]) -> Bag:
    """Return the sum of all bags."""
    total: Bag = Counter()
    for bag in bags:
        total.update(bag)
    return total


def most_frequent(total: Bag, n: int) -> list[str]:
    """Return the ``n`` labels with the largest count, ties in the order of the alphabet."""
    return sorted(sorted(total), key=lambda label: -total[label])[:n]


def weighted_bags(bags: Sides[list[Bag]], vocabulary: Sequence[str]) -> Modality:
    """Turn the bags of both sides into vectors.

    Parameters
    ----------
    bags
        One bag per entity of each side.
    vocabulary
        The labels that become columns, in order.

    Returns
    -------
    Modality
        Dense float32 ``(n, len(vocabulary))`` with the weights given above. An entity none of whose labels
        is in the vocabulary is absent.
    """
    counts = counted_bags(bags, vocabulary)
    n = sum(bool(bag) for side in bags for bag in side)
    frequency = sum(np.bincount(side.indices, minlength=len(vocabulary)) for side in counts)
    weights = counts.map(lambda side: label_weights(side, n, np.asarray(frequency)).astype(np.float32))
    return Modality(*(Vectors(side.toarray(), np.diff(side.indptr) > 0) for side in weights))


def counted_bags(bags: Sides[list[Bag]], vocabulary: Sequence[str]) -> Sides[csr_array]:
    """Return the counts of the labels of a vocabulary: float64 ``(n, len(vocabulary))`` for each side.

    Parameters
    ----------
    bags
        One bag per entity of each side.
    vocabulary
        The labels that become columns, in order.
    """
    columns = {label: column for column, label in enumerate(vocabulary)}
    return bags.map(lambda side: _count_matrix(side, columns))


def label_weights(counts: csr_array, n: int, frequency: IntArray) -> csr_array:
    """Weigh counts by ``log(1 + count) * (1 + log((1 + n) / (1 + frequency)))``.

    The inverse document frequency is that of scikit-learn's ``TfidfTransformer``. Its ``sublinear_tf`` is
    another function of the count, though, and its ``n`` counts rows, also those without any label.

    Parameters
    ----------
    counts
        Counts above zero ``(n_entities, n_labels)``.
    n
        Number of entities that have any label.
    frequency
        Number of entities that have each label ``(n_labels,)``.

    Returns
    -------
    csr_array
        Float64 weights, shaped as ``counts``.
    """
    idf = 1 + np.log((1 + n) / (1 + frequency))
    return csr_array(
        (np.log1p(counts.data) * idf[counts.indices], counts.indices, counts.indptr), counts.shape
    )


def _count_matrix(bags: Sequence[Bag], columns: dict[str, int]) -> csr_array:
    """Return the counts of the labels in ``columns``: ``(len(bags), len(columns))``."""
    rows = [
        sorted((columns[label], times) for label, times in bag.items() if label in columns) for bag in bags
    ]
    cells = np.array([cell for row in rows for cell in row], dtype=np.int64).reshape(-1, 2)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return csr_array((cells[:, 1].astype(np.float64), cells[:, 0], indptr), shape=(len(bags), len(columns)))
