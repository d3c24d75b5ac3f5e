"""Make the runs of a plan one by one, in several processes, and through Slurm, and compare what they measure.

``python benchmarks/sweeps.py`` puts the runs of the plan ``predictions`` for one random state into three new
stores: by ``psqe results fill``, by ``psqe results sweep``, and by a sweep through a Slurm cluster of one
node, this machine (``examples/cluster/slurm_node.py``; ``--no-slurm`` leaves it out). It prints the seconds
of each, and ends with an error if any number differs in the last digit. ``--store`` puts the seconds and the
number of numbers that were compared into the results store. ``-- PLAN --state 1`` makes other runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psqe.cost import peak_memory_mb
from psqe.options import TaskOptions
from psqe.study.columns import KEYS
from psqe.study.commands.results import compared
from psqe.study.costs import HERE, ON_SLURM, ONE_BY_ONE
from psqe.study.spec import RunSpec
from psqe.study.store import RunResult, Store
from psqe.study.workflow.sweep import n_cores

ROOT = Path(__file__).parents[1]
PSQE = [sys.executable, "-m", "psqe.cli.main", "results"]
SLURM = [sys.executable, str(ROOT / "examples" / "cluster" / "slurm_node.py"), "--"]
PROFILE = ["--profile", str(ROOT / "examples" / "cluster" / "slurm-profile")]


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="*", default=["predictions", "--state", "0"], help="after --: the runs")
    parser.add_argument("--no-slurm", action="store_true", help="leave Slurm out")
    parser.add_argument("--store", action="store_true", help="put the measurements into the results store")
    given = parser.parse_args()
    ways = {
        ONE_BY_ONE: [*PSQE, "fill", *given.what],
        HERE: [*PSQE, "sweep", *given.what, "--folder", "here"],
        ON_SLURM: [*SLURM, *PSQE, "sweep", *given.what, "--folder", "slurm", *PROFILE],
    }
    if given.no_slurm:
        del ways[ON_SLURM]
    with TemporaryDirectory() as name:
        rows = [measured(way, command, Path(name)) for way, command in ways.items()]
    if given.store:
        spec = RunSpec(subject="cost", task=TaskOptions(name=f"sweep/{given.what[0]}"))
        seconds = sum(row["stage_seconds"] for row in rows)
        Store().put([RunResult(spec, rows, seconds, peak_memory_mb())])
    return 0


def measured(way: str, command: list[str], folder: Path) -> dict[str, Any]:
    """Run a command that fills a store; return the row for the results store."""
    store = folder / f"store-{len(list(folder.glob('store-*')))}"
    begun = time.perf_counter()
    subprocess.run([*command, "--store", str(store)], cwd=folder, env=environment(), check=True)
    seconds = time.perf_counter() - begun
    n_runs, n_numbers = len(Store(store).specs()), same_numbers(folder / "store-0", store)
    print(
        f"{way}: {n_runs} runs in {seconds:.0f} s, {n_numbers:,} numbers the same as {ONE_BY_ONE}", flush=True
    )
    return {
        "variant": way, "stage": "sweep", "stage_seconds": seconds, "n_runs": n_runs, "n_compared": n_numbers,
        "threads": 1 if way == ONE_BY_ONE else n_cores(),
    }  # fmt: skip


def same_numbers(first: Path, second: Path) -> int:
    """Count the numbers of two stores, which must have the same ones."""
    total = 0
    for subject in KEYS:
        table, *alone = compared(Store(first).table(subject), Store(second).table(subject), subject)
        total += len(table)
        differing = int((table["difference"] != 0).sum())
        if differing or any(alone):
            raise SystemExit(f"{subject}: {differing} numbers differ, and {sum(alone)} are in one store only")
    return total


def environment() -> dict[str, str]:
    """The environment of the commands: psqe is that of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    raise SystemExit(main())
