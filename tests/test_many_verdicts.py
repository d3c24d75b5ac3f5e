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
from psqe.similarity.assignments import n_counterparts, n_visible_counterparts
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


def test_the_other_pairs_of_a_rejected_entity_are_doubted(planted):
    task, features = planted
    scorer = feature_scorer(task, features)
    before = weigh_pairs(task, features, scorer)
    links = before.choose()
    rejected = links.pairs[links.confidence < 0.7][:30]
    said = Verdicts(NONE, rejected)
    after = weigh_pairs(task, features, scorer, verdicts=said, calibration=before.calibration)
    found = after.choose()
    own = np.isin(found.pairs[:, 0], rejected[:, 0]) | np.isin(found.pairs[:, 1], rejected[:, 1])
    plan = after._others.plan
    cells = after._others.left[plan.shortlist.rows] * 10_000 + after._others.right[plan.shortlist.columns]
    order = np.argsort(cells)
    place = order[np.searchsorted(cells[order], found.pairs @ [10_000, 1])]
    evidence = plan.log_odds[place] + before.calibration.shift
    inside = np.abs(evidence) < 8
    assert own.sum() > 5 and (~own).sum() > 50
    lowered = evidence - odds(np.clip(found.confidence, 1e-9, 1 - 1e-9))
    assert lowered[own & inside] == pytest.approx(DOUBT, abs=1e-3)
    assert lowered[~own & inside] == pytest.approx(0.0, abs=1e-3)


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


def test_the_number_of_counterparts_is_between_that_of_visible_ones_and_of_all():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2, 200, 8)).astype(np.float32)
    listed = Shortlist.from_similarity(Dot(*noise))
    assert n_visible_counterparts(listed) < 190
    assert n_counterparts(listed) == (n_visible_counterparts(listed) + 200) / 2


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


def test_accepted_pairs_take_one_from_the_number_of_counterparts(monkeypatch):
    monkeypatch.setattr("psqe.links.calibration.n_visible_counterparts", lambda listed: 6.0)
    calibration = Calibration(0.1, None, 16.0, Sides(np.arange(20), np.arange(100, 120)))
    unit = np.eye(10, dtype=np.float32)
    listed = Shortlist.from_similarity(Dot(unit, unit))

    def remaining(accepted, left=0, right=100):
        ends = Sides(np.arange(left, left + 10), np.arange(right, right + 10))
        return calibration.n_remaining(ends, np.array(accepted), listed)

    assert remaining([[10 + i, 110 + i] for i in range(7)]) == pytest.approx(9)
    assert remaining([[10, 110], [11, 7]]) == 10, "at most as many as there are"
    assert remaining([[10 + i, 110 + i] for i in range(10)]) == pytest.approx(6)
    assert remaining([[10 + i, 110 + i] for i in range(12)]) == 6, "not fewer than can be seen"
    assert remaining([[i, 100 + i] for i in range(8)], left=18) == pytest.approx(8), "one side came back"
    both_back = remaining([[i, 100 + i] for i in range(15)], left=18, right=118)
    assert both_back == pytest.approx(1 + 8 * 16 / 20)


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
