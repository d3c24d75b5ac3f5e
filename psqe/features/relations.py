"""The relations around an entity where labels are no common vocabulary: weights, and labels as words.

Bags (:mod:`psqe.features.bags`) match relations by label. Where the sides have no label in common, a relation
is described by something that can be compared, a vector, and an entity by the sum of its relations' vectors,
weighted as in a bag. Here the vector is that of the label's words. An entity that is the head of a relation
is distinguished from one that is its tail.

Each label has a vector, and not the joint text of all labels around an entity. This was chosen with gold
links in view: between DBpedia and YAGO it is as good, and there are some hundred labels but some ten thousand
such texts.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from psqe.features.bags import label_weights
from psqe.graph import DoubleArray, FloatArray, KnowledgeGraph

BITS = 12
"""Binary digits after the point that weights and vectors keep. Products of such numbers add up exactly, so
that the numbering of relations and the order of triples do not reach even the last bit of a sum."""


def fixed(values: DoubleArray) -> DoubleArray:
    """Round to :data:`BITS` binary digits after the point."""
    return np.asarray(np.round(values * 2**BITS) / 2**BITS)


def relation_weights(graph: KnowledgeGraph) -> csr_array:
    """Return how much each relation says about each entity, weighted as bags of labels are.

    Returns
    -------
    csr_array
        Float64 ``(n_entities, 2 n_relations)``: the entity as head, then as tail of each relation. Weights
        are those of :func:`psqe.features.bags.label_weights`, with the entities of this side alone, and
        rounded by :func:`fixed`.
    """
    heads, relations, tails = graph.triples.T
    m = len(graph.relations)
    cells = (np.concatenate([heads, tails]), np.concatenate([relations, relations + m]))
    counts = csr_array((np.ones(len(cells[0])), cells), shape=(graph.n_entities, 2 * m))
    frequency = np.bincount(counts.indices, minlength=2 * m)
    weights = label_weights(counts, int((np.diff(counts.indptr) > 0).sum()), frequency)
    weights.data = fixed(weights.data)
    return weights


def label_vectors(graph: KnowledgeGraph, vectors: FloatArray) -> FloatArray:
    """Describe each entity by the weighted sum of the vectors of its relations' labels.

    Parameters
    ----------
    graph
        The graph of one side.
    vectors
        Vector of each relation's label, float32 ``(n_relations, d)``.

    Returns
    -------
    numpy.ndarray
        Float32 ``(n_entities, 2 d)``: the relations that the entity is the head of, beside those that it is
        the tail of. The row of an entity without a triple is zero.
    """
    weights = relation_weights(graph)
    m, dim = vectors.shape
    result = np.empty((graph.n_entities, 2 * dim), dtype=np.float32)
    for half in (0, 1):
        part = weights[:, half * m : (half + 1) * m]
        result[:, half * dim : (half + 1) * dim] = part @ fixed(vectors.astype(np.float64))
    return result
