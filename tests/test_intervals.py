"""Intervals, against published formulas and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.evaluation.intervals import mean_interval, proportion_interval

Z = 1.959963984540054


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_formula(case):
    hits, n = case
    p = hits / n
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    low, high = proportion_interval(hits, n)
    assert low == pytest.approx(max(0, centre - half), abs=1e-9)
    assert high == pytest.approx(min(1, centre + half), abs=1e-9)
    assert 0 <= low <= p <= high <= 1


def test_a_higher_level_is_wider():
    low, high = proportion_interval(30, 100)
    wide_low, wide_high = proportion_interval(30, 100, level=0.99)
    assert wide_low < low < high < wide_high


def test_student_interval():
    # Five values: t(0.975, 4) = 2.776445; mean 3, standard deviation sqrt(2.5).
    mean, low, high = mean_interval([1, 2, 3, 4, 5])
    assert mean == 3
    assert high - mean == pytest.approx(2.776445 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    assert mean - low == pytest.approx(high - mean)


def test_one_value_has_no_interval_and_equal_values_a_point():
    mean, low, high = mean_interval([0.5])
    assert mean == 0.5 and math.isnan(low) and math.isnan(high)
    assert mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_intervals_hold_what_they_promise():
    rng = np.random.default_rng(0)
    inside = [low <= 1 <= high for _, low, high in (mean_interval(rng.normal(1, 3, 5)) for _ in range(1000))]
    assert 0.93 < np.mean(inside) < 0.97
    hits = rng.binomial(60, 0.3, 1000)
    inside = [low <= 0.3 <= high for low, high in (proportion_interval(int(h), 60) for h in hits)]
    assert 0.93 < np.mean(inside) < 0.98
