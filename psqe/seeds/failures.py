"""Why a seed is wrong: the wrong counterpart, or no counterpart at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.errors import DataError
from psqe.graph import AlignmentTask, BoolArray, IntArray
from psqe.seeds.seed_set import SeedSet


def counterparts(task: AlignmentTask) -> tuple[IntArray, IntArray]:
    """The true counterpart of every entity, -1 where there is none: ``(n_left,)`` and ``(n_right,)``.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None:
        raise DataError(
            f"{task.name} has no gold links, so no counterparts are known",
            remedy="take a task whose links are known",
        )
    of_left = np.full(task.left.n_entities, -1, dtype=np.int64)
    of_right = np.full(task.right.n_entities, -1, dtype=np.int64)
    of_left[task.links[:, 0]] = task.links[:, 1]
    of_right[task.links[:, 1]] = task.links[:, 0]
    return of_left, of_right


@dataclass(frozen=True, eq=False)
class Failures:
    """What is true of each seed, in the order of the seeds.

    Attributes
    ----------
    right
        Whether the seed is a gold link ``(n,)``.
    left_dangling, right_dangling
        Whether its left or its right entity has no counterpart ``(n,)``. Such a seed is wrong.
    """

    right: BoolArray
    left_dangling: BoolArray
    right_dangling: BoolArray

    @property
    def on_dangling(self) -> BoolArray:
        """Whether either entity of the seed is dangling ``(n,)``."""
        either: BoolArray = self.left_dangling | self.right_dangling
        return either

    @property
    def wrong_on_dangling(self) -> float:
        """Share of the wrong seeds that stand on a dangling entity; NaN when no seed is wrong."""
        n_wrong = int((~self.right).sum())
        return float(self.on_dangling.sum() / n_wrong) if n_wrong else float("nan")


def failures(seeds: SeedSet, task: AlignmentTask) -> Failures:
    """Tell right seeds from wrong ones and the wrong ones by their cause.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    of_left, of_right = counterparts(task)
    left, right = seeds.pairs[:, 0], seeds.pairs[:, 1]
    return Failures(of_left[left] == right, of_left[left] < 0, of_right[right] < 0)


def blame_chain(seeds: SeedSet, task: AlignmentTask, *, longest: int = 6) -> IntArray:
    """Left entities that took the counterpart of one another.

    The first is in a wrong seed: its right entity is the counterpart of the second, which thus had to take
    another, the counterpart of the third, and so on, until an entity is right, dangling or in no seed.

    Returns
    -------
    Left entities ``(n,)`` of the longest such chain of at most ``longest``, of several the one that begins
    with the more confident seed; empty when no seed is wrong. All have a counterpart.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    of_left, of_right = counterparts(task)
    chosen = np.full(task.left.n_entities, -1, dtype=np.int64)
    chosen[seeds.pairs[:, 0]] = seeds.pairs[:, 1]
    best: list[int] = []
    for start in seeds.pairs[:, 0].tolist():
        chain: list[int] = []
        entity = start
        while len(chain) < longest and entity >= 0 and of_left[entity] >= 0 and entity not in chain:
            chain.append(entity)
            if chosen[entity] < 0 or chosen[entity] == of_left[entity]:
                break
            entity = int(of_right[chosen[entity]])
        if len(chain) > max(1, len(best)):
            best = chain
    return np.array(best, dtype=np.int64)
