"""The commands ``psqe results``: list what is stored, fill the store, and check that results repeat."""

from __future__ import annotations

import math
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from psqe.cli.groups import flat_options
from psqe.cli.options import Device
from psqe.cli.program import SETTINGS
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.files import check_writable
from psqe.graph import counted, in_number
from psqe.study.commands import sweeps
from psqe.study.commands.selection import Selection, StoreFolder, open_store, planned

if TYPE_CHECKING:
    import pandas as pd

    from psqe.study.spec import RunSpec, Subject
    from psqe.study.store import RunResult, Store

app = typer.Typer(help="List, compare, fill and repeat the stored results.", **SETTINGS)

TOLERANCE = {
    "facts": 1e-6,
    "seeds": 0.01,
    "alignment": 0.02,
    "system": 0.02,
    "links": 0.02,
    "labels": 0.02,
    "prediction": 0.02,
    "expected": 0.02,
    "damaged": 0.02,
    "review": 0.02,
}
"""By how much a number may differ when a run is repeated, by subject. A number above 1 may differ by this
share of its size. Training on another machine rounds differently, so that a few seeds or links change."""


@app.command("list")
@flat_options
def list_runs(
    selection: Selection,
    store: StoreFolder = None,
    subject: Annotated[
        str | None,
        typer.Option(
            help="facts, seeds, alignment, system, links, labels, prediction, expected, damaged or cost."
        ),
    ] = None,
) -> None:
    """List the stored runs: id, what was run, and when."""
    from psqe.study.columns import KEYS
    from psqe.study.store import rows_where

    if subject not in (None, *KEYS):
        raise ParameterError(f"there is no subject {subject!r}", remedy=f"choose from {', '.join(KEYS)}")
    runs = open_store(store).runs()
    selection.check(runs["spec"])
    runs = rows_where(runs, lambda spec: selection.has(spec) and subject in (None, spec.subject))
    for row in runs.sort_values(["subject", "task"], kind="stable").itertuples():
        typer.echo(f"{row.id}\t{row.spec}\t{row.date[:10]}")
    typer.echo(counted(len(runs), "run"), err=True)


@app.command()
def show(
    run_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a run, or its beginning.")],
    store: StoreFolder = None,
) -> None:
    """Show everything that is stored of one run."""
    from psqe.study.store import file_name

    opened = open_store(store)
    spec = _spec(opened, run_id)
    runs = opened.runs()
    row = runs[runs["id"] == spec.id].iloc[0]
    measures = opened.table_of(spec)
    if measures.empty:
        raise DataError(
            f"run {spec.id} has no measures", path=opened.folder / spec.subject / file_name(spec),
            remedy=f"run psqe results rerun {spec.id} --overwrite",
        )  # fmt: skip
    typer.echo(f"{spec.id}  {spec}\n{spec.json_text}")
    for column in ("seconds", "peak_mb", "revision", "date", "machine", "versions"):
        typer.echo(f"{column}: {row[column]}")
    typer.echo(_text(measures, spec))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="The folder of a store.")],
    second: Annotated[Path, typer.Argument(help="The folder of another store.")],
    tolerance: Annotated[float, typer.Option(help="Differences up to this are not listed.")] = 0.0,
) -> None:
    """Compare the numbers of two stores; the exit code is 1 if any differ, or only one store has them.

    Seconds are compared for the subject cost only, because they are never the same twice.
    """
    from psqe.study.columns import KEYS

    if not 0 <= tolerance < math.inf:
        raise ParameterError(f"--tolerance is {tolerance:g}", remedy="give a finite number of at least 0")
    one, other, faults = open_store(first), open_store(second), 0
    for subject in KEYS:
        table, *alone = compared(one.table(subject), other.table(subject), subject)
        beyond = table[table["difference"].abs() > tolerance]
        typer.echo(
            f"{subject}: {counted(len(table), 'number')} in both, {len(beyond):,} "
            f"{in_number(len(beyond), 'differs')}, {alone[0]:,} only in the first store, {alone[1]:,} only "
            "in the second",
            err=True,
        )
        if len(beyond):
            typer.echo(beyond.to_string(index=False))
        faults += len(beyond) + sum(alone)
    if faults:
        raise typer.Exit(1)


@app.command()
def rerun(
    run_ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of runs, or their beginnings.")],
    store: StoreFolder = None,
    overwrite: Annotated[bool, typer.Option(help="Store the new numbers in place of the old ones.")] = False,
) -> None:
    """Run stored runs again, one after the other, and report the numbers that differ.

    The exit code is 1 if a number differs by more than the tolerance of its subject, or if the store or a
    repeated run lacks it. The other runs are repeated all the same.
    """
    opened = open_store(store)
    specs = list(dict.fromkeys(_spec(opened, run_id) for run_id in run_ids))
    agree = [_agrees(opened, spec, overwrite=overwrite) for spec in specs]
    if not all(agree):
        raise typer.Exit(1)


def _agrees(store: Store, spec: RunSpec, *, overwrite: bool) -> bool:
    """Run a stored run again, print what differs, and return whether nothing does."""
    from psqe.study.run import run

    typer.echo(f"repeating {spec}", err=True)
    result = run(spec)
    table, lost, new = repeated(store, result)
    beyond = table[table["difference"].abs() > table["tolerance"]]
    largest = table["difference"].abs().max() if len(table) else 0.0
    typer.echo(
        f"{spec.id}: {counted(len(table), 'number')} compared, largest difference {largest:.3g}, "
        f"{len(beyond)} beyond the tolerance of {TOLERANCE[spec.subject]:g}, {lost} missing, "
        f"{new} missing in the store"
    )
    if len(beyond):
        typer.echo(beyond.to_string(index=False))
    if overwrite:
        store.put([result])
    return not (len(beyond) or lost or new)


@app.command()
def due(
    weeks: Annotated[
        int, typer.Option(min=1, help="The number of weeks in which every run has its turn once.")
    ],
    on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="A day of the week; today by default.")
    ] = None,
    store: StoreFolder = None,
) -> None:
    """List the stored runs that are to be repeated in a week, each week others: id, and what was run.

    In the course of the weeks all runs have their turn, but for those on benchmarks, whose data a reader has
    to bring, and for measurements of cost, which depend on the machine.
    """
    from psqe.study.due import due_runs, repeatable, turn

    day = datetime.now().date() if on is None else _day(on)
    runs = open_store(store).runs()
    chosen = due_runs(runs, day, weeks)
    for row in chosen.itertuples():
        typer.echo(f"{row.id}\t{row.spec}")
    hours = chosen["seconds"].sum() / 3600
    typer.echo(
        f"{counted(len(chosen), 'run')} of {len(repeatable(runs)):,} that can be repeated, week "
        f"{turn(day, weeks) + 1} of {weeks}; they took {hours:.1f} hours when they were stored",
        err=True,
    )


def _day(text: str) -> date:
    """Read a day that was typed."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise ParameterError(
            f"--on is {text!r}, which is no day", remedy="write a day as YYYY-MM-DD, such as 2026-01-31"
        ) from None


@app.command()
@flat_options
def fill(
    selection: Selection,
    plan: Annotated[str, typer.Argument(help="The name of a plan; without one, the plans are listed.")] = "",
    store: StoreFolder = None,
    again: Annotated[bool, typer.Option(help="Also run what is stored already.")] = False,
    dry: Annotated[bool, typer.Option(help="Only list what would be run.")] = False,
    alone: Annotated[bool, typer.Option(help="Run each in its own process, to measure its memory.")] = False,
    device: Device = None,
) -> None:
    """Run those runs of a plan that the store lacks; each result is stored as soon as it is finished.

    Other pairs of the same benchmark and other random states than those of the plan can be asked for. The
    exit code is 1 if a run failed, and the others are made all the same; it is 2 if all fail for one reason.
    """
    from psqe.study.plans import PLANS
    from psqe.training.loop import check_device

    if device is not None:
        check_device(device)
    if not plan:
        for name, known in PLANS.items():
            typer.echo(f"{name}\t{known.summary}")
        return
    specs = planned(plan, selection)
    opened = open_store(store, new=True)
    lacking = specs if again else opened.lacking(specs)
    typer.echo(f"{counted(len(specs), 'run')}, {len(lacking):,} of them to be made", err=True)
    if dry:
        for spec in lacking:
            typer.echo(f"{spec.id}\t{spec}")
    if dry or not lacking:
        return
    check_writable(opened.folder / ".lock")
    n_failed = (_run_alone if alone else _run_each)(lacking, opened, device)
    n_made = len(lacking) - n_failed
    typer.echo(f"{n_made:,} of {counted(len(lacking), 'run')} made, and stored in {opened.folder}", err=True)
    if n_failed:
        raise typer.Exit(1)


def compared(first: pd.DataFrame, second: pd.DataFrame, subject: Subject) -> tuple[pd.DataFrame, int, int]:
    """Set the numbers of two tables of one subject side by side, without seconds that never repeat.

    Parameters
    ----------
    first, second, subject
        As for :func:`psqe.study.store.compare`.

    Returns
    -------
    The rows of :func:`psqe.study.store.compare`, and how many numbers only the first table has, and only the
    second. The seconds of stages count for the subject ``cost`` only.
    """
    from psqe.study.store import compare, n_numbers

    table = compare(first, second, subject)
    if subject == "cost":
        return table, n_numbers(first, subject) - len(table), n_numbers(second, subject) - len(table)
    table = table[table["column"] != "stage_seconds"]
    only_first, only_second = (
        n_numbers(rows.drop(columns="stage_seconds", errors="ignore"), subject) - len(table)
        for rows in (first, second)
    )
    return table, only_first, only_second


def repeated(store: Store, result: RunResult) -> tuple[pd.DataFrame, int, int]:
    """Set the numbers of a repeated run beside the stored ones.

    Parameters
    ----------
    store
        The store that has the run.
    result
        What the run measured now.

    Returns
    -------
    The rows of :func:`psqe.study.store.compare` with a column ``tolerance`` (see :data:`TOLERANCE`), the
    number of stored numbers that the repeated run lacks, and the number of its numbers that the store
    lacks. The costs of stages are not compared.
    """
    from psqe.study.columns import KEYS
    from psqe.study.store import results_table

    subject = result.spec.subject
    table, lost, new = compared(store.table_of(result.spec), results_table([result], subject), subject)
    size = table["first"].abs().clip(lower=1.0)
    table = table.assign(tolerance=TOLERANCE[subject] * size)
    return table[["id", *KEYS[subject], "column", "first", "second", "difference", "tolerance"]], lost, new


def _spec(store: Store, run_id: str) -> RunSpec:
    """The spec of a stored run, by its id or the beginning of it."""
    if not run_id:
        raise ParameterError("the id of a run is empty", remedy="see psqe results list")
    found = [spec for known, spec in store.specs().items() if known.startswith(run_id)]
    if len(found) != 1:
        raise ParameterError(
            f"{counted(len(found), 'run')} {in_number(len(found), 'has')} an id that begins with {run_id!r}",
            remedy="see psqe results list",
        )
    return found[0]


def _text(measures: pd.DataFrame, spec: RunSpec) -> str:
    """The measures of a run as a table, without the columns that are empty."""
    from psqe.study.columns import KEYS, VALUES

    shown = measures[[*KEYS[spec.subject], *VALUES[spec.subject]]].dropna(axis="columns", how="all")
    return str(shown.to_string(index=False, na_rep=""))


def _run_each(specs: list[RunSpec], store: Store, device: str | None) -> int:
    """Execute and store runs one after the other, name those that failed, and count them.

    Where several runs fail, and all for one reason, such as data that are not there, that is the error of
    the command.
    """
    import traceback

    from tqdm import tqdm

    from psqe.process_limits import exhausted
    from psqe.study.run import run

    reasons: dict[RunSpec, str] = {}  # texts, because an exception keeps the data of its run
    common: PsqeError | None = None
    try:
        for spec in tqdm(specs, "runs", disable=None):
            try:
                result = run(spec, device)
            except Exception as error:  # what goes wrong in one run must not cost the others
                told = exhausted(error) or error
                if isinstance(told, PsqeError):
                    common = common or told.with_traceback(None)
                else:  # a fault of psqe
                    tqdm.write(traceback.format_exc(), file=sys.stderr)
                reasons[spec] = " ".join(str(told).split()) or type(told).__name__
            else:
                store.put([result])
    finally:
        one_for_all = len(reasons) == len(specs) > 1 and len(set(reasons.values())) == 1
        for spec, reason in () if one_for_all else reasons.items():
            typer.echo(f"no result: {spec.id} {spec}\n    {reason}", err=True)
    if one_for_all and common is not None:
        raise common
    return len(reasons)


def _run_alone(specs: list[RunSpec], store: Store, device: str | None) -> int:
    """Execute runs in processes of their own, and return how many failed."""
    from multiprocessing import get_context

    from psqe.study.run import run_all

    failed = 0
    for spec in specs:
        process = get_context("spawn").Process(target=run_all, args=([spec], store, device))
        process.start()
        process.join()
        failed += process.exitcode != 0
    if failed:
        print(f"{failed:,} of {counted(len(specs), 'run')} failed; see above", file=sys.stderr)
    return failed


for command in (sweeps.sweep, sweeps.run, sweeps.gather):
    app.command()(command)
