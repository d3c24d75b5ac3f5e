"""What a command prints: characters that cannot be encoded, readers that go away, streams that are full."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import cases
import cities
import pytest

from psqe.cli import streams
from psqe.cli.main import main
from psqe.errors import PsqeError
from psqe.files import write_json

ROOT = Path(__file__).parents[1]


def psqe(
    arguments: str, folder: Path, *, before: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command by a shell; ``psqe`` stands for the program."""
    program = f'{before}psqe() {{ "{sys.executable}" -m psqe.cli.main "$@"; }}; {arguments}'
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(["bash", "-c", program], cwd=folder, env=variables, capture_output=True)


def greek(folder: Path) -> Path:
    pair = cities.written(folder / "Αθήνα", links=None)
    (pair / "links.tsv").write_text("left\tright\nΑθήνα\tf500\n", encoding="utf-8")
    return pair


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict"])
def test_what_cannot_be_encoded_is_escaped(tmp_path: Path, encoding: str) -> None:
    greek(tmp_path)
    done = psqe("psqe data check Αθήνα", tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 2 and not done.stderr, done.stderr
    # Typer takes ASCII for an oversight, and writes UTF-8.
    assert (rb"\u0391\u03b8" in done.stdout) == (encoding != "ascii")


def test_the_handed_folder_is_checked_and_aligned_whatever_the_encoding(tmp_path: Path) -> None:
    folder = cases.case("33-stdout/Αθήνα", tmp_path)
    folder = folder.rename(tmp_path / "Αθήνα")
    for environment in ({"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}):
        done = psqe("psqe data check Αθήνα && psqe data info Αθήνα", tmp_path, **environment)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
    done = psqe("psqe align Αθήνα --modalities name --json Αθήνα.json", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "Αθήνα.json").read_text(encoding="utf-8"))["link_quality"]


def test_a_name_that_is_no_text_is_escaped_in_files(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": os.fsdecode(b"caf\xe9")})
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"name": "caf\udce9"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("psqe data list | true; exit ${PIPESTATUS[0]}", 0),
        ("psqe --help | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}", 0),
        ("psqe data check Αθήνα | true; exit ${PIPESTATUS[0]}", 2),
        ("psqe data check missing 2>&1 | true; exit ${PIPESTATUS[0]}", 2),
        ("psqe | true; exit ${PIPESTATUS[0]}", 2),
    ],
)
def test_a_reader_that_goes_away_ends_the_command_quietly_with_its_exit_code(
    tmp_path: Path, arguments: str, code: int
) -> None:
    greek(tmp_path)
    done = psqe(arguments, tmp_path)
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    done = psqe("psqe data list > full.txt", tmp_path, before="ulimit -f 0; trap '' XFSZ; ")
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "psqe: standard output cannot be written (File too large); "
        "send it elsewhere; the files that were written are kept\n"
    )


def test_a_standard_output_without_room_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(streams.os, "write", full)
    stream = streams._Descriptor(1, told=True)
    with pytest.raises(PsqeError, match="standard output cannot be written \\(No space left on device\\)"):
        stream.write(b"abc")
    assert stream.write(b"abc") == 3
    assert streams._Descriptor(2, told=False).write(b"abc") == 3


def test_a_closed_standard_output_is_one_line_and_the_work_is_done(tmp_path: Path) -> None:
    done = psqe("psqe data check Αθήνα >&-", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == b"psqe: warning: standard output is closed, so nothing is shown"
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_error_ends_no_work(tmp_path: Path, closed: str) -> None:
    """Libraries that show progress would fail where there is no such stream."""
    cities.written(tmp_path / "pair")
    done = psqe(f"psqe seeds pair --modalities name --n-seeds 4 --out s.tsv {closed}", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "s.tsv").read_text().startswith("left\tright")


def test_what_a_library_prints_goes_into_no_file_of_the_command(tmp_path: Path) -> None:
    """The number of a closed stream would be that of the next file."""
    code = (
        "import os; from psqe.cli.streams import lasting_streams\n"
        "with lasting_streams(), open('o.tsv', 'w') as out: os.write(2, b'printed'); out.write('whole')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, preexec_fn=lambda: os.close(2))
    assert (tmp_path / "o.tsv").read_text() == "whole"


def test_streams_that_a_program_put_in_place_stay(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    assert main(["data", "check", "missing"]) == 2
    assert capsys.readouterr().err.startswith("psqe: missing")
    assert (sys.stdout, sys.stderr) == before
