"""The whole study: features once, all notebooks beside and after them, then the book.

A notebook is kept if nothing has changed that decides what it writes. The others are run into
``build/runs/PROFILE``, from where a later study goes on if this one is interrupted. When all notebooks are
there, they take the place of ``book/runs``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from itertools import groupby
from pathlib import Path
from typing import Any

from psqe.datasets import is_named
from psqe.errors import ParameterError
from psqe.files import content_hash, write_text
from psqe.graph import counted, in_number
from psqe.provenance import machine, revision, versions
from psqe.study.book.build import build_pages
from psqe.study.book.cleaning import notebook_text
from psqe.study.book.exchange import put_in_place, restore
from psqe.study.book.inputs import Inputs, folders_among
from psqe.study.book.jobs import JOBS, run_alone, run_jobs, start_server
from psqe.study.book.kernels import ENVIRONMENT, LOADED
from psqe.study.book.left_out import TaskFacts, look_at, page_of, what_is_missing
from psqe.study.book.lock import locked
from psqe.study.book.notebook import Notebook, long_first, prerequisites, task_value
from psqe.study.book.records import (
    SUFFIX,
    Record,
    copy_run,
    digest,
    files_of,
    key_of,
    move_run,
    read_record,
    remove_all_but,
    whole_record,
)  # fmt: skip
from psqe.study.book.run_notebook import run_notebook
from psqe.study.project import Project
from psqe.temporary import temporary_folder

PREPARED = ("image", "attribute", "name")
"""The modalities that notebooks need of a task, as far as it has them."""

TABLES = "psqe.study.book.loaded_tables"
"""The module that checks tables of the results store for all notebooks."""

MANY = 8
"""The number of notebooks to run from which on that is worth its time."""


def run_study(
    profile: str = "default",
    task: str | None = None,
    *,
    fresh: bool = False,
    jobs: int = JOBS,
    root: str | Path | None = None,
) -> Path:
    """Run the notebooks of the book that have changed, or whose inputs have, and build the book.

    The features of each task are computed once. Notebooks that need them wait; the others begin at once.
    The runs of an older study stay in place until every notebook of the new one is done.

    Parameters
    ----------
    profile
        ``"smoke"``, ``"default"`` or ``"full"``.
    task
        The task of every notebook with a parameter ``task``. By default each notebook keeps its own.
    fresh
        Whether to run every notebook and to build every page again; not by default.
    jobs
        The number of notebooks, or computations of features, that run at the same time;
        :data:`psqe.study.book.jobs.JOBS` by default.
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
        If a notebook or the build fails. Other notebooks that are running finish first. If another study
        runs in the checkout, or its folders cannot be written.
    """
    if jobs < 1:
        raise ParameterError(f"jobs is {jobs}", remedy="run at least one notebook at a time")
    if task is not None:
        task = task_value(task)
    project = Project.find(root)
    if root is None and not Path.cwd().resolve().is_relative_to(project.root):
        _say(f"the checkout is {project.root}")
    with locked(project, "psqe study"):
        restore(project)
        study = Study.of(project, profile, task)
        kept = {} if fresh else study.kept()
        n = len(study.notebooks)
        are = "is as it was" if n == 1 else "are as they were"
        _say(f"{len(kept)} of {counted(n, 'notebook')} {are}{study.to_run(kept)}")
        for why in dict.fromkeys(study.left_out.values()):
            names = sorted(name for name, reason in study.left_out.items() if reason == why)
            _say(f"left out: {', '.join(names)}: {why}")
        if not study.is_in_place(kept):
            study.run(kept, jobs)
            put_in_place(project, study.folder)
        return build_pages(project, fresh=fresh, say=_say)


@dataclass(frozen=True)
class Study:
    """The notebooks of one study, and what they run with.

    Attributes
    ----------
    project
        The checkout.
    profile
        The profile.
    notebooks
        The notebooks by name, those that take long before the others.
    values
        The value of every parameter of each notebook.
    waits_for
        The notebooks that each of them waits for.
    inputs
        What all of them can read.
    left_out
        Why a notebook is left out, by the names of those that are.
    """

    project: Project
    profile: str
    notebooks: Mapping[str, Notebook]
    values: Mapping[str, Mapping[str, Any]]
    waits_for: Mapping[str, set[str]]
    inputs: Inputs
    left_out: Mapping[str, str]

    @classmethod
    def of(cls, project: Project, profile: str, task: str | None) -> Study:
        """Read the notebooks of a checkout and check every parameter, so that nothing fails later.

        Parameters
        ----------
        project
            The checkout.
        profile
            The profile.
        task
            The task of every notebook with a parameter ``task``; that of each notebook when ``None``.

        Returns
        -------
        Study
            The study, of which nothing has run yet.

        Raises
        ------
        ParameterError
            If a parameter of a notebook does not fit.
        PsqeError
            If a notebook cannot be read, or the task cannot be loaded.
        """
        notebooks = long_first([Notebook.read(path) for path in project.notebooks()])
        given = {} if task is None else _given(task)
        values = {}
        for notebook in notebooks:
            its = given.keys() & notebook.parameters.keys() if "task" in notebook.parameters else ()
            values[notebook.name] = notebook.values(profile, {name: given[name] for name in its})
        chosen = (value for of_one in values.values() for value in of_one.values())
        return cls(
            project=project,
            profile=profile,
            notebooks={notebook.name: notebook for notebook in notebooks},
            values=values,
            waits_for=prerequisites(notebooks),
            inputs=Inputs.of(project.root, folders_among(chosen, project.root)),
            left_out={} if task is None else cls._left_out(notebooks, values, task),
        )

    @staticmethod
    def _left_out(
        notebooks: Iterable[Notebook], values: Mapping[str, Mapping[str, Any]], task: str
    ) -> dict[str, str]:
        """Say why some notebooks cannot be run on a task, in a sentence for each of them."""
        _start_server()
        facts: TaskFacts = run_alone(f"look at {task}", partial(look_at, task))
        title = task if is_named(task) else Path(task).resolve().name
        sentences = {}
        for notebook in notebooks:
            needs, its = notebook.front.needs, values[notebook.name]
            if "task" in notebook.parameters and (missing := what_is_missing(needs, facts, its)):
                sentences[notebook.name] = f"This chapter is left out, because *{title}* {missing}."
        return sentences

    @property
    def folder(self) -> Path:
        """The folder that notebooks are run into, from where an interrupted study goes on."""
        return self.project.build / "runs" / self.profile

    def kept(self) -> dict[str, Path]:
        """Find the notebooks that need not run again.

        Returns
        -------
        The folder of the files of each notebook that is kept: ``book/runs``, or that of an interrupted study.
        """
        kept: dict[str, Path] = {}
        for name in TopologicalSorter(self.waits_for).static_order():
            if self.waits_for[name] <= kept.keys():
                before = {other: digest(kept[other], other) for other in sorted(self.waits_for[name])}
                key = self._key(name, before)
                for folder in (self.project.runs, self.folder):
                    record = whole_record(folder, name)
                    if record is not None and record.key == key:
                        kept[name] = folder
                        break
        return kept

    def _key(self, name: str, before: Mapping[str, str]) -> str:
        notebook, values, why = self.notebooks[name], self.values[name], self.left_out.get(name, "")
        before = {} if why else before
        return key_of(notebook, values, self.profile, self.inputs.digest, before, left_out=why)

    def to_run(self, kept: Iterable[str]) -> str:
        """Say how many notebooks are run now, as the end of a sentence; empty if none is.

        Parameters
        ----------
        kept
            The names of the notebooks that are kept.

        Returns
        -------
        str
            Such as ``", 3 are run now"``.
        """
        n = len(self.notebooks.keys() - {*kept} - self.left_out.keys())
        return f", {n} {in_number(n, 'is')} run now" if n else ""

    def is_in_place(self, kept: Mapping[str, Path]) -> bool:
        """Return whether ``book/runs`` has the files of all notebooks, and no others."""
        runs = self.project.runs
        if kept.keys() != self.notebooks.keys() or set(kept.values()) - {runs}:
            return False
        return files_of(runs, kept) == {path for path in runs.rglob("*") if not path.is_dir()}

    def run(self, kept: Mapping[str, Path], jobs: int) -> None:
        """Run the notebooks that are not kept, and put those that are beside them.

        Parameters
        ----------
        kept
            The folders of the files that are kept.
        jobs
            The number of jobs that run at the same time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, folder in kept.items():
            if folder != self.folder:
                copy_run(read_record(folder / f"{name}{SUFFIX}"), folder, self.folder, links=True)
        remove_all_but(self.folder, kept)
        for name in self.left_out.keys() - kept.keys():
            self._put_page(name)
        there = {*kept, *self.left_out}
        waits_for = {name: self.waits_for[name] - there for name in self.notebooks if name not in there}
        tasks = {name: str(self.values[name]["task"]) for name in waits_for if "task" in self.values[name]}
        groups = {
            f"features of {', '.join(group)}": group for group in of_one_collection(set(tasks.values()))
        }
        for title, group in groups.items():
            for name, task in tasks.items():
                if task in group:
                    waits_for[name].add(title)
        unsure: list[str] = []

        def start(name: str) -> Callable[[], Any]:
            _say(name)
            if name in groups:
                return partial(prepare, groups[name])
            path, values = self.notebooks[name].path, self.values[name]
            return partial(
                run_notebook, path, values, profile=self.profile, out_dir=self.folder, inputs=self.inputs
            )

        def done(name: str, result: Any) -> None:
            if name not in groups and not read_record(self.folder / f"{name}{SUFFIX}").key:
                unsure.append(name)

        order = TopologicalSorter({title: set[str]() for title in groups} | waits_for)
        _start_server(many=len(waits_for) >= MANY)
        run_jobs(order, start, jobs=jobs, done=done)
        if unsure:
            _say(
                f"what notebooks read changed while {', '.join(sorted(unsure))} ran; the next study runs "
                f"{'it' if len(unsure) == 1 else 'them'} again"
            )

    def _put_page(self, name: str) -> None:
        """Write the page of a chapter that is left out."""
        why = self.left_out[name]
        with temporary_folder(self.folder / name) as scratch:
            text = notebook_text(page_of(self.notebooks[name], why))
            write_text(scratch / f"{name}.ipynb", text)
            record = Record(
                notebook=name,
                profile=self.profile,
                parameters=dict(self.values[name]),
                key=self._key(name, {}),
                files={f"{name}.ipynb": content_hash(text)},
                seconds=0.0,
                peak_mb=0,
                machine=machine(),
                revision=revision(),
                versions=dict(versions()),
                left_out=why,
            )
            move_run(record, scratch, self.folder)


def _given(task: str) -> dict[str, Any]:
    """The values of parameters for a task: links of folders and benchmarks are used as they are."""
    from psqe.study.plans.base import task_options  # takes seconds to load, and few studies need it

    return {"task": task} if task_options(task).dangling is not None else {"task": task, "dangling": 0.0}


def of_one_collection(tasks: Iterable[str]) -> list[list[str]]:
    """Group tasks by collection, the part of their name before the slash.

    The tasks of one collection share pictures. Those of a group are prepared one after the other, so that no
    picture is encoded twice.

    Parameters
    ----------
    tasks
        The names of tasks, or folders.

    Returns
    -------
    list of list of str
        The tasks of each collection, in the order of their names.

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


def _start_server(*, many: bool = False) -> None:
    """Start the process that jobs and kernels are copies of, with what most (of many) notebooks need."""
    start_server((__name__, LOADED, *([TABLES] if many else ())), environment=ENVIRONMENT)


def _say(what: str) -> None:
    """Print one line about the step that begins."""
    print(f"psqe study: {what}", file=sys.stderr, flush=True)
