"""The tables of the book's status page: how long each notebook ran, where and with which versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from psqe.errors import PsqeError
from psqe.graph import counted
from psqe.provenance import machine, revision, versions

__all__ = ["read_runs", "run_table", "summary", "versions"]


def read_runs(folder: str | Path = ".") -> list[dict[str, Any]]:
    """Read the records (``*.run.json``) that the runner left in a folder.

    Parameters
    ----------
    folder
        The folder of the executed notebooks; the working directory by default.

    Returns
    -------
    One record for each notebook, in the order of their names.

    Raises
    ------
    PsqeError
        If a record cannot be read.
    """
    records = []
    for path in sorted(Path(folder).glob("*.run.json")):
        try:
            records.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise PsqeError(
                f"is no record of a run ({error})", path=path, remedy="run psqe study again"
            ) from error
    return records


def run_table(runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table with a row for each notebook: profile, parameters as text, seconds, peak memory in MB."""
    columns = ["notebook", "profile", "parameters", "seconds", "peak_mb"]
    rows = [
        {
            **{name: run[name] for name in columns},
            "parameters": ", ".join(f"{name} = {value}" for name, value in run["parameters"].items()),
        }
        for run in runs
    ]
    types = {"seconds": "float64", "peak_mb": "int64"}
    return pd.DataFrame(rows, columns=columns).astype(types)


def summary(runs: list[dict[str, Any]]) -> str:
    """Name the machines, revisions and profiles of the runs in one sentence of Markdown."""
    machines = sorted({run["machine"] for run in runs} | {machine()})
    revisions = sorted({run["revision"] for run in runs} | {revision()})
    profiles = sorted({run["profile"] for run in runs})
    return (
        counted(len(runs), "notebook")
        + (f", profile {' and '.join(profiles)}" if profiles else "")
        + f", revision {' and '.join(f'`{r}`' for r in revisions)}, on {' and '.join(machines)}."
    )
