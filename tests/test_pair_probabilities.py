"""Pair probabilities: what any ranking should find, without labels and whatever the order of rows."""

import numpy as np
import pytest
from scipy import sparse

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation import evaluate, feature_scorer
from psqe.features import Features
from psqe.features.base import Modality, Vectors
from psqe.graph import Sides
from psqe.links import PairProbabilities
from psqe.seeds import SeedSet, true_links
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
    candidates = Sides(np.array([0, 2]), np.array([5, 6, 7]))
    return PairProbabilities(planted_pair(30)[0], candidates, matrix, calibrated=True)


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


def test_a_tie_for_the_first_place_finds_nothing():
    told = by_hand().expected_hits(scorer([[1, 1, 0], [0, 1, 0.5]]), ["cosine"])["cosine"]
    # The first left entity and the second right one have two best candidates.
    assert told == pytest.approx((0.5 / 1.9 + (0.8 + 0.6) / 2.2) / 2)


def test_swapped_sides_transpose_what_is_expected():
    values = np.array([[1, 0, 0], [0, 1, 0.5]], dtype=np.float32)
    plain = by_hand()
    turned = PairProbabilities(
        plain.task, Sides(*reversed(list(plain.candidates))), plain.probability.T.tocsr(), calibrated=True
    )
    told = turned.expected_hits(
        lambda left, right: Dot(values.T.copy(), np.eye(2, dtype=np.float32)), ["cosine"]
    )
    assert told["cosine"] == pytest.approx(plain.expected_hits(scorer(values), ["cosine"])["cosine"])


def test_what_cannot_be_calibrated_is_told():
    task, features = planted_pair(12, random_state=0)
    with pytest.warns(PsqeWarning, match="not calibrated"):
        found = PairProbabilities.from_alignment(task, features, feature_scorer(task, features))
    assert not found.calibrated


UNFITTED = ALIGNERS["propagation"]()


@pytest.mark.parametrize(
    "call",
    [
        lambda t, f, p: PairProbabilities.from_alignment(t, f, UNFITTED),
        lambda t, f, p: PairProbabilities.from_alignment(t, f, ALIGNERS["concord"]),
        lambda t, f, p: PairProbabilities.from_alignment(t, f, None),
        lambda t, f, p: PairProbabilities.from_alignment(t, f, lambda a, b: feature_scorer(t, f)(a[:-5], b)),
        lambda t, f, p: PairProbabilities.from_alignment(t, f, feature_scorer(t, f), seeds=t.links),
        lambda t, f, p: p.expected_hits(UNFITTED, ["cosine"]),
        lambda t, f, p: p.expected_hits("features", ["cosine"]),
        lambda t, f, p: p.expected_hits(lambda a, b: None, ["cosine"]),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), "cosine"),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), None),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), ["euclid"]),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), ["cosine"], outside=[[0, 99999]]),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), ["cosine"], outside=[[0.5, 1.0]]),
        lambda t, f, p: p.expected_hits(feature_scorer(t, f), ["cosine"], outside=np.array([0, 1])),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_one_line(planted, probabilities, call):
    with pytest.raises(ParameterError) as error:
        call(*planted, probabilities)
    assert "\n" not in str(error.value)


def test_an_aligner_that_returns_its_seeds_gives_no_probabilities(planted):
    task, features = planted
    seeds = true_links(task, 40, random_state=0)
    model = ALIGNERS["clamped"]().fit(task, features, seeds)
    with pytest.raises(ParameterError, match="returns its seeds"):
        PairProbabilities.from_alignment(task, features, model, seeds=seeds)


def test_what_is_expected_is_near_what_is_reached(planted, probabilities):
    task, features = planted
    ranked = feature_scorer(task, features)
    assert probabilities.calibrated
    told = probabilities.expected_hits(ranked, MATCHINGS)
    for matching in MATCHINGS:
        found = evaluate(task, ranked, matching=matching)["metrics"]
        reached = np.mean([found[direction]["full"]["hits@1"] for direction in ("l2r", "r2l")])
        assert told[matching] == pytest.approx(reached, abs=0.08)


def test_neither_gold_links_nor_the_order_of_rows_matter(planted, probabilities):
    task, features = planted
    told = probabilities.expected_hits(feature_scorer(task, features), MATCHINGS)
    bare = task.without_links()
    unknown = PairProbabilities.from_alignment(bare, features, feature_scorer(bare, features))
    assert unknown.expected_hits(feature_scorer(bare, features), MATCHINGS) == told
    rng = np.random.default_rng(0)
    orders = [rng.permutation(graph.n_entities) for graph in task.sides]
    turned = task.take(*orders)

    def take(both: Modality) -> Modality:
        sides = zip(both, orders, strict=True)
        return Modality(*(Vectors(side.values[order], side.present[order]) for side, order in sides))

    moved = Features({name: take(both) for name, both in features.items()})
    again = PairProbabilities.from_alignment(turned, moved, feature_scorer(turned, moved))
    assert again.expected_hits(feature_scorer(turned, moved), MATCHINGS) == pytest.approx(told, abs=1e-9)


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
