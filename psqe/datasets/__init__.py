"""Where tasks come from: one module per source, one line each in :data:`SOURCES`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from psqe.datasets import dbp15k, emoji
from psqe.errors import ParameterError
from psqe.kg import AlignmentTask

__all__ = ["SOURCES", "Source", "load_task", "task_descriptions", "task_names"]


class Source(Protocol):
    """What a module (or an object) must offer to be a source of tasks."""

    PREFIX: str
    """First part of the names of its tasks: ``<PREFIX>/...``."""
    DESCRIPTION: str
    """One line for lists."""

    def names(self) -> tuple[str, ...]:
        """Names of the tasks to list."""
        ...

    def load(self, name: str, *, random_state: int, dangling: float | None, tones: bool) -> AlignmentTask:
        """Load the task ``name``, which begins with the prefix. ``dangling=None`` leaves it to the source."""
        ...


SOURCES: tuple[Source, ...] = (emoji, dbp15k)


def task_descriptions() -> dict[str, str]:
    """Each task that has a name of its own, and one line about it."""
    return {name: source.DESCRIPTION for source in SOURCES for name in source.names()}


def task_names() -> tuple[str, ...]:
    """Names that :func:`load_task` knows. A source may know more, as its error messages tell."""
    return tuple(task_descriptions())


def load_task(
    name: str, *, random_state: int = 0, dangling: float | None = None, tones: bool = False
) -> AlignmentTask:
    """Load an alignment task by its name.

    Parameters
    ----------
    name
        Such as ``emoji/en-fr``; see :func:`task_names`.
    random_state
        Not negative. Decides what is dropped, the order of the right entities and that of the links.
    dangling
        Share of the candidates dropped from each side, in [0, 0.5): entities without a counterpart. ``None``
        is what the source does by itself: 0.125 for emoji, 0 for data with dangling entities of their own,
        which take no other share.
    tones
        Emoji only: whether variants with skin tones are entities too.

    Raises
    ------
    ParameterError
        If no source knows the name, or a parameter is out of range.
    DataError
        If data of the source are missing or broken.
    """
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    for source in SOURCES:
        if name.partition("/")[0] == source.PREFIX:
            return source.load(name, random_state=random_state, dangling=dangling, tones=tones)
    what = "is a folder, and no source reads folders" if Path(name).is_dir() else "is no task"
    raise ParameterError(f"{name!r} {what}", remedy=f"choose from {', '.join(task_names())}")
