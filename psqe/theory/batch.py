"""A batch of seeds, its candidate sets, and the gradient of the contrastive loss on them in closed form.

Everything here is float64 and small: it is for reading, for figures and for checking, not for training.
Names follow the book's notation page: ``z`` embeddings, ``s`` similarities, ``p`` softmax shares, ``tau``
the temperature (``temperature`` in code), ``B`` the number of seeds in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from psqe.errors import ParameterError
from psqe.graph import BoolArray, DoubleArray


@dataclass(frozen=True, eq=False)
class Batch:
    """``B`` seeds ``(a_k, b_k)``; here every ``a_k`` is an anchor.

    Candidates of anchor ``a_k`` are ``b_1 .. b_B`` and, with same-side negatives, ``a_j`` for ``j != k``. All
    matrices with a row per anchor have ``2B`` columns: ``b_1 .. b_B``, then ``a_1 .. a_B``.

    Parameters
    ----------
    left, right
        Embeddings ``z`` of the two ends ``(B, d)``; unit rows unless said otherwise.
    temperature
        ``tau``, positive.
    same_side
        Whether the other anchors are candidates too.

    Raises
    ------
    ParameterError
        If the two sides differ in shape, hold fewer than two seeds, or the temperature is not positive.
    """

    left: DoubleArray
    right: DoubleArray
    temperature: float
    same_side: bool = True

    def __post_init__(self) -> None:
        for name in ("left", "right"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.left.ndim != 2 or self.left.shape != self.right.shape or len(self.left) < 2:
            raise ParameterError(
                f"a batch has two matrices of one shape and at least 2 rows; given {self.left.shape} "
                f"and {self.right.shape}"
            )
        if not self.temperature > 0:
            raise ParameterError(f"temperature is {self.temperature}", remedy="give a positive number")

    def __len__(self) -> int:
        return len(self.left)

    @property
    def flipped(self) -> Batch:
        """The same seeds with the right ends as anchors."""
        return Batch(self.right, self.left, self.temperature, self.same_side)

    def keep(self, seeds: ArrayLike) -> Batch:
        """Only some seeds, by position or mask."""
        chosen = np.asarray(seeds)
        return Batch(self.left[chosen], self.right[chosen], self.temperature, self.same_side)

    @cached_property
    def candidates(self) -> DoubleArray:
        """Embeddings of all columns ``(2B, d)``."""
        return np.vstack([self.right, self.left])

    @cached_property
    def is_candidate(self) -> BoolArray:
        """Which columns each anchor is compared with ``(B, 2B)``."""
        n = len(self)
        return np.hstack([np.ones((n, n), dtype=bool), ~np.eye(n, dtype=bool) & self.same_side])

    @cached_property
    def is_target(self) -> BoolArray:
        """The other end of each anchor's seed ``(B, 2B)``: one in a row."""
        n = len(self)
        return np.hstack([np.eye(n, dtype=bool), np.zeros((n, n), dtype=bool)])

    @cached_property
    def s(self) -> DoubleArray:
        """Similarities ``<z_{a_k}, z_v>`` ``(B, 2B)``; minus infinity where ``v`` is no candidate."""
        return np.where(self.is_candidate, self.left @ self.candidates.T, -np.inf)

    @cached_property
    def p(self) -> DoubleArray:
        """Softmax shares ``p_kv`` ``(B, 2B)``: rows add up to one, zero where ``v`` is no candidate."""
        logits = self.s / self.temperature
        shares: DoubleArray = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        return shares

    @cached_property
    def p_target(self) -> DoubleArray:
        """``p_{k b_k}`` ``(B,)``."""
        return self.p[self.is_target]

    @cached_property
    def losses(self) -> DoubleArray:
        """``l_k = -log p_{k b_k}`` ``(B,)``."""
        logits = self.s / self.temperature
        found: DoubleArray = logsumexp(logits, axis=1) - logits[self.is_target]
        return found


def loss(batch: Batch) -> float:
    """The symmetric loss: mean over anchors of ``l_k``, averaged over the two sides as anchors.

    The same number as :func:`psqe.training.losses.info_nce`.
    """
    return float((batch.losses.mean() + batch.flipped.losses.mean()) / 2)


def spread(batch: Batch, coefficients: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Chain derivatives by similarities to derivatives by embeddings.

    A similarity has two ends: what pulls the anchor towards a candidate pulls the candidate as hard.

    Parameters
    ----------
    batch
        The batch.
    coefficients
        ``d / d s_kv`` of something ``(B, 2B)``.

    Returns
    -------
    Its gradients by ``left`` and by ``right``, ``(B, d)`` each.
    """
    n = len(batch)
    by_anchor = coefficients @ batch.candidates
    by_candidate = coefficients.T @ batch.left
    return by_anchor + by_candidate[n:], by_candidate[:n]


def gradient(batch: Batch) -> tuple[DoubleArray, DoubleArray]:
    """The gradient of :func:`loss` by ``left`` and ``right``, ``(B, d)`` each.

    ``d l_k / d s_kv = (p_kv - [v = b_k]) / tau``: all of contrastive learning is in these coefficients.
    """
    n = len(batch)
    left, right = spread(batch, (batch.p - batch.is_target) / batch.temperature)
    back = batch.flipped
    right_too, left_too = spread(back, (back.p - back.is_target) / back.temperature)
    return (left + left_too) / (2 * n), (right + right_too) / (2 * n)
