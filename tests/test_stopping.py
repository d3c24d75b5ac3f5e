"""Early stopping: when it stops, what it keeps, what its criterion is, and that it costs nothing when off."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import relabelled, with_wrong_links
from test_trained import TRAINED, make

from psqe.aligners.model import Model
from psqe.aligners.stopping import EarlyStopping
from psqe.errors import DataError
from psqe.graph import Sides
from psqe.seeds import SeedSet, true_links
from psqe.training.callback import Callback
from psqe.training.loop import Training, TrainingConfig

N = 12
"""Candidates of a side in the trainings of nothing, less one; the last two are in seeds."""

SEEDS = ((N - 1, N - 1), (N, N))


class Counting(torch.nn.Module):
    """Its weight is the number of epochs that it was trained for."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))


class Taking(Callback):
    """A callback that makes seeds of the first candidates, after each epoch of one more pair."""

    def epoch_ends(self, training):
        more = torch.arange(min(training.epoch, N - 1))
        training.replace_seeds(torch.cat([torch.tensor(SEEDS), more[:, None].repeat(1, 2)]))


class Run:
    """A training of nothing, with a given number of mutual pairs after each epoch."""

    def __init__(
        self, mutual: list[int], *, patience, every=1, start=0, seeds=SEEDS, n_right=N + 1, callbacks=()
    ) -> None:
        self.module, self.asked, self.mutual = Counting(), 0, mutual
        candidates = Sides(np.arange(N + 1), np.arange(n_right))
        self.stopping = EarlyStopping(
            self.embed, candidates, np.array(seeds), patience=patience, every=every, start=start
        )
        config = TrainingConfig(n_epochs=len(mutual), batch_size=9, learning_rate=1e-9)
        callbacks = [*callbacks, self.stopping]
        self.training = Training(self.module, self.loss, torch.tensor(seeds), config, callbacks=callbacks)
        self.epochs = len(self.training.run())
        self.stopping.keep_best(self.training)
        self.kept = round(self.module.weight.item())

    def loss(self, batch):
        with torch.no_grad():
            self.module.weight.fill_(len(self.training.history) + 1)
        return 0 * self.module.weight.sum()

    def embed(self):
        self.asked += 1
        k = self.mutual[self.training.epoch - 1]
        left = np.eye(N + 1, dtype=np.float32)
        right = np.eye(N + 1, dtype=np.float32)
        # What is not mutual has no vector: its nearest is the first of all, which has a nearer one.
        right[k : N - 1] = 0
        return left, right


def plain(mutual: list[int], patience: int, every: int, start: int):
    """Epochs done, checks, and the epoch whose weights are kept."""
    checks, best, failed = [], None, 0
    for epoch, k in enumerate(mutual, start=1):
        if epoch % every or epoch <= start:
            continue
        checks.append((epoch, k))
        if best is None or k > best[1]:
            best, failed = (epoch, k), 0
        else:
            failed += 1
        if failed == patience:
            break
    else:
        epoch = len(mutual)
    return epoch, checks, epoch if best is None else best[0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, N - 1), min_size=1, max_size=15),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 5),
    st.booleans(),
)
def test_it_stops_in_time_and_keeps_the_best(mutual, patience, every, start, taking):
    """The judged candidates are those in no seed at the start, whether they become seeds or not."""
    callbacks = [Taking()] if taking else []
    found = Run(mutual, patience=patience, every=every, start=start, callbacks=callbacks)
    epochs, checks, kept = plain(mutual, patience, every, start)
    assert (found.epochs, found.kept) == (epochs, kept)
    # Of N - 1 candidates a side in no seed.
    assert [epoch for epoch, _ in found.stopping.checks] == [epoch for epoch, _ in checks]
    assert [share for _, share in found.stopping.checks] == pytest.approx([k / (N - 1) for _, k in checks])
    assert found.asked == len(checks)


def test_by_hand():
    found = Run([3, 5, 5, 4, 9], patience=2)
    assert (found.epochs, found.kept) == (4, 2)
    assert Run([3, 5, 5, 4, 9], patience=3).kept == 5
    assert Run([3, 2, 1, 2, 3], patience=9).kept == 1  # at the end, too
    late = Run([9, 8, 7, 2, 4, 3, 3], patience=2, start=3)
    assert (late.epochs, late.kept) == (7, 5)


def test_sides_of_unequal_size_count_by_their_size():
    """11 free candidates on the left and 6 on the right, 4 of each in mutual pairs."""
    assert Run([4], patience=1, n_right=6).stopping.checks == [(1, 8 / 17)]


def test_off_means_off():
    found = Run([5, 4, 3, 2, 1], patience=None)
    assert (found.epochs, found.kept, found.asked, found.stopping.checks) == (5, 5, 0, [])
    assert found.stopping.state() == {"checks": [], "best": None}


@pytest.mark.parametrize(("n_right", "side"), [(N + 1, "left"), (N - 1, "right")])
def test_where_no_candidate_is_free_there_is_nothing_to_judge_by(n_right, side):
    """The share of nobody says nothing: were it 0, the weights of the first check would be kept."""
    seeds = [(i, i) for i in range(N + 1)] if side == "left" else [(i, i) for i in range(n_right)]
    match = f"^every {side} candidate is in a seed, .*; train without patience, or on fewer seeds$"
    with pytest.raises(DataError, match=match):
        Run([5] * 4, patience=1, seeds=seeds, n_right=n_right)
    assert Run([5] * 4, patience=None, seeds=seeds, n_right=n_right).epochs == 4


# ---- whole trainings


@pytest.fixture(scope="module")
def seeds(planted) -> SeedSet:
    return true_links(planted[0], 30)


RULES = {"n_epochs": 30, "patience": 2, "check_every": 2}


@pytest.fixture(scope="module")
def fitted(planted, seeds):
    return {name: make(name, **RULES).fit(*planted, seeds) for name in TRAINED}


def share(task, seeds, left, right) -> float:
    """Mutual nearest neighbours among the candidates in no seed, cell by cell."""
    rows = [i for i in task.left.candidates if i not in seeds.pairs[:, 0]]
    columns = [j for j in task.right.candidates if j not in seeds.pairs[:, 1]]
    s = left[rows] @ right[columns].T
    pairs = (s == s.max(axis=1, keepdims=True)) & (s == s.max(axis=0))
    return 2 * pairs.sum() / sum(s.shape)


@pytest.mark.parametrize("name", TRAINED)
def test_a_training_stops_and_its_embeddings_are_those_of_the_best_check(planted, seeds, fitted, name):
    aligner = fitted[name]
    epochs, shares = zip(*aligner.checks_, strict=True)
    assert epochs == tuple(range(2, epochs[-1] + 1, 2))
    best = int(np.argmax(shares))
    assert len(aligner.history_) == epochs[-1] == 2 * (best + 1 + 2) < 30
    assert share(planted[0], seeds, *aligner.embeddings()) == pytest.approx(shares[best])
    # The training is the same as without: the checks only look.
    whole = make(name, n_epochs=30).fit(*planted, seeds)
    assert whole.checks_ == [] and whole.history_[: epochs[-1]] == aligner.history_


@pytest.mark.parametrize("name", TRAINED)
def test_off_embeds_once_in_a_training(planted, seeds, name, monkeypatch):
    calls = []
    embed = Model.embeddings
    monkeypatch.setattr(Model, "embeddings", lambda self: calls.append(self.training) or embed(self))
    make(name).fit(*planted, seeds)
    assert len(calls) == 1
    aligner = make(name, n_epochs=6, patience=9, check_every=2).fit(*planted, seeds)
    assert len(calls) == 1 + 3 + 1 and len(aligner.checks_) == 3


@pytest.mark.parametrize("name", TRAINED)
def test_neither_gold_links_nor_identifiers_nor_order_of_the_entities_matter(planted, seeds, fitted, name):
    pair, left, right = relabelled(with_wrong_links(planted), left=41, right=42)
    new = np.argsort(left), np.argsort(right)
    moved = np.column_stack([new[side][seeds.pairs[:, side]] for side in (0, 1)])
    other = make(name, **RULES).fit(*pair, SeedSet(moved, seeds.scores, seeds.stages))
    assert other.checks_ == fitted[name].checks_
    for found, wanted, order in zip(
        other.embeddings(), fitted[name].embeddings(), (left, right), strict=True
    ):
        np.testing.assert_array_equal(found, wanted[order])


@pytest.mark.parametrize("name", TRAINED)
def test_seeds_of_all_candidates_are_refused_before_training(planted, name, tmp_path):
    task, features = planted
    linked = task.take(np.unique(task.links[:, 0]), np.unique(task.links[:, 1]))
    own = features.take(np.unique(task.links[:, 0]), np.unique(task.links[:, 1]))
    everybody, path = true_links(linked, len(linked.links)), tmp_path / "training.pt"
    aligner = make(name, patience=1, check_every=1)
    with pytest.raises(DataError, match="every left candidate is in a seed") as caught:
        aligner.fit(linked, own, everybody, checkpoint=path)
    assert "\n" not in str(caught.value) and not path.exists() and not hasattr(aligner, "history_")
    assert make(name).fit(linked, own, everybody).checks_ == []


ITERATIVE = {"iterative_start": 4, "iterative_every": 3, "iterative_rounds": 2}


@pytest.mark.parametrize("name", TRAINED)
def test_with_iterative_learning_the_judged_candidates_stay_the_same(planted, seeds, name):
    """And what it first added is in the weights that are kept."""
    aligner = make(name, **{**RULES, "n_epochs": 40}, **ITERATIVE).fit(*planted, seeds)
    epochs, shares = zip(*aligner.checks_, strict=True)
    # A pair can be a seed after epoch 4 + 2 * 3.
    assert aligner.added_[0].epoch == 10
    assert epochs == tuple(range(12, epochs[-1] + 1, 2)) and len(aligner.history_) == epochs[-1] < 40
    assert share(planted[0], seeds, *aligner.embeddings()) == pytest.approx(max(shares))
    whole = make(name, n_epochs=40, **ITERATIVE).fit(*planted, seeds)
    assert whole.history_[: epochs[-1]] == aligner.history_
