"""The draw of the entities that lose their counterpart, shared by all sources of paired entities."""

from __future__ import annotations

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import IntArray, Sides


def draw_each(sizes: Sides[int], share: float, rng: np.random.Generator) -> Sides[IntArray]:
    """Draw a share of the entities of each side, whatever is linked to what.

    Parameters
    ----------
    sizes
        Number of entities of each side.
    share
        Share of them, in [0, 0.5), rounded to whole entities.
    rng
        Source of the draw, the left side first.

    Returns
    -------
    Indices of the drawn entities of each side, in random order.

    Raises
    ------
    ParameterError
        If ``share`` is out of range.

    Examples
    --------
    >>> list(draw_each(Sides(8, 4), 0.25, np.random.default_rng(0)).map(len))
    [2, 1]
    """
    _require_share(share)
    return sizes.map(lambda n: rng.permutation(n)[: round(share * n)])


def draw_dangling(n: int, share: float, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Split ``n`` paired entities into those kept on both sides, on the left only, on the right only.

    Parameters
    ----------
    n
        Number of pairs.
    share
        Share of the pairs that each side drops, in [0, 0.5), rounded to whole pairs. The two sides drop
        different pairs, so that ``share / (1 - share)`` of the entities left on a side have no counterpart.
    rng
        Source of the draw.

    Returns
    -------
    tuple
        Indices of the pairs kept on both sides, on the left only and on the right only: in random order,
        disjoint, together ``0 .. n - 1``.

    Raises
    ------
    ParameterError
        If ``share`` is out of range.

    Examples
    --------
    >>> [len(part) for part in draw_dangling(8, 0.25, np.random.default_rng(0))]
    [4, 2, 2]
    """
    _require_share(share)
    n_drop = min(round(share * n), (n - 1) // 2)  # at least one pair stays, however small n is
    left_only, right_only, both = np.split(rng.permutation(n), [n_drop, 2 * n_drop])
    return both, left_only, right_only


def _require_share(share: float) -> None:
    if not 0 <= share < 0.5:
        raise ParameterError(f"dangling is {share}", remedy="give a share of at least 0 and below 0.5")
