"""Rules that choose links agree with plain loops and with an exhaustive search."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.errors import ParameterError
from psqe.evaluation.ranks import TIE
from psqe.graph import Sides
from psqe.links.nearest import TwoNearest
from psqe.links.rules import LinkRule, best_threshold, one_to_one
from psqe.similarity import csls
from psqe.similarity.shortlist import Shortlist, mutual

values = st.one_of(st.integers(-2, 2).map(float), st.floats(-1, 1, width=32))
tables = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=values)
)
certainties = st.lists(st.floats(0, 1, width=32), max_size=12).map(lambda x: np.array(x, dtype=np.float32))


def pairs_of(listed: Shortlist, positions) -> list[tuple[int, int]]:
    return list(zip(listed.rows[positions].tolist(), listed.columns[positions].tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(1, 5))
def test_mutual_pairs_are_strictly_best_for_both_entities(table, k):
    listed = Shortlist.from_similarity(Table(table), k=k)
    chosen = pairs_of(listed, mutual(listed, listed.values, tie=TIE))
    wanted = []
    for i, j in pairs_of(listed, np.arange(len(listed))):
        rivals = [s for s, *ends in zip(listed.values, listed.rows, listed.columns, strict=True)
                  if (ends[0] == i) != (ends[1] == j)]  # fmt: skip
        if all(table[i, j] > s + TIE for s in rivals):
            wanted.append((i, j))
    assert chosen == wanted


def test_an_entity_without_a_listed_pair_moves_no_mutual_pair():
    cells = np.array([1, 2]), np.array([0, 2]), np.array([0.9, 0.8])
    listed = Shortlist((3, 3), *cells, Sides(*(np.full((3, 1), -np.inf) for _ in range(2))))
    assert pairs_of(listed, mutual(listed, listed.values, tie=TIE)) == [(1, 0), (2, 2)]
    nearest = TwoNearest.from_pairs(listed.columns, listed.by_row, listed.values)
    assert nearest.entities.tolist() == [[-1, -1], [0, -1], [2, -1]]
    assert np.isneginf(nearest.scores[0]).all()


def best_sum(table: np.ndarray, listed: Shortlist) -> float:
    """The largest sum of scores minus the worst listed score, over all partial assignments."""
    worth = {pair: table[pair] - listed.values.min() for pair in pairs_of(listed, np.arange(len(listed)))}
    n_left, n_right = table.shape
    best = 0.0
    for size in range(1, min(n_left, n_right) + 1):
        for rows in combinations(range(n_left), size):
            for columns in permutations(range(n_right), size):
                pairs = list(zip(rows, columns, strict=True))
                if all(pair in worth for pair in pairs):
                    best = max(best, sum(worth[pair] for pair in pairs))
    return best


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(1, 5))
def test_one_to_one_pairs_have_the_largest_sum(table, k):
    table = table.astype(np.float32)
    listed = Shortlist.from_similarity(Table(table), k=k)
    positions = one_to_one(listed, listed.values)
    chosen = pairs_of(listed, positions)
    assert chosen == sorted(set(chosen))
    assert len({i for i, _ in chosen}) == len({j for _, j in chosen}) == len(chosen)
    reached = sum(table[pair] - listed.values.min() for pair in chosen)
    assert reached == pytest.approx(best_sum(table, listed), abs=1e-5)


def test_one_to_one_gives_up_a_best_pair_for_two_good_ones():
    table = np.array([[0.9, 0.8], [0.85, 0.1]], dtype=np.float32)
    listed = Shortlist.from_similarity(Table(table))
    assert pairs_of(listed, one_to_one(listed, listed.values)) == [(0, 1), (1, 0)]
    assert pairs_of(listed, mutual(listed, listed.values, tie=TIE)) == [(0, 0)]


def test_an_entity_may_remain_unpaired():
    """All left entities list the same right entity, and only the best of these pairs is chosen."""
    table = np.array([[0.9, 0.0], [0.8, 0.0], [0.7, 0.0]], dtype=np.float32)
    listed = Shortlist.from_similarity(Table(table[:, :1]))
    assert pairs_of(listed, one_to_one(listed, listed.values)) == [(0, 0)]


@settings(max_examples=200, deadline=None)
@given(certainties, st.floats(0, 20))
def test_the_threshold_expects_the_largest_f1(sure, expected):
    threshold = best_threshold(sure, expected)

    def f1(chosen) -> float:
        n = len(chosen) + expected
        return 2 * float(np.sum(chosen, dtype=np.float64)) / n if n else 0.0

    best = max(f1(some) for size in range(len(sure) + 1) for some in [np.sort(sure)[len(sure) - size :]])
    assert f1(sure[sure >= threshold]) == pytest.approx(best, abs=1e-6)
    assert threshold == pytest.approx(best / 2, abs=1e-6)


def test_the_threshold_in_numbers():
    """With confidences .9, .8, .3 and .2 and three true links, half of F1 is largest for two links."""
    sure = np.array([0.2, 0.9, 0.3, 0.8], dtype=np.float32)
    assert best_threshold(sure, 3) == pytest.approx(1.7 / 5)
    with pytest.raises(ParameterError, match="-1 true links cannot be expected"):
        best_threshold(sure, -1)


def test_the_three_matchings_choose_different_pairs():
    """Right 0 is a hub: cosine links it to left 1, CSLS and the probabilities do not."""
    rng = np.random.default_rng(0)
    table = rng.uniform(0, 0.2, (30, 30)).astype(np.float32)
    table[:, 0] = 0.5
    table[1, 0] = 0.52
    table[np.arange(30), np.arange(30)] = 0.49
    listed = Shortlist.from_similarity(Table(table))
    probability = np.where(listed.rows == listed.columns, 0.9, 0.05)

    def chosen(rule: LinkRule) -> list[tuple[int, int]]:
        return pairs_of(listed, rule.choose(listed, probability, temperature=0.02))

    assert chosen(LinkRule("cosine", "mutual")) == [(1, 0)]
    scaled = csls(Table(table)).rows(0, 30)
    assert chosen(LinkRule("csls", "mutual")) == [
        (i, j)
        for i in range(30)
        for j in range(30)
        if scaled[i, j] == scaled[i].max() and scaled[i, j] == scaled[:, j].max()
    ]
    assert len(chosen(LinkRule("csls", "mutual"))) > 20
    for rule in ("mutual", "one_to_one"):
        assert chosen(LinkRule("sinkhorn", rule)) == [(i, i) for i in range(30)]


def test_probabilities_that_differ_by_rounding_are_tied():
    """A similarity is accurate to a millionth; at a small temperature a probability is less accurate."""
    listed = Shortlist.from_similarity(Table(np.zeros((2, 1), np.float32)))
    probability = np.array([0.50001, 0.49999])
    assert len(LinkRule("sinkhorn", "mutual").choose(listed, probability, temperature=0.02)) == 0
    assert len(LinkRule("sinkhorn", "mutual").choose(listed, probability, temperature=1.0)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"matching": "magic"}, "there is no matching 'magic'; choose from cosine, csls, sinkhorn"),
        ({"rule": "greedy"}, "there is no rule 'greedy'; choose from mutual, one_to_one"),
        ({"threshold": 1.5}, "the threshold is 1.5; give a confidence from 0 to 1, or auto"),
        ({"threshold": float("nan")}, "the threshold is nan"),
        ({"threshold": True}, "the threshold is True"),
        ({"threshold": "auto"}, "the threshold is 'auto'; .* auto .which is None in Python"),
    ],
)
def test_unknown_rules_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        LinkRule(**options)
