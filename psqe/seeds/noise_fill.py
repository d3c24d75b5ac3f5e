"""Noise in place of missing vectors: what the public codes do and the variant ``released`` repeats."""

from __future__ import annotations

import warnings

import numpy as np

from psqe.errors import PsqeWarning
from psqe.features.base import Features, Modality
from psqe.graph import Vectors


def filled_with_noise(features: Features, *, random_state: int) -> Features:
    """Give every entity without a vector one that is drawn from a normal distribution.

    Mean and standard deviation are those of the vectors that are there, by modality, side and dimension, as
    in the data preparation of EVA and of what builds on it (Liu et al. 2021). Such a vector says nothing
    about its entity, and is compared as if it did.

    Parameters
    ----------
    features
        The features; they are left as they were.
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
            "missing vectors are filled with noise, as in the release: "
            + ", ".join(f"{name} of {n} entities" for name, n in counts.items()),
            PsqeWarning,
            stacklevel=2,
        )
    return Features(complete)
