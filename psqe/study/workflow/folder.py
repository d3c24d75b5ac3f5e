"""The folder of a sweep: its jobs, a file for each result, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psqe.errors import DataError
from psqe.files import check_writable, open_file, write_text
from psqe.provenance import provenance
from psqe.study.spec import RunSpec, strict_json
from psqe.study.store import SOURCE, RunResult, Store, checked_tables
from psqe.study.store_files import entries, has_entry

AT_ONCE = 200
"""How many results are held in memory when they are put into a store."""

DELETE = "delete it; the run is made again then"
"""The remedy for a file that should be a result and is none."""

FIELDS = ("spec", "rows", "seconds", "peak_mb", "source")
"""What is in the file of a result: the fields of :class:`~psqe.study.store.RunResult`."""


@dataclass(frozen=True)
class Gathered:
    """What became of the files with results when they were put into a store.

    Attributes
    ----------
    n_new
        How many runs the store lacked and has now.
    cut
        The files that are cut or empty, of runs that the store lacks; they were left out.
    """

    n_new: int
    cut: list[Path]


@dataclass(frozen=True)
class SweepFolder:
    """The files of a sweep.

    Attributes
    ----------
    root
        The folder. It holds ``jobs/NAME.json``, the specs of each job; ``results/ID.json``, the result of
        each run; ``errors/ID.txt``, why a run failed; ``logs/NAME.log``, what each job printed;
        ``done/NAME``, an empty file for each job without a failure; and ``snakemake.log``.
    """

    root: Path

    def result(self, run_id: str) -> Path:
        """The file with the result of a run."""
        return self.root / "results" / f"{run_id}.json"

    def error(self, run_id: str) -> Path:
        """The file that says why a run failed."""
        return self.root / "errors" / f"{run_id}.txt"

    def job(self, name: str) -> Path:
        """The file with the specs of a job."""
        return self.root / "jobs" / f"{name}.json"

    def log(self, name: str) -> Path:
        """The file with what a job printed."""
        return self.root / "logs" / f"{name}.log"

    @property
    def snakemake_log(self) -> Path:
        """The file with what Snakemake printed."""
        return self.root / "snakemake.log"

    def results(self) -> list[Path]:
        """The files with results, in the order of their names.

        Raises
        ------
        DataError
            If the folder of the results cannot be read.
        """
        return entries(self.root / "results", "[!.]*.json")  # others are being written

    def has(self, spec: RunSpec) -> bool:
        """Whether the result of a run is there, and whole; what is cut or empty does not count.

        Raises
        ------
        DataError
            If the file is whole, but is no result, or that of another spec; or if it cannot be read.
        """
        path = self.result(spec.id)
        return has_entry(path) and _whole(path) and bool(read_result(path))

    def check(self) -> None:
        """Make the folders of results and errors, and raise an error now if they cannot be written.

        Raises
        ------
        PsqeError
            If a folder cannot be made or written.
        """
        check_writable(self.result("any"))
        check_writable(self.error("any"))

    def gather(self, store: Store, specs: Iterable[RunSpec] | None = None) -> Gathered:
        """Put the results that a store lacks into it.

        Parameters
        ----------
        store
            The store.
        specs
            The runs whose results are wanted; by default all of the folder.

        Returns
        -------
        How many runs the store lacked, and the files that are cut or empty and were left out.

        Raises
        ------
        DataError
            If a file is whole, but is no result, or that of another spec; or if something cannot be read.
            Results of other files may be in the store by then.
        PsqeError
            If the store cannot be written.
        """
        paths = self.results() if specs is None else [self.result(spec.id) for spec in specs]
        stored = store.specs()
        lacking = {
            spec.id for spec in store.lacking(stored[path.stem] for path in paths if path.stem in stored)
        }
        new = [
            path for path in paths
            if (path.stem not in stored or path.stem in lacking) and has_entry(path)
        ]  # fmt: skip
        whole = [path for path in new if _whole(path)]
        for start in range(0, len(whole), AT_ONCE):
            store.put([read_result(path) for path in whole[start : start + AT_ONCE]])
        return Gathered(len(whole), sorted(set(new) - set(whole)))


def write_result(folder: SweepFolder, result: RunResult) -> Path:
    """Write the result of a run into a file of its own, whole or not at all.

    Parameters
    ----------
    folder
        The folder of the sweep.
    result
        What was measured. What its source does not say about where it comes from is that of now.

    Raises
    ------
    DataError
        If the result does not fit the columns of the store.
    PsqeError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from psqe.options import TaskOptions
    >>> spec = RunSpec(subject="facts", task=TaskOptions(name="planted"))
    >>> result = RunResult(spec, [{"side": "both", "fact": "links", "value": 90}], seconds=0.5)
    >>> with TemporaryDirectory() as name:
    ...     folder = SweepFolder(Path(name))
    ...     read_result(write_result(folder, result)).rows, folder.has(spec)
    ([{'side': 'both', 'fact': 'links', 'value': 90.0}], True)
    """
    table = checked_tables([result])[2][result.spec.subject].drop(columns="id")
    rows = [
        {name: value for name, value in row.items() if value is not None}
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]
    content = {
        "spec": json.loads(result.spec.json_text), "rows": rows, "seconds": result.seconds,
        "peak_mb": result.peak_mb, "source": {**provenance(), **(result.source or {})},
    }  # fmt: skip
    path = folder.result(result.spec.id)
    write_text(path, json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read_result(path: Path) -> RunResult:
    """Read the result of a run, and check it as a store does.

    Parameters
    ----------
    path
        The file of the result, ``ID.json``.

    Returns
    -------
    RunResult
        What was run and what it measured.

    Raises
    ------
    DataError
        If the file cannot be read, is cut, does not fit the columns of the store, or if the id of its spec is
        not its name.
    """
    try:
        try:
            content = _content(path)
        except ValueError as error:
            raise DataError(f"is not whole ({error})") from error
        if not isinstance(content, dict) or set(content) != set(FIELDS):
            raise DataError(f"has other fields than {', '.join(FIELDS)}")
        spec = RunSpec.from_json(json.dumps(content.pop("spec")))
        if spec.id != path.stem:
            raise DataError(f"is the result of another run, {spec.id}: {spec}")
        result = _typed(spec, content)
        checked_tables([result])
    except DataError as error:
        raise DataError(error.what, path=path, remedy=DELETE) from error
    return result


def _typed(spec: RunSpec, content: dict[str, Any]) -> RunResult:
    """A result of the fields of a file, each with the type that it must have."""
    rows, source = content["rows"], content["source"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("has rows of another form")
    if not isinstance(source, dict) or set(source) != set(SOURCE):
        raise DataError("does not say where it comes from")
    return RunResult(spec, **content)


def _whole(path: Path) -> bool:
    """Whether a file is JSON to its end; a disk that fails or a copy that is cut can leave a part of it."""
    try:
        _content(path)
    except ValueError:
        return False
    return True


def _content(path: Path) -> Any:
    """What a file of JSON holds; :class:`ValueError` if it is cut."""
    try:
        with open_file(path) as stream:
            return strict_json(stream.read())
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy=DELETE) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
