"""Pairs drawn at random: the floor."""

from __future__ import annotations

import numpy as np

from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.seeds.base import Mined, Miner, StageTrace, positive


class RandomMiner(Miner):
    """One-to-one pairs of candidates drawn at random.

    Parameters
    ----------
    n_seeds
        Seeds wanted.
    random_state
        Seed of the draw.
    """

    name = "random"

    def __init__(self, n_seeds: int = 600, *, random_state: int = 0) -> None:
        positive("n_seeds", n_seeds)
        self.n_seeds = n_seeds
        self.random_state = random_state

    def _mine(self, task: AlignmentTask, features: Features) -> Mined:
        assert self.n_seeds is not None
        rng = np.random.default_rng(self.random_state)
        n = min(self.n_seeds, len(task.left.candidates), len(task.right.candidates))
        pairs = np.column_stack(
            [rng.choice(graph.candidates, n, replace=False) for graph in (task.left, task.right)]
        )
        trace = StageTrace(
            "random", pairs, pairs[:0], pairs,
            why_added=("drawn",) * len(pairs), note="drawn at random",
        )  # fmt: skip
        return Mined(pairs, np.zeros(n, dtype=np.float32), ["random"] * n, [trace])
