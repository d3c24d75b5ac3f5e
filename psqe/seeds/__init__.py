"""Pseudo-seeds: miners, the set they return, and its audit."""

from __future__ import annotations

from psqe.evaluation.truth import correct, judged
from psqe.registry import Registry
from psqe.seeds.audit import audit, balance, coverage
from psqe.seeds.base import Miner
from psqe.seeds.confidence import pair_confidence
from psqe.seeds.estimate import seed_confidence
from psqe.seeds.miners.mutual import MutualMiner
from psqe.seeds.miners.pivot import PivotMiner
from psqe.seeds.miners.psqe import PSQEMiner
from psqe.seeds.miners.random import RandomMiner
from psqe.seeds.oracle import ORACLES, drawn_seeds, oracle_seeds, supervised_links, true_links
from psqe.seeds.seed_set import SeedSet, StageTrace

MINERS: Registry[type[Miner]] = Registry("miner", "psqe.seeds.miners", "psqe.miners", "psqe.seeds.base:Miner")
"""Every miner by name: the modules of :mod:`psqe.seeds.miners`, and entry points ``psqe.miners``."""

__all__ = [
    "MINERS",
    "ORACLES",
    "Miner",
    "MutualMiner",
    "PSQEMiner",
    "PivotMiner",
    "RandomMiner",
    "SeedSet",
    "StageTrace",
    "audit",
    "balance",
    "correct",
    "coverage",
    "drawn_seeds",
    "judged",
    "oracle_seeds",
    "pair_confidence",
    "seed_confidence",
    "supervised_links",
    "true_links",
]  # fmt: skip
