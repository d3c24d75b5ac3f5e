"""The plan of aligners trained on labels, to compare them with the numbers that were published.

The first 30 % of the gold links are given as labels, and the rest is tested under the protocol ``peer``. It
is no part of the study of pseudo-seeds: no table of the study shows these runs beside one on pseudo-seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.options import AlignerOptions, MinerOptions, TaskOptions
from psqe.study.plans.base import Plan, features_by
from psqe.study.published import NUMBERS
from psqe.study.spec import RunSpec

TASKS = ("dbp15k/fr_en",)
"""The task that is run. Training one model on 4,500 labels takes about ten minutes on one processor, and the
published numbers of each model on the three pairs of DBP15K are within two points of each other."""

SHARE = 0.3
"""The share of the gold links that is given as labels; the rest is what the protocol ``peer`` tests."""

GIVEN = features_by({"relation": "profile", "attribute": "bag"})
"""The features. The modalities are those of the publications except images, whose vectors are not at hand;
the encoders are ours."""

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    number.system.lower(): number.hits
    for number in NUMBERS
    if number.source == "MEAformer" and number.system in ("EVA", "MCLEA", "MEAformer")
}
"""Hits@1 left to right with 30 % of the links as labels, with images, without names and without iterative
learning, by aligner, as the authors of MEAformer report them for all three."""


def supervised(tasks: Sequence[str], random_states: Sequence[int], *, preset: str = "small") -> list[RunSpec]:
    """Every aligner that has published numbers (:data:`PUBLISHED`), trained on labels."""
    return [
        RunSpec(
            subject="alignment", task=TaskOptions(name=task), features=GIVEN,
            miner=MinerOptions(name="supervised", parameters={"share": SHARE}),
            aligner=AlignerOptions(name=name, preset=preset), random_state=state,
        )
        for task in tasks
        for name in PUBLISHED
        for state in random_states
    ]  # fmt: skip


PLANS = {"supervised": Plan("Aligners trained on labels, as their authors do.", supervised, TASKS, (0,))}
