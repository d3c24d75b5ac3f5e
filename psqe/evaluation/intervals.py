"""Intervals: no mean and no share is reported without one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def proportion_interval(n_hits: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson interval of a proportion ``n_hits / n`` (Wilson 1927)."""
    interval = stats.binomtest(n_hits, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student t interval of the mean: ``(mean, low, high)``.

    One value has no interval: its bounds are NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf((1 + level) / 2, len(array) - 1) * array.std(ddof=1) / len(array) ** 0.5)
    return mean, mean - half, mean + half
