"""Measure the time that recording masses adds to a training of MCLEA on a pair of emoji graphs.

``python benchmarks/recorder.py`` trains with and without the recorder in turn, on one thread, and prints two
ratios with their 95 % intervals: CPU time with the recorder divided by CPU time without it, and the share of
a recorded training that is spent inside the recorder. CPU time is measured because it does not contain other
work on the machine. Both ratios are of the whole of ``fit``; the first also contains work outside the
recorder, and the noise of two trainings. The exit code is 1 if either says that recording adds 20 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import torch

from psqe.aligners import MCLEA
from psqe.datasets import load_task
from psqe.evaluation import format_interval, mean_interval
from psqe.evaluation.regions import all_regions
from psqe.features import build_features
from psqe.seeds import PSQEMiner
from psqe.theory.recorder import Recorder

LIMIT = 0.2


class Timed(Recorder):
    """A recorder that adds up the CPU seconds that are spent inside it."""

    seconds = 0.0

    def contrast(self, *args: Any, **options: Any) -> None:
        """Record a batch and add up the time."""
        start = time.process_time()
        super().contrast(*args, **options)
        self.seconds += time.process_time() - start


def main() -> int:
    """Train in turn with and without the recorder, print the ratios, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", default="emoji/en-fr")
    parser.add_argument("--n-seeds", type=int, default=600)
    parser.add_argument("--every", type=int, default=10, help="number of steps from one record to the next")
    parser.add_argument(
        "--n-epochs", type=int, default=40, help="few, so that neighbouring trainings meet the same load"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=10,
        help="number of trainings of each kind, after one of each to warm up",
    )
    given = parser.parse_args()

    torch.set_num_threads(1)
    task = load_task(given.task, dangling=0.125, random_state=0)
    features = build_features(task, ("image", "attribute"))
    seeds = PSQEMiner(n_seeds=given.n_seeds).mine(task, features)
    regions = all_regions(task, features)

    def seconds(callback: Timed | None) -> float:
        start = time.process_time()
        MCLEA.preset("small", n_epochs=given.n_epochs).fit(task, features, seeds, callback=callback)
        return time.process_time() - start

    ratios, shares = [], []
    for turn in range(given.repeats + 1):
        callback = Timed(task, regions, every=given.every)
        order = (None, callback) if turn % 2 else (callback, None)  # so that a drift favours neither
        spent = {one is callback: seconds(one) for one in order}
        if turn:  # the first pair warms up
            ratios.append(spent[True] / spent[False])
            shares.append(callback.seconds / spent[True])
            print(
                f"{spent[False]:.2f} s without, {spent[True]:.2f} s with, {callback.seconds:.3f} s inside it"
            )
    ratio, share = mean_interval(ratios), mean_interval(shares)
    print(f"ratio of the two: {format_interval(*ratio, brackets=True)}")
    print(f"share inside the recorder: {format_interval(*share, '.2%', brackets=True)}")
    return int(ratio[0] - 1 >= LIMIT or share[0] / (1 - share[0]) >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
