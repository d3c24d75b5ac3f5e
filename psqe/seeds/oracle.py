"""Seeds drawn from the gold links: true links, supervision, and seeds of a set precision and evenness.

Seeds are one-to-one. Where gold links are not, the links that can be drawn are those that
:func:`psqe.graph.one_to_one` keeps.

They are not miners and are never registered as such: they show what seeds of a known quality lead to. A study
resolves them by name with :func:`oracle_seeds`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import ArrayLike
from pydantic import NonNegativeInt, PositiveInt

from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import Regions, semantic_regions
from psqe.evaluation.truth import among
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, BoolArray, DoubleArray, FloatArray, IntArray, counted, one_to_one
from psqe.parameters import typed_values
from psqe.seeds.miners.pivot import PivotMiner
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Dot, top_k


def oracle_seeds(name: str, task: AlignmentTask, features: Features, /, **parameters: Any) -> SeedSet:
    """Draw seeds of a named kind from the gold links.

    Parameters
    ----------
    name
        One of :data:`ORACLES`: ``true links`` (:func:`true_links`), ``supervised``
        (:func:`supervised_links`) or ``drawn`` (:func:`evenly_drawn_seeds`).
    task, features
        The data, with gold links.
    **parameters
        Parameters of that function, by name.

    Raises
    ------
    DataError
        If the task has no gold links, or a wrong seed finds no free entity.
    ParameterError
        If the name or a parameter is unknown, or a value is impossible.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> seeds = oracle_seeds("true links", *planted_pair(50, 2, 8), n_seeds=10)
    >>> len(seeds), seeds.miner
    (10, 'true links')
    """
    if name not in ORACLES:
        raise ParameterError(f"there are no seeds {name!r}", remedy=f"choose from {', '.join(ORACLES)}")
    draw = ORACLES[name]
    types = get_type_hints(draw, include_extras=True)
    known = inspect.signature(draw).parameters
    names = list(known)[2:]
    typed_values(f"the kind of seeds {name!r}", parameters, {each: types[each] for each in names})
    lacking = [
        each for each in names if known[each].default is inspect.Parameter.empty and each not in parameters
    ]
    if lacking:
        raise ParameterError(
            f"the kind of seeds {name!r} lacks {lacking[0]!r}", remedy=f"give {', '.join(names)}"
        )
    return draw(task, features, **parameters)


def true_links(task: AlignmentTask, n_seeds: int, *, random_state: int = 0) -> SeedSet:
    """Draw gold links at random, to show what perfect seeds of that number would give.

    Parameters
    ----------
    task
        A task with gold links.
    n_seeds
        Number of links to draw.
    random_state
        Random seed of the draw.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If there are fewer links than asked for, or none is asked for.
    """
    links = one_to_one(_gold_links(task))
    if n_seeds < 1:
        raise ParameterError(f"n_seeds is {n_seeds}", remedy="give an integer of at least 1")
    if n_seeds > len(links):
        raise ParameterError(
            f"{n_seeds} true links asked for, {task.name} has {len(links)}",
            remedy=f"ask for at most {len(links)}",
        )
    drawn = np.random.default_rng(random_state).choice(len(links), n_seeds, replace=False)
    parameters = {"n_seeds": n_seeds, "random_state": random_state}
    return _as_seeds(links[drawn], "gold", "true links", parameters)


def supervised_links(task: AlignmentTask, *, share: float = 0.3) -> SeedSet:
    """Take the first gold links as labels for training: the supervised setting of publications.

    Parameters
    ----------
    task
        A task with gold links.
    share
        Share of the gold links to take, between 0 and 1.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If the share is not between 0 and 1.
    """
    links = _gold_links(task)
    if not 0 < share < 1:
        raise ParameterError(f"share is {share}", remedy="give a share between 0 and 1")
    n = len(links) - round((1 - share) * len(links))
    return _as_seeds(one_to_one(links[:n]), "gold", "supervised", {"share": share})


def evenly_drawn_seeds(
    task: AlignmentTask,
    features: Features,
    *,
    n_seeds: PositiveInt,
    precision: float,
    evenness: float,
    random_state: NonNegativeInt = 0,
) -> SeedSet:
    """Draw seeds of a set precision that cover the semantic regions as evenly as asked for.

    Parameters
    ----------
    task, features
        The data, with gold links.
    n_seeds
        Number of seeds.
    precision
        Share of correct seeds, in [0, 1].
    evenness
        0 for the regions' shares of as many seeds of the visual pivot, 1 for their shares of the entities;
        values between them mix the two linearly.
    random_state
        Random seed of the draws.

    Raises
    ------
    DataError, ParameterError
        As :func:`drawn_seeds`, and if ``evenness`` is not in [0, 1].
    """
    if not 0 <= evenness <= 1:
        raise ParameterError(f"evenness is {evenness}", remedy="give a number between 0 and 1")
    regions = semantic_regions(task, features)
    return drawn_seeds(
        task, features, regions, n_seeds=n_seeds, precision=precision,
        shares=evenness_shares(task, features, regions, evenness, n_seeds), random_state=random_state,
    )  # fmt: skip


def evenness_shares(
    task: AlignmentTask, features: Features, regions: Regions, evenness: float, n_seeds: int
) -> FloatArray:
    """Mix the regions' shares ``(n_regions,)`` of the pivot's seeds (0) with those of the entities (1).

    Parameters
    ----------
    task, features
        The data.
    regions
        The regions.
    evenness
        Weight of the entities' shares, in [0, 1].
    n_seeds
        Number of seeds that the pivot mines.
    """
    n = len(regions.names)
    labels = regions.left[task.left.candidates]
    even = np.bincount(labels[labels >= 0], minlength=n).astype(np.float32)
    shares: FloatArray = even / even.sum()
    if evenness < 1:
        pivot = PivotMiner(n_seeds).mine(task, features)
        uneven = np.bincount(regions.left[pivot.pairs[:, 0]], minlength=n)[:n].astype(np.float32)
        shares = (1 - evenness) * uneven / uneven.sum() + evenness * shares
    return shares


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
    """Draw seeds of which a set share is correct, and of which every region has a set share.

    The left entities are drawn among the linked entities of each region. A correct seed is a gold link. A
    wrong one joins its left entity to the nearest right entity, by the fused features, that is no counterpart
    of it and is still free: the mistake that a miner would make.

    Parameters
    ----------
    task, features
        The data, with gold links.
    regions
        The regions. A seed is in the region of its left entity.
    n_seeds
        Number of seeds.
    precision
        Share of correct seeds, the same in every region up to rounding.
    shares
        Share of the seeds in each region ``(n_regions,)``; only ratios count. All links of a region with
        fewer links than its share are drawn, and the other regions get the rest in proportion.
    random_state
        Random seed of the draws.
    n_nearest
        Number of candidates for the right entity of a wrong seed.

    Raises
    ------
    DataError
        If the task has no gold links, or a wrong seed finds no free entity.
    ParameterError
        If there are fewer links than seeds, or a share is negative.
    """
    links = one_to_one(_gold_links(task))
    of_left = np.full(task.left.n_entities, -1, dtype=np.int64)
    of_left[links[:, 0]] = links[:, 1]
    wanted = np.asarray(shares, dtype=np.float64)
    if wanted.shape != (len(regions.names),) or (wanted < 0).any() or not wanted.sum() > 0:
        raise ParameterError("there must be one share, not negative, for each region")
    if not 0 <= precision <= 1 or n_seeds < 1:
        raise ParameterError("precision must be from 0 to 1, and n_seeds at least 1")
    rng = np.random.default_rng(random_state)
    linked = np.flatnonzero(of_left >= 0)
    members = [linked[regions.left[linked] == r] for r in range(len(regions.names))]
    counts = _within(wanted, np.array([len(m) for m in members]), n_seeds)
    left = np.concatenate([rng.permutation(m)[:n] for m, n in zip(members, counts, strict=True)])
    # The numbers of wrong seeds are rounded over all regions together, so that their sum is the one asked for
    # and no region is off by more than one.
    up_to = np.floor(np.cumsum(counts) * (1 - precision) + rng.random()).astype(np.int64)
    n_wrong = np.diff(up_to, prepend=0).clip(0, counts)
    wrong = np.concatenate([rng.permutation(n) < k for n, k in zip(counts, n_wrong, strict=True)])
    right = of_left[left].copy()
    right[wrong] = _near_mistakes(task, features, left[wrong], right[~wrong], n_nearest)
    parameters = {"n_seeds": n_seeds, "precision": precision, "random_state": random_state}
    return _as_seeds(np.column_stack([left, right]), "drawn", "drawn", parameters)


def _near_mistakes(
    task: AlignmentTask, features: Features, left: IntArray, used: IntArray, n_nearest: int
) -> IntArray:
    """Choose for each left entity the nearest right entity that is free and no counterpart of it ``(n,)``."""
    links = _gold_links(task)
    free: BoolArray = np.ones(task.right.n_entities, dtype=bool)
    free[used] = False
    candidates = task.left.candidates, task.right.candidates
    fused = fuse(features, *candidates)
    rows = np.searchsorted(candidates[0], left)
    near, _ = top_k(Dot(fused[0][rows], fused[1]), min(n_nearest, len(candidates[1])))
    chosen = np.empty(len(left), dtype=np.int64)
    for place, row in enumerate(candidates[1][near]):
        pairs = np.column_stack([np.full(len(row), left[place]), row])
        possible = row[free[row] & ~among(pairs, links)]
        if not len(possible):
            raise DataError(
                f"entity {left[place]} has no free neighbour among {n_nearest}",
                remedy="draw fewer wrong seeds",
            )
        chosen[place] = possible[0]
        free[possible[0]] = False
    return chosen


def _within(wanted: DoubleArray, available: IntArray, total: int) -> IntArray:
    """Return integers in the ratios of ``wanted``, none above what is available, with the sum ``total``."""
    if total > available[wanted > 0].sum():
        n_links = int(available[wanted > 0].sum())
        raise ParameterError(
            f"{counted(total, 'seed')} asked for, the regions have {counted(n_links, 'link')}"
        )
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


def _gold_links(task: AlignmentTask) -> IntArray:
    if task.links is None:
        raise DataError(
            f"{task.name} has no gold links to draw from", remedy="take a task whose links are known"
        )
    return task.links


def _as_seeds(pairs: IntArray, stage: str, miner: str, parameters: dict[str, Any]) -> SeedSet:
    n = len(pairs)
    return SeedSet(
        pairs, np.ones(n, dtype=np.float32), (stage,) * n, miner=miner, parameters=parameters, n_wanted=n
    )


def _oracle_true_links(
    task: AlignmentTask, features: Features, *, n_seeds: PositiveInt, random_state: NonNegativeInt = 0
) -> SeedSet:
    return true_links(task, n_seeds, random_state=random_state)


def _oracle_supervised(task: AlignmentTask, features: Features, *, share: float = 0.3) -> SeedSet:
    return supervised_links(task, share=share)


ORACLES: dict[str, Callable[..., SeedSet]] = {
    "true links": _oracle_true_links,
    "supervised": _oracle_supervised,
    "drawn": evenly_drawn_seeds,
}
"""Every kind of seeds that is drawn from the gold links, by name. All take a task, its features and
keywords."""
