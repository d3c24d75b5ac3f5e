"""Whitening: one linear map for each modality, computed in closed form from a covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from psqe.aligners.base import Aligner
from psqe.features.base import Features
from psqe.features.whitening import Share, Shrinkage, WhiteningRule, whitened_nodes
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.seeds.confidence import seed_weights
from psqe.similarity import Matching
from psqe.training.callback import Callback


@dataclass(kw_only=True, eq=False, repr=False)
class Whitening(Aligner):
    """An aligner that learns one linear map for each modality from seeds, in closed form.

    In every modality, the covariance of the differences between the two entities of a seed says in which
    directions the two views of one entity differ. It is scaled to a mean variance of 1, shrunk to the
    identity and mixed with the covariance of all candidates, and the vectors are multiplied by its inverse
    root (:mod:`psqe.features.whitening`). The whitened modalities are fused like the features. Graphs are not
    read.

    The map is the identity where nothing is known, so that few seeds change little; a trained aligner, whose
    maps start at random, has to find again what the features know.

    Parameters
    ----------
    within
        Weight of the covariance within pairs, from 0 to 1; the rest is the weight of the total covariance of
        all candidates. With 1, the default, only seeds count; with 0, seeds have no effect.
    shrinkage
        Weight of the identity in either covariance, from 1e-6 to 1; ``None``, the default, stands for
        ``d / (d + n)``, with ``n`` observations of ``d`` dimensions.
    weigh_seeds
        Whether a seed counts by its label-free confidence (:mod:`psqe.seeds.confidence`), so that seeds that
        contradict the features count little; on by default. Turn it off for seeds that are known to be
        correct.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Whitening().fit(task, features, true_links(task, 10))
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    within: Share = 1.0
    shrinkage: Shrinkage | None = None
    weigh_seeds: bool = True

    name: ClassVar[str] = "whitening"
    min_seeds: ClassVar[int] = 0
    matching: ClassVar[Matching] = "sinkhorn"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {}}

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        weights = seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        rule = WhiteningRule(self.within, self.shrinkage)
        left, right = whitened_nodes(task, features, pairs, weights, rule)
        return left, right
