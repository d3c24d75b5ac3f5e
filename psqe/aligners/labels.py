"""Labels of seeds: random vectors that stand for columns of their own, and how they become embeddings."""

from __future__ import annotations

import numpy as np

from psqe.features.fusion import to_unit_rows, unit_rows
from psqe.graph import FloatArray


def seed_labels(n: int, dim: int, random_state: int) -> FloatArray:
    """Draw one random unit vector for each seed.

    Two of them have a cosine of about ``dim ** -0.5`` by chance. The labels of the first seeds do not depend
    on how many others there are.

    Parameters
    ----------
    n
        Number of seeds.
    dim
        Number of dimensions.
    random_state
        Seed of the random generator.

    Returns
    -------
    Unit vectors ``(n, dim)``.

    Examples
    --------
    >>> labels = seed_labels(2, 10_000, 0)
    >>> abs(labels @ labels.T).round(1).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rng = np.random.default_rng(random_state)
    return unit_rows(rng.standard_normal((n, dim)).astype(np.float32))


def fill_unit_rows(part: FloatArray, vectors: FloatArray, weight: FloatArray | np.float32) -> None:
    """Write the unit rows of vectors, times a weight, into a part of an embedding.

    Parameters
    ----------
    part
        The columns of the embedding ``(n, d)`` that are filled, in place.
    vectors
        The vectors ``(n, d)``; a row of zeros stays zero.
    weight
        One number, or a column with one number for each row ``(n, 1)``.
    """
    part[:] = vectors
    to_unit_rows(part)
    part *= weight
