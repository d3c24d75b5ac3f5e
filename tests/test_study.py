"""The study: what is kept and what runs again, and what is left when it is stopped at any point."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from studies import WITHOUT_PAGES, Command, small_project, until, write_notebook

from psqe.cli.program import _one_line
from psqe.errors import PsqeError, PsqeWarning
from psqe.study.book import pipeline
from psqe.study.book.build import outdated
from psqe.study.book.exchange import put_in_place, restore
from psqe.study.book.jobs import run_alone
from psqe.study.book.lock import locked
from psqe.study.book.pipeline import run_study
from psqe.study.book.records import read_record, whole_record
from psqe.study.project import Project

ROOT = Path(__file__).parents[1]
MADE = "from pathlib import Path\nPath('made.txt').write_text(str(n * n))"
READS = "from pathlib import Path\nprint(Path('made.txt').read_text())"
WAITS = """import time
from pathlib import Path
Path({flag!r}).touch()
time.sleep(60 * (not Path({go!r}).exists()))"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two notebooks by themselves and one that reads what the first has written; no site is built."""

    def no_pages(project: Project, *, fresh: bool, say: Callable[[str], None]) -> Path:
        say("book")
        return project.build / "index.html"

    monkeypatch.setattr(pipeline, "build_pages", no_pages)
    found = small_project(tmp_path / "checkout", "a", "b", "c")
    notebooks = found.root / "notebooks"
    write_notebook(notebooks, "a", MADE)
    write_notebook(notebooks, "b", "print('b')", parameters="")
    write_notebook(notebooks, "c", READS, psqe="{after: [a]}")
    return found


def study(project: Project, capsys: pytest.CaptureFixture[str], **options: object) -> list[str]:
    """Run the study; return what it says, without its name."""
    run_study("smoke", root=project.root, **options)  # type: ignore[arg-type]
    return [line.removeprefix("psqe study: ") for line in capsys.readouterr().err.splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def touch(path: Path) -> None:
    path.write_text(path.read_text() + "\nOne more sentence.\n")


def test_only_what_has_changed_runs_again_and_what_waits_for_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    said = study(project, capsys)
    assert said[0] == "0 of 3 notebooks are as they were, 3 are run now"
    assert sorted(said[1:-1]) == ["a", "b", "c"] and said[-1] == "book"
    names = ["a.ipynb", "a.run.json", "b.ipynb", "b.run.json", "c.ipynb", "c.run.json", "made.txt"]
    first = contents(project.runs)
    assert sorted(first) == names and not (project.build / "runs" / "smoke").exists()
    assert '"25\\n"' in first["c.ipynb"].decode()

    assert study(project, capsys) == ["3 of 3 notebooks are as they were", "book"]
    assert contents(project.runs) == first

    assert outdated(project) == []
    touch(project.root / "notebooks" / "b.md")
    assert outdated(project) == ["b"]
    assert study(project, capsys) == ["2 of 3 notebooks are as they were, 1 is run now", "b", "book"]
    touch(project.root / "notebooks" / "a.md")
    assert study(project, capsys) == ["1 of 3 notebooks are as they were, 2 are run now", "a", "c", "book"]
    assert sorted(contents(project.runs)) == names

    assert study(project, capsys, fresh=True)[0] == "0 of 3 notebooks are as they were, 3 are run now"


def test_a_file_that_a_notebook_wrote_belongs_to_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    study(project, capsys)
    (project.runs / "made.txt").write_text("another")
    assert study(project, capsys) == ["1 of 3 notebooks are as they were, 2 are run now", "a", "c", "book"]
    assert (project.runs / "made.txt").read_text() == "25"
    (project.runs / "of-nobody.txt").touch()
    assert study(project, capsys) == ["3 of 3 notebooks are as they were", "book"]
    assert not (project.runs / "of-nobody.txt").exists()


def test_what_notebooks_read_and_their_profile_decide_too(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    toc = project.book / "_toc.yml"
    toc.write_text(toc.read_text().replace("  - file: runs/a\n", "").replace("  - file: runs/c\n", ""))
    for name in "ac":
        (project.root / "notebooks" / f"{name}.md").unlink()
    study(project, capsys)
    store = project.root / "results" / "store"
    store.mkdir(parents=True)
    (store / "table.csv").write_text("a\n")
    assert study(project, capsys)[0].startswith("0 of 1 notebook")
    (store / ".lock").touch()
    assert study(project, capsys)[0].startswith("1 of 1 notebook")
    run_study("full", root=project.root)
    assert "0 of 1 notebook" in capsys.readouterr().err


def test_a_notebook_that_changes_what_notebooks_read_runs_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write = "from pathlib import Path\n" + (
        f"store = Path({str(project.results / 'store')!r})\n"
        "store.mkdir(parents=True, exist_ok=True)\n(store / 'table.csv').write_text('a')"
    )
    write_notebook(project.root / "notebooks", "b", write)
    for number, path in enumerate((project.root / "notebooks").glob("[ac].md")):
        path.unlink()
        write_notebook(path.parent, path.stem, f"print({number})")
    said = study(project, capsys, jobs=1)
    assert said[-2].startswith("what notebooks read changed while b") and "runs" in said[-2]
    assert "b" in study(project, capsys)[1:-1]
    assert study(project, capsys)[0] == "3 of 3 notebooks are as they were"


def test_after_a_failure_only_the_rest_runs_and_the_older_study_stays(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    study(project, capsys)
    first = contents(project.runs)
    good = (project.root / "notebooks" / "c.md").read_text()
    touch(project.root / "notebooks" / "b.md")
    write_notebook(project.root / "notebooks", "c", "print(1 / 0)", psqe="{after: [b]}")
    with pytest.raises(PsqeError, match=r"c\.md: cell 2 .*ZeroDivisionError.*see .*c\.failed\.ipynb"):
        run_study("smoke", root=project.root)
    folder = project.build / "runs" / "smoke"
    assert (folder / "c.failed.ipynb").is_file() and contents(project.runs) == first
    capsys.readouterr()
    (project.root / "notebooks" / "c.md").write_text(good)
    assert study(project, capsys) == ["3 of 3 notebooks are as they were", "book"]
    assert not folder.exists() and not (project.runs / "c.failed.ipynb").exists()


@pytest.mark.parametrize("half", ["before", "between", "after"])
def test_a_kill_while_one_study_takes_the_place_of_another_loses_nothing(
    project: Project, capsys: pytest.CaptureFixture[str], half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(project, capsys)
    first = contents(project.runs)
    touch(project.root / "notebooks" / "b.md")
    renamed = Path.rename
    steps = {"before": 0, "between": 1, "after": 2}[half]

    def killed(path: Path, target: Path) -> Path:
        nonlocal steps
        if steps == 0:
            raise KeyboardInterrupt
        steps -= 1
        return renamed(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        patch.setattr("shutil.rmtree", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            put = project.build / "runs" / "smoke"
            put.mkdir(parents=True)
            for name, content in first.items():
                (put / name).write_bytes(content)
            put_in_place(project, put)
    restore(project)
    assert contents(project.runs) == first
    assert not list(project.book.glob(".runs.*"))


@pytest.fixture
def long_one(project: Project, tmp_path: Path) -> tuple[Path, Path]:
    """A notebook that waits, and says that it has begun by a file; with another file it ends at once."""
    flag, go = tmp_path / "begun", tmp_path / "go"
    write_notebook(
        project.root / "notebooks", "b", "print('half')", WAITS.format(flag=str(flag), go=str(go)),
        psqe="{after: [a]}",
    )  # fmt: skip
    return flag, go


def test_nothing_lives_on_after_the_study_is_killed_and_the_next_one_goes_on(
    project: Project, long_one: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    flag, go = long_one
    command = Command(project.root, "study", "--profile", "smoke")
    until(lambda: flag.exists() and "c" in command.told() and whole_record(project.build / "runs/smoke", "c"))
    assert any(os.getsid(number) == number for number in command.others())  # a kernel leads a session
    command.kill()
    until(lambda: not command.others(), timeout=2)
    go.touch()
    assert study(project, capsys) == ["2 of 3 notebooks are as they were, 1 is run now", "b", "book"]
    assert not [path for path in contents(project.runs) if "failed" in path or path.startswith(".")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_study_that_is_stopped_says_one_line_and_goes_on_later(
    project: Project, long_one: tuple[Path, Path], capsys: pytest.CaptureFixture[str], number: int
) -> None:
    flag, go = long_one
    command = Command(project.root, "study", "--profile", "smoke")
    until(lambda: flag.exists() and whole_record(project.build / "runs/smoke", "c"))
    before = command.told().splitlines()
    started = time.monotonic()
    if number == signal.SIGINT:
        code = command.interrupt()
    else:
        command.process.terminate()
        code = command.wait(30)
    assert time.monotonic() - started < 5
    assert code == 128 + number
    stopped = "interrupted" if number == signal.SIGINT else "stopped by SIGTERM"
    assert command.told().splitlines() == [*before, f"psqe: {stopped}; what was finished is kept"]
    until(lambda: not command.others(), timeout=2)
    half = json.loads((project.build / "runs/smoke/b.failed.ipynb").read_text())
    assert "".join(half["cells"][2]["outputs"][0]["text"]) == "half\n"
    go.touch()
    assert study(project, capsys) == ["2 of 3 notebooks are as they were, 1 is run now", "b", "book"]


def test_the_second_of_two_studies_ends_at_once_and_names_the_first(
    project: Project, long_one: tuple[Path, Path]
) -> None:
    flag, _ = long_one
    first = Command(project.root, "study", "--profile", "smoke")
    until(lambda: flag.exists() and whole_record(project.build / "runs/smoke", "c"))
    until(
        lambda: (
            not [
                *(project.build / "runs/smoke").glob(".c.*"),
                *(project.build / "runs/smoke").glob("c.failed*"),
            ]
        )
    )
    before = contents(project.build / "runs" / "smoke")
    for words in (["study"], ["book"]):
        second = Command(project.root, *words)
        assert second.wait() == 2
        assert second.told().endswith("; wait for it, or stop it\n")
        assert f"psqe study (process {first.process.pid}) is at work in this checkout" in second.told()
        assert len(second.told().splitlines()) == 1
    assert contents(project.build / "runs" / "smoke") == before
    first.kill()
    with locked(project, "psqe study"):  # the lock of a killed process does not count
        pass


def test_a_lock_that_is_left_behind_stops_nobody(project: Project) -> None:
    for _ in range(2):
        with locked(project, "psqe study"):
            assert (project.build / "psqe.lock").read_text().startswith("psqe study (process ")


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    project: Project, tmp_path: Path
) -> None:
    project.build.symlink_to("/sys/kernel")  # where not even root may write
    command = Command(project.root, "study", "--profile", "smoke")
    assert command.wait() == 2
    (line,) = command.told().splitlines()
    assert line.startswith(f"psqe: {project.build}: cannot be written (") and "make it writable" in line


def test_a_file_in_the_place_of_a_folder_is_told_before_anything_runs(project: Project) -> None:
    project.build.mkdir(exist_ok=True)
    (project.build / "runs").write_text("")
    with pytest.raises(PsqeError, match=r"build/runs: cannot be written \(File exists\)"):
        run_study("smoke", root=project.root)


def limited(project: Project, size: int) -> tuple[int, list[str]]:
    """Run the study where no file can be larger than a number of bytes; return its exit code and lines."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PAGES, "study", "--profile", "smoke"],
        cwd=project.root, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY)),
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines()


def test_a_disk_that_is_full_from_the_start_is_one_line(project: Project) -> None:
    code, lines = limited(project, 0)
    assert code == 2 and len(lines) == 1
    assert lines[0].startswith(f"psqe: {project.build}: cannot be written (File too large); free some space")


def test_a_disk_that_becomes_full_is_one_line_and_what_was_finished_is_kept(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notebook(project.root / "notebooks", "b", "print('x' * 30_000)", psqe="{after: [a, c]}")
    code, lines = limited(project, 20_000)
    assert code == 2
    assert [line.removeprefix("psqe study: ") for line in lines[1:-1]] == ["a", "c", "b"]
    assert "build/runs/smoke: cannot be written (File too large); free some space" in lines[-1]
    assert study(project, capsys) == ["2 of 3 notebooks are as they were, 1 is run now", "b", "book"]


def test_a_process_that_dies_fails_its_own_notebook_and_no_other(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notebook(
        project.root / "notebooks", "b", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"
    )
    with pytest.raises(PsqeError, match=r"the process of b died \(SIGKILL\)"):
        run_study("smoke", root=project.root)
    assert whole_record(project.build / "runs" / "smoke", "a")


def test_two_notebooks_cannot_write_the_same_file(project: Project) -> None:
    write_notebook(project.root / "notebooks", "b", MADE, psqe="{after: [c]}")
    with pytest.raises(PsqeError, match=r"made\.txt: b and a both write it"):
        run_study("smoke", root=project.root)


def test_a_record_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    record = {
        "notebook": "a", "profile": "smoke", "parameters": {}, "key": "", "files": {"../b": "x"},
        "seconds": 1.0, "peak_mb": 1, "machine": "", "revision": "", "versions": {},
    }  # fmt: skip
    (tmp_path / "a.run.json").write_text(json.dumps(record))
    with pytest.raises(PsqeError, match=r"a file is outside the folder.*; run psqe study again"):
        read_record(tmp_path / "a.run.json")


def warned() -> str:
    """A job that tells how its warnings are written."""
    return warnings.formatwarning("few seeds", PsqeWarning, "seeds.py", 1)


def test_a_job_warns_in_the_words_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "formatwarning", _one_line)
    assert run_alone("a job", warned) == "psqe: warning: few seeds\n"


def test_a_file_in_the_place_of_the_runs_gives_way(project: Project) -> None:
    project.runs.write_text("not a folder")
    for text in ("first", "second"):
        made = project.build / "runs" / "smoke"
        made.mkdir(parents=True)
        (made / "a.ipynb").write_text(text)
        put_in_place(project, made)
        restore(project)
        assert contents(project.runs) == {"a.ipynb": text.encode()}
    assert not list(project.book.glob(".runs.*"))
