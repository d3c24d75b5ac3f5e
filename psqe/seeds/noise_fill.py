"""Noise in place of missing vectors, as in the public code of PSQE and in the variant ``released``."""

from __future__ import annotations

import warnings

import numpy as np

from psqe.errors import PsqeWarning
from psqe.features.base import Features, Modality
from psqe.graph import Vectors, counted


def filled_with_noise(features: Features, *, random_state: int) -> Features:
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

    def fill(vectors: Vectors) -> Vectors:
        present = vectors.present
        if present.all() or not present.any():
            return vectors
        known = vectors.values[present]
        filled = vectors.values.copy()
        noise = rng.standard_normal((int((~present).sum()), filled.shape[1]), dtype=np.float32)
        filled[~present] = known.mean(axis=0) + known.std(axis=0) * noise
        return Vectors(filled, np.ones_like(present))

    complete = {}
    for name, modality in features.items():
        complete[name] = Modality(*modality.map(fill))
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
