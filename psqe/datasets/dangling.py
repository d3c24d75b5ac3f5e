"""The draw of the entities that lose their counterpart, shared by all sources of paired entities."""

from __future__ import annotations

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import IntArray


def drawn_share(n: int, share: float, rng: np.random.Generator) -> IntArray:
    """Draw a share of ``n`` entities of one side, which are to be dropped.

    Parameters
    ----------
    n
        Number of entities.
    share
        Share of them, in [0, 0.5), rounded to whole entities.
    rng
        Source of the draw.

    Returns
    -------
    Indices of the drawn entities, in random order.

    Raises
    ------
    ParameterError
        If ``share`` is out of range.

    Examples
    --------
    >>> len(drawn_share(8, 0.25, np.random.default_rng(0)))
    2
    """
    _require_share(share)
    return rng.permutation(n)[: round(share * n)]


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
