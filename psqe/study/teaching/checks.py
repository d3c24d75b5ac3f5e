"""The checks of the lab: each says in one line whether a function is correct, or what is wrong with it.

A function is called with small random arguments, and its results are compared with those of the library.
Where a result is that of a common mistake, the line names the mistake.
"""

from __future__ import annotations

import copy
import dis
from typing import Any

import numpy as np

from psqe.errors import PsqeError
from psqe.study.teaching.tasks import TASKS, Solution, Task

N_CASES = 5
"""How many random arguments a function is called with."""

NO_BODY = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
"""The instructions of a function whose body is nothing but its docstring and three dots."""


class UnsolvedError(PsqeError):
    """What a check says of a function that does not yet return what it should, or of no function at all.

    A notebook shows its message in one line, without a traceback, which would be about the check.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in the place of a traceback."""
        return [str(self)]


def check(function: Solution) -> None:
    """Print that a function of the lab is correct, or raise what is wrong with it.

    Parameters
    ----------
    function
        The student's function. Its name says which task it solves.

    Raises
    ------
    UnsolvedError
        If the function returns nothing or something else than it should, changes its arguments, or fails; if
        no task of the lab has a function of this name, or no function is given.

    Examples
    --------
    >>> def nearest(cosines):
    ...     return cosines.argmax(axis=1)
    >>> check(nearest)
    Task 1 is solved: nearest does what it should.
    >>> def mutual(cosines):
    ...     ...
    >>> check(mutual)
    Traceback (most recent call last):
    psqe.study.teaching.checks.UnsolvedError: Task 2: mutual returns nothing yet; write its body, run its cell, and run this cell again
    """  # noqa: E501
    name, number = _judged(function)
    print(f"Task {number} is solved: {name} does what it should.")


def needs(*functions: Solution) -> None:
    """Raise an error of one line if a task is not solved whose function a cell calls; say nothing otherwise.

    Parameters
    ----------
    functions
        The student's functions.

    Raises
    ------
    UnsolvedError
        As from :func:`check`.

    Examples
    --------
    >>> def nearest(cosines):
    ...     ...
    >>> needs(nearest)
    Traceback (most recent call last):
    psqe.study.teaching.checks.UnsolvedError: this cell needs a task whose check has to pass first. Task 1: nearest returns nothing yet; write its body, run its cell, and run this cell again
    """  # noqa: E501
    for function in functions:
        try:
            _judged(function)
        except UnsolvedError as error:
            raise UnsolvedError(f"this cell needs a task whose check has to pass first. {error}") from None


def _judged(function: object) -> tuple[str, int]:
    """Return the name of a function and the number of its task, or raise what is wrong with it."""
    name = getattr(function, "__name__", "")
    if not callable(function) or not name.isidentifier():
        meant = function if isinstance(function, str) and function in TASKS else next(iter(TASKS))
        raise UnsolvedError(f"give the function itself: check({meant})")
    if name not in TASKS:
        raise UnsolvedError(f"no task has a function {name!r}", remedy=f"check one of {', '.join(TASKS)}")
    task = TASKS[name]
    for case in range(N_CASES):
        arguments = task.arguments(np.random.default_rng(case))
        if told := _fault(function, task, arguments):
            raise UnsolvedError(f"Task {task.number}: {name} {told}")
    return name, task.number


def _fault(function: Solution, task: Task, arguments: tuple[Any, ...]) -> str:
    """Say what is wrong with a function for some arguments; nothing if it is correct."""
    given = copy.deepcopy(arguments)
    result = _outcome(function, given)
    if result is None or result is Ellipsis:
        return _nothing(function, result)
    if not isinstance(result, Exception) and not _alike(given, arguments):
        return "changes its arguments; work on a copy, such as cosines.copy()"
    truth = task.reference(*arguments)
    if told := _no_numbers(result, truth):
        return told
    if _alike(result, truth):
        return _unusable(result, truth)
    for told, mistaken in task.mistakes.items():
        wrong = _outcome(mistaken, arguments)
        if not _alike(wrong, truth) and _alike(result, wrong):
            return told
    if isinstance(result, Exception):
        what = f"{type(result).__name__}: {result}"
        return f"stops with {what}; call it yourself in a new cell to see where"
    if np.shape(result) != np.shape(truth):
        return f"returns something of shape {np.shape(result)}, and the result has shape {np.shape(truth)}"
    if _in_another_order(np.asarray(result), np.asarray(truth)):
        return "has the correct pairs in another order; sort them by the left number"
    return "returns other numbers than it should; try it on an example that you can compute by hand"


def _outcome(function: Solution, arguments: tuple[Any, ...]) -> Any:
    """Return what a function returns, or the error that it raises."""
    try:
        return function(*arguments)
    except Exception as error:  # whatever a student's code raises
        return error


def _nothing(function: Solution, result: object) -> str:
    """Say what a function lacks that returns nothing: its body, or the word return."""
    code = getattr(function, "__code__", None)
    has_body = code is not None and not {step.opname for step in dis.get_instructions(code)} <= NO_BODY
    if has_body and result is None:
        return "returns None; does it end with return?"
    return "returns nothing yet; write its body, run its cell, and run this cell again"


def _no_numbers(result: Any, truth: Any) -> str:
    """Say that a result is no array and no number, whatever stands in it; nothing if it may be correct."""
    if isinstance(result, Exception):
        return ""
    try:
        array = np.asarray(result)
    except (TypeError, ValueError):
        return f"returns rows of different lengths; the result is an array of shape {np.shape(truth)}"
    wanted = "an array" if isinstance(truth, np.ndarray) else "a number"
    if not isinstance(result, np.ndarray) and array.ndim == 0 and array.dtype.kind not in "iufc":
        return f"returns a {type(result).__name__}, and later cells need {wanted}; return {wanted}"
    return ""


def _unusable(result: Any, truth: Any) -> str:
    """Say why later cells cannot use a result of correct numbers; nothing if they can."""
    if not isinstance(truth, np.ndarray):
        if isinstance(result, int | float | np.integer | np.floating):
            return ""
        kind = "an array" if isinstance(result, np.ndarray) else f"a {type(result).__name__}"
        return f"returns the correct number as {kind}, and later cells need a number; return float(...) of it"
    if not isinstance(result, np.ndarray):
        return (
            f"returns the correct numbers as a {type(result).__name__}, and later cells need an array; "
            "return np.array(...) of it"
        )
    if truth.dtype.kind == "i" and result.dtype.kind not in "iu":
        use, remedy = "use them as positions", "dtype=int"
    elif result.dtype.kind not in "fiu":
        use, remedy = "compute with them", "dtype=float"
    else:
        return ""
    return f"returns the correct numbers as {result.dtype}, and later cells {use}; give it {remedy}"


def _in_another_order(result: Any, truth: Any) -> bool:
    """Whether two arrays of pairs have the same rows."""
    if truth.ndim != 2 or truth.shape[1] != 2 or result.dtype.kind not in "fiu":
        return False
    return _alike(*(array[np.lexsort(array.T[::-1])] for array in (result, truth)))


def _alike(one: Any, other: Any) -> bool:
    """Return whether two results are the same up to rounding; those of several parts, part by part.

    Errors are the same if they say the same.
    """
    if isinstance(one, Exception) or isinstance(other, Exception):
        return type(one) is type(other) and str(one) == str(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    try:
        if np.iscomplexobj(one) and np.any(np.imag(one)):
            return False
        values, truth = (np.asarray(np.real(part), dtype=float) for part in (one, other))
    except (TypeError, ValueError):
        return False
    return values.shape == truth.shape and bool(np.allclose(values, truth, rtol=1e-4, atol=1e-6))
