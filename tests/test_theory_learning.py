"""P7: linear encoders under gradient flow, in closed form, integrated numerically, and on drawn seeds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import ParameterError
from psqe.theory.learning import (
    SpectralFlow,
    contrastive_descent,
    gradient_flow,
    limit_product,
    logistic_curves,
    moment_products,
    region_strengths,
    seed_moments,
    shared_pull,
    spectral_loss,
    time_reached,
)
from psqe.theory.planted import Seeding, World, draw

SMALL = World((9, 9), directions=4, shared=1, noise=0.5)
FEW = Seeding(10, np.array([0.75, 0.25]), np.array([0.9, 0.7]))


def columns(rng, rows, n):
    """Matrices with orthonormal columns."""
    return np.linalg.qr(rng.standard_normal((rows, n)))[0]


@pytest.mark.parametrize("decay", [0.0, 0.02, 0.2])
def test_the_closed_form_is_the_gradient_flow(decay):
    rng, flow = np.random.default_rng(0), SpectralFlow(SMALL, FEW, start=1e-3, decay=decay)
    turn, basis = columns(rng, SMALL.dim, SMALL.dim), columns(rng, SMALL.dim + 3, SMALL.dim)
    times = np.linspace(0, 60, 7)
    maps = flow.start**0.5 * basis, flow.start**0.5 * basis @ turn.T
    found = gradient_flow(flow.moments(turn), maps, times, decay=decay) @ turn
    told = np.einsum("ti,ij->tij", flow.strength(times), np.eye(SMALL.dim))
    assert np.abs(found - told).max() < 1e-6 * max(told.max(), 1)
    assert (flow.limit > 0).all() == (decay < 0.2)


def test_a_random_start_is_learned_at_the_times_of_a_start_that_fits():
    rng, size, rows = np.random.default_rng(0), 1e-2, 80
    turn = columns(rng, SMALL.dim, SMALL.dim)
    # The part of two random maps that fits each other has half of their mean square.
    flow = SpectralFlow(SMALL, FEW, start=size**2 * rows / 2)
    times = np.linspace(0, 80, 321)
    maps = tuple(size * rng.standard_normal((rows, SMALL.dim)) for _ in range(2))
    found = np.diagonal(
        gradient_flow(flow.moments(turn), maps, times, tolerance=1e-6) @ turn, axis1=1, axis2=2
    )
    half = times[(found > flow.limit / 2).argmax(axis=0)]
    np.testing.assert_allclose(half, flow.time_to(0.5), rtol=0.12)


flows = st.builds(
    lambda pi, rho, other, noise, decay: SpectralFlow(
        World((9, 9), directions=6, shared=2, noise=noise),
        Seeding(10, np.array([1 - pi, pi]), np.array([rho, other])), start=1e-5, decay=decay,
    ),
    st.floats(0.05, 0.95), st.floats(0.2, 1), st.floats(0.2, 1), st.floats(0, 1),
    st.sampled_from([0.0, 1e-3]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(flows, st.floats(0.1, 0.9))
def test_curves_start_reach_a_fraction_and_end_as_told(flow, fraction):
    np.testing.assert_allclose(flow.strength([0.0])[0], flow.start)
    when = flow.time_to(fraction)
    reached = np.diagonal(flow.strength(when))
    np.testing.assert_allclose(reached, fraction * flow.limit, rtol=1e-6)
    np.testing.assert_allclose(flow.strength([1e6])[0], flow.limit, rtol=1e-3)
    # Not more than exponential growth from the start: the bound on a region that is behind.
    assert (
        flow.strength([30.0])[0] <= flow.start * np.exp(4 * 30 * (flow.pull - flow.decay)) * (1 + 1e-9)
    ).all()


def test_a_sparse_region_is_late_in_proportion_and_has_nothing_when_the_other_is_done():
    world = World((9, 9), directions=6, shared=0, noise=0.3)
    pi, ratios, left = 0.2, [], []
    for start in (1e-4, 1e-12, 1e-60):
        flow = SpectralFlow(world, Seeding(10, np.array([1 - pi, pi])), start=start)
        dense, sparse = flow.of_regions(flow.time_to(0.9))
        ratios.append(sparse / dense)
        behind = flow.of_regions(flow.strength([dense]))[0, 1] / flow.of_regions(flow.limit)[1]
        most = start * ((flow.limit[0] / start - 1) * 9) ** (pi / (1 - pi)) / flow.of_regions(flow.limit)[1]
        assert behind <= most * (1 + 1e-9)
        left.append(behind)
    assert ratios[-1] == pytest.approx((1 - pi) / pi, rel=0.02)
    assert left[0] > left[1] > left[2] and left[2] < 1e-30


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 0.45), st.floats(0.1, 1), st.floats(0.1, 1))
def test_in_the_limit_only_noise_and_decay_tell_regions_apart(pi, rho, noise):
    def ends(noise, decay=0.0):
        seeding = Seeding(10, np.array([1 - pi, pi]), rho)
        flow = SpectralFlow(World((9, 9), directions=6, shared=0, noise=noise), seeding, decay=decay)
        return flow.of_regions(flow.correlation)

    np.testing.assert_allclose(ends(0.0), rho)
    dense, sparse = ends(noise)
    nu = 6 * noise**2 / 12
    assert dense == pytest.approx(rho / (1 + nu / (1 - pi))) and sparse == pytest.approx(rho / (1 + nu / pi))
    assert sparse < dense
    # A region whose precise share is not above the decay is not learned at all.
    assert ends(0.0, decay=rho * pi / 6 * 1.001)[1] == 0 < ends(0.0, decay=rho * pi / 6 * 0.999)[1]


def test_a_true_pair_stands_out_as_told():
    world = World((3000, 3000), directions=16, shared=4, noise=0.6)
    flow = SpectralFlow(world, FEW)
    drawn = draw(world, Seeding(2, np.array([0.5, 0.5])), random_state=0)
    turn = np.linalg.lstsq(drawn.left, drawn.right, rcond=None)[0]
    u, _, v = np.linalg.svd(turn)
    strength = np.random.default_rng(0).uniform(0.5, 2, world.dim)
    scores = (drawn.left * strength) @ (drawn.right @ (u @ v).T).T
    told = flow.stands_out(strength)
    for r in (0, 1):
        for q in (0, 1):
            part = scores[np.ix_(drawn.regions == r, drawn.regions == q)]
            rivals = part[~np.eye(3000, dtype=bool)] if r == q else part
            true = np.diagonal(scores)[drawn.regions == r]
            assert true.mean() / rivals.std() == pytest.approx(told[r, q], rel=0.03)


def test_a_region_that_is_behind_stands_out_less_only_where_vectors_are_noisy():
    world = World((9, 9), directions=6, shared=0, noise=0.5)
    flow, exact = SpectralFlow(world, FEW), SpectralFlow(World((9, 9), 6, 0, 0.0), FEW)
    strengths = [np.repeat([1.0, behind], 6) for behind in (1.0, 0.5, 0.1)]
    noisy = [flow.stands_out(u)[1] for u in strengths]
    assert (np.diff(noisy, axis=0) < 0).all()
    for u in strengths:
        np.testing.assert_allclose(exact.stands_out(u)[1], [np.inf, 6**0.5])


def test_drawn_seeds_are_learned_late_too():
    world = World((200, 200), directions=8, shared=0)
    drawn = draw(world, Seeding(1500, np.array([0.85, 0.15])), random_state=0)
    flow = SpectralFlow(world, Seeding(1500, np.array([0.85, 0.15])), start=1e-3)
    rng, times = np.random.default_rng(0), np.linspace(0, 2 * flow.time_to(0.5).max(), 81)
    size = (2 * flow.start / 64) ** 0.5
    maps = tuple(size * rng.standard_normal((64, world.dim)) for _ in range(2))
    products = gradient_flow(seed_moments(drawn), maps, times, tolerance=1e-5)
    strengths = np.array([region_strengths(drawn, product, 2)[0] for product in products])
    half = times[(strengths > flow.of_regions(flow.limit) / 2).argmax(axis=0)]
    np.testing.assert_allclose(half, flow.of_regions(flow.time_to(0.5)), rtol=0.25)


def test_info_nce_to_second_order_is_half_of_the_spectral_loss():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 50, 4))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    left, right = rng.standard_normal((2, 3, 4))
    losses = []
    for size in (0.03, 0.01):
        w, v = torch.tensor(left * size), torch.tensor(right * size)
        scores = (torch.tensor(x) @ w.T) @ (torch.tensor(y) @ v.T).T
        info = (scores.logsumexp(1) - scores.diagonal()).mean() - np.log(50)
        back = (scores.logsumexp(0) - scores.diagonal()).mean() - np.log(50)
        moments = [torch.tensor(part) for part in (x.T @ y / 50, x.T @ x / 50, y.T @ y / 50)]
        spectral = spectral_loss(w, v, moments) / 2
        losses.append(abs(float((info + back) / 2 - spectral)) / size**4)
    assert losses[1] < 0.3 * losses[0]  # what is left is of a higher order than the square of the scores


def test_training_with_info_nce_is_followed():
    world = World((60, 60), directions=6, shared=0)
    drawn = draw(world, Seeding(80, np.array([0.85, 0.15])), random_state=0)
    table = contrastive_descent(drawn, 2, temperature=0.2, n_steps=40, every=10)
    assert table["step"].unique().tolist() == [0, 10, 20, 30, 40]
    wide = table.pivot(index="step", columns="region", values="strength")
    assert abs(wide.loc[0]).max() < 0.2 and wide.loc[40, 0] > wide.loc[40, 1] > 0
    assert table["hits"].between(0, 1).all()


@pytest.mark.parametrize(
    "make",
    [lambda: SpectralFlow(SMALL, FEW, start=0.0), lambda: SpectralFlow(SMALL, FEW, decay=-1.0),
     lambda: SpectralFlow(SMALL, Seeding(4, np.ones(1)))],
)  # fmt: skip
def test_a_flow_that_is_none_is_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_a_curve_solves_its_equation_whatever_the_sign_of_its_rate():
    rate, brake, times = np.array([0.3, 0.0, -0.2]), np.array([0.5, 1.0, 2.0]), np.linspace(0, 6, 4001)
    u = logistic_curves(rate, brake, times, start=0.05)
    slope = np.gradient(u, times, axis=0)[1:-1]
    np.testing.assert_allclose(slope, (4 * u * (rate - brake * u))[1:-1], atol=1e-6)
    np.testing.assert_allclose(u[0], 0.05)


def test_moments_of_a_planted_pair_give_the_closed_form_and_its_limit():
    rng, flow = np.random.default_rng(0), SpectralFlow(SMALL, FEW, start=1e-3)
    turn = columns(rng, SMALL.dim, SMALL.dim)
    times = np.array([0.0, 20.0, 60.0, 1e5])
    found = moment_products(flow.moments(turn), times, start=flow.start) @ turn
    told = np.einsum("ti,ij->tij", flow.strength(times) - flow.start, np.eye(SMALL.dim))
    np.testing.assert_allclose(found, told, atol=1e-9)
    np.testing.assert_allclose(limit_product(flow.moments(turn)) @ turn, np.diag(flow.limit), atol=1e-9)


def test_the_limit_is_where_the_gradient_of_any_moments_is_zero_and_where_the_flow_ends():
    rng = np.random.default_rng(1)
    hidden = rng.standard_normal((60, 4))
    x, y = (hidden @ rng.standard_normal((4, 4)) + rng.standard_normal((60, 4)) for _ in range(2))
    moments = x.T @ y / 60, x.T @ x / 60, y.T @ y / 60
    limit = limit_product(moments)
    maps = tuple(torch.tensor(part, requires_grad=True) for part in (np.eye(4), limit))
    loss = spectral_loss(*maps, [torch.from_numpy(part) for part in moments])
    for slope in torch.autograd.grad(loss, maps):
        assert slope.abs().max() < 1e-9
    starts = tuple(0.1 * rng.standard_normal((8, 4)) for _ in range(2))
    end = gradient_flow(moments, starts, [0, 200.0])[-1]
    assert np.abs(end - limit).max() < 1e-3 * np.abs(limit).max()


def test_early_on_the_moments_of_drawn_seeds_are_their_covariance():
    world = World((60, 60), directions=6, shared=2)
    moments = seed_moments(draw(world, FEW, random_state=0))
    early = moment_products(moments, [1e-3], start=1e-6)[0]
    np.testing.assert_allclose(early / early.max(), moments[0] / moments[0].max(), atol=1e-2)


@pytest.mark.parametrize("shared", [0, 3, 6])
def test_the_shared_pull_is_the_share_of_directions_in_common(shared):
    world = World((4000, 4000), directions=6, shared=shared, noise=0.3)
    drawn = draw(world, Seeding(2, np.array([0.5, 0.5])), random_state=0)
    parts = [(drawn.left[drawn.regions == r], drawn.right[drawn.regions == r]) for r in (0, 1)]
    assert shared_pull(*parts) == pytest.approx(shared / 6, abs=0.05)


def test_the_shared_pull_has_no_bias_from_few_pairs():
    world = World((1500, 1500), directions=8, shared=4, noise=0.5)
    drawn = draw(world, Seeding(2, np.array([0.5, 0.5])), random_state=0)
    rows, other = np.flatnonzero(drawn.regions == 0), drawn.regions == 1
    few = [
        shared_pull((drawn.left[part], drawn.right[part]), (drawn.left[other], drawn.right[other]))
        for part in np.split(rows, 50)
    ]
    assert np.mean(few) == pytest.approx(0.5, abs=0.1)
    with pytest.raises(ParameterError, match="at least 2"):
        shared_pull((drawn.left[:1], drawn.right[:1]), (drawn.left, drawn.right))


@pytest.mark.parametrize(
    ("values", "level", "when"),
    [([0, 1, 2], 0.5, 0.5), ([3, 0, 2], 1.0, 1.5), ([2, 2, 2], 1.0, 0.0), ([2, 2, 0], 1.0, np.inf)],
)
def test_a_level_is_reached_where_values_stay_above_it(values, level, when):
    assert time_reached([0, 1, 2], values, level) == when
