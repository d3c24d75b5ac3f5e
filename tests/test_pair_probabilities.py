"""Pair probabilities: every ranking is judged without labels, and the order of rows does not matter."""

import numpy as np
import pytest
from scipy import sparse

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import evaluate, feature_scorer
from psqe.graph import Sides
from psqe.links import PairProbabilities
from psqe.seeds import SeedSet
from psqe.similarity import Dot

MATCHINGS = ("cosine", "csls", "sinkhorn")


@pytest.fixture(scope="module")
def planted():
    return planted_pair(250, 3, 8, noise=0.35, dangling=0.1, random_state=0)


@pytest.fixture(scope="module")
def probabilities(planted):
    task, features = planted
    return PairProbabilities.from_alignment(task, features, feature_scorer(task, features))


def by_hand() -> PairProbabilities:
    matrix = sparse.csr_array(np.array([[0.8, 0.1, 0.0], [0.3, 0.5, 0.6]]))
    return PairProbabilities(Sides(np.array([0, 2]), np.array([5, 6, 7])), matrix, calibrated=True)


def scorer(values):
    table = np.asarray(values, dtype=np.float32)
    return lambda left, right: Dot(np.eye(2, dtype=np.float32), table.T.copy())


def test_expected_hits_are_those_computed_by_hand():
    expected = by_hand().expected_hits(scorer([[1, 0, 0], [0, 1, 0.5]]), ["cosine"])["cosine"]
    # Left: .8 and .5 of .9 and 1 (.3 + .5 + .6 is more than 1). Right: .8, .5, .6 of 1, .6 and .6.
    assert expected == pytest.approx((1.3 / 1.9 + 1.9 / 2.2) / 2)


def test_entities_in_given_pairs_are_not_asked():
    told = by_hand().expected_hits(scorer([[1, 0, 0], [0, 1, 0.5]]), ["cosine"], outside=np.array([[0, 5]]))
    # Links of 0 and of 5 do not count: left .5 of 1 (.5 + .6 is more), right .5 and .6 of .5 and .6.
    assert told["cosine"] == pytest.approx((0.5 / 1.0 + 1.1 / 1.1) / 2)
    nobody = by_hand().expected_hits(
        scorer([[1, 0, 0], [0, 1, 0]]), ["cosine"], outside=np.array([[0, 5], [2, 6], [2, 7]])
    )
    assert np.isnan(nobody["cosine"])


def test_what_is_expected_is_near_what_is_reached(planted, probabilities):
    task, features = planted
    ranked = feature_scorer(task, features)
    assert probabilities.calibrated
    told = probabilities.expected_hits(ranked, MATCHINGS)
    for matching in MATCHINGS:
        found = evaluate(task, ranked, matching=matching)["metrics"]
        reached = np.mean([found[direction]["full"]["hits@1"] for direction in ("l2r", "r2l")])
        assert told[matching] == pytest.approx(reached, abs=0.08)


def test_a_worse_ranking_is_expected_to_find_less(planted, probabilities):
    task, features = planted
    rng = np.random.default_rng(0)
    blurred = [
        side.values + rng.standard_normal(side.values.shape).astype(np.float32) for side in features["image"]
    ]
    worse = probabilities.expected_hits(lambda a, b: Dot(blurred[0][a], blurred[1][b]), ["cosine"])
    plain = probabilities.expected_hits(feature_scorer(task, features), ["cosine"])
    assert worse["cosine"] < plain["cosine"] - 0.1


def test_an_aligner_that_reinforces_its_links_is_fitted_again(planted):
    task, features = planted
    model = ALIGNERS["concord"](n_rounds=2, n_hops=1, dim=16, label_dim=32).fit(
        task, features, SeedSet.empty()
    )
    frozen = PairProbabilities.from_alignment(task, features, model.similarity)
    again = PairProbabilities.from_alignment(task, features, model)
    assert again.probability.sum() != pytest.approx(frozen.probability.sum(), rel=1e-6)
