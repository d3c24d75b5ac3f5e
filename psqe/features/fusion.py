"""The fusion of several modalities into one vector per entity, and the scaling of vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.graph import SIDES, BoolArray, FloatArray, IntArray, Sides, Vectors
from psqe.parameters import PositiveFloat, checked

BLOCK_ROWS = 4096
"""Number of rows that are scaled at a time."""

SMALLEST_NORM = 1e-15
"""Below this length, the squares of a float32 vector are rounded or vanish. Such a vector, and one whose
squares are too large, is divided by its largest component before its length is measured."""


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Return vectors ``(n, d)`` with every row scaled to unit length; rows of zeros stay zero."""
    return to_unit_rows(vectors.copy())


def to_unit_rows(vectors: FloatArray) -> FloatArray:
    """Scale rows in place, as :func:`unit_rows` does: copies of wide vectors need much memory."""
    for start in range(0, len(vectors), BLOCK_ROWS):  # the norm makes a copy of the block
        block = vectors[start : start + BLOCK_ROWS]
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(block, axis=1, keepdims=True)
        extreme = np.flatnonzero(~((norms > SMALLEST_NORM) & (norms < np.inf)))
        if len(extreme):
            rows = block[extreme]
            largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
            rows /= np.where(largest > 0, largest, 1)
            block[extreme] = rows
            norms[extreme] = np.linalg.norm(rows, axis=1, keepdims=True)
        norms[norms == 0] = 1
        block /= norms
    return vectors


def centred(vectors: FloatArray, present: BoolArray) -> FloatArray:
    """Subtract the mean of the present rows from each of them.

    Pictures by two artists, or texts in two languages, differ by a shift that all entities of a side share.
    Removing the shift is the cheapest form of domain adaptation.

    Parameters
    ----------
    vectors
        Vectors of one side ``(n, d)``.
    present
        Mask ``(n,)`` of the entities that have a vector.

    Returns
    -------
    numpy.ndarray
        New array ``(n, d)``; the rows of absent entities are zero.
    """
    return _centre(vectors.copy(), present)


def _centre(vectors: FloatArray, present: BoolArray) -> FloatArray:
    """Centre vectors in place, as :func:`centred` does."""
    if present.all() and len(vectors):
        vectors -= vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    elif present.any():
        vectors -= vectors[present].mean(axis=0, dtype=np.float64).astype(np.float32)
    vectors[~present] = 0
    return vectors


def modality_vectors(
    features: Features,
    name: str,
    left: IntArray,
    right: IntArray,
    *,
    centre: bool = True,
    unit: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Return unit vectors of one modality for some entities of each side.

    Parameters
    ----------
    features
        The features of a task.
    name
        Name of the modality.
    left, right
        Indices of the entities, ``(n_left,)`` and ``(n_right,)``.
    centre
        Whether to subtract the mean of each side first, as by default. A single row is left as it is.
    unit
        Whether to scale the rows to unit length, as by default.

    Returns
    -------
    tuple
        Float32 arrays ``(n_left, d)`` and ``(n_right, d)``; rows of absent entities are zero.
    """
    modality = features[name].take(left, right)
    return (
        side_vectors(modality.left, centre=centre, unit=unit),
        side_vectors(modality.right, centre=centre, unit=unit),
    )


def side_vectors(vectors: Vectors, *, centre: bool = True, unit: bool = True) -> FloatArray:
    """Return one side of :func:`modality_vectors`, for vectors that were taken from others.

    The values of others, which are no copy, would be overwritten. A side with a single row is not centred,
    because nothing would be left of the row.
    """
    values = vectors.values
    if centre and len(vectors) > 1:
        values = _centre(values, vectors.present)
    return to_unit_rows(values) if unit else values


def fuse(
    features: Features,
    left: IntArray,
    right: IntArray,
    *,
    weights: Mapping[str, float] | None = None,
    centre: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Fuse all modalities into one unit vector per entity.

    Each modality is centred per side, scaled to unit rows and weighted; the parts are concatenated and
    the whole is scaled to unit length again. The dot product of two fused vectors is then the weighted
    mean of the cosines of the modalities that both entities have. A modality that only one of them has
    counts as no agreement; a modality that neither has does not count at all. Nothing is ever filled in.

    Parameters
    ----------
    features
        The features, all of whose modalities are fused.
    left, right
        Indices of the entities, ``(n_left,)`` and ``(n_right,)``.
    weights
        Weight of the cosine of each modality, positive; 1 for each modality when omitted.
    centre
        Whether to subtract the mean of each side first, as by default. A single row is left as it is.

    Returns
    -------
    tuple
        Float32 arrays ``(n_left, d)`` and ``(n_right, d)``; the row of an entity without any modality
        is zero.

    Raises
    ------
    ParameterError
        If a weight is not finite and positive, or names no modality.
    DataError
        If no entity of a side has any modality, or all entities of a side have the same vectors, so that
        nothing is left of them once their mean is subtracted.

    Examples
    --------
    >>> features = Features.from_arrays({"image_left": [[3, 4], [4, 3]], "image_right": [[1, 0], [0, 1]]})
    >>> left, right = fuse(features, np.arange(2), np.arange(2), centre=False)
    >>> (10 * left @ right.T).round().astype(int).tolist()
    [[6, 8], [8, 6]]
    """
    weights = dict.fromkeys(features, 1.0) if weights is None else dict(weights)
    for name, weight in weights.items():
        if name not in features:
            raise ParameterError(
                f"a weight names modality {name!r}, which the features do not have",
                remedy=f"choose from {', '.join(features)}",
            )
        checked(weight, PositiveFloat, f"the weight of modality {name!r} is {weight}, not a positive number")
    width = sum(features[name].dim for name in features)
    entities = Sides(left, right)
    fused = entities.map(lambda order: np.empty((len(order), width), dtype=np.float32))
    start = 0
    for name in features:
        scale = np.float32(weights.get(name, 1.0)) ** 0.5
        columns = slice(start, start + features[name].dim)
        for vectors, order, out in zip(features[name], entities, fused, strict=True):
            np.multiply(side_vectors(vectors.take(order), centre=centre), scale, out=out[:, columns])
        start = columns.stop
    fused.map(to_unit_rows)
    for side in SIDES:
        if len(fused[side]) and not fused[side].any():
            raise DataError(
                f"no {side} entity has a vector in {', '.join(features)} that differs from its side's mean",
                remedy="add a modality, or entities",
            )
    return fused.left, fused.right
