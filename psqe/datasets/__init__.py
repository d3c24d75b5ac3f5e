"""Where tasks come from: the emoji pairs, published benchmarks by name, and folders of one's own."""

from __future__ import annotations

from pathlib import Path

from psqe.datasets import benchmarks, emoji
from psqe.datasets.layouts import read_folder
from psqe.errors import ParameterError
from psqe.graph import AlignmentTask

__all__ = ["load_task", "task_descriptions", "task_names"]


def task_descriptions() -> dict[str, str]:
    """Each task that has a name of its own, and one line about it."""
    named = {name: one.description for name, one in benchmarks.BENCHMARKS.items()}
    return {**dict.fromkeys(emoji.names(), emoji.DESCRIPTION), **named}


def task_names() -> tuple[str, ...]:
    """Names that :func:`load_task` knows. It knows more emoji languages, as its error messages tell."""
    return tuple(task_descriptions())


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
        Such as ``emoji/en-fr``, see :func:`task_names`; or a folder in any layout of
        :data:`psqe.datasets.layouts.LAYOUTS`.
    random_state
        Not negative. Decides what is dropped, the order of the right entities and that of the links.
    dangling
        Emoji only: the share of the candidates dropped from each side, in [0, 0.5), so that some entities
        have no counterpart; 0.125 when omitted. Other data have dangling entities of their own.
    tones
        Emoji only: whether variants with skin tones are entities too.
    data_root
        Where the folders of benchmarks are; ``PSQE_DATA``, else the user's data folder, when omitted.

    Raises
    ------
    ParameterError
        If there is no such task, or a parameter is out of range or not one of this task.
    DataError
        If the data are missing or broken.
    """
    if random_state < 0:
        raise ParameterError(f"random_state is {random_state}", remedy="give an integer of at least 0")
    text = str(name)
    prefix = text.partition("/")[0]
    if prefix == emoji.PREFIX and isinstance(name, str):
        return emoji.load(text, random_state=random_state, dangling=dangling, tones=tones)
    if prefix not in benchmarks.PREFIXES and not Path(name).is_dir():
        what = "is no task and no folder"
        raise ParameterError(
            f"{text!r} {what}", remedy=f"choose from {', '.join(task_names())}, or give a folder"
        )
    if dangling not in (None, 0):
        raise ParameterError(
            f"dangling is {dangling}, but {text} has dangling entities of its own",
            remedy="leave it out or give 0",
        )
    if tones:
        raise ParameterError(f"{text} has no skin tones", remedy="leave tones out")
    if prefix in benchmarks.PREFIXES and isinstance(name, str):
        return benchmarks.load(text, random_state=random_state, data_root=data_root)
    return read_folder(name, random_state=random_state)
