"""What a full disk, too little memory or Ctrl-C does to a command: one line, and no finished work is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cities import written

from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.errors import PsqeError, PsqeWarning
from psqe.features import Features
from psqe.features.cache import VectorCache
from psqe.features.encoder_registry import ItemEncoder, encode_all
from psqe.files import write_json
from psqe.graph import SIDES
from psqe.training.interrupt import DeferredInterrupt

RUN = """
import resource, sys
kind, limit = getattr(resource, sys.argv[1]), int(sys.argv[2])
import psqe.cli.main, psqe.api, psqe.links.report  # what is loaded needs memory of its own
{before}
if limit:
    resource.setrlimit(kind, (limit, limit))
sys.exit(psqe.cli.main.main(sys.argv[3:]))
"""


def run(limit: str, size: int, *arguments: object, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own under a limit of the operating system."""
    code = RUN.format(before=before)
    return subprocess.run(
        [sys.executable, "-c", code, limit, str(size), *map(str, arguments)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A pair and a file of vectors for it."""
    folder = written(tmp_path / "pair")
    task = load_task(folder)
    rng = np.random.default_rng(0)
    vectors = {f"given_{side}": rng.normal(size=(task.sides[side].n_entities, 8)) for side in SIDES}
    entities = {f"{side}_entities": np.array(task.sides[side].entities) for side in SIDES}
    np.savez(tmp_path / "f.npz", **vectors, **entities)
    return folder, tmp_path / "f.npz"


def test_a_report_that_the_disk_has_no_room_for_loses_no_links(pair, tmp_path):
    folder, features = pair
    found = run("RLIMIT_FSIZE", 40_000, "align", folder, "--features", features, "--n-seeds", 4,
                "--out", tmp_path / "o.tsv", "--json", tmp_path / "o.json",
                "--report", tmp_path / "r.html")  # fmt: skip
    assert found.returncode == 2, found.stderr
    assert "r.html: cannot be written (File too large); free some space" in found.stderr.splitlines()[-1]
    assert (tmp_path / "o.tsv").read_text().startswith("left\tright")
    assert json.loads((tmp_path / "o.json").read_text())["n_links"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.npz", "o.json", "o.tsv", "pair"]


def test_a_checkpoint_that_the_disk_has_no_room_for_ends_no_training(pair, tmp_path):
    folder, features = pair
    found = run("RLIMIT_FSIZE", 20_000, "align", folder, "--features", features, "--n-seeds", 4,
                "--aligner", "mclea", "--aligner-parameter", "n_epochs=3", "--out", tmp_path / "o.tsv",
                "--checkpoint", tmp_path / "c.pt")  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "c.pt: the checkpoint cannot be written" in found.stderr
    assert "Traceback" not in found.stderr and (tmp_path / "o.tsv").exists()


def test_too_little_memory_is_told_in_one_line(pair, tmp_path):
    folder, features = pair
    now = """
import os
limit += int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGE_SIZE')
"""
    found = run("RLIMIT_AS", 200_000_000, "align", folder, "--features", features, "--n-seeds", 4,
                "--aligner", "mclea", "--aligner-parameter", "modality_dim=1000000",
                "--out", tmp_path / "o.tsv",
                before=now)  # fmt: skip
    assert found.returncode == 2, found.stderr
    assert "memory" in found.stderr.splitlines()[-1] and "Traceback" not in found.stderr
    assert not (tmp_path / "o.tsv").exists()


TRAIN = """
import signal, sys
from pathlib import Path
from psqe.cli.main import main
from psqe.training.loop import Training

signal.signal(signal.SIGINT, signal.default_int_handler)  # as at a terminal
train = Training._pass

def told(self):
    if self._checkpoint is not None:  # the miner trains, too
        Path("training").touch()
    return train(self)

Training._pass = told
sys.exit(main())
"""
"""The command, which says by a file that the training has begun."""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_training_that_is_stopped_in_its_first_minute_keeps_what_it_has_trained(pair, tmp_path, name):
    folder, features = pair
    command = [
        "align", folder, "--features", features, "--n-seeds", 4, "--aligner", "mclea",
        "--aligner-parameter", "n_epochs=100000", "--out", "o.tsv", "--checkpoint", "c.pt",
    ]  # fmt: skip
    closed = {"preexec_fn": lambda: os.close(2)} if name == "SIGHUP" else {}  # with the terminal
    child = subprocess.Popen(
        [sys.executable, "-c", TRAIN, *map(str, command)], stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        **closed,
    )  # fmt: skip
    wait = time.monotonic() + 120
    while not (tmp_path / "training").exists() and time.monotonic() < wait and child.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    child.send_signal(getattr(signal, name))
    _, told = child.communicate(timeout=120)
    assert child.returncode == 128 + getattr(signal, name), told
    if not closed:
        assert "stops after this epoch" in told and "Traceback" not in told
        assert told.splitlines()[-1].endswith("; what was finished is kept")
    import torch

    assert torch.load(tmp_path / "c.pt", weights_only=True)["epoch"] >= 1
    assert not (tmp_path / "o.tsv").exists()


def test_a_signal_after_the_last_epoch_is_not_lost():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), DeferredInterrupt() as interrupt:
            interrupt.deliver()
            os.kill(os.getpid(), signal.SIGINT)
            while interrupt.requested is None:
                time.sleep(0.01)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_full_disk_is_one_line_for_every_output(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(PsqeError, match=r"a.json: cannot be written \(No space left on device\); free some"):
        write_json(tmp_path / "a.json", {"a": 1})
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(np, "savez", full)
    monkeypatch.setattr(np, "savez_compressed", full)
    features = Features.from_arrays({"a_left": np.ones((2, 2)), "a_right": np.ones((2, 2))})
    with pytest.raises(PsqeError, match=r"f.npz: cannot be written \(No space left on device\)"):
        features.save(tmp_path / "f.npz")
    assert not list(tmp_path.iterdir())


class Length(ItemEncoder):
    """The length of a text."""

    name, version, batch_size = "length of a test", "1", 8
    modalities = ("name",)

    def encode(self, items):
        return np.array([[len(text)] for text in items], dtype=np.float32)


def test_a_cache_that_becomes_full_costs_no_vectors(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    cache = VectorCache(tmp_path / "cache", "length of a test", "1")
    with pytest.warns(PsqeWarning, match=r"encoded vectors cannot be saved here"):
        vectors = encode_all(Length("name"), {"a" * 32: "Rome"}, cache, label="x", progress=False)
    assert vectors["a" * 32].tolist() == [4]


def test_too_little_memory_to_read_a_pair_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("psqe.datasets.read_folder", exhausted)
    assert main(["align", str(written(tmp_path / "pair"))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("psqe: the memory of this machine does not suffice; give a smaller pair")
