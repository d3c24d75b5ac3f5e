"""Evaluation protocols: Hits@k and MRR in both directions, under two protocols that are never mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.ranks import Ranks, ranks
from psqe.evaluation.regions import Regions
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, Matching, Similarity, matched
from psqe.similarity.matching import CSLS_K

Scorer = Callable[[IntArray, IntArray], Similarity]
"""From left and right entities (indices) to their similarities, for example ``aligner.similaritrge."""

PEER_TEST_SHARE = 0.7
"""Share of the gold links, the last ones, that protocol ``peer`` tests on."""

PEER_CSLS_K = 3
"""Number of nearest entities that CSLS uses under protocol ``peer``."""


def _both_directions(
    scorer: Scorer, links: IntArray, left: IntArray, right: IntArray, matching: Matching, csls_k: int = CSLS_K
) -> dict[str, Ranks]:
    """Rank the links among the candidates ``left`` and ``right`` (sorted), in both directions."""
    similarity = matched(scorer(left, right), matching, csls_k=csls_k)
    rows, columns = np.searchsorted(left, links[:, 0]), np.searchsorted(right, links[:, 1])
    return {"l2r": ranks(similarity, rows, columns), "r2l": ranks(similarity.T, columns, rows)}


def evaluate(
    task: AlignmentTask,
    scorer: Scorer,
    *,
    matching: Matching = "cosine",
    regions: Mapping[str, Regions] | None = None,
) -> dict[str, Any]:
    """Evaluate similarities against the gold links.

    Protocol ``full`` asks for every link and takes all candidates of the other side, dangling ones
    included, with the similarity and ``matching`` given. Protocol ``peer`` is the published models': the
    last 70 % of the links only, candidates restricted to their own counterparts, CSLS with k = 3.

    Parameters
    ----------
    task
        A task with gold links.
    scorer
        Similarities of entities, for example ``aligner.similarity`` or :func:`feature_scorer`.
    matching
        What to make of the similarities under protocol ``full``: ``cosine`` as they are, ``csls`` with
        k = 10, or ``sinkhorn`` at temperature 0.02.
    regions
        Regions by kind, to break down protocol ``full``.

    Returns
    -------
    ``metrics``: ``l2r`` and ``r2l``, each with ``full`` and ``peer``, each with ``hits@1``, ``hits@5``,
    ``hits@10`` and ``mrr`` of realistic ranks; ``ties``: Hits@1 of ``full`` from optimistic and from
    pessimistic ranks; ``regions``: by kind and region ``n`` links and the mean over both directions of
    Hits@1, ``hits@1``.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None or not len(task.links):
        raise DataError(
            f"{task.name} has no gold links to evaluate against", remedy="take a task whose links are known"
        )
    links = task.links
    tested = links[len(links) - round(PEER_TEST_SHARE * len(links)) :]
    full = _both_directions(scorer, links, task.left.candidates, task.right.candidates, matching)
    peer = _both_directions(
        scorer, tested, np.unique(tested[:, 0]), np.unique(tested[:, 1]), "csls", PEER_CSLS_K
    )
    directions = ("l2r", "r2l")
    by_kind: dict[str, dict[str, dict[str, float]]] = {}
    first = {d: full[d].realistic <= 1 for d in directions}
    for kind, r in (regions or {}).items():
        label = {"l2r": r.left[links[:, 0]], "r2l": r.right[links[:, 1]]}
        by_kind[kind] = {}
        for i, name in enumerate(r.names):
            hits = [first[d][label[d] == i] for d in directions]
            if any(map(len, hits)):
                by_kind[kind][name] = {
                    "n": len(hits[0]),
                    "hits@1": float(np.mean([h.mean() for h in hits if len(h)])),
                }
    return {
        "metrics": {d: {"full": full[d].metrics(), "peer": peer[d].metrics()} for d in directions},
        "ties": {
            d: {
                "optimistic": full[d].metrics("optimistic")["hits@1"],
                "pessimistic": full[d].metrics("pessimistic")["hits@1"],
            }
            for d in directions
        },
        "regions": by_kind,
    }


def embedding_scorer(left: FloatArray, right: FloatArray) -> Scorer:
    """Cosine of embeddings of all entities, ``(n_left, d)`` and ``(n_right, d)``."""

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(unit_rows(left[rows]), unit_rows(right[columns]))

    return scorer


def feature_scorer(task: AlignmentTask, features: Features) -> Scorer:
    """Cosine of the fused input features: no seeds, no training. The bar that both must beat."""
    features.check(task)
    left, right = fuse(features, task.left.candidates, task.right.candidates)

    def scorer(rows: IntArray, columns: IntArray) -> Dot:
        return Dot(
            left[np.searchsorted(task.left.candidates, rows)],
            right[np.searchsorted(task.right.candidates, columns)],
        )

    return scorer
