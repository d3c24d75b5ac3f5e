"""One pass over a similarity, against the plain computation on the whole matrix."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table
from scipy import sparse
from scipy.special import logsumexp

from psqe.errors import ParameterError, PsqeWarning
from psqe.similarity import (
    Dot,
    Shifted,
    SparseDot,
    Sum,
    base,
    find_nearest,
    find_neighbours,
    inverted_file,
    shares,
    top_k,
)
from psqe.similarity import approximate as limits
from psqe.similarity import neighbours as module
from psqe.similarity.base import FEW_CELLS, NO_COLUMN, Remembered
from psqe.similarity.clamped import Clamped
from psqe.similarity.neighbours import TIE_BREAK, updated_neighbours


def tables(*, ties: bool) -> st.SearchStrategy[np.ndarray]:
    """Small matrices; with ``ties`` of few different values."""
    values = st.integers(-2, 2).map(float) if ties else st.floats(-1, 1, width=32)
    shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
    return shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=values))


both = st.one_of(tables(ties=True), tables(ties=False))
temperatures = st.sampled_from([0.02, 0.1, 1.0])


@pytest.fixture(
    params=[(1 << 23, 64), (5, 64), (5, 1)],
    ids=["one block", "many blocks", "many blocks and long lists"],
    autouse=True,
    scope="module",
)
def block_cells(request):
    cells, long = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "BLOCK_CELLS", cells)
        patch.setattr(module, "BLOCK_CELLS", cells)
        patch.setattr(module, "LONG", long)
        yield


def plain_order(row: np.ndarray) -> list[int]:
    return sorted(range(len(row)), key=lambda j: (-row[j], j))


def dense_logs(table: np.ndarray, temperature: float) -> np.ndarray:
    """The logarithms of all shares, from the formula in the module's docstring, in float64."""
    s = table.astype(np.float64) / temperature
    of_row, of_column = np.logaddexp.reduce(s, axis=1), np.logaddexp.reduce(s, axis=0)
    return s - (of_row[:, None] + of_column[None, :]) / 2


def gaussian(n_left: int, n_right: int, seed: int = 0) -> np.ndarray:
    """A table in which some pairs stand out and nothing ties."""
    table = np.random.default_rng(seed).normal(0, 0.2, (n_left, n_right)).astype(np.float32)
    diagonal = np.arange(min(n_left, n_right) // 2)
    table[diagonal, diagonal] += 0.5
    return table


@settings(max_examples=40, deadline=None)
@given(both, st.integers(1, 10))
def test_lists_are_the_stable_sort_cut_off_in_both_directions(table, k):
    found = find_neighbours(Table(table), k=k)
    for indices, scores, m in (
        (found.left_indices, found.left_scores, table),
        (found.right_indices, found.right_scores, table.T),
    ):
        wanted = [plain_order(row)[:k] for row in m]
        assert indices.tolist() == wanted
        np.testing.assert_array_equal(scores, np.take_along_axis(m, np.array(wanted), axis=1))


@settings(max_examples=40, deadline=None)
@given(both)
def test_nearest_margins_and_mutual(table):
    found = find_nearest(Table(table))
    for of, score, margin, m in (
        (found.of_left, found.score_left, found.margin_left, table),
        (found.of_right, found.score_right, found.margin_right, table.T),
    ):
        for i, row in enumerate(m):
            first, *rest = plain_order(row)
            assert of[i] == first and score[i] == row[first]
            assert margin[i] == (row[first] - row[rest[0]] if rest else np.inf)
    rows, columns = found.mutual()
    pairs = {
        (i, j)
        for i in range(table.shape[0])
        for j in range(table.shape[1])
        if plain_order(table[i])[0] == j and plain_order(table[:, j])[0] == i
    }
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == pairs
    smaller = [min(found.margin_left[i], found.margin_right[j]) for i, j in zip(rows, columns, strict=True)]
    assert found.margin(rows, columns).tolist() == smaller


@settings(max_examples=40, deadline=None)
@given(both, st.integers(1, 10), temperatures)
def test_totals_are_over_all_candidates_whatever_is_listed(table, k, temperature):
    found = find_neighbours(Table(table), k=k, temperature=temperature)
    s = table.astype(np.float64) / temperature
    np.testing.assert_allclose(found.left_total, np.logaddexp.reduce(s, axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.right_total, np.logaddexp.reduce(s, axis=0), rtol=1e-5, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(both, temperatures, st.data())
def test_shares_of_pairs_are_those_of_the_whole_matrix(table, temperature, data):
    cells = data.draw(st.lists(st.integers(0, table.size - 1), max_size=12))
    rows, columns = np.divmod(np.array(cells, dtype=np.int64), table.shape[1])
    found = shares(Table(table), rows, columns, temperature=temperature)
    assert found.shape == (len(cells),) and (found >= 0).all() and (found <= 1).all()
    dense = np.exp(dense_logs(table, temperature))
    assert dense.max() <= 1 + 1e-9  # a share by definition: nothing is lost by cutting off at one
    np.testing.assert_allclose(found, dense[rows, columns], rtol=1e-3, atol=1e-6)
    swapped = shares(Table(table.T), columns, rows, temperature=temperature)
    np.testing.assert_allclose(swapped, found, rtol=1e-4, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(both, temperatures)
def test_nearest_by_share_is_the_largest_share_when_all_are_listed(table, temperature):
    similarity = Table(table)
    found = find_neighbours(similarity, k=max(table.shape), temperature=temperature)
    dense = dense_logs(table, temperature)
    tolerance = {"rtol": 1e-5, "atol": 2e-4}
    dense = dense + TIE_BREAK * (table - 1.0)  # settles which of two equal ones comes first
    np.testing.assert_allclose(found.by_share(similarity).rows(0, len(table)), dense, **tolerance)
    found = found.nearest_by_share()
    for of, score, margin, m in (
        (found.of_left, found.score_left, found.margin_left, dense),
        (found.of_right, found.score_right, found.margin_right, dense.T),
    ):
        # Rounding may decide between equals: what counts is that no other has a larger share.
        np.testing.assert_allclose(m[np.arange(len(m)), of], m.max(axis=1), **tolerance)
        np.testing.assert_allclose(score, m.max(axis=1), **tolerance)
        if m.shape[1] > 1:
            first, second = -np.sort(-m, axis=1)[:, :2].T
            np.testing.assert_allclose(margin, first - second, atol=5e-4)


def test_nearest_by_share_names_the_largest_and_is_not_nearest_by_similarity():
    table = gaussian(40, 30)
    found, plain = (
        find_neighbours(Table(table), k=40).nearest_by_share(),
        find_neighbours(Table(table)).nearest(),
    )
    dense = dense_logs(table, module.TEMPERATURE)
    np.testing.assert_array_equal(found.of_left, dense.argmax(axis=1))
    np.testing.assert_array_equal(found.of_right, dense.argmax(axis=0))
    assert (found.of_left != plain.of_left).any()


def test_a_hub_is_nearest_by_similarity_but_not_by_share():
    # Column 0 is near to everybody; the true counterpart of row i is column i.
    table = np.array([[0.9, 0.1, 0.1], [0.8, 0.78, 0.1], [0.8, 0.1, 0.78]], dtype=np.float32)
    found = find_neighbours(Table(table))
    assert found.nearest().of_left.tolist() == [0, 0, 0]
    assert found.nearest_by_share().of_left.tolist() == [0, 1, 2]


def test_an_entity_with_many_equal_candidates_has_a_small_share():
    table = np.eye(10, dtype=np.float32)
    table[9] = 0.3
    found = shares(Table(table), np.arange(10), np.arange(10))
    assert (found[:9] > 0.99).all() and found[9] < 0.5


@settings(max_examples=25, deadline=None)
@given(both, st.integers(1, 10), temperatures)
def test_swapping_the_sides_swaps_the_survey(table, k, temperature):
    here = find_neighbours(Table(table), k=k, temperature=temperature)
    there = find_neighbours(Table(table.T), k=k, temperature=temperature)
    np.testing.assert_array_equal(here.left_indices, there.right_indices)
    np.testing.assert_array_equal(here.right_indices, there.left_indices)
    np.testing.assert_array_equal(here.left_scores, there.right_scores)
    np.testing.assert_allclose(here.left_total, there.right_total, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(here.right_total, there.left_total, rtol=1e-5, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(tables(ties=False), st.integers(0, 99))
def test_shares_do_not_depend_on_the_order_of_the_entities(table, seed):
    rng = np.random.default_rng(seed)
    p, q = rng.permutation(table.shape[0]), rng.permutation(table.shape[1])
    rows, columns = (a.ravel() for a in np.indices(table.shape))
    found = shares(Table(table), rows, columns).reshape(table.shape)
    moved = shares(Table(table[p][:, q]), rows, columns).reshape(table.shape)
    np.testing.assert_allclose(moved, found[p][:, q], rtol=1e-3, atol=1e-6)


def test_a_sum_is_surveyed_like_the_table_it_stands_for():
    rng = np.random.default_rng(0)
    parts = [Dot(*(rng.standard_normal((n, 4)).astype(np.float32) / 4 for n in (12, 9))) for _ in range(2)]
    similarity = Sum(tuple(parts), (0.3, 0.7))
    table = similarity.rows(0, 12)
    rows, columns = np.array([3, 0, 11, 3]), np.array([8, 2, 2, 1])
    wanted = shares(Table(table), rows, columns)
    np.testing.assert_allclose(shares(similarity, rows, columns), wanted, rtol=1e-4)
    np.testing.assert_array_equal(
        find_neighbours(similarity).left_indices, find_neighbours(Table(table)).left_indices
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_an_error(bad):
    table = np.zeros((6, 3), dtype=np.float32)
    table[4, 1] = bad
    first = np.array([4])
    for compute in (find_neighbours, find_nearest, lambda s: shares(s, first, first - 4)):
        with pytest.raises(FloatingPointError, match="not finite in rows"):
            compute(Table(table))


@pytest.mark.parametrize(
    "parameters", [{"k": 0}, {"k": -1}, {"temperature": 0.0}, {"temperature": -1.0}, {"temperature": np.nan}]
)
def test_impossible_parameters(parameters):
    with pytest.raises(ParameterError, match="positive temperature and k of at least 1"):
        find_neighbours(Table(np.eye(3, dtype=np.float32)), **parameters)


# ---- the approximate search


def clustered(n_left: int, n_right: int, dim: int = 16, seed: int = 0) -> Dot:
    """Unit vectors around forty centres; the first ones of both sides are counterparts."""
    rng = np.random.default_rng(seed)
    n = max(n_left, n_right)
    centres = rng.standard_normal((40, dim))
    hidden = centres[rng.integers(40, size=n)] + 0.5 * rng.standard_normal((n, dim))
    sides = [hidden[:m] + 0.1 * rng.standard_normal((m, dim)) for m in (n_left, n_right)]
    return Dot(*((v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in sides))


@pytest.fixture
def approximate(monkeypatch):
    """A search that is approximate for these small sides, and visits few of the cells."""
    monkeypatch.setattr(limits, "EXACT", 100)
    monkeypatch.setattr(inverted_file, "SMALLEST", 64)
    monkeypatch.setattr(inverted_file, "N_VISITED", 400)


def test_the_search_finds_nearly_what_all_pairs_give(approximate):
    similarity = clustered(1500, 1200)
    found = find_neighbours(similarity, k=16)
    exact = find_neighbours(similarity.take(np.arange(5), None), k=16)  # few enough pairs: all are compared
    np.testing.assert_array_equal(exact.left_indices[:, 0], found.left_indices[:5, 0])
    assert found.left_indices.shape == (1500, 16) and found.right_indices.shape == (1200, 16)
    for side in ("left", "right"):
        indices, scores = getattr(found, f"{side}_indices"), getattr(found, f"{side}_scores")
        whole = similarity if side == "left" else similarity.T
        cells = whole.left @ whole.right.T
        wanted = np.argsort(-cells, axis=1, kind="stable")[:, :16]
        assert (indices[:, 0] == wanted[:, 0]).mean() > 0.99
        common = [len(set(a) & set(b)) for a, b in zip(indices.tolist(), wanted.tolist(), strict=True)]
        assert np.mean(common) > 0.98 * 16
        assert (np.diff(scores, axis=1) <= 0).all()
        np.testing.assert_allclose(scores, np.take_along_axis(cells, indices, axis=1), atol=1e-5)
        # Of the sum over all candidates the nearest make nearly everything.
        total = logsumexp(cells.astype(np.float64) / module.TEMPERATURE, axis=1)
        of_found = getattr(found, f"{side}_total")
        assert (of_found <= total + 1e-3).all() and np.median(total - of_found) < 0.1


def test_the_search_repeats_to_the_byte(approximate):
    similarity = clustered(300, 250)
    here, there = (vars(find_neighbours(Dot(similarity.left, similarity.right))) for _ in range(2))
    for key, value in here.items():
        assert np.asarray(value).tobytes() == np.asarray(there[key]).tobytes(), key


def test_the_search_is_made_once_and_known_from_both_sides(approximate, monkeypatch):
    similarity = clustered(300, 250)
    found = find_neighbours(similarity, k=4)
    monkeypatch.setattr(module, "search", lambda *_, **__: pytest.fail("searched again"))
    again = find_neighbours(similarity.T, k=4)
    np.testing.assert_array_equal(again.left_indices, found.right_indices)
    np.testing.assert_array_equal(again.right_scores, found.left_scores)
    share = shares(similarity, np.array([3]), found.left_indices[3, :1])
    assert 0 < share[0] <= 1


@pytest.mark.parametrize("n_shards", [2, 7])
def test_shards_are_merged_without_loss(n_shards):
    """Where each shard compares all, so does the whole: small shards are no inverted files."""
    similarity = clustered(70, 60)
    similarity.right[30:34] = similarity.right[2]  # ties across shards
    whole = limits.search(similarity, 5, temperature=0.1)
    merged = limits.search(similarity, 5, temperature=0.1, n_shards=n_shards)
    np.testing.assert_array_equal(merged.indices, whole.indices)
    np.testing.assert_array_equal(merged.scores, whole.scores)
    wanted, scores = top_k(similarity, 5)
    np.testing.assert_allclose(whole.scores, scores, atol=1e-6)
    assert (whole.indices == wanted).mean() > 0.97  # a product in a block may round otherwise
    task = pickle.loads(pickle.dumps((similarity, slice(0, 30), 5)))
    shard = limits.search_shard(*task, temperature=0.1)
    assert shard.indices.max() < 30


def test_one_side_may_be_small_where_the_other_is_searched(approximate):
    """Fewer vectors than an inverted file would have cells."""
    similarity = clustered(2000, 6)
    found, exact = find_neighbours(similarity), find_neighbours(Table(similarity.rows(0, 2000)))
    np.testing.assert_array_equal(found.left_indices, exact.left_indices)
    assert (found.right_indices[:, 0] == exact.right_indices[:, 0]).mean() > 0.8


def test_the_search_refuses_what_is_not_finite(approximate):
    similarity = clustered(150, 150)
    similarity.right[7, 3] = np.nan
    with pytest.raises(FloatingPointError, match="not finite"):
        find_neighbours(similarity)


def test_only_many_pairs_are_searched(monkeypatch):
    """Up to the limit nothing is approximate."""
    monkeypatch.setattr(module, "search", lambda *_, **__: pytest.fail("searched"))
    similarity = clustered(100, 60)
    monkeypatch.setattr(limits, "EXACT", 100)
    find_neighbours(similarity)
    find_neighbours(Sum((similarity,), (1.0,)))
    monkeypatch.setattr(limits, "EXACT", 10)
    with pytest.raises(pytest.fail.Exception, match="searched"):
        find_neighbours(Sum((similarity,), (1.0,)))


def few_neighbours(n: int, n_columns: int, rng: np.random.Generator) -> sparse.csr_array:
    table = sparse.random_array((n, n_columns), density=0.05, rng=rng, dtype=np.float32)
    return sparse.csr_array(table)


def test_a_sum_of_unlike_parts_is_searched_by_each_of_them(approximate):
    rng = np.random.default_rng(0)
    features = clustered(400, 300)
    walks = SparseDot(few_neighbours(400, 40, rng), few_neighbours(300, 40, rng))
    similarity = Sum((Sum((features, features), (0.5, 0.5)), walks), (1.0, 0.3))
    cells = similarity.rows(0, 400)
    for known in (False, True):
        if known:
            find_neighbours(similarity.parts[0])
        found = find_neighbours(Sum(similarity.parts, similarity.weights), k=3)
        assert (found.left_indices[:, 0] == cells.argmax(axis=1)).mean() > 0.99
        assert (found.right_indices[:, 0] == cells.argmax(axis=0)).mean() > 0.99
        assert all(len(set(row)) == 3 for row in found.left_indices.tolist())
        np.testing.assert_allclose(
            found.left_scores, np.take_along_axis(cells, found.left_indices, axis=1), atol=1e-5
        )


@pytest.mark.parametrize("kind", ["dot", "sparse", "sum", "shifted", "remembered", "clamped"])
def test_cells_are_those_of_the_rows(kind):
    rng = np.random.default_rng(0)
    dot = clustered(30, 20)
    walks = SparseDot(few_neighbours(30, 9, rng), few_neighbours(20, 9, rng))
    offsets = (rng.standard_normal(n).astype(np.float32) for n in dot.shape)
    pairs = np.arange(30) % 7 - 1, np.arange(20) % 7 - 1
    similarity = {
        "dot": dot,
        "sparse": walks,
        "sum": Sum((dot, walks), (1.0, -0.5)),
        "shifted": Shifted(dot, -2.0, *offsets),
        "remembered": Remembered(dot),
        "clamped": Clamped(dot, *pairs),
    }[kind]
    for n_cells in (1, 4, FEW_CELLS, 3 * FEW_CELLS):
        rows, columns = np.array([3, 3, 29]), rng.integers(20, size=(3, n_cells))
        wanted = similarity.rows(0, 30)[rows[:, None], columns]
        np.testing.assert_allclose(similarity.cells(rows, columns), wanted, atol=1e-6)
    largest = similarity.proposer(20, slice(4, 15))(0, 30)
    assert largest.min() >= -1 and largest.max() < 15
    if kind in ("dot", "shifted", "clamped"):
        assert (np.sort(largest, axis=1) == np.arange(4, 15)).all()


def test_sparse_vectors_are_not_compared_in_dimensions_that_too_many_share(monkeypatch):
    # All four rows and columns share the first dimension; the first row and the first column share another.
    vectors = sparse.csr_array(np.array([[1, 1], [1, 0], [1, 0], [1, 0]], dtype=np.float32))
    walks = SparseDot(vectors, vectors)
    monkeypatch.setattr("psqe.similarity.base.MOST_PRODUCTS", 4 * 4 + 1)
    assert (walks.proposer(4, slice(0, 4))(0, 4) >= 0).all()
    monkeypatch.setattr("psqe.similarity.base.MOST_PRODUCTS", 4 * 4)
    proposed = walks.proposer(4, slice(0, 4))(0, 4)
    assert proposed[0, 0] == 0 and (proposed.ravel()[1:] == NO_COLUMN).all()


def unit(vectors) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(("dim", "spread"), [(2, 1.0), (3, 1.0), (32, 0.03), (32, 0.1)])
def test_vectors_that_short_codes_cannot_tell_apart_are_found(monkeypatch, dim, spread):
    """They have few dimensions, or lie close together, so that short codes alone miss many of them."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((20, dim))
    hidden = centres[rng.integers(20, size=6000)] + spread * rng.standard_normal((6000, dim))
    similarity = Dot(unit(hidden[:200]), unit(hidden + 0.02 * spread * rng.standard_normal((6000, dim))))
    exact = find_neighbours(similarity, k=4)
    monkeypatch.setattr(limits, "EXACT", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = find_neighbours(similarity, k=4)
    codes = inverted_file._searchable(similarity.right, inverted_file.kept_of_vectors(dim)[0])
    assert inverted_file._share_found(codes, similarity.left, similarity.right, 72) < 0.9
    # Vectors of two dimensions are so near to each other that rounding decides which of them comes first.
    scores = similarity.cells(np.arange(200), found.left_indices)
    assert (scores >= exact.left_scores - 2 * np.finfo(np.float32).eps).mean() > 0.98
    assert (np.diff(np.sort(found.left_indices, axis=1), axis=1) > 0).all(), "each entity once"


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ([0.98], ["PQ80x4fs"]),
        ([0.97, 0.9], ["PQ80x4fs", "PQ160x4fs"]),
        ([0.97, 0.8, 0.9], ["PQ80x4fs", "PQ160x4fs", "SQ8"]),
    ],
)
def test_the_smallest_is_kept_that_finds_enough_and_few_codes_must_find_nearly_all(
    monkeypatch, shares, wanted
):
    tried, found = [], iter(shares)
    monkeypatch.setattr(inverted_file, "_searchable", lambda vectors, kept: tried.append(kept.name))
    monkeypatch.setattr(inverted_file, "_share_found", lambda *_: next(found))
    vectors = np.zeros((inverted_file.SMALLEST, 160), np.float32)
    inverted_file.inverted_file(vectors, vectors, 30)
    assert tried == wanted


def test_a_search_that_misses_much_says_so(monkeypatch):
    monkeypatch.setattr(limits, "EXACT", 100)
    monkeypatch.setattr(limits, "MARGIN", 0)
    monkeypatch.setattr(inverted_file, "N_VISITED", 1)
    monkeypatch.setattr(inverted_file, "SHARE_VISITED", 0.0)
    rng = np.random.default_rng(0)
    sides = (unit(rng.standard_normal((2000, 64))) for _ in range(2))
    with pytest.warns(PsqeWarning, match=r"finds \d+% of the nearest entities of a sample of 128 entities"):
        find_neighbours(Dot(*sides), k=4)


def test_vectors_without_dimensions_and_vectors_that_are_too_long(monkeypatch):
    monkeypatch.setattr(limits, "EXACT", 100)
    empty = np.zeros((2000, 0), np.float32)
    assert find_neighbours(Dot(empty, empty), k=2).left_indices[7].tolist() == [0, 1]
    long = np.full((2000, 4), 1e20, np.float32)
    with pytest.raises(FloatingPointError, match="some vectors are too long"):
        find_neighbours(Dot(long, long), k=2)


@pytest.mark.parametrize("whole", [False, True])
def test_a_row_that_resembles_no_column_lists_the_first_columns_as_an_exact_search_does(monkeypatch, whole):
    rng = np.random.default_rng(0)
    dot = clustered(300, 200)
    dot.left[[3, 250]] = 0
    walks = SparseDot(few_neighbours(300, 40, rng), few_neighbours(200, 40, rng))
    walks.left.data[walks.left.indptr[3] : walks.left.indptr[4]] = 0
    task = Sum((dot, walks), (1.0, 0.1)) if whole else walks
    exact = find_neighbours(task, k=4)
    monkeypatch.setattr(limits, "EXACT", 100)
    found = find_neighbours(task, k=4)
    assert np.isfinite(found.left_scores[:, 0]).all() and np.isfinite(found.right_scores[:, 0]).all()
    assert found.left_indices[3].tolist() == exact.left_indices[3].tolist() == [0, 1, 2, 3]


@given(both, st.data())
@settings(max_examples=40)
def test_lists_brought_up_to_date_are_those_of_a_search_where_every_pair_is_old_or_changed(
    block: np.ndarray, data: st.DataObject
) -> None:
    """A changed row sees all columns, and every other row its old pairs and the changed columns."""
    n_left, n_right = block.shape
    of_side = [data.draw(st.sets(st.integers(0, n - 1))) for n in block.shape]
    changed = [np.array(sorted(own), dtype=np.int64) for own in of_side]
    old = [
        (i, j)
        for i in range(n_left)
        for j in range(n_right)
        if i not in of_side[0] and j not in of_side[1] and data.draw(st.booleans())
    ]
    rows, columns = np.array(old, dtype=np.int64).reshape(-1, 2).T
    similarity = Table(block)
    found = updated_neighbours(similarity, rows, columns, *changed, k=max(block.shape))
    assert similarity.known is found
    few = [
        np.flatnonzero(np.bincount(own, minlength=n) < min(max(block.shape), m) / 4)
        for own, n, m in ((rows, n_left, n_right), (columns, n_right, n_left))
    ]
    seen = np.zeros(block.shape, dtype=bool)
    seen[rows, columns] = True
    seen[np.union1d(changed[0], few[0])] = True
    seen[:, np.union1d(changed[1], few[1])] = True
    wanted = np.where(seen, block, -np.inf)
    assert np.array_equal(found.left_scores, -np.sort(-wanted, axis=1))
    assert np.array_equal(found.right_scores, -np.sort(-wanted.T, axis=1))
    listed = np.isfinite(found.left_scores)
    at_index = np.take_along_axis(block, found.left_indices, axis=1)
    assert np.array_equal(at_index[listed], found.left_scores[listed])
    totals = logsumexp(wanted / found.temperature, axis=1, b=seen)
    filled = seen.any(axis=1)
    assert np.allclose(found.left_total[filled], totals[filled], atol=1e-4)
    assert find_neighbours(similarity, k=1).left_indices.tolist() == found.first(1).left_indices.tolist()
