"""Temporary files: those of killed processes are removed, those of living ones stay."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from psqe.files import write_text
from psqe.temporary import temporary_folder

HOLDER = """
import sys, time
from pathlib import Path
from psqe.temporary import temporary_file, temporary_folder

target = Path(sys.argv[1])
with temporary_file(target) as path, temporary_folder(target) as folder:
    path.write_text("half")
    (folder / "below").mkdir()
    print("ready", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(target: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is writing ``target``, and has a temporary file and a temporary folder."""
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(target)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def killed(folder: Path) -> None:
    """Leave in a folder what a process leaves that is killed while it writes."""
    with holder(folder / "links.tsv") as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert len(list(folder.iterdir())) == 2


def test_the_next_process_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    killed(tmp_path)
    write_text(tmp_path / "another.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["another.txt"]


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    with holder(tmp_path / "links.tsv"):
        write_text(tmp_path / "links.tsv", "whole")
        assert len(list(tmp_path.iterdir())) == 3


def test_files_of_the_user_stay(tmp_path: Path) -> None:
    names = {".links.tsv", ".links.psqe-.tsv", "links.psqe-abcdefgh.tsv", ".psqe-abcdefgh"}
    for name in names:
        (tmp_path / name).write_text("mine")
    write_text(tmp_path / "links.tsv", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {*names, "links.tsv"}


def test_a_file_that_another_process_takes_for_abandoned_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = tempfile.mkstemp, []

    def removed_at_once(**options: object) -> tuple[int, str]:
        made.append(real(**options))  # type: ignore[arg-type]
        if len(made) == 1:
            Path(made[0][1]).unlink()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkstemp", removed_at_once)
    write_text(tmp_path / "a.txt", "whole")
    assert len(made) == 2 and (tmp_path / "a.txt").read_text() == "whole"


def test_a_folder_that_another_process_has_locked_to_remove_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, others = tempfile.mkdtemp, []

    def locked_at_once(**options: object) -> str:
        name: str = real(**options)  # type: ignore[call-overload]
        if not others:
            others.append(os.open(name, os.O_RDONLY))
            fcntl.flock(others[0], fcntl.LOCK_EX)
        return name

    monkeypatch.setattr(tempfile, "mkdtemp", locked_at_once)
    with temporary_folder(tmp_path / "a") as folder:
        assert folder.is_dir() and len(list(tmp_path.iterdir())) == 2
    os.close(others[0])


def test_where_a_file_system_has_no_locks_files_are_written_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(tmp_path)

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    write_text(tmp_path / "a.txt", "whole")
    assert len(list(tmp_path.iterdir())) == 3 and (tmp_path / "a.txt").read_text() == "whole"
