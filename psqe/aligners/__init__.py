"""Aligners: models trained on seeds, and one that needs no training."""

from __future__ import annotations

from psqe.aligners.base import Aligner
from psqe.aligners.mclea import MCLEA
from psqe.aligners.propagation import Propagation

ALIGNERS: dict[str, type[Aligner]] = {aligner.name: aligner for aligner in (MCLEA, Propagation)}
"""Every aligner by name. Adding one is a file and a word in this line."""

__all__ = ["ALIGNERS", "MCLEA", "Aligner", "Propagation"]
