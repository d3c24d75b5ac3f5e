"""Features: the vectors of the entities in each modality, with masks for what is missing."""

from __future__ import annotations

from psqe.features.available import available_modalities
from psqe.features.base import Features, Modality
from psqe.features.build import build_features
from psqe.features.encoder_registry import ENCODERS, encoder_choices

__all__ = [
    "ENCODERS", "Features", "Modality", "available_modalities", "build_features", "encoder_choices",
]  # fmt: skip
