"""The tables of the book's status page: how long each notebook ran, where and with which versions."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from psqe.graph import counted
from psqe.provenance import machine, revision, versions
from psqe.study.book.jobs import JOBS
from psqe.study.book.records import Record, read_records
from psqe.study.tables.costs import gigabytes

__all__ = ["left_out_table", "limit_table", "read_records", "run_table", "summary", "versions"]

LIMITS = {"hours": 8.0, "memory": 7.5, "storage": 10.0}
"""What NeuroLibre, which publishes books of notebooks, allows a book that is computed without a cache: hours
with two processors, GB of memory, and GB of storage. It also allows 5 GB of data. The source is the page of
frequent questions in its documentation, ``source/FAQ.rst`` in ``neurolibre/docs.neurolibre.org``."""


NO_RECORDS = (
    "**There are no records in this folder**, so that the tables below are empty. Run `psqe study`, which "
    "puts this page beside the records of the other notebooks."
)
"""What the page says where no notebook was run."""


def run_table(runs: Sequence[Record]) -> pd.DataFrame:
    """Make a table with a row for each notebook that has run.

    Parameters
    ----------
    runs
        The records of the notebooks.

    Returns
    -------
    pandas.DataFrame
        ``notebook``, ``profile``, ``parameters`` (as text), ``seconds``, and ``peak_mb``, the largest memory
        of its kernel in MiB.
    """
    rows = [
        {
            "notebook": run.notebook,
            "profile": run.profile,
            "parameters": ", ".join(f"{name} = {value}" for name, value in run.parameters.items()),
            "seconds": run.seconds,
            "peak_mb": run.peak_mb,
        }
        for run in runs
        if not run.left_out
    ]
    types = {"seconds": "float64", "peak_mb": "int64"}
    return pd.DataFrame(rows, columns=["notebook", "profile", "parameters", *types]).astype(types)


def left_out_table(runs: Sequence[Record]) -> pd.DataFrame:
    """Make a table of the notebooks that were left out, and why.

    Parameters
    ----------
    runs
        The records of the notebooks.

    Returns
    -------
    pandas.DataFrame
        ``notebook`` and ``why it was left out``.
    """
    rows = [(run.notebook, run.left_out) for run in runs if run.left_out]
    return pd.DataFrame(rows, columns=["notebook", "why it was left out"])


def limit_table(runs: Sequence[Record], environment: str | Path | None = None) -> pd.DataFrame:
    """Set what the whole book took beside the limits of NeuroLibre, :data:`LIMITS`.

    Parameters
    ----------
    runs
        The records of the notebooks, at least one.
    environment
        The folder that everything is installed in; by default the virtual environment of this interpreter.

    Returns
    -------
    pandas.DataFrame
        ``what``, ``this book`` and ``limit``. Without a virtual environment there is no row about storage.
    """
    peaks = sorted((run.peak_mb for run in runs), reverse=True)
    rows = [
        ("hours, one notebook after the other", sum(run.seconds for run in runs) / 3600, "hours"),
        ("GB of memory, the largest kernel", gigabytes(peaks[0]), "memory"),
        (
            f"GB of memory, the {JOBS} largest kernels at the same time",
            gigabytes(sum(peaks[:JOBS])),
            "memory",
        ),
    ]
    if environment is None and sys.prefix != sys.base_prefix:
        environment = sys.prefix
    if environment is not None:
        rows.append(("GB of storage, all that is installed", _size(environment) / 1e9, "storage"))
    return pd.DataFrame(
        [(what, value, LIMITS[limit]) for what, value, limit in rows], columns=["what", "this book", "limit"]
    )


def _size(folder: str | Path) -> int:
    """Add up the sizes of all files in a folder, in bytes; links are not followed."""
    return sum(Path(path, name).lstat().st_size for path, _, names in os.walk(folder) for name in names)


def summary(runs: Sequence[Record]) -> str:
    """Name the machines, revisions and profiles of the runs in one sentence of Markdown.

    Parameters
    ----------
    runs
        The records of the notebooks.

    Returns
    -------
    str
        The sentence. The machine and the revision of this process are among those that it names.
    """
    machines = sorted({run.machine for run in runs} | {machine()})
    revisions = sorted({run.revision for run in runs} | {revision()})
    profiles = sorted({run.profile for run in runs})
    return (
        counted(sum(not run.left_out for run in runs), "notebook")
        + (f", profile {' and '.join(profiles)}" if profiles else "")
        + f", revision {' and '.join(f'`{r}`' for r in revisions)}, on {' and '.join(machines)}."
    )
