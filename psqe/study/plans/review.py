"""The plan of the verdicts: what a simulated reviewer changes."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.study.plans.base import EMOJI, Plan, alignment_spec, of_kind, study_size
from psqe.study.spec import RunSpec

ALIGNER = "propagation"
"""The aligner of a review, which is the default."""

OTHERS = ("han/ja-zh", "dbp15k/zh_en", "fb15k/db15k")
"""Pairs of other data than emoji. On the last two a run takes minutes."""

CHOSEN_ON = "emoji/en-fr"
"""The pair on which :data:`psqe.links.proposals.NEIGHBOURS` was chosen."""


def reviews(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """A review of PSQE's seeds with the default aligner, for each pair and random state."""
    return [
        alignment_spec(task, of_kind("psqe", study_size(task)), ALIGNER, state).replace(subject="review")
        for state in random_states
        for task in tasks
    ]


PLANS = {
    "review": Plan("Links after the verdicts of a simulated reviewer.", reviews, EMOJI),
    "review-others": Plan(
        "Links after the verdicts of a simulated reviewer, on characters and benchmarks.", reviews, OTHERS
    ),
}
