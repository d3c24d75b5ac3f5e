"""The main axes of vectors of both sides: principal components without centring."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from psqe.graph import SIDES, DoubleArray, FloatArray, IntArray, Sides


def main_axes(sides: Iterable[FloatArray], n: int, *, fix_signs: bool = False) -> FloatArray:
    """Find the axes along which the rows of both sides are longest.

    No other axes keep more of the rows' squared length (Eckart and Young 1936). Where the rows are centred,
    these are the principal components. An eigendecomposition of the common second moment is exact and takes
    no random start, which is why scikit-learn's truncated SVD is not used here.

    Parameters
    ----------
    sides
        Float32 arrays ``(n_rows, d)``; each is read once.
    n
        Number of axes to keep, at most ``d``.
    fix_signs
        Whether to turn every axis so that its largest entry is positive. The sign of an axis is arbitrary; it
        changes no dot product of two projected rows, but it does change what an encoder learns from them.

    Returns
    -------
    Unit axes as columns ``(d, n)``, the one that keeps most first.

    Examples
    --------
    >>> rows = np.array([[0, 2], [1, 0]], dtype=np.float32)
    >>> main_axes([rows, rows], 1, fix_signs=True).ravel().tolist()
    [0.0, 1.0]
    """
    second_moment = sum(vectors.T @ vectors for vectors in sides)
    _, axes = np.linalg.eigh(np.asarray(second_moment, dtype=np.float64))
    axes = axes[:, ::-1][:, :n]
    if fix_signs:
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.ascontiguousarray(axes, dtype=np.float32)


def on_main_axes(
    vectors: Sides[FloatArray], candidates: Sides[IntArray], dim: int | None
) -> Sides[FloatArray]:
    """Return vectors of both sides on the main axes of the candidates' vectors.

    Parameters
    ----------
    vectors
        The vectors of all nodes, ``(n_left, d)`` and ``(n_right, d)``.
    candidates
        The candidates of both sides.
    dim
        Number of axes to keep; with ``None`` or at least ``d`` the vectors are returned as they are.

    Examples
    --------
    >>> rows = np.array([[0, 2], [1, 0]], dtype=np.float32)
    >>> both = np.arange(2)
    >>> on_main_axes(Sides(rows, rows), Sides(both, both), 1).left.shape
    (2, 1)
    """
    if dim is None or dim >= vectors.left.shape[1]:
        return vectors
    axes = main_axes([vectors[side][candidates[side]] for side in SIDES], dim)
    return vectors.map(lambda rows: rows @ axes)


def own_axes(rows: FloatArray, n: int) -> DoubleArray:
    """Return the rows of one side on their own main axes, without a look at the other side.

    Parameters
    ----------
    rows
        Float32 array ``(n_rows, d)``.
    n
        Number of axes to keep, at most ``d`` and at most the rank of the rows.

    Returns
    -------
    The rows on the axes, in double precision ``(n_rows, n)``.

    Examples
    --------
    >>> rows = np.array([[0, 2], [1, 0], [0, -2], [-1, 0]], dtype=np.float32)
    >>> (own_axes(rows, 2) ** 2).mean(axis=0).round(6).tolist()
    [2.0, 0.5]
    """
    kept: DoubleArray = (rows @ main_axes([rows], n)).astype(np.float64)
    return kept


def equally_long_axes(rows: DoubleArray) -> DoubleArray:
    """Scale axes so that the rows ``(n_rows, n)`` have the mean square ``1 / n`` along each.

    Parameters
    ----------
    rows
        Rows that are not zero throughout on any axis.

    Examples
    --------
    >>> rows = np.array([[0, 2], [1, 0], [0, -2], [-1, 0]], dtype=np.float64)
    >>> (equally_long_axes(rows) ** 2).mean(axis=0).round(6).tolist()
    [0.5, 0.5]
    """
    scaled: DoubleArray = rows / np.sqrt(rows.shape[1] * (rows**2).mean(axis=0))
    return scaled
