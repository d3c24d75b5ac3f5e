"""Checkpoints: a training killed anywhere and resumed is the uninterrupted one to the last byte."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import relabelled
from test_trained import TRAINED, make

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, PsqeError, PsqeWarning
from psqe.seeds import SeedSet, true_links
from psqe.training import checkpoint as checkpoints
from psqe.training.callback import Callback
from psqe.training.checkpoint import Checkpoint

RULES = {
    "n_epochs": 40, "residual": 0.5, "iterative_start": 2, "iterative_every": 1, "iterative_rounds": 2,
    "patience": 2, "check_every": 1,
}  # fmt: skip
"""All that a training may do between epochs; it stops before its last epoch."""

FIRST_CHECK = 5
"""The epoch after the first in which a pair can have become a seed."""


@pytest.fixture(scope="module")
def scene(planted):
    return *planted, true_links(planted[0], 30)


@pytest.fixture
def every_epoch(monkeypatch):
    """Write after every epoch, not every minute."""
    monkeypatch.setitem(Checkpoint.__init__.__kwdefaults__, "every_s", 0.0)


def content(aligner) -> tuple:
    """All that a training leaves."""
    return (
        *(side.tobytes() for side in aligner.embeddings()),
        aligner.history_,
        aligner.checks_,
        [(one.epoch, one.added.tolist(), one.removed.tolist()) for one in aligner.added_],
    )


class Killed(BaseException):
    """As hard as an exception can be."""


class Killer(Callback):
    """A callback that kills the training when a batch is about to be computed; it counts batches."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.steps = at, []

    def batch_begins(self, step):
        if step == self.at:
            raise Killed
        self.steps.append(step)


@pytest.fixture(scope="module")
def whole(scene):
    """Each aligner uninterrupted, and the number of its steps."""
    found = {}
    for name in TRAINED:
        callback = Killer()
        aligner = make(name, **RULES).fit(*scene, callback=callback)
        assert aligner.added_ and aligner.checks_[0][0] == FIRST_CHECK
        assert len(aligner.history_) == aligner.checks_[-1][0] < RULES["n_epochs"]
        found[name] = content(aligner), len(callback.steps)
    return found


@pytest.mark.parametrize("name", TRAINED)
def test_keeping_a_checkpoint_changes_nothing(scene, whole, name, every_epoch, tmp_path):
    assert content(make(name, **RULES).fit(*scene, checkpoint=tmp_path / "a" / "b.pt")) == whole[name][0]
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.pt"]


@pytest.mark.parametrize("name", TRAINED)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_training_killed_at_any_steps_ends_as_if_uninterrupted(scene, whole, name, data):
    wanted, n_steps = whole[name]
    deaths = data.draw(st.lists(st.integers(0, n_steps - 1), min_size=1, max_size=2).map(sorted))
    before = torch.get_rng_state()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(Checkpoint.__init__.__kwdefaults__, "every_s", 0.0)
        path = Path(folder) / "training.pt"
        for death in deaths:
            with pytest.raises(Killed), warnings.catch_warnings():
                warnings.simplefilter("ignore", PsqeWarning)
                make(name, **RULES).fit(*scene, callback=Killer(death), checkpoint=path)
            assert torch.equal(torch.get_rng_state(), before)
        last = Killer()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            aligner = make(name, **RULES).fit(*scene, callback=last, checkpoint=path)
        assert content(aligner) == wanted
        start = last.steps[0]
        observed = [
            str(one.message).endswith(f"; the callback observes the steps from {start} on") for one in said
        ]
        assert observed == ([True] if start else [])
        # From the beginning of the epoch that was interrupted: 70 seeds at most make 5 batches.
        assert last.steps == list(range(start, n_steps))
        assert deaths[-1] - 5 < start <= deaths[-1]
        assert os.listdir(folder) == ["training.pt"]  # noqa: PTH208  (names are all there is to see)


@pytest.mark.parametrize("name", TRAINED)
def test_a_training_killed_between_two_writings_repeats_what_was_lost(
    scene, whole, name, tmp_path, monkeypatch
):
    """By a clock that moves 25 seconds an epoch, a minute passes every third."""
    now = iter(range(0, 10**6, 25))
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(now))
    wanted, n_steps = whole[name]
    written = []
    save = torch.save
    monkeypatch.setattr(
        torch, "save", lambda state, path: written.append(state["epoch"]) or save(state, path)
    )
    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        make(name, **RULES).fit(*scene, callback=Killer(n_steps - 1), checkpoint=path)
    epochs = len(wanted[2])
    assert written == list(range(3, epochs, 3))
    again = Killer()
    goes_on = (
        f"{name}: the training goes on from its checkpoint after epoch {written[-1]}; the callback observes"
    )
    with pytest.warns(PsqeWarning, match=goes_on):
        assert content(make(name, **RULES).fit(*scene, callback=again, checkpoint=path)) == wanted
    assert 0 < again.steps[0] <= n_steps - 1
    assert written[-1] == epochs  # at the end whatever the clock says


@pytest.mark.parametrize("name", TRAINED)
def test_a_finished_training_returns_at_once(scene, whole, name, tmp_path):
    path = tmp_path / "training.pt"
    make(name, **RULES).fit(*scene, checkpoint=path)
    before = path.read_bytes()
    callback = Killer(at=0)
    with pytest.warns(PsqeWarning, match="the callback observes no step, for the training is done$"):
        aligner = make(name, **RULES).fit(*scene, callback=callback, checkpoint=str(path))
    assert content(aligner) == whole[name][0] and not callback.steps
    assert path.read_bytes() == before
    # A fit without a checkpoint does not remember that there was one.
    assert content(aligner.fit(*scene)) == whole[name][0] and path.read_bytes() == before


def test_a_relabelled_task_goes_on_from_the_same_file(scene, whole, every_epoch, tmp_path):
    """Identifiers and row order are not part of a training."""
    task, features, seeds = scene
    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        make("mclea", **RULES).fit(*scene, callback=Killer(9), checkpoint=path)
    moved, left, right = relabelled((task, features), left=51, right=52)
    new = np.argsort(left), np.argsort(right)
    pairs = np.column_stack([new[side][seeds.pairs[:, side]] for side in (0, 1)])
    own = SeedSet(pairs, seeds.scores, seeds.stages)
    callback = Killer()
    with pytest.warns(PsqeWarning, match="the callback observes the steps from"):
        found = make("mclea", **RULES).fit(*moved, own, callback=callback, checkpoint=path)
    assert callback.steps[0] > 0
    found.added_ = [one.renumbered(left, right) for one in found.added_]
    found._left, found._right = found._left[new[0]], found._right[new[1]]
    assert content(found) == whole["mclea"][0]


CHILD = """
import sys, time, torch
from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.training.checkpoint import Checkpoint
from psqe.training.callback import Callback
from psqe.seeds import true_links

class Slow(Callback):
    def batch_begins(self, step):
        time.sleep(0.02)

torch.set_num_threads(1)
Checkpoint.__init__.__kwdefaults__["every_s"] = 0.0
task, features = planted_pair(60, 3, 8, missing=0.1, random_state=2)
aligner = ALIGNERS["meaformer"](**eval(sys.argv[1]))
aligner.fit(task, features, true_links(task, 20), callback=Slow(), checkpoint=sys.argv[2])
"""


def test_a_process_that_is_killed_leaves_a_checkpoint_to_go_on_from(tmp_path):
    own = make("meaformer", **{**RULES, "n_epochs": 40, "patience": None, "batch_size": 8})
    path = tmp_path / "training.pt"
    child = subprocess.Popen([sys.executable, "-c", CHILD, repr(own.parameters), str(path)])
    try:
        deadline = time.monotonic() + 120
        while not path.exists() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
    finally:
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    task, features = planted_pair(60, 3, 8, missing=0.1, random_state=2)
    seeds = true_links(task, 20)
    wanted = content(own.fit(task, features, seeds))
    callback = Killer()
    with pytest.warns(PsqeWarning, match="the callback observes the steps from"):
        assert content(own.fit(task, features, seeds, callback=callback, checkpoint=path)) == wanted
    assert callback.steps[0] > 0 and wanted[-1]


def test_where_nothing_can_be_written_is_said_before_any_work(scene, tmp_path):
    (tmp_path / "file").write_text("")
    for path, match in (
        (tmp_path / "file" / "training.pt", "the folder cannot be written .*; choose a folder that you may"),
        (tmp_path, "is a folder; choose another name for the file"),
    ):
        callback = Killer()
        with pytest.raises(PsqeError, match=match) as caught:
            make("mclea").fit(*scene, callback=callback, checkpoint=path)
        assert not callback.steps and "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_files_and_folders_of_others(scene, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PsqeError, match=r"the folder cannot be written \(Permission denied\)"):
        make("mclea").fit(*scene, checkpoint=tmp_path / "training.pt")
    tmp_path.chmod(0o700)
    (tmp_path / "training.pt").touch(mode=0o200)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\); name another file"):
        make("mclea").fit(*scene, checkpoint=tmp_path / "training.pt")


def test_a_writing_that_fails_leaves_the_older_file(scene, whole, every_epoch, tmp_path, monkeypatch):
    path = tmp_path / "training.pt"
    save, written = torch.save, []

    def fails_at_third(state, stream):
        written.append(state["epoch"])
        if len(written) == 3:
            stream.write(b"half of it")
            raise OSError("disk full")
        save(state, stream)

    monkeypatch.setattr(torch, "save", fails_at_third)
    seen = []

    class Reader(Callback):
        def batch_begins(self, step):
            if len(written) == 3:
                seen.append(torch.load(path, weights_only=True)["epoch"])

    with pytest.warns(PsqeWarning, match=r"cannot be written \(disk full\); .* only from an older state"):
        aligner = make("mclea", **RULES).fit(*scene, callback=Reader(), checkpoint=path)
    assert seen[0] == 2 and content(aligner) == whole["mclea"][0]
    assert [p.name for p in tmp_path.iterdir()] == ["training.pt"]


@pytest.mark.parametrize("name", TRAINED)
def test_the_file_grows_with_the_entities_and_not_with_their_square(name, tmp_path):
    sizes = []
    for n in (100, 600):
        task, features = planted_pair(n, 3, 4, random_state=0)
        rules = {**RULES, "n_epochs": 2, "iterative_start": 0, "iterative_rounds": 1}
        aligner = make(name, **rules).fit(task, features, true_links(task, 30), checkpoint=tmp_path / str(n))
        assert aligner.added_
        sizes.append((tmp_path / str(n)).stat().st_size)
    assert sizes[1] < 1.2 * 6 * sizes[0]
    assert sizes[1] < 2 * 600**2
