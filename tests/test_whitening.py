"""Whitening by seeds and by all candidates: what it makes equal, and what changes nothing."""

import numpy as np
import pytest
from pairs import graph

from psqe.aligners import ALIGNERS
from psqe.errors import ParameterError
from psqe.evaluation import evaluate, feature_scorer
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.features.whitening import WhiteningRule, whitened_nodes
from psqe.graph import AlignmentTask
from psqe.seeds import SeedSet, pair_confidence, true_links


def two_views(n: int = 300, dim: int = 12, seed: int = 0) -> tuple[AlignmentTask, Features]:
    """Two noisy views of the same vectors, which differ most in the first two dimensions."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, dim))
    noise = np.array([3.0, 3.0, *[0.3] * (dim - 2)])
    views = {f"image_{side}": common + noise * rng.standard_normal((n, dim)) for side in ("left", "right")}
    both = np.column_stack([np.arange(n)] * 2)
    return AlignmentTask("t", graph("l", n), graph("r", n), both), Features.from_arrays(views)


def ones(pairs) -> np.ndarray:
    return np.ones(len(pairs), dtype=np.float32)


def hits(task, scorer) -> float:
    return evaluate(task, scorer)["metrics"]["l2r"]["full"]["hits@1"]


def test_directions_in_which_the_two_views_differ_count_less():
    task, features = two_views()
    model = ALIGNERS["whitening"](weigh_seeds=False).fit(task, features, true_links(task, 200))
    assert hits(task, model.similarity) > hits(task, feature_scorer(task, features)) + 0.15


def test_whitened_differences_vary_equally_in_all_directions():
    """By its definition; rows are scaled to unit length at the end."""
    task, features = two_views()
    rule = WhiteningRule(within=1.0, shrinkage=1e-6)
    nodes = whitened_nodes(task, features, task.links, ones(task.links), rule)
    plain = {side: node_vectors(features, side, task.sides[side]) for side in ("left", "right")}
    differences = plain["left"] - plain["right"]
    variances, axes = np.linalg.eigh(differences.T @ differences)
    wanted = plain["left"] @ (axes / np.sqrt(variances)) @ axes.T
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(nodes.left, wanted, atol=1e-4)


@pytest.mark.parametrize("given", ["no seeds", "only the identity", "seeds without weight"])
def test_without_information_features_stay_as_they_are(planted, given):
    task, features = planted
    pairs = task.links[:20]
    rule = WhiteningRule(1.0, 1.0 if given == "only the identity" else None)
    weights = ones(pairs) * (given != "seeds without weight")
    if given == "no seeds":
        pairs, weights = pairs[:0], weights[:0]
    nodes = whitened_nodes(task, features, pairs, weights, rule)
    for side in ("left", "right"):
        np.testing.assert_allclose(nodes[side], node_vectors(features, side, task.sides[side]), atol=1e-5)


def test_the_total_covariance_needs_no_seeds(planted):
    task, features = planted
    total = ALIGNERS["whitening"](within=0.0)
    without = total.fit(task, features, SeedSet.empty()).embeddings()
    with_seeds = total.fit(task, features, true_links(task, 30)).embeddings()
    for one, other in zip(without, with_seeds, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.allclose(without[0], node_vectors(features, "left", task.left), atol=1e-3)


def test_the_two_covariances_are_mixed_by_their_weight():
    task, features = two_views()
    pairs = task.links[:100]
    ends = [whitened_nodes(task, features, pairs, ones(pairs), WhiteningRule(w)).left for w in (0, 0.5, 1)]
    between = [float(np.abs(ends[i] - ends[j]).mean()) for i, j in ((0, 1), (1, 2), (0, 2))]
    assert 0 < max(between[:2]) < between[2]


def test_a_seed_without_weight_has_no_part():
    task, features = two_views()
    pairs, rule = task.links[:100].copy(), WhiteningRule(1.0)
    pairs[:40, 1] = np.roll(pairs[:40, 1], 1)
    weights = np.r_[np.zeros(40), np.ones(60)].astype(np.float32)
    found = whitened_nodes(task, features, pairs, weights, rule)
    wanted = whitened_nodes(task, features, pairs[40:], weights[40:], rule)
    np.testing.assert_allclose(found.left, wanted.left, atol=1e-6)


def test_seeds_count_by_their_confidence(planted):
    task, features = planted
    seeds = true_links(task, 30)
    weights = pair_confidence(seeds.pairs, task, features)
    assert weights.std() > 0.05
    wanted = whitened_nodes(task, features, seeds.pairs, weights, WhiteningRule(1.0))
    found = ALIGNERS["whitening"]().fit(task, features, seeds).embeddings()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_propagation_takes_the_same_whitening(planted):
    task, features = planted
    seeds = true_links(task, 30)
    options = {"shrinkage": 0.4, "weigh_seeds": False}
    spread = ALIGNERS["propagation"](n_hops=0, whitening=0.7, **options).fit(task, features, seeds)
    alone = ALIGNERS["whitening"](within=0.7, **options).fit(task, features, seeds)
    for one, other in zip(spread.embeddings(), alone.embeddings(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_few_seeds_change_little_by_default():
    task, features = two_views()
    plain = node_vectors(features, "left", task.left)
    changes = [
        np.abs(whitened_nodes(task, features, pairs, ones(pairs), WhiteningRule(1.0)).left - plain).mean()
        for pairs in (task.links[:1], task.links[:10], task.links)
    ]
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("parameters", [{"within": 1.5}, {"within": -0.1}, {"shrinkage": 1e-300}], ids=str)
def test_impossible_shares(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        ALIGNERS["whitening"](**parameters)


def test_the_smallest_shrinkage_is_one_that_numbers_can_hold():
    """Fewer seeds than dimensions: all variances but those of the seeds come from the identity."""
    task, features = two_views()
    model = ALIGNERS["whitening"](weigh_seeds=False, shrinkage=1e-6)
    left, right = model.fit(task, features, true_links(task, 2)).embeddings()
    assert np.isfinite(left).all() and np.isfinite(right).all()
