"""Confidence intervals: no mean and no share is reported without one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def proportion_interval(n_hits: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Compute the Wilson interval of a proportion ``n_hits / n`` (Wilson 1927).

    Parameters
    ----------
    n_hits, n
        Number of successes, and number of trials of at least 1.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    The lower and the upper bound.

    Examples
    --------
    >>> low, high = proportion_interval(9, 10)
    >>> round(low, 2), round(high, 2)
    (0.6, 0.98)
    """
    interval = stats.binomtest(n_hits, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(
    values: Sequence[float], *, level: float = 0.95, within: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float, float]:
    """Compute a mean and the Student t interval of that mean.

    Parameters
    ----------
    values
        At least one value. A single value has no interval: its bounds are NaN.
    level
        Confidence level, between 0 and 1.
    within
        The least and the largest possible mean, to which the interval is cut; by default it is not cut. The
        t distribution knows no limits, so that uncut bounds can lie beyond them.

    Returns
    -------
    The mean, the lower and the upper bound.

    Examples
    --------
    >>> mean, low, high = mean_interval([0.98, 0.99, 1.0], within=(0, 1))
    >>> round(mean, 2), round(low, 3), high
    (0.99, 0.965, 1.0)
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf((1 + level) / 2, len(array) - 1) * array.std(ddof=1) / len(array) ** 0.5)
    return mean, max(mean - half, float(within[0])), min(mean + half, float(within[1]))


def format_interval(
    mean: float,
    low: float,
    high: float,
    form: str = ".3f",
    *,
    bounds_form: str | None = None,
    brackets: bool = False,
) -> str:
    """Write a mean with its interval, or the mean alone where there is no interval (a bound is NaN).

    Parameters
    ----------
    mean, low, high
        The mean and its bounds.
    form
        Format of the mean.
    bounds_form
        Format of the bounds; that of the mean when ``None``.
    brackets
        Whether to write ``mean [low, high]`` instead of ``mean (low to high)``.

    Examples
    --------
    >>> format_interval(0.5, 0.4, 0.6, ".1f")
    '0.5 (0.4 to 0.6)'
    >>> format_interval(0.5, 0.4, 0.6, ".0%", brackets=True)
    '50% [40%, 60%]'
    >>> format_interval(0.5, math.nan, math.nan)
    '0.500'
    >>> format_interval(-0.001, -0.001, 0.001, "+.1f")
    '+0.0 (+0.0 to +0.0)'
    """
    form, inner = (_without_negative_zero(f) for f in (form, form if bounds_form is None else bounds_form))
    if math.isnan(low) or math.isnan(high):
        return f"{mean:{form}}"
    bounds = f"[{low:{inner}}, {high:{inner}}]" if brackets else f"({low:{inner}} to {high:{inner}})"
    return f"{mean:{form}} {bounds}"


def _without_negative_zero(form: str) -> str:
    """Make a format write a number that rounds to zero without a minus."""
    sign = form[:1] if form[:1] in ("+", "-", " ") else ""
    return f"{sign}z{form.removeprefix(sign)}"
