"""The table of costs: seconds and peak memory of each stage against the number of entities.

``results/costs.csv``, written by :func:`put` only, with what ``benchmarks/cost.py`` measured. A case is
measured in a process of its own and replaces all its older rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from psqe.errors import DataError
from psqe.files import atomic_path
from psqe.provenance import provenance, versions
from psqe.study.old_store import _strings, locked
from psqe.study.project import Project

COLUMNS: dict[str, str] = {
    "case": "string",  # fr_en/released, fr_en/10k, planted/1M
    "variant": "string",
    "stage": "string",  # data, cluster, refine, expand, other, total; or what else was timed
    "n_left": "Int64",
    "n_right": "Int64",
    "width": "Int64",  # dimensions of all modalities together
    "n_seeds": "Int64",  # wanted
    "n_clusters": "Int64",
    "n_epochs": "Int64",
    "seconds": "Float64",
    "peak_mb": "Float64",  # of the process, until the stage was done
    "cap_mb": "Float64",  # what the process was allowed
    "seeds": "Int64",  # there after the stage
    "precision": "Float64",
    "search": "string",  # exact or approximate
    "threads": "Int64",
    "revision": "string",
    "versions": "string",
    "machine": "string",
    "date": "string",
}
KEY = ["case", "variant", "stage"]
NEEDED = [*KEY, "n_left", "n_right", "seconds"]
STAGES = ("cluster", "refine", "expand")

NOT_MEASURED = "not measured"
"""What a page says where the table has no row."""


@dataclass(frozen=True)
class Limit:
    """What a case may cost.

    Attributes
    ----------
    variant
        The variant of PSQE that the case mines with.
    seconds
        Most wall-clock seconds.
    peak_gb
        Most memory of the process, in gigabytes (10^9 bytes).

    Examples
    --------
    >>> LIMITS["fr_en/corrected"].seconds
    180
    """

    variant: str
    seconds: float
    peak_gb: float


WIDTHS = {"image": 2048, "attribute": 768, "relation": 768}
"""Of the vectors of fr_en."""

N_SEEDS, N_CLUSTERS, N_EPOCHS = 1000, 5, 300
"""Of the miner; epochs only where there is a limit, else the variant's own."""

CAP_BYTES = 6e9
"""What a process that mines a planted pair may hold."""

CASES: Mapping[str, str | None] = {
    "fr_en/released": None, "fr_en/corrected": None,
    **dict.fromkeys(("fr_en/1k", "fr_en/2k", "fr_en/5k", "fr_en/10k", "fr_en/20k", "fr_en/40k"), "fr_en"),
    **dict.fromkeys(("planted/10k", "planted/100k", "planted/1M"), "planted"),
    "ratios/attention": None, "ratios/survey": None,
}  # fmt: skip
"""The cases that the benchmark measures when none is named. Those that show how costs grow with the number of
entities have the name of their data."""

LIMITS = {
    "fr_en/released": Limit("released", 600, 3.0),
    "fr_en/corrected": Limit("corrected", 180, 3.0),
}
"""Mining DBP15K fr_en with vectors 2048, 768 and 768 wide, three stages, 300 epochs, two cores."""

PUBLISHED = {"seconds an epoch": 155.0, "epochs": 300, "peak_gb": 13.6}
"""The published procedure on arrays of the same sizes and a machine like this, as measured by us once."""


PACKAGES = ("python", "psqe", "torch", "numpy", "scipy", "scikit-learn")
"""The packages whose version can change what a stage costs; faiss-cpu, too."""


@cache
def _versions() -> str:
    found = {name: versions()[name] for name in PACKAGES} | {"faiss-cpu": metadata.version("faiss-cpu")}
    return "; ".join(f"{name} {version}" for name, version in found.items())


def read(path: str | Path | None = None) -> pd.DataFrame:
    """Read the table: columns and types as in :data:`COLUMNS`. A file that does not exist is empty.

    Parameters
    ----------
    path
        The CSV file; ``results/costs.csv`` of the project when omitted.

    Raises
    ------
    DataError
        If a column is missing or unknown, a value does not fit, or a key repeats.
    """
    path = _default() if path is None else Path(path)
    if not path.exists():
        return _typed([])
    table = _strings(path)
    for wrong, what in ((set(COLUMNS) - set(table), "lacks"), (set(table) - set(COLUMNS), "has the unknown")):
        if wrong:
            raise DataError(
                f"{what} column {sorted(wrong)[0]!r}",
                path=path,
                remedy="write it with benchmarks/cost.py only",
            )
    found = _typed(
        [
            _checked({name: value for name, value in row.items() if value != ""}, path=path, line=number)
            for number, row in enumerate(table.to_dict("records"), start=2)
        ]
    )
    if (twice := found.duplicated(KEY)).any():
        raise DataError("repeats the key of a row above", path=path, line=int(twice.argmax()) + 2)
    return found


def put(
    rows: Iterable[Mapping[str, Any]], path: str | Path | None = None, *, revision: str | None = None
) -> pd.DataFrame:
    """Write the rows of some cases; older rows of these cases go. Returns the whole table.

    Parameters
    ----------
    rows
        Mappings from column to value, with at least :data:`NEEDED`. Versions, machine and date are
        filled in.
    path
        The CSV file; ``results/costs.csv`` of the project when omitted.
    revision
        The git revision that was measured; that of now when omitted.

    Raises
    ------
    DataError
        If a row lacks a column, has an unknown one, or a value does not fit. Nothing is written then.
    """
    path = _default() if path is None else Path(path)
    source = {**provenance(), "versions": _versions()}
    if revision is not None:
        source["revision"] = revision
    new = [_checked({**source, **row}, path=None, line=None) for row in rows]
    fresh = {row["case"] for row in new}
    with locked(path.with_name(f".{path.name}.lock")):
        old = [row for row in read(path).to_dict("records") if row["case"] not in fresh]
        # By case; rows of one stay in the order in which they were measured.
        table = _typed(sorted([*old, *new], key=lambda row: str(row["case"])))
        if table.duplicated(KEY).any():
            raise DataError("two rows have the same case, variant and stage", path=path)
        with atomic_path(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
    return table


def gigabytes(peak_mb: float) -> float:
    """MiB as :func:`psqe.measure.peak_memory_mb` counts them, in units of 10^9 bytes."""
    return peak_mb * 2**20 / 1e9


def cost(table: pd.DataFrame, case: str, stage: str = "total", variant: str | None = None) -> Any:
    """One row of the table, or ``None`` where the case was not measured."""
    found = table[(table["case"] == case) & (table["stage"] == stage)]
    if variant is not None:
        found = found[found["variant"] == variant]
    return None if found.empty else found.iloc[0]


def ratio(table: pd.DataFrame, case: str, slow: str, fast: str) -> float | None:
    """How many times as long one variant of a case takes as another; ``None`` where not measured."""
    rows = table[table["case"] == case].set_index("variant")["seconds"]
    return float(rows[slow] / rows[fast]) if {slow, fast} <= set(rows.index) else None


def limits_table(table: pd.DataFrame) -> pd.DataFrame:
    """The cases of :data:`LIMITS` beside the published procedure, as texts for a page to show."""
    hours = PUBLISHED["seconds an epoch"] * PUBLISHED["epochs"] / 3600
    rows = [
        {
            "procedure": "published",
            "time": f"{hours:.0f} hours",
            "at most": "",
            "peak memory": f"{PUBLISHED['peak_gb']:.1f} GB",
            "at most ": "",
        }
    ]
    for case, limit in LIMITS.items():
        row = cost(table, case)
        rows.append(
            {
                "procedure": f"ours, {case.partition('/')[2]}",
                "time": NOT_MEASURED if row is None else duration(row["seconds"]),
                "at most": f"{limit.seconds / 60:.0f} minutes",
                "peak memory": NOT_MEASURED if row is None else f"{gigabytes(row['peak_mb']):.2f} GB",
                "at most ": f"{limit.peak_gb:.0f} GB",
            }
        )
    return pd.DataFrame(rows)


def stage_table(table: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """Seconds and peak memory of cases by stage; one row that says so for a case without measurement."""
    rows: list[dict[str, Any]] = []
    for case in cases:
        found = table[table["case"] == case]
        if found.empty:
            rows.append({"case": case, "stage": NOT_MEASURED, "seconds": "", "peak, GB": ""})
        for row in found.to_dict("records"):
            peak = "" if pd.isna(row["peak_mb"]) else f"{gigabytes(row['peak_mb']):.2f}"
            rows.append(
                {
                    "case": case,
                    "stage": row["stage"],
                    "seconds": f"{row['seconds']:.1f}",
                    "peak, GB": peak,
                }
            )
    return pd.DataFrame(rows)


def source_table(table: pd.DataFrame) -> pd.DataFrame:
    """Where the rows come from: which cases were measured on which machine, at which revision and when."""
    by = ["revision", "machine", "versions", "threads"]
    rows = [
        {
            "cases": ", ".join(dict.fromkeys(group["case"])),
            **dict(zip(by, map(str, key), strict=True)),
            "date": str(group["date"].max())[:10],
        }
        for key, group in table.groupby(by, sort=False)
    ]
    return pd.DataFrame(rows or [{"cases": NOT_MEASURED}])


def not_measured(table: pd.DataFrame) -> list[str]:
    """The cases of :data:`CASES` that have no row."""
    return [case for case in CASES if case not in set(table["case"])]


def duration(seconds: float) -> str:
    """Seconds in words: seconds up to two minutes, then minutes, then hours."""
    for most, unit, name in ((120, 1, "seconds"), (7200, 60, "minutes")):
        if seconds < most:
            return f"{seconds / unit:.{0 if unit == 1 else 1}f} {name}"
    return f"{seconds / 3600:.1f} hours"


def verdict(table: pd.DataFrame, case: str) -> str:
    """Whether a case stayed within its limit, in words."""
    row = cost(table, case)
    if row is None:
        return NOT_MEASURED
    over = [
        what
        for what, value, most in (
            ("time", row["seconds"], LIMITS[case].seconds),
            ("memory", gigabytes(row["peak_mb"]), LIMITS[case].peak_gb),
        )
        if value > most
    ]
    return f"over its limit of {' and of '.join(over)}" if over else "within both limits"


def scaling(table: pd.DataFrame) -> pd.DataFrame:
    """What :func:`psqe.study.figures.costs.scaling` draws: cases that differ in the number of entities only.

    Returns
    -------
    Columns ``data`` (``fr_en`` or ``planted``), ``entities`` of both sides, ``stage``, ``seconds``,
    ``peak_gb``, ``search``; by data, stage and size. Empty where nothing was measured.
    """
    sized = table[table["case"].str.fullmatch(r"\w+/\d+[kM]?") & table["stage"].isin([*STAGES, "total"])]
    found = pd.DataFrame(
        {
            "data": sized["case"].str.partition("/")[0] if len(sized) else [],
            "entities": (sized["n_left"] + sized["n_right"]).astype(int),
            "stage": sized["stage"].astype(str),
            "seconds": sized["seconds"].astype(float),
            "peak_gb": sized["peak_mb"].astype(float).map(gigabytes),
            "search": sized["search"].astype(str),
        }
    )
    return found.sort_values(["data", "stage", "entities"], ignore_index=True)


def _default() -> Path:
    return Project.find().results / "costs.csv"


def _typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _checked(row: Mapping[str, Any], *, path: Path | None, line: int | None) -> dict[str, Any]:
    """A row with every column, each of its type; numbers are finite and not negative."""

    def fault(what: str) -> DataError:
        return DataError(what, path=path, line=line, remedy="write it with benchmarks/cost.py only")

    if unknown := sorted(set(row) - set(COLUMNS)):
        raise fault(f"there is no column {unknown[0]!r}")
    result: dict[str, Any] = {}
    for name, dtype in COLUMNS.items():
        value = row.get(name)
        if value is None or pd.isna(value) or value == "":
            if name in NEEDED:
                raise fault(f"column {name!r} is missing")
            result[name] = pd.NA
        elif dtype == "string":
            result[name] = str(value)
        else:
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = math.nan
            if not (math.isfinite(number) and number >= 0) or (dtype == "Int64" and number != int(number)):
                raise fault(f"column {name!r} is {value!r}")
            result[name] = int(number) if dtype == "Int64" else round(number, 6)
    return result
