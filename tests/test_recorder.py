"""The recorder of masses: against the closed forms, against hand-made batches, and on a real training."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from batches import batches, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import tiny

from psqe.aligners import MCLEA
from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import Regions, all_regions
from psqe.seeds import SeedSet
from psqe.theory.batch import Batch
from psqe.theory.coverage import measured_mass
from psqe.theory.recorder import SEED_KINDS, Recorder, mean_field_mass, predicted_shares, seed_masses
from psqe.theory.split import effective_negatives, mass, repulsion_coefficients
from psqe.training.losses import NCA, InfoNCE

KEYS = ["step", "embedding", "region_kind", "region", "seed_kind"]
SUMS = ["n_seeds", "attraction", "received"]


def masses_of(batch: Batch, dtype):
    left, right = (torch.tensor(z, dtype=dtype) for z in (batch.left, batch.right))
    found = seed_masses(left, right, InfoNCE(batch.temperature, batch.same_side))
    return found.attraction, found.received, found.effective_negatives


def closed_forms(batch: Batch):
    n, back = len(batch), batch.flipped
    there, again = (repulsion_coefficients(one).sum(axis=0) for one in (batch, back))
    received = there[:n] + there[n:] + again[:n] + again[n:]
    effective = (effective_negatives(batch) + effective_negatives(back)) / 2
    return mass(batch) + mass(back), received, effective


@settings(max_examples=60, deadline=None)
@given(batches(), st.sampled_from([(torch.float64, 1e-9), (torch.float32, 1e-4)]))
def test_masses_are_the_closed_forms(batch, precision):
    dtype, tolerance = precision
    found, wanted = masses_of(batch, dtype), closed_forms(batch)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=1e-9)
    assert float(found[0].sum()) == pytest.approx(float(found[1].sum()), rel=tolerance)


def test_a_very_sure_seed_keeps_its_digits():
    """1 - p is 1e-26 here: lost in a difference, and the shares of what is left still add up."""
    batch = Batch(np.eye(5), np.eye(5), 1 / 60)
    attraction, received, effective = masses_of(batch, torch.float32)
    np.testing.assert_allclose(attraction, 2 * 60 * 8 * np.exp(-60.0), rtol=1e-4)
    np.testing.assert_allclose(received, attraction, rtol=1e-5)
    np.testing.assert_allclose(effective, 8, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(batches(unit=True), st.sampled_from([1.0, 5.0, 15.0]), st.sampled_from([0.5, 10.0]))
def test_masses_of_nca_are_its_gradients(batch, scale, attraction):
    """Of the loss times B: -dL/ds_kk pulls; dL/ds_kv, k's share of it and v's, is what k pushes v with."""
    n, loss = len(batch), NCA(scale, attraction)
    left, right = (torch.tensor(z) for z in (batch.left, batch.right))
    s = (left @ right.T).requires_grad_()
    (whole,) = torch.autograd.grad(n * loss(s, torch.eye(n, dtype=s.dtype)), s)
    given = []
    for cells in (s, s.T):  # anchors in rows: left ends, then right ends
        others = cells[~torch.eye(n, dtype=torch.bool)].view(n, n - 1)
        repulsion = torch.log1p(torch.exp(scale * others).sum(dim=1)).sum() / scale
        (grad,) = torch.autograd.grad(repulsion, s)
        given.append(grad if cells is s else grad.T)
    torch.testing.assert_close(given[0] + given[1].T, whole - torch.diag(whole.diagonal()))
    found = seed_masses(left, right, loss)
    torch.testing.assert_close(found.attraction, -whole.diagonal())
    torch.testing.assert_close(found.received, given[0].sum(dim=0) + given[1].sum(dim=0))
    shares = [one / one.sum(dim=1, keepdim=True) for one in given]
    effective = sum(1 / one.square().sum(dim=1) for one in shares) / 2
    torch.testing.assert_close(found.effective_negatives, effective)


def test_nca_masses_of_a_large_scale_are_finite():
    """e^(alpha s) overflows float32; the hardest negative takes all that an anchor gives."""
    s = torch.tensor([[0.9, 0.7, -0.2], [0.1, -0.8, 0.3], [-0.5, -0.6, 0.9]])
    found = seed_masses(s, torch.eye(3), NCA(1e4, 10.0))
    torch.testing.assert_close(found.attraction, torch.tensor([10 / 1.9, 0.0, 10 / 1.9]))
    # Seed 0 pushes 1, 1 pushes 2, and from the right 0 pushes 1, 1 pushes 0, 2 pushes 1; left 2 is at ease.
    torch.testing.assert_close(found.received, torch.tensor([1.0, 3.0, 1.0]))
    torch.testing.assert_close(found.effective_negatives, torch.ones(3))


def test_one_seed_alone_is_refused():
    with pytest.raises(ParameterError, match="alone"):
        seed_masses(torch.ones(1, 3), torch.ones(1, 3), InfoNCE(0.1))


@pytest.fixture
def scene():
    """Six entities a side, the last two of each without counterpart; seeds of every kind, in two regions."""
    task, _ = tiny(6, 6, links=True)
    task = replace(task, links=task.links[:4])
    half = np.array([0, 0, 0, 1, 1, -1])
    regions = {"degree": Regions("degree", ("low", "high"), half, half[::-1].copy())}
    pairs = np.array([[0, 0], [1, 2], [3, 3], [2, 5], [4, 1], [5, 4]])
    kinds = ["correct", "wrong", "correct", "dangling", "dangling", "dangling"]
    return task, regions, pairs, kinds, random_batch(6, 4, 0.2)


def record(recorder: Recorder, pairs, batch: Batch, *, step=0, names=("joint",)) -> None:
    recorder.batch_begins(step)
    left, right = (torch.tensor(z, requires_grad=True) for z in (batch.left, batch.right))
    for name in names:
        recorder.contrast(name, pairs, left, right, InfoNCE(batch.temperature, batch.same_side))


def test_the_table_by_hand(scene):
    task, regions, pairs, kinds, batch = scene
    recorder = Recorder(task, regions)
    record(recorder, pairs, batch)
    table = recorder.table()
    assert list(table) == [*KEYS, *SUMS, "effective_negatives"]
    assert not table.duplicated(KEYS).any() and len(table) == 3 * (1 + 2)
    attraction, received, effective = closed_forms(batch)
    places = {("all", "all"): range(6), ("degree", "low"): [0, 1, 3], ("degree", "high"): [2, 4]}
    for row in table.itertuples():
        own = [i for i in places[row.region_kind, row.region] if kinds[i] == row.seed_kind]
        assert row.n_seeds == len(own)
        assert row.attraction == pytest.approx(attraction[own].sum(), rel=1e-9)
        assert row.received == pytest.approx(received[own].sum(), rel=1e-9)
        if own:
            assert row.effective_negatives == pytest.approx(effective[own].mean(), rel=1e-9)
        else:
            assert np.isnan(row.effective_negatives)
    assert set(table["seed_kind"]) == set(SEED_KINDS)


def test_only_chosen_steps_and_embeddings_are_recorded(scene):
    task, regions, pairs, _, batch = scene
    recorder = Recorder(task, regions, every=3, embeddings=["joint"])
    for step in range(8):
        record(recorder, pairs, batch, step=step, names=("image", "joint"))
    assert recorder.table()["step"].unique().tolist() == [0, 3, 6]
    assert set(recorder.table()["embedding"]) == {"joint"}
    record(recorder, pairs, batch, step=0)
    assert set(recorder.table()["step"]) == {0}  # a training that begins anew


def test_recorded_steps_are_in_a_row(scene):
    """A training that goes on repeats some steps, or is another one."""
    task, regions, pairs, _, batch = scene
    recorder = Recorder(task, regions, every=1)
    for steps, recorded in (((0, 1, 2), [0, 1, 2]), ((2, 3), [2, 3]), ((4,), [2, 3, 4]), ((9,), [9])):
        for step in steps:
            record(recorder, pairs, batch, step=step)
        table = recorder.table()
        assert table["step"].unique().tolist() == recorded and not table.duplicated(KEYS).any()


def test_a_name_that_never_comes_by_is_an_error(scene):
    task, regions, pairs, _, batch = scene
    recorder = Recorder(task, regions, embeddings=["joint", "imgae"])
    with pytest.raises(ParameterError, match="'joint' was seen; train with this recorder first"):
        recorder.table()
    record(recorder, pairs, batch)
    with pytest.raises(ParameterError, match="'imgae' was seen; choose from joint"):
        recorder.table()
    empty = Recorder(task, regions).table()
    assert empty.empty and list(empty) == [*KEYS, *SUMS, "effective_negatives"]


def test_impossible_recorders_are_refused_in_one_line(scene):
    task, regions, pairs, _, batch = scene
    short = Regions("degree", ("low",), np.zeros(5, np.int64), np.zeros(6, np.int64))
    for error, match, arguments, options in (
        (DataError, "tiny has no gold links", (task.without_links(), regions), {}),
        (ParameterError, "every is 0", (task, regions), {"every": 0}),
        (ParameterError, "'degree' is no kind of regions of tiny", (task, {"degree": short}), {}),
        (ParameterError, "'all' is no kind of regions", (task, {"all": regions["degree"]}), {}),
    ):
        with pytest.raises(error, match=match) as caught:
            Recorder(*arguments, **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="outside the task; record the task trained on"):
        record(Recorder(task, regions), pairs + np.array([0, 1]), batch)


def test_the_mean_field_is_that_of_the_batch(scene):
    task, regions, pairs, _, batch = scene
    recorder = Recorder(task, regions, every=2, mean_field=True)
    for step in range(3):
        record(recorder, pairs, batch, step=step)
    table = recorder.mean_field_table()
    assert table[["step", "region"]].to_numpy().tolist() == [
        [step, name] for step in (0, 2) for name in ("low", "high")
    ]
    label = regions["degree"].left[pairs[:, 0]]
    wanted = mean_field_mass(batch, label, 2)
    np.testing.assert_allclose(table["mean_field"], np.tile(wanted, 2))
    record(recorder, pairs, batch, step=0)
    assert len(recorder.mean_field_table()) == 2  # a training that begins anew
    assert Recorder(task, regions).mean_field_table().empty


def test_averages_that_say_all_give_the_masses_themselves():
    """All similarities of a kind are the same, so a batch is its averages; the last seed is in no region."""
    label = np.array([0] * 40 + [1] * 40 + [-1])
    vectors = np.hstack([np.eye(3)[label], np.eye(81)])
    batch = Batch(vectors, vectors, 0.5)
    whole = np.where(label < 0, 2, label)
    truth = 2 * measured_mass(batch, whole, 3)[:2]
    found = mean_field_mass(batch, label, 2)
    # In the batch an anchor has one fellow of its region less than its share says.
    np.testing.assert_allclose(found, truth, rtol=0.02)
    assert found[0] == pytest.approx(found[1])


def test_shares_are_predicted_from_the_features(planted):
    task, features = planted
    seeds = SeedSet(task.links[:40], np.zeros(40, dtype=np.float32), ("given",) * 40)
    for kind in all_regions(task, features).values():
        cold, warm = (predicted_shares(task, features, seeds, kind, temperature=t) for t in (0.05, 50.0))
        assert sum(cold.values()) == pytest.approx(1) and list(cold) == list(kind.names)
        counted = np.bincount(kind.left[seeds.pairs[:, 0]], minlength=len(kind.names)) / 40
        np.testing.assert_allclose(list(warm.values()), counted, atol=1e-3)  # nobody is sure of anything
        assert max(abs(cold[name] - warm[name]) for name in cold) > 1e-3


@pytest.fixture(scope="module")
def trained(planted):
    """MCLEA on 20 correct seeds, 6 whose right ends were exchanged, and 4 with a dangling end."""
    task, features = planted
    pairs = task.links[:26].copy()
    pairs[20:, 1] = np.roll(pairs[20:, 1], 1)
    loose = np.setdiff1d(task.right.candidates, task.links[:, 1])[:4]
    pairs = np.concatenate([pairs, np.column_stack([task.links[26:30, 0], loose])])
    seeds = SeedSet(pairs, np.zeros(30, dtype=np.float32), ("given",) * 30)

    def model():
        return MCLEA.preset("small", n_epochs=6, batch_size=16)

    recorder = Recorder(task, all_regions(task, features), every=1)
    observed = model().fit(task, features, seeds, callback=recorder)
    return observed, model().fit(task, features, seeds), recorder.table(), features


def test_recording_changes_no_bit_of_a_training(trained):
    observed, plain, *_ = trained
    for ours, theirs in zip(observed.embeddings(), plain.embeddings(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert observed.history_ == plain.history_


def test_a_recorded_training_adds_up(trained):
    *_, table, features = trained
    assert set(table["embedding"]) == {"structure", *features, "joint"}
    assert table["step"].unique().tolist() == list(range(12))
    whole = table[table["region_kind"] == "all"].groupby([*KEYS[:2], "seed_kind"])[SUMS].sum()
    for kind in ("degree", "density", "semantic"):
        parts = table[table["region_kind"] == kind].groupby([*KEYS[:2], "seed_kind"])[SUMS].sum()
        pd.testing.assert_frame_equal(parts, whole)  # every seed of a planted pair is in a region
    batch = whole.groupby(KEYS[:2]).sum()
    np.testing.assert_allclose(batch["attraction"], batch["received"], rtol=1e-4)
    epochs = whole.loc[pd.IndexSlice[:, "joint", :], "n_seeds"].groupby("seed_kind").sum() / 6
    assert epochs.to_dict() == {"correct": 20, "wrong": 6, "dangling": 4}


def test_wrong_seeds_are_pulled_harder_in_a_training(trained):
    """P3, in the images, which the exchanged ends do not share."""
    *_, table, _ = trained
    image = table[(table["region_kind"] == "all") & (table["embedding"] == "image")]
    sums = image.groupby("seed_kind")[SUMS].sum()
    per_seed = sums["attraction"] / sums["n_seeds"]
    assert per_seed["wrong"] > 1.2 * per_seed["correct"]
    assert per_seed["dangling"] > 1.2 * per_seed["correct"]
