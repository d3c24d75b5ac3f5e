"""Pseudo-seeds: miners, the set they return, and its audit."""

from __future__ import annotations

from psqe.seeds.audit import audit, balance, correct, coverage, judged
from psqe.seeds.base import Miner, SeedSet, StageTrace
from psqe.seeds.ceiling import drawn_seeds, supervised_links, true_links
from psqe.seeds.mutual import MutualMiner
from psqe.seeds.pivot import PivotMiner
from psqe.seeds.psqe import PSQEMiner
from psqe.seeds.quality import confidence
from psqe.seeds.random import RandomMiner

MINERS: dict[str, type[Miner]] = {
    miner.name: miner for miner in (RandomMiner, PivotMiner, MutualMiner, PSQEMiner)
}
"""Every miner by name. Adding one is a file and a word in this line."""

__all__ = [
    "MINERS", "Miner", "MutualMiner", "PSQEMiner", "PivotMiner", "RandomMiner", "SeedSet", "StageTrace",
    "audit", "balance", "confidence", "correct", "coverage", "drawn_seeds", "judged", "supervised_links",
    "true_links",
]  # fmt: skip
