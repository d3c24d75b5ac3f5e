"""Apply matchings by their names: what is made of similarities before they are ranked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import get_args

from psqe.errors import ParameterError
from psqe.options import Matching
from psqe.similarity.base import Remembered, Similarity
from psqe.similarity.clamped import MATCHED_BOUND, Clamped
from psqe.similarity.csls import CSLS_K, csls
from psqe.similarity.neighbours import Neighbours, find_neighbours
from psqe.similarity.sinkhorn import N_LISTED, TEMPERATURE, sinkhorn


def matched(similarity: Similarity, matching: Matching, *, csls_k: int = CSLS_K) -> Similarity:
    """Apply a matching to similarities.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``; of clamped ones
        (:class:`~psqe.similarity.clamped.Clamped`) the base is matched, and then clamped.
    matching
        Name of the matching.
    csls_k
        Number of nearest entities that CSLS uses; 10 by default.

    Raises
    ------
    ParameterError
        If there is no such matching.
    """
    return _matched(similarity, matching, csls_k, None)


def matched_by_each(
    similarity: Similarity, matchings: Collection[Matching], *, csls_k: int = CSLS_K
) -> dict[Matching, Similarity]:
    """Apply several matchings to the same similarities, with less work than one after the other.

    CSLS and Sinkhorn share one search for nearest entities. The results share the blocks of ``similarity``
    (:class:`~psqe.similarity.base.Remembered`): a block that is read from each of them in turn is computed
    once.

    Parameters
    ----------
    similarity
        As for :func:`matched`.
    matchings
        Names of the matchings.
    csls_k
        Number of nearest entities that CSLS uses; 10 by default.

    Returns
    -------
    The matched similarities by the name of the matching, in the order given.

    Raises
    ------
    ParameterError
        If there is no such matching.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> identity = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> found = matched_by_each(identity, ["cosine", "csls"], csls_k=1)
    >>> {name: scores.rows(0, 1).tolist() for name, scores in found.items()}
    {'cosine': [[1.0, 0.0]], 'csls': [[0.0, -2.0]]}
    """
    if isinstance(similarity, Clamped):
        found = matched_by_each(similarity.base, matchings, csls_k=csls_k)
        return {matching: _clamped_like(similarity, scores, matching) for matching, scores in found.items()}
    nearest = None
    if {"csls", "sinkhorn"} <= set(matchings):
        nearest = find_neighbours(similarity, k=max(N_LISTED + 1, csls_k), temperature=TEMPERATURE)
    shared = Remembered(similarity)
    result: dict[Matching, Similarity] = {}
    for matching in matchings:
        scores = _matched(similarity, matching, csls_k, nearest)
        result[matching] = shared if scores is similarity else replace(scores, base=shared)  # type: ignore[type-var]
    return result


def _matched(
    similarity: Similarity, matching: Matching, csls_k: int, nearest: Neighbours | None
) -> Similarity:
    """Apply a matching; ``nearest`` are the nearest entities of both sides where they are known."""
    if isinstance(similarity, Clamped):
        return _clamped_like(similarity, _matched(similarity.base, matching, csls_k, nearest), matching)
    if matching == "csls":
        return csls(similarity, csls_k, nearest=nearest)
    if matching == "sinkhorn":
        return sinkhorn(similarity, nearest=nearest)
    if matching != "cosine":
        raise ParameterError(
            f"there is no matching {matching!r}", remedy=f"choose from {', '.join(get_args(Matching))}"
        )
    return similarity


def _clamped_like(similarity: Clamped, scores: Similarity, matching: Matching) -> Clamped:
    """Clamp matched scores as the similarities are clamped that they were made of."""
    bound = similarity.bound if matching == "cosine" else MATCHED_BOUND
    return replace(similarity, base=scores, bound=bound)
