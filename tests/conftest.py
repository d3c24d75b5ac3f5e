"""Fixtures shared by the tests of miners, aligners and their parts."""

import os
from pathlib import Path

# Small matrices are faster on one thread, and threads of processes side by side wait for each other.
# Libraries read these when they are loaded, also those of the processes that tests start.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import pytest
from books import smoke_book

from psqe.datasets.synthetic import planted_pair
from psqe.errors import PsqeError
from psqe.features.base import Features
from psqe.features.canonical_order import content_keys
from psqe.graph import AlignmentTask
from psqe.study.project import Project

Pair = tuple[AlignmentTask, Features]

SLOW_FILES = (
    "test_book.py", "test_sweep.py", "test_workers.py", "test_api.py", "test_streams.py", "test_plugin.py",
    "test_house.py", "test_real_pair.py", "test_study.py", "test_limits.py", "test_gpu.py", "test_memory.py",
)  # fmt: skip
"""The files that take longest, which come first, so that no process ends long after the others."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take a contribution in a file of its own, on which alone its contract is tested."""
    group = parser.getgroup("contributions to psqe")
    for kind in ("miner", "aligner", "chapter"):
        group.addoption(f"--{kind}", metavar="FILE", help=f"test the contract of the {kind} in FILE only")


CONTRIBUTED: dict[str, str] = {}
"""The names of the classes that were given, by the file with the tests of their contract."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the classes in the files that were given, before the tests ask which classes there are."""
    chapter = config.getoption("--chapter")
    if chapter is not None and not (chapter.endswith(".md") and Path(chapter).is_file()):
        raise pytest.UsageError(
            f"{chapter}: is no file with a chapter; give the notebook (.md) of the chapter"
        )
    given = {kind: path for kind in ("miner", "aligner") if (path := config.getoption(f"--{kind}"))}
    if not given:
        return
    import contributed

    try:
        classes = {kind: contributed.read(kind, path) for kind, path in given.items()}
        config.add_cleanup(contributed.install(classes).cleanup)
    except PsqeError as error:
        raise pytest.UsageError(str(error)) from error
    CONTRIBUTED.update({f"test_{kind}s.py": found.name for kind, found in classes.items()})


def _is_of_a_contribution(item: pytest.Item) -> bool:
    if item.config.getoption("--chapter") and "chapter" in getattr(item, "fixturenames", ()):
        return True
    name = CONTRIBUTED.get(item.path.name)
    return name is not None and hasattr(item, "callspec") and item.callspec.params.get("name") == name


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of contributions alone, if there are any; put the tests of slow files first."""
    if CONTRIBUTED or config.getoption("--chapter"):
        config.hook.pytest_deselected(items=[item for item in items if not _is_of_a_contribution(item)])
        items[:] = filter(_is_of_a_contribution, items)
    ranks = {name: rank for rank, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.fixture(scope="session")
def planted() -> Pair:
    """A planted pair with regions of unequal size, missing modalities and dangling entities.

    No two entities of a side are alike, so that equality after relabelling can be asked for exactly.
    """
    task, features = planted_pair(80, [3, 2, 1], 12, noise=0.5, missing=0.1, random_state=1)
    for graph, side in ((task.left, "left"), (task.right, "right")):
        _, keys = content_keys(graph, features, side)
        assert len(np.unique(keys)) == len(keys)
    return task, features


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The book in the smoke profile."""
    return smoke_book(tmp_path_factory)
