"""The probability of every pair, when each entity has at most one counterpart.

A softmax over the candidates of an entity does not know that others want the same candidate. All one-to-one
assignments ``M`` together do. With weights ``exp(sum of s / T over the pairs of M)`` each of them has a
probability, and so has each pair: the sum over the assignments that it is in. The exact sum is out of reach.
Entropic optimal transport (Cuturi 2013) comes near to it. Of all plans whose rows and columns add up to one,
it takes the one nearest to ``exp(s / t)``,

    p(u, v) = exp(s(u, v) / t + f(u) + g(v))

with ``t = T / 2``. Between two left and two right entities that is exact: with ``d`` what one assignment is
ahead of the other, its pairs have the probability ``1 / (1 + exp(-d / T))``, and the same share of the plan.

Entities without counterpart have a place in it. Each side has one more row or column, alike to everybody,
that takes what is left over when ``n_counterparts`` pairs have been made (the dustbin of Sarlin et al. 2020,
here with a given load). What ``t`` and ``n_counterparts`` should be, :mod:`psqe.links.calibration` says.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import logsumexp

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.links.shortlist import Shortlist

N_ITERATIONS = 100
"""Most iterations. Afterwards rows add up to one within two hundredths on emoji and DBP15K."""

SETTLED = 1e-3
"""Potentials that change by less, in logarithms, have settled."""


def probabilities(listed: Shortlist, *, temperature: float, n_counterparts: float) -> DoubleArray:
    """The share of each listed pair of a transport plan: ``(n,)`` in ``[0, 1]``.

    Parameters
    ----------
    listed
        The pairs; all others have no share.
    temperature
        Of the similarities, ``t``: half of that of assignments and of a softmax.
    n_counterparts
        How many entities of a side have a counterpart on the other; what all shares add up to.

    Raises
    ------
    ParameterError
        If the temperature is not positive, or there can be no such number of counterparts.
    """
    n_left, n_right = listed.shape
    if not temperature > 0:
        raise ParameterError(f"the temperature is {temperature}; it must be positive")
    if not 0 < n_counterparts <= min(n_left, n_right):
        raise ParameterError(
            f"{n_counterparts:g} of {n_left} and {n_right} entities cannot have a counterpart",
            remedy=f"give more than 0 and at most {min(n_left, n_right)}",
        )
    scaled = listed.similarity / temperature
    left, right = listed.by_left, listed.by_right
    f, g = np.zeros(n_left), np.zeros(n_right)
    # Potentials of what takes the left entities without counterpart, and the right ones.
    takes_left = takes_right = -math.inf
    for i in range(N_ITERATIONS):
        before = f
        f = -np.logaddexp(left.log_sum_exp(scaled + g[listed.columns]), takes_left)
        takes_right = _log(n_right - n_counterparts) - logsumexp(g)
        g = -np.logaddexp(right.log_sum_exp(scaled + f[listed.rows]), takes_right)
        takes_left = _log(n_left - n_counterparts) - logsumexp(f)
        if i and np.abs(f - before).max() < SETTLED:
            break
    shares: DoubleArray = np.exp(scaled + f[listed.rows] + g[listed.columns]).clip(0, 1)
    return shares


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
