"""A graph as a sparse matrix that spreads values from entities to their neighbours."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from psqe.graph import AlignmentTask, KnowledgeGraph


def normalised_adjacency(graph: KnowledgeGraph) -> sparse.csr_array:
    """``A = D^(-1/2) (E + I) D^(-1/2)`` of the undirected graph with self loops ``(n, n)``.

    Kipf and Welling (2017). Parallel edges count once.
    """
    n = graph.n_entities
    ends = graph.triples[:, [0, 2]]
    loops = np.repeat(np.arange(n)[:, None], 2, axis=1)
    both = np.unique(np.concatenate([ends, ends[:, ::-1], loops]), axis=0)
    edges = sparse.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    scale = sparse.diags_array(1 / np.sqrt(np.asarray(edges.sum(axis=1)).ravel()))
    return sparse.csr_array(scale @ edges @ scale)


def joint_adjacency(task: AlignmentTask) -> sparse.csr_array:
    """Both graphs as one, right entities after the left ones; no edge joins the two."""
    parts = [normalised_adjacency(graph) for graph in (task.left, task.right)]
    return sparse.csr_array(sparse.block_diag(parts, format="csr"))


def walk(adjacency: sparse.csr_array) -> sparse.csr_array:
    """``P = D^(-1) (E + I)`` of a normalised adjacency ``(n, n)``: the random walk, rows add up to one.

    As an encoder's ``A`` it takes the mean over neighbours, which is what attention does while it attends
    to all of them alike.
    """
    # A = D^(-1/2) (E + I) D^(-1/2), so the loops give the degrees back.
    root = np.sqrt(1 / adjacency.diagonal())
    return sparse.csr_array(sparse.diags_array(1 / root) @ adjacency @ sparse.diags_array(root))
