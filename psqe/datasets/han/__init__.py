"""The Han pairs: characters and words of Japanese against those of Chinese, made by different people."""

from collections.abc import Mapping

from psqe.datasets.han import pair, words
from psqe.datasets.han.pair import PREFIX
from psqe.errors import ParameterError
from psqe.graph import AlignmentTask

__all__ = ["PREFIX", "closed_leaks", "descriptions", "encoders", "load", "names"]


def descriptions() -> dict[str, str]:
    """Return one line about each task, by name: those of characters, then that of words."""
    return {**dict.fromkeys(pair.names(), pair.DESCRIPTION), words.NAME: words.DESCRIPTION}


def names() -> tuple[str, ...]:
    """Return the names of the tasks."""
    return tuple(descriptions())


def closed_leaks(name: str) -> Mapping[str, str]:
    """Return each way by which the links of a task could be read off, and how it was closed.

    Parameters
    ----------
    name
        One of :func:`names`.

    Raises
    ------
    ParameterError
        If there is no such task.

    Examples
    --------
    >>> "references" in closed_leaks("han/words")
    True
    """
    _require(name)
    return words.CLOSED_LEAKS if name == words.NAME else pair.CLOSED_LEAKS


def encoders(name: str) -> dict[str, str | None]:
    """Return the modalities that a task is compared by, each with its default encoder; words have no picture.

    Parameters
    ----------
    name
        One of :func:`names`.

    Raises
    ------
    ParameterError
        If there is no such task.

    Examples
    --------
    >>> encoders("han/words"), encoders("han/ja-zh")
    ({'attribute': None}, {'image': None, 'attribute': None})
    """
    _require(name)
    return {"attribute": None} if name == words.NAME else {"image": None, "attribute": None}


def load(name: str, *, random_state: int, dangling: float | None = None) -> AlignmentTask:
    """Build one of the Han pairs, see :func:`psqe.datasets.han.pair.load` and :mod:`psqe.datasets.han.words`.

    Parameters
    ----------
    name
        One of :func:`names`.
    random_state
        Not negative. It decides which entities are dropped, and the order of the right entities and of the
        links.
    dangling
        Share of the candidates dropped from each side at random, in [0, 0.5), beside those that have no
        counterpart anyway; 0 when ``None``.

    Raises
    ------
    ParameterError
        If there is no such task, or ``dangling`` is out of range.
    DataError
        If a package of the extra ``han`` is not installed, or lacks its data.
    """
    _require(name)
    if name == words.NAME:
        return words.load(random_state=random_state, dangling=dangling)
    return pair.load(name, random_state=random_state, dangling=dangling)


def _require(name: str) -> None:
    if name not in names():
        raise ParameterError(f"there is no task {name!r}", remedy=f"choose from {', '.join(names())}")
