"""Aligners that score listed pairs of entities instead of embedding each entity."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from scipy import sparse

from psqe.aligners.base import Aligner
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray
from psqe.similarity import Similarity, SparseDot, Sum
from psqe.training.callback import Callback

FEATURE_WEIGHT = 0.01
"""The weight of the cosine of the features beside the score of a pair. It orders the pairs that are not
listed and those with the same score, and hardly changes the order of the others."""


class ListedAligner(Aligner):
    """An aligner that scores pairs of entities, and lists only the pairs that it has evidence for.

    A subclass implements :meth:`_scores`. The similarity of a pair is its score, zero if it is not listed,
    plus the cosine of its fused features (:func:`psqe.features.nodes.node_vectors`) with the weight
    :data:`FEATURE_WEIGHT`. :meth:`embeddings` returns the fused features, which know nothing of the scores.
    """

    by_embeddings: ClassVar[bool] = False

    _listed: sparse.csr_array

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        self._listed = self._scores(task, features, pairs).astype(np.float32)
        left, right = (node_vectors(features, side, task.sides[side]) for side in SIDES)
        return left, right

    @abstractmethod
    def _scores(self, task: AlignmentTask, features: Features, pairs: IntArray) -> sparse.csr_array:
        """Score pairs of nodes.

        Parameters
        ----------
        task, features
            The task without labels and its features, entities in canonical order.
        pairs
            Seeds ``(n, 2)`` as indices into ``task``.

        Returns
        -------
        Scores from 0 to 1, a sparse array ``(n_left, n_right)``; a pair that is not stored has the score 0.
        """

    def _to_task_order(self, left: IntArray, right: IntArray) -> None:
        self._listed = self._listed[np.argsort(left)][:, np.argsort(right)]

    def _similarity(self, left: IntArray, right: IntArray) -> Similarity:
        """Return the scores of pairs, with a small part of the cosine of their features."""
        listed = self._listed[left][:, right]
        identity = sparse.eye_array(len(right), dtype=np.float32, format="csr")
        cosines = super()._similarity(left, right)
        return Sum((SparseDot(listed, identity), cosines), (1.0, FEATURE_WEIGHT))
