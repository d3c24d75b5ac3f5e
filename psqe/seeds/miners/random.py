"""Pairs drawn at random: the lowest baseline of all miners."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.parameters import PositiveInt, RandomState
from psqe.seeds.base import Miner
from psqe.seeds.seed_set import SeedSet


@dataclass(eq=False, repr=False)
class RandomMiner(Miner):
    """One-to-one pairs of candidates drawn at random.

    Parameters
    ----------
    n_seeds
        Number of seeds wanted, at most the number of candidates of the smaller side.
    random_state
        Random seed of the draw.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> len(RandomMiner(10).mine(*planted_pair(50, 2, 8)))
    10
    """

    n_seeds: PositiveInt = 600
    _: KW_ONLY
    random_state: RandomState = 0

    name: ClassVar[str] = "random"

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        rng = np.random.default_rng(self.random_state)
        n = min(self.n_seeds, *(len(graph.candidates) for graph in task.sides))
        pairs = np.column_stack([rng.choice(graph.candidates, n, replace=False) for graph in task.sides])
        return SeedSet.from_single_stage(
            "random", pairs, np.zeros(n, dtype=np.float32), why="drawn", note="drawn at random"
        )
