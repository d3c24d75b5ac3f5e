"""The probability of each pair, given that each entity has at most one counterpart.

A softmax over the candidates of one entity ignores that other entities compete for the same candidate. The
distribution over all one-to-one assignments ``M`` does not: with the weight ``exp(sum of s / T over M)`` each
assignment has a probability, and the probability of a pair is the sum over the assignments that contain it.
The exact sum cannot be computed for large sides. Entropic optimal transport (Cuturi 2013) approximates it.
Among all plans whose rows and columns sum to one, it is the plan nearest to ``exp(s / t)``,

    p(u, v) = exp(s(u, v) / t + f(u) + g(v))

with ``t = T / 2``. Between two left and two right entities it is exact: where one assignment is ahead of the
other by ``d``, its pairs have the probability ``1 / (1 + exp(-d / T))`` and the same share of the plan.

Entities without counterpart are part of the plan. Each side has one extra row or column, equally similar to
all entities, that receives what remains when ``n_counterparts`` pairs are made (the dustbin of Sarlin et al.
2020, here with a given load). :mod:`psqe.links.confidence` estimates
``t`` for a model, and :func:`n_counterparts` that number. :mod:`psqe.links.confidence` gives the reasons.
"""

from __future__ import annotations

import math

import numpy as np

from psqe.errors import ParameterError
from psqe.graph import DoubleArray
from psqe.similarity.shortlist import Shortlist
from psqe.similarity.sinkhorn_scaling import Cells, scale_alternately

N_ITERATIONS = 100
"""The largest number of iterations. Rows then sum to one within .02 on the emoji pairs and DBP15K."""

SETTLED = 1e-3
"""The iteration ends when no potential (a logarithm) changes by this much."""


FIRST_LEVEL = 0.1
"""Ratios ``F1 / F2`` are examined from the level on at which ``F2`` reaches this share of the entities."""


def probabilities(shortlist: Cells, *, temperature: float, n_counterparts: float) -> DoubleArray:
    """Compute the share of each listed pair in a transport plan.

    Parameters
    ----------
    shortlist
        The pairs, a :class:`~psqe.similarity.shortlist.Shortlist` or others with their similarities; every
        pair that is not listed has the share zero.
    temperature
        Temperature ``t`` of the similarities, positive: half of that of assignments and of a softmax.
    n_counterparts
        Number of entities of a side that have a counterpart on the other side; the shares sum to it.

    Returns
    -------
    The shares ``(n,)``, from 0 to 1.

    Raises
    ------
    ParameterError
        If the temperature is not positive, or ``n_counterparts`` exceeds the size of the smaller side.
    """
    n_left, n_right = shortlist.shape
    if not temperature > 0:
        raise ParameterError(f"the temperature is {temperature}; it must be positive")
    if not 0 < n_counterparts <= min(n_left, n_right):
        raise ParameterError(
            f"{n_counterparts:g} of {n_left} and {n_right} entities cannot have a counterpart",
            remedy=f"give more than 0 and at most {min(n_left, n_right)}",
        )
    cells = Cells(shortlist.shape, shortlist.rows, shortlist.columns, shortlist.values / temperature)
    # Potentials of the extra column and of the extra row, which receive entities without counterpart.
    extra_column = extra_row = -math.inf

    def scale_rows(log_sums: DoubleArray, g: DoubleArray) -> DoubleArray:
        nonlocal extra_row
        extra_row = _log(n_right - n_counterparts) - _log_sum_exp(g)
        return -np.logaddexp(log_sums, extra_column)

    def scale_columns(log_sums: DoubleArray, f: DoubleArray) -> DoubleArray:
        nonlocal extra_column
        extra_column = _log(n_left - n_counterparts) - _log_sum_exp(f)
        return -np.logaddexp(log_sums, extra_row)

    f, g = scale_alternately(cells, scale_rows, scale_columns, n_iterations=N_ITERATIONS, tolerance=SETTLED)
    shares: DoubleArray = np.exp(cells.values + f[cells.rows] + g[cells.columns]).clip(0, 1)
    return shares


def _log_sum_exp(values: DoubleArray) -> float:
    """``log sum exp`` of all values; that of SciPy takes ten times as long for a few hundred."""
    peak = float(values.max())
    if not math.isfinite(peak):
        return peak
    return peak + math.log(float(np.exp(values - peak).sum()))


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def n_counterparts(shortlist: Shortlist) -> float:
    """Estimate without labels how many entities of one side have a counterpart on the other side.

    Parameters
    ----------
    shortlist
        Pairs of candidates that are in no seed.

    Returns
    -------
    The mean of two numbers: that of all entities of the smaller side, and that of the entities whose best
    match does not look like a wrong one. Where a side has only one candidate, there is no second-best match,
    and the result is the number of all entities of the smaller side.
    """
    most = min(shortlist.shape)
    if most < 2:
        return float(most)
    visible = max(
        n * (1 - _share_without_match(scores))
        for n, scores in zip(shortlist.shape, shortlist.nearest, strict=True)
    )
    return (min(visible, most) + most) / 2


def _share_without_match(scores: DoubleArray) -> float:
    """Share of entities whose best match looks like a wrong one, by sorted similarities ``(n, k)``."""
    first, second = np.sort(scores[:, 0]), np.sort(scores[:, 1])
    levels = second[math.ceil(FIRST_LEVEL * len(second)) - 1 :]
    counts = [np.searchsorted(values, levels, side="right") for values in (first, second)]
    return float((counts[0] / counts[1]).min())
