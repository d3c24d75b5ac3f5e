"""Choose the rarest items within a bound on their total cost, where a few hubs cost more than all others."""

from __future__ import annotations

import numpy as np

from psqe.graph import BoolArray, IntArray


def rarest(sizes: IntArray, costs: IntArray, most: int) -> BoolArray:
    """Choose the items of the smallest sizes whose costs together stay within a bound.

    Items of one size are chosen or left out together, so that the order of the items does not matter.

    Parameters
    ----------
    sizes
        Size of each item ``(n,)``.
    costs
        Cost of each item ``(n,)``, not negative.
    most
        Largest sum of the costs of the items that are chosen.

    Returns
    -------
    Whether each item is chosen ``(n,)``.

    Examples
    --------
    >>> rarest(np.array([9, 1, 2, 2]), np.array([81, 1, 4, 4]), 9).tolist()
    [False, True, True, True]
    >>> rarest(np.array([9, 1, 2, 2]), np.array([81, 1, 4, 4]), 8).tolist()
    [False, True, False, False]
    """
    known, place = np.unique(sizes, return_inverse=True)
    of_size = np.zeros(len(known), dtype=np.int64)
    np.add.at(of_size, place, costs)
    chosen: BoolArray = (np.cumsum(of_size) <= most)[place]
    return chosen
