"""Maps of entities: the vectors of both graphs in the plane, before and after an alignment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from psqe.errors import ParameterError
from psqe.graph import DoubleArray, FloatArray, Sides

N_AXES = 30
"""Number of main axes of the vectors that are kept before the plane is computed."""

PERPLEXITY = 15.0
"""About how many neighbours of an entity the plane tries to keep near it."""

EXAGGERATION = 6.0
"""By how much neighbours attract each other at first, so that clusters form."""

N_STEPS = 300
"""Number of steps of the descent."""

ANGLE = 0.8
"""How coarsely distant points are summed up, from 0 to 1; coarser is faster."""


def entity_maps(spaces: Sequence[Sides[FloatArray]], *, random_state: int = 0) -> list[Sides[DoubleArray]]:
    """Put the entities of both sides into the plane, so that those near each other stay near each other.

    The vectors of both sides are put into one plane by t-SNE (van der Maaten and Hinton 2008), of their
    :data:`N_AXES` main axes. The first map begins with the two main axes of the vectors, and each further one
    begins with the map before it, so that entities do not move without need. Distances between clusters and
    the sizes of clusters mean nothing in such a map.

    Parameters
    ----------
    spaces
        The vectors of the left and of the right entities, ``(n_left, d)`` and ``(n_right, d)``, before and
        after an alignment. All of them have the same entities, and their widths may differ.
    random_state
        Seed of the random generator.

    Returns
    -------
    The places ``(n_left, 2)`` and ``(n_right, 2)`` on each map.

    Raises
    ------
    ParameterError
        If there are fewer than five entities, or the spaces have different numbers of entities.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vectors = rng.normal(size=(30, 8)).astype(np.float32)
    >>> [found] = entity_maps([Sides(vectors, vectors + np.float32(0.01))])
    >>> found.left.shape, found.right.shape
    ((30, 2), (30, 2))
    """
    if not spaces:
        raise ParameterError("there is no space to draw a map of", remedy="give one at least")
    n_left, n_right = map(len, spaces[0])
    if n_left + n_right < 5:
        raise ParameterError(f"{n_left + n_right} entities make no map", remedy="give five at least")
    maps: list[Sides[DoubleArray]] = []
    start: DoubleArray | None = None
    for vectors in spaces:
        if tuple(map(len, vectors)) != (n_left, n_right):
            raise ParameterError(
                "the maps are of different numbers of entities", remedy="give the same entities in each space"
            )
        both = np.concatenate([vectors.left, vectors.right]).astype(np.float64)
        axes = min(N_AXES, both.shape[1], len(both))
        reduced = PCA(axes, random_state=random_state).fit_transform(both)
        first = reduced if start is None else start
        if first.shape[1] < 2:
            first = np.column_stack([first, np.zeros(len(first))])
        scale = float(np.std(first[:, 0])) or 1.0
        model = TSNE(
            init=(first[:, :2] / scale * 1e-4).astype(np.float32),
            perplexity=min(PERPLEXITY, (len(both) - 1) / 3),
            early_exaggeration=EXAGGERATION, max_iter=N_STEPS, angle=ANGLE, random_state=random_state,
        )  # fmt: skip
        start = np.asarray(model.fit_transform(reduced), dtype=np.float64)
        maps.append(Sides(start[:n_left], start[n_left:]))
    return maps
