"""The accounting identity and the parts of a gain are exact."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import Table, tiny

from psqe.errors import ParameterError
from psqe.evaluation import (
    Accounting,
    accounting,
    evaluate,
    gain_parts,
    link_groups,
    predicted_total,
    resampling_parts,
)

N = 7
PAIR = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1))
PAIRS = st.lists(PAIR, max_size=N, unique=True).map(
    lambda pairs: np.array(pairs, dtype=np.int64).reshape(-1, 2)
)
SCORES = st.lists(st.integers(-2, 2), min_size=N * N, max_size=N * N).map(
    lambda values: np.array(values, dtype=np.float32).reshape(N, N) / 2
)
WHICH = st.tuples(
    st.sampled_from(["l2r", "r2l"]),
    st.sampled_from(["full", "peer"]),
    st.sampled_from(["hits@1", "hits@5", "hits@10", "mrr"]),
)


def scored(table: np.ndarray):
    return lambda rows, columns: Table(table[np.ix_(rows, columns)])


@settings(max_examples=60, deadline=None)
@given(PAIRS.filter(lambda links: len(links) > 1), PAIRS, PAIRS, SCORES, SCORES, WHICH)
def test_hits_and_gains_are_recomputed_exactly(links, seeds, other_seeds, scores, other_scores, which):
    """For any gold links, seeds and scores: the parts of a number and of a difference leave nothing over."""
    direction, protocol, measure = which
    task = replace(tiny(N, N)[0], links=links)
    found, totals = [], []
    for pairs, table in ((seeds, scores), (other_seeds, other_scores)):
        report = evaluate(task, scored(table), seeds=pairs)
        one = accounting(report, direction=direction, protocol=protocol, measure=measure)
        assert sum(one.shares.values()) == pytest.approx(1)
        assert one.total == pytest.approx(report["metrics"][direction][protocol][measure], abs=1e-12)
        found.append(one)
        totals.append(report["metrics"][direction][protocol][measure])
    parts = gain_parts(*found)
    assert sum(astuple(parts)) == pytest.approx(totals[1] - totals[0], abs=1e-12)
    assert parts.total == pytest.approx(totals[1] - totals[0], abs=1e-12)
    back = gain_parts(*reversed(found))
    assert astuple(back) == pytest.approx([-part for part in astuple(parts)], abs=1e-12)


RATE = st.floats(0, 1)


@given(st.lists(RATE, min_size=6, max_size=6), st.lists(st.integers(0, 30), min_size=3, max_size=3))
def test_one_change_is_one_part(rates, counts):
    """Where only shares change, no part is about rates; where only rates change, none is about shares."""
    n = sum(counts) or 1
    names = ("seeds", "wrong", "free")
    shares = dict(zip(names, [counts[0] / n, counts[1] / n, 1 - (counts[0] + counts[1]) / n], strict=True))
    before = Accounting(shares, dict(zip(names, rates[:3], strict=True)))
    parts = gain_parts(before, replace(before, rates=dict(zip(names, rates[3:], strict=True))))
    assert parts.more_seed_links == parts.fewer_wrong == 0
    for name, part in (("seeds", parts.seeds_rate), ("wrong", parts.wrong_rate), ("free", parts.free_rate)):
        change = rates[3 + names.index(name)] - rates[names.index(name)]
        assert part == pytest.approx(shares[name] * change)
    parts = gain_parts(before, replace(before, shares={"seeds": 1.0, "wrong": 0.0, "free": 0.0}))
    assert parts.seeds_rate == parts.wrong_rate == parts.free_rate == 0
    assert parts.more_seed_links == pytest.approx((1 - shares["seeds"]) * (rates[0] - rates[2]))
    assert parts.fewer_wrong == pytest.approx(shares["wrong"] * (rates[2] - rates[1]))


def test_a_group_without_queries_has_the_rate_of_the_other_side():
    """Without seeds before, what seed links bring is their rate minus that of free links."""
    before = Accounting(
        {"seeds": 0.0, "wrong": 0.0, "free": 1.0}, {"seeds": None, "wrong": None, "free": 0.6}
    )
    after = Accounting({"seeds": 0.5, "wrong": 0.0, "free": 0.5}, {"seeds": 1.0, "wrong": None, "free": 0.4})
    parts = gain_parts(before, after)
    assert parts.more_seed_links == pytest.approx(0.5 * (1 - 0.5))
    assert parts.free_rate == pytest.approx(0.75 * -0.2)
    assert parts.fewer_wrong == parts.seeds_rate == parts.wrong_rate == 0
    assert parts.total == pytest.approx(0.7 - 0.6)


def test_an_evaluation_without_seeds_cannot_be_accounted_for():
    task, _ = tiny(4, 4, links=True)
    scorer = scored(np.eye(4, dtype=np.float32))
    with pytest.raises(ParameterError, match=r"evaluate again.* with the argument seeds"):
        accounting(evaluate(task, scorer))
    with pytest.raises(ParameterError, match=r"evaluate again.* with gold links"):  # a report of such a task
        accounting(dict.fromkeys(evaluate(task, scorer)))
    with pytest.raises(ParameterError, match="evaluate again"):  # a report of an earlier version
        accounting({"metrics": evaluate(task, scorer)["metrics"]})
    report = evaluate(task, scorer, seeds=task.links[:1], protocols=["full"])
    with pytest.raises(ParameterError, match="the evaluation has no 'peer'"):
        accounting(report, protocol="peer")
    with pytest.raises(ParameterError, match="the evaluation has no 'hits@3'"):
        accounting(report, measure="hits@3")


def test_what_is_no_evaluation_is_an_error():
    task, _ = tiny(4, 4, links=True)
    report = evaluate(task, scored(np.eye(4, dtype=np.float32)), seeds=task.links[:1])
    found = accounting(report)
    for broken in (None, "report.json", [report]):
        with pytest.raises(ParameterError, match=r"the evaluation cannot be .*; give what"):
            accounting(broken)
    with pytest.raises(ParameterError, match="the evaluation has another form"):
        accounting({**report, "n_queries": 4})
    with pytest.raises(ParameterError, match="the evaluation has no 'l'"):
        accounting(report, direction="l")
    for pair, name in (((found, None), "after"), ((report, found), "before")):
        with pytest.raises(
            ParameterError, match=f"{name} cannot be .*; give what psqe.evaluation.accounting"
        ):
            gain_parts(*pair)
    with pytest.raises(ParameterError, match="shares lacks the group 'wrong'"):
        Accounting({"seeds": 1.0, "free": 0.0}, found.rates)
    with pytest.raises(ParameterError, match="rates cannot be None"):
        Accounting(found.shares, None)


@pytest.mark.parametrize(
    ("shares", "rates", "words"),
    [
        ({"seeds": None}, {}, "the share of group 'seeds' cannot be None"),
        ({}, {"free": None}, "the rate of group 'free' cannot be None; give a number, or None where"),
        ({}, {"wrong": "half"}, "the rate of group 'wrong' cannot be 'half'"),
    ],
)
def test_a_group_with_queries_has_a_rate(shares, rates, words):
    usual = {"seeds": 0.5, "wrong": 0.0, "free": 0.5}
    with pytest.raises(ParameterError, match=words):
        Accounting({**usual, **shares}, {**usual, **rates})


UNIT = st.lists(st.floats(0, 1), min_size=N, max_size=N)


@settings(max_examples=100, deadline=None)
@given(PAIRS, PAIRS, UNIT, UNIT, st.booleans())
def test_other_seeds_gain_no_more_than_the_bound(seeds, other_seeds, scores, other_scores, answered):
    """For any seeds and scores: the parts are exact, each query is in one, and the bound holds."""
    links = np.column_stack([np.arange(N), np.arange(N)])
    groups, other = (link_groups(links, pairs) for pairs in (seeds, other_seeds))
    scores, other_scores = np.array(scores), np.array(other_scores)
    if answered:
        scores[groups["seeds"]] = other_scores[other["seeds"]] = 1.0
    parts = resampling_parts(groups, scores, other, other_scores)
    assert parts.total == pytest.approx(other_scores.mean() - scores.mean(), abs=1e-12)
    assert parts.total <= parts.bound + 1e-12
    assert parts.joined <= parts.joined_room + 1e-12 and parts.left + parts.kept <= parts.seeds_room + 1e-12
    if answered:
        # Seeds are answered: the bound is dR (1 - h) and what becomes of links that are no seeds.
        joined = other["seeds"] & ~groups["seeds"]
        room = joined.mean() * (1 - scores[joined].mean()) if joined.any() else 0.0
        assert parts.kept == parts.seeds_room == 0.0 and parts.left <= 0
        assert parts.bound == pytest.approx(room + parts.beside + parts.free, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_as_many_correct_seeds_only_move_what_is_given(data):
    """With as many seeds, all correct and all answered, a gain is a matter of which links are given up."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    n, k = 40, int(rng.integers(1, 30))
    links = np.column_stack([np.arange(n), np.arange(n)])
    groups, other = (link_groups(links, links[rng.choice(n, k, replace=False)]) for _ in range(2))
    scores, other_scores = rng.uniform(size=(2, n)) < 0.5
    scores, other_scores = scores | groups["seeds"], other_scores | other["seeds"]
    parts = resampling_parts(groups, scores, other, other_scores)
    joined, left = other["seeds"] & ~groups["seeds"], groups["seeds"] & ~other["seeds"]
    assert joined.sum() == left.sum() and parts.beside == 0
    moved = other_scores[left].sum() - scores[joined].sum()
    assert parts.joined + parts.left == pytest.approx(moved / n)


@pytest.mark.parametrize(
    ("scores", "words"), [([0.5, 1.5], "between 0 and 1"), ([1.0], "not one number for each")]
)
def test_scores_that_are_none_are_refused(scores, words):
    groups = link_groups([(0, 0), (1, 1)], [(0, 0)])
    with pytest.raises(ParameterError, match=words):
        resampling_parts(groups, scores, groups, scores)


@given(st.lists(RATE, min_size=3, max_size=3), st.integers(0, 10), st.integers(0, 10))
def test_the_prediction_is_the_identity(rates, n_seeds, n_wrong):
    shares = {"seeds": n_seeds / 20, "wrong": n_wrong / 20, "free": 1 - (n_seeds + n_wrong) / 20}
    told = predicted_total(shares, rates[2], seeds_rate=rates[0], wrong_rate=rates[1])
    assert told == pytest.approx(Accounting(shares, dict(zip(shares, rates, strict=True))).total)
    assert predicted_total(shares, rates[2]) == pytest.approx(shares["seeds"] + shares["free"] * rates[2])
