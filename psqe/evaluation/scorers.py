"""Scorers: the similarities that an evaluation ranks, made from embeddings or from features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, Similarity

Scorer = Callable[[IntArray, IntArray], Similarity]
"""A function from left and right entities (indices) to their similarities, such as ``aligner.similarity``."""


def embedding_scorer(left: FloatArray, right: FloatArray) -> Scorer:
    """Make a scorer of the cosines of embeddings.

    Parameters
    ----------
    left, right
        Embeddings of all entities ``(n_left, d)`` and ``(n_right, d)``.
    """

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(unit_rows(left[rows]), unit_rows(right[columns]))

    return scorer


def feature_scorer(task: AlignmentTask, features: Features) -> Scorer:
    """Make a scorer of the cosines of the fused features of candidates.

    It uses no seeds and no training, and is therefore the bar that both must beat.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    features.check(task)
    left, right = fuse(features, task.left.candidates, task.right.candidates)

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(
            left[np.searchsorted(task.left.candidates, rows)],
            right[np.searchsorted(task.right.candidates, columns)],
        )

    return scorer
