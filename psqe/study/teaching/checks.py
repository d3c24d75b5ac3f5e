"""The checks of the lab: each says in one line whether a student's function is correct, or what is wrong.

A function is called with small random arguments, and its results are compared with those of the library.
Where a result is that of a common mistake, the line names the mistake.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from psqe.errors import ParameterError, PsqeError
from psqe.evaluation.regions import Regions
from psqe.graph import BoolArray, DoubleArray, FloatArray, IntArray
from psqe.seeds.audit import coverage
from psqe.similarity import Dot, mutual_pairs
from psqe.similarity.clamped import Clamped
from psqe.theory.batch import Batch
from psqe.theory.split import attraction, repulsion

N_CASES = 5
"""How many random arguments a function is called with."""

Solution = Callable[..., Any]
"""A function that solves a task."""


class UnsolvedError(PsqeError):
    """A task of the lab whose function does not yet return what it should.

    A notebook shows its message in one line, without a traceback, which would be about the check.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in the place of a traceback."""
        return [str(self)]


@dataclass(frozen=True)
class Task:
    """A task of the lab: a function that a student writes.

    Attributes
    ----------
    number
        The number of the task in the lab, from 1.
    arguments
        Draws random arguments for the function.
    reference
        Computes the correct result from the same arguments.
    mistakes
        What common mistakes return, by the line that a student is then told.
    """

    number: int
    arguments: Callable[[np.random.Generator], tuple[Any, ...]]
    reference: Solution
    mistakes: Mapping[str, Solution] = field(default_factory=dict)


def check(function: Solution) -> None:
    """Print that a function of the lab is correct, or raise what is wrong with it.

    Parameters
    ----------
    function
        The student's function. Its name says which task it solves.

    Raises
    ------
    ParameterError
        If no task of the lab has a function of this name.
    UnsolvedError
        If the function returns nothing or something else than it should, changes its arguments, or fails.

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
    name = getattr(function, "__name__", type(function).__name__)
    if name not in TASKS:
        raise ParameterError(f"no task has a function {name!r}", remedy=f"check one of {', '.join(TASKS)}")
    task = TASKS[name]
    for case in range(N_CASES):
        arguments = task.arguments(np.random.default_rng(case))
        if told := _fault(function, task, arguments):
            raise UnsolvedError(f"Task {task.number}: {name} {told}")
    print(f"Task {task.number} is solved: {name} does what it should.")


def _fault(function: Solution, task: Task, arguments: tuple[Any, ...]) -> str:
    """Say what is wrong with a function for some arguments; nothing if it is correct."""
    given = copy.deepcopy(arguments)
    try:
        result = function(*given)
    except Exception as error:  # whatever a student's code raises
        return f"stops with {type(error).__name__}: {error}; call it yourself in a new cell to see where"
    if result is None or result is Ellipsis:
        return "returns nothing yet; write its body, run its cell, and run this cell again"
    if not _alike(given, arguments):
        return "changes its arguments; work on a copy, such as cosines.copy()"
    truth = task.reference(*arguments)
    if _alike(result, truth):
        if isinstance(truth, np.ndarray) and not isinstance(result, np.ndarray):
            return (
                f"returns the correct numbers as a {type(result).__name__}, and later cells need an array; "
                "return np.array(...) of it"
            )
        return ""
    for told, mistaken in task.mistakes.items():
        wrong = mistaken(*arguments)
        if not _alike(wrong, truth) and _alike(result, wrong):
            return told
    if np.shape(result) != np.shape(truth):
        return f"returns something of shape {np.shape(result)}, and the result has shape {np.shape(truth)}"
    return "returns other numbers than it should; try it on an example that you can compute by hand"


def _alike(one: Any, other: Any) -> bool:
    """Return whether two results are the same up to rounding; those of several parts, part by part."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    try:
        values, truth = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    except (TypeError, ValueError):
        return False
    return values.shape == truth.shape and bool(np.allclose(values, truth, rtol=1e-4, atol=1e-6))


def _cosines(rng: np.random.Generator) -> tuple[FloatArray]:
    """Draw cosines of 7 left with 7 right entities, of which most, but not all, match their own number."""
    noise = rng.uniform(-0.5, 0.5, (7, 7))
    return ((0.4 * np.eye(7) + noise).astype(np.float32),)


def _seeds(rng: np.random.Generator, n: int = 4) -> IntArray:
    """Draw one-to-one pairs of 7 left and 7 right entities."""
    pairs: IntArray = np.stack([rng.permutation(7)[:n], rng.permutation(7)[:n]], axis=1)
    return pairs


def _judged_seeds(rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draw seeds, and the true counterparts of all left entities; two have none."""
    pairs, truth = _seeds(rng), rng.permutation(7)
    truth[pairs[:3, 0]] = pairs[:3, 1]
    truth[rng.permutation(7)[:2]] = -1
    return pairs, truth


def _grouped_seeds(rng: np.random.Generator) -> tuple[IntArray, IntArray, int]:
    """Draw seeds, the group of each left entity, and the number of groups; every group has an entity."""
    return _seeds(rng), rng.permutation([0, 0, 0, 0, 1, 1, 2]), 3


def _clampable(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    return *_cosines(rng), _seeds(rng, 2)


def _anchored(rng: np.random.Generator) -> tuple[DoubleArray, DoubleArray, int, float]:
    """Draw an anchor, its candidates, which of them is the target, and a temperature."""
    vectors = rng.normal(size=(6, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[0], vectors[1:], int(rng.integers(5)), float(rng.uniform(0.2, 0.9))


def _mutual(cosines: FloatArray) -> IntArray:
    pairs: IntArray = np.stack(mutual_pairs(cosines.argmax(axis=1), cosines.argmax(axis=0)), axis=1)
    return pairs


def _all_nearest(cosines: FloatArray) -> IntArray:
    pairs: IntArray = np.stack([np.arange(len(cosines)), cosines.argmax(axis=1)], axis=1)
    return pairs


def _hits(pairs: IntArray, truth: IntArray) -> BoolArray:
    found: BoolArray = truth[pairs[:, 0]] == pairs[:, 1]
    return found


def _coverage(pairs: IntArray, groups: IntArray, n_groups: int) -> DoubleArray:
    names = tuple(str(number) for number in range(n_groups))
    shares = coverage(pairs, Regions("semantic", names, groups, np.full(len(groups), -1)))
    return np.array([shares[name] for name in names])


def _counts(pairs: IntArray, groups: IntArray, n_groups: int) -> IntArray:
    return np.bincount(groups[pairs[:, 0]], minlength=n_groups).astype(np.int64)


def _clamped(cosines: FloatArray, pairs: IntArray) -> FloatArray:
    left, right = (np.full(n, -1) for n in cosines.shape)
    left[pairs[:, 0]] = right[pairs[:, 1]] = np.arange(len(pairs))
    identity = np.eye(cosines.shape[1], dtype=np.float32)
    return Clamped(Dot(cosines, identity), left, right).rows(0, len(cosines))


def _half_clamped(cosines: FloatArray, pairs: IntArray, *, side: int) -> FloatArray:
    clamped = cosines.copy()
    clamped[(slice(None),) * side + (pairs[:, side],)] = -1
    clamped[pairs[:, 0], pairs[:, 1]] = 1
    return clamped


def _without_seeds(cosines: FloatArray, pairs: IntArray) -> FloatArray:
    clamped = _clamped(cosines, pairs)
    clamped[pairs[:, 0], pairs[:, 1]] = -1
    return clamped


def _gradient(anchor: DoubleArray, candidates: DoubleArray, target: int, temperature: float) -> DoubleArray:
    """Take the row of one anchor from a batch in which each candidate is the target of one anchor."""
    batch = Batch(np.tile(anchor, (len(candidates), 1)), candidates, temperature, same_side=False)
    row: DoubleArray = (attraction(batch) + repulsion(batch))[target]
    return row


def _repulsion(anchor: DoubleArray, candidates: DoubleArray, target: int, temperature: float) -> DoubleArray:
    """Push from all candidates and forget the target."""
    pushed: DoubleArray = (
        _gradient(anchor, candidates, target, temperature) + candidates[target] / temperature
    )
    return pushed


TASKS: dict[str, Task] = {
    "nearest": Task(
        1,
        _cosines,
        lambda cosines: cosines.argmax(axis=1),
        {
            "looks down each column; look along each row, with axis=1": lambda cosines: cosines.argmax(
                axis=0
            ),
            "returns the largest cosines; their positions are asked for, so argmax in place of max": (
                lambda cosines: cosines.max(axis=1)
            ),
            "returns one number for the whole matrix; give argmax the axis": lambda cosines: cosines.argmax(),
        },
    ),
    "mutual": Task(
        2,
        _cosines,
        _mutual,
        {
            "returns every left entity with its nearest; keep the pairs whose right entity has the left one "
            "as its nearest, too": _all_nearest,
            "has the right entities in the first column; the left ones come first": (
                lambda cosines: _mutual(cosines)[:, ::-1]
            ),
            "returns a row of left and a row of right entities; it should have a row for each pair": (
                lambda cosines: _mutual(cosines).T
            ),
        },
    ),
    "precision": Task(
        3,
        _judged_seeds,
        lambda pairs, truth: _hits(pairs, truth).mean(),
        {
            "returns the number of correct pairs; divide it by the number of pairs": (
                lambda pairs, truth: _hits(pairs, truth).sum()
            ),
            "divides by the number of true links, which is recall; divide by the number of pairs": (
                lambda pairs, truth: _hits(pairs, truth).sum() / (truth >= 0).sum()
            ),
            "returns the share of wrong pairs": lambda pairs, truth: 1 - _hits(pairs, truth).mean(),
        },
    ),
    "coverage": Task(
        4,
        _grouped_seeds,
        _coverage,
        {
            "returns how many seeds each group has; divide by the number of its entities": _counts,
            "returns the share of the seeds that each group has; divide by the number of entities of the "
            "group and not by the number of seeds": (
                lambda pairs, groups, n_groups: _counts(pairs, groups, n_groups) / len(pairs)
            ),
        },
    ),
    "clamp": Task(
        5,
        _clampable,
        _clamped,
        {
            "leaves the right entities of seeds to others; set their columns to -1, too": (
                lambda cosines, pairs: _half_clamped(cosines, pairs, side=0)
            ),
            "leaves the left entities of seeds to others; set their rows to -1, too": (
                lambda cosines, pairs: _half_clamped(cosines, pairs, side=1)
            ),
            "loses the seeds themselves; set their cells to 1, after the rows and columns": _without_seeds,
        },
    ),
    "gradient": Task(
        6,
        _anchored,
        _gradient,
        {
            "returns the step of descent, which is minus the gradient": lambda *given: -_gradient(*given),
            "forgets to divide by the temperature outside the shares": (
                lambda anchor, candidates, target, t: t * _gradient(anchor, candidates, target, t)
            ),
            "has only the repulsion; subtract the target": _repulsion,
        },
    ),
}
"""The tasks of the lab by the name of the function that a student writes."""
