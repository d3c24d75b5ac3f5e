"""Aligners: models that are trained on seeds, and models that need no training."""

from __future__ import annotations

from psqe.aligners.base import Aligner
from psqe.aligners.models.eva import EVA
from psqe.aligners.models.mclea import MCLEA
from psqe.aligners.models.meaformer import MEAformer
from psqe.aligners.models.propagation import Propagation
from psqe.aligners.trained import TrainedAligner
from psqe.registry import Registry

ALIGNERS: Registry[type[Aligner]] = Registry(
    "aligner", "psqe.aligners.models", "psqe.aligners", "psqe.aligners.base:Aligner"
)
"""All aligners by name: the modules of :mod:`psqe.aligners.models` and the entry points ``psqe.aligners``."""

__all__ = ["ALIGNERS", "EVA", "MCLEA", "Aligner", "MEAformer", "Propagation", "TrainedAligner"]
