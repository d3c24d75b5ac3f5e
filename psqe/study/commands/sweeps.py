"""The commands for many runs: ``psqe results sweep``, ``psqe results run`` and ``psqe results gather``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from psqe.cli.groups import flat_options
from psqe.cli.options import Device
from psqe.errors import ParameterError
from psqe.files import check_writable
from psqe.graph import counted
from psqe.study.commands.selection import Selection, StoreFolder, open_store, planned
from psqe.study.workflow import RUNS_PER_JOB

What = Annotated[str, typer.Argument(metavar="PLAN", help="The name of a plan, or a file of specs (.json).")]
RunsPerJob = Annotated[int, typer.Option(help="Runs on one task and random state that a job makes, at most.")]


@flat_options
def sweep(
    selection: Selection,
    plan: What,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGUMENTS OF SNAKEMAKE", help="For example -- --retries 1."),
    ] = None,
    store: StoreFolder = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where jobs and results are kept [sweeps/PLAN].")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Jobs at the same time. By default the number of cores, 1 with a GPU, 100 on a cluster, "
            "and with --profile what the profile says."
        ),
    ] = None,
    runs_per_job: RunsPerJob = RUNS_PER_JOB,
    executor: Annotated[
        str | None, typer.Option(help="An executor of Snakemake, such as slurm [this machine].")
    ] = None,
    profile: Annotated[Path | None, typer.Option(help="A folder with a profile of Snakemake.")] = None,
    memory: Annotated[
        int, typer.Option(help="Memory of a job, in MiB, which a cluster is asked for.")
    ] = 6000,
    minutes: Annotated[
        int, typer.Option(help="Time of a job, in minutes, which a cluster is asked for.")
    ] = 240,
    device: Device = None,
    dry: Annotated[bool, typer.Option(help="Only list the jobs and their runs.")] = False,
) -> None:
    """Make those runs of a plan that the store lacks in many processes, here or on a cluster, by Snakemake.

    Each result is on disk as soon as it is finished, and reaches the store in the end. The same command goes
    on where it was stopped. The exit code is 1 if a run failed; the others are made all the same.
    """
    from psqe.study.workflow.folder import SweepFolder
    from psqe.study.workflow.jobs import split
    from psqe.study.workflow.sweep import Execution, held
    from psqe.study.workflow.sweep import sweep as execute

    execution = Execution(jobs, executor, profile, device or "cpu", memory, minutes, tuple(arguments or ()))
    execution.check()
    specs = planned(plan, selection)
    opened = open_store(store, new=True)
    place = SweepFolder(Path("sweeps") / Path(plan).stem if folder is None else folder)
    if dry:
        lacking = [spec for spec in opened.lacking(specs) if not place.has(spec)]
        for job in split(lacking, runs_per_job):
            for spec in job.specs:
                typer.echo(f"{job.name}\t{spec.id}\t{spec}")
        return
    check_writable(opened.folder / ".lock")
    with held(place):
        place.gather(opened, specs)
        made = split(opened.lacking(specs), runs_per_job)
        n_made, n_jobs = sum(len(job.specs) for job in made), counted(len(made), "job")
        typer.echo(f"{counted(len(specs), 'run')}, {n_made:,} of them to be made, in {n_jobs}", err=True)
        if not made:
            return
        at_once = "as many as the profile says" if execution.at_once is None else f"{execution.at_once:,}"
        typer.echo(f"jobs at the same time: {at_once}; results and logs: {place.root}", err=True)
        begun = time.perf_counter()
        failures = execute(made, place, opened, execution)
    for failure in failures:
        typer.echo(f"no result: {failure.spec.id} {failure.spec}", err=True)
        typer.echo(f"    {failure.reason}; see {failure.log}", err=True)
    seconds = time.perf_counter() - begun
    typer.echo(f"{n_made - len(failures):,} of {counted(n_made, 'run')} made in {seconds:.0f} s", err=True)
    if failures:
        raise typer.Exit(1)


@flat_options
def run(
    selection: Selection,
    plan: What,
    out: Annotated[Path, typer.Option(help="The folder for results; it is made where it is missing.")],
    runs_per_job: RunsPerJob = RUNS_PER_JOB,
    part: Annotated[str, typer.Option(help="Which part of the jobs, such as 2/8.")] = "1/1",
    device: Device = None,
    ends_with: Annotated[
        int | None, typer.Option(metavar="PID", help="End at once when this parent process ends (Linux).")
    ] = None,
) -> None:
    """Make runs in this process, and write a file for each result as soon as it is done.

    Runs whose result is in the folder are not made again. Any number of processes may work in one folder,
    each on its part. The exit code is 1 if a run failed; the others are made all the same.
    """
    if ends_with is not None:
        from psqe.study.book.lifeline import end_with_parent

        end_with_parent(ends_with)
    from psqe.study.workflow.folder import SweepFolder
    from psqe.study.workflow.jobs import part_of, split
    from psqe.study.workflow.work import work

    every = split(planned(plan, selection), runs_per_job)
    jobs = part_of(every, part)
    if not jobs:
        typer.echo(f"part {part} has none of the {counted(len(every), 'job')}", err=True)
    failed = work(jobs, SweepFolder(out), device)
    if failed:
        print(
            f"{counted(len(failed), 'run')} failed; see {SweepFolder(out).root / 'errors'}", file=sys.stderr
        )
        raise typer.Exit(1)


def gather(
    folder: Annotated[Path, typer.Argument(help="A folder with results, of a sweep or of psqe results run.")],
    store: StoreFolder = None,
) -> None:
    """Put the results of a folder into the store, as far as the store lacks them.

    Files that are cut or empty are left out and named; the exit code is 1 then.
    """
    from psqe.study.store_files import has_entry
    from psqe.study.workflow.folder import DELETE, SweepFolder

    place = SweepFolder(folder)
    if not has_entry(folder / "results"):
        raise ParameterError(f"{folder} has no folder 'results'", remedy="give the folder of a sweep")
    opened = open_store(store, new=True)
    done = place.gather(opened)
    for path in done.cut:
        typer.echo(f"{path}: is not whole, and was left out; {DELETE}", err=True)
    left_out = f", {len(done.cut):,} left out" if done.cut else ""
    n_files = counted(len(place.results()), "result")
    typer.echo(f"{n_files}, {done.n_new:,} of them new to the store{left_out}", err=True)
    if done.cut:
        raise typer.Exit(1)
