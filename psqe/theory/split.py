"""Proposition P1: the gradient of an anchor is an attraction and a repulsion of equal mass."""

from __future__ import annotations

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.theory.batch import Batch
from psqe.theory.sphere import uniform


def mass(batch: Batch) -> DoubleArray:
    """Return the mass ``(1 - p_{k b_k}) / tau`` of each anchor's attraction and of its repulsion ``(B,)``."""
    # For an anchor with p near 1, 1 - p would be only rounding; the other shares are added up instead.
    others: DoubleArray = np.where(batch.is_target, 0, batch.p).sum(axis=1) / batch.temperature
    return others


def attraction(batch: Batch) -> DoubleArray:
    """Return the part of ``grad_{z_{a_k}} l_k`` that comes from the target ``(B, d)``.

    It is ``-(1 - p_{k b_k}) z_{b_k} / tau``. Descent goes in the opposite direction, towards the target.
    """
    return -mass(batch)[:, None] * batch.right


def repulsion_coefficients(batch: Batch) -> DoubleArray:
    """Return each negative's part ``p_kv / tau`` of the repulsion ``(B, 2B)``, zero at the target."""
    return np.where(batch.is_target, 0, batch.p) / batch.temperature


def repulsion(batch: Batch) -> DoubleArray:
    """Return the part of ``grad_{z_{a_k}} l_k`` that comes from the negatives ``(B, d)``.

    It is ``sum_{v != b_k} p_kv z_v / tau``.
    """
    return repulsion_coefficients(batch) @ batch.candidates


def tangent(vectors: DoubleArray, at: DoubleArray) -> DoubleArray:
    """Return the part ``(I - z z^T) g`` of vectors ``g`` along the sphere at unit vectors ``z``.

    Where ``z = x / |x|``, the gradient by ``x`` is this part divided by ``|x|``.

    Parameters
    ----------
    vectors
        The vectors ``g`` ``(n, d)``.
    at
        The unit vectors ``z`` ``(n, d)``.
    """
    along: DoubleArray = vectors - (vectors * at).sum(axis=1, keepdims=True) * at
    return along


def lead(batch: Batch) -> DoubleArray:
    """Return the lead ``s_{k b_k} - max_{v != b_k} s_kv`` of targets over their nearest negative ``(B,)``."""
    nearest = np.where(batch.is_target, -np.inf, batch.s).max(axis=1)
    leads: DoubleArray = batch.s[batch.is_target] - nearest
    return leads


def effective_negatives(batch: Batch) -> DoubleArray:
    """Return the effective number of negatives of each anchor ``(B,)``.

    It is ``1 / sum_v w_kv^2`` for the shares ``w_kv`` of the repulsion. It lies between one, if all repulsion
    is from a single negative, and the number of negatives.
    """
    shares = repulsion_coefficients(batch) / mass(batch)[:, None]
    numbers: DoubleArray = 1 / (shares**2).sum(axis=1)
    return numbers


def lengths(batch: Batch) -> dict[str, float]:
    """Return the mean lengths of both forces per unit of mass, over the anchors of a batch of unit vectors.

    Returns
    -------
    Lengths by name: ``attraction`` and ``repulsion``, each also ``, along the sphere``, and
    ``orthogonal``, the length that the repulsion would have if the directions of the negatives were
    orthogonal, which is the root of the inverse of :func:`effective_negatives`.
    """
    means = {}
    for name, force in (("attraction", attraction(batch)), ("repulsion", repulsion(batch))):
        for how, vectors in (("", force), (", along the sphere", tangent(force, batch.left))):
            means[name + how] = float((np.linalg.norm(vectors, axis=1) / mass(batch)).mean())
    return means | {"orthogonal": float((effective_negatives(batch) ** -0.5).mean())}


def shares_by_rank(
    temperature: float, *, n_negatives: int = 63, dim: int = 64, n_draws: int = 200, random_state: int = 0
) -> DoubleArray:
    """Return the shares of the repulsion that fall on random negatives, the nearest one first.

    Negatives are uniform on the sphere, and a draw does not depend on the temperature. Wang and Liu (2021)
    call a loss with a small temperature hardness-aware.

    Parameters
    ----------
    temperature
        The positive temperature.
    n_negatives
        Number of negatives of an anchor; 63 by default.
    dim
        Number of dimensions; 64 by default.
    n_draws
        Number of anchors that are drawn; 200 by default.
    random_state
        Seed of the random generator.

    Returns
    -------
    Shares ``(n_draws, n_negatives)``, whose rows add up to one.

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
    shares: DoubleArray = weights / weights.sum(axis=1, keepdims=True)
    return shares
