"""Ranks, protocols, regions and intervals: how good similarities are where true links are known."""

from psqe.evaluation.intervals import format_interval, mean_interval, proportion_interval
from psqe.evaluation.protocols import Scorer, embedding_scorer, evaluate, feature_scorer
from psqe.evaluation.ranks import Ranks, ranks
from psqe.evaluation.regions import Regions, all_regions

__all__ = [
    "Ranks",
    "Regions",
    "Scorer",
    "all_regions",
    "embedding_scorer",
    "evaluate",
    "feature_scorer",
    "format_interval",
    "mean_interval",
    "proportion_interval",
    "ranks",
]
