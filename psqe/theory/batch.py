"""A batch of seeds, its candidate sets, and the gradient of the contrastive loss on them in closed form.

Everything is in float64 and meant for small batches: for reading, figures and checks, not for training. Names
follow the notation page of the book: ``z`` for embeddings, ``s`` for similarities, ``p`` for softmax shares,
``tau`` for the temperature (``temperature`` in code), ``B`` for the number of seeds in a batch.
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
    """A batch of ``B`` seeds ``(a_k, b_k)`` with their embeddings, in which every ``a_k`` is an anchor.

    The candidates of anchor ``a_k`` are ``b_1 .. b_B`` and, with same-side negatives, ``a_j`` for ``j != k``.
    All matrices with a row per anchor have ``2B`` columns: ``b_1 .. b_B``, then ``a_1 .. a_B``.

    Parameters
    ----------
    left, right
        Embeddings ``z`` of the left and the right entities ``(B, d)``, with unit rows unless a function says
        otherwise.
    temperature
        The positive temperature ``tau``.
    same_side
        Whether the other anchors are candidates too (the default).

    Raises
    ------
    ParameterError
        If the two sides differ in shape, hold fewer than two seeds, or the temperature is not positive.

    Examples
    --------
    >>> batch = Batch(np.eye(3), np.eye(3), temperature=0.5, same_side=False)
    >>> len(batch), batch.p.shape
    (3, (3, 6))
    >>> batch.p_target.round(3).tolist()
    [0.787, 0.787, 0.787]
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

    @cached_property
    def flipped(self) -> Batch:
        """The same seeds with the right entities as anchors."""
        return Batch(self.right, self.left, self.temperature, self.same_side)

    def at(self, temperature: float) -> Batch:
        """Return the same seeds at another temperature. Their similarities are computed once for both."""
        other = Batch(self.left, self.right, temperature, self.same_side)
        vars(other)["s"] = self.s
        return other

    def keep(self, seeds: ArrayLike) -> Batch:
        """Return the batch of some of the seeds, which are given by their positions or by a mask ``(B,)``."""
        chosen = np.asarray(seeds)
        return Batch(self.left[chosen], self.right[chosen], self.temperature, self.same_side)

    @cached_property
    def candidates(self) -> DoubleArray:
        """Embeddings of the entities in all columns ``(2B, d)``."""
        return np.vstack([self.right, self.left])

    @cached_property
    def is_candidate(self) -> BoolArray:
        """Mask of the columns that each anchor is compared with ``(B, 2B)``."""
        n = len(self)
        return np.hstack([np.ones((n, n), dtype=bool), ~np.eye(n, dtype=bool) & self.same_side])

    @cached_property
    def is_target(self) -> BoolArray:
        """Mask of the other entity of each anchor's seed ``(B, 2B)``: one column in every row."""
        n = len(self)
        return np.hstack([np.eye(n, dtype=bool), np.zeros((n, n), dtype=bool)])

    @cached_property
    def s(self) -> DoubleArray:
        """Similarities ``<z_{a_k}, z_v>`` ``(B, 2B)``, minus infinity where ``v`` is no candidate."""
        return np.where(self.is_candidate, self.left @ self.candidates.T, -np.inf)

    @cached_property
    def p(self) -> DoubleArray:
        """Softmax shares ``p_kv`` ``(B, 2B)``: rows add up to one, zero where ``v`` is no candidate."""
        logits = self.s / self.temperature
        shares: DoubleArray = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        return shares

    @cached_property
    def p_target(self) -> DoubleArray:
        """Softmax shares ``p_{k b_k}`` of the targets ``(B,)``."""
        return self.p[self.is_target]

    @cached_property
    def losses(self) -> DoubleArray:
        """Losses ``l_k = -log p_{k b_k}`` of the anchors ``(B,)``."""
        logits = self.s / self.temperature
        losses: DoubleArray = logsumexp(logits, axis=1) - logits[self.is_target]
        return losses


def loss(batch: Batch) -> float:
    """Return the symmetric loss: the mean over anchors of ``l_k``, averaged over the two sides as anchors.

    It is the same number as :func:`psqe.training.losses.info_nce`.
    """
    return float((batch.losses.mean() + batch.flipped.losses.mean()) / 2)


def spread(batch: Batch, coefficients: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Turn derivatives by similarities into gradients by embeddings.

    A similarity depends on two embeddings: a force that pulls the anchor towards a candidate pulls the
    candidate as hard towards the anchor.

    Parameters
    ----------
    batch
        The batch.
    coefficients
        Derivatives ``d f / d s_kv`` of a function ``f`` of the similarities ``(B, 2B)``.

    Returns
    -------
    Gradients of ``f`` by ``left`` and by ``right``, ``(B, d)`` each.
    """
    n = len(batch)
    by_anchor = coefficients @ batch.candidates
    by_candidate = coefficients.T @ batch.left
    return by_anchor + by_candidate[n:], by_candidate[:n]


def gradient(batch: Batch) -> tuple[DoubleArray, DoubleArray]:
    """Return the gradient of :func:`loss` by ``left`` and by ``right``, ``(B, d)`` each.

    It follows from the coefficients ``d l_k / d s_kv = (p_kv - [v = b_k]) / tau``.
    """
    n = len(batch)
    left, right = spread(batch, (batch.p - batch.is_target) / batch.temperature)
    back = batch.flipped
    right_back, left_back = spread(back, (back.p - back.is_target) / back.temperature)
    return (left + left_back) / (2 * n), (right + right_back) / (2 * n)
