"""Sinkhorn on the largest cells agrees with the iteration on the whole matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.errors import ParameterError
from psqe.similarity import Dot, base, top_k
from psqe.similarity.sinkhorn import sinkhorn
from psqe.similarity.sinkhorn_scaling import Groups, PotentialSums


@pytest.fixture(params=[1 << 23, 5], ids=["one block", "many blocks"], autouse=True, scope="module")
def block_cells(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "BLOCK_CELLS", request.param)
        yield


values = st.one_of(st.integers(-2, 2).map(float), st.floats(-1, 1, width=32))
shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
tables = shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=values))


def dense(table, temperature, n_iterations):
    n_left, n_right = table.shape
    log_kernel = table.astype(np.float64) / temperature
    f, g = np.zeros(n_left), np.zeros(n_right)
    for _ in range(n_iterations):
        f = -np.log(np.exp(log_kernel + g).sum(axis=1))
        g = np.log(n_left / n_right) - np.log(np.exp(log_kernel + f[:, None]).sum(axis=0))
    return log_kernel + f[:, None] + g


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from([0.05, 0.5]), st.integers(1, 20))
def test_with_everything_listed_it_is_the_dense_iteration(table, temperature, n_iterations):
    found = sinkhorn(Table(table), temperature=temperature, n_iterations=n_iterations)
    wanted = dense(table, temperature, n_iterations)
    np.testing.assert_allclose(found.rows(0, len(table)), wanted, atol=2e-3)
    np.testing.assert_allclose(found.T.rows(0, table.shape[1]), wanted.T, atol=2e-3)


def test_it_converges_to_uniform_marginals():
    rng = np.random.default_rng(0)
    table = rng.uniform(-1, 1, (12, 9)).astype(np.float32)
    plan = np.exp(sinkhorn(Table(table), temperature=0.2, n_iterations=400).rows(0, 12).astype(np.float64))
    np.testing.assert_allclose(plan.sum(axis=1), 1, rtol=1e-3)
    np.testing.assert_allclose(plan.sum(axis=0), 12 / 9, rtol=1e-3)


def test_at_low_temperature_it_is_the_best_assignment():
    # Greedy takes (0, 0) for 0.9 and leaves (1, 1) at -0.9; the best assignment is the other diagonal.
    table = np.array([[0.9, 0.8], [0.8, -0.9]], dtype=np.float32)
    assert top_k(sinkhorn(Table(table), temperature=0.05, n_iterations=200), 1)[0].ravel().tolist() == [1, 0]


def noisy(n: int = 200, noise: float = 0.4) -> np.ndarray:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((n, 16))
    left, right = (hidden + noise * rng.standard_normal((n, 16)) for _ in range(2))
    both = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (left, right)]
    return (both[0] @ both[1].T).astype(np.float32)


def test_a_tenth_of_the_cells_suffices():
    """Nearly every row has the best column of the whole matrix, and longer lists bring more rows to it."""
    table = noisy()
    wanted = dense(table, 0.02, 10)
    off = []
    for k in (5, 20, 60):
        found = sinkhorn(Table(table), k=k).rows(0, len(table))
        off.append(np.abs(found - wanted).mean())
        if k == 20:
            assert (found.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.97
    assert off[0] > off[1] > off[2] and off[2] < 0.05


@pytest.mark.parametrize("k", [3, 8, 200])
def test_identical_entities_have_equal_scores_in_any_order(k):
    """Copies of rows and columns, and rows and columns without any information, have equal scores."""
    table = noisy(30)
    table = np.vstack([table, table[:4], np.zeros((6, 30), dtype=np.float32)])
    table = np.hstack([table, table[:, :3], np.zeros((40, 5), dtype=np.float32)])
    scores = sinkhorn(Table(table), k=k).rows(0, 40)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[30:34], scores[:4], atol=1e-4)
    np.testing.assert_allclose(scores[34:], np.broadcast_to(scores[34], (6, 38)), atol=1e-4)
    np.testing.assert_allclose(scores[:, 30:33], scores[:, :3], atol=1e-4)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(40), rng.permutation(38)
    moved = sinkhorn(Table(table[np.ix_(rows, columns)]), k=k).rows(0, 40)
    np.testing.assert_allclose(moved, scores[np.ix_(rows, columns)], atol=1e-4)


def test_rows_of_equal_cells_count_as_if_all_cells_were_listed():
    """All cells are equal, and what replaces the lists is exact."""
    table = np.zeros((6, 9), dtype=np.float32)
    found = sinkhorn(Table(table), k=2)
    np.testing.assert_allclose(found.rows(0, 6), dense(table, 0.02, 10), atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-50, 50)), max_size=20))
def test_sums_by_group(pairs):
    of = np.array([group for group, _ in pairs], dtype=np.int64)
    values = np.array([value for _, value in pairs])
    found = Groups(of, 5).log_sum_exp(values)
    for group in range(5):
        own = values[of == group]
        wanted = np.logaddexp.reduce(own) if len(own) else -np.inf
        assert found[group] == pytest.approx(wanted)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.floats(-50, 50)), max_size=20))
def test_sums_with_potentials_are_the_same_in_memory_that_is_used_again(cells):
    of, others = (np.array([cell[i] for cell in cells], dtype=np.int64) for i in (0, 1))
    values = np.array([cell[2] for cell in cells])
    groups = Groups(of, 5)
    sums = PotentialSums(groups, values, others, np.empty((2, len(cells))))
    for potentials in (np.array([0.5, -3.0, 7.0]), np.array([1.0, 40.0, -np.inf])):
        with np.errstate(invalid="ignore"):  # a group in which all is minus infinity
            wanted, found = groups.log_sum_exp(values + potentials[others]), sums(potentials)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0}, {"temperature": float("nan")}, {"n_iterations": 0}, {"k": 0}],
    ids=str,
)
def test_impossible_parameters(options):
    with pytest.raises(ParameterError, match="sinkhorn needs a positive temperature"):
        sinkhorn(Table(np.eye(3, dtype=np.float32)), **options)


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(FloatingPointError):
        sinkhorn(Dot(np.full((3, 2), np.nan, np.float32), np.ones((3, 2), np.float32)))
