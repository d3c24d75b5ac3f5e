"""The one store of all results: what was run, what it cost, and what it measured.

A store is a folder of CSV files, ``results/store`` of the project:

``runs/TASK.csv``
    One row for each run: its id, its :class:`~psqe.study.spec.RunSpec` as JSON, seconds, peak memory, and
    where the numbers came from.
``SUBJECT/TASK.csv``
    The measures of the runs about one subject: the id of the run, the key columns that tell its rows apart,
    and the values. :mod:`psqe.study.columns` describes every column.
``environments.csv``
    The versions and the machine that many runs share, each combination once.

The columns that say what was run are never stored beside a measure: :meth:`Store.table` takes them from the
spec, and tables join on the id of the run alone (:func:`compare`). The schema is checked by pandera when a
file is written and when it is read (:mod:`psqe.study.store_files`). Files are replaced whole, under a lock
that two writers share. The row in ``runs`` is written last: measures without it are what an interrupted
writer left, and do not count. For the same reason the row of a run that is replaced is removed first. A run
without measures has lost them, which is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np
import pandas as pd
from filelock import FileLock

from psqe.errors import DataError, ParameterError, PsqeError
from psqe.files import atomic_path, content_hash
from psqe.graph import counted, in_number
from psqe.provenance import provenance
from psqe.study.columns import COLUMNS, ENVIRONMENT_COLUMNS, KEYS, RUN_COLUMNS, VALUES
from psqe.study.project import Project
from psqe.study.spec import SPEC_COLUMNS, RunSpec, Subject
from psqe.study.store_files import ANEW, FILES, RESTORE, checked_rows, entries, no_rows, read_file, read_files

SOURCE = ("revision", "versions", "machine", "date")
"""What is known about where a result comes from, see :func:`psqe.provenance.provenance`."""


@dataclass(frozen=True)
class RunResult:
    """What one run measured.

    Attributes
    ----------
    spec
        What was run.
    rows
        The measures: mappings with the columns :data:`psqe.study.columns.KEYS` and
        :data:`psqe.study.columns.VALUES` of the spec's subject.
    seconds, peak_mb
        What mining and training cost; ``None`` where it was not measured.
    source
        The texts of :data:`SOURCE`; missing ones are those of now.

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
            If a file does not fit its columns, an id is not that of its spec, a run occurs twice, or its
            environment is missing.
        """
        paths = self._files("runs")
        tables = read_files(paths, RUN_COLUMNS, ("id",))
        parts = [_with_specs(table, path) for table, path in zip(tables, paths, strict=True)]
        table = pd.concat(parts or [no_rows(RUN_COLUMNS)])
        if (twice := table.duplicated("id")).any():
            raise DataError(f"run {table['id'][twice].iloc[0]} occurs twice", path=self.folder / "runs")
        environments = read_file(self.folder / "environments.csv", ENVIRONMENT_COLUMNS, ("environment",))
        lost = ~table["environment"].isin(environments["environment"])
        if lost.any():
            run = table[lost].iloc[0]
            raise DataError(
                f"environment {run['environment']!r} of run {run['id']} is not in environments.csv",
                path=self.folder / "runs" / file_name(run["spec"]),
                remedy="restore environments.csv, or delete this file and run psqe results fill PLAN",
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
        """The specs whose runs are not stored, or without their measures, in their order.

        Raises
        ------
        DataError
            As :meth:`runs`; or if a file with measures of these runs does not fit its columns.
        """
        stored = self.specs()
        measured: dict[tuple[Subject, str], set[str]] = {}

        def is_stored(spec: RunSpec) -> bool:
            if spec.id not in stored:
                return False
            where = (spec.subject, file_name(spec))
            if where not in measured:
                measured[where] = set(self._measures(spec.subject, [where[1]], stored)[0]["id"])
            return spec.id in measured[where]

        return [spec for spec in specs if not is_stored(spec)]

    def table(self, subject: Subject) -> pd.DataFrame:
        """The measures of all runs about a subject, each beside the columns of its run's spec.

        Parameters
        ----------
        subject
            See :data:`psqe.study.spec.Subject`.

        Returns
        -------
        ``id``, ``spec`` (the :class:`RunSpec` itself, for parameters with their types),
        :data:`SPEC_COLUMNS`, cost and provenance of the run, and the subject's
        :data:`psqe.study.columns.KEYS` and :data:`psqe.study.columns.VALUES`. A column of the spec that the
        measures have themselves is left out.
        Rows are in the order of the spec's columns; those of one run are in the order in which it gave them.

        Raises
        ------
        DataError
            As :meth:`runs`; or if a key repeats, measures are in a file where they do not belong, or a run
            has none.
        """
        names = _measure_columns(subject)
        # The runs are read first: what a writer adds in the meantime has its measures before it is a run.
        runs = self.runs()
        specs = dict(runs[["id", "spec"]].itertuples(index=False, name=None))
        parts = self._measures(subject, [path.name for path in self._files(subject)], specs)
        measures = pd.concat(parts or [no_rows(names)])
        runs = runs[runs["subject"] == subject]
        if (bare := ~runs["id"].isin(measures["id"].unique())).any():
            raise self._no_measures(runs["spec"][bare].iloc[0], int(bare.sum()))
        return _joined(runs, measures, names)

    def table_of(self, spec: RunSpec) -> pd.DataFrame:
        """The rows of :meth:`table` that are about one run; those of other runs are not looked at.

        Parameters
        ----------
        spec
            A run of the store.

        Returns
        -------
        The rows; none if the measures of the run were lost.

        Raises
        ------
        DataError
            As :meth:`runs`; or if the file with the measures does not fit its columns.

        Examples
        --------
        >>> from psqe.options import TaskOptions
        >>> spec = RunSpec(subject="facts", task=TaskOptions(name="planted"))
        >>> with TemporaryDirectory() as folder:
        ...     store = Store(folder)
        ...     store.put([RunResult(spec, [{"side": "both", "fact": "links", "value": 90}])])
        ...     store.table_of(spec)["value"].tolist()
        [90.0]
        """
        runs = self.runs()
        specs = dict(runs[["id", "spec"]].itertuples(index=False, name=None))
        [measures] = self._measures(spec.subject, [file_name(spec)], specs)
        return _joined(runs[runs["id"] == spec.id], measures, _measure_columns(spec.subject))

    def _measures(
        self, subject: Subject, names: Sequence[str], specs: Mapping[str, RunSpec]
    ) -> list[pd.DataFrame]:
        """The measures of some files; one of a run that belongs elsewhere is refused."""
        paths = [self.folder / subject / name for name in names]
        tables = read_files(paths, _measure_columns(subject), ("id", *KEYS[subject]))
        for path, table in zip(paths, tables, strict=True):
            for row, run_id in table["id"].drop_duplicates().items():
                spec = specs.get(run_id)  # none if a writer was interrupted before it wrote the run
                if spec is not None and (spec.subject, file_name(spec)) != (subject, path.name):
                    raise DataError(
                        f"run {run_id} belongs in {spec.subject}/{file_name(spec)}",
                        path=path, line=int(row) + 2, remedy=RESTORE,
                    )  # fmt: skip
        return tables

    def _no_measures(self, spec: RunSpec, n: int) -> DataError:
        """The error for runs whose measures were lost, of which ``spec`` is one."""
        return DataError(
            f"{counted(n, 'stored run')} {in_number(n, 'has')} no measures here, such as {spec.id}: {spec}",
            path=self.folder / spec.subject / file_name(spec),
            remedy=f"restore the file, run psqe results fill PLAN, or psqe results rerun {spec.id} "
            "--overwrite",
        )

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
        runs, environments, measures = checked_tables(results)
        file_by_id = {result.spec.id: file_name(result.spec) for result in results}
        with self._locked():
            for name, part in runs.groupby(runs["id"].map(file_by_id)):
                self._withdraw(self.folder / "runs" / name, part["id"])
            self._merge(self.folder / "environments.csv", environments, ENVIRONMENT_COLUMNS, "environment")
            for subject, table in measures.items():
                for name, part in table.groupby(table["id"].map(file_by_id)):
                    self._merge(self.folder / subject / name, part, _measure_columns(subject), "id")
            for name, part in runs.groupby(runs["id"].map(file_by_id)):
                self._merge(self.folder / "runs" / name, part, RUN_COLUMNS, "id")

    def _withdraw(self, path: Path, ids: pd.Series[str]) -> None:
        """Remove the rows of runs that are about to be replaced.

        Until the new row is written, a run counts as lacking, so that new measures are never read beside the
        provenance of the older ones, even if this process is killed.
        """
        old = read_file(path, RUN_COLUMNS)
        if (replaced := old["id"].isin(ids)).any():
            self._write(path, old[~replaced])

    def _merge(self, path: Path, new: pd.DataFrame, names: Sequence[str], by: str) -> None:
        """Replace the old rows whose value of ``by`` is among the new ones, and sort stably by it."""
        old = read_file(path, names)
        table = pd.concat([old[~old[by].isin(new[by])], new]).sort_values(by, kind="stable")
        self._write(path, table)

    def _write(self, path: Path, table: pd.DataFrame) -> None:
        """Replace one file of the store."""
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
        return entries(self.folder / name, FILES)


def _with_specs(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The runs of one file, with specs as objects."""
    specs = []
    for line, (run_id, text) in enumerate(zip(table["id"], table["spec"], strict=True), start=2):
        try:
            spec, own_id = _stored_spec(text)
        except DataError as error:
            remedy = ANEW if error.remedy else RESTORE
            raise DataError(error.what, path=path, line=line, remedy=remedy) from error
        if own_id != run_id or file_name(spec) != path.name:
            raise DataError(f"run {run_id} lacks the id of its spec, or is in the wrong file",
                            path=path, line=line, remedy=RESTORE)  # fmt: skip
        specs.append(spec)
    return table.assign(spec=pd.Series(specs, index=table.index, dtype=object))


@cache
def _stored_spec(text: str) -> tuple[RunSpec, str]:
    """The spec that a JSON text in a file of runs describes, and its id; both are kept."""
    spec = RunSpec.from_json(text)
    return spec, spec.id


def checked_tables(
    results: Sequence[RunResult],
) -> tuple[pd.DataFrame, pd.DataFrame, dict[Subject, pd.DataFrame]]:
    """Make the rows that a store has for some results, and check them.

    Parameters
    ----------
    results
        What was measured, each run once.

    Returns
    -------
    The rows of ``runs``, of ``environments.csv``, and of the measures by subject.

    Raises
    ------
    DataError
        As :meth:`Store.put`.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> spec = RunSpec(subject="facts", task=TaskOptions(name="planted"))
    >>> result = RunResult(spec, [{"side": "both", "fact": "links", "value": 90}])
    >>> checked_tables([result])[2]["facts"]["value"].tolist()
    [90.0]
    """
    runs, environments = _run_rows(results)
    measures = {
        subject: checked_rows(
            [
                {"id": result.spec.id, **row}
                for result in results if result.spec.subject == subject for row in result.rows
            ],
            _measure_columns(subject), ("id", *KEYS[subject]),
        )
        for subject in dict.fromkeys(result.spec.subject for result in results)
    }  # fmt: skip
    return runs, environments, measures


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
    One row for each number that both tables have: ``id``, ``task``, the subject's
    :data:`psqe.study.columns.KEYS`, ``column``, ``first``, ``second`` and ``difference``, the second minus
    the first.
    """
    key = ["id", *KEYS[subject]]
    numbers = _numbers(subject)

    def long(table: pd.DataFrame, name: str) -> pd.DataFrame:
        return table.melt(id_vars=["task", *key], value_vars=numbers, var_name="column", value_name=name)

    both = long(first, "first").merge(long(second, "second").drop(columns="task"), on=[*key, "column"])
    both = both.dropna(subset=["first", "second"], ignore_index=True)
    both[["first", "second"]] = both[["first", "second"]].astype("float64")
    return both.assign(difference=both["second"] - both["first"])


def n_numbers(table: pd.DataFrame, subject: Subject) -> int:
    """Count the numbers in a table: the cells of :func:`compare`, if the other table had them all.

    Parameters
    ----------
    table
        A table of :meth:`Store.table` or :func:`results_table`, or rows or columns of it.
    subject
        Its subject.

    Returns
    -------
    The number of cells of values that hold a number.

    Examples
    --------
    >>> n_numbers(pd.DataFrame({"value": [1.0, None]}), "facts")
    1
    """
    return int(table[[name for name in _numbers(subject) if name in table]].notna().sum().sum())


def _numbers(subject: Subject) -> list[str]:
    """The columns of a subject that hold numbers."""
    return [name for name in VALUES[subject] if COLUMNS[name].dtype != "string"]


def file_name(spec: RunSpec) -> str:
    """The name of the files with the rows of a run: its task and random state, or ``cost`` for costs.

    >>> from psqe.options import TaskOptions
    >>> file_name(RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr")))
    'emoji-en-fr-0.csv'
    """
    name = "cost" if spec.subject == "cost" else f"{spec.task.name}-{spec.random_state}"
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") + ".csv"


def _joined(runs: pd.DataFrame, measures: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Measures beside the runs that they are about, in the order of what was run."""
    runs = runs.drop(columns=list(set(runs) & set(names) - {"id"}))
    table = runs.merge(measures, on="id", sort=False)
    order = [name for name in SPEC_COLUMNS if name in table]
    return table.sort_values(order, kind="stable", ignore_index=True)


def _measure_columns(subject: Subject) -> tuple[str, ...]:
    if subject not in get_args(Subject):
        raise ParameterError(f"there is no subject {subject!r}", remedy=f"choose from {', '.join(KEYS)}")
    return ("id", *KEYS[subject], *VALUES[subject])


def _run_rows(results: Sequence[RunResult]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``runs`` and ``environments.csv`` for some results."""
    complete = all(set(SOURCE) <= set(result.source or ()) for result in results)
    now = {} if complete else provenance()
    runs, environments = [], {}
    for result in results:
        if not result.rows:
            raise DataError(f"run {result.spec.id} measured nothing: {result.spec}")
        source = {**now, **(result.source or {})}
        for name in SOURCE:
            if not isinstance(source[name], str):
                raise DataError(
                    f"the {name} of run {result.spec.id} is {source[name]!r}, which is not a text"
                )
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
        checked_rows(runs, RUN_COLUMNS, ("id",)),
        checked_rows(list(environments.values()), ENVIRONMENT_COLUMNS, ("environment",)),
    )


def _with_spec_columns(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with the columns of their specs, typed."""
    flat = pd.DataFrame([spec.columns for spec in runs["spec"]], columns=list(SPEC_COLUMNS), index=runs.index)
    types = dict.fromkeys(SPEC_COLUMNS, "string")
    types |= {"dangling": "Float64", "n_seeds": "Int64", "random_state": "Int64"}
    return pd.concat([runs[["id", "spec"]], flat.astype(types), runs.drop(columns=["id", "spec"])], axis=1)
