"""The plan about predictions: what whitening will do on free links, foretold from its seeds."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.study.plans.base import EMOJI, Plan, alignment_spec, kinds_on, of_kind, study_size
from psqe.study.spec import RunSpec

PREDICTED = "whitening"
"""The aligner whose Hits@1 is predicted."""

STATES = (0, 1)
"""The random states; the rule of the prediction was chosen on emoji/en-de with both of them."""


def predictions(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Whitening on every kind of seeds, as predicted and as measured."""
    return [
        alignment_spec(task, of_kind(kind, study_size(task)), PREDICTED, state).replace(subject="prediction")
        for state in random_states
        for task in tasks
        for kind in kinds_on(task)
    ]


PLANS = {
    "predictions": Plan(
        "What whitening does on free links, as predicted and as measured.", predictions, EMOJI, STATES
    )
}
