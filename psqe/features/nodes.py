"""Fused vectors of all nodes of a graph: its candidates, and the literals and categories beside them."""

from __future__ import annotations

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import centred, side_vectors, to_unit_rows, unit_rows
from psqe.graph import FloatArray, KnowledgeGraph, Side, Vectors


def node_vectors(features: Features, side: Side, graph: KnowledgeGraph) -> FloatArray:
    """Return the fused unit vectors ``(n, d)`` of all nodes of one side, zero for nodes without a modality.

    Candidates are centred among themselves, and so are the other nodes, because the text of a literal differs
    from that of an entity by a constant shift. For candidates the result is that of
    :func:`psqe.features.fusion.fuse`.
    """
    parts = [modality_nodes(modality[side], graph) for modality in features.values()]
    return to_unit_rows(np.hstack(parts))


def modality_nodes(vectors: Vectors, graph: KnowledgeGraph) -> FloatArray:
    """Return the unit vectors ``(n, d)`` of all nodes in one modality, zero for nodes that lack it.

    Candidates are centred among themselves, and so are the other nodes.
    """
    others = np.setdiff1d(np.arange(graph.n_entities), graph.candidates)
    nodes = np.empty_like(vectors.values)
    nodes[graph.candidates] = side_vectors(vectors.take(graph.candidates))
    nodes[others] = unit_rows(centred(vectors.values[others], vectors.present[others]))
    return nodes
