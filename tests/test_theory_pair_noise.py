"""P8: the error of a second moment that seeds estimate, what it costs, and margins that are foretold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from psqe.aligners.models.whitening import Whitening
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import evaluate, feature_scorer
from psqe.seeds import SeedSet, true_links
from psqe.similarity import Dot
from psqe.theory.margin_shift import MarginShift, held_out_margins, pair_margins, task_margins
from psqe.theory.pair_noise import (
    PairNoise,
    effective_dimension,
    margin_law,
    relative_error,
    second_moment,
    signal,
)

many = settings(max_examples=30, deadline=None)


def covariance(rng: np.random.Generator, dim: int) -> np.ndarray:
    root = rng.standard_normal((dim, dim + 2))
    return root @ root.T / dim


def noise_of(seed: int, n_regions: int = 3, dim: int = 4) -> PairNoise:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 50, n_regions)
    return PairNoise.gaussian(
        sizes, [covariance(rng, dim) for _ in range(n_regions)], 2 * covariance(rng, dim)
    )


@many
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0, 1), st.integers(1, 1000))
def test_the_bias_lies_below_its_two_terms_and_vanishes_for_even_correct_seeds(seed, n_regions, rho, k):
    noise = noise_of(seed, n_regions)
    shares = np.random.default_rng(seed).dirichlet(np.ones(n_regions))
    terms = noise.error(k, shares, rho)
    assert terms.bias <= terms.precision + terms.coverage + 1e-12
    assert terms.exact <= terms.bound + 1e-12
    even = noise.error(k, noise.sizes / noise.sizes.sum(), 1.0)
    assert even.bias < 1e-12 and even.precision == 0 and even.coverage < 1e-12
    assert even.number == pytest.approx(noise.error(4 * k, noise.sizes / noise.sizes.sum(), 1.0).number * 2)


def test_for_one_normal_law_the_number_term_counts_effective_dimensions():
    s = covariance(np.random.default_rng(0), 6)
    noise = PairNoise.gaussian([1], [s], s)
    expected = np.linalg.norm(s) * np.sqrt((effective_dimension(s) + 1) / 70)
    assert noise.error(70, [1.0], 1.0).number == pytest.approx(expected)
    assert 1 <= effective_dimension(s) <= 6


@pytest.mark.parametrize(("rho", "shares"), [(1.0, [0.2, 0.5, 0.3]), (0.7, [0.8, 0.1, 0.1])])
def test_the_mean_squared_error_is_that_of_simulated_seeds(rho, shares):
    rng = np.random.default_rng(1)
    noise, k, n_draws = noise_of(3), 60, 4000
    roots = [np.linalg.cholesky(s) for s in (*noise.moments, noise.wrong)]
    kind = np.where(rng.random((n_draws, k)) < rho, rng.choice(3, (n_draws, k), p=shares), 3)
    drawn = rng.standard_normal((n_draws, k, 4))
    for r, root in enumerate(roots):
        drawn[kind == r] = drawn[kind == r] @ root.T
    estimates = np.einsum("nki,nkj->nij", drawn, drawn) / k
    squared = ((estimates - noise.within) ** 2).sum(axis=(1, 2))
    terms = noise.error(k, shares, rho)
    assert abs(squared.mean() - terms.exact**2) < 5 * stats.sem(squared)
    np.testing.assert_allclose(estimates.mean(axis=0), noise.expected(shares, rho), atol=0.1)


def test_a_set_number_from_each_region_errs_no_more():
    rng = np.random.default_rng(2)
    pairs = rng.standard_normal((300, 3)) * np.repeat([1.0, 2.0, 0.5], 100)[:, None]
    regions = np.repeat([0, 1, 2], 100)
    noise = PairNoise.measured(pairs, regions, pairs)
    np.testing.assert_allclose(noise.within, second_moment(pairs))
    squared = []
    for _ in range(500):
        rows = np.concatenate([rng.choice(np.flatnonzero(regions == r), 20, replace=False) for r in range(3)])
        squared.append(np.linalg.norm(second_moment(pairs[rows]) - noise.within) ** 2)
    assert np.sqrt(np.mean(squared)) < noise.error(60, np.full(3, 1 / 3), 1.0).bound


@many
@given(st.integers(0, 2**32 - 1))
def test_no_score_has_more_signal_than_whitening_and_an_error_costs_at_most_the_bound(seed):
    rng = np.random.default_rng(seed)
    s, gaps = covariance(rng, 4), rng.standard_normal((20, 4))
    best = signal(gaps, np.linalg.inv(s), s)
    np.testing.assert_allclose(best, np.sqrt(((gaps @ np.linalg.inv(s)) * gaps).sum(axis=1)) / 2)
    estimate = second_moment(rng.multivariate_normal(np.zeros(4), s, size=30))
    eps = relative_error(estimate, s)
    found = signal(gaps, np.linalg.inv(estimate), s)
    assert 0 <= eps < 1
    assert (found <= best * (1 + 1e-9)).all()
    assert (found >= best * np.sqrt(1 - eps**2) * (1 - 1e-9)).all()
    assert relative_error(7 * s, s) < 1e-9
    assert (margin_law(gaps, np.linalg.inv(s), s).intercept > -1e-9).all()


def test_margins_are_simulated_as_the_law_says():
    rng = np.random.default_rng(4)
    s, metric, gap = covariance(rng, 3), covariance(rng, 3), rng.standard_normal(3)
    d = rng.multivariate_normal(np.zeros(3), s, size=200_000)
    plain, other = (gap @ m @ gap + 2 * d @ m @ gap for m in (np.eye(3), metric))
    assert (other > 0).mean() == pytest.approx(stats.norm.cdf(signal([gap], metric, s)[0]), abs=0.005)
    law = margin_law([gap], metric, s)
    slope, intercept = np.polyfit(plain, other, 1)
    assert slope == pytest.approx(law.slope[0], rel=0.01)
    assert intercept == pytest.approx(law.intercept[0], abs=0.02)
    assert (other - intercept - slope * plain).std() == pytest.approx(law.deviation[0], rel=0.01)


def test_a_positive_margin_is_a_first_rank():
    task, features = planted_pair(80, dim=6, noise=0.6, random_state=0)
    scorer = feature_scorer(task, features)
    for matching in ("cosine", "csls", "sinkhorn"):
        margins = task_margins(task, scorer, task.links, [matching])[matching]
        report = evaluate(task, scorer, matching=matching)["metrics"]["l2r"]["full"]
        assert 0.2 < report["hits@1"] < 1
        assert (margins > 0).mean() == pytest.approx(report["hits@1"])
    two = pair_margins(Dot(np.ones((1, 1), np.float32), np.ones((2, 1), np.float32)), np.array([[0, 1]]))
    assert two.tolist() == [0.0], "a tie is no margin"


def test_held_out_margins_are_those_of_an_aligner_that_did_not_see_the_seed():
    task, features = planted_pair(60, dim=6, noise=0.6, random_state=0)
    seeds = true_links(task, 20)
    fitted = []

    class Recorded(Whitening):
        def fit(self, task, features, seeds, **options):
            fitted.append(seeds)
            return super().fit(task, features, seeds, **options)

    found = held_out_margins(Recorded, task, features, seeds, ["cosine"])["cosine"]
    assert sorted(map(len, fitted)) == [10, 10]
    for others in fitted:
        rest = ~(seeds.pairs[:, None] == others.pairs[None]).all(axis=2).any(axis=1)
        model = Whitening().fit(task, features, others)
        expected = task_margins(task, model.similarity, seeds.pairs[rest], ["cosine"])["cosine"]
        np.testing.assert_allclose(found[rest], expected)
    few = SeedSet(seeds.pairs[:1], seeds.scores[:1], seeds.stages[:1])
    with pytest.raises(ParameterError, match="1 seeds cannot be divided"):
        held_out_margins(Whitening, task, features, few, ["cosine"])


def test_the_shift_of_one_sample_foretells_another_that_was_chosen_by_the_margin():
    rng = np.random.default_rng(5)
    before = rng.normal(0.3, 1, 40_000)
    after = before + rng.normal(0.25, 0.4, len(before))
    easy = before > -0.5  # seeds are chosen by their margin; the shift is the same for all
    law = MarginShift.fit(before[easy], after[easy], weights=np.ones(easy.sum()), scale=0.7)
    assert law.mean == pytest.approx(0.25, abs=0.02) and law.deviation == pytest.approx(0.4, abs=0.02)
    assert law.first(before).mean() == pytest.approx((after > 0).mean(), abs=0.005)


def test_impossible_values_are_refused():
    noise = noise_of(0)
    for call in (
        lambda: second_moment(np.zeros((0, 2))),
        lambda: noise.error(0, [0.2, 0.5, 0.3], 1.0),
        lambda: noise.expected([0.2, 0.5, 0.2], 1.0),
        lambda: noise.expected([0.2, 0.5, 0.3], 1.1),
        lambda: PairNoise.gaussian([1, 0], np.zeros((2, 3, 3)), np.eye(3)),
        lambda: PairNoise.gaussian([1], np.zeros((2, 3, 3)), np.eye(3)),
        lambda: MarginShift.fit([1.0], [1.0, 2.0], weights=[1.0], scale=1.0),
        lambda: MarginShift.fit([1.0], [1.0], weights=[1.0], scale=0.0),
        lambda: MarginShift.fit([1.0], [1.0], weights=[0.0], scale=1.0),
    ):
        with pytest.raises(ParameterError):
            call()
