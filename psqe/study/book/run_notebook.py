"""Run one notebook: fill in its ``parameters`` cell, execute it, write an executed ``.ipynb`` and a record.

A notebook is executed in a folder of its own, which holds what the notebooks that it waits for have written.
What it writes there stands beside it in the end, whole or not at all.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from psqe.cost import peak_memory_of_children_mb
from psqe.errors import PsqeError
from psqe.files import NO_ROOM, content_hash, write_text
from psqe.provenance import machine, revision, versions
from psqe.study.book.cleaning import cleaned, notebook_text
from psqe.study.book.inputs import Inputs, folders_among
from psqe.study.book.kernels import KernelError
from psqe.study.book.notebook import Notebook
from psqe.study.book.records import SUFFIX, Record, copy_run, digest, key_of, move_run, whole_record
from psqe.study.project import Project
from psqe.temporary import temporary_folder


def run_notebook(
    path: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    profile: str = "default",
    out_dir: str | Path,
    inputs: Inputs | None = None,
    progress: bool = False,
) -> Path:
    """Run a notebook from top to bottom in a fresh kernel and write it, executed, to ``out_dir``.

    Files that the notebook writes by a bare name stand beside it. The same notebook with the same parameters
    gives the same bytes if its cells do. ``NAME.run.json``, which is written last, records which files belong
    to the notebook, what decided them, seconds, memory, machine and versions. If the run fails, the files of
    an older run stay.

    Parameters
    ----------
    path
        The MyST notebook (``.md``).
    parameters
        Values by name, or their text as typed on a command line. By default those of the profile hold.
    profile
        ``"smoke"`` (some seconds, to see that the notebook works), ``"default"`` or ``"full"``.
    out_dir
        The folder to write to. It is made if it does not exist. The notebooks that this one waits for are
        looked for there.
    inputs
        What every notebook can read, if it is known already.
    progress
        Whether to show a progress bar on standard error; not by default.

    Returns
    -------
    Path
        ``out_dir/NAME.ipynb``, written atomically.

    Raises
    ------
    ParameterError
        If a parameter has an unknown name or a value that does not fit. Nothing is run.
    PsqeError
        If a cell fails; the half-run notebook is kept as ``out_dir/NAME.failed.ipynb``. If the kernel does
        not start or a file cannot be written.
    """
    notebook, out_dir = Notebook.read(path), Path(out_dir)
    if not any(cell.cell_type == "code" for cell in notebook.content.cells):
        raise PsqeError(
            "has no code cell, so that there is nothing to run",
            path=notebook.path,
            remedy="give a notebook; those of the book are in notebooks/",
        )
    values = notebook.values(profile, parameters or {})
    content = notebook.with_values(values)
    failed = out_dir / f"{notebook.name}.failed.ipynb"
    # Papermill writes to this file after every cell, so that a run that is killed leaves its trace, too.
    write_text(failed, json.dumps(content))
    root = _root(out_dir)
    if inputs is None:
        inputs = Inputs.of(root, folders_among(values.values(), root))
    started = time.perf_counter()
    with _told_if_full(out_dir), temporary_folder(out_dir / notebook.name) as folder:
        before = _put_there(notebook, out_dir, folder)
        there = _contents(folder)
        content = _executed(content, folder, failed, notebook.path, progress)
        _check_executed(content, notebook.path, failed)
        write_text(folder / f"{notebook.name}.ipynb", notebook_text(cleaned(content)))
        files = {name: hashed for name, hashed in _contents(folder).items() if there.get(name) != hashed}
        _check_names(notebook, files)
        record = Record(
            notebook=notebook.name,
            profile=profile,
            parameters=values,
            key=key_of(notebook, values, profile, inputs.digest, before) if inputs.unchanged() else "",
            files=files,
            seconds=round(time.perf_counter() - started, 1),
            peak_mb=round(peak_memory_of_children_mb()),
            machine=machine(),
            revision=revision(),
            versions=dict(versions()),
        )
        move_run(record, folder, out_dir)
    failed.unlink(missing_ok=True)
    return out_dir / f"{notebook.name}.ipynb"


def _root(out_dir: Path) -> Path:
    """The checkout that notebooks in a folder find, or the folder where there is none."""
    try:
        return Project.find(out_dir).root
    except PsqeError:
        return out_dir


@contextmanager
def _told_if_full(out_dir: Path) -> Iterator[None]:
    """Turn the error of a full or broken disk into one that names the file."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise PsqeError(
            f"cannot be written ({os.strerror(error.errno)})",
            path=error.filename or out_dir,
            remedy="free some space there, and run it again",
        ) from error


def _put_there(notebook: Notebook, out_dir: Path, folder: Path) -> dict[str, str]:
    """Copy what the notebooks that this one waits for have written; return the hashes of their records."""
    names = set(notebook.front.after)
    if "*" in names:
        names |= {path.name.removesuffix(SUFFIX) for path in out_dir.glob(f"*{SUFFIX}")}
    before = {}
    for name in sorted(names - {"*", notebook.name}):
        if record := whole_record(out_dir, name):
            copy_run(record, out_dir, folder)
            before[name] = digest(out_dir, name)
    return before


def _contents(folder: Path) -> dict[str, str]:
    """Hash every file in a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): content_hash(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _executed(content: NotebookNode, folder: Path, failed: Path, path: Path, progress: bool) -> NotebookNode:
    """Execute the cells of a notebook.

    Raises
    ------
    PsqeError
        If the kernel does not start or dies, or a cell fails.
    """
    try:
        executed: NotebookNode = papermill.execute_notebook(
            content,
            str(failed.resolve()).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
            kernel_name="python3",
            engine_name="psqe",
            progress_bar=progress and sys.stderr.isatty(),
            folder=folder,
        )
        return executed
    except KernelError as error:
        failed.unlink()  # nothing has run
        raise PsqeError(error.what, path=path, remedy=error.remedy) from error
    except (PapermillExecutionError, DeadKernelError) as error:
        raise PsqeError(_describe(error), path=path, remedy=f"see {failed}") from error


def _check_executed(content: NotebookNode, path: Path, failed: Path) -> None:
    """Refuse a notebook that a cell ended by ``sys.exit()``, which papermill takes for success."""
    for cell in content.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", ())):
            raise PsqeError(
                f"ended in the cell {_first_line(cell.source)!r}, and no cell after it was executed",
                path=path,
                remedy=f"take out what ends it there, such as sys.exit(); see {failed}",
            )


def _check_names(notebook: Notebook, files: Mapping[str, str]) -> None:
    """Refuse files that would be taken for executed notebooks or records."""
    for name in sorted(files.keys() - {f"{notebook.name}.ipynb"}):
        if name.endswith((".ipynb", SUFFIX)):
            raise PsqeError(
                f"writes {name}, a name that only the runner may give",
                path=notebook.path,
                remedy="give the file another name",
            )


def _describe(error: PapermillExecutionError | DeadKernelError) -> str:
    if isinstance(error, DeadKernelError):
        return "the kernel died, as it does when memory runs out"
    words = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
    return f"cell {error.exec_count} ({_first_line(error.source)!r}) failed with {words}"


def _first_line(source: str) -> str:
    """The first line of a cell that is not empty."""
    return next((line for line in source.splitlines() if line.strip()), "")
