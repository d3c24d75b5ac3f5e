"""The Han pairs: characters and words of Japanese against those of Chinese, made by different people."""

from collections.abc import Mapping

from psqe.datasets.han import pair, words
from psqe.datasets.han.pair import PREFIX
from psqe.errors import ParameterError
from psqe.graph import AlignmentTask

__all__ = ["PREFIX", "closed_leaks", "descriptions", "encoders", "load", "names"]


def descriptions() -> dict[str, str]:
    """Return one line about each task, by name: those of characters, then that of words."""
    return {**{name: pair.description(name) for name in pair.names()}, words.NAME: words.DESCRIPTION}


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
    return words.CLOSED_LEAKS if _is_of_words(name) else pair.CLOSED_LEAKS


def encoders(name: str) -> dict[str, str | None]:
    """Return the modalities by which a task is compared, each with ``None``: its default encoder.

    Characters are compared by pictures and texts, words by texts only, because they have no pictures.

    The parameter and the error are those of :func:`closed_leaks`.

    Examples
    --------
    >>> encoders("han/words"), encoders("han/ja-zh")
    ({'attribute': None}, {'image': None, 'attribute': None})
    """
    return {"attribute": None} if _is_of_words(name) else {"image": None, "attribute": None}


def load(name: str, *, random_state: int, dangling: float | None = None) -> AlignmentTask:
    """Build one of the Han pairs.

    :func:`psqe.datasets.han.words.load` and :func:`psqe.datasets.han.pair.load` describe the parameters and
    their errors.

    Raises
    ------
    ParameterError
        If there is no such task.
    """
    if _is_of_words(name):
        return words.load(random_state=random_state, dangling=dangling)
    return pair.load(name, random_state=random_state, dangling=dangling)


def _is_of_words(name: str) -> bool:
    """Return whether a task is that of words, and refuse a name that is none."""
    if name not in names():
        raise ParameterError(f"there is no task {name!r}", remedy=f"choose from {', '.join(names())}")
    return name == words.NAME
