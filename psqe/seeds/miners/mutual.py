"""Mutual nearest neighbours on all modalities: the plain rule that every other one must beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask
from psqe.seeds.base import Mined, Miner, StageTrace, minable, positive
from psqe.similarity import Dot, find_nearest


class MutualMiner(Miner):
    """Pairs that are each other's nearest in the fused features, best first; tied ones are left out.

    Parameters
    ----------
    n_seeds
        Keep the best so many; all when ``None``.
    weights
        Weight of each modality's cosine; 1 each when omitted.
    """

    name = "mutual"

    def __init__(self, n_seeds: int | None = None, *, weights: Mapping[str, float] | None = None) -> None:
        if n_seeds is not None:
            positive("n_seeds", n_seeds)
        self.n_seeds = n_seeds
        self.weights = weights

    def _mine(self, task: AlignmentTask, features: Features) -> Mined:
        left, right = minable(task, features)
        found = find_nearest(Dot(*fuse(features, left, right, weights=self.weights)))
        rows, columns = found.mutual()
        clear = found.margin(rows, columns) > 0
        rows, columns = rows[clear], columns[clear]
        scores = found.score_left[rows]
        order = np.argsort(-scores, kind="stable")[: self.n_seeds]
        pairs = np.column_stack([left[rows[order]], right[columns[order]]])
        trace = StageTrace(
            "mutual", pairs, pairs[:0], pairs,
            why_added=("nearest in both directions",) * len(pairs),
            note="mutual nearest on " + " + ".join(features),
        )  # fmt: skip
        return Mined(pairs, scores[order], ["mutual"] * len(pairs), [trace])
