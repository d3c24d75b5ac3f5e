"""Groups of entities that are the same: across several sources, and within one graph."""

from psqe.groups.duplicates import Duplicates, dedupe
from psqe.groups.sources import Groups, align_all

__all__ = ["Duplicates", "Groups", "align_all", "dedupe"]
