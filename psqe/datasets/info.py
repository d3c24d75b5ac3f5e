"""What a task holds: sizes, degrees, modalities, and how many candidates have no counterpart."""

from __future__ import annotations

from typing import Any

import numpy as np

from psqe.kg import AlignmentTask, KnowledgeGraph, Side


def graph_info(graph: KnowledgeGraph) -> dict[str, Any]:
    """Sizes and degree of a graph, and how many candidates have an image, a name and attributes."""
    candidates = graph.candidates
    degree = graph.degree()[candidates]
    return {
        "name": graph.name,
        "language": graph.language,
        "entities": graph.n_entities,
        "candidates": len(candidates),
        "relations": len(graph.relations),
        "triples": len(graph.triples),
        "mean_degree": float(degree.mean()) if len(degree) else 0.0,
        "isolated": int((degree == 0).sum()),
        "with_image": sum(graph.images[i] is not None for i in candidates),
        "with_name": sum(graph.names[i] is not None for i in candidates),
        "with_attributes": sum(bool(graph.attributes[i]) for i in candidates),
    }


def attribute_shares(task: AlignmentTask, side: Side) -> dict[str, float | None]:
    """Share of linked and of unlinked candidates that have attributes: if unlike, attributes tell links."""
    shares: dict[str, float | None] = {"attr_if_linked": None, "attr_if_unlinked": None}
    if task.links is not None:
        graph = task.graph(side)
        has = np.array([bool(graph.attributes[i]) for i in graph.candidates], dtype=bool)
        linked = np.isin(graph.candidates, task.links[:, ("left", "right").index(side)])
        for key, mask in zip(shares, (linked, ~linked), strict=True):
            shares[key] = float(has[mask].mean()) if mask.any() else None
    return shares


def task_info(task: AlignmentTask) -> dict[str, Any]:
    """Both graphs (degree and modalities of candidates), gold links, and the dangling share per side.

    ``attr_if_linked`` and ``attr_if_unlinked`` are :func:`attribute_shares`. ``links`` and the shares are
    ``None`` when no gold links are known.
    """
    links = task.links
    return {
        "task": task.name,
        "parameters": dict(task.parameters),
        "links": None if links is None else len(links),
        "dangling_share": {
            side: None if links is None else 1 - len(links) / max(1, len(task.graph(side).candidates))
            for side in ("left", "right")
        },
        "left": {**graph_info(task.left), **attribute_shares(task, "left")},
        "right": {**graph_info(task.right), **attribute_shares(task, "right")},
    }
