"""From several modalities to one vector per entity, and from vectors to the input of a comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.graph import BoolArray, FloatArray, IntArray, Vectors

BLOCK_ROWS = 4096
"""Rows that are scaled at a time."""


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Scale every row of ``(n, d)`` to unit length; rows of zeros stay zero."""
    return _to_unit(vectors.copy())


def _to_unit(vectors: FloatArray) -> FloatArray:
    """:func:`unit_rows` in place: vectors are wide, and copies of them are what memory goes to."""
    for start in range(0, len(vectors), BLOCK_ROWS):  # a norm squares a copy
        block = vectors[start : start + BLOCK_ROWS]
        norms = np.linalg.norm(block, axis=1, keepdims=True)
        norms[norms == 0] = 1
        block /= norms
    return vectors


def centred(vectors: FloatArray, present: BoolArray) -> FloatArray:
    """Subtract the mean of the present rows from them; absent rows are zero. Shape ``(n, d)``.

    Two sets of pictures drawn by two hands, or texts in two languages, differ by a shift that all
    members of a side share. Removing it is the cheapest domain adaptation there is.
    """
    return _centre(vectors.copy(), present)


def _centre(vectors: FloatArray, present: BoolArray) -> FloatArray:
    """:func:`centred` in place."""
    if present.all() and len(vectors):
        vectors -= vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    elif present.any():
        vectors -= vectors[present].mean(axis=0, dtype=np.float64).astype(np.float32)
    vectors[~present] = 0
    return vectors


def modality_vectors(
    features: Features, name: str, left: IntArray, right: IntArray, *, centre: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Unit vectors of one modality for the entities ``left`` and ``right``: ``(n, d)`` each."""
    modality = features[name]
    return (
        _side_vectors(modality.left.take(left), centre=centre),
        _side_vectors(modality.right.take(right), centre=centre),
    )


def _side_vectors(own: Vectors, *, centre: bool) -> FloatArray:
    """One side of :func:`modality_vectors`, in place on a copy."""
    return _to_unit(_centre(own.values, own.present) if centre else own.values)


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
    mean of the cosines of the modalities that both entities have. A modality only one of them has
    counts as no agreement; one that neither has does not count at all. Nothing is ever filled in.

    Parameters
    ----------
    features
        The modalities to fuse: all of them.
    left, right
        Indices of the entities wanted, ``(n_left,)`` and ``(n_right,)``.
    weights
        Weight of each modality's cosine, positive; 1 each when omitted.
    centre
        Subtract each side's mean first.

    Returns
    -------
    ``(n_left, d)`` and ``(n_right, d)``; a row of zeros where an entity has no modality.

    Raises
    ------
    ParameterError
        If a weight is not positive or names no modality.
    DataError
        If no entity of a side has any modality, or all of a side are alike, so that nothing is left of
        them once their mean is subtracted.
    """
    weights = dict.fromkeys(features, 1.0) if weights is None else dict(weights)
    for name, weight in weights.items():
        if name not in features:
            raise ParameterError(f"a weight names modality {name!r}, which is not there")
        if not weight > 0:
            raise ParameterError(f"the weight of modality {name!r} is {weight}; it must be positive")
    width = sum(features[name].dim for name in features)
    fused_left = np.empty((len(left), width), dtype=np.float32)
    fused_right = np.empty((len(right), width), dtype=np.float32)
    start = 0
    for name in features:
        scale = np.float32(weights.get(name, 1.0)) ** 0.5
        columns = slice(start, start + features[name].dim)
        modality = features[name]
        for own, entities, out in ((modality.left, left, fused_left), (modality.right, right, fused_right)):
            vectors = _side_vectors(own.take(entities), centre=centre)
            np.multiply(vectors, scale, out=out[:, columns])
        start = columns.stop
    _to_unit(fused_left)
    _to_unit(fused_right)
    for side, fused in (("left", fused_left), ("right", fused_right)):
        if len(fused) and not fused.any():
            raise DataError(
                f"no {side} entity has a vector in {', '.join(features)} that differs from its side's mean",
                remedy="add a modality, or entities",
            )
    return fused_left, fused_right
