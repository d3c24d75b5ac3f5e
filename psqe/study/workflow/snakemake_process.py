"""The process of Snakemake: python -m psqe.study.workflow.snakemake_process PARENT ARGUMENTS.

It ends with the process that started it, however that one ends, so that no Snakemake works in a folder whose
sweep has been killed.
"""

from __future__ import annotations

import signal
import sys

from filelock import FileLock, Timeout

from psqe.study.book.lifeline import end_with_parent

LOCK = ".snakemake.lock"
"""The file in the folder of a sweep that the process of Snakemake has locked."""

PATIENCE = 10.0
"""Seconds for which an earlier Snakemake is waited for. It is ending where the system lets it end with its
parent; elsewhere it goes on for as long as its jobs take."""


def main(parent: int, arguments: list[str]) -> None:
    """Run Snakemake in the current folder.

    Parameters
    ----------
    parent
        The number of the process with which this one ends.
    arguments
        The arguments of Snakemake.
    """
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
    try:
        with FileLock(LOCK, timeout=PATIENCE):
            from snakemake.cli import main as snakemake

            snakemake(arguments)
    except Timeout:
        sys.exit("an earlier Snakemake is at work in this folder; wait until it has ended")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
