"""Links as evidence for other links: entities whose neighbours are linked, or are shared with linked ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.aligners.labels import seed_labels
from psqe.graph import BoolArray, FloatArray, IntArray, KnowledgeGraph

ENTRIES = 256
"""The largest mean number of entities that one entity shares a neighbour with. The most common neighbours,
whose sharing says least, are left out until that holds, so that memory grows with the number of entities and
not with its square."""


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """How strongly the candidates of one graph are connected, directly and by the neighbours they share.

    A *connection* of an entity is a neighbour together with the relation to it and its direction. Sharing a
    connection that few candidates have says more than sharing one that many have: a connection of ``d``
    candidates out of ``n`` counts ``log((n + 1) / (d + 1)) / sqrt(d)``. Connections that very many candidates
    have are not counted as shared, see :data:`ENTRIES`: all of one frequency are counted, or none.

    Parameters
    ----------
    direct
        Sparse array ``(n, n)``: the weight of the connections of a candidate whose neighbour is another one;
        zero on the diagonal, also where an entity has a triple with itself.
    shared
        Sparse array ``(n, n)``: the weight of the connections that two candidates share; zero on
        the diagonal.

    Examples
    --------
    >>> graph = KnowledgeGraph("g", ("a", "b", "c"), ("r",), [(0, 0, 2), (1, 0, 2)])
    >>> hoods = Neighbourhoods.from_graph(graph)
    >>> hoods.shared.toarray().astype(float).round(2).tolist()
    [[0.0, 0.2, 0.0], [0.2, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    direct: sparse.csr_array
    shared: sparse.csr_array

    @classmethod
    def from_graph(cls, graph: KnowledgeGraph) -> Neighbourhoods:
        """Count the connections of the candidates of a graph."""
        n = len(graph.candidates)
        position = np.full(graph.n_entities, -1)
        position[graph.candidates] = np.arange(n)
        heads, relations, tails = graph.triples.T
        n_relations = max(1, len(graph.relations))
        entities = np.concatenate([heads, tails])
        connections = np.concatenate([relations, n_relations + relations])
        connections = connections * graph.n_entities + np.concatenate([tails, heads])
        cells = np.unique(np.column_stack([position[entities], connections])[position[entities] >= 0], axis=0)
        known, columns = np.unique(cells[:, 1], return_inverse=True)
        counts = np.bincount(columns, minlength=len(known))
        weights = (np.log((n + 1) / (counts + 1)) / np.sqrt(counts)).astype(np.float32)
        rows = cells[:, 0]
        nodes = position[known % graph.n_entities]
        linked = (nodes[columns] >= 0) & (nodes[columns] != rows)
        direct = sparse.csr_array(
            (weights[columns][linked], (rows[linked], nodes[columns][linked])), shape=(n, n)
        )
        kept = _within_budget(counts, ENTRIES * n)[columns]
        incidence = sparse.csr_array(
            (np.sqrt(weights[columns][kept]), (rows[kept], columns[kept])), shape=(n, len(known))
        )
        shared = sparse.csr_array(incidence @ incidence.T)
        shared.setdiag(0)
        shared.eliminate_zeros()
        return cls(direct, shared)

    def seen_from(self, linked: IntArray, labels: FloatArray, *, direct: bool) -> FloatArray:
        """Describe every candidate by the linked entities that it is connected with.

        The two entities of a link have the same label. Two candidates of different graphs are then alike if
        they are connected with the two entities of the same links. An entity's own link has no part, so a
        link gives no evidence for itself.

        Parameters
        ----------
        linked
            The candidate of each link on this side ``(m,)``.
        labels
            A vector for each link, which is the same on both sides ``(m, d)``.
        direct
            Whether a candidate is connected with its neighbours, or with those that share a neighbour.

        Returns
        -------
        Vectors ``(n, d)``, of unit length but for the rounding of the labels; zero without connections.
        """
        weights = sparse.csr_array((self.direct if direct else self.shared)[:, linked])
        weights.data = np.sqrt(weights.data)  # square roots, so that the few strongest do not decide alone
        norms = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
        scale = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
        vectors: FloatArray = np.asarray(sparse.diags_array(scale.astype(np.float32)) @ weights @ labels)
        return vectors


def link_labels(n_links: int, dim: int, importance: FloatArray, random_state: int) -> FloatArray:
    """Draw a random vector for each link, orthogonal to the others in expectation.

    Parameters
    ----------
    n_links
        Number of links ``m``.
    dim
        Number of dimensions. By chance, two vectors have a cosine of about ``dim ** -0.5``.
    importance
        How much each link counts ``(m,)``, from 0 to 1.
    random_state
        Seed of the random generator.

    Returns
    -------
    Float32 array ``(m, dim)``: rows of the length ``sqrt(importance)``.
    """
    labels: FloatArray = (
        seed_labels(n_links, dim, random_state) * np.sqrt(importance, dtype=np.float32)[:, None]
    )
    return labels


def _within_budget(counts: IntArray, budget: int) -> BoolArray:
    """Mask the rarest connections ``(f,)``, as many as have at most ``budget`` pairs of entities together."""
    order = np.argsort(counts, kind="stable")
    pairs = np.cumsum(counts[order].astype(np.int64) ** 2)
    kept = np.searchsorted(pairs, budget, side="right")
    # Connections of equal count are kept or left out together, so that their order does not matter.
    limit = counts[order[kept]] if kept < len(order) else counts.max(initial=0) + 1
    mask: BoolArray = (counts < limit) & (counts > 1)
    return mask
