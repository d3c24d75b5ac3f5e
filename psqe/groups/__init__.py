"""Groups of entities that are the same: across several sources, and within one graph."""

from psqe.groups.sources import Groups, align_all

__all__ = ["Groups", "align_all"]
