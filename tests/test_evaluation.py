"""Ranks and metrics against slow, plain recomputation."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table, relabelled, tiny, with_fewer_candidates, without_links

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError
from psqe.evaluation import Ranks, embedding_scorer, evaluate, feature_scorer, ranks
from psqe.evaluation.regions import Regions, all_regions
from psqe.features.base import Features
from psqe.similarity import Dot, base, csls, matched
from psqe.similarity.base import Remembered, Shifted, Sum
from psqe.similarity.sinkhorn import sinkhorn


@settings(max_examples=80, deadline=None)
@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(-2, 2).map(float)
    ),
    st.data(),
)
def test_ranks_by_counting(table, data):
    n_left, n_right = table.shape
    queries = data.draw(st.lists(st.integers(0, n_left - 1), min_size=1, unique=True))
    answers = [data.draw(st.integers(0, n_right - 1)) for _ in queries]
    found = ranks(Table(table), np.array(queries), np.array(answers))
    for k, (i, j) in enumerate(zip(queries, answers, strict=True)):
        others = [table[i, c] for c in range(n_right) if c != j]
        better, equal = sum(o > table[i, j] for o in others), sum(o == table[i, j] for o in others)
        assert found.optimistic[k] == 1 + better
        assert found.pessimistic[k] == 1 + better + equal
        assert found.realistic[k] == 1 + better + equal / 2


SCORES = arrays(
    np.float32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(-2, 2).map(float)
)


@settings(max_examples=120, deadline=None)
@given(SCORES, st.data())
def test_filtered_ranks_by_counting(table, data):
    """The best true column of a row is ranked among the columns that are not true."""
    n_left, n_right = table.shape
    cell = st.tuples(st.integers(0, n_left - 1), st.integers(0, n_right - 1))
    asked = data.draw(st.lists(cell, min_size=1, unique=True))
    known = data.draw(st.lists(cell))
    found = ranks(
        Table(table),
        *np.array(asked).T,
        known=tuple(np.array(known, dtype=np.int64).reshape(-1, 2).T),
    )
    rows = list(dict.fromkeys(row for row, _ in asked))
    assert len(found.optimistic) == len(found.pessimistic) == len(rows)
    for k, row in enumerate(rows):
        best = max(table[i, j] for i, j in asked if i == row)
        true = {j for i, j in [*asked, *known] if i == row}
        others = [table[row, j] for j in range(n_right) if j not in true]
        assert found.optimistic[k] == 1 + sum(other > best for other in others)
        assert found.pessimistic[k] == 1 + sum(other >= best for other in others)


def several(planted):
    """The planted pair with further true counterparts on either side, and the links in another order."""
    task, features = planted
    left, right = task.links[:6, 0], task.links[:6, 1]
    more = np.concatenate([np.column_stack([left, right[::-1]]), np.column_stack([left[:2], right[[3, 4]]])])
    return replace(task, links=np.concatenate([task.links, more])), features


def test_a_query_with_several_counterparts_is_asked_once(planted):
    task, features = several(planted)
    assert len(task.links) > len(planted[0].links)
    scorer = feature_scorer(task, features)
    report = evaluate(task, scorer, regions=all_regions(task, features))
    left, right = task.left.candidates.tolist(), task.right.candidates.tolist()
    s = scorer(np.array(left), np.array(right)).rows(0, len(left))
    for direction, table, pairs in (
        ("l2r", s, [(left.index(a), right.index(b)) for a, b in task.links.tolist()]),
        ("r2l", s.T, [(right.index(b), left.index(a)) for a, b in task.links.tolist()]),
    ):
        found = []
        for query in {query for query, _ in pairs}:
            true = {answer for other, answer in pairs if other == query}
            best = max(table[query, answer] for answer in true)
            others = np.array([x for j, x in enumerate(table[query]) if j not in true])
            found.append(1 + (others > best + 1e-6).sum() + (abs(others - best) <= 1e-6).sum() / 2)
        metrics = report["metrics"][direction]["full"]
        assert metrics["hits@1"] == pytest.approx(np.mean([rank <= 1 for rank in found]))
        assert metrics["mrr"] == pytest.approx(np.mean([1 / rank for rank in found]))
    n = sum(values["n"] for values in report["regions"]["degree"].values())
    assert n == len(set(task.links[:, 0].tolist()))
    again = evaluate(replace(task, links=task.links[::-1]), scorer)["metrics"]
    for direction in ("l2r", "r2l"):
        assert again[direction]["full"] == pytest.approx(report["metrics"][direction]["full"])


def test_a_counterpart_that_is_not_tested_is_no_wrong_answer():
    """Protocol peer tests on the last links; what an earlier one says is true all the same."""
    task, _ = tiny(4, 4)
    links = np.array([[0, 1], [1, 1], [0, 0]])  # of these, the last two are tested
    scores = np.full((4, 4), -1, dtype=np.float32)
    scores[0, 1], scores[0, 0], scores[1, 1] = 3, 1, 2

    def scorer(rows, columns):
        return Table(scores[np.ix_(rows, columns)])

    report = evaluate(replace(task, links=links), scorer)["metrics"]
    assert report["l2r"]["peer"]["hits@1"] == report["r2l"]["peer"]["hits@1"] == 1
    assert report["l2r"]["full"]["hits@1"] == report["r2l"]["full"]["hits@1"] == 1


def test_ranks_in_many_blocks_are_those_in_one(monkeypatch):
    rng = np.random.default_rng(0)
    table = rng.integers(-3, 4, (30, 20)).astype(np.float32)
    queries, answers = rng.permutation(30)[:25], rng.integers(20, size=25)
    whole = ranks(Table(table), queries, answers)
    monkeypatch.setattr(base, "BLOCK_CELLS", 45)
    blocks = ranks(Table(table), queries, answers)
    np.testing.assert_array_equal(whole.optimistic, blocks.optimistic)
    np.testing.assert_array_equal(whole.pessimistic, blocks.pessimistic)


@pytest.mark.parametrize("scale", [1.0, 60.0, 1000.0])
def test_rounding_is_a_tie_at_any_scale(scale):
    """Equal rows differ in the last bits of a float32, which at Sinkhorn's scores exceed 1e-6."""
    near = np.nextafter(np.float32(scale), np.float32(0))
    found = ranks(Table(np.array([[scale, near, 0]], dtype=np.float32)), np.array([0]), np.array([0]))
    assert found.optimistic.tolist() == [1] and found.pessimistic.tolist() == [2]
    apart = ranks(Table(np.array([[scale, 0.999 * scale]], dtype=np.float32)), np.array([0]), np.array([0]))
    assert apart.pessimistic.tolist() == [1]


def test_look_alikes_tie_under_every_matching():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9, 33)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    right = np.vstack([x, x[4:5]])
    for similarity in (Dot(x, right), csls(Dot(x, right), 3), sinkhorn(Dot(x, right))):
        found = ranks(similarity, np.arange(9), np.arange(9))
        assert found.optimistic.tolist() == [1] * 9
        assert found.pessimistic.tolist() == [1, 1, 1, 1, 2, 1, 1, 1, 1]


def test_a_tie_is_as_large_as_the_unit_of_the_scores():
    """Where a temperature has divided scores, rounding is larger, however small the scores are."""
    near, far = (Table(np.array([[0.5, 0.5 + by]], dtype=np.float32)) for by in (5e-7, 1e-3))
    none = np.zeros(1, dtype=np.float32)
    for wrapped in (lambda s: s, Remembered, lambda s: Sum((s,), (1.0,))):
        for table, rank in ((near, 1), (far, 2)):
            offset = np.full(2, -25, dtype=np.float32)  # the scores are about 0
            scored = wrapped(Shifted(table, 50.0, none, offset))
            assert scored.unit == 50
            found = ranks(scored, np.array([0]), np.array([0]))
            assert found.optimistic.tolist() == [rank] and found.pessimistic.tolist() == [2]


def test_metrics_by_hand():
    found = Ranks(np.array([1, 1, 4, 11]), np.array([1, 2, 8, 11])).metrics()
    assert found == pytest.approx(
        {"hits@1": 1 / 4, "hits@5": 2 / 4, "hits@10": 3 / 4, "mrr": (1 + 1 / 1.5 + 1 / 6 + 1 / 11) / 4}
    )
    assert Ranks(np.array([1]), np.array([6])).metrics("optimistic")["hits@1"] == 1
    assert Ranks(np.array([1]), np.array([6])).metrics("pessimistic")["hits@5"] == 0


def constant(value: float):
    """A scorer that gives everybody the same score."""
    return lambda rows, columns: Table(np.full((len(rows), len(columns)), value, dtype=np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_an_error(planted, bad):
    """NaN compares false with everything and would score Hits@1 = 1.000."""
    with pytest.raises(FloatingPointError):
        evaluate(planted[0], constant(bad))


def test_knowing_nothing_scores_nothing(planted):
    """All scores equal: optimistic ranks would call that perfect."""
    task, _ = planted
    report = evaluate(task, constant(0.5))
    for direction, side in (("l2r", task.right), ("r2l", task.left)):
        assert report["metrics"][direction]["full"]["hits@1"] == 0
        assert report["metrics"][direction]["full"]["mrr"] == pytest.approx(2 / (1 + len(side.candidates)))
        assert report["ties"][direction] == {"optimistic": 1, "pessimistic": 0}


def plain_metrics(scores: np.ndarray, answer: list[int]) -> dict[str, float]:
    """Hits and MRR of the rows of ``scores`` by counting."""
    found = []
    for row, true in zip(scores, answer, strict=True):
        better = sum(1 for x in row if x > row[true] + 1e-6)
        equal = sum(1 for k, x in enumerate(row) if k != true and abs(x - row[true]) <= 1e-6)
        found.append(1 + better + equal / 2)
    n = len(found)
    return {
        **{f"hits@{k}": sum(r <= k for r in found) / n for k in (1, 5, 10)},
        "mrr": sum(1 / r for r in found) / n,
    }


def plain_csls(s: np.ndarray, k: int) -> np.ndarray:
    of_left = np.array([np.mean(sorted(row)[::-1][:k]) for row in s])
    of_right = np.array([np.mean(sorted(column)[::-1][:k]) for column in s.T])
    return 2 * s - of_left[:, None] - of_right[None, :]


def test_both_protocols_by_plain_recomputation(planted):
    task, features = with_fewer_candidates(planted)
    scorer = feature_scorer(task, features)
    report = evaluate(task, scorer)
    links = task.links.tolist()

    left, right = task.left.candidates.tolist(), task.right.candidates.tolist()
    s = scorer(np.array(left), np.array(right)).rows(0, len(left))
    rows, columns = [left.index(i) for i, _ in links], [right.index(j) for _, j in links]
    assert len(left) > len(links) < len(right)  # dangling entities are candidates
    assert report["metrics"]["l2r"]["full"] == pytest.approx(plain_metrics(s[rows], columns))
    assert report["metrics"]["r2l"]["full"] == pytest.approx(plain_metrics(s.T[columns], rows))

    tested = links[-round(0.7 * len(links)) :]
    left, right = [i for i, _ in tested], [j for _, j in tested]
    s = plain_csls(scorer(np.array(left), np.array(right)).rows(0, len(left)), 3)  # as the published models
    everyone = list(range(len(tested)))
    assert report["metrics"]["l2r"]["peer"] == pytest.approx(plain_metrics(s, everyone))
    assert report["metrics"]["r2l"]["peer"] == pytest.approx(plain_metrics(s.T, everyone))


@pytest.mark.parametrize("kind", ["csls", "sinkhorn"])
def test_matching_changes_the_full_protocol_only(planted, kind):
    task, features = planted
    scorer = feature_scorer(task, features)
    plain, changed = evaluate(task, scorer), evaluate(task, scorer, matching=kind)
    left, right = task.left.candidates, task.right.candidates
    s = scorer(left, right).rows(0, len(left))
    dense = plain_csls(s, 10) if kind == "csls" else sinkhorn(Table(s)).rows(0, len(left))
    rows, columns = np.searchsorted(left, task.links[:, 0]), np.searchsorted(right, task.links[:, 1])
    for direction, scores, answers in (("l2r", dense[rows], columns), ("r2l", dense.T[columns], rows)):
        assert changed["metrics"][direction]["full"] == pytest.approx(plain_metrics(scores, answers))
        assert changed["metrics"][direction]["peer"] == plain["metrics"][direction]["peer"]


def test_perfect_scores_and_directions():
    """One left entity is everybody's favourite: that hurts one direction only."""
    task, _ = tiny(4, 4, links=True)
    s = np.eye(4, dtype=np.float32)
    s[0] = [1, 2, 2, 2]

    def scorer(rows, columns):
        return Table(s[np.ix_(rows, columns)])

    metrics = evaluate(task, scorer)["metrics"]
    assert metrics["l2r"]["full"]["hits@1"] == 0.75
    assert metrics["r2l"]["full"]["hits@1"] == 0.25


def test_regions_by_plain_recomputation(planted):
    task, features = planted
    scorer = feature_scorer(task, features)
    regions = all_regions(task, features)
    report = evaluate(task, scorer, regions=regions)
    left, right = task.left.candidates.tolist(), task.right.candidates.tolist()
    s = scorer(np.array(left), np.array(right)).rows(0, len(left))
    for kind, r in regions.items():
        total = 0
        for i, name in enumerate(r.names):
            there, back, n = [], [], 0
            for a, b in task.links.tolist():
                row, column = left.index(a), right.index(b)
                if r.left[a] == i:
                    n += 1
                    there.append((s[row] > s[row, column] - 1e-6).sum() == 1)
                if r.right[b] == i:
                    back.append((s[:, column] > s[row, column] - 1e-6).sum() == 1)
            total += n
            if there or back:
                entry = report["regions"][kind][name]
                assert entry["n"] == n
                assert entry["hits@1"] == pytest.approx(np.mean([np.mean(h) for h in (there, back) if h]))
            else:
                assert name not in report["regions"][kind]
        assert total == len(task.links)


def test_a_region_on_one_side_only():
    task, _ = tiny(2, 2, links=True)
    regions = {"semantic": Regions("semantic", ("a", "b", "c"), np.array([0, 0]), np.array([1, 1]))}

    def scorer(rows, columns):
        return Table(np.eye(2, dtype=np.float32)[np.ix_(rows, columns)])

    without = {"n_free": None, "hits@1_free": None, "n_free_of_all": None, "hits@1_free_of_all": None}
    assert evaluate(task, scorer, regions=regions)["regions"]["semantic"] == {
        "a": {"n": 2, "hits@1": 1.0} | without,
        "b": {"n": 0, "hits@1": 1.0} | without,
    }


def test_report_is_json_and_free_of_order(planted):
    task, features = planted
    wanted = evaluate(task, feature_scorer(task, features))
    json.dumps(wanted, allow_nan=False)
    pair, _, _ = relabelled(planted, left=7, right=8)
    found = evaluate(pair[0], feature_scorer(*pair))
    for direction in ("l2r", "r2l"):
        for protocol in ("full", "peer"):
            assert found["metrics"][direction][protocol] == pytest.approx(
                wanted["metrics"][direction][protocol]
            )


def test_feature_scorer_is_the_mean_cosine(planted):
    task, features = planted
    scorer = feature_scorer(task, features.select(["image"]))
    m = features["image"]
    left = np.where(m.left.present[:, None], m.left.values - m.left.values[m.left.present].mean(axis=0), 0)
    right = np.where(
        m.right.present[:, None], m.right.values - m.right.values[m.right.present].mean(axis=0), 0
    )
    rows, columns = np.array([4, 1, 30]), np.array([2, 60])
    block = scorer(rows, columns).rows(0, 3)
    for i, a in enumerate(rows):
        for j, b in enumerate(columns):
            norm = np.linalg.norm(left[a]) * np.linalg.norm(right[b])
            assert block[i, j] == pytest.approx(left[a] @ right[b] / norm if norm else 0, abs=1e-5)


def test_no_links_and_wrong_features(planted):
    task, features = planted
    for empty in (without_links(planted)[0], replace(task, links=np.empty((0, 2), dtype=np.int64))):
        with pytest.raises(DataError, match="no gold links"):
            evaluate(empty, feature_scorer(task, features))
    wrong = Features.from_arrays({"image_left": np.eye(2), "image_right": np.eye(2)})
    with pytest.raises(DataError, match="one row per entity"):
        feature_scorer(task, wrong)


def test_one_link():
    task, features = tiny(3, 3, links=True)
    report = evaluate(replace(task, links=task.links[:1]), feature_scorer(task, features))
    assert report["metrics"]["l2r"]["peer"]["hits@1"] == 1


def test_an_unknown_matching_is_an_error():
    with pytest.raises(ParameterError, match=r"no matching 'cosin'.*choose from cosine, csls, sinkhorn"):
        matched(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)), "cosin")


def embedded():
    task, features = planted_pair(30, dangling=0.0, random_state=0)
    return task, *(side.values for side in features["image"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda left: left[:-1], "the left embedding has 29 rows and its graph 30 entities"),
        (lambda left: np.vstack([left, left]), "the left embedding has 60 rows"),
        (lambda left: left[:, :-1], "the left embedding has .* columns and the right one"),
        (lambda left: left[:, 0], "has shape .30,. and type float32"),
        (lambda left: left.astype(str), "and type <U"),
        (lambda left: left * np.float64(1e300), "has 30 rows that are not finite in float32, first row 0"),
    ],
)
def test_embeddings_that_do_not_fit_the_graphs_are_refused(change, words):
    task, left, right = embedded()
    with pytest.raises(DataError, match=words):
        embedding_scorer(task, change(left), right)


def test_embeddings_are_compared_in_float32():
    """Lengths of small float16 vectors are rounded, so that their cosines would be wrong."""
    task, *sides = embedded()
    small = [(1e-4 * side).astype(np.float16) for side in sides]
    every = task.left.candidates, task.right.candidates
    found = embedding_scorer(task, *small)(*every).rows(0, 30)
    exact = embedding_scorer(task, *(side.astype(np.float64) for side in small))(*every).rows(0, 30)
    np.testing.assert_allclose(found, exact, atol=1e-6)
    lists = embedding_scorer(task, *(side.tolist() for side in sides))(*every)
    np.testing.assert_allclose(lists.rows(0, 3), embedding_scorer(task, *sides)(*every).rows(0, 3))
