"""The confidence of a seed, by features and graph: against plain recomputation, and against planted truth."""

import numpy as np
import pytest
from pairs import relabelled, tiny, with_wrong_links, without_links
from scipy.special import logsumexp

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.seeds import MutualMiner, PivotMiner, PSQEMiner, correct, pair_confidence, seed_confidence
from psqe.seeds.confidence import chance_rate
from psqe.seeds.neighbourhood import candidate_graph, walk_similarity
from psqe.similarity import Dot
from psqe.similarity.neighbours import TEMPERATURE


def all_pairs(task) -> np.ndarray:
    """Each left candidate with a right one drawn at random, then the gold links."""
    drawn = np.random.default_rng(0).choice(task.right.candidates, len(task.left.candidates))
    return np.vstack([np.column_stack([task.left.candidates, drawn]), task.links])


def plain_counterparts(s: np.ndarray) -> float:
    """The mean of all entities of the smaller side and of those whose best match is no second best."""
    visible = []
    for table in (s, s.T):
        first, second = np.sort(table, axis=1)[:, ::-1][:, :2].T
        levels = np.sort(second)[int(np.ceil(0.1 * len(second))) - 1 :]
        ratio = min((first <= level).sum() / (second <= level).sum() for level in levels)
        visible.append(len(table) * (1 - ratio))
    return (min(max(visible), *s.shape) + min(s.shape)) / 2


def plain_plan(s: np.ndarray, n: float) -> np.ndarray:
    """Dense Sinkhorn with one extra row and column that take what n pairs leave."""
    k = s / (TEMPERATURE / 2)
    g, extra_column = np.zeros(s.shape[1]), -np.inf
    for _ in range(100):
        extra_row = np.log(s.shape[1] - n) - logsumexp(g)
        f = -np.logaddexp(logsumexp(k + g, axis=1), extra_column)
        extra_column = np.log(s.shape[0] - n) - logsumexp(f)
        g = -np.logaddexp(logsumexp(k + f[:, None], axis=0), extra_row)
    return np.exp(k + f[:, None] + g)


def test_by_plain_recomputation():
    """Pairs that are not listed, beyond the 32 nearest, have next to no share.

    Decoys are in another order here than in the canonical one, so that a few pairs differ.
    """
    task, features = planted_pair(160, 4, 16, noise=0.8, dangling=0.25, density=6.0, random_state=0)
    left, right = task.left.candidates, task.right.candidates
    a, b = (v.astype(np.float64) for v in fuse(features, left, right))
    s = a @ b.T
    n = plain_counterparts(s)
    plan = plain_plan(s, n)
    best = [
        (i, int(row.argmax())) for i, row in enumerate(plan) if plan[:, row.argmax()].argmax() == i
    ]  # fmt: skip
    walks = [
        unit_rows(candidate_graph(g, c).toarray()[:, ends] * plan[tuple(np.array(best).T)])
        for g, c, ends in zip((task.left, task.right), (left, right), np.array(best).T, strict=True)
    ]
    wanted = plain_plan(s + 0.1 * walks[0] @ walks[1].T, n)
    rows, columns = np.indices(s.shape).reshape(2, -1)
    found = seed_confidence(np.column_stack([left[rows], right[columns]]), task, features)
    assert len(best) > 10 and 0 < n < min(s.shape)
    by_chance = chance_rate(Dot(*fuse(features, left, right)), rows, columns)
    close = np.isclose(found, wanted[rows, columns] * (1 - by_chance), atol=0.02)
    assert close.mean() > 0.995 and close[found > 0.5].mean() > 0.9
    assert np.abs(plan - wanted).max() > 0.05


def test_a_pair_says_nothing_about_itself_but_about_its_neighbours():
    task, _ = planted_pair(40, 2, 8, density=3.0, random_state=0)
    left, right = task.left.candidates, task.right.candidates
    pair = np.array([[3, 5]])
    met = walk_similarity(task, left, right, pair).rows(0, len(left))
    assert met[3].max() == 0 and met[:, 5].max() == 0
    beside = [np.flatnonzero(candidate_graph(g, c).toarray()[:, end])
              for g, c, end in ((task.left, left, 3), (task.right, right, 5))]  # fmt: skip
    wanted = np.zeros_like(met)
    wanted[np.ix_(*beside)] = 1
    assert wanted.any()
    np.testing.assert_allclose(met, wanted, atol=1e-6)


def error(function, miner, noise: float) -> float:
    """Mean distance of estimated and true precision over some planted pairs with many edges."""
    errors = []
    for random_state in range(3):
        task, features = planted_pair(160, 4, 16, noise=noise, density=6.0, random_state=random_state)
        seeds = miner.mine(task, features)
        errors.append(abs(function(seeds.pairs, task, features).mean() - correct(seeds.pairs, task).mean()))
    return float(np.mean(errors))


def test_the_graph_makes_the_estimate_of_many_seeds_better():
    """Most pairs that there are: features alone say too little for the doubtful ones."""
    miner = PSQEMiner(120, n_clusters=3, switches={"n_epochs": 5, "dim": 16})
    assert error(seed_confidence, miner, 0.8) < error(pair_confidence, miner, 0.8) - 0.02


@pytest.mark.parametrize("miner", [MutualMiner(60), PivotMiner(60)], ids=repr)
def test_close_for_miners_that_read_no_graph(miner):
    assert error(seed_confidence, miner, 0.5) < 0.1


def test_features_that_say_nothing_have_no_confidence():
    task, _ = planted_pair(400, random_state=0)
    rng = np.random.default_rng(0)
    noise = {
        f"image_{side}": rng.standard_normal((graph.n_entities, 8))
        for side, graph in (("left", task.left), ("right", task.right))
    }
    seeds = MutualMiner().mine(task, Features.from_arrays(noise))
    assert len(seeds) > 100 and seeds.confidence.mean() < 0.15


@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_are_not_read(planted, change):
    pairs = all_pairs(planted[0])
    wanted = seed_confidence(pairs, *planted)
    assert seed_confidence(pairs, *change(planted)).tobytes() == wanted.tobytes()


def test_relabelled_entities_have_the_same_confidence(planted):
    pairs = all_pairs(planted[0])
    moved, left, right = relabelled(planted, left=3, right=4)
    there = np.column_stack([np.argsort(left)[pairs[:, 0]], np.argsort(right)[pairs[:, 1]]])
    np.testing.assert_allclose(
        seed_confidence(there, *moved), seed_confidence(pairs, *planted), rtol=1e-3, atol=1e-5
    )


def test_a_miner_gives_what_the_function_gives(planted):
    task, features = planted
    seeds = PSQEMiner(30, n_clusters=3, switches={"n_epochs": 3}).mine(task, features)
    # All lists at once, as the miner does it: blocks of another shape are rounded in another way, and then
    # a pair whose share is that of a counted one may fall on the other side of it.
    lists = [seeds, *seeds.trace]
    wanted = seed_confidence(np.concatenate([each.pairs for each in lists]), task, features)
    assert len(lists) > 1
    for each, own in zip(
        lists, np.split(wanted, np.cumsum([len(each.pairs) for each in lists])[:-1]), strict=True
    ):
        np.testing.assert_allclose(each.confidence, own, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(seeds.head(7).confidence, seeds.confidence[:7])


def test_pairs_without_candidates_vectors_or_anything():
    task, _ = tiny(30, 30)
    vectors = np.eye(30, dtype=np.float32)
    present = np.arange(30) != 7
    features = Features.from_arrays(
        {"image_left": vectors, "image_left_present": present, "image_right": vectors}
    )
    found = seed_confidence(np.column_stack([np.arange(30), np.arange(30)]), task, features)
    assert (found[present] > 0.9).all() and found[7] == 0
    assert seed_confidence(np.empty((0, 2), dtype=np.int64), task, features).shape == (0,)
    with pytest.raises(DataError, match="30 is no candidate of graph"):
        seed_confidence([[0, 30]], task, features)
