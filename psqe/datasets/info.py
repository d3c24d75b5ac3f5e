"""What a task holds: sizes, degrees, modalities, and how many candidates have no counterpart."""

from __future__ import annotations

from typing import Any

from psqe.kg import AlignmentTask, KnowledgeGraph


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


def task_info(task: AlignmentTask) -> dict[str, Any]:
    """Both graphs (degree and modalities of candidates), gold links, and the dangling share per side.

    ``links`` and the shares are ``None`` when no gold links are known.
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
        "left": graph_info(task.left),
        "right": graph_info(task.right),
    }
