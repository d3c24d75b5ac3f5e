"""Mutual nearest neighbours on all modalities: the simple rule that other miners are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask
from psqe.parameters import PositiveFloat, PositiveInt
from psqe.seeds.base import Miner, minable
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Dot, find_nearest


@dataclass(eq=False, repr=False)
class MutualMiner(Miner):
    """Pairs that are each other's nearest in the fused features, best first.

    An entity with two equally near candidates is in no pair.

    Parameters
    ----------
    n_seeds
        Number of best pairs to keep; all of them when ``None``.
    weights
        Weight of each modality's cosine, by modality, positive; 1 each when ``None``.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> len(MutualMiner(n_seeds=10).mine(*planted_pair(50, 2, 8)))
    10
    """

    n_seeds: PositiveInt | None = None
    _: KW_ONLY
    weights: Mapping[str, PositiveFloat] | None = None

    name: ClassVar[str] = "mutual"

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        left, right = minable(task, features)
        nearest = find_nearest(Dot(*fuse(features, left, right, weights=self.weights)))
        rows, columns = nearest.mutual()
        clear = nearest.margin(rows, columns) > 0
        rows, columns = rows[clear], columns[clear]
        scores = nearest.score_left[rows]
        order = np.argsort(-scores, kind="stable")[: self.n_seeds]
        pairs = np.column_stack([left[rows[order]], right[columns[order]]])
        note = "mutual nearest on " + " + ".join(features)
        return SeedSet.from_single_stage(
            "mutual", pairs, scores[order], why="nearest in both directions", note=note
        )
