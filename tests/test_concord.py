"""Concord learns from its own links what counts, and each of its parts does what it is there for."""

from dataclasses import replace

import numpy as np
import pytest

from psqe.aligners import ALIGNERS
from psqe.aligners.channels import LINKED, SHARED
from psqe.aligners.models.concord import PLAN_TEMPERATURE, Concord
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation import evaluate, feature_scorer
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES
from psqe.seeds import SeedSet, true_links
from psqe.similarity.sinkhorn import TEMPERATURE


def hits(task, scorer, matching: str = "sinkhorn") -> float:
    metrics = evaluate(task, scorer, matching=matching)["metrics"]
    return float(np.mean([metrics[direction]["full"]["hits@1"] for direction in ("l2r", "r2l")]))


@pytest.fixture(scope="module")
def noisy():
    """A pair whose features do not suffice, with a graph that helps."""
    return planted_pair(240, 4, 12, noise=0.9, density=5.0, random_state=3)


@pytest.fixture(scope="module")
def without_seeds(noisy):
    return Concord().fit(*noisy, SeedSet.empty())


def test_it_finds_more_than_the_features_and_than_propagation(noisy, without_seeds):
    task, features = noisy
    propagation = ALIGNERS["propagation"].preset("small").fit(task, features, SeedSet.empty())
    found = hits(task, without_seeds.similarity)
    assert found > hits(task, propagation.similarity) + 0.02
    assert found > hits(task, feature_scorer(task, features)) + 0.1


def test_later_rounds_find_more_correct_links(noisy, without_seeds):
    task, features = noisy
    once = Concord(n_rounds=1).fit(task, features, SeedSet.empty())
    assert len(once.rounds_) == 1 < len(without_seeds.rounds_)
    assert hits(task, without_seeds.similarity) > hits(task, once.similarity)
    for before, after in zip(without_seeds.rounds_, without_seeds.rounds_[1:], strict=False):
        assert after.n_links == before.n_found
        assert 0 <= before.n_kept <= min(before.n_links, before.n_found)


def test_rounds_end_when_the_links_settle(noisy):
    task, features = noisy
    assert len(Concord(settled=1.0).fit(task, features, SeedSet.empty()).rounds_) == 2
    long = Concord(settled=0.0, n_rounds=4).fit(task, features, SeedSet.empty())
    assert len(long.rounds_) == 4 or long.rounds_[-1].n_kept == long.rounds_[-1].n_links


def test_a_modality_of_noise_gets_little_weight(noisy):
    task, features = noisy
    rng = np.random.default_rng(0)
    arrays = {f"{name}_{side}": m[side].values for name, m in features.items() for side in ("left", "right")}
    for side in ("left", "right"):
        arrays[f"noise_{side}"] = rng.standard_normal(arrays[f"image_{side}"].shape).astype(np.float32)
    model = Concord().fit(task, Features.from_arrays(arrays), true_links(task, 100))
    weights = model.weights_
    assert weights["noise"] < 0.3 * min(weights["image"], weights["attribute"])


def test_wrong_seeds_are_overruled(noisy):
    """A third of the seeds is wrong; what comes out is nearly what correct seeds give."""
    task, features = noisy
    pairs = true_links(task, 90).pairs.copy()
    pairs[:30, 1] = np.roll(pairs[:30, 1], 1)
    seeds = SeedSet(pairs, np.ones(90, dtype=np.float32), ("given",) * 90)
    found = hits(task, Concord().fit(task, features, seeds).similarity)
    assert found > hits(task, Concord().fit(task, features, true_links(task, 90)).similarity) - 0.05


@pytest.mark.parametrize("part", ["whitening", "link_evidence", "learn_weights", "transport"])
def test_every_part_can_be_left_out(noisy, without_seeds, part):
    task, features = noisy
    model = Concord(**{part: False}).fit(task, features, SeedSet.empty())
    everything = [np.arange(graph.n_entities) for graph in task.sides]
    blocks = [m.similarity(*everything).rows(0, len(everything[0])) for m in (model, without_seeds)]
    assert np.isfinite(blocks[0]).all() and not np.allclose(*blocks)
    assert (LINKED in model.weights_) == (SHARED in model.weights_) == (part != "link_evidence")


def test_similarities_are_weighted_cosines_in_units_of_the_temperature_of_sinkhorn(noisy):
    """With the own features of one modality alone, all is known: one cosine, its weight, and the unit."""
    task, features = noisy
    one = features.select(["image"])
    model = Concord(n_hops=0, n_rounds=1, whitening=False, link_evidence=False, dim=None)
    similarity = model.fit(task, one, true_links(task, 60)).similarity(*(g.candidates for g in task.sides))
    vectors = [node_vectors(one, side, task.sides[side])[task.sides[side].candidates] for side in SIDES]
    wanted = TEMPERATURE / PLAN_TEMPERATURE * model.weights_["image"] * (vectors[0] @ vectors[1].T)
    np.testing.assert_allclose(similarity.rows(0, len(wanted)), wanted, atol=1e-5)


def test_entities_that_are_no_candidates_have_no_similarity(noisy):
    task, features = noisy
    kept = task.left.candidates[:-10]
    smaller = replace(task, left=replace(task.left, candidates=kept), links=None)
    model = Concord().fit(smaller, features, SeedSet.empty())
    others = np.setdiff1d(np.arange(task.left.n_entities), kept)
    assert not model.similarity(others, smaller.right.candidates).rows(0, len(others)).any()


def test_weights_name_modalities_hops_and_links(without_seeds):
    wanted = {f"{name}{hop}" for name in ("image", "attribute") for hop in ("", ", hop 1", ", hop 2")}
    assert set(without_seeds.weights_) == wanted | {LINKED, SHARED}
    assert all(weight >= 0 for weight in without_seeds.weights_.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_rounds": 0},
        {"settled": 1.5},
        {"least_confidence": 1.0},
        {"n_hops": -1},
        {"dim": 0},
        {"whitening": 2},
    ],
    ids=str,
)
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Concord(**wrong)


def test_without_neighbours_own_features_are_not_counted_again(noisy):
    task, features = noisy
    alone = replace(task, left=replace(task.left, triples=()), right=replace(task.right, triples=()))
    model = Concord().fit(alone, features, true_links(alone, 60))
    assert all(weight == 0 for name, weight in model.weights_.items() if name not in features)
    plain = Concord(n_hops=0).fit(alone, features, true_links(alone, 60))
    for name in features:
        assert model.weights_[name] == pytest.approx(plain.weights_[name], rel=0.05)


def test_seeds_that_are_no_candidates_are_left_out_and_told(noisy):
    task, features = noisy
    seeds = true_links(task, 40)
    kept = np.setdiff1d(task.left.candidates, seeds.pairs[:, 0])
    smaller = replace(task, left=replace(task.left, candidates=kept), links=None)
    with pytest.warns(PsqeWarning, match="concord leaves out 40 seeds: an end of each is no candidate"):
        model = Concord(n_rounds=1).fit(smaller, features, seeds)
    assert model.rounds_[0].n_links > 0, "it begins as without seeds"


def test_a_round_without_links_is_told(noisy):
    task, features = noisy
    with pytest.warns(PsqeWarning, match="no pair with a probability of 1 or more, and stays with the links"):
        model = Concord(least_confidence=0.9999999999).fit(task, features, true_links(task, 60))
    assert len(model.rounds_) == 1 and model.rounds_[0].n_found == 0
    assert hits(task, model.similarity) > 0.5
