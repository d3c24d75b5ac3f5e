"""Pseudo-seeds and alignment for two multimodal knowledge graphs without labelled links.

Everything that most users need is an attribute of this package. It is imported when it is first used, so that
``import psqe`` itself takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psqe.alignment import Alignment as Alignment
    from psqe.alignment import Explanation as Explanation
    from psqe.api import align as align
    from psqe.api import mine_seeds as mine_seeds
    from psqe.datasets import load_task as load_task
    from psqe.datasets.frames import graph_from_frames as graph_from_frames
    from psqe.graph import AlignmentTask as AlignmentTask
    from psqe.graph import KnowledgeGraph as KnowledgeGraph
    from psqe.groups import Duplicates as Duplicates
    from psqe.groups import Groups as Groups
    from psqe.groups import align_all as align_all
    from psqe.groups import dedupe as dedupe
    from psqe.links.rules import LinkRule as LinkRule
    from psqe.options import AlignerOptions as AlignerOptions
    from psqe.options import FeatureFile as FeatureFile
    from psqe.options import FeatureOptions as FeatureOptions
    from psqe.options import MinerOptions as MinerOptions
    from psqe.options import TaskOptions as TaskOptions
    from psqe.seeds.seed_set import SeedSet as SeedSet

_PUBLIC = {
    "AlignerOptions": "psqe.options",
    "Alignment": "psqe.alignment",
    "AlignmentTask": "psqe.graph",
    "Duplicates": "psqe.groups",
    "Explanation": "psqe.alignment",
    "FeatureFile": "psqe.options",
    "FeatureOptions": "psqe.options",
    "Groups": "psqe.groups",
    "KnowledgeGraph": "psqe.graph",
    "LinkRule": "psqe.links.rules",
    "MinerOptions": "psqe.options",
    "SeedSet": "psqe.seeds.seed_set",
    "TaskOptions": "psqe.options",
    "align": "psqe.api",
    "align_all": "psqe.groups",
    "dedupe": "psqe.groups",
    "graph_from_frames": "psqe.datasets.frames",
    "load_task": "psqe.datasets",
    "mine_seeds": "psqe.api",
}
"""The module of each public name."""

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'psqe' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
