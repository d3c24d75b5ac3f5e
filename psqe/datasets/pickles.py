"""The vectors of a pair's entities in the pickles that other projects publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.errors import DataError
from psqe.graph import FloatArray, Vectors
from psqe.vector_pickles import read_dictionary


def read_vectors(
    path: Path, sides: Sequence[Mapping[int, int]], faults: Faults
) -> tuple[Vectors, Vectors] | None:
    """Read the vectors of both sides from a pickled dictionary, EVA's ``<pair>_GA_id_img_feature_dict.pkl``.

    Parameters
    ----------
    path
        The pickle.
    sides
        The index of each entity by its id, for each side.
    faults
        Receives what :func:`psqe.vector_pickles.read_dictionary` raises, and ids that no entity has, whose
        vectors are left out.

    Returns
    -------
    tuple or None
        The vectors of the left and of the right side, one row per entity. Entities without a vector, or with
        a vector of zeros, are absent. ``None`` after a fault.
    """
    try:
        vectors = read_dictionary(path)
    except DataError as fault:
        faults.put(fault)
        return None
    unknown = [key for key in vectors if all(key not in side for side in sides)]
    if len(unknown) == len(vectors):
        faults.add(
            f"none of its ids is an entity, the first is {unknown[0]!r:.40}",
            path=path,
            remedy="use the file of this pair, or delete it",
        )
        return None
    for key in unknown:
        faults.leave_out(
            f"has a vector of id {key!r:.40}, which no entity has",
            path=path,
            remedy="use the file of this pair",
        )
    left, right = (_side(vectors, side, len(next(iter(vectors.values())))) for side in sides)
    return left, right


def _side(vectors: Mapping[int | str, FloatArray], side: Mapping[int, int], dim: int) -> Vectors:
    values = np.zeros((len(side), dim), dtype=np.float32)
    present = np.zeros(len(side), dtype=bool)
    for key, row in side.items():
        if key in vectors and vectors[key].any():
            values[row], present[row] = vectors[key], True
    return Vectors(values, present)
