"""Checks of what is evaluated and linked: a task, a scorer, pairs of entities."""

from __future__ import annotations

import inspect
import reprlib

from psqe.errors import ParameterError
from psqe.evaluation.link_groups import Pairs, pairs_array
from psqe.evaluation.scorers import Scorer
from psqe.graph import SIDES, AlignmentTask, IntArray
from psqe.parameters import check_form
from psqe.similarity import Similarity

_RETURN = (
    "return a Similarity of the given left and right entities, such as aligner.similarity or the result of "
    "embedding_scorer does"
)

_OF_A_MISTAKE = (TypeError, ValueError, LookupError, AttributeError)
"""What a function raises that was made for other arguments, such as entities of another task."""


def check_task(task: object) -> None:
    """Refuse what is no task.

    Raises
    ------
    ParameterError
        If it is something else.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> check_task(planted_pair(30)[0])
    """
    check_form("the task", task, AlignmentTask, "give an AlignmentTask, such as load_task returns")


def check_scorer(scorer: object, *, remedy: str) -> None:
    """Refuse what is no function of left and right entities.

    Parameters
    ----------
    scorer
        The function.
    remedy
        What can be given.

    Raises
    ------
    ParameterError
        If it is no function, a class, or a function that cannot be called with two arguments.

    Examples
    --------
    >>> check_scorer(lambda left, right: None, remedy="give a function")
    """
    if isinstance(scorer, type) or not callable(scorer):
        raise ParameterError(f"the scorer cannot be {reprlib.repr(scorer)}", remedy=remedy)
    try:
        inspect.signature(scorer).bind(None, None)
    except ValueError:  # a function that does not tell its parameters
        return
    except TypeError as error:
        raise ParameterError(
            f"the scorer cannot be called with left and right entities ({error})", remedy=remedy
        ) from error


def similarity_of(scorer: Scorer, left: IntArray, right: IntArray) -> Similarity:
    """Return the similarities of entities, and refuse what is not one for each pair of them.

    Parameters
    ----------
    scorer
        A function of left and right entities that returns their similarities.
    left, right
        Indices of left and right entities, ``(m,)`` and ``(k,)``.

    Returns
    -------
    Similarities ``(m, k)``.

    Raises
    ------
    ParameterError
        If the function fails as one does that was made for other entities, returns something else, or
        returns similarities of another shape.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(30)
    >>> similarity_of(feature_scorer(task, features), task.left.candidates, task.right.candidates[:3]).shape
    (26, 3)
    """
    try:
        similarity = scorer(left, right)
    except _OF_A_MISTAKE as error:
        raise ParameterError(
            f"the scorer fails on {len(left)} left and {len(right)} right entities of the task "
            f"({type(error).__name__}: {error})",
            remedy="give a function of indices of entities of this task",
        ) from error
    check_form("what the scorer returns", similarity, Similarity, _RETURN)
    wanted = len(left), len(right)
    if similarity.shape != wanted:
        raise ParameterError(
            f"the scorer returns similarities of shape {similarity.shape} for {wanted[0]} left and "
            f"{wanted[1]} right entities",
            remedy=_RETURN,
        )
    return similarity


def pairs_of_task(task: AlignmentTask, what: str, pairs: Pairs) -> IntArray:
    """Return pairs as an array, and refuse those that are not of a left and a right entity of the task.

    Parameters
    ----------
    task
        The two graphs.
    what
        What the pairs are, as a plural noun that an error message puts after "the", such as ``"seeds"``.
    pairs
        Pairs of left and right entities.

    Returns
    -------
    The pairs ``(n, 2)``.

    Raises
    ------
    ParameterError
        If they are no pairs of whole numbers, or name an entity that the task does not have.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> pairs_of_task(planted_pair(30)[0], "seeds", [(0, 2), (1, 0)]).shape
    (2, 2)
    """
    array = pairs_array(pairs, what)
    for side, ends in zip(SIDES, array.T, strict=True):
        n = task.sides[side].n_entities
        outside = ends[(ends < 0) | (ends >= n)]
        if len(outside):
            raise ParameterError(
                f"the {what} have the {side} entity {outside[0]}, and {task.name} has those from 0 to "
                f"{n - 1}",
                remedy=f"give {what} of this task",
            )
    return array
