"""Ranks, protocols, regions and intervals: how good similarities are where true links are known."""

from psqe.evaluation.protocols import Ranks, Scorer, embedding_scorer, evaluate, feature_scorer, ranks

__all__ = ["Ranks", "Scorer", "embedding_scorer", "evaluate", "feature_scorer", "ranks"]
