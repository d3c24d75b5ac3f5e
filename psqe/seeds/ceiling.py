"""The ceiling: seeds drawn from the gold links. Not a miner, and never registered as one."""

from __future__ import annotations

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.kg import AlignmentTask
from psqe.seeds.base import SeedSet


def true_links(task: AlignmentTask, n_seeds: int, *, random_state: int = 0) -> SeedSet:
    """Draw ``n_seeds`` gold links at random, to show what perfect seeds of that number would give.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If there are fewer links than asked.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links to draw from")
    if n_seeds > len(task.links):
        raise ParameterError(f"{n_seeds} true links asked for, {task.name} has {len(task.links)}")
    drawn = np.random.default_rng(random_state).choice(len(task.links), n_seeds, replace=False)
    return SeedSet(
        task.links[drawn],
        np.ones(n_seeds, dtype=np.float32),
        ("gold",) * n_seeds,
        miner="true links",
        parameters={"n_seeds": n_seeds, "random_state": random_state},
        n_wanted=n_seeds,
    )
