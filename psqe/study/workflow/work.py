"""The work of one process: the runs of a job, each of which reaches the disk as soon as it is done."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence

from psqe.errors import PsqeError
from psqe.files import write_text
from psqe.study.run import run
from psqe.study.spec import RunSpec
from psqe.study.workflow.folder import SweepFolder, write_result
from psqe.study.workflow.jobs import Job
from psqe.training.loop import check_device


def work(jobs: Sequence[Job], folder: SweepFolder, device: str | None = None) -> list[RunSpec]:
    """Make the runs of some jobs, one after the other, and write a file for each result.

    A run whose result is there and whole is not made again. A run that fails does not stop the others: what
    it raised is written into a file, too. One line on standard error tells how each run ended, and why it
    failed.

    Parameters
    ----------
    jobs
        What is run.
    folder
        Where results and errors go.
    device
        As for :func:`psqe.study.run.run`.

    Returns
    -------
    The runs that failed.

    Raises
    ------
    ParameterError
        If the device is not there. Nothing has run then.
    DataError
        If a file with a result is that of another run, or does not fit the columns of the store.
    PsqeError
        If the folder cannot be written; if it cannot at the start, nothing has run.
    """
    if device is not None:
        check_device(device)
    folder.check()
    specs = [spec for job in jobs for spec in job.specs]
    failed = []
    for number, spec in enumerate(specs, start=1):
        begun = time.perf_counter()
        fault = ""
        if folder.has(spec):
            how = "was done before"
        else:
            fault = _fault(spec, folder, device)
            how = "failed" if fault else "is done"
        failed += [spec] if fault else []
        seconds, reason = f"{time.perf_counter() - begun:.1f} s", f": {fault}" if fault else ""
        print(
            f"run {number:,} of {len(specs):,} {how} ({seconds}): {spec.id} {spec}{reason}", file=sys.stderr
        )
    return failed


def _fault(spec: RunSpec, folder: SweepFolder, device: str | None) -> str:
    """Make one run; why it failed, empty if it did not."""
    path = folder.error(spec.id)
    try:
        result = run(spec, device)
    except Exception as error:  # what goes wrong in one run must not cost the others
        trace = "" if isinstance(error, PsqeError) else f"\n{traceback.format_exc()}"
        reason = " ".join(str(error).split()) or type(error).__name__
        write_text(path, f"{reason}\n{spec.id} {spec}\n{trace}")
        return reason
    write_result(folder, result)
    path.unlink(missing_ok=True)
    return ""
