"""Random directions: draws, and the one integral that all predictions need."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, ive

from psqe.errors import ParameterError
from psqe.graph import DoubleArray


def uniform(rng: np.random.Generator, n: int, dim: int) -> DoubleArray:
    """``n`` unit vectors of ``dim`` dimensions, uniform on the sphere ``(n, dim)``."""
    drawn = rng.standard_normal((n, dim))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def near(rng: np.random.Generator, vectors: DoubleArray, cosine: float) -> DoubleArray:
    """For each unit vector ``(n, d)`` another one with exactly this cosine, otherwise uniform ``(n, d)``.

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
    found: DoubleArray = cosine * vectors + (1 - cosine**2) ** 0.5 * drawn
    return found


def log_mean_exp(temperature: float, dim: int) -> float:
    """``log E exp(s / temperature)`` for the cosine ``s`` with a uniform direction in ``dim`` dimensions.

    ``log 0F1(; d/2; 1 / (4 tau^2))``, the normaliser of the von Mises-Fisher distribution; about
    ``1 / (2 d tau^2)`` while that is small. Wang and Isola (2020) have the same function in the uniformity
    of the sphere.

    Raises
    ------
    ParameterError
        If the temperature is not positive or there are fewer than 2 dimensions.
    """
    if not temperature > 0 or dim < 2:
        raise ParameterError("a positive temperature and at least 2 dimensions are needed")
    order, kappa = dim / 2 - 1, 1 / temperature
    # 0F1(; nu + 1; kappa^2 / 4) = Gamma(nu + 1) (2 / kappa)^nu I_nu(kappa); I_nu scaled, against overflow.
    scaled = float(ive(order, kappa))
    if scaled > 0:
        return float(gammaln(order + 1) + order * np.log(2 / kappa) + np.log(scaled) + kappa)
    # I_nu underflows when nu is large and kappa small: there its series has hardly more than two terms.
    x = kappa**2 / 4
    total, term = 0.0, 1.0
    for m in range(1, 200):
        term *= x / (m * (order + m))
        total += term
    return float(np.log1p(total))
