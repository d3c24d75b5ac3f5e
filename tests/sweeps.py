"""Small sweeps for tests: a file of specs, the command as a process, and what stores have measured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from psqe.options import FeatureOptions, MinerOptions, TaskOptions
from psqe.study.columns import KEYS
from psqe.study.spec import RunSpec
from psqe.study.store import Store
from psqe.study.workflow.jobs import Job

ROOT = Path(__file__).parents[1]
COUNTRIES = TaskOptions(name="examples/countries")
NAMES = FeatureOptions(modalities=("name",), encoders={"name": "bigram"})


def countries_specs(states: Sequence[int] = (0, 1)) -> list[RunSpec]:
    """Facts about two small catalogues, two kinds of seeds, and links: four short runs a random state."""
    kinds = [MinerOptions(name=name, n_seeds=12) for name in ("mutual", "random")]
    return [
        RunSpec(**{"subject": subject, "task": COUNTRIES, "random_state": state, **given}).pinned()
        for state in states
        for subject, given in (
            ("facts", {}),
            *(("seeds", {"features": NAMES, "miner": miner}) for miner in kinds),
            ("links", {"features": NAMES}),
        )
    ]


def saved(specs: Sequence[RunSpec], path: Path) -> Path:
    """A file of specs."""
    Job(tuple(specs)).save(path)
    return path


def sweep_command(specs: Path, store: Path, folder: Path, *arguments: str) -> list[str]:
    """The command that sweeps a file of specs."""
    given = ["--store", str(store), "--folder", str(folder), "--jobs", "2", "--runs-per-job", "2"]
    return [sys.executable, "-m", "psqe.cli.main", "results", "sweep", str(specs), *given, *arguments]


def sweep(specs: Path, store: Path, folder: Path, *arguments: str, code: int = 0) -> str:
    """Sweep a file of specs to the end; what the command printed."""
    command = sweep_command(specs, store, folder, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment())
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def environment() -> dict[str, str]:
    """The environment of the command: psqe is that of this checkout, wherever the command is started."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def measures(folder: Path) -> dict[str, pd.DataFrame]:
    """All that a store has measured, by subject, without seconds, memory and provenance."""
    store = Store(folder)
    varying = ["seconds", "peak_mb", "revision", "date", "versions", "machine", "stage_seconds"]
    tables = {subject: store.table(subject) for subject in KEYS}
    return {
        subject: table.drop(columns=["spec", *varying], errors="ignore")
        for subject, table in tables.items()
        if len(table)
    }
