"""Verdicts change what they are about, and not what similarities mean for all other pairs."""

from __future__ import annotations

import numpy as np
import pytest

import psqe
from psqe.api import build_aligner
from psqe.datasets.synthetic import planted_pair
from psqe.errors import PsqeWarning
from psqe.evaluation import feature_scorer
from psqe.evaluation.truth import among
from psqe.features.canonical_order import canonical_candidates
from psqe.graph import AlignmentTask, Sides
from psqe.links import LinkRule, Verdicts, predict_links, weigh_pairs
from psqe.links.calibration import DOUBT, Calibration
from psqe.links.plan import TransportPlan, leads_among, leads_in
from psqe.options import AlignerOptions
from psqe.seeds import SeedSet
from psqe.similarity import Dot
from psqe.similarity.shortlist import Shortlist
from psqe.study import reviewer
from psqe.study.measures import f1_outside

NONE = np.empty((0, 2), dtype=np.int64)


@pytest.fixture(scope="module")
def planted():
    return planted_pair(300, 3, 8, noise=0.6, dangling=0.3, random_state=0)


def odds(confidence):
    confidence = np.asarray(confidence, dtype=np.float64)
    return np.log(confidence / (1 - confidence))


def test_links_elsewhere_do_not_get_worse_when_most_pairs_are_judged():
    gains = []
    for random_state in range(4):
        task, features = planted_pair(400, 3, 8, noise=0.6, dangling=0.3, random_state=random_state)
        alignment = psqe.align(task, features=features, links=LinkRule(threshold=None), random_state=0)
        links = alignment.predicted
        pairs = np.vstack([links.pairs, links.doubtful])
        judged = np.random.default_rng(0).permutation(pairs)[: int(0.8 * len(pairs))]
        said = reviewer.answered(task, links, Verdicts.none(), judged)
        after = alignment.update(verdicts=said).predicted
        assert after.temperature == links.temperature
        ends = np.vstack([said.accepted, said.rejected])
        gains.append(f1_outside(after.pairs, task, ends) - f1_outside(links.pairs, task, ends))
    assert np.mean(gains) > 0.02


def test_confidences_of_the_same_similarities_hardly_change(planted):
    """Half of the correct links are accepted; the others stay with the entities without counterpart."""
    task, features = planted
    scorer = feature_scorer(task, features)
    before = predict_links(task, features, scorer)
    correct = before.pairs[among(before.pairs, task.links)]
    said = Verdicts(correct[::2], NONE)
    after = predict_links(task, features, scorer, verdicts=said)
    chances = [
        dict(zip(map(tuple, links.pairs.tolist()), links.confidence.tolist(), strict=True))
        for links in (before, after)
    ]
    both = [pair for pair in map(tuple, correct[1::2].tolist()) if all(pair in each for each in chances)]
    assert len(both) > 20
    moved = odds([chances[1][pair] for pair in both]) - odds([chances[0][pair] for pair in both])
    assert abs(np.median(moved)) < 0.1


def test_the_other_pairs_of_a_rejected_entity_are_doubted_as_far_as_the_pair_was_likely(planted):
    task, features = planted
    scorer = feature_scorer(task, features)
    before = weigh_pairs(task, features, scorer)
    calibration = before.calibration
    links = before.choose()
    likely = links.pairs[links.confidence < 0.7][:30]
    first, last = links.pairs[0], links.pairs[1]
    unlikely = np.array([[first[0], last[1]]])
    assert calibration.shares_of(unlikely)[0] < 0.01
    said = Verdicts(NONE, np.vstack([likely, unlikely]))
    after = weigh_pairs(task, features, scorer, verdicts=said, calibration=calibration)
    others = after._others
    plan = others.plan
    pairs = np.column_stack([others.left[plan.shortlist.rows], others.right[plan.shortlist.columns]])
    lost = dict(zip(map(tuple, said.rejected.tolist()), calibration.shares_of(said.rejected), strict=True))
    of_left, of_right = ({pair[side]: share for pair, share in lost.items()} for side in (0, 1))
    doubt = np.array([max(of_left.get(i, 0.0), of_right.get(j, 0.0)) for i, j in pairs.tolist()])
    evidence = plan.log_odds + calibration.shift
    inside = np.abs(evidence) < 8
    lowered = (evidence - odds(np.clip(others.confidence, 1e-12, 1 - 1e-12)))[inside]
    assert lowered == pytest.approx(DOUBT * doubt[inside], abs=1e-3)
    assert (lowered > 0.5).sum() > 20 and (lowered < 0.02).sum() > 100
    found = after.choose()
    sure = dict(zip(map(tuple, found.pairs.tolist()), found.confidence.tolist(), strict=True))
    for pair, confidence in zip(links.pairs[:2].tolist(), links.confidence[:2], strict=True):
        assert sure[tuple(pair)] == pytest.approx(confidence, abs=0.02), (
            "an unlikely pair says nothing of them"
        )


def test_a_judged_pair_is_still_a_rival():
    """The second best pair of an entity is not ahead because its best one was rejected."""
    left = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    right = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], dtype=np.float32)
    every = Shortlist.from_similarity(Dot(left, right))
    rest = every.without_pairs(np.array([[0, 0]]))
    pairs = np.column_stack([rest.rows, rest.columns])
    ends = Sides(np.arange(2), np.arange(3))
    place = pairs.tolist().index([0, 1])
    assert leads_in(rest)[place] > 0 > leads_among(pairs, every, ends)[place]
    assert leads_among(np.array([[1, 1], [0, 9]]), rest, ends)[1] == -np.inf
    plans = [
        TransportPlan.from_shortlist(rest, temperature=0.1, leads=leads)
        for leads in (None, leads_among(pairs, every, ends))
    ]
    assert plans[0].log_odds[place] > plans[1].log_odds[place]


@pytest.mark.parametrize("returned", [False, True])
def test_all_pairs_are_rivals_but_those_of_seeds_that_an_aligner_returns(planted, returned):
    task, features = planted
    model = build_aligner(AlignerOptions(), 0).fit(task, features, SeedSet.empty())
    assert not model.returns_seeds
    scorer = model.similarity if returned else model  # a function is taken for an aligner that returns them
    links = predict_links(task, features, model)
    said = Verdicts(links.pairs[:20], links.pairs[-10:])
    plan = (weighed := weigh_pairs(task, features, scorer, verdicts=said)._others).plan
    everyone = canonical_candidates(task, features)
    if returned:
        everyone = Sides(
            *(own[~np.isin(own, out)] for own, out in zip(everyone, said.accepted.T, strict=True))
        )
    every = Shortlist.from_similarity(model.similarity(*everyone))
    pairs = zip(everyone.left[every.rows].tolist(), everyone.right[every.columns].tolist(), strict=True)
    expected = dict(zip(pairs, leads_in(every).tolist(), strict=True))
    ends = (weighed.left[plan.shortlist.rows].tolist(), weighed.right[plan.shortlist.columns].tolist())
    wanted = [expected.get(pair, -np.inf) for pair in zip(*ends, strict=True)]
    assert plan.leads == pytest.approx(wanted, abs=1e-5)


def test_the_number_of_counterparts_is_that_of_the_plan_without_those_who_left():
    rng = np.random.default_rng(0)
    left = rng.standard_normal((30, 8)).astype(np.float32)
    right = left[:24] + 0.7 * rng.standard_normal((24, 8)).astype(np.float32)
    plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(left, right)), temperature=2.0)
    everyone = Sides(np.arange(100, 130), np.arange(24)[::-1].copy())
    calibration = Calibration(plan, 0.0, everyone)
    table = np.zeros((30, 24))
    table[plan.shortlist.rows, plan.shortlist.columns] = plan.shares
    pairs = np.column_stack([everyone.left[plan.shortlist.rows], everyone.right[plan.shortlist.columns]])
    assert calibration.shares_of(pairs) == pytest.approx(plan.shares)
    assert calibration.shares_of(np.array([[99, 3], [100, 99]])).tolist() == [0, 0]
    nothing = Verdicts.none()
    assert calibration.n_remaining(everyone, nothing) == pytest.approx(plan.n_counterparts, rel=0.01)

    gone = Sides(everyone.left[15:], everyone.right[10:])
    expected = (table[15:].sum() + table[:, 10:].sum()) / 2
    assert calibration.n_remaining(gone, nothing) == pytest.approx(expected, rel=1e-6)

    i, j = 7, int(table[7].argmax())
    rejected = Verdicts(NONE, np.array([[everyone.left[i], everyone.right[j]]]))
    share, of_row, of_column = table[i, j], min(1, table[i].sum()), min(1, table[:, j].sum())
    less = ((of_row - (of_row - share) / (1 - share)) + (of_column - (of_column - share) / (1 - share))) / 2
    found = calibration.n_remaining(everyone, rejected)
    assert share > 0.1 and plan.n_counterparts - found == pytest.approx(less, rel=0.02, abs=0.01)
    every = np.column_stack([np.full(24, everyone.left[i]), everyone.right])
    alone = Verdicts(NONE, NONE, Sides(everyone.left[[i]], NONE[:, 0]))
    without = calibration.n_remaining(everyone, Verdicts(NONE, every))
    assert calibration.n_remaining(everyone, alone) == pytest.approx(without)
    assert without < plan.n_counterparts - 0.3

    back = Sides(np.append(everyone.left, [500, 501]), np.append(everyone.right, [500, 501]))
    more = (2 * plan.n_counterparts / 30 + 2 * plan.n_counterparts / 24) / 2
    assert calibration.n_remaining(back, nothing) == pytest.approx(plan.n_counterparts + more, rel=0.01)


@pytest.mark.parametrize("n", [5, 20])
def test_verdicts_that_nothing_can_be_linked_lower_the_number_of_expected_links(planted, n):
    task, features = planted
    scorer = feature_scorer(task, features)
    before = weigh_pairs(task, features, scorer)
    expected = before.choose().expected_links
    some = task.left.candidates[:n].astype(np.int64)
    right = task.right.candidates.astype(np.int64)
    every = np.array([(i, j) for i in some.tolist() for j in right.tolist()])
    alone = Verdicts(NONE, NONE, Sides(some, some[:0]))
    both = Verdicts(NONE, NONE, Sides(some, right[:n]))
    for said in (Verdicts(NONE, every), alone, both):
        after = weigh_pairs(task, features, scorer, verdicts=said, calibration=before.calibration)
        assert expected - 2 * n < after.choose().expected_links < expected


def test_a_simulated_reviewer_accepts_one_to_one_where_gold_links_are_many_to_many(planted):
    task, features = planted
    links = predict_links(task, features, feature_scorer(task, features), rule=reviewer.RULE)
    first, second = task.links[:2]
    more = np.vstack([task.links, [[first[0], second[1]], [second[0], first[1]]]])
    twice = AlignmentTask(task.name, task.left, task.right, more)
    said = reviewer.answered(twice, links, Verdicts.none(), np.vstack([more, links.pairs]))
    gold = set(map(tuple, more.tolist()))
    assert {tuple(pair) for pair in said.accepted.tolist()} <= gold
    assert not gold & {tuple(pair) for pair in said.rejected.tolist()}
    assert all(len(set(ends)) == len(ends) for ends in said.accepted.T.tolist())


def test_that_no_further_link_can_be_found_is_told_once(monkeypatch):
    monkeypatch.setattr("psqe.links.further.FEWEST", 1000)
    task, features = planted_pair(40, 3, 8, noise=0.2, dangling=0.3, random_state=0)
    rule = LinkRule(cardinality="many-to-many")
    with pytest.warns(PsqeWarning) as told:
        psqe.align(task, features=features, seeds="none", links=rule, verdicts=Verdicts(task.links[:5], NONE))
    assert ["no further link" in str(each.message) for each in told].count(True) == 1
