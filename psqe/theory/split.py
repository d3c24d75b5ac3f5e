"""P1: the gradient of an anchor is an attraction and a repulsion of equal mass."""

from __future__ import annotations

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.theory.batch import Batch
from psqe.theory.sphere import uniform


def mass(batch: Batch) -> DoubleArray:
    """``(1 - p_{k b_k}) / tau`` ``(B,)``: the mass of each anchor's attraction, and of its repulsion."""
    # Of a sure anchor, 1 - p would be all rounding: add up the others instead.
    others: DoubleArray = np.where(batch.is_target, 0, batch.p).sum(axis=1) / batch.temperature
    return others


def attraction(batch: Batch) -> DoubleArray:
    """``-(1 - p_{k b_k}) z_{b_k} / tau`` ``(B, d)``: the part of ``grad_{z_{a_k}} l_k`` from the target.

    Descent goes against it, towards the target.
    """
    return -mass(batch)[:, None] * batch.right


def repulsion_coefficients(batch: Batch) -> DoubleArray:
    """``p_kv / tau`` ``(B, 2B)``, zero at the target: how much each negative gets of the repulsion."""
    return np.where(batch.is_target, 0, batch.p) / batch.temperature


def repulsion(batch: Batch) -> DoubleArray:
    """``sum_{v != b_k} p_kv z_v / tau`` ``(B, d)``: the part of ``grad_{z_{a_k}} l_k`` from the negatives."""
    return repulsion_coefficients(batch) @ batch.candidates


def tangent(vectors: DoubleArray, at: DoubleArray) -> DoubleArray:
    """The part of ``vectors (n, d)`` along the sphere at the unit vectors ``at (n, d)``.

    ``(I - z z^T) g``. Where ``z = x / |x|``, the gradient by ``x`` is this, divided by ``|x|``.
    """
    along: DoubleArray = vectors - (vectors * at).sum(axis=1, keepdims=True) * at
    return along


def decoupled_losses(batch: Batch) -> DoubleArray:
    """``-s_{k b_k} / tau + log sum_{v != b_k} exp(s_kv / tau)`` ``(B,)`` (Yeh et al. 2022).

    InfoNCE without the target in the denominator. Its gradient by the anchor, times ``1 - p_{k b_k}``, is
    that of InfoNCE.
    """
    logits = np.where(batch.is_target, -np.inf, batch.s / batch.temperature)
    peak = logits.max(axis=1)
    rest = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
    found: DoubleArray = rest - batch.s[batch.is_target] / batch.temperature
    return found


def lead(batch: Batch) -> DoubleArray:
    """``s_{k b_k} - max_{v != b_k} s_kv`` ``(B,)``: how far each target is ahead of the nearest negative."""
    nearest = np.where(batch.is_target, -np.inf, batch.s).max(axis=1)
    found: DoubleArray = batch.s[batch.is_target] - nearest
    return found


def effective_negatives(batch: Batch) -> DoubleArray:
    """``1 / sum_v w_kv^2`` ``(B,)`` for the shares ``w`` of the repulsion: how many negatives count.

    Between one, when a single negative gets it all, and the number of negatives.
    """
    shares = repulsion_coefficients(batch) / mass(batch)[:, None]
    found: DoubleArray = 1 / (shares**2).sum(axis=1)
    return found


def lengths(batch: Batch) -> dict[str, float]:
    """Mean lengths over the anchors of both forces for a unit of mass, as they are and along the sphere.

    Unit vectors. Under the last name, what the length of the repulsion would be if the negatives' directions
    were orthogonal: the root of the inverse of :func:`effective_negatives`.
    """
    found = {}
    for name, force in (("attraction", attraction(batch)), ("repulsion", repulsion(batch))):
        for how, vectors in (("", force), (", along the sphere", tangent(force, batch.left))):
            found[name + how] = float((np.linalg.norm(vectors, axis=1) / mass(batch)).mean())
    return found | {"orthogonal": float((effective_negatives(batch) ** -0.5).mean())}


def shares_by_rank(
    temperature: float, *, n_negatives: int = 63, dim: int = 64, n_draws: int = 200, random_state: int = 0
) -> DoubleArray:
    """Shares of the repulsion of random negatives, nearest first ``(n_draws, n_negatives)``.

    Negatives are uniform on the sphere, and a draw does not depend on the temperature (Wang and Liu 2021 call
    a small temperature hardness-aware).

    Raises
    ------
    ParameterError
        If the temperature is not positive or there is no negative.
    """
    if not temperature > 0 or n_negatives < 1:
        raise ParameterError("a positive temperature and at least one negative are needed")
    rng = np.random.default_rng(random_state)
    # By symmetry the anchor may be the first axis.
    s = uniform(rng, n_draws * n_negatives, dim)[:, 0].reshape(n_draws, n_negatives)
    s = -np.sort(-s, axis=1)
    weights = np.exp((s - s[:, :1]) / temperature)
    found: DoubleArray = weights / weights.sum(axis=1, keepdims=True)
    return found


def hardest_share(
    temperature: float, *, n_negatives: int = 63, dim: int = 64, n_draws: int = 200, random_state: int = 0
) -> DoubleArray:
    """The share of the repulsion that falls on the nearest of random negatives ``(n_draws,)``.

    The first column of :func:`shares_by_rank`, with the same parameters and errors.
    """
    ranked = shares_by_rank(
        temperature, n_negatives=n_negatives, dim=dim, n_draws=n_draws, random_state=random_state
    )
    return ranked[:, 0]
