"""Ranks, protocols, regions and intervals: how good similarities are where true links are known."""

from psqe.evaluation.accounting import (
    Accounting,
    GainParts,
    ResamplingParts,
    accounting,
    gain_parts,
    predicted_total,
    resampling_parts,
)
from psqe.evaluation.intervals import format_interval, mean_interval, proportion_interval
from psqe.evaluation.link_groups import LINK_GROUPS, LinkGroup, link_groups, query_groups
from psqe.evaluation.protocols import evaluate, evaluate_each
from psqe.evaluation.ranks import Ranks, ranks
from psqe.evaluation.regions import Regions, all_regions
from psqe.evaluation.scorers import Scorer, embedding_scorer, feature_scorer

__all__ = [
    "LINK_GROUPS",
    "Accounting",
    "GainParts",
    "LinkGroup",
    "Ranks",
    "Regions",
    "ResamplingParts",
    "Scorer",
    "accounting",
    "all_regions",
    "embedding_scorer",
    "evaluate",
    "evaluate_each",
    "feature_scorer",
    "format_interval",
    "gain_parts",
    "link_groups",
    "mean_interval",
    "predicted_total",
    "proportion_interval",
    "query_groups",
    "ranks",
    "resampling_parts",
]
