"""Seeds drawn with the gold links in hand: the ceiling, and seeds of set precision and coverage.

Not miners, and never registered as such: they show what seeds of a given kind would give.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import Regions
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, IntArray
from psqe.seeds.base import SeedSet
from psqe.seeds.failures import counterparts
from psqe.similarity.blocks import Dot, top_k


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


def supervised_links(task: AlignmentTask, *, share: float = 0.3) -> SeedSet:
    """The first ``share`` of the gold links, as labels for training: the supervised setting of publications.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If the share is not between 0 and 1.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links to learn from")
    if not 0 < share < 1:
        raise ParameterError(f"share is {share}", remedy="give a share between 0 and 1")
    n = len(task.links) - round((1 - share) * len(task.links))
    return SeedSet(
        task.links[:n],
        np.ones(n, dtype=np.float32),
        ("gold",) * n,
        miner="supervised",
        parameters={"share": share},
        n_wanted=n,
    )


def drawn_seeds(
    task: AlignmentTask,
    features: Features,
    regions: Regions,
    *,
    n_seeds: int,
    precision: float,
    shares: ArrayLike,
    random_state: int = 0,
    n_nearest: int = 30,
) -> SeedSet:
    """Draw seeds of which a set share is right, and of which every region has a set share.

    Left ends are drawn among the linked entities of each region. A right seed is a gold link. A wrong one
    joins its left end to the nearest entity, by the fused features, that is not its counterpart and is still
    free: the mistake that a miner would make.

    Parameters
    ----------
    task, features
        The data, with gold links.
    regions
        Whose shares are set; a seed is in the region of its left end.
    n_seeds
        Number of seeds.
    precision
        Share of right seeds, the same in every region up to rounding.
    shares
        Share of the seeds in each region ``(R,)``; only ratios count. A region with fewer links than its
        share gives all it has, and the others take the rest in proportion.
    random_state
        Seed of the draws.
    n_nearest
        Candidates for a wrong right end.

    Raises
    ------
    DataError
        If the task has no gold links, or a wrong seed finds no free entity.
    ParameterError
        If there are fewer links than seeds, or a share is negative.
    """
    of_left, _ = counterparts(task)
    wanted = np.asarray(shares, dtype=np.float64)
    if wanted.shape != (len(regions.names),) or (wanted < 0).any() or not wanted.sum() > 0:
        raise ParameterError("there must be one share, not negative, for each region")
    if not 0 <= precision <= 1 or n_seeds < 1:
        raise ParameterError("precision lies between 0 and 1, and at least one seed is drawn")
    rng = np.random.default_rng(random_state)
    linked = np.flatnonzero(of_left >= 0)
    members = [linked[regions.left[linked] == r] for r in range(len(regions.names))]
    counts = _within(wanted, np.array([len(m) for m in members]), n_seeds)
    ends = np.concatenate([rng.permutation(m)[:n] for m, n in zip(members, counts, strict=True)])
    # Wrong seeds are rounded along all regions together, so that they are as many as asked, and no region
    # is off by more than one.
    up_to = np.floor(np.cumsum(counts) * (1 - precision) + rng.random()).astype(np.int64)
    n_wrong = np.diff(up_to, prepend=0).clip(0, counts)
    wrong = np.concatenate([rng.permutation(n) < k for n, k in zip(counts, n_wrong, strict=True)])
    right = of_left[ends].copy()
    free = np.ones(task.right.n_entities, dtype=bool)
    free[right[~wrong]] = False
    candidates = task.left.candidates, task.right.candidates
    fused = fuse(features, *candidates)
    rows = np.searchsorted(candidates[0], ends[wrong])
    near, _ = top_k(Dot(fused[0][rows], fused[1]), min(n_nearest, len(candidates[1])))
    for place, row in zip(np.flatnonzero(wrong), candidates[1][near], strict=True):
        open_ = row[free[row] & (row != of_left[ends[place]])]
        if not len(open_):
            raise DataError(
                f"entity {ends[place]} has no free neighbour among {n_nearest}",
                remedy="draw fewer wrong seeds",
            )
        right[place] = open_[0]
        free[open_[0]] = False
    pairs = np.column_stack([ends, right])
    return SeedSet(
        pairs,
        np.ones(len(pairs), dtype=np.float32),
        ("drawn",) * len(pairs),
        miner="drawn",
        parameters={"n_seeds": n_seeds, "precision": precision, "random_state": random_state},
        n_wanted=n_seeds,
    )


def _within(wanted: np.ndarray, available: IntArray, total: int) -> IntArray:
    """Integers in the ratios of ``wanted``, none above what is available, with the sum ``total``."""
    if total > available[wanted > 0].sum():
        raise ParameterError(f"{total} seeds asked for, the regions have {available[wanted > 0].sum()} links")
    values, full = np.zeros(len(wanted)), np.zeros(len(wanted), dtype=bool)
    while True:
        rest = total - available[full].sum()
        open_ = np.where(full, 0, wanted)
        values = np.where(full, available, rest * open_ / open_.sum() if open_.sum() > 0 else 0)
        over = ~full & (values > available)
        if not over.any():
            break
        full |= over
    counts = np.floor(values).astype(np.int64)
    for r in np.argsort(counts - values, kind="stable"):
        if counts.sum() < total and counts[r] < available[r] and values[r] > counts[r]:
            counts[r] += 1
    return counts
