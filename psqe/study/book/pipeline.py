"""The whole study: features once, all notebooks, then the book."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psqe.errors import ParameterError, PsqeError
from psqe.study.book.build import build_book
from psqe.study.book.runner import notebook_parameters, notebook_values, run_notebook
from psqe.study.project import Project, prerequisites

#: What the notebooks need of every task; computed before they start, with all cores.
PREPARED = ("image", "attribute", "name")


def study(
    profile: str = "default", task: str | None = None, *, jobs: int = 2, root: str | Path | None = None
) -> Path:
    """Run all notebooks of the book and build it.

    Parameters
    ----------
    profile
        ``smoke``, ``default`` or ``full``.
    task
        Given to every notebook with a parameter ``task``; each keeps its own when omitted.
    jobs
        Notebooks at a time. Each runs on one thread.
    root
        The checkout; found from the working directory when omitted.

    Returns
    -------
    Path
        The first page of the book.

    Raises
    ------
    PsqeError
        If a notebook or the build fails. The other notebooks that were running finish first. The runs of
        an older study stay until all notebooks of this one are done.
    """
    if jobs < 1:
        raise ParameterError(f"jobs is {jobs}", remedy="run at least one notebook at a time")
    project = Project.find(root)
    notebooks = project.notebooks()
    waits = prerequisites(notebooks)
    given = {path: _task_parameter(path, task) for path in notebooks}
    # All parameters are checked before anything runs, and the tasks in them are known.
    values = [notebook_values(path, given[path], profile=profile) for path in notebooks]
    for name in sorted({str(v["task"]) for v in values if "task" in v}):
        _say(f"features of {name}")
        _alone(prepare, name)
    # Nothing of an older study may slip into the book, and a study that fails must not cost the older one.
    fresh = project.build / "runs"
    shutil.rmtree(fresh, ignore_errors=True)
    _run_all(notebooks, waits, given, profile=profile, jobs=jobs, out_dir=fresh)
    shutil.rmtree(project.runs, ignore_errors=True)
    fresh.replace(project.runs)
    _say("book")
    return build_book(project.root)


def prepare(task: str) -> None:
    """Compute the features of a task into the cache, where every notebook finds them.

    Raises
    ------
    PsqeError
        If the task cannot be loaded or a feature not computed.
    """
    from psqe.datasets import load_task
    from psqe.features import build_features

    # Without dangling entities, so that whatever a notebook drops at random is a part of this.
    build_features(load_task(task, dangling=0), modalities=PREPARED)


def _task_parameter(path: Path, task: str | None) -> dict[str, Any]:
    return {"task": task} if task is not None and "task" in notebook_parameters(path) else {}


def _run_all(
    notebooks: list[Path],
    waits: dict[str, set[str]],
    given: dict[Path, dict[str, Any]],
    *,
    profile: str,
    jobs: int,
    out_dir: Path,
) -> None:
    """Run notebooks in order, ``jobs`` at a time, each once those it waits for are done."""
    waiting, done = list(notebooks), set[str]()
    running: dict[Future[Path], str] = {}
    with _pool(jobs) as pool:
        while waiting or running:
            ready = [path for path in waiting if waits[path.stem] <= done]
            for path in ready[: jobs - len(running)]:
                waiting.remove(path)
                _say(path.stem)
                future = pool.submit(run_notebook, path, given[path], profile=profile, out_dir=out_dir)
                running[future] = path.stem
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                future.result()
                done.add(name)


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, one per notebook: each has its own environment, directory and memory peak."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
            yield pool
    except BrokenProcessPool as error:
        raise PsqeError(
            "a process of the study died",
            remedy="read what it printed above; if that is nothing, memory ran out",
        ) from error


def _alone(function: Callable[..., None], *arguments: Any) -> None:
    """Call ``function`` in a process of its own, so that the memory it took is given back."""
    with _pool(1) as pool:
        pool.submit(function, *arguments).result()


def _say(what: str) -> None:
    """One line per step, on the terminal and in a log alike."""
    print(f"psqe study: {what}", file=sys.stderr, flush=True)
