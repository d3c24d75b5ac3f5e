"""The sources of alignment tasks: emoji and Han pairs, published benchmarks, and folders of the user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from psqe.datasets import benchmarks, emoji, han
from psqe.datasets.layouts import file_remedy, read_folder
from psqe.errors import ParameterError
from psqe.graph import AlignmentTask

__all__ = [
    "check_task_name", "closed_leaks", "is_drawn", "is_named", "load_task", "study_encoders",
    "task_descriptions", "task_names",
]  # fmt: skip


def task_descriptions() -> dict[str, str]:
    """Return one line about each task that has a name, by name."""
    named = {name: benchmark.description for name, benchmark in benchmarks.BENCHMARKS.items()}
    return {**dict.fromkeys(emoji.names(), emoji.DESCRIPTION), **han.descriptions(), **named}


def task_names() -> tuple[str, ...]:
    """Return the names of tasks. :func:`load_task` knows more emoji pairs: any two languages make one."""
    return tuple(task_descriptions())


def closed_leaks(name: str) -> Mapping[str, str]:
    """Return each way by which the links of a task could be read off, and how it was closed.

    Parameters
    ----------
    name
        Name of a task, such as ``han/ja-zh``.

    Returns
    -------
    The remedies by the leak; empty for tasks that are taken as they are.
    """
    return han.closed_leaks(name) if name in han.names() else {}


def study_encoders(name: str) -> dict[str, str | None]:
    """Return what a named task is compared by in the study, unless something else is asked for.

    Parameters
    ----------
    name
        Name of a task, such as ``emoji/en-fr``.

    Returns
    -------
    Each modality with its encoder, or with ``None`` for the modality's default encoder; empty for a folder,
    where only the data can tell.
    """
    if name.partition("/")[0] == emoji.PREFIX:
        return {"image": None, "attribute": None}
    if name in han.names():
        return han.encoders(name)
    return dict(benchmarks.BENCHMARKS[name].encoders) if name in benchmarks.BENCHMARKS else {}


def is_named(name: str | Path) -> bool:
    """Return whether a name is written like that of a task, and not like the path of a folder.

    Examples
    --------
    >>> is_named("emoji/en-fr"), is_named("examples/countries")
    (True, False)
    """
    prefixes = (emoji.PREFIX, han.PREFIX, *benchmarks.PREFIXES)
    return isinstance(name, str) and name.partition("/")[0] in prefixes


def is_drawn(name: str | Path) -> bool:
    """Return whether a random state decides which entities a named task has, as it does of no other task.

    Examples
    --------
    >>> is_drawn("emoji/en-fr"), is_drawn("dbp15k/zh_en"), is_drawn("examples/countries")
    (True, False, False)
    """
    return isinstance(name, str) and name.partition("/")[0] in (emoji.PREFIX, han.PREFIX)


def check_task_name(name: str | Path, *, data_root: str | Path | None = None) -> None:
    """Raise the error of :func:`load_task` for a task that does not exist, without loading anything.

    Parameters
    ----------
    name, data_root
        As for :func:`load_task`.

    Raises
    ------
    ParameterError
        If there is no such task and no such folder.
    DataError
        If it is a benchmark whose files are missing.
    """
    _check_name(name)
    if is_named(name) and str(name).partition("/")[0] in benchmarks.PREFIXES:
        benchmarks.folder_of(str(name), data_root)


def _check_name(name: str | Path) -> None:
    """Check a name; that of a benchmark is checked when its files are looked for."""
    text = str(name)
    prefix = text.partition("/")[0]
    if not is_named(name):
        if Path(name).is_file():
            raise ParameterError(f"{text!r} is a file and no folder", remedy=file_remedy(Path(text)))
        if not Path(name).is_dir():
            raise ParameterError(
                f"{text!r} is no task and no folder",
                remedy=f"give a folder that exists, or one of the tasks {', '.join(task_names())}",
            )
    elif prefix == emoji.PREFIX:
        emoji.languages_of(text)
    elif prefix == han.PREFIX:
        han.encoders(text)


def load_task(
    name: str | Path,
    *,
    random_state: int = 0,
    dangling: float | None = None,
    tones: bool = False,
    data_root: str | Path | None = None,
) -> AlignmentTask:
    """Load an alignment task by its name, or from a folder.

    Parameters
    ----------
    name
        Name of a task such as ``emoji/en-fr``, see :func:`task_names`; or a folder in any layout of
        :data:`psqe.datasets.layouts.LAYOUTS`.
    random_state
        Not negative. It decides which entities are dropped, and the order of the right entities and of the
        links.
    dangling
        For emoji and Han pairs: the share of the candidates dropped from each side, in [0, 0.5), so that
        their counterparts have none; when omitted, 0.125 for emoji, and 0 for Han characters, which have
        dangling entities already, as other data have.
    tones
        For emoji only: whether variants with skin tones are entities too.
    data_root
        Folder that holds the folders of the benchmarks; ``PSQE_DATA``, else the user's data folder, when
        omitted.

    Returns
    -------
    AlignmentTask
        The task, its right entities and its links in random order.

    Raises
    ------
    ParameterError
        If there is no such task, a parameter is out of range, or the task does not have the parameter.
    DataError
        If the data are missing or broken.

    Examples
    --------
    >>> load_task("emoji/en-fr").left.language
    'en'
    """
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    _check_name(name)
    text = str(name)
    prefix = text.partition("/")[0]
    if prefix == emoji.PREFIX and isinstance(name, str):
        return emoji.load(text, random_state=random_state, dangling=dangling, tones=tones)
    if tones:
        raise ParameterError(f"{text} has no skin tones", remedy="leave tones out")
    if prefix == han.PREFIX and isinstance(name, str):
        return han.load(text, random_state=random_state, dangling=dangling)
    named = is_named(name)
    if dangling not in (None, 0):
        used = "the benchmark" if named else "the folder"
        raise ParameterError(
            f"dangling is {dangling}, but {used} {text} is used as it is; counterparts are dropped only from "
            f"the named tasks that begin with {emoji.PREFIX}/ or {han.PREFIX}/",
            remedy="leave it out or give 0",
        )
    if named:
        return benchmarks.load(text, random_state=random_state, data_root=data_root)
    return read_folder(name, random_state=random_state)
