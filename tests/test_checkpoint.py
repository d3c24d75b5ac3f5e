"""Checkpoints: killed anywhere and resumed to the last byte; refused when they are not one's own."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import relabelled
from test_trained import TRAINED, make

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, PsqeError
from psqe.features.base import Features
from psqe.kg import AlignmentTask
from psqe.neural import checkpoint as checkpoints
from psqe.neural.checkpoint import Checkpoint
from psqe.seeds import SeedSet, true_links

RULES = {
    "n_epochs": 12, "residual": 0.5, "iterative_start": 2, "iterative_every": 1, "iterative_rounds": 2,
    "patience": 4, "check_every": 1,
}  # fmt: skip
"""All that a training may do between epochs; it stops before its last epoch."""


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


class Killer:
    """A watch that kills the training when a batch is about to be computed; it counts batches."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.steps = at, []

    def begins(self, step):
        if step == self.at:
            raise Killed
        self.steps.append(step)

    def contrast(self, name, pairs, left, right, loss):
        pass


@pytest.fixture(scope="module")
def whole(scene):
    """Each aligner uninterrupted, and the number of its steps."""
    found = {}
    for name in TRAINED:
        watch = Killer()
        aligner = make(name, **RULES).fit(*scene, watch=watch)
        assert aligner.added_ and len(aligner.history_) == len(aligner.checks_) < RULES["n_epochs"]
        found[name] = content(aligner), len(watch.steps)
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
            with pytest.raises(Killed):
                make(name, **RULES).fit(*scene, watch=Killer(death), checkpoint=path)
            assert torch.equal(torch.get_rng_state(), before)
        last = Killer()
        aligner = make(name, **RULES).fit(*scene, watch=last, checkpoint=path)
        assert content(aligner) == wanted
        # From the beginning of the epoch that was interrupted: 70 seeds at most make 5 batches.
        assert last.steps == list(range(last.steps[0], n_steps))
        assert deaths[-1] - 5 < last.steps[0] <= deaths[-1]
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
        make(name, **RULES).fit(*scene, watch=Killer(n_steps - 1), checkpoint=path)
    epochs = len(wanted[2])
    assert 1 <= len(written) < epochs - 1 and max(written) < epochs
    again = Killer()
    assert content(make(name, **RULES).fit(*scene, watch=again, checkpoint=path)) == wanted
    assert 0 < again.steps[0] <= n_steps - 1
    assert written[-1] == epochs  # at the end whatever the clock says


@pytest.mark.parametrize("name", TRAINED)
def test_a_finished_training_returns_at_once(scene, whole, name, tmp_path):
    path = tmp_path / "training.pt"
    make(name, **RULES).fit(*scene, checkpoint=path)
    before = path.read_bytes()
    watch = Killer(at=0)
    aligner = make(name, **RULES).fit(*scene, watch=watch, checkpoint=str(path))
    assert content(aligner) == whole[name][0] and not watch.steps
    assert path.read_bytes() == before
    # A fit without a checkpoint does not remember that there was one.
    assert content(aligner.fit(*scene)) == whole[name][0] and path.read_bytes() == before


def test_a_relabelled_task_goes_on_from_the_same_file(scene, whole, every_epoch, tmp_path):
    """Identifiers and row order are not part of a training."""
    task, features, seeds = scene
    path = tmp_path / "training.pt"
    with pytest.raises(Killed):
        make("mclea", **RULES).fit(*scene, watch=Killer(9), checkpoint=path)
    moved, left, right = relabelled((task, features), left=51, right=52)
    new = np.argsort(left), np.argsort(right)
    pairs = np.column_stack([new[side][seeds.pairs[:, side]] for side in (0, 1)])
    own = SeedSet(pairs, seeds.scores, seeds.stages)
    found = make("mclea", **RULES).fit(*moved, own, watch=(watch := Killer()), checkpoint=path)
    assert watch.steps[0] > 0
    assert (
        found.embeddings()[0].tobytes() == make("mclea", **RULES).fit(*scene).embeddings()[0][left].tobytes()
    )
    assert [len(one.added) for one in found.added_] == [len(one[1]) for one in whole["mclea"][0][4]]


CHILD = """
import sys, time, torch
from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.neural.checkpoint import Checkpoint
from psqe.seeds import true_links

class Slow:
    def begins(self, step):
        time.sleep(0.02)
    def contrast(self, *args):
        pass

torch.set_num_threads(1)
Checkpoint.__init__.__kwdefaults__["every_s"] = 0.0
task, features = planted_pair(60, 3, 8, missing=0.1, random_state=2)
aligner = ALIGNERS["meaformer"](**eval(sys.argv[1]))
aligner.fit(task, features, true_links(task, 20), watch=Slow(), checkpoint=sys.argv[2])
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
    watch = Killer()
    assert content(own.fit(task, features, seeds, watch=watch, checkpoint=path)) == wanted
    assert watch.steps[0] > 0 and wanted[-1]


# ---- files of others

OTHER = {
    "n_epochs": 13, "batch_size": 17, "learning_rate": 0.011, "weight_decay": 0.02, "residual": 0.6,
    "iterative_start": 3, "iterative_every": 2, "iterative_rounds": 3, "patience": 5, "check_every": 2,
    "device": "cpu:0", "dtype": "float64", "random_state": 1,
    "structure_dim": 8, "structure_output_dim": 8, "image_dim": 8, "modality_dim": 8,
    "structure_scale": 4.0, "scale": 14.0, "attraction": 9.0,
    "temperature": 0.2, "distillation_temperature": 2.0, "distillation_weight": 0.3,
    "dim": 8, "n_heads": 2, "hidden_dim": 9, "dropout": 0.2, "warmup": 0.1, "clip": 2.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(scene, tmp_path_factory):
    """A checkpoint of each aligner."""
    folder = tmp_path_factory.mktemp("kept")
    for name in TRAINED:
        make(name, **RULES).fit(*scene, checkpoint=folder / name)
    return folder


def refused(match: str, path: Path, fit) -> None:
    """In one line that names the file and says what to do, before any step; the file stays."""
    before = path.read_bytes()
    watch = Killer()
    with pytest.raises(DataError, match=match) as caught:
        fit(watch)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "; remove it, or name another file" in message
    assert "\n" not in message and not watch.steps
    assert path.read_bytes() == before


FOREIGN = "is the checkpoint of a training with other parameters, data or seeds"


@pytest.mark.parametrize("name", TRAINED)
def test_other_parameters_are_refused(scene, kept, name):
    """Each parameter of each aligner, one at a time."""
    for parameter in make(name, **RULES).parameters:
        aligner = make(name, **{**RULES, parameter: OTHER[parameter]})
        assert aligner.parameters != make(name, **RULES).parameters
        refused(FOREIGN, kept / name, lambda w, a=aligner: a.fit(*scene, watch=w, checkpoint=kept / name))
    other = next(one for one in TRAINED if one != name)
    refused(
        FOREIGN, kept / other, lambda w: make(name, **RULES).fit(*scene, watch=w, checkpoint=kept / other)
    )


def other_scenes(task, features, seeds):
    """Each differs in one thing that the training depends on."""
    yield "seeds", (task, features, seeds.head(29))
    swapped = seeds.pairs.copy()
    swapped[:2, 1] = swapped[1::-1, 1]
    yield "other ends", (task, features, SeedSet(swapped, seeds.scores, seeds.stages))
    m = features["image"]
    image = replace(
        m, left=m.left + np.float32(1e-3) * (np.arange(m.dim) == 0) * np.arange(len(m.left))[:, None]
    )
    yield "features", (task, Features({**features, "image": image}), seeds)
    fewer = m.right_present.copy()
    fewer[np.flatnonzero(fewer)[0]] = False
    image = replace(m, right=m.right * fewer[:, None], right_present=fewer)
    yield "who has an image", (task, Features({**features, "image": image}), seeds)
    yield "a modality less", (task, features.select(["image"]), seeds)
    yield "modalities in another order", (task, features.select(["attribute", "image"]), seeds)
    yield "modalities under other names", (task, Features({"image": m, "text": features["attribute"]}), seeds)
    left = replace(task.left, triples=task.left.triples[1:])
    yield "a triple less", (AlignmentTask(task.name, left, task.right, task.links), features, seeds)


@pytest.mark.parametrize("name", TRAINED)
def test_other_data_and_seeds_are_refused(scene, kept, name):
    for _, other in other_scenes(*scene):
        refused(
            FOREIGN, kept / name,
            lambda w, o=other: make(name, **RULES).fit(*o, watch=w, checkpoint=kept / name),
        )  # fmt: skip


def test_other_candidates_are_refused(tmp_path):
    """Nothing else differs, not even the order: names settle it. Who is a candidate decides what is added."""
    task, features = planted_pair(40, 2, 8, random_state=1)
    seeds = true_links(task, 12)
    loose = np.setdiff1d(task.right.candidates, task.links[:, 1])[:2]
    right = replace(task.right, candidates=np.setdiff1d(task.right.candidates, loose))
    fewer = AlignmentTask(task.name, task.left, right, task.links)
    path = tmp_path / "training.pt"
    make("mclea", **RULES).fit(task, features, seeds, checkpoint=path)
    refused(
        FOREIGN, path, lambda w: make("mclea", **RULES).fit(fewer, features, seeds, watch=w, checkpoint=path)
    )


def test_parameters_of_numpy_are_as_good_as_pythons(scene, tmp_path):
    path = tmp_path / "training.pt"
    make("mclea", random_state=np.int64(3), learning_rate=np.float64(0.01)).fit(*scene, checkpoint=path)
    watch = Killer()
    make("mclea", random_state=3, learning_rate=0.01).fit(*scene, watch=watch, checkpoint=path)
    assert not watch.steps


class Wicked:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def no_checkpoints(folder: Path):
    """Files that are none, by what they are."""
    image = folder / "image.pt"
    torch.save([1, 2], image)
    yield "a list", image.read_bytes()
    torch.save({"epoch": 3}, image)
    yield "without fingerprint", image.read_bytes()
    torch.save(torch.ones(3), image)
    yield "a tensor", image.read_bytes()
    torch.save({"fingerprint": Wicked(folder / "ran")}, image)
    yield "wicked", image.read_bytes()
    yield "a wicked pickle", pickle.dumps(Wicked(folder / "ran"))
    yield "a pickle", pickle.dumps({"fingerprint": "x"})
    yield "nothing", b""
    yield "text", b"left\tright\n"
    yield "one byte of a pickle", b"\x80"
    yield "a zip", b"PK\x03\x04" + bytes(40)
    yield "no UTF-8", b"\x80\x02X\x04\x00\x00\x00\xff\xfe\xfd\xfc."


def test_what_is_no_checkpoint_is_refused_and_not_run(scene, tmp_path, recwarn):
    for what, data in no_checkpoints(tmp_path):
        path = tmp_path / "training.pt"
        path.write_bytes(data)
        refused(
            "is not a checkpoint of psqe", path,
            lambda w, path=path: make("eva").fit(*scene, watch=w, checkpoint=path),
        )  # fmt: skip
        assert not (tmp_path / "ran").exists(), what
    assert not recwarn.list


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 0.9999), junk=st.binary(max_size=60), whole=st.booleans())
def test_truncated_files_and_junk_are_refused(kept, share, junk, whole):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.pt"
        data = (kept / "mclea").read_bytes()
        path.write_bytes(data[: int(share * len(data))] if whole else junk)
        with pytest.raises(DataError, match="is not a checkpoint of psqe; remove it, or name another file"):
            Checkpoint(path, "x").load()


def test_where_nothing_can_be_written_is_said_before_any_work(scene, tmp_path):
    (tmp_path / "file").write_text("")
    for path, match in (
        (tmp_path / "file" / "training.pt", "the folder cannot be written .*; choose a folder that you may"),
        (tmp_path, "is a folder; choose another name for the file"),
    ):
        watch = Killer()
        with pytest.raises(PsqeError, match=match) as caught:
            make("mclea").fit(*scene, watch=watch, checkpoint=path)
        assert not watch.steps and "\n" not in str(caught.value)


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

    def fails_at_third(state, temporary):
        written.append(state["epoch"])
        if len(written) == 3:
            Path(temporary).write_bytes(b"half of it")
            raise OSError("disk full")
        save(state, temporary)

    monkeypatch.setattr(torch, "save", fails_at_third)
    with pytest.raises(OSError, match="disk full"):
        make("mclea", **RULES).fit(*scene, checkpoint=path)
    assert torch.load(path, weights_only=True)["epoch"] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["training.pt"]
    assert content(make("mclea", **RULES).fit(*scene, checkpoint=path)) == whole["mclea"][0]


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
