"""P2: a seed enters the loss twice, as somebody's target and as everybody else's candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.theory.batch import Batch, gradient, spread
from psqe.theory.split import mass


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a gradient: by the left and by the right embeddings, ``(B, d)`` each."""

    left: DoubleArray
    right: DoubleArray

    def __add__(self, other: Part) -> Part:
        return Part(self.left + other.left, self.right + other.right)

    @property
    def flipped(self) -> Part:
        """The sides exchanged."""
        return Part(self.right, self.left)

    @property
    def norm(self) -> float:
        """The Euclidean norm over all embeddings of both sides."""
        return float(np.hypot(np.linalg.norm(self.left), np.linalg.norm(self.right)))


@dataclass(frozen=True, eq=False)
class Membership:
    """What one seed does to the gradient of the summed loss ``sum_k l_k``, over both sides as anchors.

    Attributes
    ----------
    as_target
        The gradient of the seed's own two losses.
    as_candidate
        What it changes in the gradients of all other losses, by standing among their candidates.
    """

    as_target: Part
    as_candidate: Part

    @property
    def total(self) -> Part:
        """The gradient with the seed less the gradient without it."""
        return self.as_target + self.as_candidate


def membership(batch: Batch, seed: int) -> Membership:
    """What the seed at position ``seed`` does, in closed form: nothing is computed without it.

    For another anchor ``k`` let ``q_k`` be the share of the seed's ends among its candidates. The seed adds
    ``-log(1 - q_k)`` to ``l_k``: it takes ``q_k`` for itself, and what it takes from the other negatives and
    from the target, ``p_kv q_k / (1 - q_k)`` each, is repelled less or attracted more.

    Raises
    ------
    ParameterError
        If there is no such seed, or no more than two (one alone has no loss without it).
    """
    if not 0 <= seed < len(batch) or len(batch) < 3:
        raise ParameterError(f"there is no seed {seed} to leave out of {len(batch)} with two remaining")
    own, others = _one_way(batch, seed)
    own_back, others_back = _one_way(batch.flipped, seed)
    return Membership(own + own_back.flipped, others + others_back.flipped)


def _one_way(batch: Batch, seed: int) -> tuple[Part, Part]:
    """The two parts with the left ends as anchors."""
    n = len(batch)
    # One anchor, so one row of coefficients: no need to multiply the others' zeros.
    row = (batch.p[seed] - batch.is_target[seed]) / batch.temperature
    target = Part(np.outer(row[n:], batch.left[seed]), np.outer(row[:n], batch.left[seed]))
    target.left[seed] += row @ batch.candidates

    ends = [seed, n + seed]
    taken = batch.p[:, ends].sum(axis=1, keepdims=True)
    rest = batch.s / batch.temperature
    rest[:, ends] = -np.inf
    # Not p / (1 - taken): when the seed takes nearly all, that would be rounding, or zero by zero.
    changed = -softmax(rest, axis=1) * taken
    changed[:, ends] = batch.p[:, ends]
    changed[seed] = 0
    return target, Part(*spread(batch, changed / batch.temperature))


def summed_gradient(batch: Batch) -> Part:
    """The gradient of ``sum_k l_k`` over both sides as anchors; not the mean, which depends on ``B``."""
    n_anchors = 2 * len(batch)
    left, right = gradient(batch)
    return Part(n_anchors * left, n_anchors * right)


@dataclass(frozen=True, eq=False)
class Masses:
    """The mass of both parts of every seed in a batch.

    Attributes
    ----------
    as_target, as_candidate
        ``(B,)`` each.
    """

    as_target: DoubleArray
    as_candidate: DoubleArray


def masses(batch: Batch) -> Masses:
    """The pull each seed makes as a target, and the push it makes as a candidate.

    As a target ``(1 - p_{k b_k}) / tau`` over its two anchors; as a candidate ``q_k / tau`` over all other
    anchors of both sides. Over the batch the two add up to the same: every negative is an end of some seed.
    """
    n = len(batch)
    taken = np.zeros(n)
    for side in (batch, batch.flipped):
        q = side.p[:, :n] + side.p[:, n:]
        taken += np.where(np.eye(n, dtype=bool), 0, q).sum(axis=0)
    return Masses(mass(batch) + mass(batch.flipped), taken / batch.temperature)
