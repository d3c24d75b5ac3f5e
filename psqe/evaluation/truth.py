"""What gold links say about pairs and entities, also where they are incomplete or not one-to-one.

A pair is *correct* if it is any of the gold links. Gold links can *judge* a pair if at least one of its two
entities is in a gold link; of a pair of two other entities they know nothing. Links that are predicted are
one-to-one by default, and gold links need not be: where two right entities are true counterparts of one left
entity, one of them stays without a link then. :func:`n_findable` is therefore the number of correct links
that there can be.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from psqe.errors import DataError
from psqe.evaluation.intervals import proportion_interval
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, Sides

Cardinality = Literal["one-to-one", "one-to-many", "many-to-many"]
"""How many counterparts an entity may have: of ``one-to-many``, a left entity several and a right one at most
one."""


def gold_links(task: AlignmentTask) -> IntArray:
    """Return the gold links of a task ``(n_links, 2)``.

    Raises
    ------
    DataError
        If the task has none.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links", remedy="take a task whose links are known")
    return task.links


def among(pairs: IntArray, links: IntArray) -> BoolArray:
    """Tell which of some pairs ``(n, 2)`` are among the links ``(m, 2)``.

    Examples
    --------
    >>> among(np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 2]])).tolist()
    [True, False]
    """
    rights = np.concatenate([pairs[:, 1], links[:, 1]])
    width = (
        1 + int(np.ptp(rights)) if len(rights) else 1
    )  # of any range, so that no two pairs have one number
    found: BoolArray = np.isin(pairs @ [width, 1], links @ [width, 1])
    return found


def correct(pairs: IntArray, task: AlignmentTask) -> BoolArray | None:
    """Tell which pairs are gold links.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``.
    task
        The task that they belong to.

    Returns
    -------
    Whether each pair is a gold link ``(n,)``; ``None`` if the task has no gold links. Where an entity has
    several true counterparts, the pair with any of them is correct.
    """
    return None if task.links is None else among(pairs, task.links)


def judged(pairs: IntArray, task: AlignmentTask) -> BoolArray | None:
    """Tell which pairs gold links can judge: those with at least one entity that has a gold link.

    Gold links need not be complete. In DBP15K, most pairs of two entities without a gold link are correct,
    and only their gold links are missing. Precision among judged pairs does not count such pairs as wrong.
    Where dangling entities are known to have no counterpart, as in the emoji pair, precision among judged
    pairs ignores the pairs of two dangling entities, which are wrong.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``.
    task
        The task that they belong to.

    Returns
    -------
    Whether each pair can be judged ``(n,)``; ``None`` if the task has no gold links.
    """
    if task.links is None:
        return None
    has = linked(task)
    known: BoolArray = has.left[pairs[:, 0]] | has.right[pairs[:, 1]]
    return known


def linked(task: AlignmentTask) -> Sides[BoolArray]:
    """Tell which entities of each side are in a gold link, ``(n_left,)`` and ``(n_right,)``.

    An entity in none is *dangling* as far as the gold links know.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    masks = []
    for column, side in enumerate(SIDES):
        mask = np.zeros(task.sides[side].n_entities, dtype=bool)
        mask[gold_links(task)[:, column]] = True
        masks.append(mask)
    return Sides(*masks)


def n_findable(task: AlignmentTask) -> int:
    """Return the largest number of gold links that one-to-one links can contain.

    This is the size of a maximum matching of the gold links (Hopcroft and Karp 1973). It is the number of the
    gold links where these are one-to-one.

    Raises
    ------
    DataError
        If the task has no gold links.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("rome", "oslo"), (), [])
    >>> right = KnowledgeGraph("r", ("roma", "Roma", "oslo"), (), [])
    >>> n_findable(AlignmentTask("t", left, right, links=[(0, 0), (0, 1), (1, 2)]))
    2
    """
    return most_at_once(gold_links(task))


def most_at_once(links: IntArray, cardinality: Cardinality = "one-to-one") -> int:
    """Return the largest number of links ``(n, 2)``, possibly of none, that a cardinality allows.

    Parameters
    ----------
    links
        The links, each once.
    cardinality
        By default, no entity is in two links. With ``one-to-many`` no right entity is, and with
        ``many-to-many`` all links are allowed.

    Examples
    --------
    >>> most_at_once(np.array([[0, 0], [0, 1], [1, 2]]))
    2
    >>> most_at_once(np.array([[0, 0], [0, 1], [1, 1]]), "one-to-many")
    2
    """
    if cardinality == "many-to-many":
        return len(links)
    if cardinality == "one-to-many":
        return len(np.unique(links[:, 1]))
    (lefts, rows), (rights, columns) = (np.unique(ends, return_inverse=True) for ends in links.T)
    if len(lefts) == len(links) == len(rights):
        return len(links)
    shape = len(lefts), len(rights)
    graph = coo_array((np.ones(len(links), dtype=np.int8), (rows, columns)), shape=shape)
    return int((maximum_bipartite_matching(graph.tocsr()) >= 0).sum())


def verdict(n_correct: int, n_judged: int, n: int) -> str:
    """Say how many of some pairs are correct, among those that gold links can judge.

    Parameters
    ----------
    n_correct, n_judged, n
        Number of correct pairs, of judged pairs and of all pairs.

    Examples
    --------
    >>> verdict(3, 3, 3)
    'by gold links 3 of 3 judged correct (1.000, 0.439 to 1.000)'
    >>> verdict(3, 3, 36).partition("), ")[2]
    '33 not judged (wrong if gold links are complete)'
    >>> verdict(0, 0, 36)
    'by gold links none of them can be judged'
    """
    if not n_judged:
        return "by gold links none of them can be judged"
    low, high = proportion_interval(n_correct, n_judged)
    rest = f", {n - n_judged:,} not judged (wrong if gold links are complete)" if n > n_judged else ""
    return (
        f"by gold links {n_correct:,} of {n_judged:,} judged correct "
        f"({n_correct / n_judged:.3f}, {low:.3f} to {high:.3f}){rest}"
    )
