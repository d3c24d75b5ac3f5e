"""A miner: the largest similarities over all modalities, greedily."""

import numpy as np

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask
from psqe.seeds.base import Miner, minable
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Dot, greedy_one_to_one, largest_cells


class FusedGreedyMiner(Miner):
    """The pairs with the largest similarity over all modalities, each entity in one pair at most.

    Parameters
    ----------
    n_seeds
        Number of seeds wanted.
    pool
        Number of similarities that are looked through for each seed wanted.
    """

    name = "fused-greedy"

    def __init__(self, n_seeds: int = 600, *, pool: int = 100) -> None:
        if n_seeds < 1:
            raise ParameterError(f"n_seeds is {n_seeds}", remedy="ask for at least one seed")
        self.n_seeds = n_seeds
        self.pool = pool

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        left, right = minable(task, features)
        rows, columns, scores = largest_cells(Dot(*fuse(features, left, right)), self.pool * self.n_seeds)
        kept = greedy_one_to_one(rows, columns, self.n_seeds)
        pairs = np.column_stack([left[rows[kept]], right[columns[kept]]])
        return SeedSet.from_single_stage(
            "fused-greedy", pairs, scores[kept], why="a large similarity", note="greedy on all modalities"
        )
