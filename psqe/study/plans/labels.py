"""The plan about labels: what the labels of some links add, where the modalities say much or little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.options import AlignerOptions, FeatureOptions, MinerOptions
from psqe.study.plans.base import EMOJI, Plan, of_kind, study_size, task_options
from psqe.study.spec import RunSpec

N_LABELS = (50, 300)
"""The numbers of labelled links that an aligner is given."""

LABELLED = "true links"
"""The kind of seeds that stands for labels: gold links drawn at random."""

CONCORD, PROPAGATION = "concord", "propagation"

MINED = "psqe"
"""The kind of seeds that takes no labels."""

Given = tuple[str, str | None, int]
"""An aligner, the kind of seeds that it is given, ``None`` for none, and their number."""

GIVEN: Mapping[tuple[str, ...], tuple[Given, ...]] = {
    ("image",): (
        (CONCORD, None, 0),
        *((CONCORD, LABELLED, n) for n in N_LABELS),
        (PROPAGATION, MINED, study_size(EMOJI[0])),
        (PROPAGATION, LABELLED, N_LABELS[0]),
    ),
    **dict.fromkeys(
        (("attribute",), ("image", "attribute")), ((CONCORD, None, 0), (CONCORD, LABELLED, N_LABELS[0]))
    ),
}
"""The modalities that are compared, and what is run with each of them."""


def labels_spec(
    aligner: str, kind: str | None, n_seeds: int, modalities: Sequence[str], task: str, random_state: int
) -> RunSpec:
    """The run of an aligner on a kind of seeds, or on none, with some modalities."""
    return RunSpec(
        subject="labels", task=task_options(task), features=FeatureOptions(modalities=tuple(modalities)),
        miner=None if kind is None else of_kind(kind, n_seeds),
        aligner=AlignerOptions(name=aligner, preset="small"), random_state=random_state,
    )  # fmt: skip


def labelled(n_labels: int) -> MinerOptions:
    """The options that draw a number of labelled links."""
    return of_kind(LABELLED, n_labels)


def labels(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every row of :data:`GIVEN`."""
    return [
        labels_spec(*given, modalities, task, state)
        for state in random_states
        for task in tasks
        for modalities, rows in GIVEN.items()
        for given in rows
    ]


PLANS = {"labels": Plan("What the labels of some links add, with strong and weak modalities.", labels, EMOJI)}
