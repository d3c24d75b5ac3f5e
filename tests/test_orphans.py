"""Orphans: entities whose counterpart is hidden show how wrong pairs look."""

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.features import Features
from psqe.features.base import Modality
from psqe.graph import AlignmentTask, Sides
from psqe.links.confidence import model_temperature
from psqe.links.orphans import FEWEST, calibrating_shift, orphan_pairs, share_wrong, shift
from psqe.links.plan import TransportPlan
from psqe.links.predict import predict_links, weigh_pairs
from psqe.seeds import MutualMiner, correct
from psqe.similarity import Dot
from psqe.similarity.shortlist import Shortlist
from psqe.similarity.sinkhorn_scaling import Groups

values = st.floats(-1, 1, width=32)
tables = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=values)
)


def plan_of(pair) -> TransportPlan:
    task, features = pair
    similarity = feature_scorer(task, features)(task.left.candidates, task.right.candidates)
    return TransportPlan.from_shortlist(
        Shortlist.from_similarity(similarity), temperature=model_temperature(similarity)
    )


@settings(max_examples=40, deadline=None)
@given(tables, st.data())
def test_a_shortlist_without_some_entities(table, data):
    """Pairs with a hidden entity are gone; all others keep their values, and lists stay sorted."""
    listed = Shortlist.from_similarity(Table(table))
    n_left, n_right = table.shape
    hidden = Sides(
        np.unique(data.draw(st.lists(st.integers(0, n_left - 1), max_size=n_left - 1))).astype(np.int64),
        np.unique(data.draw(st.lists(st.integers(0, n_right - 1), max_size=n_right - 1))).astype(np.int64),
    )
    reduced, kept = listed.without(hidden)
    left, right = (np.delete(np.arange(n), out) for n, out in zip(table.shape, hidden, strict=True))
    np.testing.assert_array_equal(kept.left, left)
    np.testing.assert_array_equal(kept.right, right)
    assert reduced.shape == (len(left), len(right))
    whole = table[np.ix_(left, right)]
    dense = np.full(reduced.shape, -np.inf)
    dense[reduced.rows, reduced.columns] = reduced.values
    np.testing.assert_array_equal(dense, whole)  # everything is listed in tables as small as these
    for nearest, side in ((reduced.nearest.left, whole), (reduced.nearest.right, whole.T)):
        wanted = -np.sort(-side, axis=1)
        np.testing.assert_array_equal(nearest[:, : wanted.shape[1]], wanted)
        assert (nearest[:, wanted.shape[1] :] == -np.inf).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-5, 5)), min_size=1, max_size=20))
def test_leads_by_a_plain_loop(cells):
    of, given_values = (np.array(column) for column in zip(*cells, strict=True))
    leads = Groups(of, 5).leads(given_values.astype(float))
    for k in range(len(of)):
        others = [v for m, (g, v) in enumerate(cells) if g == of[k] and m != k]
        assert leads[k] == (given_values[k] - max(others) if others else np.inf)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-9, 9)), st.floats(0.001, 0.999))
def test_the_shift_gives_the_wanted_mean(odds, wrong):
    shifted = 1 / (1 + np.exp(-odds - shift(odds, wrong)))
    limits = [(1 / (1 + np.exp(-odds - by))).mean() for by in (-12, 12)]
    assert shifted.mean() == pytest.approx(np.clip(1 - wrong, *limits), abs=1e-6)


def test_the_share_of_wrong_pairs_in_a_mixture():
    rng = np.random.default_rng(0)
    for wrong in (0.05, 0.3, 0.7, 1.0):
        n = round(2000 * wrong)
        chosen = np.concatenate([rng.normal(-0.5, 1, n), rng.normal(4, 1.5, 2000 - n)])
        assert share_wrong(chosen, rng.normal(-0.5, 1, 6000)) == pytest.approx(wrong, abs=0.06)


@pytest.mark.parametrize("noise", [0.5, 0.9])
def test_orphans_look_like_wrong_pairs(noise):
    """The evidence for pairs of orphans is that of wrong pairs, and far below that of correct ones."""
    orphans, wrong, right = [], [], []
    for random_state in range(3):
        pair = planted_pair(300, 4, 16, noise=noise, dangling=0.2, random_state=random_state)
        plan, task = plan_of(pair), pair[0]
        orphans.append(orphan_pairs(plan).log_odds)
        shortlist = plan.shortlist
        left, right_ends = shortlist.rows[plan.mutual], shortlist.columns[plan.mutual]
        pairs = np.column_stack([task.left.candidates[left], task.right.candidates[right_ends]])
        hits = correct(pairs, task)
        wrong.append(plan.log_odds[plan.mutual[~hits]])
        right.append(plan.log_odds[plan.mutual[hits]])
    orphans, wrong, right = (np.concatenate(found) for found in (orphans, wrong, right))
    assert min(map(len, (orphans, wrong, right))) > 50
    assert abs(np.median(orphans) - np.median(wrong)) < 0.25 * (np.median(right) - np.median(wrong))


def test_too_few_pairs_calibrate_nothing():
    plan = plan_of(planted_pair(4, dim=8, noise=0.1, random_state=0))
    assert len(orphan_pairs(plan).log_odds) < FEWEST and calibrating_shift(plan) is None


def test_hidden_candidates_are_not_fitted_on():
    """The aligner that is fitted again has no hidden candidates, and the first one stays as it was."""
    task, features = planted_pair(60, dim=8, noise=0.3, random_state=0)
    seeds = MutualMiner(20).mine(task, features)
    model = ALIGNERS["concord"].preset("small").fit(task, features, seeds)
    before = [side.copy() for side in model.embeddings()]
    hidden = Sides(seeds.pairs[:2, 0], seeds.pairs[2:5, 1])
    again = model.fit_without(task, features, seeds, hidden)
    for side, out in zip(again.embeddings(), hidden, strict=True):
        assert not side[out].any() and side.any()
    assert again.parameters == model.parameters
    for side, wanted in zip(model.embeddings(), before, strict=True):
        np.testing.assert_array_equal(side, wanted)


@pytest.mark.parametrize("name", ["concord", "propagation"])
def test_an_aligner_that_does_not_return_its_seeds(name):
    """Its seeds compete with all other pairs, and are marked where they become links."""
    task, features = planted_pair(160, 4, 16, noise=0.6, dangling=0.15, random_state=1)
    seeds = MutualMiner(40).mine(task, features)
    model = ALIGNERS[name].preset("small").fit(task, features, seeds)
    links = predict_links(task, features, model, seeds=seeds)
    wanted = {tuple(pair) for pair in seeds.pairs.tolist()}
    assert [tuple(pair) in wanted for pair in links.pairs.tolist()] == links.from_seed.tolist()
    assert 20 < links.from_seed.sum() <= 40
    right = correct(links.pairs, task)
    assert links.confidence.mean() == pytest.approx(right.mean(), abs=0.12)


def test_an_aligner_that_is_fitted_again_calibrates_small_pairs_too():
    """With sixty candidates, entities are hidden until there are enough orphans."""
    claimed, right = [], []
    for random_state in range(3):
        task, features = planted_pair(70, 1, 12, noise=0.5, dangling=0.15, random_state=random_state)
        model = ALIGNERS["concord"].preset("small").fit(task, features, MutualMiner(15).mine(task, features))
        links = predict_links(task, features, model)
        assert links.calibrated
        claimed.append(links.confidence.mean())
        right.append(correct(links.pairs, task).mean())
    assert np.mean(claimed) == pytest.approx(np.mean(right), abs=0.15)


def test_every_pair_that_competes_is_shifted_alike(planted, monkeypatch):
    """The confidence of a pair outside the seeds is its evidence, shifted; that of a seed is not."""
    task, features = planted
    seeds = MutualMiner(10).mine(task, features)
    scorer = feature_scorer(task, features)
    odds = {}
    for shift_ in (0.0, 1.5):
        monkeypatch.setattr("psqe.links.predict.calibrating_shift", lambda plan, again, by=shift_: by)
        links = predict_links(task, features, scorer, seeds=seeds)
        sure = dict(zip(map(tuple, links.pairs.tolist()), links.confidence.astype(float), strict=True))
        odds[shift_] = {pair: np.log(p / (1 - p)) for pair, p in sure.items() if 0.001 < p < 0.999}
        assert links.calibrated
    given_seeds = set(map(tuple, seeds.pairs.tolist()))
    both = odds[0.0].keys() & odds[1.5].keys()
    assert len(both - given_seeds) > 5
    for pair in both:
        wanted = 0.0 if pair in given_seeds else 1.5
        assert odds[1.5][pair] - odds[0.0][pair] == pytest.approx(wanted, abs=1e-3)


def test_exchanged_sides_draw_other_orphans_as_the_module_says():
    largest, mean = [], []
    for random_state in range(20):
        task, features = planted_pair(60, dim=6, noise=0.5, random_state=random_state)
        turned = AlignmentTask(task.name, task.right, task.left)
        swapped = Features({name: Modality(both.right, both.left) for name, both in features.items()})
        there, back = (
            weigh_pairs(*pair, feature_scorer(*pair)).choose()
            for pair in ((task, features), (turned, swapped))
        )
        found = dict(zip(map(tuple, there.pairs.tolist()), there.confidence.tolist(), strict=True))
        again = dict(zip(map(tuple, back.pairs[:, ::-1].tolist()), back.confidence.tolist(), strict=True))
        assert len(found.keys() ^ again.keys()) <= 2, "nearly the same pairs are linked"
        differences = [abs(found[pair] - again[pair]) for pair in found.keys() & again.keys()]
        largest.append(max(differences))
        mean.append(np.mean(differences))
    assert len(task.left.candidates) == 52
    assert np.mean(mean) == pytest.approx(0.05, abs=0.01) and max(largest) == pytest.approx(0.25, abs=0.03)


def test_similarities_are_given_back_before_the_plan_is_made(monkeypatch):
    """Of a million entities they take gigabytes, and so does the plan."""
    held, unit = [], np.eye(30, dtype=np.float32)
    make = TransportPlan.from_shortlist

    def similarity() -> Dot:
        made = Dot(unit.copy(), unit.copy())
        held.append(weakref.ref(made))
        return made

    def watched(shortlist, *, temperature):
        held.append(held[-1]())
        return make(shortlist, temperature=temperature)

    monkeypatch.setattr(TransportPlan, "from_shortlist", watched)
    TransportPlan.from_similarity(similarity())
    assert len(held) == 2 and held[1] is None
