"""Pairs drawn at random: the floor that every miner must beat."""

from __future__ import annotations

import numpy as np

from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.parameters import check_positive
from psqe.seeds.base import Miner
from psqe.seeds.seed_set import SeedSet


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

    name = "random"

    def __init__(self, n_seeds: int = 600, *, random_state: int = 0) -> None:
        check_positive("n_seeds", n_seeds)
        self.n_seeds: int = n_seeds
        self.random_state = random_state

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        rng = np.random.default_rng(self.random_state)
        n = min(self.n_seeds, *(len(graph.candidates) for graph in task.sides))
        pairs = np.column_stack([rng.choice(graph.candidates, n, replace=False) for graph in task.sides])
        return SeedSet.from_single_stage(
            "random", pairs, np.zeros(n, dtype=np.float32), why="drawn", note="drawn at random"
        )
