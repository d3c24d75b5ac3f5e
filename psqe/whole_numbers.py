"""Whole numbers that stand for entities, as a user gives them: an array, lists, a frame or an iterator."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError, PsqeError

LARGEST_EXACT = 2.0**53
"""The whole number from which on floats skip some."""


def whole_numbers(
    values: object, what: str, *, width: int | None, remedy: str, error: type[PsqeError] = DataError
) -> NDArray[np.int64]:
    """Return whole numbers as an integer array, and refuse what an integer array would cut or scramble.

    Floats are accepted where they are whole, such as 1.0. Texts, booleans and missing values are refused, and
    so are arrays of another shape: a list of all left entities and a list of all right ones are no pairs.

    Parameters
    ----------
    values
        An array, nested lists or tuples, a data frame, or an iterator such as that of ``zip``.
    what
        What the numbers are, in the plural, for example ``"links"``.
    width
        Number of columns; ``None`` for a plain list of numbers.
    remedy
        How to give them.
    error
        The class of the error; :class:`~psqe.errors.DataError` by default.

    Returns
    -------
    The numbers ``(n, width)``, or ``(n,)`` where ``width`` is ``None``.

    Raises
    ------
    PsqeError
        Of the class ``error``, if the values have another shape, or one of them is no whole number. The
        message names the first such row, counted from 0.

    Examples
    --------
    >>> whole_numbers([[0, 1], (2.0, 3)], "links", width=2, remedy="give pairs").tolist()
    [[0, 1], [2, 3]]
    >>> whole_numbers([[0, 1], [0.7, 3]], "links", width=2, remedy="give pairs")
    Traceback (most recent call last):
    psqe.errors.DataError: row 1 (from 0) of the links is [0.7, 3] and not 2 whole numbers; give pairs
    """
    if not _is_sequence(values) or isinstance(values, Mapping | set | frozenset):
        raise error(f"the {what} cannot be {reprlib.repr(values)}", remedy=remedy)
    array = _as_array(values)
    if not array.size:
        return np.empty(0 if width is None else (0, width), dtype=np.int64)
    wanted = "a whole number" if width is None else f"{width} whole numbers"
    row: int | None = None
    if array.shape[1:] == (() if width is None else (width,)):
        whole = _are_whole(array).reshape(len(array), -1).all(axis=1)
        row = None if whole.all() else int(whole.argmin())
    elif array.ndim == 1 and array.dtype == object:  # rows of several lengths
        row = next(i for i, cells in enumerate(array) if not _is_sequence(cells) or len(cells) != width)
    else:
        shape = "(n,)" if width is None else f"(n, {width})"
        raise error(f"the {what} have the shape {array.shape} instead of {shape}", remedy=remedy)
    if row is not None:
        shown = array[row].tolist() if isinstance(array[row], np.ndarray | np.generic) else array[row]
        raise error(
            f"row {row} (from 0) of the {what} is {reprlib.repr(shown)} and not {wanted}", remedy=remedy
        )
    return array.astype(np.int64, copy=False)


def _is_sequence(values: object) -> bool:
    """Tell whether something holds several values in an order, and is no text."""
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, Iterable) and not isinstance(values, str | bytes)


def _as_array(values: Any) -> NDArray[Any]:
    """Return values as an array, of objects where they are lists; of rows where rows differ in length."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "to_numpy"):
        frame: NDArray[Any] = values.to_numpy()
        return frame
    rows = [row if not _is_sequence(row) else list(row) for row in values]
    try:
        # Cells of one common type would not tell True from 1, or 1 from "1".
        return np.array(rows, dtype=object)
    except ValueError:
        array = np.empty(len(rows), dtype=object)
        array[:] = rows
        return array


def _are_whole(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of every cell whether it is a whole number that fits into 64 bits."""
    if array.dtype == object:
        return np.fromiter(map(_is_whole, array.flat), bool, array.size).reshape(array.shape)
    if np.issubdtype(array.dtype, np.floating):
        return np.asarray((np.abs(array) < LARGEST_EXACT) & (array == np.trunc(array)))
    if np.issubdtype(array.dtype, np.integer):
        return np.asarray(array <= np.iinfo(np.int64).max)
    return np.zeros(array.shape, dtype=bool)


def _is_whole(cell: Any) -> bool:
    if isinstance(cell, float | np.floating):
        value = float(cell)
        return abs(value) < LARGEST_EXACT and value.is_integer()
    is_integer = isinstance(cell, int | np.integer) and not isinstance(cell, bool | np.bool_)
    return is_integer and -(2**63) <= int(cell) < 2**63
