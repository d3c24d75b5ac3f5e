"""Shortlists agree with plain loops over the whole matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table
from scipy import sparse

from psqe.errors import DataError
from psqe.similarity import SparseDot, approximate, csls
from psqe.similarity.csls import CSLS_K
from psqe.similarity.shortlist import Shortlist

values = st.one_of(st.integers(-2, 2).map(float), st.floats(-1, 1, width=32))
tables = st.tuples(st.integers(1, 8), st.integers(1, 8)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=values)
)


def plain_top(row, k: int) -> list[int]:
    return sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(1, 9))
def test_the_nearest_of_each_entity_are_listed(table, k):
    listed = Shortlist.from_similarity(Table(table), k=k)
    wanted = {(i, j) for i, row in enumerate(table) for j in plain_top(row, k)}
    wanted |= {(i, j) for j, column in enumerate(table.T) for i in plain_top(column, k)}
    assert list(zip(listed.rows.tolist(), listed.columns.tolist(), strict=True)) == sorted(wanted)
    np.testing.assert_array_equal(listed.values, table[listed.rows, listed.columns])
    for lists, one in zip(listed.nearest, (table, table.T), strict=True):
        np.testing.assert_array_equal(lists, -np.sort(-one, axis=1)[:, :k])


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(1, 9), st.randoms(use_true_random=False))
def test_sums_and_best_pairs_of_each_entity(table, k, random):
    listed = Shortlist.from_similarity(Table(table), k=k)
    x = np.array([random.choice((-900.0, 0.0, 0.5, 1.0, 700.0)) for _ in range(len(listed))])
    for ends, entity, n in (
        (listed.by_row, listed.rows, len(table)), (listed.by_column, listed.columns, table.shape[1])
    ):  # fmt: skip
        totals, (first, second) = ends.log_sum_exp(x), ends.two_best(x)
        leads = ends.lead(x)[1]
        for e in range(n):
            own = np.flatnonzero(entity == e)
            assert totals[e] == pytest.approx(x[own].max() + np.log(np.exp(x[own] - x[own].max()).sum()))
            order = sorted(own.tolist(), key=lambda p: (-x[p], p))
            assert first[e] == order[0]
            assert second[e] == (order[1] if len(order) > 1 else -1)
            assert leads[e] == (x[order[0]] - x[order[1]] if len(order) > 1 else np.inf)


def test_csls_is_that_of_the_whole_matrix():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((40, 30)).astype(np.float32)
    listed = Shortlist.from_similarity(Table(table), k=CSLS_K)
    whole = csls(Table(table), CSLS_K).rows(0, 40)
    assert len(listed) < table.size
    np.testing.assert_allclose(listed.csls(), whole[listed.rows, listed.columns], atol=1e-5)


def test_what_an_approximate_search_does_not_find_is_not_listed(monkeypatch):
    """Some entities find fewer than k neighbours, and the empty places are no pairs."""
    monkeypatch.setattr(approximate, "EXACT", 10)
    rng = np.random.default_rng(0)
    walks = (rng.random((60, 40)) * (rng.random((60, 40)) < 0.04)).astype(np.float32)
    similarity = SparseDot(sparse.csr_array(walks), sparse.csr_array(walks))
    listed = Shortlist.from_similarity(similarity, k=8)
    assert np.isneginf(listed.nearest.left).any()
    assert np.isfinite(listed.values).all() and np.isfinite(listed.csls()).all()
    np.testing.assert_allclose(
        listed.values, (walks @ walks.T)[listed.rows, listed.columns], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_empty_side(shape):
    with pytest.raises(DataError, match=f"no pairs of {shape[0]} left and {shape[1]} right"):
        Shortlist.from_similarity(Table(np.empty(shape, np.float32)))
