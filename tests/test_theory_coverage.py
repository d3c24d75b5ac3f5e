"""P4 and P6: regions' masses and what comes of them, predicted against simulated."""

import numpy as np
import pytest
from batches import random_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import ParameterError
from psqe.theory.batch import Batch
from psqe.theory.coverage import (
    RegionModel,
    bearable_harm,
    best_shares,
    measured_mass,
    net_mass,
    region_shares,
)
from psqe.theory.planted import Drawn, Seeding, World, draw, hits, one_step, predicted, trained
from psqe.theory.sphere import log_mean_exp, near, uniform
from psqe.theory.split import effective_negatives

many = settings(max_examples=40, deadline=None)


def model_of(seed: int, n_regions: int, temperature: float, *, harder_inside=True) -> RegionModel:
    rng = np.random.default_rng(seed)
    outside = rng.normal(0.2, 0.3, n_regions) / temperature
    inside = outside + rng.uniform(0, 0.5, n_regions) / temperature if harder_inside else outside
    return RegionModel(
        rng.uniform(0.3, 1, n_regions), inside, outside, temperature, int(rng.integers(2, 600))
    )


models = st.builds(model_of, st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(0.03, 2.0))


def some_shares(seed: int, n: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).gamma(1.0, size=n) + 1e-3
    return drawn / drawn.sum()


@many
@given(models, st.integers(0, 2**32 - 1))
def test_the_mass_is_the_formula_of_the_statement(model, seed):
    pi = some_shares(seed, len(model.similarity))
    e = np.exp(model.similarity / model.temperature)
    own = model.n_batch * pi * np.exp(model.log_kappa_in)
    negatives = own + model.n_batch * (1 - pi) * np.exp(model.log_kappa_out)
    miss = negatives / (e + negatives)
    np.testing.assert_allclose(model.miss(pi), miss, rtol=1e-9)
    np.testing.assert_allclose(model.mass(pi), model.n_batch * pi * miss / model.temperature, rtol=1e-9)


@many
@given(models, st.integers(0, 2**32 - 1))
def test_the_exponent_is_the_slope_and_lies_between_one_and_two(model, seed):
    pi = some_shares(seed, len(model.similarity)) * 0.98
    step = 1e-5
    slope = np.log(model.mass(pi * np.exp(step)) / model.mass(pi * np.exp(-step))) / (2 * step)
    np.testing.assert_allclose(model.exponent(pi), slope, rtol=1e-5, atol=1e-6)
    assert ((model.exponent(pi) >= 1 - 1e-12) & (model.exponent(pi) < 2)).all()


def test_easier_negatives_inside_bring_the_exponent_below_one():
    model = RegionModel(np.array([0.5, 0.5]), np.array([0.0, 0.0]), np.array([3.0, 3.0]), 0.1, 64)
    assert (model.exponent((0.5, 0.5)) < 1).all()
    # Far easier ones: the more seeds, the less mass, and no shares are even in the sense of P4.
    easy = RegionModel(np.full(2, 0.8), np.full(2, -2.0), np.full(2, 5.0), 0.1, 64)
    assert easy.exponent((0.8, 0.2))[0] < 0 and easy.mass((0.8, 0.2))[0] > easy.mass((0.9, 0.1))[0]
    with pytest.raises(ParameterError, match="falls"):
        easy.even((1, 3))


@many
@given(models, st.integers(0, 2**32 - 1))
def test_no_shares_serve_the_worst_region_better_than_the_even_ones(model, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 500, len(model.similarity))
    best = model.even(sizes)
    assert best.sum() == pytest.approx(1) and (best > 0).all()
    each = model.mass(best) / sizes
    assert each.max() == pytest.approx(each.min(), rel=1e-6)
    for other in (some_shares(seed + i, len(sizes)) for i in range(20)):
        assert (model.mass(other) / sizes).min() <= each.min() * (1 + 1e-9)


@pytest.mark.parametrize("temperature", [0.005, 0.02, 5.0])
def test_shares_are_even_at_extreme_temperatures(temperature):
    model = RegionModel(
        np.array([0.9, 0.5, 0.7]), np.array([0.3, 0.2, 0.5]) / temperature, np.zeros(3), temperature, 300
    )
    best = model.even((3, 1, 2))
    each = model.mass(best) / (3, 1, 2)
    assert best.sum() == pytest.approx(1) and each.max() == pytest.approx(each.min(), rel=1e-6)


def test_proportional_shares_are_even_when_regions_miss_alike():
    sizes = np.array([300, 100, 50])
    log_kappa = np.full(3, 2.0)
    model = RegionModel(np.full(3, 0.7), log_kappa, log_kappa, 0.1, 128)
    np.testing.assert_allclose(model.even(sizes), sizes / sizes.sum(), rtol=1e-9)
    crowded = RegionModel(np.full(3, 0.7), log_kappa + 2, log_kappa, 0.1, 128)
    even, proportional = crowded.even(sizes), sizes / sizes.sum()
    # The largest region's seeds are each other's hard negatives, so that it needs less than its part.
    assert even[0] < proportional[0] and even[2] > proportional[2]
    each = crowded.mass(proportional) / sizes
    assert each[0] > each[2]


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_mass_on_simulated_spheres_is_as_predicted(temperature):
    # Two regions: unit vectors around two centres at right angles; the prediction knows the means only.
    dim, n, share = 64, 400, np.array([0.75, 0.25])
    rng = np.random.default_rng(0)
    found, told = [], []
    for _ in range(20):
        regions = np.repeat([0, 1], (share * n).astype(int))
        centres = np.linalg.qr(rng.standard_normal((dim, 2)))[0].T
        left = near(rng, centres[regions], 0.55)
        right = near(rng, left, 0.8)
        batch = Batch(left, right, temperature, same_side=False)
        found.append(measured_mass(batch, regions, 2))
        told.append(RegionModel.measured(batch, regions, 2).mass(region_shares(regions, 2)))
    found, told = np.array(found), np.array(told)
    # Jensen: p+ is convex in the negatives, so average negatives miss by what they vary among anchors.
    np.testing.assert_allclose(told.mean(axis=0), found.mean(axis=0), rtol=0.1)
    ratio = found[:, 0] / found[:, 1]
    assert (ratio > 3).all()  # three times the seeds, more than three times the mass
    # From the geometry alone: left ends have cosine .55 with the centre, right ends .8 of that, and what is
    # left of either is uniform around the centres.
    rest = log_mean_exp(temperature / ((1 - 0.55**2) * (1 - 0.44**2)) ** 0.5, dim)
    model = RegionModel(
        np.full(2, 0.8), np.full(2, 0.55 * 0.44 / temperature + rest), np.full(2, rest), temperature, n
    )
    np.testing.assert_allclose(model.mass(share), found.mean(axis=0), rtol=0.1)


def test_a_measured_model_of_a_region_with_one_seed_falls_back_to_all_anchors():
    batch = random_batch(6, 5, 0.3)
    model = RegionModel.measured(batch, [0, 0, 0, 0, 0, 1], 3)
    assert np.isfinite(model.similarity).all() and np.isfinite(model.mass((0.6, 0.2, 0.2))).all()


@pytest.mark.parametrize("same_side", [False, True])
def test_a_measured_model_has_the_mass_of_its_batch(same_side):
    left = near(np.random.default_rng(0), uniform(np.random.default_rng(1), 200, 64), 0.9)
    batch = Batch(left, near(np.random.default_rng(2), left, 0.7), 0.2, same_side)
    regions = np.arange(200) % 3
    model = RegionModel.measured(batch, regions, 3)
    np.testing.assert_allclose(
        model.mass(region_shares(regions, 3)), measured_mass(batch, regions, 3), rtol=0.02
    )


@pytest.mark.parametrize("same_side", [False, True])
def test_the_effective_number_of_negatives_falls_from_all_to_those_of_the_own_region(same_side):
    rng, dim, labels = np.random.default_rng(0), 64, np.repeat([0, 1], [300, 100])
    centres = np.linalg.qr(rng.standard_normal((dim, 2)))[0].T
    left = near(rng, centres[labels], 0.6)
    batch, half = (Batch(left, near(rng, left, 0.8), t, same_side) for t in (0.2, 0.1))
    model, halved = (RegionModel.measured(b, labels, 2) for b in (batch, half))
    found = [effective_negatives(batch)[labels == r].mean() for r in (0, 1)]
    np.testing.assert_allclose(model.effective_negatives((0.75, 0.25), halved), found, rtol=0.1)
    with pytest.raises(ParameterError, match="not half"):
        model.effective_negatives((0.75, 0.25), model)
    # Negatives of a kind all alike: the bound of P4, from all seeds to those of the region.
    pi, numbers = np.array([0.3, 0.7]), []
    for inside in (0.0, 1.0, 2.0, 15.0):
        alike = [RegionModel(np.ones(2), np.full(2, f * inside), np.zeros(2), 0.2 / f, 100) for f in (1, 2)]
        numbers.append(alike[0].effective_negatives(pi, alike[1]))
        x = np.exp(inside)
        np.testing.assert_allclose(numbers[-1], 100 * (pi * x + 1 - pi) ** 2 / (pi * x**2 + 1 - pi))
    assert (np.diff(numbers, axis=0) < 0).all()
    np.testing.assert_allclose(numbers[0], 100)
    np.testing.assert_allclose(numbers[-1], 100 * pi, rtol=1e-4)


def test_net_mass_and_the_best_share_of_an_imprecise_region():
    model = RegionModel(np.full(2, 0.8), np.full(2, 4.0), np.full(2, 2.0), 0.1, 512)
    sizes = (500, 500)
    plain = net_mass(model, (0.5, 0.5), 1.0, harm=1.0)
    np.testing.assert_allclose(plain, model.mass((0.5, 0.5)))
    assert best_shares(model, sizes, (1.0, 1.0), harm=1.0)[0] == pytest.approx(0.5, abs=0.01)
    # A less precise region needs more seeds, until its seeds do more harm than good: then the fewest.
    shares = [best_shares(model, sizes, (1.0, rho), harm=0.2)[0] for rho in (1.0, 0.8, 0.6, 0.1)]
    assert shares[0] < shares[1] < shares[2] and shares[3] == 0
    with pytest.raises(ParameterError, match="two regions"):
        best_shares(model, (1, 2, 3), (1.0, 1.0), harm=1.0)
    with pytest.raises(ParameterError, match="no more similar"):
        best_shares(model, sizes, (1.0, 1.0), harm=1.0, wrong_similarity=0.9)
    share, worst = best_shares(model, sizes, (0.1, 0.1), harm=2.0)
    assert np.isnan(share) and worst == 0
    assert best_shares(model, sizes, (0.1, 1.0), harm=2.0) == (1.0, 0.0)


@many
@given(st.integers(0, 2**32 - 1), st.floats(0.03, 2.0), st.floats(0, 1.5))
def test_no_shares_on_a_grid_serve_the_worse_region_better_than_the_best(seed, temperature, harm):
    rng, model = np.random.default_rng(seed), model_of(seed, 2, temperature)
    sizes, precision = rng.integers(1, 500, 2), rng.uniform(0, 1, 2)
    wrong = {"harm": harm, "wrong_similarity": float(rng.uniform(-0.2, model.similarity.min()))}
    share, worst = best_shares(model, sizes, precision, **wrong)
    each = [
        net_mass(model, (1 - x, x), precision, **wrong) / (sizes / sizes.sum())
        for x in np.linspace(0, 1, 101)
    ]
    scale = model.mass((1, 1)).max()
    assert max(pair.min() for pair in each) <= worst + 1e-9 * scale
    if 0 < share < 1:
        both = net_mass(model, (1 - share, share), precision, **wrong) / (sizes / sizes.sum())
        assert both[0] == pytest.approx(both[1], rel=1e-6, abs=1e-6 * scale)
        assert worst == pytest.approx(both.min())
    # What even all seeds cannot make up for, and what a little less harm would leave.
    for r, most in enumerate(bearable_harm(model, precision, wrong_similarity=wrong["wrong_similarity"])):
        for factor in (0.99, 1.01):
            net = net_mass(model, (1, 1), precision, **{**wrong, "harm": factor * most})[r]
            assert (net > 0) == (factor < 1)


def test_where_all_miss_alike_seeds_go_by_what_is_left_of_them():
    model = RegionModel(np.full(2, -3.0), np.zeros(2), np.zeros(2), 0.1, 512)  # nobody has learned anything
    for sizes, precision, harm in (((1, 1), (1.0, 0.4), 0.0), ((300, 100), (0.9, 0.6), 0.5)):
        parts = np.array(sizes) / (np.array(precision) - harm * (1 - np.array(precision)))
        share = best_shares(model, sizes, precision, harm=harm, wrong_similarity=-3.0)[0]
        assert share == pytest.approx(parts[1] / parts.sum(), rel=1e-6)


@pytest.mark.parametrize("bad", ["shape", "temperature", "sizes"])
def test_a_model_that_is_none_is_refused(bad):
    two = np.zeros(2)
    with pytest.raises(ParameterError):
        if bad == "shape":
            RegionModel(two, np.zeros(3), two, 0.1, 8)
        elif bad == "temperature":
            RegionModel(two, two, two, 0.0, 8)
        else:
            RegionModel(two, two, two, 0.1, 8).even((0, 1))


# P6

WORLD = World((150, 150), directions=24, shared=6, noise=0.5)


@pytest.mark.parametrize("precision", [1.0, 0.6])
@pytest.mark.parametrize("second", [0.1, 0.5])
def test_hits_after_one_step_are_as_predicted(precision, second):
    seeding = Seeding(120, np.array([1 - second, second]), precision)
    told = predicted(WORLD, seeding)
    drawn = np.array([one_step(draw(WORLD, seeding, random_state=i), 2) for i in range(20)])
    np.testing.assert_allclose(told, drawn.mean(axis=0), atol=0.05)


def test_prediction_knows_what_helps():
    def hits_of(world=WORLD, n=120, second=0.5, precision=1.0):
        return predicted(world, Seeding(n, np.array([1 - second, second]), precision))

    base = hits_of()
    assert base[0] == pytest.approx(base[1], abs=0.03)
    assert (hits_of(n=300) > base).all() and (hits_of(precision=0.5) < base).all()
    starved = hits_of(second=0.05)
    assert starved[1] < base[1] - 0.3 and starved[0] > base[0]
    # Where regions vary along the same directions only, seeds anywhere serve everybody.
    # Regions are large, as entities that stand in a seed themselves have an advantage.
    alike = World((9000, 9000), directions=24, shared=24, noise=0.5)
    assert hits_of(alike, second=0.05)[1] == pytest.approx(hits_of(alike)[1], abs=0.01)
    few = World((150, 150), directions=6, shared=0, noise=0.5)
    many_ = World((150, 150), directions=48, shared=0, noise=0.5)
    assert hits_of(few, n=3000).mean() < hits_of(many_, n=3000).mean()  # few directions: confusable


def test_weights_of_seeds_count():
    seeding = Seeding(120, np.array([0.5, 0.5]))
    tilted = predicted(WORLD, seeding, weights=np.array([1.0, 0.1]))
    assert tilted[1] < tilted[0] - 0.2
    drawn = draw(WORLD, seeding, random_state=0)
    found = one_step(drawn, 2, weights=np.array([1.0, 0.1]))
    assert found[1] < found[0]


def test_seeds_are_drawn_as_told():
    seeding = Seeding(100, np.array([0.8, 0.2]), np.array([1.0, 0.5]))
    drawn = draw(WORLD, seeding, random_state=3)
    regions = drawn.regions[drawn.seeds[:, 0]]
    right = drawn.seeds[:, 0] == drawn.seeds[:, 1]
    assert np.bincount(regions).tolist() == [80, 20]
    assert right[regions == 0].all() and right[regions == 1].sum() == 10
    assert (drawn.regions[drawn.seeds[:, 1]] == regions).all()
    again = draw(WORLD, seeding, random_state=3)
    assert (again.left == drawn.left).all() and (again.seeds == drawn.seeds).all()


def test_training_learns_the_turn():
    drawn = draw(WORLD, Seeding(200, np.array([0.5, 0.5])), random_state=0)
    found = trained(drawn, 2, temperature=0.1, n_epochs=40)
    assert (found > 0.8).all()
    again = trained(drawn, 2, temperature=0.1, n_epochs=40)
    assert (found == again).all()


def test_hits_share_a_tie():
    scores = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    assert hits(scores, np.array([0, 1, 1]), 2).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "make",
    [lambda: World((1,)), lambda: World((5, 5), directions=4, shared=5), lambda: Seeding(1, np.ones(1)),
     lambda: Seeding(10, np.array([0.5, 0.6])), lambda: Seeding(10, np.ones(1), 1.5),
     lambda: predicted(WORLD, Seeding(10, np.ones(1)))],
)  # fmt: skip
def test_worlds_that_cannot_be_are_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_a_drawn_world_is_plain_arrays():
    assert isinstance(draw(WORLD, Seeding(10, np.array([0.5, 0.5])), random_state=0), Drawn)
    assert uniform(np.random.default_rng(0), 3, 4).shape == (3, 4)
