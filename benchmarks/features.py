"""Measure loading and the features that are counted: seconds and peak memory, a process a case.

``python benchmarks/features.py`` takes every benchmark whose folder is there (``PSQE_DATA``) and a planted
pair of 100,000 entities a side, with names, attributes and values drawn at random. Text encoders are not part
of it: their vectors are cached. The exit code is 1 when a benchmark needs a minute or 2 GB, or the planted
pair 6 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from psqe.cost import measured
from psqe.datasets import load_task
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError
from psqe.features import build_features
from psqe.graph import AlignmentTask, KnowledgeGraph

COUNTS = {"relation": ("bag", "profile"), "attribute": ("bag",), "number": ("bins",), "name": ("bigram",)}
LIMITS = {"benchmark": (60.0, 2.0), "planted": (float("inf"), 6.0)}
"""Seconds and gigabytes."""


def planted(n: int) -> AlignmentTask:
    """A planted pair with ``n`` entities, and what a benchmark has besides triples."""
    task, _ = planted_pair(n, random_state=0)
    return replace(task, left=_told(task.left, 0), right=_told(task.right, 1))


def _told(graph: KnowledgeGraph, state: int) -> KnowledgeGraph:
    rng = np.random.default_rng(state)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz "))
    names = ("".join(row) for row in letters[rng.integers(0, 27, (graph.n_entities, 16))])
    labels = rng.integers(0, 3000, (graph.n_entities, 6))
    values = rng.lognormal(5, 3, labels.shape).round(1)
    attributes = tuple(
        tuple((f"label {a}", str(v)) for a, v in zip(*both, strict=True))
        for both in zip(labels.tolist(), values.tolist(), strict=True)
    )
    return replace(graph, names=tuple(names), attributes=attributes)


def measure(case: str) -> dict[str, Any]:
    """Load a case and make every counted modality that it has; seconds and the peak of the process."""
    made = []
    with measured() as cost:
        task = planted(int(case.removeprefix("planted/"))) if case.startswith("planted/") else load_task(case)
        for modality, encoders in COUNTS.items():
            for encoder in encoders:
                try:
                    features = build_features(task, [modality], encoders={modality: encoder})
                except DataError:
                    continue  # a side has nothing of it
                made.append(f"{modality}={encoder} ({features[modality].dim})")
    return {"seconds": cost.seconds, "gb": cost.peak_mb * 2**20 / 1e9, "made": made}


def main() -> int:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--case", action="append", help="a benchmark, or planted/N; by default all")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return 0
    there = [name for name, one in BENCHMARKS.items() if (default_data_dir() / one.folder).is_dir()]
    over = 0
    for case in given.case or [*there, "planted/100000"]:
        command = [sys.executable, "-W", "ignore", __file__, "--measure", case]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        seconds, gigabytes = LIMITS["planted" if case.startswith("planted/") else "benchmark"]
        over += found["seconds"] >= seconds or found["gb"] >= gigabytes
        print(
            f"{case}: {found['seconds']:.1f} s, {found['gb']:.2f} GB: {', '.join(found['made'])}", flush=True
        )
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
