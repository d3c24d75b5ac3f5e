"""Kernels that die before they can be used, and what a kernel leaves behind."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from studies import Command, until, write_notebook

from psqe.errors import PsqeError
from psqe.study.book import kernels
from psqe.study.book.run_notebook import run_notebook

BY_A_JOB = """
import sys
from functools import partial
from graphlib import TopologicalSorter
from psqe.errors import PsqeError
from psqe.study.book.jobs import run_jobs, start_server
from psqe.study.book.kernels import ENVIRONMENT, LOADED
from psqe.study.book.run_notebook import run_notebook
page, out = sys.argv[1:]
start_server([LOADED], environment=ENVIRONMENT)
try:
    run_jobs(TopologicalSorter({"page": ()}), lambda _: partial(run_notebook, page, out_dir=out), jobs=1)
except PsqeError as error:
    sys.exit(str(error))
"""
"""Runs a notebook in a kernel that is a copy of a job's process, as a study does."""

UNLUCKY = """
import importlib
import json
import signal
import sys
from pathlib import Path
tries = Path({tries!r})
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
if len(tries.read_text()) <= {failing}:
    sys.exit("zmq.error.ZMQError: Address already in use")
from psqe.study.book.kernel_process import main
main()
"""
"""The process of a kernel that ends at once a number of times, as one that loses a port does."""


def unlucky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> Path:
    tries = tmp_path / "tries"
    code = UNLUCKY.format(tries=str(tries), failing=failing)
    monkeypatch.setattr(kernels, "COMMAND", (sys.executable, "-c", code))
    return tries


def test_a_kernel_that_dies_before_the_first_cell_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = unlucky(tmp_path, monkeypatch, kernels.ATTEMPTS - 1)
    page = write_notebook(tmp_path, "page", "print(n)")
    assert run_notebook(page, out_dir=tmp_path / "out").is_file()
    assert len(tries.read_text()) == kernels.ATTEMPTS
    assert capfd.readouterr() == ("", "")


def test_a_kernel_that_never_starts_is_one_line_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = unlucky(tmp_path, monkeypatch, 99)
    page = write_notebook(tmp_path, "page", "print(n)")
    with pytest.raises(PsqeError, match=r"page\.md: .*3 attempts .*Address already in use\); look") as caught:
        run_notebook(page, out_dir=tmp_path / "out")
    assert "\n" not in str(caught.value) and len(tries.read_text()) == kernels.ATTEMPTS
    assert capfd.readouterr() == ("", "") and list((tmp_path / "out").iterdir()) == []


def test_a_folder_of_temporary_files_with_a_long_path_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    page = write_notebook(tmp_path, "page", "print(n)")
    with pytest.raises(PsqeError, match="too long a path for the sockets of a kernel; set TMPDIR to"):
        run_notebook(page, out_dir=tmp_path / "out")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_notebook_that_is_stopped_leaves_its_trace_and_no_kernel(tmp_path: Path, number: int) -> None:
    flag = tmp_path / "begun"
    wait = f"import time\nfrom pathlib import Path\nPath({str(flag)!r}).touch()\ntime.sleep(60)"
    write_notebook(tmp_path, "page", "print('half')", wait)
    command = Command(tmp_path, "run", "page.md", "--out", "out")
    until(flag.exists)
    if number == signal.SIGINT:
        code = command.interrupt()
    else:
        command.process.send_signal(number)
        code = command.wait(30)
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    stopped = {signal.SIGINT: "interrupted", signal.SIGTERM: "stopped by SIGTERM"}.get(number)
    assert command.told() == (f"psqe: {stopped}; what was finished is kept\n" if stopped else "")
    until(lambda: not command.others(), timeout=2)
    half = json.loads((tmp_path / "out" / "page.failed.ipynb").read_text())
    assert "".join(half["cells"][2]["outputs"][0]["text"]) == "half\n"
    if stopped:
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["page.failed.ipynb"]


SEES = """import os, sys, torch
from multiprocessing.shared_memory import SharedMemory
SharedMemory(create=True, size=8).unlink()
print(n, hash("a"), sys.flags.safe_path, torch.get_num_threads(), repr(sys.stdin.read()))
print(os.environ["MPLBACKEND"], os.environ["PYTHONHASHSEED"], len(os.listdir("/proc/self/fd")) < 64)"""


def by_a_job(page: Path, out: Path) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-P", "-c", BY_A_JOB, str(page), str(out)],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip


def test_a_kernel_that_is_a_copy_gives_the_same_notebook(tmp_path: Path) -> None:
    draws = "import seaborn as sns\nsns.lineplot(x=[1, 2], y=[3, 4]);"
    page = write_notebook(
        tmp_path,
        "page",
        "print(n)",
        SEES,
        draws,
        "import warnings; warnings.warn('w')",
        "!echo $OMP_NUM_THREADS",
    )
    alone = run_notebook(page, out_dir=tmp_path / "alone")
    done = by_a_job(page, tmp_path / "copy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    texts = [path.read_text() for path in (alone, tmp_path / "copy" / "page.ipynb")]
    assert texts[0] == texts[1]


def test_a_copy_that_dies_fails_its_notebook_with_one_line(tmp_path: Path) -> None:
    page = write_notebook(tmp_path, "page", "print(n)", "import os; os.kill(os.getpid(), 9)")
    done = by_a_job(page, tmp_path / "out")
    assert done.returncode == 1 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert "page.md" in done.stderr and "died" in done.stderr


def test_tables_that_many_notebooks_read_are_checked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A kernel that has the checked tables does not check them again, and a broken store stops no server."""
    from psqe.study import store_files
    from psqe.study.store import Store

    sys.modules.pop("psqe.study.book.loaded_tables", None)
    tables = importlib.import_module("psqe.study.book.loaded_tables")
    before = store_files._checked_files.cache_info().misses
    for subject in tables.READ:
        assert len(Store().table(subject))
    assert store_files._checked_files.cache_info().misses == before

    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "x.csv").write_text("nonsense\n")
    monkeypatch.setattr("psqe.study.store.Store", lambda: Store(tmp_path))
    importlib.reload(tables)
