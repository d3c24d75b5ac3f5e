"""Proposition P2: a seed enters the loss twice, as a target of its anchors and as a candidate of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.theory.batch import Batch, spread
from psqe.theory.split import mass


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a gradient, by the left and by the right embeddings.

    Attributes
    ----------
    left, right
        Gradients ``(B, d)``.

    Examples
    --------
    >>> part = Part(np.array([[3.0, 0.0]]), np.array([[0.0, 4.0]]))
    >>> part.norm, (part + part.flipped).norm
    (5.0, 7.0710678118654755)
    """

    left: DoubleArray
    right: DoubleArray

    def __add__(self, other: Part) -> Part:
        return Part(self.left + other.left, self.right + other.right)

    @property
    def flipped(self) -> Part:
        """The same part with its two sides exchanged."""
        return Part(self.right, self.left)

    @property
    def norm(self) -> float:
        """The Euclidean norm over all embeddings of both sides."""
        return float(np.hypot(np.linalg.norm(self.left), np.linalg.norm(self.right)))


@dataclass(frozen=True, eq=False)
class Membership:
    """The effect of one seed on the gradient of the summed loss ``sum_k l_k``, over both sides as anchors.

    Attributes
    ----------
    as_target
        The gradient of the two losses whose anchors are the seed's entities.
    as_candidate
        The change in the gradients of all other losses because the seed is among their candidates.

    Examples
    --------
    >>> effect = membership(Batch(np.eye(4), np.eye(4), temperature=0.5), seed=0)
    >>> round(effect.as_target.norm, 3), round(effect.as_candidate.norm, 3)
    (2.738, 1.451)
    """

    as_target: Part
    as_candidate: Part

    @property
    def total(self) -> Part:
        """The gradient with the seed minus the gradient without it."""
        return self.as_target + self.as_candidate


def membership(batch: Batch, seed: int) -> Membership:
    """Return the effect of one seed in closed form, without computing the loss without it.

    For another anchor ``k`` let ``q_k`` be the softmax share of the seed's entities among its candidates. The
    seed adds ``-log(1 - q_k)`` to ``l_k``. It takes the share ``q_k`` itself. The share that it takes from
    the other negatives and from the target, ``p_kv q_k / (1 - q_k)`` each, makes the repulsion of those
    negatives smaller and the attraction of the target larger.

    Parameters
    ----------
    batch
        The batch.
    seed
        The position of the seed, from 0.

    Raises
    ------
    ParameterError
        If there is no such seed, or the batch has only two: a single remaining seed has no negatives.
    """
    if not 0 <= seed < len(batch) or len(batch) < 3:
        raise ParameterError(f"there is no seed {seed} to leave out of {len(batch)} with two remaining")
    target, candidate = _one_way(batch, seed)
    target_back, candidate_back = _one_way(batch.flipped, seed)
    return Membership(target + target_back.flipped, candidate + candidate_back.flipped)


def _one_way(batch: Batch, seed: int) -> tuple[Part, Part]:
    """Return the two parts with the left entities as anchors."""
    n = len(batch)
    # There is one anchor and so one row of coefficients; all other rows would be zero.
    row = (batch.p[seed] - batch.is_target[seed]) / batch.temperature
    target = Part(np.outer(row[n:], batch.left[seed]), np.outer(row[:n], batch.left[seed]))
    target.left[seed] += row @ batch.candidates

    ends = [seed, n + seed]
    taken = batch.p[:, ends].sum(axis=1, keepdims=True)
    rest = batch.s / batch.temperature
    rest[:, ends] = -np.inf
    # p / (1 - taken) would be zero by zero, or only rounding, where the seed takes nearly everything.
    changed = -softmax(rest, axis=1) * taken
    changed[:, ends] = batch.p[:, ends]
    changed[seed] = 0
    return target, Part(*spread(batch, changed / batch.temperature))


@dataclass(frozen=True, eq=False)
class Masses:
    """The masses of both effects of every seed in a batch.

    Attributes
    ----------
    as_target
        Attraction mass of each seed as a target ``(B,)``.
    as_candidate
        Repulsion mass of each seed as a candidate of other anchors ``(B,)``.

    Examples
    --------
    >>> found = masses(Batch(np.eye(3), np.eye(3), temperature=0.5))
    >>> found.as_target.round(3).tolist(), bool(np.isclose(found.as_target.sum(), found.as_candidate.sum()))
    ([1.405, 1.405, 1.405], True)
    """

    as_target: DoubleArray
    as_candidate: DoubleArray


def masses(batch: Batch) -> Masses:
    """Return the attraction mass of each seed as a target and its repulsion mass as a candidate.

    As a target a seed has ``(1 - p_{k b_k}) / tau``, summed over its two anchors; as a candidate it has
    ``q_k / tau``, summed over all other anchors of both sides. Over a batch both have the same sum, because
    every negative is an entity of some seed.
    """
    n = len(batch)
    taken = np.zeros(n)
    for side in (batch, batch.flipped):
        q = side.p[:, :n] + side.p[:, n:]
        taken += np.where(np.eye(n, dtype=bool), 0, q).sum(axis=0)
    return Masses(mass(batch) + mass(batch.flipped), taken / batch.temperature)
