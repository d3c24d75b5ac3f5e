"""Aligners: models trained on seeds, and one that needs no training."""

from __future__ import annotations

from psqe.aligners.base import Aligner
from psqe.aligners.eva import EVA
from psqe.aligners.mclea import MCLEA
from psqe.aligners.meaformer import MEAformer
from psqe.aligners.propagation import Propagation
from psqe.aligners.trained import TrainedAligner

ALIGNERS: dict[str, type[Aligner]] = {
    aligner.name: aligner for aligner in (EVA, MCLEA, MEAformer, Propagation)
}
"""Every aligner by name. Adding one is a file and a word in this line."""

__all__ = ["ALIGNERS", "EVA", "MCLEA", "Aligner", "MEAformer", "Propagation", "TrainedAligner"]
