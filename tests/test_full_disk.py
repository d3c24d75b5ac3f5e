"""Full disks, those without inodes and read-only ones: one line, exit code 2, nothing finished is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import killing
import pytest
import torch
from small_disks import AFTER, DISK, SmallDisk, keep
from test_kills import (
    dates_of,
    often_checkpoints,
    prepare_pictures,
    prepare_store,
    prepare_vectors,
    runs_of,
    small_batches,
    tiny_plan,
)

PROBE = """
import os, sys
sys.path.insert(0, sys.argv[1])
import small_disks
os.chdir(sys.argv[2])
small_disks.SmallDisk()()
"""


def refused() -> str:
    """Why no disk can be mounted here; empty if one can."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-c", PROBE, str(Path(__file__).parent), folder]
        done = subprocess.run(arguments, capture_output=True, text=True)
    return done.stderr.strip().rpartition("\n")[2]


REFUSED = refused()
pytestmark = pytest.mark.skipif(bool(REFUSED), reason=f"no disk can be mounted in a namespace: {REFUSED}")

FULL = SmallDisk(free=0)
NO_ROOM = "cannot be written (No space left on device)"
FREE_SOME = "free some space there, or choose a file on another disk"
READ_ONLY = "the folder cannot be written (Read-only file system); choose a folder that you may write to"
NO_INODES = (
    "the folder cannot be written (No space left on device); free some space there, or choose a folder"
)
MINED = ("pair", "--features", "f.npz", "--n-seeds", "6", "--miner", "mutual")
TRAINED = ("--aligner", "mclea", "--aligner-parameter", "n_epochs=5", "--checkpoint", "disk/c.pt")


def run(folder: Path, disk: SmallDisk, *arguments: str, **environment: str) -> killing.Ended:
    """Run a command in a folder in which there is a small disk."""
    return killing.run(killing.Command(arguments, folder, disk, environment, keep))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    prepare_vectors(place)
    return place


def one_line(ended: killing.Ended, words: str) -> None:
    assert ended.code == 2 and "Traceback" not in ended.told, ended.told
    (line,) = [line for line in ended.told.splitlines() if line.startswith("psqe: ")]
    assert words in line


def warned(ended: killing.Ended, words: str) -> None:
    """The command did its work, and warned in one line."""
    assert ended.code == 0 and "Traceback" not in ended.told, ended.told
    (line,) = [line for line in ended.told.splitlines() if line.startswith("psqe: ")]
    assert line.startswith("psqe: warning: ") and words in line


def on_disk(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder / AFTER)) for path in (folder / AFTER).rglob("*"))


def test_links_without_room_are_one_line_and_what_has_room_is_written(folder: Path) -> None:
    outputs = ("--out", "disk/o.tsv", "--json", "o.json", "--report", "r.html")
    one_line(run(folder, FULL, "align", *MINED, *outputs), f"disk/o.tsv: {NO_ROOM}; {FREE_SOME}")
    assert json.loads((folder / "o.json").read_text())["n_links"] and on_disk(folder) == []
    assert (folder / "r.html").read_text().rstrip().endswith("</html>")


def test_a_run_that_is_saved_has_all_its_files_or_none(folder: Path) -> None:
    room = SmallDisk(free=2 * 4096)  # for two small files, the links and the seeds
    told = "disk/run/report.json: cannot be written (No space left on device)"
    one_line(run(folder, room, "align", *MINED, "--out", "o.tsv", "--save", "disk/run"), told)
    assert (folder / "o.tsv").read_text().startswith("left\tright") and on_disk(folder) == []


def test_a_summary_and_a_report_without_room_are_one_line_and_links_are_written(folder: Path) -> None:
    outputs = ("--out", "o.tsv", "--json", "disk/o.json", "--report", "disk/r.html")
    told = f"disk/o.json: {NO_ROOM}, and neither can disk/r.html; {FREE_SOME}"
    one_line(run(folder, FULL, "align", *MINED, *outputs), told)
    assert (folder / "o.tsv").read_text().startswith("left\tright") and on_disk(folder) == []


@pytest.mark.parametrize(
    ("disk", "kept"),
    [
        (SmallDisk(free=0, then=often_checkpoints), "only from its beginning"),
        (SmallDisk(inodes=2, then=often_checkpoints), "only from an older state"),
    ],
    ids=["full", "one inode"],
)
def test_a_checkpoint_without_room_is_a_warning_and_the_training_ends(
    folder: Path, disk: SmallDisk, kept: str
) -> None:
    ended = run(folder, disk, "align", *MINED, *TRAINED, "--out", "o.tsv")
    told = "disk/c.pt: the checkpoint cannot be written (No space left on device); as long as that is so, the"
    warned(ended, f"{told} training can be resumed {kept}")
    assert (folder / "o.tsv").read_text().startswith("left\tright")
    assert on_disk(folder) == (["c.pt"] if disk.inodes else [])
    if disk.inodes:
        assert torch.load(folder / AFTER / "c.pt", weights_only=True)["epoch"] == 1


def test_where_no_checkpoint_can_ever_be_written_it_is_told_before_the_training(folder: Path) -> None:
    ended = run(folder, SmallDisk(inodes=1), "align", *MINED, *TRAINED, "--out", "o.tsv")
    one_line(ended, f"disk: {NO_INODES}")
    assert not (folder / "o.tsv").exists()


def test_runs_that_are_stored_stay_when_the_disk_is_full(tmp_path: Path) -> None:
    place = tmp_path / "work"
    place.mkdir()
    prepare_store(place)
    (place / "store").rename(place / "whole")
    first = killing.Command(("results", "fill", "tiny", "--store", "whole"), place, tiny_plan)
    assert killing.run(first).code == 0
    (place / "whole").rename(place / DISK)
    stored = [path for path in sorted((place / DISK / "runs").iterdir()) if path.name.endswith("-1.csv")]
    for path in stored:
        path.unlink()
    (place / "store").symlink_to(DISK)
    known, dates = runs_of(place), dates_of(place)
    assert 0 < len(known) < 4
    disk = SmallDisk(free=0, then=tiny_plan)
    one_line(run(place, disk, "results", "fill", "tiny", "--store", "store"), NO_ROOM)
    (place / "store").unlink()
    (place / AFTER).rename(place / "store")
    assert (runs_of(place), dates_of(place)) == (known, dates)


@pytest.mark.parametrize(
    ("disk", "told"),
    [
        (SmallDisk(free=4096, then=small_batches), "encoded vectors cannot be saved here (No space left on"),
        (
            SmallDisk(inodes=2),
            "encoded vectors cannot be saved here (No space left on device); set PSQE_CACHE",
        ),
        (SmallDisk(read_only=True), "encoded vectors cannot be saved here (Read-only file system); set PSQE"),
    ],
    ids=["full", "without inodes", "read-only"],
)
def test_a_cache_without_room(tmp_path: Path, disk: SmallDisk, told: str) -> None:
    """Where nothing can ever be written it is told before the work; a cache that becomes full costs none."""
    place = tmp_path / "work"
    place.mkdir()
    prepare_pictures(place)
    arguments = ("seeds", "pair", "--modalities", "image", "--encoder", "image=pixels", "--miner", "mutual")
    ended = run(place, disk, *arguments, PSQE_CACHE=str(place / DISK))
    if disk.free:
        warned(ended, told)
        assert (place / "seeds.tsv").read_text().startswith("left\tright")
    else:
        one_line(ended, told)
    assert not [name for name in on_disk(place) if "psqe-" in name]


@pytest.mark.parametrize(
    ("disk", "told"), [(SmallDisk(read_only=True), READ_ONLY), (SmallDisk(inodes=1), NO_INODES)],
    ids=["read-only", "without inodes"],
)  # fmt: skip
@pytest.mark.parametrize(
    "arguments",
    [
        ("seeds", *MINED, "--out", "disk/o.tsv"), ("seeds", *MINED, "--json", "disk/o.json"),
        ("align", *MINED, "--report", "disk/r.html"), ("data", "info", "pair", "--json", "disk/i.json"),
    ],
    ids=["out", "json", "report", "info"],
)  # fmt: skip
def test_where_nothing_can_be_written_it_is_told_before_the_work(
    folder: Path, disk: SmallDisk, told: str, arguments: tuple[str, ...]
) -> None:
    ended = run(folder, disk, *arguments)
    one_line(ended, f"disk: {told}")
    assert {path.name for path in folder.iterdir()} == {"pair", "f.npz", "content", DISK, AFTER}


@pytest.mark.parametrize("disk", [SmallDisk(free=8192), SmallDisk(inodes=6), SmallDisk(read_only=True)])
def test_an_export_without_room_leaves_nothing(folder: Path, disk: SmallDisk) -> None:
    one_line(
        run(folder, disk, "data", "export", "pair", "disk/out", "--layout", "folder"), "cannot be written ("
    )
    assert on_disk(folder) == []


def test_a_pair_is_aligned_from_a_disk_that_is_read_only(folder: Path) -> None:
    (folder / DISK).mkdir()
    (folder / "pair").rename(folder / DISK / "pair")
    ended = run(folder, SmallDisk(read_only=True), "align", f"{DISK}/pair", *MINED[1:])
    assert ended.code == 0, ended.told
    assert (folder / "links.tsv").read_text().startswith("left\tright")


@pytest.mark.parametrize("option", ["--out", "--json"])
def test_a_device_without_room_is_one_line(folder: Path, option: str) -> None:
    ended = killing.run(killing.Command(("seeds", *MINED, option, "/dev/full"), folder))
    one_line(ended, f"/dev/full: {NO_ROOM}; choose another name for the file")
    assert Path("/dev/full").is_char_device()
