"""P5: through the graph, entities without a seed learn what the seeds near them learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.errors import ParameterError
from psqe.kg import AlignmentTask, DoubleArray, IntArray, KnowledgeGraph


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


def propagated(adjacency: sparse.csr_array, values: DoubleArray, n_layers: int) -> DoubleArray:
    """``A^L values``, step by step: never a power of ``A``.

    Raises
    ------
    ParameterError
        If ``n_layers`` is negative.
    """
    if n_layers < 0:
        raise ParameterError(f"n_layers is {n_layers}", remedy="give at least 0")
    for _ in range(n_layers):
        values = adjacency @ values
    return values


@dataclass(frozen=True, eq=False)
class LinearEncoder:
    """``Z = A^L X W``: graph propagation without nonlinearity (Wu et al. 2019).

    Attributes
    ----------
    adjacency
        ``A`` ``(n, n)``, symmetric.
    inputs
        ``X`` ``(n, d_in)``.
    weights
        ``W`` ``(d_in, d)``.
    n_layers
        ``L``.
    """

    adjacency: sparse.csr_array
    inputs: DoubleArray
    weights: DoubleArray
    n_layers: int

    def embeddings(self) -> DoubleArray:
        """``Z`` ``(n, d)``."""
        return propagated(self.adjacency, self.inputs @ self.weights, self.n_layers)

    def change_by_weights(self, gradient: DoubleArray) -> DoubleArray:
        """How ``Z`` changes for a unit of learning rate on ``W``: ``-A^L X X^T A^L G`` ``(n, d)``.

        ``gradient`` is ``G = dl / dZ`` ``(n, d)``, zero but at the seeds.
        """
        at_inputs = propagated(self.adjacency, gradient, self.n_layers)
        return -propagated(self.adjacency, self.inputs @ (self.inputs.T @ at_inputs), self.n_layers)

    def change_by_inputs(self, gradient: DoubleArray) -> DoubleArray:
        """The same for learned inputs: ``-A^(2L) G W^T W`` ``(n, d)``.

        To first order in the learning rate, as ``Z`` is linear in either factor.
        """
        reach = propagated(self.adjacency, gradient, 2 * self.n_layers)
        return -reach @ (self.weights.T @ self.weights)


def reach(adjacency: sparse.csr_array, seeds: IntArray, n_layers: int) -> DoubleArray:
    """``sum_k [A^(2L)]_{u k}`` over the seeds ``(n,)``: how much of the seeds' gradients gets to ``u``.

    ``[A^(2L)]_{u k} = sqrt(deg u / deg k) P^(2L)(u -> k)``, with ``P`` the random walk and degrees with
    self loop. The walk is a matter of place; the square root favours entities of high degree.
    """
    given = np.zeros(adjacency.shape[0])
    np.add.at(given, seeds, 1.0)
    return propagated(adjacency, given, 2 * n_layers)


def limit(adjacency: sparse.csr_array, seeds: IntArray) -> DoubleArray:
    """What :func:`reach` tends to with many layers ``(n,)``, in every connected part of the graph.

    ``sum_k sqrt(deg u deg k) / sum_v deg v``, over the part that ``u`` is in: the seeds' places are
    forgotten, degrees alone remain.
    """
    _, part = sparse.csgraph.connected_components(adjacency, directed=False)
    # A = D^(-1/2) (E + I) D^(-1/2), so the loops give the degrees back.
    degree = 1 / adjacency.diagonal()
    given = np.zeros(len(degree))
    np.add.at(given, seeds, 1.0)
    by_part = np.bincount(part, weights=given * np.sqrt(degree)) / np.bincount(part, weights=degree)
    found: DoubleArray = np.sqrt(degree) * by_part[part]
    return found
