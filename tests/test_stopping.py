"""Early stopping: when it stops, what it keeps, what its criterion is, and that it costs nothing when off."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import relabelled, with_wrong_links
from test_trained import TRAINED, make

from psqe.aligners.model import Model
from psqe.aligners.stopping import EarlyStopping
from psqe.errors import PsqeWarning
from psqe.neural.training import Recipe, Training
from psqe.seeds import SeedSet, true_links

N = 12
"""Candidates of a side in the trainings of nothing, less one; the last two are in seeds."""


class Counting(torch.nn.Module):
    """Its weight is the number of epochs that it was trained for."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))


class Run:
    """A training of nothing, with a given number of mutual pairs after each epoch."""

    def __init__(self, mutual: list[int], *, patience, every=1, seeds=((N - 1, N - 1), (N, N))) -> None:
        self.module, self.asked, self.mutual = Counting(), 0, mutual
        candidates = np.arange(N + 1), np.arange(N + 1)
        self.habit = EarlyStopping(self.embed, candidates, patience=patience, every=every)
        recipe = Recipe(n_epochs=len(mutual), batch_size=9, learning_rate=1e-9)
        self.training = Training(self.module, self.loss, torch.tensor(seeds), recipe, habits=[self.habit])
        self.epochs = len(self.training.run())
        self.habit.keep_best(self.training)
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


def plain(mutual: list[int], patience: int, every: int):
    """Epochs done, checks, and the epoch whose weights are kept."""
    checks, best, failed = [], None, 0
    for epoch, k in enumerate(mutual, start=1):
        if epoch % every:
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
@given(st.lists(st.integers(1, N - 1), min_size=1, max_size=15), st.integers(1, 4), st.integers(1, 3))
def test_it_stops_in_time_and_keeps_the_best(mutual, patience, every):
    found = Run(mutual, patience=patience, every=every)
    epochs, checks, kept = plain(mutual, patience, every)
    assert (found.epochs, found.kept) == (epochs, kept)
    # Of N - 1 candidates a side in no seed.
    assert [epoch for epoch, _ in found.habit.checks] == [epoch for epoch, _ in checks]
    assert [share for _, share in found.habit.checks] == pytest.approx([k / (N - 1) for _, k in checks])
    assert found.asked == len(checks)


def test_by_hand():
    found = Run([3, 5, 5, 4, 9], patience=2)
    assert (found.epochs, found.kept) == (4, 2)
    assert Run([3, 5, 5, 4, 9], patience=3).kept == 5
    assert Run([3, 2, 1, 2, 3], patience=9).kept == 1  # at the end, too


def test_off_means_off():
    found = Run([5, 4, 3, 2, 1], patience=None)
    assert (found.epochs, found.kept, found.asked, found.habit.checks) == (5, 5, 0, [])
    assert found.habit.state() == {"checks": [], "best": None}


def test_no_check_is_made_where_no_candidate_is_free():
    """The share of nobody says nothing: were it 0, the weights of the first check would be kept."""
    everybody = [(i, i) for i in range(N + 1)]
    with pytest.warns(PsqeWarning, match="early stopping: no candidate of a side is left outside the seeds"):
        found = Run([5] * 4, patience=1, seeds=everybody)
    assert (found.epochs, found.kept, found.asked, found.habit.checks) == (4, 4, 0, [])


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
def test_seeds_of_all_candidates_leave_nothing_to_stop_by(planted, name):
    task, features = planted
    linked = task.take(np.unique(task.links[:, 0]), np.unique(task.links[:, 1]))
    own = features.take(np.unique(task.links[:, 0]), np.unique(task.links[:, 1]))
    everybody = true_links(linked, len(linked.links))
    with pytest.warns(PsqeWarning, match="so nothing is checked") as said:
        aligner = make(name, n_epochs=6, patience=1, check_every=1).fit(linked, own, everybody)
    assert len({str(one.message) for one in said}) == 1
    assert len(aligner.history_) == 6 and aligner.checks_ == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wanted = make(name, n_epochs=6).fit(linked, own, everybody)
    assert aligner.embeddings()[0].tobytes() == wanted.embeddings()[0].tobytes()
