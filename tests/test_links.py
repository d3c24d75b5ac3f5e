"""Predicted links: mutual, clear, ordered, their confidence, and their file."""

import numpy as np
import pytest
from pairs import Table, relabelled, tiny, with_fewer_candidates, with_wrong_links, without_links

from psqe.aligners import MCLEA
from psqe.calibration import model_temperature
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.links import Links, predict_links
from psqe.matching import Dot
from psqe.seeds import MutualMiner, RandomMiner, SeedSet, confidence, correct
from psqe.survey import TEMPERATURE, survey


def some_seeds(pair, n: int) -> SeedSet:
    """Seeds in the order of the gold links, every third one wrong."""
    pairs = pair[0].links[:n].copy()
    pairs[::3, 1] = np.roll(pairs[::3, 1], 1)
    return SeedSet(pairs, np.zeros(len(pairs), np.float32), ("given",) * len(pairs))


def test_links_by_plain_recomputation(planted):
    pair = with_fewer_candidates(planted)
    task, features = pair
    scorer, seeds = feature_scorer(*pair), some_seeds(pair, 12)
    links = predict_links(task, features, scorer, seeds=seeds)
    left, right = task.left.candidates, task.right.candidates
    s = scorer(left, right).rows(0, len(left)).astype(np.float64)
    free = [~np.isin(own, seeds.pairs[:, k]) for k, own in enumerate((left, right))]
    t = plain_temperature(s[np.ix_(*free)])
    given = {tuple(p): c for p, c in zip(seeds.pairs.tolist(), confidence(seeds.pairs, *pair), strict=True)}
    wanted = {}
    for i in range(len(left)):
        j = int(s[i].argmax())
        if int(s[:, j].argmax()) == i:
            second = max(np.delete(s[i], j).max(), np.delete(s[:, j], i).max())
            of_row = np.exp(s[i, j] / t) / np.exp(s[i] / t).sum()
            of_column = np.exp(s[i, j] / t) / np.exp(s[:, j] / t).sum()
            ends = int(left[i]), int(right[j])
            wanted[ends] = (s[i, j], given.get(ends, np.sqrt(of_row * of_column)), s[i, j] - second)
    assert len(links) == len(wanted) > 10
    assert 5 < links.from_seed.sum() < len(links) - 5
    for (i, j), score, sure, margin, seed in zip(
        links.pairs.tolist(), links.scores, links.confidence, links.rank_margin, links.from_seed, strict=True
    ):
        # The temperature is sought to a hundredth.
        np.testing.assert_allclose([score, sure, margin], wanted[i, j], rtol=0.02, atol=1e-5)
        assert seed == ((i, j) in given)
    order = list(zip(-links.confidence, -links.rank_margin, strict=True))
    assert order == sorted(order)


def plain_temperature(s: np.ndarray) -> float:
    """Half of where nearest ones expect to be right as often as they are mutual, by trying many."""
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


def test_a_perfect_model_is_sure_and_a_model_of_noise_is_not():
    """The two ends of the search: all mutual, and no more mutual than chance makes."""
    n = 60
    assert model_temperature(Table(np.eye(n, dtype=np.float32))) < 0.01
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((n, n)).astype(np.float32)
    t = model_temperature(Table(noise))
    surveyed = survey(Table(noise), temperature=t)
    found = surveyed.nearest()
    i, j = found.mutual()
    share = np.exp(found.score_left[i] / t - (surveyed.left_total[i] + surveyed.right_total[j]) / 2)
    assert len(i) > 10 and share.mean() < 0.85


def test_only_a_sample_is_looked_at_of_many(monkeypatch):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((1500, 8)).astype(np.float32)
    similarity = Dot(vectors, vectors + rng.standard_normal(vectors.shape).astype(np.float32) / 3)
    sampled = model_temperature(similarity)
    monkeypatch.setattr("psqe.calibration.SAMPLE", 1500)
    assert sampled == pytest.approx(model_temperature(similarity), rel=0.15) and sampled > 0


@pytest.mark.parametrize("noise", [0.2, 0.5, 0.8])
def test_calibrated_without_training(noise):
    """Expected and true number of right links, over some planted pairs with dangling entities."""
    expected, right, n = 0.0, 0, 0
    for random_state in range(4):
        task, features = planted_pair(160, 4, 16, noise=noise, dangling=0.1, random_state=random_state)
        links = predict_links(task, features, feature_scorer(task, features))
        expected, right, n = (
            expected + links.confidence.sum(),
            right + correct(links.pairs, task).sum(),
            n + len(links),
        )
    assert expected / n == pytest.approx(right / n, abs=0.1)


@pytest.fixture(scope="module")
def trained():
    """Planted pairs with models of few and of many epochs: task, features, seeds and model."""
    found = []
    for random_state, n_epochs in ((0, 20), (1, 60), (2, 200)):
        task, features = planted_pair(200, 4, 16, noise=1.2, dangling=0.1, random_state=random_state)
        seeds = MutualMiner(60).mine(task, features)
        model = MCLEA.preset("small", n_epochs=n_epochs, random_state=0).fit(task, features, seeds)
        found.append((task, features, seeds, model))
    return found


def test_calibrated_after_training(trained):
    """However long a model was trained, and apart for what it was trained on and what not."""
    kinds = {True: [], False: []}
    for task, features, seeds, model in trained:
        links = predict_links(task, features, model.similarity, seeds=seeds)
        right = correct(links.pairs, task)
        assert links.confidence.mean() == pytest.approx(right.mean(), abs=0.12)
        for kind, found in kinds.items():
            found.append((links.confidence[links.from_seed == kind], right[links.from_seed == kind]))
    for found in kinds.values():
        sure, right = (np.concatenate(column) for column in zip(*found, strict=True))
        assert len(sure) > 90 and sure.mean() == pytest.approx(right.mean(), abs=0.1) and right.mean() < 0.95


def test_a_model_that_learnt_nonsense_is_not_believed(trained):
    """It gives its seeds back with similarities near one. Being trained on a pair is no evidence."""
    task, features, _, _ = trained[0]
    seeds = RandomMiner(100, random_state=0).mine(task, features)
    model = MCLEA.preset("small", n_epochs=100, random_state=0).fit(task, features, seeds)
    links = predict_links(task, features, model.similarity, seeds=seeds)
    of_seeds = links.from_seed
    assert of_seeds.sum() > 90 and links.scores[of_seeds].mean() > 0.9
    assert links.confidence[of_seeds].mean() < 0.1
    unaware = predict_links(task, features, model.similarity)
    assert unaware.confidence[np.isin(unaware.pairs[:, 0], seeds.pairs[:, 0])].mean() > 0.5


def test_confidence_puts_right_links_first(trained):
    for task, features, seeds, model in trained:
        links = predict_links(task, features, model.similarity, seeds=seeds)
        right = correct(links.pairs, task)
        half = len(links) // 2
        assert right[:half].mean() > right[half:].mean() + 0.15


@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_are_not_read(planted, change):
    seeds = some_seeds(planted, 30)
    wanted = predict_links(*planted, feature_scorer(*planted), seeds=seeds)
    found = predict_links(*change(planted), feature_scorer(*planted), seeds=seeds)
    np.testing.assert_array_equal(found.pairs, wanted.pairs)
    assert found.confidence.tobytes() == wanted.confidence.tobytes()


def test_relabelled_entities_have_the_same_links(planted):
    seeds = some_seeds(planted, 30)
    wanted = predict_links(*planted, feature_scorer(*planted), seeds=seeds)
    pair, left, right = relabelled(planted, left=1, right=2)
    moved = np.column_stack([np.argsort(left)[seeds.pairs[:, 0]], np.argsort(right)[seeds.pairs[:, 1]]])
    found = predict_links(*pair, feature_scorer(*pair), seeds=SeedSet(moved, seeds.scores, seeds.stages))
    sure = {(int(i), int(j)): c for (i, j), c in zip(wanted.pairs, wanted.confidence, strict=True)}
    assert {(int(left[i]), int(right[j])) for i, j in found.pairs} == set(sure)
    for (i, j), c in zip(found.pairs, found.confidence, strict=True):
        assert c == pytest.approx(sure[int(left[i]), int(right[j])], rel=1e-3, abs=1e-6)


def test_ties_are_left_out():
    """Two left entities are alike: which of them is linked could only be decided by their order."""
    task, features = tiny(3, 2)
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    links = predict_links(task, features, lambda rows, columns: Dot(vectors[rows], vectors[1:][columns]))
    assert links.pairs.tolist() == [[2, 1]]


def test_a_single_pair_is_a_link_without_rival():
    task, features = tiny(1, 1)
    one = np.ones((1, 1), np.float32)
    links = predict_links(task, features, lambda rows, columns: Dot(one, one))
    assert links.pairs.tolist() == [[0, 0]] and links.confidence.tolist() == [1.0]
    assert np.isinf(links.rank_margin[0]) and links.from_seed.tolist() == [False]


def test_every_candidate_in_a_seed(planted):
    """No candidate is left to choose a temperature from, and no link needs one."""
    task, features = tiny(6, 6, links=True)
    n = len(task.links)
    seeds = SeedSet(task.links, np.zeros(n, np.float32), ("given",) * n)
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds)
    assert links.from_seed.all() and links.listed.temperature == TEMPERATURE


def test_scores_that_are_not_finite(planted):
    def scorer(rows, columns):
        return Dot(np.full((len(rows), 1), np.nan, np.float32), np.ones((len(columns), 1), np.float32))

    with pytest.raises(FloatingPointError):
        predict_links(*planted, scorer)


def test_tsv(tmp_path):
    task, _ = tiny(3, 3)
    links = Links(
        np.array([[2, 0], [0, 1]]), np.array([0.5, 0.25]), np.array([1.0, 1 / 3]), np.array([np.inf, 1e-7]),
        np.array([True, False]), survey(Table(np.eye(3, dtype=np.float32))),
    )  # fmt: skip
    links.save_tsv(tmp_path / "new" / "links.tsv", task)
    assert (tmp_path / "new" / "links.tsv").read_text() == (
        "left\tright\tscore\tconfidence\trank_margin\n"
        "l:2\tr:0\t0.5\t1\tinf\n"
        "l:0\tr:1\t0.25\t0.333333\t1e-07\n"
    )
