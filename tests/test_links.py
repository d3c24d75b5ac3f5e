"""Predicted links: competition among candidates, order, confidence, threshold and file."""

import numpy as np
import pytest
from pairs import Table, relabelled, tiny, with_fewer_candidates, with_wrong_links, without_links

from psqe.aligners import MCLEA
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import feature_scorer
from psqe.graph import Sides
from psqe.links.confidence import model_temperature
from psqe.links.formats import save_links
from psqe.links.nearest import TwoNearest
from psqe.links.predict import Links, predict_links
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule, best_threshold
from psqe.seeds import MutualMiner, RandomMiner, SeedSet, correct
from psqe.seeds.estimate import seed_confidence
from psqe.similarity import Dot
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.neighbours import TEMPERATURE
from psqe.similarity.shortlist import Shortlist

ALL = LinkRule(threshold=0.0)
AUTO = LinkRule(threshold=None)
"""Every pair that is chosen becomes a link."""


def some_seeds(pair, n: int) -> SeedSet:
    """Seeds in the order of the gold links, every third one wrong."""
    pairs = pair[0].links[:n].copy()
    pairs[::3, 1] = np.roll(pairs[::3, 1], 1)
    return SeedSet(pairs, np.zeros(len(pairs), np.float32), ("given",) * len(pairs))


def test_links_by_plain_recomputation(planted):
    """Links are seeds and mutual nearest neighbours of other candidates, with the confidence of their kind.

    That of a seed is its own. That of another pair follows from its share in a plan of all pairs and from its
    lead in CSLS; one shift is common to all of these.
    """
    pair = with_fewer_candidates(planted)
    task, features = pair
    scorer, seeds = feature_scorer(*pair), some_seeds(pair, 12)
    links = predict_links(task, features, scorer, seeds=seeds, rule=LinkRule("cosine", "mutual", 0.0))
    left, right = task.left.candidates, task.right.candidates
    similarity = scorer(left, right).rows(0, len(left)).astype(np.float64)
    free = [np.flatnonzero(~np.isin(own, seeds.pairs[:, k])) for k, own in enumerate((left, right))]
    s = similarity[np.ix_(*free)]
    temperature = plain_temperature(s)
    odds = plain_log_odds(s, plain_plan(s, temperature, plain_counterparts(s)), temperature)
    others = ~links.from_seed
    ends = [
        np.searchsorted(own[alone], links.pairs[others, k])
        for k, (own, alone) in enumerate(zip((left, right), free, strict=True))
    ]
    claimed = links.confidence[others].astype(float)
    shifts = np.log(claimed / (1 - claimed)) - odds[tuple(ends)]
    shift = np.median(shifts)
    confidence = 1 / (1 + np.exp(-odds - shift))
    wanted = {}
    for (i, j), sure in zip(seeds.pairs.tolist(), seed_confidence(seeds.pairs, *pair), strict=True):
        i_, j_ = np.searchsorted(left, i), np.searchsorted(right, j)
        second = max(np.delete(similarity[i_], j_).max(), np.delete(similarity[:, j_], i_).max())
        wanted[i, j] = (similarity[i_, j_], sure, similarity[i_, j_] - second, True)
    for i in range(len(s)):
        j = int(s[i].argmax())
        if int(s[:, j].argmax()) == i:
            second = max(np.delete(s[i], j).max(), np.delete(s[:, j], i).max())
            wanted[int(left[free[0][i]]), int(right[free[1][j]])] = (
                s[i, j],
                confidence[i, j],
                s[i, j] - second,
                False,
            )
    assert len(links) == len(wanted) > 20 and not len(links.doubtful)
    for (i, j), *found in zip(
        links.pairs.tolist(), links.scores, links.confidence, links.rank_margin, links.from_seed, strict=True
    ):
        # The temperature is found to within a hundredth, and the shortlist omits some pairs.
        np.testing.assert_allclose(found, wanted[i, j], rtol=0.02, atol=1e-3)
    order = list(zip(-links.confidence, -links.rank_margin, strict=True))
    assert order == sorted(order)
    assert links.expected_links == pytest.approx(
        plain_counterparts(s) + seed_confidence(seeds.pairs, *pair).sum(), rel=1e-5
    )


def plain_counterparts(s: np.ndarray) -> float:
    return n_counterparts(Shortlist.from_similarity(Table(s.astype(np.float32)), k=max(s.shape)))


def plain_plan(s: np.ndarray, temperature: float, n: float) -> np.ndarray:
    listed = Shortlist.from_similarity(Table(s.astype(np.float32)), k=max(s.shape))
    plan = np.zeros(s.shape)
    plan[listed.rows, listed.columns] = probabilities(listed, temperature=temperature, n_counterparts=n)
    return plan


def plain_log_odds(s: np.ndarray, plan: np.ndarray, temperature: float) -> np.ndarray:
    """The mean of the logarithm of the odds of each share and of its lead in CSLS, by loops."""
    scale = [np.sort(side, axis=1)[:, ::-1][:, :10].mean(axis=1) for side in (s, s.T)]
    scores = 2 * s - scale[0][:, None] - scale[1][None, :]
    odds = np.empty(s.shape)
    for i, j in np.ndindex(*s.shape):
        lead = scores[i, j] - max(np.delete(scores[i], j).max(), np.delete(scores[:, j], i).max())
        share = np.clip(plan[i, j], 1e-12, 1 - 1e-12)
        odds[i, j] = (
            np.clip(np.log(share / (1 - share)), -9, 9) + np.clip(lead / temperature, -30, 30) / 4
        ) / 2
    return odds


def plain_temperature(s: np.ndarray) -> float:
    """Half of the tried temperature whose mean nearest probability is closest to the share of mutual ones."""
    mutual = np.mean(
        [(m.argmax(axis=0)[m.argmax(axis=1)] == np.arange(len(m))).mean() for m in (s, s.T)]
    )  # fmt: skip

    def expected(t: float) -> float:
        return np.mean(
            [(1 / np.exp((m - m.max(axis=1, keepdims=True)) / t).sum(axis=1)).mean() for m in (s, s.T)]
        )

    tried = np.exp(np.linspace(np.log(1e-3), np.log(3), 4000))
    return float(tried[np.argmin([abs(expected(t) - mutual) for t in tried])]) / 2


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_temperature_follows_the_scale_of_the_similarities(planted, scale):
    task, _ = planted
    s = feature_scorer(*planted)(task.left.candidates, task.right.candidates).rows(0, 10**6)
    assert model_temperature(Table(s * np.float32(scale))) == pytest.approx(
        plain_temperature(s.astype(np.float64)) * scale, rel=0.02
    )


def test_the_temperature_does_not_depend_on_which_side_is_left(planted):
    task, _ = planted
    similarity = feature_scorer(*planted)(task.left.candidates, task.right.candidates)
    assert model_temperature(similarity.T) == pytest.approx(model_temperature(similarity), rel=1e-3)


@pytest.mark.parametrize("s", [np.ones((1, 5)), np.ones((4, 4)), np.empty((0, 3))])
def test_nothing_to_compare_leaves_the_temperature_of_features(s):
    assert model_temperature(Table(s.astype(np.float32))) == TEMPERATURE


def test_confidence_is_high_for_a_perfect_model_and_low_for_noise():
    """The search is tested at both ends: all neighbours are mutual, or as many as by chance."""
    n = 60
    assert model_temperature(Table(np.eye(n, dtype=np.float32))) < 0.01
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((n, n)).astype(np.float32)
    plan = plain_plan(noise, model_temperature(Table(noise)), plain_counterparts(noise))
    i, j = np.nonzero((plan == plan.max(axis=1, keepdims=True)) & (plan == plan.max(axis=0)))
    assert len(i) > 10 and plan[i, j].mean() < 0.85


def test_a_sample_of_many_candidates_gives_the_temperature(monkeypatch):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((1500, 8)).astype(np.float32)
    similarity = Dot(vectors, vectors + rng.standard_normal(vectors.shape).astype(np.float32) / 3)
    sampled = model_temperature(similarity)
    monkeypatch.setattr("psqe.links.confidence.SAMPLE", 1500)
    assert sampled == pytest.approx(model_temperature(similarity), rel=0.15) and sampled > 0


RULES = [
    LinkRule(matching, rule, threshold)
    for matching in ("cosine", "csls", "sinkhorn")
    for rule in ("mutual", "one_to_one")
    for threshold in (0.0, None)
]


def ids(rule: LinkRule) -> str:
    return f"{rule.matching}-{rule.rule}-{'all' if rule.threshold == 0 else 'auto'}"


@pytest.mark.parametrize("rule", RULES, ids=ids)
@pytest.mark.parametrize("noise", [0.2, 0.5, 0.8])
def test_calibrated_without_training(noise, rule):
    """The expected number of correct links is close to the true one over planted pairs with dangling ones."""
    expected, right, n = 0.0, 0, 0
    for random_state in range(4):
        task, features = planted_pair(160, 4, 16, noise=noise, dangling=0.1, random_state=random_state)
        links = predict_links(task, features, feature_scorer(task, features), rule=rule)
        expected, right, n = (
            expected + links.confidence.sum(),
            right + correct(links.pairs, task).sum(),
            n + len(links),
        )
    assert n > 200 and expected / n == pytest.approx(right / n, abs=0.1)


def models(noise: float):
    """Planted pairs with models of few and of many epochs: task, features, seeds and model."""
    found = []
    for random_state, n_epochs in ((0, 20), (1, 60), (2, 200)):
        task, features = planted_pair(200, 4, 16, noise=noise, dangling=0.1, random_state=random_state)
        seeds = MutualMiner(60).mine(task, features)
        model = MCLEA.preset("small", n_epochs=n_epochs, random_state=0).fit(task, features, seeds)
        found.append((task, features, seeds, model))
    return found


@pytest.fixture(scope="module")
def trained():
    """Features carry little information: four in ten seeds of the last model are wrong."""
    return models(1.2)


@pytest.fixture(scope="module")
def trained_well():
    """Features carry enough information for nearly all seeds to be correct."""
    return models(0.8)


def claims(models, rule: LinkRule):
    """Confidence and truth of links that were seeds, and of those that were not."""
    kinds = {True: [], False: []}
    for task, features, seeds, model in models:
        links = predict_links(task, features, model.similarity, seeds=seeds, rule=rule)
        right = correct(links.pairs, task)
        for kind, found in kinds.items():
            found.append((links.confidence[links.from_seed == kind], right[links.from_seed == kind]))
    return [tuple(map(np.concatenate, zip(*found, strict=True))) for found in kinds.values()]


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_calibrated_after_training(trained_well, rule):
    """This holds for any number of epochs, for pairs that the model was trained on and for others."""
    for sure, right in claims(trained_well, rule):
        assert len(sure) > 150 and sure.mean() == pytest.approx(right.mean(), abs=0.1)


def test_calibrated_where_features_carry_little_information(trained):
    """Links outside the seeds claim what is correct, whatever chose them; seeds do not claim too much."""
    for rule in (LinkRule("cosine", "mutual", 0.0), ALL):
        (sure, right), (sure_free, right_free) = claims(trained, rule)
        assert len(sure) > 90 and -0.2 < sure.mean() - right.mean() < 0.05 and right.mean() < 0.8
        assert sure_free.mean() == pytest.approx(right_free.mean(), abs=0.1) and right_free.mean() < 0.8


def test_random_seeds_get_low_confidence(trained):
    """A model returns its seeds with similarities near one, which is no evidence that they are correct."""
    task, features, _, _ = trained[0]
    seeds = RandomMiner(100, random_state=0).mine(task, features)
    model = MCLEA.preset("small", n_epochs=100, learning_rate=1e-2, random_state=0)
    model.fit(task, features, seeds)
    links = predict_links(task, features, model.similarity, seeds=seeds, rule=ALL)
    assert links.from_seed.sum() == 100 and links.scores[links.from_seed].mean() > 0.9
    assert links.confidence[links.from_seed].mean() < 0.1
    unaware = predict_links(task, features, model.similarity, rule=ALL)
    assert unaware.confidence[np.isin(unaware.pairs[:, 0], seeds.pairs[:, 0])].mean() > 0.5
    # None of the seeds becomes a link, and no other link uses their entities.
    cautious = predict_links(task, features, model.similarity, seeds=seeds, rule=AUTO)
    ends = np.isin(cautious.pairs[:, 0], seeds.pairs[:, 0]) | np.isin(cautious.pairs[:, 1], seeds.pairs[:, 1])
    assert cautious.from_seed[ends].all() and ends.sum() < 10


def test_confidence_puts_correct_links_first(trained):
    for task, features, seeds, model in trained:
        links = predict_links(task, features, model.similarity, seeds=seeds, rule=AUTO)
        right = correct(links.pairs, task)
        half = len(links) // 2
        assert right[:half].mean() > right[half:].mean() + 0.15


# ---- the competition among candidates


HUB = np.array([[0.99, 0.1, 0.0], [0.8, 0.7, 0.0], [0.8, 0.1, 0.6]], dtype=np.float32)
"""Similarities of three entities: right 0 belongs to left 0 and is nearest to the two others too."""


def linked(table: np.ndarray, seeds, rule: LinkRule) -> Links:
    task, features = tiny(*table.shape)
    pairs = np.array(seeds)
    given = SeedSet(pairs, np.zeros(len(pairs), np.float32), ("given",) * len(pairs))
    return predict_links(task, features, lambda i, j: Table(table[np.ix_(i, j)]), seeds=given, rule=rule)


@pytest.mark.parametrize("matching", ["cosine", "csls", "sinkhorn"])
@pytest.mark.parametrize("rule", ["mutual", "one_to_one"])
def test_the_entities_of_seeds_do_not_compete(matching, rule):
    links = linked(HUB, [[0, 0]], LinkRule(matching, rule, 0.0))
    assert sorted(links.pairs.tolist()) == [[0, 0], [1, 1], [2, 2]]
    assert sorted(links.pairs[links.from_seed].tolist()) == [[0, 0]]
    by_left = np.argsort(links.pairs[:, 0])
    # A seed is compared with all candidates, another link with the candidates in no seed.
    np.testing.assert_allclose(links.rank_margin[by_left], [0.99 - 0.8, 0.7 - 0.1, 0.6 - 0.1], atol=1e-6)
    np.testing.assert_array_equal(links.nearest["left"].entities, [[0, 1], [1, 2], [2, 1]])
    np.testing.assert_array_equal(links.nearest["right"].entities, [[0, 1], [1, 2], [2, 1]])
    np.testing.assert_allclose(links.nearest["right"].scores[0], [0.99, 0.8])


def test_the_entities_of_a_wrong_seed_get_no_other_link():
    """The model was trained to misplace these entities, so their other similarities are no evidence."""
    assert sorted(linked(HUB, [[0, 1]], ALL).pairs.tolist()) == [[0, 1], [1, 0], [2, 2]]


def test_more_unseeded_links_than_among_all(trained):
    """Entities of seeds are hubs; as competitors they would hide correct pairs from the mutual rule."""
    for task, features, seeds, model in trained[1:]:
        unlinked = predict_links(
            task, features, model.similarity, seeds=seeds, rule=LinkRule("cosine", "mutual", 0)
        )
        among_all = predict_links(task, features, model.similarity, rule=LinkRule("cosine", "mutual", 0))
        of_seed = np.isin(among_all.pairs[:, 0], seeds.pairs[:, 0])
        n_right = correct(unlinked.pairs[~unlinked.from_seed], task).sum()
        assert n_right > correct(among_all.pairs[~of_seed], task).sum()


def test_a_seed_that_names_no_candidate_is_no_link(planted):
    task, features = with_fewer_candidates(planted)
    seeds = some_seeds(planted, 30)
    out = ~np.isin(seeds.pairs[:, 0], task.left.candidates) | ~np.isin(
        seeds.pairs[:, 1], task.right.candidates
    )
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds, rule=ALL)
    assert 5 < out.sum() < 25 and links.from_seed.sum() == (~out).sum()
    assert np.isin(links.pairs[:, 0], task.left.candidates).all()
    assert not np.isin(links.pairs[~links.from_seed][:, 0], seeds.pairs[:, 0]).any()


# ---- the threshold


def test_below_the_threshold_there_is_no_link(planted):
    task, features = planted
    seeds = some_seeds(planted, 30)
    every = predict_links(task, features, feature_scorer(*planted), seeds=seeds, rule=ALL)
    assert not len(every.doubtful) and every.threshold == 0
    for rule in (LinkRule(threshold=0.5), AUTO):
        links = predict_links(task, features, feature_scorer(*planted), seeds=seeds, rule=rule)
        wanted = rule.threshold or best_threshold(every.confidence, every.expected_links)
        assert links.threshold == pytest.approx(wanted) and 0.3 < wanted <= 0.5
        n = int((every.confidence >= wanted).sum())
        np.testing.assert_array_equal(links.pairs, every.pairs[:n])
        np.testing.assert_array_equal(links.from_seed, every.from_seed[:n])
        np.testing.assert_array_equal(links.doubtful, every.pairs[n:])
        np.testing.assert_array_equal(links.doubtful_confidence, every.confidence[n:])
        assert len(every) - 5 > n > 30 and len(set(every.from_seed[n:].tolist())) == 2
        unlinked = links.without_counterpart(task)
        for k, side in enumerate(("left", "right")):
            own = task.sides[side].candidates
            assert sorted([*unlinked[side].tolist(), *links.pairs[:, k].tolist()]) == own.tolist()


def test_the_threshold_finds_the_dangling(trained):
    """The F1 of links and that of "no counterpart" are higher than without a threshold."""
    gains = []
    for task, features, seeds, model in trained:
        both = [
            link_quality(predict_links(task, features, model.similarity, seeds=seeds, rule=rule).pairs, task)
            for rule in (LinkRule("cosine", "one_to_one", 0.0), LinkRule("cosine", "one_to_one", None))
        ]
        every, cut = ([q["links"]["f1"], q["no_counterpart"]["left"]["f1"]] for q in both)
        gains.append(np.subtract(cut, every))
    assert (np.mean(gains, axis=0) > [0.01, 0.1]).all()


@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_are_not_read(planted, change):
    seeds = some_seeds(planted, 30)
    wanted = predict_links(*planted, feature_scorer(*planted), seeds=seeds, rule=AUTO)
    found = predict_links(*change(planted), feature_scorer(*planted), seeds=seeds, rule=AUTO)
    np.testing.assert_array_equal(found.pairs, wanted.pairs)
    assert found.confidence.tobytes() == wanted.confidence.tobytes()


@pytest.mark.parametrize("matching", ["cosine", "csls", "sinkhorn"])
@pytest.mark.parametrize("rule", ["mutual", "one_to_one"])
def test_relabelled_entities_have_the_same_links(planted, matching, rule):
    seeds = some_seeds(planted, 30)
    rule = LinkRule(matching, rule, 0.0)
    wanted = predict_links(*planted, feature_scorer(*planted), seeds=seeds, rule=rule)
    pair, left, right = relabelled(planted, left=1, right=2)
    moved = np.column_stack([np.argsort(left)[seeds.pairs[:, 0]], np.argsort(right)[seeds.pairs[:, 1]]])
    moved = SeedSet(moved, seeds.scores, seeds.stages)
    found = predict_links(*pair, feature_scorer(*pair), seeds=moved, rule=rule)
    sure = {(int(i), int(j)): c for (i, j), c in zip(wanted.pairs, wanted.confidence, strict=True)}
    assert {(int(left[i]), int(right[j])) for i, j in found.pairs} == set(sure)
    for (i, j), c in zip(found.pairs, found.confidence, strict=True):
        assert c == pytest.approx(sure[int(left[i]), int(right[j])], rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("matching", ["cosine", "csls", "sinkhorn"])
def test_mutual_leaves_ties_out(matching):
    """Two left entities are identical, so only their order could decide which of them is linked."""
    task, features = tiny(3, 2)
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    links = predict_links(
        task, features, lambda rows, columns: Dot(vectors[rows], vectors[1:][columns]),
        rule=LinkRule(matching, "mutual", 0.0),
    )  # fmt: skip
    assert links.pairs.tolist() == [[2, 1]]


def test_one_to_one_gives_a_tie_a_confidence_of_one_half():
    task, features = tiny(3, 2)
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    links = predict_links(
        task, features, lambda rows, columns: Dot(vectors[rows], vectors[1:][columns]),
        rule=LinkRule("cosine", "one_to_one", 0.0),
    )  # fmt: skip
    sure = {tuple(pair): c for pair, c in zip(links.pairs.tolist(), links.confidence, strict=True)}
    assert len(sure) == 2 and sure.pop((2, 1)) > 0.9
    assert next(iter(sure.values())) == pytest.approx(0.5, abs=0.02)


def test_a_single_pair_is_a_link_without_competitor():
    task, features = tiny(1, 1)
    one = np.ones((1, 1), np.float32)
    links = predict_links(task, features, lambda rows, columns: Dot(one[rows], one[columns]))
    assert links.pairs.tolist() == [[0, 0]] and links.confidence[0] > 0.999
    assert np.isinf(links.rank_margin[0]) and links.from_seed.tolist() == [False]


def test_every_candidate_in_a_seed(planted):
    """No candidate remains to estimate a temperature from, and no link needs one."""
    task, features = tiny(6, 6, links=True)
    n = len(task.links)
    seeds = SeedSet(task.links, np.zeros(n, np.float32), ("given",) * n)
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds, rule=ALL)
    assert len(links) == 6 and links.from_seed.all() and links.temperature == TEMPERATURE


def test_scores_that_are_not_finite(planted):
    def scorer(rows, columns):
        return Dot(np.full((len(rows), 1), np.nan, np.float32), np.ones((len(columns), 1), np.float32))

    with pytest.raises(ParameterError, match="not finite in rows 0"):
        predict_links(*planted, scorer)


def test_tsv(tmp_path):
    task, _ = tiny(3, 3)
    nothing = TwoNearest(np.full((3, 2), -1), np.full((3, 2), -np.inf, np.float32))
    links = Links(
        np.array([[2, 0], [0, 1]]), np.array([0.5, 0.25]), np.array([1.0, 1 / 3]), np.array([np.inf, 1e-7]),
        np.array([True, False]), True, True, np.array([[1, 2]]), np.array([0.1]), 0.2, 0.02, 2.0, LinkRule(),
        Sides(nothing, nothing),
    )  # fmt: skip
    save_links(links, tmp_path / "new" / "links.tsv", task)
    assert (tmp_path / "new" / "links.tsv").read_text() == (
        "left\tright\tscore\tconfidence\trank_margin\n"
        "l:2\tr:0\t0.5\t1\tinf\n"
        "l:0\tr:1\t0.25\t0.333333\t1e-07\n"
    )


def test_links_of_one_confidence_are_sorted_by_their_margin():
    """Confidences equal one up to rounding; then the pair that is further ahead of its rivals comes first."""
    task, features = planted_pair(100, 3, 64, noise=0.01, random_state=0)
    seeds = MutualMiner(30).mine(task, features)
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds, rule=ALL)
    same = np.flatnonzero(np.diff(links.confidence) == 0)
    assert len(same) > 9 and len(np.unique(links.rank_margin[same])) > 9
    assert (np.diff(links.rank_margin)[same] <= 0).all()
