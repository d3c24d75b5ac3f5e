"""A graph as a sparse matrix."""

import numpy as np
from scipy import sparse

from psqe.adjacency import joint_adjacency, normalised_adjacency, walk
from psqe.datasets.synthetic import planted_pair


def test_parallel_edges_count_once_and_isolated_nodes_keep_themselves():
    task, _ = planted_pair(30, density=0.5, random_state=1)
    found = normalised_adjacency(task.left)
    degree = 1 / found.diagonal()
    lone = np.flatnonzero(degree == 1)
    assert len(lone) and (found[lone].sum(axis=1) == 1).all()
    links = {tuple(sorted(edge)) for edge in task.left.triples[:, [0, 2]].tolist() if edge[0] != edge[1]}
    assert found.nnz == 2 * len(links) + task.left.n_entities


def test_no_edge_joins_the_two_graphs():
    task, _ = planted_pair(30, random_state=1)
    n = task.left.n_entities
    found = joint_adjacency(task)
    assert sparse.issparse(found)
    assert not found[:n, n:].nnz and not found[n:, :n].nnz
    for part, graph in ((found[:n, :n], task.left), (found[n:, n:], task.right)):
        np.testing.assert_array_equal(part.toarray(), normalised_adjacency(graph).toarray())


def test_the_walk_is_a_mean_over_neighbours():
    adjacency = joint_adjacency(planted_pair(40, 2, 4, random_state=0)[0])
    steps = walk(adjacency)
    np.testing.assert_allclose(steps.sum(axis=1), 1)
    assert (steps.toarray() > 0).sum() == adjacency.nnz
    for row in steps.toarray():
        assert np.ptp(row[row > 0]) < 1e-12
