"""Evaluation protocols: Hits@k and MRR in both directions, under two protocols that are never mixed.

A query is an entity with at least one true counterpart, and its rank is that of the best of them
(:mod:`psqe.evaluation.ranks`). Entities in no gold link are candidates, but no queries: where gold links are
incomplete, the numbers are about the entities whose counterparts are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.ranks import Ranks, first_of_each, ranks
from psqe.evaluation.regions import Regions
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, Matching, Similarity, matched
from psqe.similarity.csls import CSLS_K

Scorer = Callable[[IntArray, IntArray], Similarity]
"""A function from left and right entities (indices) to their similarities, such as ``aligner.similarity``."""

DIRECTIONS = ("l2r", "r2l")
"""Names of the two directions of ranking: from left to right, and from right to left."""

PEER_TEST_SHARE = 0.7
"""Share of the gold links, the last ones, that protocol ``peer`` tests on."""

PEER_CSLS_K = 3
"""Number of nearest entities that CSLS uses under protocol ``peer``."""


def _both_directions(
    scorer: Scorer,
    tested: IntArray,
    links: IntArray,
    candidates: tuple[IntArray, IntArray],
    matching: Matching,
    csls_k: int = CSLS_K,
) -> dict[str, Ranks]:
    """Rank the ``tested`` links, some of all ``links``, among sorted candidates, in both directions."""
    left, right = candidates
    similarity = matched(scorer(left, right), matching, csls_k=csls_k)
    rows, columns = _places(tested, candidates)
    inside = links[np.isin(links[:, 0], left) & np.isin(links[:, 1], right)]
    known = _places(inside, candidates)
    return {
        "l2r": ranks(similarity, rows, columns, known=known),
        "r2l": ranks(similarity.T, columns, rows, known=known[::-1]),
    }


def _places(links: IntArray, candidates: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    """Return the positions of the two ends of links among sorted candidates."""
    return np.searchsorted(candidates[0], links[:, 0]), np.searchsorted(candidates[1], links[:, 1])


def evaluate(
    task: AlignmentTask,
    scorer: Scorer,
    *,
    matching: Matching = "cosine",
    regions: Mapping[str, Regions] | None = None,
) -> dict[str, Any]:
    """Evaluate similarities against the gold links, under two protocols.

    Protocol ``full`` ranks every linked entity's counterpart among all candidates of the other side,
    dangling ones included, with the given ``matching``. Protocol ``peer`` is that of the published models:
    it tests on the last 70 % of the links only, restricts the candidates to the entities of these links,
    and uses CSLS with k = 3.

    An entity with several true counterparts is one query. Its rank is the best rank of a true counterpart
    that is tested, and the others, tested or not, are left out of its candidates.

    Parameters
    ----------
    task
        A task with gold links.
    scorer
        The similarities to evaluate, for example ``aligner.similarity`` or :func:`feature_scorer`.
    matching
        What is made of the similarities under protocol ``full``: ``cosine`` leaves them as they are, ``csls``
        uses k = 10, and ``sinkhorn`` a temperature of 0.02.
    regions
        Regions by kind, for results by region under protocol ``full``; none when ``None``.

    Returns
    -------
    A dictionary with three entries. ``metrics`` has, by direction (``l2r``, ``r2l``) and protocol (``full``,
    ``peer``), ``hits@1``, ``hits@5``, ``hits@10`` and ``mrr`` of realistic ranks. ``ties`` has, by direction,
    Hits@1 of protocol ``full`` from optimistic and from pessimistic ranks. ``regions`` has, by kind and
    region, the number of left queries ``n`` (of links, where these are one-to-one) and the mean over both
    directions of Hits@1, ``hits@1``.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If there is no such matching.
    """
    if task.links is None:
        raise DataError(
            f"{task.name} has no gold links to evaluate against", remedy="take a task whose links are known"
        )
    links = task.links
    tested = links[len(links) - round(PEER_TEST_SHARE * len(links)) :]
    candidates = task.left.candidates, task.right.candidates
    full = _both_directions(scorer, links, links, candidates, matching)
    candidates = np.unique(tested[:, 0]), np.unique(tested[:, 1])
    peer = _both_directions(scorer, tested, links, candidates, "csls", PEER_CSLS_K)
    return {
        "metrics": {d: {"full": full[d].metrics(), "peer": peer[d].metrics()} for d in DIRECTIONS},
        "ties": {
            d: {
                "optimistic": full[d].metrics("optimistic")["hits@1"],
                "pessimistic": full[d].metrics("pessimistic")["hits@1"],
            }
            for d in DIRECTIONS
        },
        "regions": {kind: _by_region(full, links, r) for kind, r in (regions or {}).items()},
    }


def _by_region(full: Mapping[str, Ranks], links: IntArray, regions: Regions) -> dict[str, dict[str, float]]:
    """Return the number of queries and the mean Hits@1 of both directions, by the name of the region."""
    left, right = (first_of_each(ends) for ends in links.T)
    labels = {"l2r": regions.left[left], "r2l": regions.right[right]}
    first = {d: full[d].realistic <= 1 for d in DIRECTIONS}
    result = {}
    for i, name in enumerate(regions.names):
        hits = [first[d][labels[d] == i] for d in DIRECTIONS]
        if any(map(len, hits)):
            mean = float(np.mean([h.mean() for h in hits if len(h)]))
            result[name] = {"n": len(hits[0]), "hits@1": mean}
    return result


def embedding_scorer(left: FloatArray, right: FloatArray) -> Scorer:
    """Make a scorer of the cosines of embeddings.

    Parameters
    ----------
    left, right
        Embeddings of all entities ``(n_left, d)`` and ``(n_right, d)``.
    """

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(unit_rows(left[rows]), unit_rows(right[columns]))

    return scorer


def feature_scorer(task: AlignmentTask, features: Features) -> Scorer:
    """Make a scorer of the cosines of the fused features of candidates.

    It uses no seeds and no training, and is therefore the bar that both must beat.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    features.check(task)
    left, right = fuse(features, task.left.candidates, task.right.candidates)

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(
            left[np.searchsorted(task.left.candidates, rows)],
            right[np.searchsorted(task.right.candidates, columns)],
        )

    return scorer
