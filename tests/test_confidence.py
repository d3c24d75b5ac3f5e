"""How good seeds are without labels: what the estimate does and does not depend on, and how far it is off."""

import numpy as np
import pytest
from pairs import relabelled, tiny, with_fewer_candidates, with_wrong_links, without_links

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.seeds import MutualMiner, PivotMiner, PSQEMiner, RandomMiner, correct, true_links
from psqe.seeds.confidence import DECOYS, DecoyEstimate, pair_confidence
from psqe.similarity.neighbours import TEMPERATURE


def all_pairs(pair) -> np.ndarray:
    """Each left candidate with a right one drawn at random, then the gold links."""
    task, _ = pair
    rng = np.random.default_rng(0)
    drawn = rng.choice(task.right.candidates, len(task.left.candidates))
    return np.vstack([np.column_stack([task.left.candidates, drawn]), task.links])


def shares_of(s: np.ndarray) -> np.ndarray:
    """Shares of all pairs from a dense matrix of similarities."""
    weights = np.exp(s / TEMPERATURE)
    return weights / np.sqrt(weights.sum(axis=1)[:, None] * weights.sum(axis=0))


def mutual_shares(s: np.ndarray) -> np.ndarray:
    nearest = s.argmax(axis=1)
    rows = np.flatnonzero(s.argmax(axis=0)[nearest] == np.arange(len(s)))
    return shares_of(s)[rows, nearest[rows]]


def test_by_plain_recomputation(planted):
    """The share minus the rate of decoys: right vectors with signs drawn as the module draws them."""
    pair = with_fewer_candidates(planted)
    task, features = pair
    pairs = all_pairs(pair)
    left, right = (v.astype(np.float64) for v in fuse(features, task.left.candidates, task.right.candidates))
    rng = np.random.default_rng(0)
    rng.choice(len(left), len(left), replace=False)
    found, n_draws = mutual_shares(left @ right.T), -(-DECOYS // len(left))
    signs = [rng.choice(np.array([-1, 1], dtype=np.float32), right.shape[1]) for _ in range(n_draws)]
    decoys = np.concatenate([mutual_shares(left @ (sign * right).T) for sign in signs])

    def rate(share: float, unmatched: float) -> float:
        return min(1.0, unmatched * (decoys >= share).sum() / n_draws / max(1, (found >= share).sum()))

    unmatched = 1.0
    for _ in range(100):
        unmatched = 1 - sum(share * (1 - rate(share, unmatched)) for share in found) / len(left)
    shares = shares_of(left @ right.T)
    rows, columns = (
        np.searchsorted(g.candidates, pairs[:, k]) for k, g in enumerate((task.left, task.right))
    )
    known = left[rows].any(axis=1) & right[columns].any(axis=1)
    wanted = [
        share * (1 - rate(share * (1 - 1e-6), unmatched)) if k else 0.0
        for share, k in zip(shares[rows, columns], known, strict=True)
    ]
    assert len(decoys) and 0 < unmatched < 1
    got = pair_confidence(pairs, task, features)
    # A pair whose share is that of one counted may fall on either side of it.
    assert np.mean(np.isclose(got, wanted, rtol=1e-3, atol=1e-6)) > 0.95
    np.testing.assert_allclose(got, wanted, atol=0.05)
    assert got.dtype == np.float32 and (got >= 0).all() and (got <= 1).all()


@pytest.mark.parametrize("n", [0, 5, 40])
def test_nothing_but_chance_leaves_no_confidence(n):
    """Pairs that are no more and no surer than decoys are all due to chance."""
    shares = np.linspace(0.3, 1, n).astype(np.float32)
    estimate = DecoyEstimate.from_shares(shares, shares, 50)
    assert estimate.unmatched == pytest.approx(1, abs=0.02)
    assert (estimate.chance_rate(shares) > 0.97).all()


def test_no_decoys_take_nothing_off():
    shares = np.linspace(0.3, 1, 40).astype(np.float32)
    estimate = DecoyEstimate.from_shares(shares, shares[:0], 50)
    assert estimate.chance_rate(shares).tolist() == [0] * 40
    assert estimate.unmatched == pytest.approx(1 - shares.sum() / 50, rel=1e-5)


def test_features_that_say_nothing_have_no_confidence():
    estimated = []
    for random_state in range(3):
        task, _ = planted_pair(400, random_state=random_state)
        rng = np.random.default_rng(random_state)
        features = Features.from_arrays(
            {
                "image_left": rng.standard_normal((task.left.n_entities, 8)),
                "image_right": rng.standard_normal((task.right.n_entities, 8)),
            }
        )
        seeds = MutualMiner().mine(task, features)
        assert len(seeds) > 100 and correct(seeds.pairs, task).mean() < 0.05
        estimated.append(seeds.confidence.mean())
    assert np.mean(estimated) < 0.15


def test_pairs_that_are_no_candidates(planted):
    task, features = with_fewer_candidates(planted)
    strange = np.setdiff1d(np.arange(task.right.n_entities), task.right.candidates)[0]
    with pytest.raises(DataError, match=f"{strange} is no candidate of graph"):
        pair_confidence([[task.left.candidates[0], strange]], task, features)


def test_any_pairs_will_do(planted):
    task, features = planted
    assert pair_confidence(np.empty((0, 2), dtype=np.int64), task, features).shape == (0,)
    assert pair_confidence([[0, 0]], task, features).shape == (1,)
    pairs = np.array([[3, 5], [3, 6], [3, 5], [1, 5]])  # neither ordered nor one-to-one
    found = pair_confidence(pairs, task, features)
    assert found[0] == found[2]
    one_by_one = [pair_confidence(pair[None], task, features)[0] for pair in pairs]
    np.testing.assert_allclose(found, one_by_one, rtol=1e-4, atol=1e-7)
    given = true_links(task, 40)
    assert given.confidence is None and pair_confidence(given.pairs, task, features).mean() > 0.6


@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_are_not_read(planted, change):
    pairs = all_pairs(planted)
    wanted = pair_confidence(pairs, *planted)
    assert pair_confidence(pairs, *change(planted)).tobytes() == wanted.tobytes()


def test_relabelled_entities_have_the_same_confidence(planted):
    pairs = all_pairs(planted)
    moved, left, right = relabelled(planted, left=3, right=4)
    there = np.column_stack([np.argsort(left)[pairs[:, 0]], np.argsort(right)[pairs[:, 1]]])
    np.testing.assert_allclose(
        pair_confidence(there, *moved), pair_confidence(pairs, *planted), rtol=1e-3, atol=1e-6
    )


def test_an_entity_of_which_nothing_is_known_has_no_confidence():
    task, _ = tiny(30, 30)
    vectors = np.eye(30, dtype=np.float32)
    present = np.arange(30) < 29
    features = Features.from_arrays(
        {"image_left": vectors, "image_left_present": present, "image_right": vectors}
    )
    found = pair_confidence(np.column_stack([np.arange(30), np.arange(30)]), task, features)
    assert (found[:29] > 0.9).all() and found[29] == 0


def estimates(miner, noise: float) -> tuple[float, float]:
    """Mean precision and mean confidence over some planted pairs."""
    found = []
    for random_state in range(4):
        task, features = planted_pair(160, 4, 16, noise=noise, random_state=random_state)
        seeds = miner.mine(task, features)
        found.append((correct(seeds.pairs, task).mean(), seeds.confidence.mean()))
    return tuple(np.mean(found, axis=0))


@pytest.mark.parametrize("noise", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(
    "miner", [MutualMiner(), PivotMiner(60), PSQEMiner(60, stages=["cluster"])], ids=repr
)
def test_calibrated_within_a_tenth_while_features_are_worth_something(miner, noise):
    precision, estimated = estimates(miner, noise)
    assert estimated == pytest.approx(precision, abs=0.1)


@pytest.mark.parametrize("noise", [1.0, 1.6])
def test_seeds_that_the_features_did_not_choose_are_judged_fairly(noise):
    """The pivot sees one of two modalities: the other is an independent witness."""
    precision, estimated = estimates(PivotMiner(60), noise)
    assert estimated == pytest.approx(precision, abs=0.17) and precision < 0.6


@pytest.mark.parametrize("noise", [1.0, 1.3, 1.6])
def test_seeds_that_poor_features_chose_are_judged_fairly(noise):
    """The best of many poor matches have large shares. Decoys have them, too."""
    precision, estimated = estimates(MutualMiner(), noise)
    assert estimated == pytest.approx(precision, abs=0.15) and precision < 0.9


def test_low_for_random_pairs():
    task, features = planted_pair(160, 4, 16, noise=0.5)
    seeds = RandomMiner(100).mine(task, features)
    assert seeds.confidence.mean() < 0.05
    right = correct(all_pairs((task, features)), task)
    found = pair_confidence(all_pairs((task, features)), task, features)
    assert found[right].mean() > 0.9 > 0.05 > found[~right].mean()


def test_low_for_what_has_no_counterpart():
    """No label says who is dangling: many equal candidates do."""
    task, features = planted_pair(160, 4, 24, noise=0.5, dangling=0.25)
    pairs = MutualMiner().mine(task, features).pairs
    linked = np.isin(pairs[:, 0], task.links[:, 0]) & np.isin(pairs[:, 1], task.links[:, 1])
    found = pair_confidence(pairs, task, features)
    assert (~linked).any() and found[linked].mean() > found[~linked].mean() + 0.1
