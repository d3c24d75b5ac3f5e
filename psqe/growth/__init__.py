"""Pairs that grow: what changed since an earlier alignment, and which of its links stay."""

from psqe.growth.changes import link_changes
from psqe.growth.evidence import Difference, Evidence, compare
from psqe.growth.previous import PreviousRun

__all__ = ["Difference", "Evidence", "PreviousRun", "compare", "link_changes"]
