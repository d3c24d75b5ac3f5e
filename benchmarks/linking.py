"""Measure the way from similarities to links: seconds and memory, of the weighing and of every rule.

``python benchmarks/linking.py`` takes dbp15k/fr_en with its names if it is there (``PSQE_DATA``), else a
planted pair of 20,000 entities a side, and the cosine of the features: no seeds, no training. Memory is the
growth of the process's peak from before the weighing, so that the data do not count. The exit code is 1 when
it reaches half of a matrix of all pairs in single precision.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import get_args

from psqe.cost import peak_memory_mb
from psqe.datasets import load_task
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.features import build_features
from psqe.links.predict import weigh_pairs
from psqe.links.rules import LinkRule, Rule
from psqe.similarity import Matching

LIMIT = 0.5


def main() -> int:
    """Print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--case", help="a task, or planted/N")
    given = parser.parse_args()
    there = (default_data_dir() / BENCHMARKS["dbp15k/fr_en"].folder).is_dir()
    case = given.case or ("dbp15k/fr_en" if there else "planted/20000")
    if case.startswith("planted/"):
        task, features = planted_pair(int(case.removeprefix("planted/")), random_state=0)
    else:
        task = load_task(case)
        features = build_features(task, ["name"])
    scorer = feature_scorer(task, features)
    sizes = len(task.left.candidates), len(task.right.candidates)
    all_pairs = sizes[0] * sizes[1] * 4 / 2**20
    before = peak_memory_mb()

    def told(step: str, started: float) -> None:
        seconds, more = time.perf_counter() - started, peak_memory_mb() - before
        print(f"{step:24} {seconds:7.1f} s  {more:7.0f} MiB", flush=True)

    print(f"{case}: {sizes[0]:,} x {sizes[1]:,} candidates, all pairs {all_pairs:,.0f} MiB")
    started = time.perf_counter()
    weighed = weigh_pairs(task, features, scorer)
    told("weigh", started)
    for matching in get_args(Matching):
        for rule in get_args(Rule):
            started = time.perf_counter()
            links = weighed.choose(LinkRule(matching, rule))
            told(f"{matching}, {rule}", started)
            assert len(links)
    return int(peak_memory_mb() - before >= LIMIT * all_pairs)


if __name__ == "__main__":
    sys.exit(main())
