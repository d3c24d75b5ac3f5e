"""Matching in blocks, against the plain computation on the whole matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.errors import ParameterError
from psqe.similarity import Dot, Shifted, base, csls, greedy_one_to_one, largest_cells, mutual_nearest, top_k


def tables(*, ties: bool) -> st.SearchStrategy[np.ndarray]:
    """Small matrices; with ``ties`` of few different values."""
    values = st.integers(-2, 2).map(float) if ties else st.floats(-1, 1, width=32)
    shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
    return shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=values))


both = st.one_of(tables(ties=True), tables(ties=False))


@pytest.fixture(params=[1 << 23, 5], ids=["one block", "many blocks"], autouse=True, scope="module")
def block_cells(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "BLOCK_CELLS", request.param)
        yield


def plain_order(row: np.ndarray) -> list[int]:
    return sorted(range(len(row)), key=lambda j: (-row[j], j))


@settings(max_examples=60, deadline=None)
@given(both, st.integers(1, 10))
def test_top_k_is_the_stable_sort_cut_off(table, k):
    indices, scores = top_k(Table(table), k)
    wanted = [plain_order(row)[:k] for row in table]
    assert indices.tolist() == wanted
    np.testing.assert_array_equal(scores, np.take_along_axis(table, np.array(wanted), axis=1))


@settings(max_examples=60, deadline=None)
@given(both)
def test_mutual_nearest_cell_by_cell(table):
    """Of equal ones the first is nearest, in rows and in columns."""
    rows, columns = mutual_nearest(Table(table))
    of_row = [plain_order(row)[0] for row in table]
    of_column = [plain_order(column)[0] for column in table.T]
    wanted = [(i, j) for i, j in enumerate(of_row) if of_column[j] == i]
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_is_nearest_to_nobody(shape):
    rows, columns = mutual_nearest(Table(np.zeros(shape, dtype=np.float32)))
    assert rows.shape == columns.shape == (0,) and rows.dtype == columns.dtype == np.int64


@settings(max_examples=60, deadline=None)
@given(both, st.integers(1, 100))
def test_largest_cells_is_the_stable_sort_of_all_cells(table, n):
    rows, columns, scores = largest_cells(Table(table), n)
    wanted = np.array(plain_order(table.ravel())[:n])
    assert (rows * table.shape[1] + columns).tolist() == wanted.tolist()
    np.testing.assert_array_equal(scores, table.ravel()[wanted])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30),
    st.integers(0, 8),
    st.sets(st.integers(0, 6)),
)
def test_greedy_keeps_the_first_free_pair(pairs, n, taken):
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    used = np.isin(np.arange(7), list(taken))
    kept = greedy_one_to_one(rows, columns, n, used_left=used, used_right=np.zeros(7, dtype=bool))
    left, right, wanted = set(taken), set(), []
    for position, (i, j) in enumerate(pairs):
        if len(wanted) < n and i not in left and j not in right:
            wanted.append(position)
            left.add(i)
            right.add(j)
    assert kept.tolist() == wanted
    assert set(np.flatnonzero(used)) == left
    if not taken:
        assert greedy_one_to_one(rows, columns, n).tolist() == wanted


@settings(max_examples=40, deadline=None)
@given(both, st.integers(1, 4))
def test_csls_against_its_formula(table, k):
    of_left = np.sort(table, axis=1)[:, ::-1][:, :k].mean(axis=1)
    of_right = np.sort(table, axis=0)[::-1][:k].mean(axis=0)
    dense = 2 * table - of_left[:, None] - of_right[None, :]
    similarity = csls(Table(table), k)
    np.testing.assert_allclose(similarity.rows(0, len(table)), dense, atol=1e-5)
    np.testing.assert_allclose(similarity.T.rows(0, table.shape[1]), dense.T, atol=1e-5)


def test_csls_takes_a_hubs_advantage_away():
    # Column 0 is near to everybody; the true counterpart of row i is column i.
    table = np.array([[0.9, 0.1, 0.1], [0.8, 0.7, 0.1], [0.8, 0.1, 0.7]], dtype=np.float32)
    assert top_k(Table(table), 1)[0].ravel().tolist() == [0, 0, 0]
    assert top_k(csls(Table(table), 2), 1)[0].ravel().tolist() == [0, 1, 2]


def test_dot_and_shifted():
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((n, 3)).astype(np.float32) for n in (5, 4))
    dense = left @ right.T
    similarity = Dot(left, right)
    assert similarity.shape == (5, 4) and similarity.T.shape == (4, 5)
    np.testing.assert_allclose(np.vstack([b for _, b in similarity.blocks()]), dense, rtol=1e-5)
    np.testing.assert_allclose(np.vstack([b for _, b in similarity.T.blocks()]), dense.T, rtol=1e-5)
    f, g = rng.standard_normal(5).astype(np.float32), rng.standard_normal(4).astype(np.float32)
    shifted = Shifted(similarity, 3.0, f, g)
    assert shifted.shape == (5, 4) and shifted.T.shape == (4, 5)
    np.testing.assert_allclose(shifted.rows(1, 3), (3 * dense + f[:, None] + g)[1:3], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shifted.T.T.rows(0, 5), 3 * dense + f[:, None] + g, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_an_error(bad):
    table = np.zeros((6, 3), dtype=np.float32)
    table[4, 1] = bad
    for compute in (lambda s: top_k(s, 1), csls, lambda s: largest_cells(s, 2)):
        with pytest.raises(FloatingPointError, match="not finite in rows"):
            compute(Table(table))


def test_blocks_are_no_larger_than_asked(monkeypatch):
    monkeypatch.setattr(base, "BLOCK_CELLS", 12)
    table = np.arange(35, dtype=np.float32).reshape(7, 5)
    blocks = list(Table(table).blocks())
    assert [start for start, _ in blocks] == [0, 2, 4, 6]
    np.testing.assert_array_equal(np.vstack([block for _, block in blocks]), table)


@pytest.mark.parametrize(
    "compute",
    [
        lambda s: csls(s, 0),
    ],
)
def test_impossible_parameters(compute):
    with pytest.raises(ParameterError):
        compute(Table(np.eye(3, dtype=np.float32)))
