"""A template of a miner: the pairs with the largest similarity over all modalities, chosen greedily.

Copy this file, rename the class and its ``name``, and change ``_mine``. This tests the contract of miners:

    pytest tests/test_miners.py --miner my_miner.py
"""

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

    # The name that commands and the registry use.
    name = "fused-greedy"

    # Every parameter is stored under its own name, has a type and a description above. The names and the
    # values are shown by `psqe describe fused-greedy` and kept with every result.
    def __init__(self, n_seeds: int = 600, *, pool: int = 100) -> None:
        if n_seeds < 1:
            raise ParameterError(f"n_seeds is {n_seeds}", remedy="ask for at least one seed")
        if pool < 1:
            raise ParameterError(f"pool is {pool}", remedy="look through at least one similarity a seed")
        self.n_seeds = n_seeds
        self.pool = pool

    # The task has no gold links and no identifiers, and its entities are in an order that follows from their
    # content. So a rule that is a function of the task and the features depends on nothing else. A rule that
    # draws at random has a parameter `random_state`, and draws from numpy.random.default_rng(random_state).
    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        # The candidates of both sides of which at least one modality is known, as indices into the graphs.
        left, right = minable(task, features)
        # One vector of all modalities for each of them; their products are similarities, computed in blocks.
        similarity = Dot(*fuse(features, left, right))
        rows, columns, scores = largest_cells(similarity, self.pool * self.n_seeds)
        kept = greedy_one_to_one(rows, columns, self.n_seeds)
        # One-to-one pairs of indices into the graphs, best first. Confidences are added by the base class.
        pairs = np.column_stack([left[rows[kept]], right[columns[kept]]])
        return SeedSet.from_single_stage(
            "fused-greedy", pairs, scores[kept], why="a large similarity", note="greedy on all modalities"
        )
