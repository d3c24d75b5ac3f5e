"""A copy of the sources of the book, and the book that several files of tests read, built once."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from psqe.study.project import Project

ROOT = Path(__file__).parents[1]


def copy_of_the_sources(target: Path) -> Project:
    """Copy all that the book is built from."""
    for name in ("examples", "notebooks", "results"):
        shutil.copytree(ROOT / name, target / name)
    shutil.copytree(ROOT / "book", target / "book", ignore=shutil.ignore_patterns("runs", "api"))
    for name in ("_config.yml", "README.md"):  # the README is one of the pages
        shutil.copy(ROOT / name, target)
    return Project.find(target)


def html(project: Project) -> Path:
    """The folder of the built site."""
    return project.build / "_build" / "html"


def smoke_book(temporary: pytest.TempPathFactory) -> Project:
    """All notebooks run and the book built, every warning an error, by the process that first asks for it."""
    from psqe.study.book.pipeline import run_study

    shared = temporary.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, whole = shared / "book", shared / "book.whole"
    with FileLock(shared / "book.lock"):
        if not whole.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            project = copy_of_the_sources(folder)
            assert run_study("smoke", root=project.root) == html(project) / "index.html"
            whole.touch()
    return Project.find(folder)
