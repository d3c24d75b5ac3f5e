"""Gold links between graphs with the same identifiers, in some of which the two columns were exchanged.

A link names the left entity first. Where both graphs have an entity ``7`` and one ``9``, the link ``7 9`` is
as good as ``9 7``, so that only all links together show that some are the wrong way round: entities are in
two links that would be in one link each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from psqe.graph import BoolArray


def exchanged_rows(pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Find the links that are the wrong way round if every entity is meant to be in one link.

    Parameters
    ----------
    pairs
        Left and right identifier of each link, all different, which could be read the other way round.

    Returns
    -------
    list of int
        Positions of the fewest links whose exchange leaves each left and each right entity in one link;
        none if this is so already, or cannot be reached.

    Examples
    --------
    >>> exchanged_rows([("1", "2"), ("2", "3"), ("1", "3")])
    [2]
    >>> exchanged_rows([("1", "2"), ("2", "3"), ("3", "1")])
    []
    """
    left, right = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    if max(left.values(), default=0) < 2 and max(right.values(), default=0) < 2:
        return []
    if max((left + right).values()) > 2:
        return []
    turned = _turned(pairs)
    numbers = {identifier: i for i, identifier in enumerate(left + right)}
    rows = np.array([[numbers[one], numbers[other]] for one, other in pairs])
    graph = coo_matrix((np.ones(len(rows)), rows.T), shape=(len(numbers), len(numbers)))
    part = connected_components(graph, directed=False)[1][rows[:, 0]]
    n_rows, n_turned = np.bincount(part), np.bincount(part, weights=turned, minlength=part.max() + 1)
    # A chain of links can be read from either end: that end which leaves more links as they are.
    chosen = turned ^ (2 * n_turned > n_rows)[part]
    return np.flatnonzero(chosen).tolist()


def _turned(pairs: Sequence[tuple[str, str]]) -> BoolArray:
    """Walk along each chain or circle of links; return which ones are walked against their direction."""
    links: dict[str, list[int]] = {}
    for row, pair in enumerate(pairs):
        for identifier in pair:
            links.setdefault(identifier, []).append(row)
    turned, seen = np.zeros(len(pairs), dtype=bool), [False] * len(pairs)
    ends = [identifier for identifier, rows in links.items() if len(rows) == 1]
    for start in [*ends, *links]:
        here, rows = start, [row for row in links[start] if not seen[row]]
        while rows:
            seen[rows[0]] = True
            first, second = pairs[rows[0]]
            turned[rows[0]] = first != here
            here = second if first == here else first
            rows = [row for row in links[here] if not seen[row]]
    return turned
