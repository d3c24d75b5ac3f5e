"""P6, second part: signal and noise of regions, best shares, and the exchange of precision and evenness."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import ParameterError
from psqe.theory.planted import Seeding, World, draw, predicted
from psqe.theory.signal import RegionSignal, measured_variances, planted_variances

many = settings(max_examples=60, deadline=None)


def signal_of(seed: int) -> RegionSignal:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    v_in = rng.uniform(0.1, 3, n)
    part = rng.choice([0.0, 1.0, rng.uniform()])
    return RegionSignal(rng.uniform(0.1, 1, n), v_in, v_in * part, int(rng.integers(2, 900)))


signals = st.builds(signal_of, st.integers(0, 2**32 - 1))


def some_shares(rng, n):
    drawn = rng.gamma(1.0, size=n) + 1e-3
    return drawn / drawn.sum()


@many
@given(signals, st.integers(0, 2**32 - 1))
def test_a_percent_of_precision_is_worth_one_to_two_of_coverage(signal, seed):
    pi, step = some_shares(np.random.default_rng(seed), len(signal.precision)) * 0.99, 1e-6
    by_coverage = np.log(signal.snr(pi * np.exp(step)) / signal.snr(pi * np.exp(-step))) / (2 * step)
    np.testing.assert_allclose(signal.exchange(pi), 1 / by_coverage, rtol=1e-6)
    assert ((signal.exchange(pi) >= 1 - 1e-12) & (signal.exchange(pi) <= 2 + 1e-12)).all()
    lower = RegionSignal(signal.precision * 0.9, signal.v_in, signal.v_out, signal.n_seeds)
    np.testing.assert_allclose(lower.snr(pi), 0.9 * signal.snr(pi))


@many
@given(signals, st.integers(0, 2**32 - 1))
def test_no_shares_are_better_for_the_worst_region_or_for_the_mean(signal, seed):
    rng, n = np.random.default_rng(seed), len(signal.precision)
    best = signal.worst_shares()
    assert best.sum() == pytest.approx(1) and (best > 0).all()
    assert np.ptp(signal.snr(best)) < 1e-8 * signal.snr(best).max()
    weights = some_shares(rng, n)
    for_mean = signal.mean_shares(weights)
    assert for_mean.sum() == pytest.approx(1) and (for_mean > 0).all()
    same = RegionSignal(np.full(n, 0.3), signal.v_in, signal.v_out).mean_shares(weights)
    np.testing.assert_allclose(for_mean, same)  # whatever the precisions
    for _ in range(30):
        other = some_shares(rng, n)
        assert signal.snr(other).min() <= signal.snr(best).min() * (1 + 1e-9)
        assert signal.mean_log_gain(for_mean, other, weights) <= 1e-9


def test_the_limits_of_the_best_shares_and_of_what_evenness_is_worth():
    precision, weights = np.array([1.0, 0.5, 0.8]), np.array([0.5, 0.3, 0.2])
    pi = np.array([0.1, 0.2, 0.7])
    divergence = float(weights @ np.log(weights / pi))
    for v_out, power, half in ((0.0, 2, 0.5), (1.0, 1, 1.0)):
        signal = RegionSignal(precision, 1.0, v_out)
        parts = precision**-power
        np.testing.assert_allclose(signal.worst_shares(), parts / parts.sum(), rtol=1e-9)
        np.testing.assert_allclose(signal.mean_shares(weights), weights, rtol=1e-9)
        np.testing.assert_allclose(signal.exchange(pi), 1 / half)
        assert signal.mean_log_gain(pi, weights, weights) == pytest.approx(half * divergence)


@pytest.mark.parametrize("region", [0, 1])
def test_a_seed_adds_the_variance_of_the_formula(region):
    world = World((5, 5), directions=32, shared=8, noise=0.5)
    rng, n = np.random.default_rng(region), 200_000

    def drawn(r):
        hidden = np.zeros((n, world.dim))
        hidden[:, world.axes(r)] = rng.standard_normal((n, 32)) / 32**0.5
        return hidden + 0.5 / world.dim**0.5 * rng.standard_normal(hidden.shape)

    added = (drawn(0) * drawn(region)).sum(axis=1) * (drawn(0) * drawn(region)).sum(axis=1)
    assert added.var() == pytest.approx(planted_variances(world)[region], rel=0.05)


def test_variances_are_measured_on_vectors_of_true_pairs():
    world = World((400, 400), directions=24, shared=6, noise=0.5)
    pair = draw(world, Seeding(2, np.array([0.5, 0.5])), random_state=0)
    inside, outside = measured_variances(pair.left, pair.right, pair.regions, 2)
    told = planted_variances(world)
    np.testing.assert_allclose(inside, told[0], rtol=0.15)  # a correct seed adds some 1 / m more
    np.testing.assert_allclose(outside, told[1], rtol=0.15)
    with pytest.raises(ParameterError, match="fewer than two"):
        measured_variances(pair.left, pair.right, pair.regions, 3)


def test_hits_depend_on_precision_and_share_through_the_ratio_alone():
    """Exact vectors and nothing shared: seeds of equal SNR have equal Hits@1, whatever they consist of."""
    world = World((4000, 4000), directions=32, shared=0, noise=0.0)
    v_in, v_out = planted_variances(world)
    assert v_out == 0
    for k, rho, pi in ((200, 1.0, 0.3), (400, 0.6, 0.4)):
        snr = RegionSignal(np.full(2, rho), v_in, v_out, k).snr((1 - pi, pi))[1]
        hits = predicted(world, Seeding(k, np.array([1 - pi, pi]), rho))[1]
        for other_k, other_pi in ((k, 0.8), (2 * k, 0.25)):
            # Own noise rules here: SNR^2 = K rho^2 pi / v_in.
            other_rho = rho * (k * pi / (other_k * other_pi)) ** 0.5
            same = RegionSignal(np.full(2, other_rho), v_in, v_out, other_k).snr((1 - other_pi, other_pi))[1]
            assert same == pytest.approx(snr)
            seeding = Seeding(other_k, np.array([1 - other_pi, other_pi]), other_rho)
            assert predicted(world, seeding)[1] == pytest.approx(hits, abs=0.04)
            assert 0.1 < hits < 0.9


@pytest.mark.parametrize(
    "make",
    [
        lambda: RegionSignal(np.array([0.0, 1.0]), 1.0, 0.5),
        lambda: RegionSignal(np.array([0.5, 1.0]), 1.0, 2.0),
        lambda: RegionSignal(np.array([0.5, 1.0]), 1.0, -1.0),
        lambda: RegionSignal(np.array([0.5, 1.0]), 1.0, 0.5).mean_shares([1.0]),
    ],
)
def test_impossible_signals_are_refused(make):
    with pytest.raises(ParameterError):
        make()
