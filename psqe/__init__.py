"""Pseudo-seeds and alignment for two multimodal knowledge graphs without labelled links.

Everything that most users need is an attribute of this package. It is imported when it is first used, so that
``import psqe`` itself takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psqe.datasets import load_task as load_task
    from psqe.datasets.frames import graph_from_frames as graph_from_frames
    from psqe.graph import AlignmentTask as AlignmentTask
    from psqe.graph import KnowledgeGraph as KnowledgeGraph

_PUBLIC = {
    "AlignmentTask": "psqe.graph",
    "KnowledgeGraph": "psqe.graph",
    "graph_from_frames": "psqe.datasets.frames",
    "load_task": "psqe.datasets",
}
"""The module of each public name."""

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'psqe' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
