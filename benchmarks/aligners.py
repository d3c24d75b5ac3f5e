"""Measure trained aligners: seconds per epoch and peak memory, in one process per case.

``python benchmarks/aligners.py`` takes dbp15k/fr_en with its names if the data are there (``PSQE_DATA``), and
otherwise a planted pair of 20,000 entities per side. It trains every trained aligner with both presets on
1,000 gold links as seeds, because mining is not measured here. Seconds per epoch come from the difference of
two trainings, so that loading and set-up cancel out. The exit code is 1 if a process needs 4 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.cost import measured
from psqe.datasets import load_task
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.synthetic import planted_pair
from psqe.features import build_features
from psqe.seeds import true_links

N_SEEDS, LIMIT_GB = 1000, 4.0


def measure(case: str, aligner: str, preset: str, epochs: tuple[int, int]) -> dict[str, Any]:
    """Train for two numbers of epochs; return the seconds of one epoch and the peak memory of the process."""
    with measured() as cost:
        if case.startswith("planted/"):
            task, features = planted_pair(int(case.removeprefix("planted/")), random_state=0)
        else:
            task = load_task(case)
            features = build_features(task, ["name"])
        seeds = true_links(task, N_SEEDS)
        few, many = (
            ALIGNERS[aligner].preset(preset, n_epochs=n).fit(task, features, seeds).seconds_ for n in epochs
        )
    return {
        "set_up": few, "per_epoch": (many - few) / (epochs[1] - epochs[0]), "gb": cost.peak_mb * 2**20 / 1e9,
    }  # fmt: skip


def main() -> int:
    """Print one line per case and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--case", help="a task, or planted/N")
    parser.add_argument("--epochs", type=int, nargs=2, default=(1, 6), help="of the two trainings")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(*given.measure, tuple(given.epochs))))
        return 0
    there = (default_data_dir() / BENCHMARKS["dbp15k/fr_en"].folder).is_dir()
    case = given.case or ("dbp15k/fr_en" if there else "planted/20000")
    trained = [name for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)]
    over = 0
    for aligner in trained:
        for preset in ("small", "published"):
            epochs = [str(n) for n in given.epochs]
            command = [
                sys.executable, "-W", "ignore", __file__,
                "--measure", case, aligner, preset, "--epochs", *epochs,
            ]  # fmt: skip
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout)
            over += found["gb"] > LIMIT_GB
            print(
                f"{case}  {aligner:10} {preset:10} {found['per_epoch']:7.2f} s per epoch  "
                f"{found['set_up']:6.1f} s with one  {found['gb']:.2f} GB",
                flush=True,
            )
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
