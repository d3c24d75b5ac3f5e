"""Probabilities of one-to-one pairs agree with plain loops and with all assignments."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.errors import ParameterError
from psqe.similarity.assignments import SETTLED, probabilities
from psqe.similarity.shortlist import Shortlist

similarities = st.floats(-1, 1, width=32)
tables = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=similarities)
)


def whole(table: np.ndarray, temperature: float, n: float) -> np.ndarray:
    """The transport plan of a table, with every pair listed."""
    listed = Shortlist.from_similarity(Table(table), k=max(table.shape))
    plan = np.zeros(table.shape)
    plan[listed.rows, listed.columns] = probabilities(listed, temperature=temperature, n_counterparts=n)
    return plan


def plain_plan(table: np.ndarray, temperature: float, n: float) -> np.ndarray:
    """A matrix with one extra row and column, scaled alternately until nothing changes."""
    n_left, n_right = table.shape
    padded = np.zeros((n_left + 1, n_right + 1))
    padded[:-1, :-1] = np.exp(table.astype(np.float64) / temperature)
    padded[:-1, -1] = padded[-1, :-1] = 1
    rows, columns = np.append(np.ones(n_left), n_right - n), np.append(np.ones(n_right), n_left - n)
    for _ in range(3_000):
        padded *= (rows / np.maximum(padded.sum(axis=1), 1e-300))[:, None]
        padded *= columns / np.maximum(padded.sum(axis=0), 1e-300)
    return padded[:-1, :-1]


@settings(max_examples=25, deadline=None)
@given(tables, st.floats(0.3, 1), st.floats(0.1, 1))
def test_the_plan_of_plain_scaling(table, temperature, part):
    n = part * min(table.shape)
    found = whole(table, temperature, n)
    np.testing.assert_allclose(found, plain_plan(table, temperature, n), atol=20 * SETTLED)
    assert found.sum(axis=1).max() < 1 + 20 * SETTLED and found.sum(axis=0).max() < 1 + 20 * SETTLED
    assert found.sum() == pytest.approx(n, rel=20 * SETTLED, abs=20 * SETTLED)


def test_near_the_share_of_all_assignments_that_a_pair_is_in():
    """The plan at half the temperature is close to the share where some pairs stand out."""
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(20):
        table = (rng.standard_normal((6, 6)) * 0.15 + np.eye(6) * 0.4).astype(np.float32)
        exact, total = np.zeros((6, 6)), 0.0
        for order in permutations(range(6)):
            weight = np.exp(table[np.arange(6), order].sum(dtype=np.float64) / 0.15)
            exact[np.arange(6), order] += weight
            total += weight
        errors.append([np.abs(whole(table, t, 6) - exact / total).mean() for t in (0.05, 0.075, 0.15)])
    colder, half, same = np.mean(errors, axis=0)
    assert half < 0.015 and half < colder / 2 and half < same / 4


@given(st.floats(-1, 1), st.floats(0.3, 1))
def test_between_two_and_two_it_is_exact(ahead, temperature):
    plan = whole(np.array([[ahead, 0], [0, 0]], dtype=np.float32), temperature / 2, 2)
    assert plan[0, 0] == pytest.approx(1 / (1 + np.exp(-ahead / temperature)), abs=5 * SETTLED)
    assert plan[1, 1] == pytest.approx(plan[0, 0], abs=5 * SETTLED)


def test_a_candidate_goes_to_the_entity_that_is_nearer_to_it():
    """Left 0 is nearest to right 0, but right 0 belongs to left 1, so left 0 is paired with right 1."""
    table = np.array([[0.6, 0.5], [0.9, 0.1]], dtype=np.float32)
    plan = whole(table, 0.05, 2)
    assert plan[0, 1] > 0.99 and plan[1, 0] > 0.99


def test_poor_pairs_are_the_first_without_counterpart():
    table = np.array([[0.9, 0.0, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 0.2]], dtype=np.float32)
    plan = whole(table, 0.03, 2)
    assert plan[0, 0] > 0.99 and plan[1, 1] > 0.99 and plan[2, 2] < 0.02


def test_the_larger_side_has_entities_without_counterpart():
    """With two right entities for one left, a uniform plan would halve the probability of each pair."""
    plan = whole(np.array([[0.9, 0.1]], dtype=np.float32), 0.05, 1)
    assert plan[0, 0] > 0.99 and plan[0, 1] < 0.01


@settings(max_examples=25, deadline=None)
@given(tables, st.floats(0.2, 1), st.sampled_from([0.125, 4.0]))
def test_neither_scale_nor_side_matters(table, temperature, scale):
    n = 0.8 * min(table.shape)
    wanted = whole(table, temperature, n)
    np.testing.assert_allclose(whole(table * np.float32(scale), temperature * scale, n), wanted, atol=1e-6)
    np.testing.assert_allclose(whole(table.T, temperature, n).T, wanted, atol=20 * SETTLED)


def test_lists_that_cannot_pair_all_entities():
    """Three left entities list the same two right ones: all values are finite, and no pair is certain."""
    table = np.full((3, 3), -1, dtype=np.float32)
    table[:, :2] = 0.9
    listed = Shortlist.from_similarity(Table(table), k=1)
    found = probabilities(listed, temperature=0.02, n_counterparts=3)
    assert np.isfinite(found).all() and (found >= 0).all() and (found <= 1).all()


@pytest.mark.parametrize(
    ("temperature", "n", "words"),
    [(0.0, 1.0, "must be positive"), (1.0, 0.0, "0 of 2 and 3"), (1.0, 2.5, "2.5 of 2 and 3")],
)
def test_impossible_parameters(temperature, n, words):
    with pytest.raises(ParameterError, match=words):
        whole(np.zeros((2, 3), np.float32), temperature, n)
