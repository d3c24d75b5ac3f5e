"""Why seeds are wrong: they name the wrong counterpart, or an entity that has no counterpart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.truth import among, gold_links, linked, n_findable
from psqe.graph import AlignmentTask, BoolArray, IntArray
from psqe.seeds.seed_set import SeedSet


def counterparts(task: AlignmentTask) -> tuple[IntArray, IntArray]:
    """Return the true counterpart of every entity, where gold links are one-to-one.

    Returns
    -------
    Index of the counterpart ``(n_left,)`` and ``(n_right,)``; -1 for an entity without counterpart.

    Raises
    ------
    DataError
        If the task has no gold links, or an entity has several true counterparts.
    """
    if task.links is None:
        raise DataError(
            f"{task.name} has no gold links, so no counterparts are known",
            remedy="take a task whose links are known",
        )
    if n_findable(task) < len(task.links):
        raise DataError(
            f"{task.name} has entities with several true counterparts, where one for each is needed",
            remedy="take a task with one-to-one links",
        )
    of_left = np.full(task.left.n_entities, -1, dtype=np.int64)
    of_right = np.full(task.right.n_entities, -1, dtype=np.int64)
    of_left[task.links[:, 0]] = task.links[:, 1]
    of_right[task.links[:, 1]] = task.links[:, 0]
    return of_left, of_right


@dataclass(frozen=True, eq=False)
class Failures:
    """Which seeds are correct, and which contain a dangling entity, in the order of the seeds.

    Parameters
    ----------
    correct
        Whether each seed is a gold link ``(n,)``.
    left_dangling, right_dangling
        Whether the left or the right entity of each seed has no counterpart ``(n,)``. Such a seed is wrong.

    Examples
    --------
    >>> causes = Failures(np.array([True, False]), np.array([False, True]), np.array([False, False]))
    >>> causes.on_dangling.tolist(), causes.wrong_on_dangling
    ([False, True], 1.0)
    """

    correct: BoolArray
    left_dangling: BoolArray
    right_dangling: BoolArray

    @property
    def on_dangling(self) -> BoolArray:
        """Whether either entity of each seed is dangling ``(n,)``."""
        either: BoolArray = self.left_dangling | self.right_dangling
        return either

    @property
    def wrong_on_dangling(self) -> float:
        """The share of the wrong seeds that contain a dangling entity; NaN when no seed is wrong."""
        n_wrong = int((~self.correct).sum())
        return float(self.on_dangling.sum() / n_wrong) if n_wrong else float("nan")


def failures(seeds: SeedSet, task: AlignmentTask) -> Failures:
    """Tell correct seeds from wrong ones, and wrong ones by their cause.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    has = linked(task)
    left, right = seeds.pairs.T
    return Failures(among(seeds.pairs, gold_links(task)), ~has.left[left], ~has.right[right])


def blame_chain(seeds: SeedSet, task: AlignmentTask, *, longest: int = 6) -> IntArray:
    """Find a chain of left entities, each of which is paired with the counterpart of the next one.

    The first entity is in a wrong seed: its right entity is the counterpart of the second entity. The second
    entity is paired with the counterpart of the third, and so on, until an entity is in a correct seed, is
    dangling or is in no seed.

    Parameters
    ----------
    seeds
        The seeds.
    task
        The task that they were mined from, with gold links.
    longest
        Largest number of entities in a chain.

    Returns
    -------
    Left entities ``(n,)`` of the longest chain or, of equally long chains, of the one that begins with the
    best seed; none when no seed is wrong. All of them have a counterpart.

    Raises
    ------
    DataError
        If the task has no gold links, or an entity has several true counterparts.
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
