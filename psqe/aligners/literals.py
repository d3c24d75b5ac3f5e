"""Values of attributes as literals of a graph, and which literals of two graphs are equal.

Two texts are equal if they are the same after compatible Unicode forms (NFKC), letter case and white space
are made alike. A number is compared with the number of the other side that is the nearest one and has this
number as its own nearest one. The probability that the two are equal falls from 1 to 0 as their relative
difference ``|a - b| / max(|a|, |b|)`` grows from 0 to :data:`TOLERANCE`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from psqe.features.base import Features
from psqe.features.encoders.bins import Number, read_number
from psqe.graph import AlignmentTask, DoubleArray, IntArray, KnowledgeGraph, Sides
from psqe.number_forms import read_attributes

TOLERANCE = 1e-3
"""The relative difference from which two numbers are not equal. Half of it lies between 1955 and 1956."""


@dataclass(frozen=True, eq=False)
class Literals:
    """The literals of one graph and the statements that have them as objects.

    Parameters
    ----------
    texts
        The distinct texts, sorted. They are the literals with the numbers 0, 1, ...
    numbers
        The distinct numbers, ascending: float64 array ``(k,)``. They are numbered after the texts.
    attributes
        The labels of the attributes, sorted.
    statements
        Integer array ``(m, 3)``: entity, attribute and literal, all numbered from 0.
    """

    texts: tuple[str, ...]
    numbers: DoubleArray
    attributes: tuple[str, ...]
    statements: IntArray

    def __len__(self) -> int:
        return len(self.texts) + len(self.numbers)


def literals_of(task: AlignmentTask, features: Features) -> Sides[Literals]:
    """Read the literals of both graphs, of those kinds whose modality is among the features.

    Texts belong to the modality ``attribute`` and numbers to the modality ``number``. Where only texts are
    compared, a number is a text.

    Parameters
    ----------
    task
        The two graphs.
    features
        Features, of which only the names of the modalities are read.

    Returns
    -------
    Sides
        The literals of each graph; there are none without either modality.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("a",), (), [], attributes=((("label", "Rome"), ("area", "1285")),))
    >>> task = AlignmentTask("t", left, left)
    >>> number = Features.from_arrays({"number_left": [[1.0]], "number_right": [[1.0]]})
    >>> literals_of(task, number).left.numbers.tolist()
    [1285.0]
    """
    return task.sides.map(
        lambda graph: _read(graph, with_texts="attribute" in features, with_numbers="number" in features)
    )


def _read(graph: KnowledgeGraph, *, with_texts: bool, with_numbers: bool) -> Literals:
    """Read the literals of one graph."""
    readings = read_attributes(graph.attributes) if with_numbers else {}
    found: list[tuple[int, str, str | float]] = []
    for entity, pairs in enumerate(graph.attributes if with_texts or with_numbers else ()):
        for attribute, text in pairs:
            if text is None:
                continue
            reading = readings[attribute].numbers if attribute in readings else None
            number = read_number(text, reading) if with_numbers else None
            if number is not None:
                found.append((entity, attribute, _with_day(number)))
            elif with_texts and (alike := normalised(text)):
                found.append((entity, attribute, alike))
    texts = sorted({value for *_, value in found if isinstance(value, str)})
    numbers = sorted({value for *_, value in found if not isinstance(value, str)})
    attributes = sorted({attribute for _, attribute, _ in found})
    values: list[str | float] = [*texts, *numbers]
    place = {value: i for i, value in enumerate(values)}
    column = {attribute: i for i, attribute in enumerate(attributes)}
    rows = [(entity, column[attribute], place[value]) for entity, attribute, value in found]
    statements = np.unique(np.array(rows, dtype=np.int64).reshape(-1, 3), axis=0)
    return Literals(tuple(texts), np.array(numbers, dtype=np.float64), tuple(attributes), statements)


def normalised(text: str) -> str:
    r"""Return a text in compatible Unicode forms, without letter case and with single spaces.

    Examples
    --------
    >>> normalised(" ROME\u3000 ⅷ")
    'rome viii'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _with_day(number: Number) -> float:
    """Return a number; that of a date with a day is the year plus the months by 12 and the days by 372."""
    return number.day / 372 if number.day else number.value + 0.0  # which turns -0.0 into 0.0


def equal_literals(literals: Sides[Literals]) -> tuple[IntArray, DoubleArray]:
    """Pair the equal literals of two graphs.

    Parameters
    ----------
    literals
        The literals of both graphs.

    Returns
    -------
    Pairs of literals ``(n, 2)``, each literal in at most one pair, and the probability ``(n,)`` that the two
    are equal.

    Examples
    --------
    >>> nothing = np.empty((0, 3), dtype=np.int64)
    >>> left = Literals(("rome",), np.array([1955.0]), (), nothing)
    >>> right = Literals(("paris", "rome"), np.array([1955.5, 1980.0]), (), nothing)
    >>> pairs, probability = equal_literals(Sides(left, right))
    >>> pairs.tolist(), probability.round(2).tolist()
    ([[0, 1], [1, 2]], [1.0, 0.74])
    """
    place = {text: i for i, text in enumerate(literals.right.texts)}
    texts = [(i, place[text]) for i, text in enumerate(literals.left.texts) if text in place]
    numbers, probability = _near_numbers(literals.left.numbers, literals.right.numbers)
    pairs = np.array(texts, dtype=np.int64).reshape(-1, 2)
    numbers = numbers + np.array([len(side.texts) for side in literals])
    return np.concatenate([pairs, numbers]), np.concatenate([np.ones(len(pairs)), probability])


def _near_numbers(left: DoubleArray, right: DoubleArray) -> tuple[IntArray, DoubleArray]:
    """Pair numbers ``(n,)`` and ``(m,)``, both ascending, that are each other's nearest and nearly equal."""
    if not len(left) or not len(right):
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    nearest, of_right = _nearest(left, right), _nearest(right, left)
    mutual = np.flatnonzero(of_right[nearest] == np.arange(len(left)))
    probability = 1 - _difference(left[mutual], right[nearest[mutual]]) / TOLERANCE
    equal = probability > 0
    return np.column_stack([mutual, nearest[mutual]])[equal], probability[equal]


def _nearest(values: DoubleArray, others: DoubleArray) -> IntArray:
    """Return the index in ``others``, ascending, of the relatively nearest number of each value."""
    above = np.searchsorted(others, values).clip(0, len(others) - 1)
    below = np.maximum(above - 1, 0)
    first = _difference(values, others[below]) <= _difference(values, others[above])
    return np.where(first, below, above)


def _difference(a: DoubleArray, b: DoubleArray) -> DoubleArray:
    """Return the relative differences ``|a - b| / max(|a|, |b|)``, 0 between two zeros."""
    largest = np.maximum(np.abs(a), np.abs(b))
    # Halves do not overflow where the difference of two large numbers would.
    half: DoubleArray = np.abs(a / 2 - b / 2) / np.where(largest > 0, largest, 1)
    return 2 * half
