"""The plans of the study: functions that return lists of :class:`~psqe.study.spec.RunSpec`, and nothing else.

``psqe results fill PLAN`` runs what the store does not have yet.
"""

from psqe.study.plans import (
    ablation,
    alignments,
    benchmarks,
    best,
    characters,
    damage,
    evidence,
    faithful,
    labels,
    links,
    pays,
    predictions,
    review,
    supervised,
)
from psqe.study.plans.base import Plan

PLANS: dict[str, Plan] = {
    **ablation.PLANS,
    **alignments.PLANS,
    **links.PLANS,
    **benchmarks.PLANS,
    **supervised.PLANS,
    **faithful.PLANS,
    **pays.PLANS,
    **predictions.PLANS,
    **best.PLANS,
    **labels.PLANS,
    **characters.PLANS,
    **evidence.PLANS,
    **damage.PLANS,
    **review.PLANS,
}
"""Every plan, by the name that the command line takes."""

__all__ = ["PLANS", "Plan"]
