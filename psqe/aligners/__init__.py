"""Aligners: models trained on seeds."""

from __future__ import annotations

from psqe.aligners.base import Aligner
from psqe.aligners.mclea import MCLEA

ALIGNERS: dict[str, type[Aligner]] = {aligner.name: aligner for aligner in (MCLEA,)}
"""Every aligner by name. Adding one is a file and a word in this line."""

__all__ = ["ALIGNERS", "MCLEA", "Aligner"]
