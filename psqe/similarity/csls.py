"""Cross-domain similarity local scaling, which takes the advantage of hubs away."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from psqe.errors import ParameterError
from psqe.similarity.base import Shifted, Similarity
from psqe.similarity.neighbours import Neighbours
from psqe.similarity.search import top_k

Scores = TypeVar("Scores", np.float32, np.float64)

CSLS_K = 10
"""Number of nearest entities whose mean similarity CSLS subtracts (Conneau et al. 2018)."""


def csls(similarity: Similarity, k: int = CSLS_K, *, nearest: Neighbours | None = None) -> Shifted:
    """Cross-domain similarity local scaling: ``2 s(x, y) - r(x) - r(y)`` (Conneau et al. 2018, eq. 2-3).

    Here ``r`` is the mean similarity of an entity to its ``k`` nearest entities on the other side. It is
    large for a hub, an entity that is near to many others; subtracting it removes the hub's advantage.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    k
        Number of nearest entities; 10 by default.
    nearest
        At least ``k`` nearest entities of every entity, where they are known; they are searched otherwise.

    Returns
    -------
    The scores as a similarity ``(n_left, n_right)``.

    Raises
    ------
    ParameterError
        If ``k`` is less than 1.
    """
    if k < 1:
        raise ParameterError(f"csls needs k of at least 1, not {k}")
    if nearest is None:
        scores = [top_k(side, k)[1] for side in (similarity, similarity.T)]
    else:
        scores = [nearest.left_scores, nearest.right_scores]
    means = [local_scale(each, k) for each in scores]
    return Shifted(similarity, 2.0, -means[0], -means[1])


def local_scale(scores: NDArray[Scores], k: int = CSLS_K) -> NDArray[Scores]:
    """The mean ``(n,)`` of the first ``k`` scores of each row ``(n, m)`` that are finite; 0 if none is.

    Parameters
    ----------
    scores
        Similarities of an entity to its nearest entities, in descending order, one row for each entity;
        minus infinity where an approximate search found fewer.
    k
        Number of nearest entities.
    """
    first = scores[:, :k]
    found = np.isfinite(first)
    found[:, 0] |= ~found.any(axis=1)
    mean: NDArray[Scores] = np.mean(np.where(np.isneginf(first), 0, first), axis=1, where=found)
    return mean
