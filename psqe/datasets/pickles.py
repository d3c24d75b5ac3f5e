"""Vectors that other projects keep in pickles, read without running what a pickle can hold."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.datasets.faults import Faults
from psqe.kg import Vectors

ADMITTED: Mapping[tuple[str, str], str] = {
    ("numpy.core.multiarray", "_reconstruct"): "numpy._core.multiarray",
    ("numpy._core.multiarray", "_reconstruct"): "numpy._core.multiarray",
    ("numpy.core.multiarray", "scalar"): "numpy._core.multiarray",
    ("numpy._core.multiarray", "scalar"): "numpy._core.multiarray",
    ("numpy.core.numeric", "_frombuffer"): "numpy._core.numeric",
    ("numpy._core.numeric", "_frombuffer"): "numpy._core.numeric",
    ("numpy", "ndarray"): "numpy",
    ("numpy", "dtype"): "numpy",
    ("_codecs", "encode"): "_codecs",
}
"""What a pickle may call: what arrays need to come back, under old and new names of numpy's modules."""


class _Restricted(pickle.Unpickler):
    """Plain containers, numbers, strings and numpy arrays; anything else is refused before it is called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no array needs")
        return super().find_class(ADMITTED[module, name], name)


def load_restricted(content: bytes) -> Any:
    """What a pickle of arrays and plain containers holds.

    Raises
    ------
    pickle.UnpicklingError
        If it is no pickle, or names anything but what numpy's arrays need. Nothing of it has run then.
    """
    try:
        # Latin-1 is how arrays that Python 2 has written come back byte by byte.
        found = _Restricted(io.BytesIO(content), encoding="latin1").load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a broken pickle raises nearly anything
        raise pickle.UnpicklingError(f"it is broken ({type(error).__name__}: {error})") from error
    return found


def read_vectors(
    path: Path, sides: Sequence[Mapping[int, int]], faults: Faults
) -> tuple[Vectors, Vectors] | None:
    """Vectors of both sides from a dictionary of ids, as EVA's ``<pair>_GA_id_img_feature_dict.pkl``.

    Parameters
    ----------
    path
        The pickle.
    sides
        For either side, the index of each entity by its id.
    faults
        Told of a pickle that is none, holds anything but vectors, or vectors of several lengths; and of
        vectors of ids that no entity has, which are left out.

    Returns
    -------
    One row per entity and side; entities without a vector, or with one of zeros, are absent. ``None`` after a
    fault.

    """
    remedy = "fetch the file again, or delete it"
    try:
        content = load_restricted(path.read_bytes())
    except OSError as error:
        faults.add(f"cannot be read ({error.strerror})", path=path, remedy=remedy)
        return None
    except pickle.UnpicklingError as error:
        faults.add(f"is refused: {error}", path=path, remedy=remedy)
        return None
    try:
        vectors = {int(key): np.asarray(value, dtype=np.float32).ravel() for key, value in content.items()}
    except (AttributeError, TypeError, ValueError):
        faults.add("is no dictionary from ids to vectors", path=path, remedy=remedy)
        return None
    lengths = sorted({len(vector) for vector in vectors.values()})
    if len(lengths) != 1 or not lengths[0]:
        faults.add(f"has vectors of length {lengths or 'none'}", path=path, remedy=remedy)
        return None
    strange = [key for key, vector in vectors.items() if not np.isfinite(vector).all()]
    if strange:
        faults.add(f"the vector of id {strange[0]} is not finite", path=path, remedy=remedy)
        return None
    unknown = [key for key in vectors if all(key not in side for side in sides)]
    if len(unknown) == len(vectors):
        faults.add(
            "none of its ids is an entity", path=path, remedy="use the file of this pair, or delete it"
        )
        return None
    for key in unknown:
        faults.leave_out(
            f"has a vector of id {key}, which no entity has", path=path, remedy="use the file of this pair"
        )
    left, right = (_side(vectors, side, lengths[0]) for side in sides)
    return left, right


def _side(vectors: Mapping[int, Any], side: Mapping[int, int], dim: int) -> Vectors:
    values = np.zeros((len(side), dim), dtype=np.float32)
    present = np.zeros(len(side), dtype=bool)
    for key, row in side.items():
        if key in vectors and vectors[key].any():
            values[row], present[row] = vectors[key], True
    return Vectors(values, present)
