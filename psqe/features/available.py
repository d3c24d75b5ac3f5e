"""Which modalities two graphs can be compared by: those that both of them have something of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from psqe.errors import DataError
from psqe.features.build import build_features
from psqe.features.encoders.bins import has_number
from psqe.features.text import attribute_texts, name_texts
from psqe.graph import AlignmentTask, KnowledgeGraph

T = TypeVar("T")

ORDER = ("name", "image", "attribute", "number", "relation")
"""The modalities that encoders make of a graph, in the order in which features have them by default."""


def available_modalities(task: AlignmentTask) -> tuple[str, ...]:
    """Find the modalities that both graphs of a task have.

    The machine-translated name is never among them, because a result that used it has to say so.

    Parameters
    ----------
    task
        The two graphs. Gold links are not read.

    Returns
    -------
    Names of modalities: those of :data:`ORDER`, then others that the data brought vectors of. A modality
    counts if a candidate of either side has it. ``number`` counts only if two numbers of the two sides are
    near each other, and ``relation`` only if both sides use a relation of the same label, because relations
    are compared by their labels unless another encoder is asked for. Where vectors of a modality came with
    the data, they must have come with both sides and be of one width.

    Examples
    --------
    >>> import psqe
    >>> left = psqe.graph_from_frames(triples=[("rome", "in", "italy")], attributes=[("rome", "size", 9)])
    >>> right = psqe.graph_from_frames(triples=[("roma", "in", "italia")], attributes=[("roma", "taille", 9)])
    >>> available_modalities(psqe.AlignmentTask("cities", left, right))
    ('name', 'attribute', 'number', 'relation')
    """
    left, right = (_encodable(graph) for graph in task.sides)
    came = {name for graph in task.sides for name in graph.vectors}
    common = (left & right) - came
    common |= {name for name in came if _vectors_fit(task, name)}
    if "relation" not in came and _relations_shared(task):
        common.add("relation")
    if "number" in common - came and not _numbers_agree(task):
        common.remove("number")
    return (*(name for name in ORDER if name in common), *sorted(common - {*ORDER, "translated_name"}))


def has_data(graph: KnowledgeGraph, entity: int, modality: str) -> bool:
    """Return whether an entity has something of a modality, even if nothing of the other side is like it.

    Parameters
    ----------
    graph
        The graph.
    entity
        Number of the entity.
    modality
        Name of the modality.

    Examples
    --------
    >>> graph = KnowledgeGraph("cities", ("rome",), (), [], attributes=((("size", "9"),),))
    >>> has_data(graph, 0, "number"), has_data(graph, 0, "image")
    (True, False)
    """
    if modality == "number":
        return has_number(graph, entity)
    if modality == "relation":
        return bool(graph.degree()[entity])
    if modality in ("name", "attribute"):
        texts = name_texts(graph) if modality == "name" else attribute_texts(graph)
        return bool(texts[entity])
    return modality == "image" and graph.images[entity] is not None


def _encodable(graph: KnowledgeGraph) -> set[str]:
    """Return the modalities but ``relation`` of which encoders may find something at a candidate."""
    found = {
        "name": name_texts(graph),
        "attribute": attribute_texts(graph),
        "image": graph.images,
        "number": [any(value for _, value in pairs) for pairs in graph.attributes],
    }
    return {name for name, column in found.items() if any(_of_candidates(graph, column))}


def _of_candidates(graph: KnowledgeGraph, column: Sequence[T]) -> Iterable[T]:
    return (column[i] for i in graph.candidates.tolist())


def _relations_shared(task: AlignmentTask) -> bool:
    """Whether both graphs have a triple of a relation with the same label."""
    left, right = ({graph.relations[i] for i in set(graph.triples[:, 1].tolist())} for graph in task.sides)
    return bool(left & right)


def _vectors_fit(task: AlignmentTask, name: str) -> bool:
    """Whether vectors of modality ``name`` came with both graphs, for candidates and in one width."""
    if not all(name in graph.vectors for graph in task.sides):
        return False
    vectors = task.sides.map(lambda graph: graph.vectors[name].take(graph.candidates))
    widths = {side.width for side in vectors}
    return len(widths) == 1 and all(side.values[side.present].any() for side in vectors)


def _numbers_agree(task: AlignmentTask) -> bool:
    """Whether numbers can be compared: both sides have some, and two of them are near each other."""
    try:
        build_features(task, ["number"])
    except DataError:
        return False
    return True
