"""A sweep: the runs of a plan in many processes, which Snakemake starts here or on a cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from psqe.errors import ParameterError, PsqeError
from psqe.files import check_writable, write_json
from psqe.graph import counted
from psqe.signals import Stopped
from psqe.study.spec import RunSpec
from psqe.study.store import Store
from psqe.study.workflow.folder import SweepFolder
from psqe.study.workflow.jobs import Job

SNAKEFILE = Path(__file__).with_name("Snakefile")
"""The rules that Snakemake follows: a job for each file with specs."""

AT_ONCE_ON_A_CLUSTER = 100
"""How many jobs a cluster is given at the same time, unless another number is asked for."""

WRONG_ARGUMENTS = 2
"""The exit code of Snakemake when it does not understand its arguments; otherwise it ends with 0 or 1."""

BUILT_IN = ("local", "dryrun", "touch")
"""The executors that Snakemake brings itself."""


@dataclass(frozen=True)
class Execution:
    """How jobs are executed.

    Attributes
    ----------
    jobs
        How many run at the same time; by default as many as there are cores here, one on a GPU here, and on
        a cluster :data:`AT_ONCE_ON_A_CLUSTER`, unless a profile says it.
    executor
        The name of an executor of Snakemake, such as ``slurm``; this machine by default.
    profile
        A folder with a profile of Snakemake, which may name the executor; none by default.
    device
        Where runs compute, as for :func:`psqe.study.run.run`.
    memory
        The memory that a cluster is asked for, for each job, in MiB; 6000 by default. On this machine it is
        no limit.
    minutes
        The time that a cluster is asked for, for each job, in minutes; 240 by default. On this machine it is
        no limit.
    arguments
        Further arguments of Snakemake.
    """

    jobs: int | None = None
    executor: str | None = None
    profile: Path | None = None
    device: str = "cpu"
    memory: int = 6000
    minutes: int = 240
    arguments: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether the jobs are known to run on this machine."""
        return self.profile is None and self.executor in (None, *BUILT_IN)

    @property
    def at_once(self) -> int | None:
        """How many jobs run at the same time; ``None`` if that is for the profile to say."""
        if self.jobs is not None or self.profile is not None:
            return self.jobs
        if not self.is_local:
            return AT_ONCE_ON_A_CLUSTER
        return 1 if self.device.startswith("cuda") else n_cores()

    def check(self) -> None:
        """Raise an error for what cannot work, before anything is written.

        Raises
        ------
        ParameterError
            If a number is below 1, the profile is no folder with a profile, or the device is not there.
        PsqeError
            If Snakemake or the plugin of the executor is not installed, or the executor is for machines that
            share no files.
        """
        from psqe.extras import needs_extra
        from psqe.training.loop import check_device

        with needs_extra("workflow"):
            import snakemake  # noqa: F401
        for name, value in (("jobs", self.jobs), ("memory", self.memory), ("minutes", self.minutes)):
            if value is not None and value < 1:
                raise ParameterError(f"--{name} is {value}", remedy="give at least 1")
        if self.profile is not None and not list(self.profile.glob("config*.yaml")):
            raise ParameterError(
                f"--profile is {self.profile}, where there is no config.yaml",
                remedy="give a folder with a profile of Snakemake",
            )
        if self.executor == "kubernetes":
            raise _shares_no_files(self.executor)
        if self.executor not in (None, *BUILT_IN):
            plugin = f"snakemake-executor-plugin-{self.executor}"
            if find_spec(plugin.replace("-", "_")) is None:
                raise PsqeError(
                    f"there is no executor {self.executor!r}", remedy=f"install it: pip install {plugin}"
                )
            if import_module(plugin.replace("-", "_")).common_settings.implies_no_shared_fs:
                raise _shares_no_files(str(self.executor))
        if self.is_local:
            check_device(self.device)

    def command(self) -> list[str]:
        """The arguments of Snakemake."""
        given = [
            "every_job", "--snakefile", str(SNAKEFILE), "--workflow-profile", "none",
            # What was finished is known by results, and one sweep at a time has the folder.
            "--nolock", "--rerun-incomplete", "--rerun-triggers", "mtime", "--keep-going",
            "--scheduler", "greedy",
        ]  # fmt: skip
        if self.profile is not None:
            given += ["--profile", str(self.profile.absolute())]
        if self.executor is not None:
            given += ["--executor", self.executor]
        if self.at_once is not None:
            given += ["--cores" if self.is_local else "--jobs", str(self.at_once)]
        return [*given, *self.arguments]

    @property
    def settings(self) -> dict[str, Any]:
        """What the Snakefile has to know, for a file beside the jobs."""
        return {
            "device": self.device, "memory": self.memory, "minutes": self.minutes,
            "origin": str(Path.cwd()),
        }  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """A run of a sweep that has no result.

    Attributes
    ----------
    spec
        What was to be run.
    reason
        Why there is no result, in one line.
    log
        The file that says more.
    """

    spec: RunSpec
    reason: str
    log: Path


@contextmanager
def held(folder: SweepFolder) -> Iterator[None]:
    """Keep every other sweep out of a folder while a ``with`` block runs.

    Parameters
    ----------
    folder
        The folder of the sweep.

    Yields
    ------
    None
        The block begins when this process has the lock of the folder.

    Raises
    ------
    PsqeError
        If another sweep is at work there, or the folder cannot be written.
    """
    check_writable(folder.root / "sweep.lock")
    lock = FileLock(folder.root / "sweep.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise PsqeError(
            "another sweep is at work in this folder", path=folder.root,
            remedy="wait until it has ended, or choose another folder by --folder",
        ) from error  # fmt: skip
    try:
        yield
    finally:
        lock.release()


def sweep(jobs: Sequence[Job], folder: SweepFolder, store: Store, execution: Execution) -> list[Failure]:
    """Make all runs of some jobs and put them into a store.

    The folder must be :func:`held`. If the sweep is stopped, what is finished is put into the store, too.

    Parameters
    ----------
    jobs
        What is run; at least one job.
    folder
        Where jobs and results are kept.
    store
        Where results go in the end.
    execution
        How jobs are executed.

    Returns
    -------
    The runs without a result, with the reason; none if all went well.

    Raises
    ------
    ParameterError
        If Snakemake does not know one of its arguments. Nothing has run then.
    PsqeError
        If the folder or the store cannot be written.
    DataError
        If a file with a result is that of another run, or does not fit the columns of the store.
    """
    _prepare(jobs, folder)
    write_json(folder.root / "settings.json", execution.settings)
    specs = [spec for job in jobs for spec in job.specs]
    try:
        with _progress(specs, folder) as tell:
            _execute(folder, execution, tell)
    finally:
        folder.gather(store, specs)
    lacking = set(store.lacking(specs))
    return [_failure(spec, job, folder) for job in jobs for spec in job.specs if spec in lacking]


def _shares_no_files(executor: str) -> PsqeError:
    """The error for an executor that would delete results, which Snakemake does not know of."""
    return PsqeError(
        f"the executor {executor!r} is for machines that share no files, which results need",
        remedy="let the machines share a folder, and give each a part by psqe results run PLAN --out FOLDER "
        "--part 1/8, as examples/cluster/kubernetes-sweep.yaml does",
    )


def n_cores() -> int:
    """The number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return (os.cpu_count() or 1) if affinity is None else len(affinity(0))


def _prepare(jobs: Sequence[Job], folder: SweepFolder) -> None:
    """Write the files of jobs, and remove what an earlier sweep left beside its results."""
    for name in ("jobs", "done", "errors", "logs"):
        shutil.rmtree(folder.root / name, ignore_errors=True)
    folder.check()
    for job in jobs:
        job.save(folder.job(job.name))


def _execute(folder: SweepFolder, execution: Execution, tell: Callable[[], None]) -> None:
    """Let Snakemake execute the jobs; it is given time to end its own processes when this one is stopped.

    Raises
    ------
    ParameterError
        If Snakemake refuses its arguments. It has started no job then.
    """
    command = [sys.executable, "-m", "psqe.study.workflow.snakemake_process", str(os.getpid())]
    with folder.snakemake_log.open("wb") as log:
        # A group of its own: Ctrl-C reaches this process only, which passes it on once.
        process = subprocess.Popen(
            [*command, *execution.command()], cwd=folder.root, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=1)
                tell()
        except (KeyboardInterrupt, Stopped):
            _end(process)
            raise
    if process.returncode == WRONG_ARGUMENTS:
        fault = _last_line(folder.snakemake_log).partition("error: ")[2]
        unknown = fault.removeprefix("unrecognized arguments: ")
        raise ParameterError(
            f"Snakemake refuses its arguments: {fault}" if unknown == fault
            else f"Snakemake does not know {unknown}",
            remedy="see snakemake --help for what may follow -- or be in a profile",
        )  # fmt: skip


def _end(process: subprocess.Popen[bytes], patience: float = 60.0) -> None:
    """End Snakemake and what it has started: as Ctrl-C does and, if that takes long, at once."""
    try:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=patience)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, Stopped):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _progress(specs: Sequence[RunSpec], folder: SweepFolder) -> Iterator[Callable[[], None]]:
    """Tell how many results there are: by a bar on a terminal, else by a line for each tenth of them."""
    wanted, total, told = {spec.id for spec in specs}, len(specs), 0

    with tqdm(total=total, desc="runs", disable=None) as bar:

        def tell() -> None:
            nonlocal told
            done = len(wanted & {path.stem for path in folder.results()})
            if not bar.disable:
                bar.update(done - bar.n)
            elif 10 * done // total > 10 * told // total:
                print(f"{done:,} of {counted(total, 'run')} done", file=sys.stderr, flush=True)
                told = done

        yield tell


def _failure(spec: RunSpec, job: Job, folder: SweepFolder) -> Failure:
    """Why a run has no result."""
    error, log = folder.error(spec.id), folder.log(job.name)
    if error.exists():
        return Failure(spec, error.read_text(encoding="utf-8").partition("\n")[0], error)
    if log.exists():
        return Failure(spec, f"its job ended before, and printed last: {_last_line(log)}", log)
    log = folder.snakemake_log
    return Failure(spec, f"its job did not begin, and Snakemake printed last: {_last_line(log)}", log)


def _last_line(log: Path) -> str:
    """The last line of a file that says something."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line and not line.startswith(("Complete log", "Elapsed time"))]
    return said[-1] if said else "nothing"
