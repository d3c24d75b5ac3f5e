"""Noise for what is missing: what the peers do and the variant ``released`` repeats."""

from __future__ import annotations

import warnings

import numpy as np

from psqe.errors import PsqeWarning
from psqe.features.base import Features, Modality
from psqe.kg import BoolArray, FloatArray


def filled_with_noise(features: Features, *, random_state: int) -> Features:
    """Give every entity without a vector one drawn from N(mean, std) of the vectors that are there.

    Per modality, side and dimension, as in the data preparation of EVA and what builds on it (Liu et al.
    2021). Such a vector says nothing about its entity, and is compared as if it did.

    Warns
    -----
    PsqeWarning
        If anything is filled in, with the number of entities.
    """
    rng = np.random.default_rng(random_state)
    counts = {}

    def side(vectors: FloatArray, present: BoolArray) -> tuple[FloatArray, BoolArray]:
        if present.all() or not present.any():
            return vectors, present
        known = vectors[present]
        filled = vectors.copy()
        noise = rng.standard_normal((int((~present).sum()), vectors.shape[1]), dtype=np.float32)
        filled[~present] = known.mean(axis=0) + known.std(axis=0) * noise
        return filled, np.ones_like(present)

    complete = {}
    for name, modality in features.items():
        left, left_present = side(modality.left, modality.left_present)
        right, right_present = side(modality.right, modality.right_present)
        n = int(
            (left_present & ~modality.left_present).sum() + (right_present & ~modality.right_present).sum()
        )
        if n:
            counts[name] = n
        complete[name] = Modality(left, right, left_present, right_present)
    if counts:
        warnings.warn(
            "missing vectors are filled with noise, as in the release: "
            + ", ".join(f"{name} of {n} entities" for name, n in counts.items()),
            PsqeWarning,
            stacklevel=2,
        )
    return Features(complete)
