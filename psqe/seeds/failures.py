"""Why seeds are wrong: they name the wrong counterpart, or an entity that has no counterpart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.evaluation.truth import among, gold_links, linked
from psqe.graph import AlignmentTask, BoolArray, IntArray
from psqe.seeds.seed_set import SeedSet


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
    """Find a chain of left entities, each but the last paired with a counterpart of the next one.

    The first entity is in a wrong seed: its right entity is a counterpart of the second entity. The second
    entity is paired with a counterpart of the third, and so on, until an entity is in a correct seed or in
    none, or its right entity has no counterpart. Where a right entity has several counterparts, the chain
    goes on with the one in the best seed that is not in the chain yet.

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
    The left entities of the longest chain or, of equally long chains, of the one that begins with the best
    seed, each with a true counterpart ``(n, 2)``: after the first, the one with which the entity before it is
    paired. A right entity is there twice where it is the only counterpart of two of them. Empty when no
    entity with a counterpart is paired with that of another one.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    lefts_of: dict[int, list[int]] = {}
    rights_of: dict[int, list[int]] = {}
    for left, right in gold_links(task).tolist():
        lefts_of.setdefault(right, []).append(left)
        rights_of.setdefault(left, []).append(right)
    chosen = dict(seeds.pairs.tolist())
    ranks = {entity: rank for rank, entity in enumerate(chosen)}
    best: list[int] = []
    for start in chosen:
        chain: list[int] = []
        entity = start
        while len(chain) < longest and entity in rights_of and entity not in chain:
            chain.append(entity)
            true = lefts_of.get(chosen.get(entity, -1), [])
            if entity in true or not true:
                break
            entity = min(true, key=lambda one: (one in chain, ranks.get(one, len(ranks)), one))
        if len(chain) > max(1, len(best)):
            best = chain
    if not best:
        return np.empty((0, 2), dtype=np.int64)
    taken = [chosen[entity] for entity in best[:-1]]
    first = next((right for right in rights_of[best[0]] if right not in taken), rights_of[best[0]][0])
    return np.column_stack([best, [first, *taken]])
