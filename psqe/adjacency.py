"""A graph as a sparse matrix that spreads values from entities to their neighbours."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph


def undirected_edges(edges: IntArray, *, n_loops: int = 0) -> IntArray:
    """Return every edge in both directions, without repetition and sorted.

    Parameters
    ----------
    edges
        Integer array ``(m, 2)``: the nodes that each edge connects.
    n_loops
        Number of nodes, from 0 on, that get a self loop.

    Returns
    -------
    Integer array ``(m', 2)``.

    Examples
    --------
    >>> undirected_edges(np.array([[0, 1], [1, 0]]), n_loops=1).tolist()
    [[0, 0], [0, 1], [1, 0]]
    """
    loops = np.repeat(np.arange(n_loops)[:, None], 2, axis=1)
    return np.unique(np.concatenate([edges, edges[:, ::-1], loops]), axis=0)


def neighbour_matrix(graph: KnowledgeGraph, *, loops: bool = False) -> sparse.csr_array:
    """Return which entities have a triple with each other.

    Parameters
    ----------
    graph
        A knowledge graph. Parallel edges count once, whatever their relations and directions are.
    loops
        Whether each entity is its own neighbour, too; by default only if it has a triple with itself.

    Returns
    -------
    csr_array
        Symmetric float64 matrix ``(n_entities, n_entities)`` of ones.

    Examples
    --------
    >>> graph = KnowledgeGraph("g", ("a", "b"), ("r", "s"), [(0, 0, 1), (1, 1, 0)])
    >>> neighbour_matrix(graph).toarray().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    n = graph.n_entities
    edges = undirected_edges(graph.triples[:, [0, 2]], n_loops=n if loops else 0)
    return sparse.csr_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))


def normalised_adjacency(graph: KnowledgeGraph) -> sparse.csr_array:
    """Return ``A = D^(-1/2) (E + I) D^(-1/2)`` of the undirected graph with self loops.

    Kipf and Welling (2017), *Semi-Supervised Classification with Graph Convolutional Networks*, eq. 2.

    Parameters
    ----------
    graph
        A knowledge graph. Parallel edges count once, whatever their relations and directions are.

    Returns
    -------
    csr_array
        Symmetric float64 matrix ``(n_entities, n_entities)``.

    Examples
    --------
    >>> graph = KnowledgeGraph("g", ("a", "b"), ("r",), [(0, 0, 1)])
    >>> normalised_adjacency(graph).toarray().round(6).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    edges = neighbour_matrix(graph, loops=True)
    scale = sparse.diags_array(1 / np.sqrt(np.asarray(edges.sum(axis=1)).ravel()))
    return sparse.csr_array(scale @ edges @ scale)


def joint_adjacency(task: AlignmentTask) -> sparse.csr_array:
    """Return the normalised adjacency of both graphs as one, the right entities after the left ones.

    No edge joins the two graphs. The matrix has the shape ``(n_left + n_right, n_left + n_right)``.
    """
    return sparse.csr_array(sparse.block_diag(list(task.sides.map(normalised_adjacency)), format="csr"))


def walk(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Return the random walk ``P = D^(-1) (E + I)`` of a graph, whose rows add up to one.

    As a propagation matrix it takes the mean over neighbours, as attention does while it attends to all
    neighbours alike.

    Parameters
    ----------
    adjacency
        The graph's normalised adjacency ``(n, n)``, see :func:`normalised_adjacency`.
    """
    # A = D^(-1/2) (E + I) D^(-1/2), so the loops give the degrees back.
    root = np.sqrt(1 / adjacency.diagonal())
    return sparse.csr_array(sparse.diags_array(1 / root) @ adjacency @ sparse.diags_array(root))
