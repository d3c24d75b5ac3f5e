"""Build the book: from executed notebooks and pages to HTML that needs no other host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from psqe.errors import PsqeError
from psqe.extras import needs_extra
from psqe.files import write_text
from psqe.study.book.lock import locked
from psqe.study.book.reference import write_reference
from psqe.study.project import Project

_IN_TWO_PROCESSES = """
from functools import partial
import jupyter_book.sphinx
from jupyter_book.cli.main import main
jupyter_book.sphinx.build_sphinx = partial(jupyter_book.sphinx.build_sphinx, jobs=2)
main()
"""
"""Jupyter Book, with the number of processes of Sphinx, for which its command has no option."""


def build_book(root: str | Path | None = None) -> Path:
    """Build the book of a checkout, while no study runs there.

    Every warning is an error: a dead reference, a figure that no run wrote, a number that no run
    produced. Sphinx's whole output is kept in ``build/book.log``.

    Parameters
    ----------
    root
        The checkout. By default it is looked for from the working directory upwards.

    Returns
    -------
    Path
        ``build/_build/html/index.html``.

    Raises
    ------
    PsqeError
        If a notebook of the table of contents has not been run, or the build warns or fails; if a study runs
        in the checkout, or its folders cannot be written.
    """
    project = Project.find(root)
    with locked(project, "psqe book"):
        return build_pages(project)


def build_pages(project: Project) -> Path:
    """Build the book of a checkout whose lock this process has; see :func:`build_book`.

    Parameters
    ----------
    project
        The checkout.
    """
    with needs_extra("book"):
        import_module("jupyter_book")
    for notebook in project.notebooks():
        run = project.runs / f"{notebook.stem}.ipynb"
        if not run.is_file():
            raise PsqeError("has not been run yet", path=notebook, remedy="run psqe study first")
    write_reference(project.book)
    output = project.build / "_build"
    # Every build starts from nothing, for Sphinx does not repeat the warnings of pages it has built before.
    shutil.rmtree(output, ignore_errors=True)
    # The jupyter-book of this interpreter's environment, whatever other one is on the path.
    command = [sys.executable, "-c", _IN_TWO_PROCESSES]
    command += ["build", str(project.book)]
    command += ["--config", str(project.root / "_config.yml"), "--path-output", str(project.build)]
    command += ["-W", "-n", "--keep-going"]
    # The log is searched below: its messages must be English and without colours.
    environment = {**os.environ, "NO_COLOR": "1", "LANGUAGE": "en", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command,
        cwd=project.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = project.build / "book.log"
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    write_text(log, text)
    index = output / "html" / "index.html"
    if done.returncode or not index.is_file():
        raise PsqeError(_fault(text), path=project.book, remedy=f"see {log}")
    return index


def _fault(log: str) -> str:
    """Say in one line what is wrong: the first warning, and how many more there are."""
    faults = [line.strip() for line in log.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if not faults:
        last = [line.strip() for line in log.splitlines() if line.strip()][-1:]
        return f"the book cannot be built: {' '.join(last)}"
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"the book cannot be built: {faults[0]}{more}"
