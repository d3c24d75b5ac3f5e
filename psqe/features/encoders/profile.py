"""Relations compared by how they are used: no label, no id and no language is read.

A relation that is the birth place of people in one graph behaves much as it does in the other, whatever it is
called there. Its profile, seen from one of its ends, holds nine quantities: the share of the triples that it
makes up, the shares of the entities that stand at this end and at the other (both logarithmic; with the first
they say how functional the relation is, either way), how many triples go out of and into the entities at
either end, on average, which share of its triples holds in both directions, and which share of its entities
stands at both ends. Each side's quantities are standardised by themselves, as one graph may be denser than
the other. Whether the end is that of the head is a tenth quantity.

Two relations then count as the same by ``exp(-distance ** 2 / (2 SIGMA ** 2))`` of their profiles. Cosines
and sines of random projections have this similarity as their dot product (random Fourier features, Rahimi
and Recht 2007); an entity is the weighted sum over its relations. It is a bag with soft classes of relations
for labels.

The quantities, :data:`SIGMA` and the weight of the direction were chosen with gold links in view, on DBP15K,
SRPRS, OpenEA and FB15K-DB15K. Profiles are good where the two schemas are alike (DBP15K); where one is much
finer than the other, as in FB15K-DB15K or between DBpedia and YAGO, they say little, and the words of the
labels say more.
"""

from __future__ import annotations

import math

import numpy as np

from psqe.features.base import Modality
from psqe.features.encoder_registry import TaskEncoder
from psqe.features.relations import fixed, relation_weights
from psqe.graph import AlignmentTask, DoubleArray, FloatArray, KnowledgeGraph

DIM = 512
"""Columns of the vectors."""

SIGMA = 0.5
"""Distance of profiles, per square root of their quantities, over which relations cease to be the same."""

DIRECTION = 2.0
"""Value of the tenth quantity for heads; tails have its negative."""


def relation_profiles(graph: KnowledgeGraph) -> DoubleArray:
    """Return the profiles of all relations ``(2 n_relations, 10)``: seen from the heads, then from the tails.

    Rows of relations without a triple are zero.
    """
    heads, relations, tails = graph.triples.T
    n, m = max(1, graph.n_entities), len(graph.relations)
    triples = np.bincount(relations, minlength=m)
    degrees = np.bincount(heads, minlength=n), np.bincount(tails, minlength=n)  # out of, into
    at_head, at_tail = np.unique(relations * n + heads), np.unique(relations * n + tails)
    sizes = [np.bincount(end // n, minlength=m) for end in (at_head, at_tail)]
    both = np.bincount(at_head[np.isin(at_head, at_tail)] // n, minlength=m)
    backward = (tails * m + relations) * n + heads
    mirrored = np.bincount(relations[np.isin((heads * m + relations) * n + tails, backward)], minlength=m)
    used = triples > 0
    count = triples[used].astype(np.float64)
    share = np.log(count / len(heads))
    reach = [np.log(size[used] / n) for size in sizes]
    mean = [
        [np.log1p(np.bincount(relations, degree[end], minlength=m)[used] / count) for degree in degrees]
        for end in (heads, tails)
    ]
    symmetric = [mirrored[used] / count, both[used] / np.minimum(*sizes)[used]]
    result = np.zeros((2, m, 10))
    for here, there, direction in ((0, 1, DIRECTION), (1, 0, -DIRECTION)):
        columns = [share, reach[here], reach[there], *mean[here], *mean[there], *symmetric]
        result[here, used, :9] = np.column_stack(columns)
        result[here, used, 9] = direction
    for column in range(9):
        result[:, used, column] = _standardised(result[:, used, column], count)
    return result.reshape(2 * m, 10)


def _standardised(values: DoubleArray, weights: DoubleArray) -> DoubleArray:
    """Scale ``(2, n)`` to weighted mean 0 and deviation 1; zeros if all are alike.

    Sums are exact, so that they do not depend on the order of the relations.
    """
    total = 2 * math.fsum(weights)
    centred = values - math.fsum((values * weights).ravel()) / total
    deviation = math.sqrt(math.fsum((centred**2 * weights).ravel()) / total)
    return np.asarray(centred / deviation if deviation > 1e-9 else np.zeros_like(centred))


class ProfileEncoder(TaskEncoder):
    """Relations around an entity by how they are used; labels of relations are not read.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("a", "b"), ("in",), [(0, 0, 1)])
    >>> right = KnowledgeGraph("r", ("c", "d"), ("dans",), [(1, 0, 0)])
    >>> ProfileEncoder("relation").encode_task(AlignmentTask("t", left, right)).dim
    512
    """

    name = "profile"
    modalities = ("relation",)

    def encode_task(self, task: AlignmentTask) -> Modality:
        """Return the soft classes of relations of both sides: dense float32 ``(n, DIM)``.

        An entity without a triple is absent.
        """
        return Modality.from_arrays(*task.sides.map(_soft_classes))


def _soft_classes(graph: KnowledgeGraph) -> FloatArray:
    """Return the weighted sums over the relations of each entity ``(n_entities, DIM)``."""
    profiles = relation_profiles(graph) / 3  # nine quantities: a distance per square root of their number
    draws = np.random.default_rng(0).standard_normal((profiles.shape[1], DIM // 2)) / SIGMA
    # Added up one quantity after the other: a matrix product rounds by where a row stands.
    angles = np.zeros((len(profiles), DIM // 2))
    for quantity, draw in zip(profiles.T, draws, strict=True):
        angles += quantity[:, None] * draw
    classes = fixed(np.concatenate([np.cos(angles), np.sin(angles)], axis=1))
    return np.asarray(relation_weights(graph) @ classes, dtype=np.float32)
