"""Small checkouts with a few notebooks, and the command ``psqe study`` in processes that can be watched."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from psqe.study.project import Project

HEAD = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
psqe: {psqe}
---

# The page {name}
"""
WITHOUT_PAGES = """
import sys
import psqe.study.book.pipeline as pipeline
pipeline.build_pages = lambda project, **_: project.build / "index.html"  # Sphinx has tests of its own
from psqe.cli.main import main
sys.exit(main())
"""
"""The command line, but a study that ends before the site is built."""

MARK = "PSQE_TEST_MARK"


def write_notebook(
    folder: Path, name: str, *cells: str, parameters: str = "n: int = 5  # how many; 1..9", psqe: str = "{}"
) -> Path:
    """Write a notebook with a cell of parameters and others."""
    blocks = [f":tags: [parameters]\n\n{parameters}", *cells] if parameters else cells
    code = "".join(f"\n```{{code-cell}} ipython3\n{block}\n```\n" for block in blocks)
    path = folder / f"{name}.md"
    path.write_text(HEAD.format(name=name, psqe=psqe) + code, encoding="utf-8")
    return path


def small_project(root: Path, *names: str) -> Project:
    """Make a checkout whose table of contents has some notebooks; they are to be written."""
    for folder in ("book", "notebooks"):
        (root / folder).mkdir(parents=True)
    (root / "_config.yml").write_text("title: x\n")
    chapters = "".join(f"  - file: runs/{name}\n" for name in names)
    (root / "book" / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}")
    (root / "book" / "index.md").write_text("# Title\n")
    return Project.find(root)


class Command:
    """A process of the command line, in a session of its own, and all processes that come of it."""

    def __init__(self, root: Path, *arguments: str, before: Callable[[], None] | None = None) -> None:
        self.mark = uuid.uuid4().hex
        self.log = root / f"{self.mark}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WITHOUT_PAGES, *arguments],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                preexec_fn=before,
                env={**os.environ, MARK: self.mark, "PYTHONPATH": str(Path(__file__).parents[1])},
            )

    def told(self) -> str:
        """What the command has written to standard error."""
        return self.log.read_text(encoding="utf-8")

    def wait(self, timeout: float = 120) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(timeout)

    def interrupt(self) -> int:
        """Send Ctrl-C as a terminal does, to every process of the session; return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait(30)

    def kill(self) -> None:
        """Kill the command itself, and nothing else, so that nothing can be tidied up."""
        self.process.kill()
        self.process.wait(30)

    def others(self) -> dict[int, str]:
        """The commands of the processes that the command has started and that are there now, by number."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (folder / "environ").read_bytes()
                state = re.search(r"State:\s+(\w)", (folder / "status").read_text())
                name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it has ended meanwhile
                continue
            if marked and int(folder.name) != self.process.pid and state and state[1] != "Z":
                found[int(folder.name)] = name
        return found


def until(condition: Callable[[], object], timeout: float = 90) -> None:
    """Wait until something holds.

    Raises
    ------
    TimeoutError
        If it does not in time.
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
