"""The plan of the verdicts: what a simulated reviewer changes."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.study.plans.base import EMOJI, Plan, alignment_spec, of_kind, study_size
from psqe.study.spec import RunSpec

ALIGNER = "propagation"
"""The aligner of a review, which is the default."""

CHARACTERS = ("han/ja-zh",)
"""A pair of characters."""

BENCHMARKS_REVIEWED, BENCHMARK_STATES = ("dbp15k/zh_en", "fb15k/db15k"), (0, 1, 2)
"""Benchmarks, on which a run takes minutes, and their random states."""

CHOSEN_ON = "emoji/en-fr"
"""The pair on which :data:`psqe.links.calibration.DOUBT` and the priors of
:mod:`psqe.links.recalibration` were chosen."""


def reviews(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """A review of PSQE's seeds with the default aligner, for each pair and random state."""
    return [
        alignment_spec(task, of_kind("psqe", study_size(task)), ALIGNER, state).replace(subject="review")
        for state in random_states
        for task in tasks
    ]


PLANS = {
    "review": Plan("Links after the verdicts of a simulated reviewer.", reviews, EMOJI),
    "review-characters": Plan(
        "Links after the verdicts of a simulated reviewer, on characters.", reviews, CHARACTERS
    ),
    "review-benchmarks": Plan(
        "Links after the verdicts of a simulated reviewer, on benchmarks.",
        reviews,
        BENCHMARKS_REVIEWED,
        BENCHMARK_STATES,
    ),
}
