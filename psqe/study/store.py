"""The one store of all results: what was run, what it cost, and what it measured.

A store is a folder of CSV files, ``results/store`` of the project:

``runs/TASK.csv``
    One row for each run: its id, its :class:`~psqe.study.spec.RunSpec` as JSON, seconds, peak memory, and
    where the numbers came from (:data:`RUN_COLUMNS`).
``SUBJECT/TASK.csv``
    The measures of the runs about one subject: the id of the run, the key columns that tell its rows apart
    (:data:`KEYS`), and the values (:data:`VALUES`). :data:`COLUMNS` describes every column.
``environments.csv``
    The versions and the machine that many runs share, each combination once.

The columns that say what was run are never stored beside a measure: :meth:`Store.table` takes them from the
spec, and tables join on the id of the run alone (:func:`compare`). The schema is checked by pandera when a
file is written and when it is read. Files are replaced whole, under a lock that two writers share. The row in
``runs`` is written last: measures without it are what an interrupted writer left, and do not count.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
from filelock import FileLock

from psqe.errors import DataError, ParameterError, PsqeError
from psqe.files import atomic_path, content_hash
from psqe.provenance import provenance
from psqe.study.project import Project
from psqe.study.spec import SPEC_COLUMNS, RunSpec, Subject

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema


@dataclass(frozen=True)
class Column:
    """What a column of the store holds.

    Attributes
    ----------
    meaning
        What the column means, in one sentence.
    dtype
        The pandas type: ``string``, ``Int64`` or ``Float64``.
    high
        The largest value of a number; the smallest is 0 unless ``low`` says otherwise.
    low
        The smallest value of a number.

    Examples
    --------
    >>> COLUMNS["hits@1"].meaning
    'Share of entities whose counterpart is ranked first.'
    """

    meaning: str
    dtype: str
    high: float = sys.float_info.max
    low: float = 0.0


def _text(meaning: str) -> Column:
    return Column(meaning, "string")


def _count(meaning: str) -> Column:
    return Column(meaning, "Int64", high=2**53)


def _number(meaning: str) -> Column:
    return Column(meaning, "Float64")


def _share(meaning: str) -> Column:
    return Column(meaning, "Float64", high=1.0)


COLUMNS: dict[str, Column] = {
    "id": _text("The id of the run's spec."),
    # ---- of the run
    "spec": _text("The spec as canonical JSON."),
    "seconds": _number("Wall-clock seconds that mining and training took."),
    "peak_mb": _number("Largest resident memory of the process until the run was done, in MiB."),
    "revision": _text("The git revision; a plus sign means that files differed from it."),
    "date": _text("When the run ended, UTC."),
    "environment": _text("The key of a row in environments.csv."),
    "versions": _text("Versions of Python and of the packages that can change a number."),
    "machine": _text("Processor, cores, memory and system."),
    # ---- which row of the run
    "side": _text("left, right, or both for a fact about the pair."),
    "fact": _text("The name of a fact."),
    "part_kind": _text("all; a kind of region (degree, density, semantic); stage; or confidence."),
    "part": _text("all; the region; the stage after which seeds were judged; or the tenth's lower end."),
    "protocol": _text("The evaluation protocol: full or peer."),
    "direction": _text("l2r, r2l, or both for the mean of the two."),
    "matching": _text("What was made of the similarities before they were ranked: cosine, csls or sinkhorn."),
    "links": _text("The group of gold links that were asked: all, free, seeds, wrong or free_of_all."),
    "rule": _text("The rule that chose the links."),
    "threshold": _text("How the smallest confidence of a link was set."),
    "answer": _text("link; or no counterpart, with the side."),
    "variant": _text("The variant that was timed."),
    "stage": _text("The stage that was timed."),
    # ---- values
    "value": Column("The value of a fact.", "Float64", low=-sys.float_info.max),
    "seeds_found": _count("Number of seeds."),
    "precision": _share("Share of correct ones among all seeds, links or answers."),
    "seeds_judged": _count("Number of seeds with an entity that is in a gold link."),
    "precision_judged": _share("Precision among seeds or links with an entity that is in a gold link."),
    "estimated": _share("Precision, estimated without labels."),
    "recall": _share("Share of the gold links, or of the entities without counterpart, that were found."),
    "coverage": _share("Share of the entities of a region that are in a seed."),
    "balance": _share("How evenly the seeds cover the regions of a kind; 1 is even."),
    "least_covered": _share("Coverage of the least covered region of a kind."),
    "stage_seconds": _number("Wall-clock seconds of one stage."),
    "n_queries": _count("Number of entities that were asked for their counterparts."),
    "hits@1": _share("Share of entities whose counterpart is ranked first."),
    "hits@5": _share("Share of entities whose counterpart is among the first five."),
    "hits@10": _share("Share of entities whose counterpart is among the first ten."),
    "mrr": _share("Mean reciprocal rank of the counterpart."),
    "min_confidence": _share("The smallest confidence of a link."),
    "n": _count("Number of answers."),
    "n_correct": _count("Number of correct answers."),
    "n_wanted": _count("Number of answers that would be correct."),
    "f1": _share("Harmonic mean of precision and recall."),
    "expected_correct": _number("Sum of the links' confidences."),
    "n_left": _count("Number of left entities."),
    "n_right": _count("Number of right entities."),
    "width": _count("Dimensions of all modalities together."),
    "n_seeds": _count("Number of seeds wanted."),
    "n_clusters": _count("Number of clusters."),
    "n_epochs": _count("Number of epochs."),
    "stage_peak_mb": _number("Largest resident memory of the process until the stage was done, in MiB."),
    "cap_mb": _number("Memory that the process was allowed, in MiB."),
    "search": _text("exact or approximate."),
    "threads": _count("Number of threads."),
}
"""Every column of the store, and what it means. A column means the same wherever it stands."""

RUN_COLUMNS = ("id", "spec", "seconds", "peak_mb", "revision", "date", "environment")
ENVIRONMENT_COLUMNS = ("environment", "versions", "machine")

KEYS: dict[Subject, tuple[str, ...]] = {
    "facts": ("side", "fact"),
    "seeds": ("part_kind", "part"),
    "alignment": ("protocol", "matching", "links", "direction", "part_kind", "part"),
    "links": ("matching", "rule", "threshold", "answer"),
    "cost": ("variant", "stage"),
}
"""The columns that, with the id, tell the measures of a subject apart."""

VALUES: dict[Subject, tuple[str, ...]] = {
    "facts": ("value",),
    "seeds": (
        "seeds_found", "precision", "seeds_judged", "precision_judged", "estimated", "recall", "coverage",
        "balance", "least_covered", "stage_seconds",
    ),
    "alignment": ("n_queries", "hits@1", "hits@5", "hits@10", "mrr"),
    "links": (
        "min_confidence", "n", "n_correct", "n_wanted", "precision", "precision_judged", "recall", "f1",
        "expected_correct",
    ),
    "cost": (
        "n_left", "n_right", "width", "n_seeds", "n_clusters", "n_epochs", "stage_seconds", "stage_peak_mb",
        "cap_mb", "seeds_found", "precision", "search", "threads",
    ),
}  # fmt: skip
"""The columns of a subject that hold what was measured; at least one of them is filled in a row."""

ANEW = "if an earlier psqe wrote it, fill an empty folder anew (psqe results fill PLAN --store FOLDER)"
"""The remedy for a file of a store whose columns or specs are no longer those of this version."""

FILES = "[!.]*.csv"
"""The files of a store; the name of one that is being written begins with a full stop."""

MAY_BE_EMPTY = {*(name for names in VALUES.values() for name in names), "seconds", "peak_mb"}


@dataclass(frozen=True)
class RunResult:
    """What one run measured.

    Attributes
    ----------
    spec
        What was run.
    rows
        The measures: mappings with the columns :data:`KEYS` and :data:`VALUES` of the spec's subject.
    seconds, peak_mb
        What mining and training cost; ``None`` where it was not measured.
    source
        ``revision``, ``versions``, ``machine`` and ``date``; missing ones are those of now.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> spec = RunSpec(subject="facts", task=TaskOptions(name="planted"))
    >>> result = RunResult(spec, [{"side": "both", "fact": "links", "value": 90}], seconds=0.5)
    >>> results_table([result], "facts")["value"].tolist()
    [90.0]
    """

    spec: RunSpec
    rows: Sequence[Mapping[str, Any]]
    seconds: float | None = None
    peak_mb: float | None = None
    source: Mapping[str, str] | None = None


class Store:
    """The results in one folder.

    Parameters
    ----------
    folder
        The folder; ``results/store`` of the project when omitted. One that does not exist is an empty store.

    Examples
    --------
    >>> import tempfile
    >>> from psqe.options import TaskOptions
    >>> spec = RunSpec(subject="facts", task=TaskOptions(name="planted"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.put([RunResult(spec, [{"side": "both", "fact": "links", "value": 90}])])
    ...     table = store.table("facts")
    >>> table[["task", "fact", "value"]].to_dict("records")
    [{'task': 'planted', 'fact': 'links', 'value': 90.0}]
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Project.find().results / "store" if folder is None else Path(folder)

    def runs(self) -> pd.DataFrame:
        """Every run: ``id``, ``spec`` (a :class:`RunSpec`), :data:`SPEC_COLUMNS`, cost and provenance.

        Raises
        ------
        DataError
            If a file does not fit :data:`COLUMNS`, an id is not that of its spec, a run occurs twice, or its
            environment is missing.
        """
        parts = [self._read_runs(path) for path in self._files("runs")]
        table = pd.concat(parts or [_empty(RUN_COLUMNS)])
        if (twice := table.duplicated("id")).any():
            raise DataError(f"run {table['id'][twice].iloc[0]} occurs twice", path=self.folder / "runs")
        environments = _read(self.folder / "environments.csv", ENVIRONMENT_COLUMNS, ("environment",))
        lost = ~table["environment"].isin(environments["environment"])
        if lost.any():
            raise DataError(
                f"environment {table['environment'][lost].iloc[0]!r} is not in environments.csv",
                path=self.folder,
                remedy="keep the files of a store together",
            )
        return _with_spec_columns(table.merge(environments, on="environment").drop(columns="environment"))

    def specs(self) -> dict[str, RunSpec]:
        """The spec of every run, by id.

        Raises
        ------
        DataError
            As :meth:`runs`.
        """
        return dict(self.runs()[["id", "spec"]].itertuples(index=False, name=None))

    def lacking(self, specs: Iterable[RunSpec]) -> list[RunSpec]:
        """The specs whose runs are not stored, in their order."""
        stored = self.specs()
        return [spec for spec in specs if spec.id not in stored]

    def table(self, subject: Subject) -> pd.DataFrame:
        """The measures of all runs about a subject, each beside the columns of its run's spec.

        Parameters
        ----------
        subject
            See :data:`psqe.study.spec.Subject`.

        Returns
        -------
        ``id``, ``spec`` (the :class:`RunSpec` itself, for parameters with their types),
        :data:`SPEC_COLUMNS`, cost and provenance of the run, and the subject's :data:`KEYS` and
        :data:`VALUES`. A column of the spec that the measures have themselves is left out. Rows are in the
        order of the spec's columns; those of one run are in the order in which it gave them.

        Raises
        ------
        DataError
            As :meth:`runs`; or if a key repeats.
        """
        names = _measure_columns(subject)
        parts = [_read(path, names, ("id", *KEYS[subject])) for path in self._files(subject)]
        measures = pd.concat(parts or [_empty(names)])
        runs = self.runs()
        runs = runs[runs["subject"] == subject].drop(columns=list(set(runs) & set(names) - {"id"}))
        table = runs.merge(measures, on="id", sort=False)
        if (twice := table.duplicated(["id", *KEYS[subject]])).any():
            raise DataError(f"run {table['id'][twice].iloc[0]} is in two files", path=self.folder / subject)
        order = [name for name in SPEC_COLUMNS if name in table]
        return table.sort_values(order, kind="stable", ignore_index=True)

    def put(self, results: Iterable[RunResult]) -> None:
        """Add runs with their measures; a run with the id of an older one replaces it.

        Parameters
        ----------
        results
            What was run.

        Raises
        ------
        DataError
            If a measure lacks a key, has an unknown column, repeats a key, or a value does not fit.
            Nothing is written then.
        PsqeError
            If the folder cannot be written.
        """
        results = list({result.spec.id: result for result in results}.values())
        runs, environments = _run_rows(results)
        measures = {
            subject: _checked(
                [
                    {"id": result.spec.id, **row}
                    for result in results if result.spec.subject == subject for row in result.rows
                ],
                _measure_columns(subject), ("id", *KEYS[subject]),
            )
            for subject in {result.spec.subject for result in results}
        }  # fmt: skip
        file_by_id = {result.spec.id: file_name(result.spec) for result in results}
        with self._locked():
            for path in self.folder.rglob(".*.csv"):
                path.unlink()  # a writer that was killed left it
            self._merge(self.folder / "environments.csv", environments, ENVIRONMENT_COLUMNS, "environment")
            for subject, table in measures.items():
                for name, part in table.groupby(table["id"].map(file_by_id)):
                    self._merge(self.folder / subject / name, part, _measure_columns(subject), "id")
            for name, part in runs.groupby(runs["id"].map(file_by_id)):
                self._merge(self.folder / "runs" / name, part, RUN_COLUMNS, "id")

    def _merge(self, path: Path, new: pd.DataFrame, names: Sequence[str], by: str) -> None:
        """Replace the old rows whose value of ``by`` is among the new ones, and sort stably by it."""
        old = _read(path, names)
        table = pd.concat([old[~old[by].isin(new[by])], new]).sort_values(by, kind="stable")
        with atomic_path(path) as temporary:
            # More digits than any page shows, and no more: the files are kept under version control.
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.10g")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the store, because notebooks that run at the same time may write to it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            lock.acquire()
        except OSError as error:
            raise PsqeError(
                f"the folder cannot be written ({error.strerror})", path=self.folder, remedy="choose another"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _files(self, name: str) -> list[Path]:
        """The files of one folder of the store, in order; none where the folder does not exist."""
        folder = self.folder / name
        try:
            return sorted(path for path in folder.iterdir() if path.match(FILES))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(
                f"cannot be read ({error.strerror})", path=folder, remedy="give the folder of a store"
            ) from error

    def _read_runs(self, path: Path) -> pd.DataFrame:
        """The runs of one file, with specs as objects."""
        table = _read(path, RUN_COLUMNS, ("id",))
        specs = []
        for line, (run_id, text) in enumerate(zip(table["id"], table["spec"], strict=True), start=2):
            try:
                spec = RunSpec.from_json(text)
            except DataError as error:
                remedy = ANEW if error.remedy else "write it with psqe only"
                raise DataError(error.what, path=path, line=line, remedy=remedy) from error
            if spec.id != run_id or file_name(spec) != path.name:
                raise DataError(f"run {run_id} lacks the id of its spec, or is in the wrong file",
                                path=path, line=line, remedy="write it with psqe only")  # fmt: skip
            specs.append(spec)
        return table.assign(spec=pd.Series(specs, index=table.index, dtype=object))


def results_table(results: Iterable[RunResult], subject: Subject) -> pd.DataFrame:
    """Return the table that a store with these results alone would give.

    Raises
    ------
    DataError
        As :meth:`Store.put`.
    """
    with TemporaryDirectory() as folder:
        store = Store(folder)
        store.put(results)
        return store.table(subject)


def rows_where(table: pd.DataFrame, holds: Callable[[RunSpec], bool]) -> pd.DataFrame:
    """Choose the rows of the runs whose spec has a property.

    Parameters
    ----------
    table
        A table with the column ``spec``, for example of :meth:`Store.table`; it may have no row.
    holds
        Tells of a spec whether its rows are chosen.

    Returns
    -------
    The chosen rows, with all columns.
    """
    return table[np.array([holds(spec) for spec in table["spec"]], dtype=bool)]


def compare(first: pd.DataFrame, second: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Set the numbers of two tables of one subject side by side.

    Rows are joined on the id of the run and the key of the row, and on nothing else.

    Parameters
    ----------
    first, second
        Tables of :meth:`Store.table` or :func:`results_table`, or rows of them.
    subject
        The subject of both.

    Returns
    -------
    One row for each number that both tables have: ``id``, ``task``, the subject's :data:`KEYS`, ``column``,
    ``first``, ``second`` and ``difference``, the second minus the first.
    """
    key = ["id", *KEYS[subject]]
    numbers = [name for name in VALUES[subject] if COLUMNS[name].dtype != "string"]

    def long(table: pd.DataFrame, name: str) -> pd.DataFrame:
        return table.melt(id_vars=["task", *key], value_vars=numbers, var_name="column", value_name=name)

    both = long(first, "first").merge(long(second, "second").drop(columns="task"), on=[*key, "column"])
    both = both.dropna(subset=["first", "second"], ignore_index=True)
    both[["first", "second"]] = both[["first", "second"]].astype("float64")
    return both.assign(difference=both["second"] - both["first"])


def file_name(spec: RunSpec) -> str:
    """The name of the files with the rows of a run: its task and random state, or ``cost`` for costs.

    >>> from psqe.options import TaskOptions
    >>> file_name(RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr")))
    'emoji-en-fr-0.csv'
    """
    name = "cost" if spec.subject == "cost" else f"{spec.task.name}-{spec.random_state}"
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") + ".csv"


def _measure_columns(subject: Subject) -> tuple[str, ...]:
    if subject not in get_args(Subject):
        raise ParameterError(f"there is no subject {subject!r}", remedy=f"choose from {', '.join(KEYS)}")
    return ("id", *KEYS[subject], *VALUES[subject])


def _run_rows(results: Sequence[RunResult]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``runs`` and ``environments.csv`` for some results."""
    now = provenance() if results else {}
    runs, environments = [], {}
    for result in results:
        if not result.rows:
            raise DataError(f"run {result.spec.id} measured nothing: {result.spec}")
        source = {**now, **(result.source or {})}
        key = content_hash(source["versions"], source["machine"])[:8]
        environments[key] = {"environment": key, "versions": source["versions"], "machine": source["machine"]}
        runs.append(
            {
                "id": result.spec.id, "spec": result.spec.json_text, "seconds": result.seconds,
                "peak_mb": result.peak_mb, "revision": source["revision"], "date": source["date"],
                "environment": key,
            }
        )  # fmt: skip
    return (
        _checked(runs, RUN_COLUMNS, ("id",)),
        _checked(list(environments.values()), ENVIRONMENT_COLUMNS, ("environment",)),
    )


def _with_spec_columns(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with the columns of their specs, typed."""
    flat = pd.DataFrame([spec.columns for spec in runs["spec"]], columns=list(SPEC_COLUMNS), index=runs.index)
    types = dict.fromkeys(SPEC_COLUMNS, "string")
    types |= {"dangling": "Float64", "n_seeds": "Int64", "random_state": "Int64"}
    return pd.concat([runs[["id", "spec"]], flat.astype(types), runs.drop(columns=["id", "spec"])], axis=1)


def _empty(names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(names)).astype({name: COLUMNS[name].dtype for name in names})


def _read(path: Path, names: Sequence[str], key: Sequence[str] = ()) -> pd.DataFrame:
    """One file, checked; an empty table where it does not exist.

    A column of values that the file lacks was added to the schema later, and is empty.
    """
    if not path.exists():
        return _empty(names)
    table = _cells(path)
    later = {name: pd.NA for name in names if name in MAY_BE_EMPTY and name not in table}
    return _validated(table.assign(**later), names, key, path)


def _cells(path: Path) -> pd.DataFrame:
    """The cells of one file as text; a row with a cell too many or too few is refused."""
    if not path.is_file():
        raise DataError("is not a file", path=path, remedy="keep only the files of a store in its folder")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"cannot be read ({error})", path=path) from error
    if not rows or not rows[0]:
        raise DataError("has no header", path=path, line=1, remedy="write it with psqe only")
    header = rows[0]
    for line, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataError(f"the row has {len(row)} cells, and the header {len(header)}",
                            path=path, line=line, remedy="write it with psqe only")  # fmt: skip
    if len(set(header)) < len(header):
        raise DataError("the header has a column twice", path=path, line=1, remedy="write it with psqe only")
    filled = [[cell or None for cell in row] for row in rows[1:]]
    return pd.DataFrame(filled, columns=header, dtype="string")


def _checked(rows: Sequence[Mapping[str, Any]], names: Sequence[str], key: Sequence[str]) -> pd.DataFrame:
    """Rows as a table with every column, checked."""
    table = pd.DataFrame(rows, columns=list(dict.fromkeys([*names, *(name for row in rows for name in row)])))
    return _validated(table, names, key, None)


def _validated(
    table: pd.DataFrame, names: Sequence[str], key: Sequence[str], path: Path | None
) -> pd.DataFrame:
    """A table that fits the schema, with the schema's types."""
    from pandera.errors import SchemaErrors

    try:
        return _schema(tuple(names), tuple(key)).validate(table, lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        where = f"column {first['column']!r} is " if isinstance(first["column"], str) else ""
        check = {
            "multiple_fields_uniqueness": "repeats the key of another row",
            "column_in_schema": "is no column of the store",
            "column_in_dataframe": "is a column that is missing",
        }.get(str(first["check"]), f"does not pass the check {first['check']}")
        line = None if path is None or pd.isna(first["index"]) else int(first["index"]) + 2
        remedy = ANEW if str(first["check"]) == "column_in_dataframe" else "write it with psqe only"
        raise DataError(
            f"{where}{first['failure_case']!r}, which {check}",
            path=path,
            line=line,
            remedy=remedy if path else "see psqe.study.store.COLUMNS",
        ) from error


@cache
def _schema(names: tuple[str, ...], key: tuple[str, ...]) -> DataFrameSchema:
    """The schema of a table with these columns."""
    import pandera.pandas as pa

    columns = {}
    for name in names:
        column = COLUMNS[name]
        check = (
            pa.Check.str_matches(r"^\S(.*\S)?$")
            if column.dtype == "string"
            else pa.Check.in_range(column.low, column.high)
        )
        columns[name] = pa.Column(column.dtype, check, nullable=name in MAY_BE_EMPTY)
    values = [name for name in names if name in MAY_BE_EMPTY]
    filled = pa.Check(lambda table: table[values].notna().any(axis=1), name="at least one value")
    measures = names != RUN_COLUMNS and bool(values)
    return pa.DataFrameSchema(
        columns, checks=[filled] if measures else [], strict=True, coerce=True, unique=list(key) or None
    )
