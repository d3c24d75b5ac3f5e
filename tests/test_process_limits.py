"""What a signal or a limit of the process does to a command: one line, and no half-written file."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cities import written

from psqe.cli import program
from psqe.cli.main import main
from psqe.datasets.export.places import new_folder
from psqe.errors import CacheError, DataError, PsqeError
from psqe.features.cache import default_cache_dir
from psqe.files import write_text
from psqe.process_limits import exhausted

PROGRAM = [sys.executable, "-m", "psqe.cli.main"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

SLOW = """
import os, signal, sys, time
import psqe.cli.program
from psqe.cli.main import main
from psqe.files import atomic_path

def slow(arguments):
    with atomic_path("o.tsv") as temporary:
        temporary.write_text("half of a table")
        {ready}
        time.sleep(60)

psqe.cli.program.run_command = slow
sys.exit(main())
"""
"""A command that is in the middle of writing a file."""


def limited(kind: int, limit: int, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, cwd=folder, timeout=300, env=ENVIRONMENT,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "the memory of this machine"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "the memory of this machine"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't"), "the memory"),
        (RuntimeError("std::bad_alloc"), "the memory of this machine"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "the memory of this machine"),
        (RuntimeError("can't start new thread"), "no further thread or process can be started"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no further thread or process"),
        (OSError(errno.EMFILE, "Too many open files", "a.tsv"), "no further file can be opened"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "no temporary file can"),
    ],
)
def test_a_limit_is_told_in_whatever_words_a_library_reports_it(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        try:
            raise error
        except Exception as cause:
            raise DataError("cannot be read", path="a.tsv", remedy="put a file there") from cause

    monkeypatch.setattr(program, "run_command", fail)
    assert main(["data", "list"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"psqe: {told}") and "; " in line


def test_other_errors_are_no_limits_and_keep_their_words_or_their_traceback() -> None:
    own = DataError("is refused: it needs more memory than there is", path="a.pkl")
    own.__cause__ = MemoryError()
    assert exhausted(own) is None  # it names the file
    assert exhausted(PsqeError("is empty", path="a.tsv")) is None
    assert exhausted(OSError(errno.ENOENT, "No such file or directory")) is None
    handled = ValueError("another fault")
    handled.__context__ = MemoryError()
    handled.__suppress_context__ = True
    assert exhausted(handled) is None


def test_a_fault_of_psqe_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise ValueError("a fault")

    monkeypatch.setattr(program, "run_command", fail)
    with pytest.raises(ValueError, match="a fault"):
        main(["data", "list"])


@pytest.mark.parametrize(("limit", "option"), [(resource.RLIMIT_AS, "v"), (resource.RLIMIT_DATA, "d")])
@pytest.mark.parametrize(("mb", "arguments"), [(100, "data list"), (600, "align pair"), (600, "seeds pair")])
def test_memory_that_is_too_little_to_load_libraries_is_told_before(
    tmp_path: Path, mb: int, arguments: str, limit: int, option: str
) -> None:
    """Some libraries abort the process while they are loaded, and nothing could be told then."""
    written(tmp_path / "pair")
    done = limited(limit, mb * 2**20, tmp_path, *arguments.split())
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert f"limited to {mb} MiB" in line and f"ulimit -{option} 4000000" in line


def test_where_no_temporary_file_can_be_written_one_line_says_so(tmp_path: Path) -> None:
    written(tmp_path / "pair")
    done = limited(resource.RLIMIT_FSIZE, 0, tmp_path, "align", "pair", "--out", os.devnull)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "no temporary file can be written" in line and "TMPDIR" in line


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU"])
def test_a_signal_leaves_no_half_of_a_file_and_no_traceback(tmp_path: Path, name: str) -> None:
    code = SLOW.format(ready='print("ready", flush=True)')
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    child.send_signal(getattr(signal, name))
    _, told = child.communicate(timeout=60)
    assert child.returncode == 128 + getattr(signal, name)
    stopped = "interrupted" if name == "SIGINT" else f"stopped by {name}"
    assert told == f"psqe: {stopped}; what was finished is kept\n"
    assert not list(tmp_path.iterdir())


def test_a_signal_that_arrives_where_exceptions_are_dropped_is_not_lost(tmp_path: Path) -> None:
    """Python drops exceptions in callbacks, such as those of imports, and in __del__."""
    lost = """
        class Dropping:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)
        Dropping()
"""
    done = subprocess.run(
        [sys.executable, "-c", SLOW.format(ready=lost)],
        cwd=tmp_path, capture_output=True, text=True, timeout=50, env=ENVIRONMENT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "psqe: interrupted; what was finished is kept\n")
    assert not list(tmp_path.iterdir())


def test_a_signal_while_the_commands_are_loaded_is_one_line(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from psqe.cli.main import main

class Interrupting:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "list"], capture_output=True, text=True, env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (130, "psqe: interrupted; nothing was written\n")


@pytest.mark.parametrize(
    ("command", "written_first", "kept"),
    [
        ("seeds pair", None, False), ("align pair", None, False), ("data export pair out", None, False),
        ("align pair --checkpoint c.pt", "c.pt", True), ("align pair", "links.tsv", True),
        ("data fetch dbp15k/zh_en", None, True), ("study", None, True), ("run page.md", None, True),
    ],
)  # fmt: skip
def test_what_an_interrupted_command_keeps_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: str, written_first: str | None, kept: bool,
) -> None:  # fmt: skip
    def stopped(_: object) -> int:
        if written_first is not None:
            write_text(tmp_path / written_first, "whole")
        with new_folder(tmp_path / "out") as folder:
            write_text(folder / "seeds.tsv", "goes with the folder")
            raise KeyboardInterrupt

    monkeypatch.setattr(program, "run_command", stopped)
    assert main(command.split()) == 130
    expected = "what was finished is kept" if kept else "nothing was written"
    assert capsys.readouterr().err == f"psqe: interrupted; {expected}\n"


def test_a_signal_that_is_ignored_from_the_start_stays_ignored(tmp_path: Path) -> None:
    """As by nohup, so that a closed terminal ends no long work."""
    send = 'os.kill(os.getpid(), signal.SIGHUP); print("alive", flush=True); os._exit(0)'
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + SLOW.format(ready=send)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


def test_a_cache_in_the_home_folder_of_nobody_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSQE_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(CacheError, match=r"no such home folder.*; set PSQE_CACHE to the path of a folder"):
        default_cache_dir()
