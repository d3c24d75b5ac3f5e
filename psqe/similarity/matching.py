"""Apply a matching by its name: what is made of similarities before they are ranked."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from psqe.errors import ParameterError
from psqe.options import Matching
from psqe.similarity.base import Similarity
from psqe.similarity.clamped import MATCHED_BOUND, Clamped
from psqe.similarity.csls import CSLS_K, csls
from psqe.similarity.sinkhorn import sinkhorn


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
        Number of nearest entities that CSLS uses.

    Raises
    ------
    ParameterError
        If there is no such matching.
    """
    if isinstance(similarity, Clamped) and matching != "cosine":
        return replace(
            similarity, base=matched(similarity.base, matching, csls_k=csls_k), bound=MATCHED_BOUND
        )
    if matching == "csls":
        return csls(similarity, csls_k)
    if matching == "sinkhorn":
        return sinkhorn(similarity)
    if matching != "cosine":
        raise ParameterError(
            f"there is no matching {matching!r}", remedy=f"choose from {', '.join(get_args(Matching))}"
        )
    return similarity
