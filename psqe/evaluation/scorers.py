"""Scorers: the similarities that an evaluation ranks, made from embeddings or from features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse, to_unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray, KnowledgeGraph, counted, in_number
from psqe.similarity import Dot, Similarity

Scorer = Callable[[IntArray, IntArray], Similarity]
"""A function from left and right entities (indices) to their similarities, such as ``aligner.similarity``."""


def embedding_scorer(task: AlignmentTask, left: FloatArray, right: FloatArray) -> Scorer:
    """Make a scorer of the cosines of embeddings.

    Parameters
    ----------
    task
        The pair of graphs whose entities are embedded.
    left, right
        Embeddings of all entities, in the order of ``task.left.entities`` and ``task.right.entities``:
        finite numbers ``(n_left, d)`` and ``(n_right, d)``, a row of zeros for an entity without a
        vector. They are compared in float32.

    Returns
    -------
    A function from left and right entities to their similarities.

    Raises
    ------
    DataError
        If an embedding is no array of finite numbers with two dimensions, has not one row for each entity,
        or if the two have different widths.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(30, random_state=0)
    >>> vectors = [side.values for side in features["image"]]
    >>> embedding_scorer(task, *vectors)(task.links[:2, 0], task.links[:3, 1]).shape
    (2, 3)
    """
    sides = {"left": (left, task.left), "right": (right, task.right)}
    units = [
        to_unit_rows(_checked_embedding(given, f"the {side} embedding", graph.n_entities))
        for side, (given, graph) in sides.items()
    ]
    widths = [vectors.shape[1] for vectors in units]
    if widths[0] != widths[1]:
        raise DataError(
            f"the left embedding has {widths[0]} columns and the right one {widths[1]}",
            remedy="give two embeddings of one width",
        )

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(units[0][rows], units[1][columns])

    return scorer


def _checked_embedding(given: FloatArray, place: str, n_entities: int) -> FloatArray:
    """Return an embedding in float32, and refuse what is not one finite vector for each entity."""
    array = np.asarray(given)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise DataError(
            f"{place} has shape {array.shape} and type {array.dtype}",
            remedy="give numbers with two dimensions, one row for each entity",
        )
    if len(array) != n_entities:
        raise DataError(
            f"{place} has {counted(len(array), 'row')} and its graph {counted(n_entities, 'entity')}",
            remedy="give one row for each entity, in the order of the graph's entities",
        )
    with np.errstate(over="ignore"):  # a number that is too large becomes infinite, which is refused
        vectors = array.astype(np.float32)
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise DataError(
            f"{place} has {counted(int(bad.sum()), 'row')} that {in_number(int(bad.sum()), 'is')} not finite "
            f"in float32, first row {int(bad.argmax())}",
            remedy="give finite numbers, and zeros for an entity without a vector",
        )
    return vectors


def feature_scorer(task: AlignmentTask, features: Features) -> Scorer:
    """Make a scorer of the cosines of the fused features of candidates.

    It uses no seeds and no training, and is therefore the bar that both must beat. The scorer refuses an
    entity that is no candidate with a :class:`~psqe.errors.ParameterError`.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    features.check(task)
    left, right = fuse(features, task.left.candidates, task.right.candidates)

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(left[_places(rows, task.left)], right[_places(columns, task.right)])

    return scorer


def _places(entities: IntArray, graph: KnowledgeGraph) -> IntArray:
    """Return the positions of entities among the candidates; refuse entities that are none."""
    strange = np.setdiff1d(entities, graph.candidates)
    if len(strange):
        raise ParameterError(
            f"entity {strange[0]} is no candidate of graph {graph.name!r}, and only candidates have fused "
            "features",
            remedy="give entities of the task that the scorer was made for",
        )
    return np.searchsorted(graph.candidates, entities).astype(np.int64)
