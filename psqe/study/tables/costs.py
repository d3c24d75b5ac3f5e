"""Tables of what mining, whole alignments and workers cost: seconds, peak memory, and growth with size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from psqe.graph import counted
from psqe.study.costs import (
    ALIGNMENTS,
    ALONE,
    CASES,
    HERE,
    LIMITS,
    ON_SLURM,
    ONE_BY_ONE,
    PUBLISHED,
    REAL_ALIGNMENTS,
    SEARCHES,
    SENDING,
    STAGES,
    entities_a_side,
)
from psqe.study.tables.page import group_rows

NOT_MEASURED = "not measured"
"""What a page says where the table has no row."""


def gigabytes(peak_mb: float) -> float:
    """Convert MiB, as :func:`psqe.cost.peak_memory_mb` counts them, into units of 10^9 bytes."""
    return peak_mb * 2**20 / 1e9


def duration(seconds: float, *, short: bool = False) -> str:
    """Write seconds in words: as seconds up to two minutes, then as minutes, then as hours.

    ``short`` writes the symbols of the units, for a table.

    >>> duration(1.2), duration(90), duration(200), duration(9000), duration(200, short=True)
    ('1 second', '90 seconds', '3.3 minutes', '2.5 hours', '3.3 min')
    """
    if seconds < 120:
        n = round(seconds)
        return f"{n} s" if short else counted(n, "second")
    many, symbol, divisor = ("minutes", "min", 60) if seconds < 7200 else ("hours", "h", 3600)
    return f"{seconds / divisor:.1f} {symbol if short else many}"


def cost_of(table: pd.DataFrame, case: str, stage: str = "total") -> Any:
    """Find one measurement.

    Parameters
    ----------
    table
        The costs of the results store.
    case
        The name of the case, such as ``fr_en/corrected``.
    stage
        The stage that was timed, or by default ``total``.

    Returns
    -------
    pandas.Series or None
        The row, or ``None`` where the case was not measured.
    """
    rows = table[(table["task"] == case) & (table["stage"] == stage)]
    return None if rows.empty else rows.iloc[0]


def ratio(table: pd.DataFrame, case: str, slow: str, fast: str) -> float | None:
    """Compute how many times as long one variant of a case takes as another.

    Parameters
    ----------
    table
        The costs of the results store.
    case
        The name of the case.
    slow, fast
        The two variants.

    Returns
    -------
    float or None
        The ratio of their seconds, or ``None`` where one was not measured.
    """
    seconds = table[table["task"] == case].set_index("variant")["stage_seconds"]
    return float(seconds[slow] / seconds[fast]) if {slow, fast} <= set(seconds.index) else None


def limits_table(table: pd.DataFrame) -> pd.DataFrame:
    """Set the cases that have limits beside the published procedure, as texts.

    Parameters
    ----------
    table
        The costs of the results store.
    """
    hours = PUBLISHED["seconds an epoch"] * PUBLISHED["epochs"] / 3600
    rows = [("published", f"{hours:.0f} hours", "", f"{PUBLISHED['peak_gb']:.1f} GB", "")]
    for case, limit in LIMITS.items():
        row = cost_of(table, case)
        rows.append((
            f"ours, {limit.variant}",
            NOT_MEASURED if row is None else duration(row["stage_seconds"]),
            f"{limit.seconds / 60:.0f} minutes",
            NOT_MEASURED if row is None else f"{gigabytes(row['stage_peak_mb']):.2f} GB",
            f"{limit.peak_gb:.0f} GB",
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=["procedure", "time", "at most", "peak memory", "at most "])


def verdict(table: pd.DataFrame, case: str) -> str:
    """Say in words whether a case stayed within its limits.

    Parameters
    ----------
    table
        The costs of the results store.
    case
        One of :data:`psqe.study.costs.LIMITS`.
    """
    row, limit = cost_of(table, case), LIMITS[case]
    if row is None:
        return NOT_MEASURED
    over = [
        what
        for what, value, most in (
            ("time", row["stage_seconds"], limit.seconds),
            ("memory", gigabytes(row["stage_peak_mb"]), limit.peak_gb),
        )
        if value > most
    ]
    return f"over its limit of {' and of '.join(over)}" if over else "within both limits"


def stage_table(table: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """List seconds and peak memory of cases by stage, as texts.

    Parameters
    ----------
    table
        The costs of the results store.
    cases
        Names of cases; one that was not measured gets one row that says so.
    """
    rows = []
    for case in cases:
        own = table[table["task"] == case]
        if own.empty:
            rows.append((case, NOT_MEASURED, "", ""))
        for row in own.to_dict("records"):
            peak = "" if pd.isna(row["stage_peak_mb"]) else f"{gigabytes(row['stage_peak_mb']):.2f}"
            rows.append((case, row["stage"], f"{row['stage_seconds']:.1f}", peak))
    return pd.DataFrame(rows, columns=["case", "stage", "seconds", "peak, GB"])


def source_table(table: pd.DataFrame) -> pd.DataFrame:
    """Tell which cases were measured on which machine, at which revision and when.

    Parameters
    ----------
    table
        The costs of the results store.
    """
    by = ["revision", "machine", "versions", "threads"]
    rows = [
        {
            "cases": ", ".join(dict.fromkeys(group["task"])),
            **dict(zip(by, map(_without_own_version, map(str, labels)), strict=True)),
            "date": str(group["date"].max())[:10],
        }
        for *labels, group in group_rows(table, by)
    ]
    return pd.DataFrame(rows or [{"cases": NOT_MEASURED}])


def _without_own_version(text: str) -> str:
    """Leave out of a list of versions that of psqe itself, which the revision tells."""
    return "; ".join(part for part in text.split("; ") if not part.startswith("psqe "))


def not_measured(table: pd.DataFrame) -> list[str]:
    """List the cases of :data:`psqe.study.costs.CASES` that have no row."""
    return [case for case in CASES if case not in set(table["task"])]


def scaling(table: pd.DataFrame) -> pd.DataFrame:
    """Choose what :func:`psqe.study.figures.scaling` draws: cases that differ in their size only.

    Parameters
    ----------
    table
        The costs of the results store.

    Returns
    -------
    pandas.DataFrame
        ``data`` (``fr_en`` or ``planted``), ``entities`` of both sides, ``stage``, ``seconds``, ``peak_gb``
        and ``search``, by data, stage and size. Empty where nothing was measured.
    """
    sized = {case: kind for case, kind in CASES.items() if kind is not None}
    return _by_size(table, sized, [*STAGES, "total"])


def alignment_scaling(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the alignments of planted pairs for :func:`psqe.study.figures.scaling`.

    Parameters
    ----------
    table
        The costs of the results store.

    Returns
    -------
    pandas.DataFrame
        As :func:`scaling`, with the stages ``seeds``, ``aligner``, ``links`` and ``total``.
    """
    cases = {f"align/{size}": "align" for size in ALIGNMENTS}
    return _by_size(table, cases, ["seeds", "aligner", "links", "total"])


def alignment_table(table: pd.DataFrame) -> pd.DataFrame:
    """List what whole alignments cost and how good they are, as texts: planted pairs by size, then real ones.

    Parameters
    ----------
    table
        The costs of the results store.
    """
    rows = []
    for size in (*ALIGNMENTS, *REAL_ALIGNMENTS):
        total, seeds = (cost_of(table, f"align/{size}", stage) for stage in ("total", "seeds"))
        if total is None or seeds is None:
            name = size if size in REAL_ALIGNMENTS else f"{entities_a_side(size):,d}"
            rows.append((name, NOT_MEASURED, "", "", "", "", "", ""))
            continue
        sides = f"{total['n_left']:,d}"
        if size in REAL_ALIGNMENTS:
            sides = f"{size}: {sides} and {total['n_right']:,d}"
        rows.append((
            sides,
            *(duration(total[name], short=True) for name in ("stage_seconds", "processor_seconds")),
            f"{gigabytes(total['stage_peak_mb']):.1f} GB", total["search"], f"{seeds['precision']:.3f}",
            f"{total['precision']:.3f}", f"{total['hits@1']:.3f}",
        ))  # fmt: skip
    columns = ["entities per side", "time", "processor time", "peak memory", "search", "seeds correct",
               "links correct", "Hits@1"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def worker_table(table: pd.DataFrame, cores: Sequence[int] = (2, 16, 64)) -> pd.DataFrame:
    """List the seconds of the search of planted pairs in one process and by workers, a column for each size.

    Parameters
    ----------
    table
        The costs of the results store.
    cores
        Numbers of cores of a cluster whose time is estimated: the seconds of the processor of one process,
        divided by the number of cores, and the seconds of sending.
    """
    rows: list[dict[str, str]] = []
    measured: dict[str, None] = {}  # the numbers of workers, in the order in which they occur
    for size in SEARCHES:
        here = table[table["task"] == f"workers/{size}"].set_index("variant")
        if not {ALONE, SENDING} <= set(here.index):
            n = entities_a_side(size.partition("-")[0])
            rows.append({"case": f"{n:,d} per side", "kind of search": NOT_MEASURED})
            continue
        alone, sending = here.loc[ALONE], here.loc[SENDING, "stage_seconds"]
        row = {
            "case": f"{alone['n_left']:,d} per side, {cores_of(alone['machine'])} cores",
            "kind of search": alone["search"],
        }
        searched = here["stage_seconds"].drop(SENDING).map(partial(duration, short=True)).to_dict()
        measured |= dict.fromkeys(searched)
        row |= searched
        row["of the processor"] = duration(alone["processor_seconds"], short=True)
        row[SENDING] = f"{sending:.1f} s"
        row |= {f"{n} cores, estimated": duration(_estimated(here, n), short=True) for n in cores}
        rows.append(row)
    estimates = [f"{n} cores, estimated" for n in cores]
    quantities = ["kind of search", *measured, "of the processor", SENDING, *estimates]
    by_case = pd.DataFrame(rows, columns=["case", *quantities], dtype=object).fillna("").set_index("case")
    return by_case.T.rename_axis(index="part", columns=None).reset_index()


def _estimated(searched: pd.DataFrame, cores: int) -> float:
    """Estimate the seconds of a search by so many cores; ``searched`` has the variants of one case."""
    processor, sending = searched.loc[ALONE, "processor_seconds"], searched.loc[SENDING, "stage_seconds"]
    return float(processor / cores + sending)


def cores_of(machine: str) -> int:
    """Read the number of cores of a machine, as :func:`psqe.provenance.machine` writes it.

    >>> cores_of("Some processor, 16 cores, 126 GiB, Linux x86_64")
    16
    """
    return int(machine.rpartition(" cores")[0].rpartition(" ")[2])


def worker_times(table: pd.DataFrame, case: str) -> pd.DataFrame:
    """Compare how long workers take to search with one process, and with what is estimated for them.

    Parameters
    ----------
    table
        The costs of the results store.
    case
        The name of the case after ``workers/``, one of :data:`psqe.study.costs.SEARCHES`.

    Returns
    -------
    A row for each number of workers, such as ``2 workers``, in the order in which they were measured; none
    where the case was not measured. ``of_one_process`` is the time divided by that of one process on the same
    machine, and ``of_estimate`` the time divided by the one that is estimated for as many cores.
    """
    searched = table[table["task"] == f"workers/{case}"].set_index("variant")
    if searched.empty:
        return pd.DataFrame(columns=["of_one_process", "of_estimate"])
    seconds = searched["stage_seconds"].drop([ALONE, SENDING])
    estimates = [_estimated(searched, int(variant.split()[0])) for variant in seconds.index]
    alone = searched.loc[ALONE, "stage_seconds"]
    return pd.DataFrame({"of_one_process": seconds / alone, "of_estimate": seconds / estimates})


def search_share(table: pd.DataFrame) -> dict[str, float]:
    """Compute which share of an alignment in one process is the search that workers can do.

    Parameters
    ----------
    table
        The costs of the results store.

    Returns
    -------
    dict
        The share, from 0 to 1, for each size of :data:`psqe.study.costs.SEARCHES` that was measured.
    """
    shares = {}
    for size in SEARCHES:
        whole, search = (
            cost_of(table, f"workers/aligned/{size}", stage) for stage in ("alignment", "search")
        )
        if whole is not None and search is not None:
            shares[size] = float(search["stage_seconds"] / whole["stage_seconds"])
    return shares


def _by_size(table: pd.DataFrame, cases: Mapping[str, str], stages: Sequence[str]) -> pd.DataFrame:
    """Choose the rows of some cases and stages; ``cases`` tells the kind of data of each."""
    rows = table[table["task"].isin(cases) & table["stage"].isin(stages)]
    chosen = pd.DataFrame({
        "data": rows["task"].map(cases),
        "entities": (rows["n_left"] + rows["n_right"]).astype(int),
        "stage": rows["stage"].astype(str),
        "seconds": rows["stage_seconds"].astype(float),
        "peak_gb": rows["stage_peak_mb"].astype(float).map(gigabytes),
        "search": rows["search"].astype(str),
    })  # fmt: skip
    return chosen.sort_values(["data", "stage", "entities"], ignore_index=True)


def swept(table: pd.DataFrame, variant: str) -> Any:
    """Find the measurement of one way to make the runs of a plan.

    Parameters
    ----------
    table
        The costs of the results store.
    variant
        :data:`psqe.study.costs.ONE_BY_ONE`, ``HERE`` or ``ON_SLURM``.

    Returns
    -------
    pandas.Series or None
        The row, or ``None`` where it was not measured.
    """
    rows = table[table["task"].str.startswith("sweep/") & (table["variant"] == variant)]
    return None if rows.empty else rows.iloc[0]


def sweep_table(table: pd.DataFrame) -> pd.DataFrame:
    """List in which ways the runs of a plan were made, and how many numbers are the same in all of them.

    Parameters
    ----------
    table
        The costs of the results store.
    """
    rows = []
    for variant in (ONE_BY_ONE, HERE, ON_SLURM):
        row = swept(table, variant)
        if row is None:
            rows.append((variant, NOT_MEASURED, "", ""))
            continue
        rows.append((variant, f"{row['n_runs']:,d}", f"{row['threads']:d}", f"{row['n_compared']:,d}"))
    return pd.DataFrame(rows, columns=["way", "runs", "at the same time", "the same numbers"])
