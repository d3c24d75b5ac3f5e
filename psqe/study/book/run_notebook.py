"""Run one notebook: read a MyST text file, fill in its ``parameters`` cell, write an executed ``.ipynb``.

The front matter of a notebook says under ``psqe`` which values each profile takes, which other notebooks
must have run before, and whether it is one of those that take the longest::

    psqe:
      after: [the-pair]
      long: true
      profiles:
        smoke: {n_seeds: 60}
        full: {n_seeds: 1000}

For a profile that is not listed, the defaults of the cell hold.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jupytext
import papermill
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from psqe.errors import ParameterError, PsqeError
from psqe.files import write_text
from psqe.provenance import machine, revision, versions
from psqe.study.book.parameters import PROFILES, Parameter, parse_parameters, resolve

# One thread per kernel: sums then add up in one order, so that results do not depend on the number of
# cores, and notebooks run side by side without getting in each other's way.
_KERNEL_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook kept as MyST text (``.md``).

    Raises
    ------
    PsqeError
        If the file is missing, is no MyST notebook, or asks under ``psqe`` for something unknown.
    """
    path = Path(path)
    if path.suffix != ".md":
        raise PsqeError("is no MyST notebook", path=path, remedy="give a file that ends in .md")
    try:
        notebook: NotebookNode = jupytext.read(path, fmt="md:myst")
    except OSError as error:
        raise PsqeError(f"cannot be read ({error.strerror})", path=path) from error
    except Exception as error:  # a broken front matter raises one of several kinds
        raise PsqeError(f"is no MyST notebook ({type(error).__name__}: {error})", path=path) from error
    settings = notebook.metadata.get("psqe", {})
    unknown = set(settings) - {"after", "long", "profiles"}
    unknown |= set(settings.get("profiles", {})) - set(PROFILES)
    if unknown:
        raise PsqeError(
            f"the front matter has {', '.join(sorted(unknown))} under psqe",
            path=path,
            remedy=f"it may hold after (a list), long (true) and profiles ({', '.join(PROFILES)})",
        )
    return notebook


def notebook_parameters(path: str | Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares; none if it has no ``parameters`` cell.

    Raises
    ------
    PsqeError
        If the notebook cannot be read or its cell breaks a rule of :mod:`psqe.study.book.parameters`.
    """
    return _declared(read_notebook(path), Path(path))


def notebook_values(
    path: str | Path, parameters: Mapping[str, Any] | None = None, *, profile: str = "default"
) -> dict[str, Any]:
    """Find the values of all parameters that :func:`run_notebook` would run a notebook with.

    Raises
    ------
    ParameterError
        If there is no such profile, or a parameter has an unknown name or a value that does not fit.
    PsqeError
        If the notebook cannot be read.
    """
    return _values(read_notebook(path), Path(path), profile, parameters or {})


def run_notebook(
    path: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    profile: str = "default",
    out_dir: str | Path,
) -> Path:
    """Run a notebook from top to bottom in a fresh kernel and write it, executed, to ``out_dir``.

    The kernel's working directory is ``out_dir``, so that files which the notebook writes by a bare name
    stand beside it. The same notebook with the same parameters gives the same bytes if its cells do.
    ``NAME.run.json`` beside it records seconds, memory, machine and versions. Do not call this from several
    threads of one process: the kernel inherits the environment and the working directory of the process.

    Parameters
    ----------
    path
        The MyST notebook (``.md``).
    parameters
        Values by name, or their text as typed on a command line. By default those of the profile hold.
    profile
        ``"smoke"`` (some seconds, to see that the notebook works), ``"default"`` or ``"full"``.
    out_dir
        The folder to write to. It is made if it does not exist.

    Returns
    -------
    Path
        ``out_dir/NAME.ipynb``, written atomically.

    Raises
    ------
    ParameterError
        If a parameter has an unknown name or a value that does not fit. Nothing is run.
    PsqeError
        If a cell fails; the half-run notebook is kept as ``out_dir/NAME.failed.ipynb``.
    """
    path, out_dir = Path(path), Path(out_dir)
    notebook = read_notebook(path)
    values = _values(notebook, path, profile, parameters or {})
    _write_values(notebook, path, values)
    target, failed = out_dir / f"{path.stem}.ipynb", out_dir / f"{path.stem}.failed.ipynb"
    # papermill writes to this file after every cell, so that a run that is killed leaves its trace, too.
    write_text(failed, json.dumps(notebook))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch, _kernel_environment(scratch):
        try:
            notebook = papermill.execute_notebook(
                notebook,
                str(failed.resolve()).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
                kernel_name="python3",
                cwd=out_dir,
                progress_bar=sys.stderr.isatty(),
                start_timeout=60,
                # Neither a warning that a local kernel uses TCP nor an error that an idle one was interrupted
                # at its end. What goes wrong in a cell is in the notebook.
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
        except (PapermillExecutionError, DeadKernelError) as error:
            raise PsqeError(_describe(error), path=path, remedy=f"see {failed}") from error
        except RuntimeError as error:
            # nbclient raises this if the kernel never answers on its local socket.
            raise PsqeError(
                f"the notebook's kernel did not start ({error})",
                path=path,
                remedy="make sure that programs may connect to 127.0.0.1",
            ) from error
    write_text(target, json.dumps(_cleaned(notebook), indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    failed.unlink()
    record = {
        "notebook": path.stem,
        "profile": profile,
        "parameters": values,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "machine": machine(),
        "revision": revision(),
        "versions": versions(),
    }
    write_text(out_dir / f"{path.stem}.run.json", json.dumps(record, indent=1) + "\n")
    return target


def _declared(notebook: NotebookNode, path: Path) -> dict[str, Parameter]:
    cell = _parameters_cell(notebook, path)
    with _located(path):
        return {} if cell is None else parse_parameters(cell.source)


def _values(notebook: NotebookNode, path: Path, profile: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if profile not in PROFILES:
        raise ParameterError(f"there is no profile {profile!r}", remedy=f"choose from {', '.join(PROFILES)}")
    chosen = notebook.metadata.get("psqe", {}).get("profiles", {}).get(profile) or {}
    declared = _declared(notebook, path)
    with _located(path):
        return resolve(declared, chosen, given)


def _write_values(notebook: NotebookNode, path: Path, values: Mapping[str, Any]) -> None:
    """Write the values into the parameters cell and fold it away, so that a page shows what ran."""
    cell = _parameters_cell(notebook, path)
    if cell is not None:
        declared = _declared(notebook, path)
        cell.source = "\n".join(declared[name].declaration(value) for name, value in values.items())
        cell.metadata["tags"] = ["parameters", "hide-input"]


def _parameters_cell(notebook: NotebookNode, path: Path) -> NotebookNode | None:
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) > 1:
        raise PsqeError(f"{len(tagged)} cells are tagged parameters", path=path, remedy="keep one")
    return tagged[0] if tagged else None


@contextmanager
def _located(path: Path) -> Iterator[None]:
    """Add the path of the notebook to a ParameterError that is raised inside."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(error.what, path=path, remedy=error.remedy) from error


@contextmanager
def _kernel_environment(scratch: str) -> Iterator[None]:
    """Set the variables that a kernel inherits, and restore the former values afterwards.

    The user's own IPython profile is left out (``IPYTHONDIR``): its start-up files could change
    results, and its history file is locked when two kernels start at once.
    """
    wanted = {**_KERNEL_ENVIRONMENT, "IPYTHONDIR": f"{scratch}/ipython"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _cleaned(notebook: NotebookNode) -> NotebookNode:
    """Remove what differs from run to run from a notebook: times, random cell ids, paths."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    return notebook


def _describe(error: PapermillExecutionError | DeadKernelError) -> str:
    if isinstance(error, DeadKernelError):
        return "the kernel died, as it does when memory runs out"
    first_line = next((line for line in error.source.splitlines() if line.strip()), "")
    return f"cell {error.exec_count} ({first_line!r}) failed with {error.ename}: {error.evalue}"
