"""The whole study: features once, all notebooks beside and after them, then the book."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from pathlib import Path
from typing import Any

from psqe.errors import ParameterError, PsqeError
from psqe.study.book.build import build_book
from psqe.study.book.run_notebook import notebook_parameters, notebook_values, read_notebook, run_notebook
from psqe.study.project import Project

PREPARED = ("image", "attribute", "name")
"""The modalities that notebooks need of a task, as far as it has them."""


def run_study(
    profile: str = "default", task: str | None = None, *, jobs: int = 3, root: str | Path | None = None
) -> Path:
    """Run all notebooks of the book and build the book.

    The features of each task are computed once. Notebooks that need them wait; the others begin at once.
    The runs of an older study stay in place until every notebook of the new one is done.

    Parameters
    ----------
    profile
        ``"smoke"``, ``"default"`` or ``"full"``.
    task
        The task of every notebook with a parameter ``task``. By default each notebook keeps its own.
    jobs
        The number of notebooks, or computations of features, that run at the same time, each on one thread.
        It is 3 by default and keeps two cores busy, since a notebook waits while its kernel starts.
    root
        The checkout. By default it is looked for from the working directory upwards.

    Returns
    -------
    Path
        The first page of the book.

    Raises
    ------
    ParameterError
        If ``jobs`` is below one, or a parameter of a notebook does not fit. Nothing has run then.
    PsqeError
        If a notebook or the build fails. Other notebooks that are running finish first.
    """
    if jobs < 1:
        raise ParameterError(f"jobs is {jobs}", remedy="run at least one notebook at a time")
    project = Project.find(root)
    notebooks = project.notebooks()
    waits_for = prerequisites(long_first(notebooks))
    given = {
        path.stem: {"task": task} if task is not None and "task" in notebook_parameters(path) else {}
        for path in notebooks
    }
    # Every parameter is checked, and every task that occurs is known, before anything runs.
    values = {path.stem: notebook_values(path, given[path.stem], profile=profile) for path in notebooks}
    task_of = {name: str(chosen["task"]) for name, chosen in values.items() if "task" in chosen}
    groups = {f"features of {', '.join(group)}": group for group in of_one_collection(set(task_of.values()))}
    for title, group in groups.items():
        for name in waits_for:
            if task_of.get(name) in group:
                waits_for[name].add(title)
    order = TopologicalSorter({title: set[str]() for title in groups} | waits_for)
    # The book must show nothing of an older study, and a study that fails must not destroy the older one.
    fresh = project.build / "runs"
    shutil.rmtree(fresh, ignore_errors=True)
    with _processes(jobs) as pool:

        def start(name: str) -> Future[Any]:
            _say(name)
            if name in groups:
                return pool.submit(prepare, groups[name])
            path = project.root / "notebooks" / f"{name}.md"
            return pool.submit(run_notebook, path, given[name], profile=profile, out_dir=fresh)

        _run_in_order(order, start, jobs)
    shutil.rmtree(project.runs, ignore_errors=True)
    fresh.replace(project.runs)
    _say("book")
    return build_book(project.root)


def of_one_collection(tasks: Iterable[str]) -> list[list[str]]:
    """Group tasks by collection, the part of their name before the slash.

    The tasks of one collection share pictures. Those of a group are prepared one after the other, so that no
    picture is encoded twice.

    Parameters
    ----------
    tasks
        The names of tasks, or folders.

    Examples
    --------
    >>> of_one_collection(["emoji/en-fr", "han/school", "emoji/en-de"])
    [['emoji/en-de', 'emoji/en-fr'], ['han/school']]
    """
    return [list(group) for _, group in groupby(sorted(tasks), key=lambda name: name.partition("/")[0])]


def prepare(tasks: Sequence[str]) -> None:
    """Compute the features of some tasks into the cache, on one thread, where every notebook finds them.

    Parameters
    ----------
    tasks
        The names of tasks, or folders.

    Raises
    ------
    PsqeError
        If a task cannot be loaded or a feature cannot be computed.
    """
    import torch

    from psqe.datasets import load_task
    from psqe.features import available_modalities, build_features

    torch.set_num_threads(1)
    for task in tasks:
        # Nothing is dropped at random, so that what a notebook keeps is always a part of this.
        whole = load_task(task, dangling=0)
        build_features(whole, modalities=[name for name in PREPARED if name in available_modalities(whole)])


def long_first(notebooks: Sequence[Path]) -> list[Path]:
    """Put the notebooks whose front matter says ``long: true`` before the others.

    One that takes minutes and begins last would run alone while the other cores wait.

    Parameters
    ----------
    notebooks
        The notebooks of the book.

    Raises
    ------
    PsqeError
        If a notebook cannot be read.
    """
    return sorted(notebooks, key=lambda path: not read_notebook(path).metadata.get("psqe", {}).get("long"))


def prerequisites(notebooks: Sequence[Path]) -> dict[str, set[str]]:
    """Read from the front matter of notebooks which of them must have run before which.

    Parameters
    ----------
    notebooks
        The notebooks of the book. ``"*"`` in the list ``after`` of one stands for all others.

    Returns
    -------
    For the name of each notebook, in the order given, the names of those that must have run before it.

    Raises
    ------
    PsqeError
        If a notebook waits for one that does not exist, or if some wait for each other.
    """
    names = {path.stem for path in notebooks}
    before: dict[str, set[str]] = {}
    for path in notebooks:
        after = set(read_notebook(path).metadata.get("psqe", {}).get("after", []))
        if "*" in after:
            after = after - {"*"} | names - {path.stem}
        if unknown := after - names:
            raise PsqeError(f"waits for {min(unknown)!r}, which is no notebook of the book", path=path)
        before[path.stem] = after
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise PsqeError(f"these notebooks wait for each other: {circle}") from error
    return before


def _run_in_order(order: TopologicalSorter[str], start: Callable[[str], Future[Any]], jobs: int) -> None:
    """Start each job once those before it are done, at most ``jobs`` at the same time."""
    order.prepare()
    ready: list[str] = []
    running: dict[Future[Any], str] = {}
    while order.is_active():
        ready += order.get_ready()
        while ready and len(running) < jobs:
            name = ready.pop(0)
            running[start(name)] = name
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            future.result()
            order.done(running.pop(future))


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool in which every job has a fresh process: its own environment, directory and memory peak.

    The processes are copies of one that has loaded this module and all that it imports, which takes a second.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    try:
        with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
            yield pool
    except BrokenProcessPool as error:
        raise PsqeError(
            "a process of the study died",
            remedy="read what it printed above; if that is nothing, memory ran out",
        ) from error


def _say(what: str) -> None:
    """Print one line about the step that begins."""
    print(f"psqe study: {what}", file=sys.stderr, flush=True)
