"""The conditional logit finds the weights by which choices were made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.aligners.choice import PRIOR_WEIGHT, choice_weights


def choices(weights, n: int, k: int, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw choices among ``k + 1`` alternatives from a conditional logit with known weights."""
    rng = np.random.default_rng(random_state)
    cosines = rng.normal(0, 0.3, (n, k + 1, len(weights))).clip(-1, 1).astype(np.float32)
    scores = cosines @ np.asarray(weights) + rng.gumbel(size=(n, k + 1))  # the largest wins as the logit says
    order = np.argsort(-scores, axis=1)
    ordered = np.take_along_axis(cosines, order[:, :, None], axis=1)
    return ordered[:, 0], ordered[:, 1:]


@pytest.mark.parametrize("true", [(8.0, 4.0, 1.0), (15.0, 0.0, 6.0)])
def test_the_weights_of_drawn_choices_are_found(true):
    chosen, rivals = choices(true, 4000, 9)
    found = choice_weights(chosen, rivals, np.ones(4000, dtype=np.float32))
    np.testing.assert_allclose(found, true, atol=0.6)


def test_without_choices_all_kinds_of_evidence_count_alike():
    nothing = np.empty((0, 3), dtype=np.float32)
    found = choice_weights(nothing, np.empty((0, 5, 3), dtype=np.float32), np.empty(0, dtype=np.float32))
    np.testing.assert_allclose(found, PRIOR_WEIGHT)
    alone = choice_weights(np.ones((4, 3)), np.empty((4, 0, 3)), np.ones(4))  # no rivals: nothing to learn
    np.testing.assert_allclose(alone, PRIOR_WEIGHT)


def test_evidence_against_the_choices_gets_no_negative_weight():
    chosen, rivals = choices((9.0, -6.0), 500, 5)
    found = choice_weights(chosen, rivals, np.ones(500, dtype=np.float32))
    assert found[0] > 5 and found[1] == 0


def test_weights_stay_finite_where_every_choice_is_clear():
    chosen, rivals = np.ones((50, 2), dtype=np.float32), np.zeros((50, 8, 2), dtype=np.float32)
    found = choice_weights(chosen, rivals, np.ones(50, dtype=np.float32))
    assert np.isfinite(found).all() and (found < 5 * PRIOR_WEIGHT).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 3))
def test_importance_is_a_number_of_repetitions(random_state, times):
    chosen, rivals = choices((6.0, 3.0), 60, 4, random_state)
    weighed = choice_weights(chosen, rivals, np.full(60, times, dtype=np.float32))
    repeated = choice_weights(
        np.tile(chosen, (times, 1)), np.tile(rivals, (times, 1, 1)), np.ones(60 * times, dtype=np.float32)
    )
    np.testing.assert_allclose(weighed, repeated, atol=0.02)


def test_the_weights_maximise_the_posterior():
    """No step in any direction improves the posterior, computed here in plain NumPy."""
    chosen, rivals = choices((5.0, 2.0), 80, 6, 3)
    importance = np.linspace(0.1, 1, 80).astype(np.float32)

    def posterior(weights: np.ndarray) -> float:
        cosines = np.concatenate([chosen[:, None], rivals], axis=1).astype(np.float64)
        scores = cosines @ weights
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        prior = -((weights - PRIOR_WEIGHT) ** 2).sum() / (2 * PRIOR_WEIGHT**2)
        return float(importance @ np.log(shares[:, 0]) + prior)

    found = choice_weights(chosen, rivals, importance)
    best = posterior(found)
    for step in np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * 0.05:
        assert posterior(found + step) < best
