"""The null model of a trained aligner: the features as they are, with the seeds clamped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from psqe.aligners.base import Aligner
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray
from psqe.similarity.clamped import NO_PAIR, Clamped
from psqe.training.callback import Callback


@dataclass(kw_only=True, eq=False, repr=False)
class ClampedFeatures(Aligner):
    """The features without training, with the seeds clamped: the null model of every trained aligner.

    A trained aligner returns the seeds that it was trained on. What it has learned beyond them shows only in
    comparison with an aligner that returns the same seeds and has learned nothing. This is that aligner: a
    seed's two ends are linked with each other and with nothing else, and all other entities are compared by
    their fused features (:func:`psqe.features.nodes.node_vectors`). Seeds are clamped after the matching
    (:class:`psqe.similarity.clamped.Clamped`), so CSLS and Sinkhorn see all entities, as they do for the
    features alone.

    :meth:`embeddings` returns the fused features, which know nothing of the seeds; only :meth:`similarity`
    does. Without seeds, the similarities are those of the features alone, which every aligner has to beat.
    There are no settings, so the presets are the same.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> seeds = true_links(task, 10)
    >>> model = ClampedFeatures().fit(task, features, seeds)
    >>> model.similarity(*seeds.pairs[:2].T).rows(0, 2).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """

    name: ClassVar[str] = "clamped"
    min_seeds: ClassVar[int] = 0
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {}}

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        self._pairs = task.sides.map(lambda graph: np.full(graph.n_entities, NO_PAIR))
        for numbers, ends in zip(self._pairs, pairs.T, strict=True):
            numbers[ends] = np.arange(len(pairs))
        left, right = (node_vectors(features, side, task.sides[side]) for side in SIDES)
        return left, right

    def _to_task_order(self, left: IntArray, right: IntArray) -> None:
        for numbers, order in zip(self._pairs, (left, right), strict=True):
            numbers[order] = numbers.copy()

    def _similarity(self, left: IntArray, right: IntArray) -> Clamped:
        """Return the cosines of the fused features between entities, with the seeds clamped."""
        return Clamped(super()._similarity(left, right), self._pairs.left[left], self._pairs.right[right])
