"""Kernels that die before they can be used, and what a kernel leaves behind."""

import json
import signal
import sys
from pathlib import Path

import pytest
from studies import Command, until, write_notebook

from psqe.errors import PsqeError
from psqe.study.book import kernels
from psqe.study.book.run_notebook import run_notebook

UNLUCKY = """
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
