"""The relations around an entity where labels are no common vocabulary: weights, and labels as words.

Bags (:mod:`psqe.features.bags`) match relations by label. Where the sides have no label in common, a relation
is described by something that can be compared, a vector, and an entity by the sum of its relations' vectors,
weighted as in a bag. Here the vector is that of the label's words. An entity that is the head of a relation
is told from one that is its tail.

One vector for each label, instead of one for the joint text of all labels around an entity, was chosen with
gold links in view: between DBpedia and YAGO it is as good, and there are some hundred labels but some ten
thousand such texts.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array

from psqe.graph import DoubleArray, FloatArray, KnowledgeGraph

BITS = 12
"""Binary digits after the point that weights and vectors keep. Products of such numbers add up exactly, so
that the numbering of relations and the order of triples do not reach even the last bit of a sum."""


def fixed(values: DoubleArray) -> DoubleArray:
    """Round to :data:`BITS` binary digits after the point."""
    return np.asarray(np.round(values * 2**BITS) / 2**BITS)


def relation_weights(graph: KnowledgeGraph) -> csr_array:
    """How much each relation says about each entity.

    Returns
    -------
    ``(n_entities, 2 n_relations)``: the entity as head, then as tail of each relation. Weights are those of
    bags, ``log(1 + count) * (1 + log((1 + n) / (1 + df)))``, with ``n`` the entities of this side that have
    any triple and ``df`` those that are head, or tail, of this relation.
    """
    heads, relations, tails = graph.triples.T
    m = len(graph.relations)
    cells = (np.concatenate([heads, tails]), np.concatenate([relations, relations + m]))
    counts = csr_array((np.ones(len(cells[0])), cells), shape=(graph.n_entities, 2 * m))
    frequency = np.bincount(counts.indices, minlength=2 * m)
    n = int((np.diff(counts.indptr) > 0).sum())
    counts.data = np.log1p(counts.data)
    weights = csr_array(counts @ diags_array(1 + np.log((1 + n) / (1 + frequency))))
    weights.data = fixed(weights.data)
    return weights


def label_vectors(graph: KnowledgeGraph, vectors: FloatArray) -> FloatArray:
    """Weighted sums of the vectors of labels, as bags are of any length.

    Parameters
    ----------
    graph
        One side.
    vectors
        ``(n_relations, d)``: one for each label.

    Returns
    -------
    ``(n_entities, 2 d)``: what an entity is the head of, beside what it is the tail of; zeros where it has
    no triple.
    """
    weights = relation_weights(graph)
    m, dim = vectors.shape
    result = np.empty((graph.n_entities, 2 * dim), dtype=np.float32)
    for half in (0, 1):
        part = weights[:, half * m : (half + 1) * m]
        result[:, half * dim : (half + 1) * dim] = part @ fixed(vectors.astype(np.float64))
    return result
