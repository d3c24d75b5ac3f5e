"""Groups of gold links with respect to seeds: what an aligner was given, and what it found itself.

An aligner trained on seeds ranks their two ends first almost by construction. A share of hits over all gold
links therefore mixes what was given with what was learned. Each gold link is in one of three groups:

- ``seeds``: the link is a seed (a *seed link*);
- ``wrong``: the link is no seed, but one of its ends is in a seed (a link *beside a wrong seed*). Where gold
  links are one-to-one, that seed is wrong;
- ``free``: neither end of the link is in a seed (a *free link*).

A query is an entity and can have several true counterparts. It is in group ``seeds`` if one of its links is
a seed, in ``free`` if all of its links are free, and otherwise in ``wrong``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from psqe.errors import ParameterError
from psqe.evaluation.truth import among
from psqe.graph import BoolArray, IntArray
from psqe.whole_numbers import whole_numbers

LinkGroup = Literal["seeds", "wrong", "free"]
"""The name of a group of gold links."""

LINK_GROUPS: tuple[LinkGroup, ...] = get_args(LinkGroup)
"""The names of the three groups."""


Pairs = IntArray | Sequence[Sequence[int]]
"""Pairs of left and right entities: an array ``(n, 2)``, or a list of pairs."""


def pairs_array(pairs: Pairs, what: str) -> IntArray:
    """Return pairs of entities as an integer array ``(n, 2)``.

    Parameters
    ----------
    pairs
        The pairs: indices of a left and of a right entity, from 0.
    what
        What the pairs are, as a plural noun that an error message puts after "the", such as ``"seeds"``.

    Raises
    ------
    ParameterError
        If they are no pairs of whole numbers.

    Examples
    --------
    >>> pairs_array([(0, 2), (1, 0)], "seeds").shape
    (2, 2)
    """
    remedy = (
        "give an array or a list of pairs, each the indices of a left and of a right entity, such as the "
        "attribute pairs of a seed set or the attribute links of a task"
    )
    return whole_numbers(pairs, what, width=2, remedy=remedy, error=ParameterError)


def link_groups(links: Pairs, seeds: Pairs) -> dict[LinkGroup, BoolArray]:
    """Divide gold links into those that are seeds, those with an end in another seed, and free ones.

    Parameters
    ----------
    links
        Gold links ``(n, 2)``: left and right entity of each, as an array or as a list of pairs.
    seeds
        Seeds ``(m, 2)``: left and right entity of each, correct or not; possibly none.

    Returns
    -------
    A mask ``(n,)`` for each group, by the name of the group. Every link is in exactly one group.

    Raises
    ------
    ParameterError
        If links or seeds are no pairs of whole numbers.

    Examples
    --------
    >>> groups = link_groups([(0, 0), (1, 1), (2, 2)], [(0, 0), (1, 3)])
    >>> {name: mask.tolist() for name, mask in groups.items()}
    {'seeds': [True, False, False], 'wrong': [False, True, False], 'free': [False, False, True]}
    """
    links, seeds = pairs_array(links, "links"), pairs_array(seeds, "seeds")
    is_seed = among(links, seeds)
    touched = np.isin(links[:, 0], seeds[:, 0]) | np.isin(links[:, 1], seeds[:, 1])
    return {"seeds": is_seed, "wrong": touched & ~is_seed, "free": ~touched}


def query_groups(
    queries: IntArray | Sequence[int], links: Pairs, seeds: Pairs, column: int
) -> dict[LinkGroup, BoolArray]:
    """Divide queries, which are entities with true counterparts, into the same three groups.

    Parameters
    ----------
    queries
        Distinct entities of one side ``(k,)``, each in at least one gold link.
    links
        All gold links ``(n, 2)``, also those whose entities are no queries.
    seeds
        Seeds ``(m, 2)``; possibly none.
    column
        The side of the queries: 0 for left entities, 1 for right ones.

    Returns
    -------
    A mask ``(k,)`` for each group, by the name of the group. Every query is in exactly one group.

    Raises
    ------
    ParameterError
        If queries, links or seeds are no whole numbers, or there is no such side.

    Examples
    --------
    Left entity 0 has two true counterparts, one of them by a seed:

    >>> groups = query_groups([0, 1], [(0, 0), (0, 1), (1, 2)], [(0, 1)], 0)
    >>> groups["seeds"].tolist(), groups["free"].tolist()
    ([True, False], [False, True])
    """
    if column not in (0, 1):
        raise ParameterError(f"column is {column!r}", remedy="give 0 for left entities, 1 for right ones")
    remedy = "give a list of indices of entities"
    queries = whole_numbers(queries, "queries", width=None, remedy=remedy, error=ParameterError)
    links = pairs_array(links, "links")
    of_links = link_groups(links, seeds)
    has_seed = np.isin(queries, links[of_links["seeds"], column])
    is_free = ~np.isin(queries, links[~of_links["free"], column])
    return {"seeds": has_seed, "wrong": ~has_seed & ~is_free, "free": is_free}
