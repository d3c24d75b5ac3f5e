"""Iterative learning: against a plain recomputation, round by round, and in whole trainings."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import relabelled, with_wrong_links
from test_trained import TRAINED, widths

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.aligners.iterative import AddedSeeds, IterativeLearning
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import evaluate
from psqe.graph import Sides
from psqe.seeds import SeedSet, true_links
from psqe.training.callback import Callback
from psqe.training.loop import Training, TrainingConfig


def given_seeds(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


class Run:
    """A training of nothing, whose embeddings after each epoch are given."""

    def __init__(self, embeddings, seeds, candidates, *, start, every, rounds) -> None:
        self.module = torch.nn.Linear(1, 1)
        self.asked = 0
        self.by_epoch: list[set] = []
        self.iterative = IterativeLearning(
            self.embed, Sides(*candidates), start=start, every=every, rounds=rounds
        )
        self.embeddings = embeddings
        config = TrainingConfig(n_epochs=len(embeddings), batch_size=99, learning_rate=0.1)
        self.training = Training(
            self.module, self.loss, torch.tensor(seeds), config, callbacks=[self.iterative]
        )
        self.training.run()
        self.by_epoch.append(self.seeds())

    def seeds(self) -> set:
        return set(map(tuple, self.training.seeds.tolist()))

    def loss(self, batch):
        self.by_epoch.append(set(map(tuple, batch.tolist())))
        return 0 * self.module.weight.sum()

    def embed(self):
        self.asked += 1
        return self.embeddings[self.training.epoch - 1]

    @property
    def added(self) -> list[tuple]:
        return [
            (one.epoch, set(map(tuple, one.added.tolist())), set(map(tuple, one.removed.tolist())))
            for one in self.iterative.added
        ]


def mutual(s: np.ndarray, rows, columns) -> set:
    """Pairs that are each other's nearest among these, cell by cell."""
    return {
        (i, j)
        for i in rows
        for j in columns
        if all(s[i, j] >= s[i, other] for other in columns) and all(s[i, j] >= s[other, j] for other in rows)
    }


def plain(embeddings, seeds, candidates, *, start, every, rounds):
    """What the docstring says, in sets: the seeds of every epoch and after the last, and what was done."""
    own, streak = set(map(tuple, seeds)), {}
    by_epoch, done = [], []
    rows, columns = (side.tolist() for side in candidates)
    for epoch, (left, right) in enumerate(embeddings, start=1):
        by_epoch.append(set(own))
        if epoch <= start or (epoch - start) % every:
            continue
        s = left @ right.T
        free_rows = [i for i in rows if all(i != a for a, _ in own)]
        free_columns = [j for j in columns if all(j != b for _, b in own)]
        proposed = (mutual(s, free_rows, free_columns) | mutual(s, rows, columns)) - own
        streak = {pair: streak.get(pair, 0) + 1 for pair in proposed}
        ripe = {pair for pair, times in streak.items() if times >= rounds}
        streak = {pair: times for pair, times in streak.items() if pair not in ripe}
        kept: set = set()
        for i, j in sorted(own | ripe, key=lambda pair: -s[pair]):
            if all(i != a and j != b for a, b in kept):
                kept.add((i, j))
        if ripe & kept and len(kept) > 1:
            done.append((epoch, ripe & kept, own - kept))
            own = kept
    return [*by_epoch, own], done


@st.composite
def runs(draw):
    """Embeddings that move more or less from epoch to epoch, some seeds, some candidates, some rules."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_left, n_right = draw(st.integers(2, 9)), draw(st.integers(2, 9))
    n = draw(st.integers(2, min(n_left, n_right)))
    agreement, drift = draw(st.sampled_from([0.0, 0.7, 1.0])), draw(st.sampled_from([0.0, 0.1, 1.0]))
    hidden = rng.standard_normal((9, 4))
    base = [agreement * hidden[:m] + rng.standard_normal((m, 4)) / 2 for m in (n_left, n_right)]
    embeddings = []
    for _ in range(draw(st.integers(1, 14))):
        sides = [x + drift * rng.standard_normal(x.shape) for x in base]
        embeddings.append(tuple((x / np.linalg.norm(x, axis=1, keepdims=True)).astype("f") for x in sides))
    seeds = np.column_stack([rng.permutation(n_left)[:n], rng.permutation(n_right)[:n]]).tolist()
    candidates = tuple(np.sort(rng.permutation(m)[: draw(st.integers(0, m))]) for m in (n_left, n_right))
    rules = {
        "start": draw(st.integers(0, 4)), "every": draw(st.integers(1, 3)), "rounds": draw(st.integers(1, 3))
    }  # fmt: skip
    return embeddings, seeds, candidates, rules


@settings(max_examples=60, deadline=None)
@given(runs())
def test_every_round_is_the_plain_one(run):
    *scene, rules = run
    wanted, done = plain(*scene, **rules)
    found = Run(*scene, **rules)
    assert found.by_epoch == wanted
    assert found.added == done


def embedding(rows) -> np.ndarray:
    x = np.array(rows, dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


EVERYBODY = np.arange(4), np.arange(4)
SAME = (embedding(np.eye(4)), embedding(np.eye(4)))
OTHER = (embedding(np.eye(4)), embedding(np.eye(4)[[0, 1, 3, 2]]))


def test_a_streak_that_breaks_begins_anew():
    """(2, 2) and (3, 3) are proposed twice, then not, then three times."""
    rules = {"start": 0, "every": 1, "rounds": 3}
    steps = [SAME, SAME, OTHER, SAME, SAME, SAME, SAME]
    assert Run(steps[:6], [[0, 0], [1, 1]], EVERYBODY, **rules).added == [(6, {(2, 2), (3, 3)}, set())]
    assert Run(steps[:5], [[0, 0], [1, 1]], EVERYBODY, **rules).added == []


def test_nothing_happens_up_to_the_start_and_between_rounds():
    run = Run([SAME] * 9, [[0, 0], [1, 1]], EVERYBODY, start=2, every=3, rounds=2)
    assert run.asked == 2  # after epochs 5 and 8
    assert [epoch for epoch, *_ in run.added] == [8]
    never = Run([SAME] * 9, [[0, 0], [1, 1]], EVERYBODY, start=None, every=1, rounds=1)
    assert never.added == [] and never.asked == 0


def test_of_two_pairs_the_more_similar_one_stays():
    """Left 1 is nearer to right 2 than to its seed, right 1; the seed of left 0 is nearest and holds."""
    left = embedding([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
    right = embedding([[1, 0, 0], [0, 1, 0.9], [0, 1, 0.1], [1, 1, 1]])
    run = Run([(left, right)], [[0, 0], [1, 1]], EVERYBODY, start=0, every=1, rounds=1)
    # Left 2 and right 3 are each other's nearest among those in no seed.
    assert run.added == [(1, {(1, 2), (2, 3)}, {(1, 1)})]
    assert run.seeds() == {(0, 0), (1, 2), (2, 3)}


def test_a_pair_that_loses_begins_anew():
    """Right 0 is no candidate, and the seed that it is in is first more similar than (0, 1), then less."""
    candidates = np.arange(2), np.array([1])
    lost, won = (
        (embedding([[1, 0], [-1, -1]]), embedding([[1, own], [1, 0.5], [-1, -1]])) for own in (0.1, 2)
    )
    seeds = [[0, 0], [1, 2]]
    rules = {"start": 0, "every": 1, "rounds": 2}
    run = Run([lost, lost, won, won], seeds, candidates, **rules)
    assert run.added == [(4, {(0, 1)}, {(0, 0)})]
    assert Run([lost, won], seeds, candidates, **rules).added == [(2, {(0, 1)}, {(0, 0)})]


def test_one_pair_may_take_the_place_of_two_but_not_of_all():
    """(0, 1) shares an end with either seed and is more similar: alone, it would have no negative."""
    left, right = [[1, 0, 0], [-1, -0.1, 0], [0, 0, 1]], [[0.5, 1, 0], [1, 0, 0], [0, 0, 1]]
    for n, seeds, added in ((2, [[0, 0], [1, 1]], []), (3, [[0, 0], [1, 1], [2, 2]], [(0, 1)])):
        scene = embedding(left[:n]), embedding(right[:n])
        run = Run([scene], seeds, (np.arange(n), np.arange(n)), start=0, every=1, rounds=1)
        if added:
            assert run.added == [(1, {(0, 1)}, {(0, 0), (1, 1)})] and run.seeds() == {(0, 1), (2, 2)}
        else:
            assert run.added == [] and run.seeds() == {(0, 0), (1, 1)}


def test_a_side_without_free_candidates():
    """Every right candidate is in a seed: only a nearer pair could come in."""
    run = Run([SAME] * 2, [[0, 0], [1, 1]], (np.arange(4), np.arange(2)), start=0, every=1, rounds=1)
    assert run.added == [] and run.asked == 2


def test_pairs_are_renumbered():
    one = AddedSeeds(7, np.array([[0, 1], [2, 2]]), np.empty((0, 2), dtype=np.int64))
    new = one.renumbered(np.array([5, 6, 7]), np.array([9, 8, 4]))
    assert new.epoch == 7 and new.added.tolist() == [[5, 8], [7, 4]] and new.removed.shape == (0, 2)


# ---- whole trainings

RULES = {"iterative_start": 6, "iterative_every": 2, "iterative_rounds": 2}


def make(name: str, **parameters) -> TrainedAligner:
    given = {"n_epochs": 20, "batch_size": 16, **RULES, **parameters}
    return ALIGNERS[name].preset("small", **widths(name, 16), **given)


@pytest.fixture(scope="module")
def pair():
    """A pair with 22 correct seeds and 8 whose right ends were exchanged."""
    task, features = planted_pair(90, [3, 2], 12, noise=0.6, missing=0.1, random_state=6)
    pairs = true_links(task, 30).pairs.copy()
    pairs[22:, 1] = np.roll(pairs[22:, 1], 1)
    return task, features, given_seeds(pairs)


@pytest.fixture(scope="module")
def fitted(pair):
    return {name: make(name).fit(*pair) for name in TRAINED}


class Seen(Callback):
    """A callback that keeps the seeds of every step, by the joint embedding's losses."""

    def __init__(self) -> None:
        self.steps: list[set] = []

    def batch_begins(self, step):
        self.steps.append(set())

    def contrast(self, name, pairs, left, right, loss):
        if name == "joint":
            self.steps[-1] |= set(map(tuple, pairs.tolist()))


@pytest.mark.parametrize("name", TRAINED)
def test_what_was_added_and_removed_tells_the_seeds_of_every_epoch(pair, fitted, name):
    """In the task's own indices; one batch an epoch, so that a step is an epoch."""
    task, features, seeds = pair
    callback = Seen()
    aligner = make(name, batch_size=1000).fit(task, features, seeds, callback=callback)
    assert aligner.added_ and len(callback.steps) == 20
    own = set(map(tuple, seeds.pairs.tolist()))
    done = {one.epoch: one for one in aligner.added_}
    assert set(done) <= set(range(8, 21, 2)) and len(done) == len(aligner.added_)
    for epoch, seen in enumerate(callback.steps, start=1):
        assert seen == own
        if epoch in done:
            added, removed = (set(map(tuple, x.tolist())) for x in (done[epoch].added, done[epoch].removed))
            assert added and removed <= own and not added & own
            own = (own - removed) | added
            assert all(len({pair[side] for pair in own}) == len(own) for side in (0, 1))


@pytest.mark.parametrize("name", TRAINED)
def test_pairs_are_told_in_the_tasks_own_indices(pair, fitted, name):
    """One pair in eighty is a link: with indices mixed up, next to nothing that it adds would be correct."""
    gold = set(map(tuple, pair[0].links.tolist()))
    added = [tuple(p) for one in fitted[name].added_ for p in one.added.tolist()]
    assert len(added) >= 10 and np.mean([p in gold for p in added]) > 0.4
    assert any(len(one.removed) for one in fitted[name].added_)


def content(aligner) -> tuple:
    return tuple(side.tobytes() for side in aligner.embeddings())


def listed(added: list[AddedSeeds]) -> list:
    return [(one.epoch, one.added.tolist(), one.removed.tolist()) for one in added]


@pytest.mark.parametrize("name", TRAINED)
def test_neither_gold_links_nor_identifiers_nor_order_of_the_entities_matter(pair, fitted, name):
    """The links and groups are other ones, and so are names and numbers of the entities."""
    task, features, seeds = pair
    moved, left, right = relabelled(with_wrong_links((task, features)), left=31, right=32)
    new = np.argsort(left), np.argsort(right)
    own = given_seeds(np.column_stack([new[side][seeds.pairs[:, side]] for side in (0, 1)]))
    other = make(name).fit(*moved, own)
    for found, wanted, order in zip(
        other.embeddings(), fitted[name].embeddings(), (left, right), strict=True
    ):
        np.testing.assert_array_equal(found, wanted[order])
    assert listed([one.renumbered(left, right) for one in other.added_]) == listed(fitted[name].added_)


@pytest.mark.parametrize("name", TRAINED)
def test_the_optimiser_is_made_once_and_keeps_its_averages(pair, fitted, name, monkeypatch):
    made = []
    build = torch.optim.AdamW
    monkeypatch.setattr(torch.optim, "AdamW", lambda *a, **k: made.append(build(*a, **k)) or made[-1])
    assert content(make(name).fit(*pair)) == content(fitted[name])
    assert len(made) == 1
    # Of parameters in every batch; EVA makes one step an epoch.
    assert max(float(state["step"]) for state in made[0].state.values()) >= 20
    assert name != "eva" or {float(state["step"]) for state in made[0].state.values()} == {20}


@pytest.mark.parametrize("name", TRAINED)
def test_it_raises_precision_and_recall(name):
    """Few correct seeds, with and without it."""
    scores: dict[int | None, list[float]] = {None: [], 30: []}
    for random_state in range(2):
        task, features = planted_pair(100, 4, 16, noise=0.5, missing=0.1, random_state=random_state)
        seeds = true_links(task, 15)
        for start, found in scores.items():
            aligner = make(
                name, n_epochs=60, batch_size=1000, learning_rate=1e-2,
                iterative_start=start, iterative_every=2, iterative_rounds=3,
            ).fit(task, features, seeds)  # fmt: skip
            sides = evaluate(task, aligner.similarity)["metrics"].values()
            found.append(np.mean([side["full"]["hits@1"] for side in sides]))
    assert np.mean(scores[30]) > np.mean(scores[None]) + 0.03
