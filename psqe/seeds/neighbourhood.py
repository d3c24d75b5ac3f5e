"""The neighbourhoods of candidates, compared by the pairs that lie in them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from psqe.adjacency import neighbour_matrix
from psqe.graph import AlignmentTask, FloatArray, IntArray, KnowledgeGraph
from psqe.similarity import SparseDot
from psqe.similarity.bounded import rarest

WALK_WEIGHT = 0.1
"""Weight of the cosine of walks beside a similarity of weight 1."""

MOST_WALKS = 25_000_000
"""Largest number of walks of two steps in a graph. Above it, the entities through which most walks lead are
left out: what is near most candidates, as a part of speech is near most words, tells little of each."""


def candidate_graph(graph: KnowledgeGraph, candidates: IntArray) -> sparse.csr_array:
    """Compute a random walk between candidates: one step, or two steps through another entity.

    In graphs whose candidates are connected by categories and keywords, a walk between two candidates passes
    an entity that is not a candidate. Unlike :func:`psqe.adjacency.walk`, the walk has no self loops, and
    steps that return to their start do not count. Where there are more than :data:`MOST_WALKS` walks of two
    steps, the entities with most candidates around them are passed by none, so that memory stays bounded.

    Parameters
    ----------
    graph
        The graph.
    candidates
        Indices of the candidates ``(m,)``.

    Returns
    -------
    Probabilities, float32 matrix ``(m, m)`` whose rows add up to at most one.
    """
    n = graph.n_entities
    adjacency = neighbour_matrix(graph).astype(np.float32)
    degree = np.maximum(np.asarray(adjacency.sum(axis=1)).ravel(), 1)
    walk = sparse.csr_array(sparse.diags_array((1 / degree).astype(np.float32)) @ adjacency)
    is_candidate = np.zeros(n, dtype=bool)
    is_candidate[candidates] = True
    others = np.flatnonzero(~is_candidate)
    n_around = np.diff(walk[others][:, candidates].indptr).astype(np.int64)
    others = others[rarest(n_around, n_around**2, MOST_WALKS)]
    steps = sparse.csr_array(
        walk[candidates][:, candidates] + walk[candidates][:, others] @ walk[others][:, candidates]
    )
    steps.setdiag(0)
    steps.eliminate_zeros()
    return steps


def walk_similarity(
    task: AlignmentTask,
    left: IntArray,
    right: IntArray,
    pairs: IntArray,
    *,
    weights: FloatArray | None = None,
) -> SparseDot:
    """Compare candidates by the pairs that random walks from them meet.

    A walk leads from every candidate to the candidates near it in its graph (:func:`candidate_graph`). Two
    candidates whose walks meet the two entities of the same pairs have similar neighbourhoods. A pair says
    nothing about itself, because no walk returns to its start.

    Parameters
    ----------
    task
        The two graphs.
    left, right
        Entity indices of the candidates, ``(m_left,)`` and ``(m_right,)``.
    pairs
        Positions in ``left`` and ``right``, ``(n, 2)``.
    weights
        Weight of each pair ``(n,)``; 1 each when ``None``.

    Returns
    -------
    The cosines of the walks ``(m_left, m_right)``, from 0 to 1.
    """
    walks = []
    for graph, candidates, ends in ((task.left, left, pairs[:, 0]), (task.right, right, pairs[:, 1])):
        reached = sparse.csr_array(candidate_graph(graph, candidates)[:, ends])
        if weights is not None:
            reached = sparse.csr_array(reached @ sparse.diags_array(weights))
        walks.append(_unit(reached))
    return SparseDot(*walks)


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    """Scale every row to unit length; rows of zeros stay zero."""
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    return sparse.csr_array(sparse.diags_array(scale.astype(np.float32)) @ rows)
