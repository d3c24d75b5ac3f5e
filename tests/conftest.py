"""Fixtures shared by the tests of miners, aligners and their parts."""

import os

# Small matrices are faster on one thread, and threads of processes side by side wait for each other.
# Libraries read these when they are loaded, also those of the processes that tests start.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import pytest

from psqe.datasets.synthetic import planted_pair
from psqe.features.base import Features
from psqe.features.canonical_order import content_keys
from psqe.graph import AlignmentTask

Pair = tuple[AlignmentTask, Features]

collect_ignore = ["plugin"]
"""A distribution of its own, which test_plugin.py installs."""


SLOW_FILES = (
    "test_book.py", "test_sweep.py", "test_workers.py", "test_api.py", "test_streams.py", "test_plugin.py",
    "test_house.py", "test_real_pair.py", "test_study.py", "test_limits.py", "test_gpu.py", "test_memory.py",
)  # fmt: skip
"""The files that take longest, which come first, so that no process ends long after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of slow files first, and leave the order of all others."""
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
