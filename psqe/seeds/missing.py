"""Noise for what is missing: what the peers do and the variant ``released`` repeats."""

from __future__ import annotations

import warnings

import numpy as np

from psqe.errors import PsqeWarning
from psqe.features.base import Features, Modality
from psqe.graph import Vectors


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

    def fill(own: Vectors) -> Vectors:
        present = own.present
        if present.all() or not present.any():
            return own
        known = own.values[present]
        filled = own.values.copy()
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
