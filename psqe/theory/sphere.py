"""Random directions on the sphere: draws, and the integral that all predictions use."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, ive

from psqe.errors import ParameterError
from psqe.graph import DoubleArray


def uniform(rng: np.random.Generator, n: int, dim: int) -> DoubleArray:
    """Draw ``n`` unit vectors uniformly from the sphere in ``dim`` dimensions, ``(n, dim)``."""
    drawn = rng.standard_normal((n, dim))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def near(rng: np.random.Generator, vectors: DoubleArray, cosine: float) -> DoubleArray:
    """Draw, for each unit vector, another one that has a given cosine with it and is otherwise uniform.

    Parameters
    ----------
    rng
        The random generator.
    vectors
        Unit vectors ``(n, d)``.
    cosine
        The cosine of every drawn vector with the given one, in [-1, 1].

    Returns
    -------
    Unit vectors ``(n, d)``.

    Raises
    ------
    ParameterError
        If the cosine is not in [-1, 1], or there is only one dimension.
    """
    if not -1 <= cosine <= 1 or vectors.shape[1] < 2:
        raise ParameterError("a cosine lies in [-1, 1], and needs at least 2 dimensions")
    drawn = rng.standard_normal(vectors.shape)
    drawn -= (drawn * vectors).sum(axis=1, keepdims=True) * vectors
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    others: DoubleArray = cosine * vectors + (1 - cosine**2) ** 0.5 * drawn
    return others


def log_mean_exp(temperature: float, dim: int) -> float:
    """Return ``log E exp(s / temperature)`` for the cosine ``s`` with a uniform direction.

    It is ``log 0F1(; d/2; 1 / (4 tau^2))`` in ``d = dim`` dimensions, the normaliser of the von Mises-Fisher
    distribution, and about ``1 / (2 d tau^2)`` while that is small. Wang and Isola (2020) have the same
    function in the uniformity of the sphere.

    Raises
    ------
    ParameterError
        If the temperature is not positive or there are fewer than 2 dimensions.
    """
    if not temperature > 0 or dim < 2:
        raise ParameterError("a positive temperature and at least 2 dimensions are needed")
    order, kappa = dim / 2 - 1, 1 / temperature
    # 0F1(; nu + 1; kappa^2 / 4) = Gamma(nu + 1) (2 / kappa)^nu I_nu(kappa); I_nu is scaled against overflow.
    scaled = float(ive(order, kappa))
    if scaled > 0:
        return float(gammaln(order + 1) + order * np.log(2 / kappa) + np.log(scaled) + kappa)
    # I_nu underflows when nu is large and kappa small; there its series converges after a few terms.
    x = kappa**2 / 4
    total, term = 0.0, 1.0
    for m in range(1, 200):
        term *= x / (m * (order + m))
        total += term
    return float(np.log1p(total))
