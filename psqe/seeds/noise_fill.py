"""Noise in place of missing vectors, as in the public code of PSQE and in the variant ``released``."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import numpy as np

from psqe.errors import PsqeWarning
from psqe.features.base import Features, Modality
from psqe.graph import FloatArray, Sides, Vectors, counted


def filled_with_noise(
    features: Features,
    *,
    random_state: int,
    from_both_sides: bool = False,
    zeros: Collection[str] = (),
    uniform: Collection[str] = (),
) -> Features:
    """Draw a vector from a normal distribution for every entity without one.

    Mean and standard deviation are those of the present vectors, by modality, side and dimension, as in the
    data preparation of EVA (Liu et al. 2021) and of the methods built on it. A drawn vector carries no
    information about its entity, but is compared like any other.

    Parameters
    ----------
    features
        The features, which are not changed.
    random_state
        Random seed of the draws.
    from_both_sides
        Whether mean and standard deviation are those of the vectors of both sides together, as where a data
        set has one file of vectors; ``False`` by default.
    zeros
        Modalities whose missing vectors are zero and count as present; none by default.
    uniform
        Modalities whose missing vectors are drawn uniformly from -1/2 to 1/2; none by default.

    Returns
    -------
    Features in which every entity has a vector in each modality that its side has.

    Warns
    -----
    PsqeWarning
        If anything is filled in, with the number of entities.
    """
    rng = np.random.default_rng(random_state)
    counts = {}

    def fill(vectors: Vectors, known: FloatArray, name: str) -> Vectors:
        present = vectors.present
        if present.all() or not len(known):
            return vectors
        filled = vectors.values.copy()
        shape = int((~present).sum()), filled.shape[1]
        if name in uniform:
            filled[~present] = rng.random(shape, dtype=np.float32) - np.float32(0.5)
        else:
            noise = rng.standard_normal(shape, dtype=np.float32)
            filled[~present] = known.mean(axis=0) + known.std(axis=0) * noise
        return Vectors(filled, np.ones_like(present))

    complete = {}
    for name, modality in features.items():
        if name in zeros:
            complete[name] = Modality(*modality.map(lambda v: Vectors(v.values, np.ones_like(v.present))))
            continue
        known = modality.map(lambda v: v.values[v.present])
        if from_both_sides:
            together = np.concatenate(list(known))
            known = Sides(together, together)
        complete[name] = Modality(*(fill(v, k, name) for v, k in zip(modality, known, strict=True)))
        n = sum(
            int((after.present & ~before.present).sum())
            for before, after in zip(modality, complete[name], strict=True)
        )
        if n:
            counts[name] = n
    if counts:
        warnings.warn(
            "missing vectors are filled with noise, as in the public code: "
            + ", ".join(f"{name} of {counted(n, 'entity')}" for name, n in counts.items()),
            PsqeWarning,
            stacklevel=2,
        )
    return Features(complete)
