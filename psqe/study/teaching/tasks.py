"""The tasks of the lab: what a function of each is called with, its correct result, and common mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from psqe.evaluation.regions import Regions
from psqe.graph import BoolArray, DoubleArray, FloatArray, IntArray
from psqe.seeds.audit import coverage
from psqe.similarity import Dot, mutual_pairs
from psqe.similarity.clamped import Clamped
from psqe.theory.batch import Batch
from psqe.theory.split import attraction, repulsion

Solution = Callable[..., Any]
"""A function that solves a task."""


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


def _shape(rng: np.random.Generator) -> tuple[int, int]:
    """Draw how many left and right entities there are: often not as many on both sides."""
    return (7, 9) if rng.random() < 0.5 else (8, 7)


def _cosines(rng: np.random.Generator) -> tuple[FloatArray]:
    """Draw cosines of left with right entities, of which most, but not all, match their own number."""
    shape = _shape(rng)
    return ((0.4 * np.eye(*shape) + rng.uniform(-0.5, 0.5, shape)).astype(np.float32),)


def _seeds(rng: np.random.Generator, shape: tuple[int, ...], n: int = 4) -> IntArray:
    """Draw one-to-one pairs of left and right entities."""
    pairs: IntArray = np.stack([rng.permutation(n_side)[:n] for n_side in shape], axis=1)
    return pairs


def _judged_seeds(rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draw seeds, and the true counterparts of all left entities; two have none."""
    pairs, truth = _seeds(rng, (7, 9)), rng.permutation(9)[:7]
    truth[pairs[:3, 0]] = pairs[:3, 1]
    truth[rng.permutation(7)[:2]] = -1
    return pairs, truth


def _grouped_seeds(rng: np.random.Generator) -> tuple[IntArray, IntArray, int]:
    """Draw seeds, the group of each left entity, and the number of groups; every group has an entity."""
    return _seeds(rng, (7, 9)), rng.permutation([0, 0, 0, 0, 1, 1, 2]), 3


def _clampable(rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    (cosines,) = _cosines(rng)
    return cosines, _seeds(rng, cosines.shape, 2)


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
    shares = coverage(pairs, Regions("semantic", names, groups, np.full(pairs[:, 1].max() + 1, -1)))
    return np.array([shares[name] for name in names])


def _counts(pairs: IntArray, groups: IntArray, n_groups: int) -> IntArray:
    return np.bincount(groups[pairs[:, 0]], minlength=n_groups).astype(np.int64)


def _coverage_of_seen(pairs: IntArray, groups: IntArray, n_groups: int) -> DoubleArray:
    """Compute coverages without saying how many groups there are, which fails if the last have no seed."""
    return np.bincount(groups[pairs[:, 0]]) / np.bincount(groups)


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
            "returns the position of the smallest cosine; use argmax": lambda cosines: cosines.argmin(axis=1),
            "counts from 1; positions count from 0": lambda cosines: cosines.argmax(axis=1) + 1,
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
            "counts from 1; entities are numbered from 0": lambda cosines: _mutual(cosines) + 1,
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
            "returns a percentage; return the share, from 0 to 1": (
                lambda pairs, truth: 100 * _hits(pairs, truth).mean()
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
            "leaves out the last groups if they have no seed; give np.bincount minlength=n_groups": (
                _coverage_of_seen
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
            "leaves the temperature out of the shares; divide the cosines by it before np.exp": (
                lambda anchor, candidates, target, t: _gradient(anchor, candidates, target, 1.0) / t
            ),
            "leaves the temperature out; divide the cosines by it, and the whole by it once more": (
                lambda anchor, candidates, target, t: _gradient(anchor, candidates, target, 1.0)
            ),
        },
    ),
}
"""The tasks of the lab by the name of the function that a student writes."""
