"""P9: what a ranking is expected to find, and how wrong that is by estimated probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import ParameterError
from psqe.theory.expected_ranks import NoisyCopies, expected_correct, largest_error

many = settings(max_examples=40, deadline=None)


def chances(rng: np.random.Generator, n: int = 6, m: int = 5) -> np.ndarray:
    return rng.dirichlet(np.ones(m + 1), size=n)[:, :m]


@many
@given(st.integers(0, 2**31))
def test_the_error_of_the_expectation_is_bounded_and_vanishes_where_rankings_agree(seed):
    rng = np.random.default_rng(seed)
    p, q = chances(rng), chances(rng)
    s, t = rng.integers(5, size=(2, 6))
    error = expected_correct(q, s) - expected_correct(p, s)
    assert abs(error) <= largest_error(p, q, s) + 1e-12
    difference = error - (expected_correct(q, t) - expected_correct(p, t))
    assert abs(difference) <= largest_error(p, q, s, t) + 1e-12
    assert largest_error(p, q, s, s) == 0


@many
@given(st.integers(0, 2**31))
def test_no_ranking_is_expected_to_find_more_than_that_of_the_probabilities(seed):
    rng = np.random.default_rng(seed)
    q = chances(rng)
    assert expected_correct(q, rng.integers(5, size=6)) <= expected_correct(q, q.argmax(axis=1))


def worlds(n: int) -> list[NoisyCopies]:
    return [NoisyCopies.draw(200, 150, 4, noise=0.5, dangling=0.2, random_state=i) for i in range(n)]


def test_the_expected_number_is_that_of_drawn_worlds_by_the_true_noise_only():
    found = {1.0: [], 0.5: []}
    for world in worlds(30):
        first = ((world.left[:, None, :3] - world.right[None, :, :3]) ** 2).sum(axis=2).argmin(axis=1)
        n_correct = (first == world.counterpart).sum()
        for factor, errors in found.items():
            errors.append(expected_correct(world.probabilities(noise=factor * 0.5), first) - n_correct)
    error, sure = (np.asarray(found[factor]) for factor in (1.0, 0.5))
    standard_error = error.std(ddof=1) / len(error) ** 0.5
    assert abs(error.mean()) < 4 * standard_error
    assert abs(sure.mean()) > 10 * standard_error


def test_as_many_entities_are_linked_as_the_probabilities_add_up_to():
    linked = np.array([(world.probabilities().sum(), (world.counterpart >= 0).sum()) for world in worlds(30)])
    assert abs((linked[:, 0] - linked[:, 1]).mean()) < 3
    assert abs(linked[:, 1].mean() - 160) < 6


@pytest.mark.parametrize(("noise", "dangling"), [(0.0, 0.1), (-1.0, 0.1), (0.1, 1.5), (0.1, -0.1)])
def test_a_world_that_cannot_be_drawn_is_an_error(noise, dangling):
    with pytest.raises(ParameterError, match="give positive numbers and noise"):
        NoisyCopies.draw(3, 3, 2, noise=noise, dangling=dangling, random_state=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: expected_correct(np.eye(3), [0, 1]), lambda: expected_correct(np.eye(3), [0, 1, 3]),
        lambda: expected_correct(np.eye(3), [0, 1, -1]),
        lambda: largest_error(np.eye(3), np.eye(2), [0, 1, 2]),
        lambda: largest_error(np.eye(2), np.eye(2), [0, 1], [0]), lambda: worlds(1)[0].probabilities(noise=0),
    ],
)  # fmt: skip
def test_choices_and_shapes_that_do_not_fit_are_errors(call):
    with pytest.raises(ParameterError, match="give"):
        call()
