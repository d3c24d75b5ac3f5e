"""The plan that compares ours with the authors' code: both variants of each aligner, published parameters.

The same seeds and features were given to the public code of MCLEA, whose results are :data:`AUTHORS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psqe.aligners import ALIGNERS
from psqe.options import AlignerOptions
from psqe.study.plans.base import KINDS_OF_SEEDS, Plan, alignment_spec, of_kind, study_size
from psqe.study.spec import RunSpec
from psqe.switches import CORRECTED, RELEASED

EPOCHS: Mapping[str, Mapping[str, Sequence[int]]] = {
    "mclea": {"psqe": (50, 100, 150, 200), "mutual": (50, 100), "pivot": (50, 100)},
    "eva": {"psqe": (100, 300)},
    "meaformer": {"psqe": (100, 250)},
}
"""Numbers of epochs by aligner and kind of seeds."""

AUTHORS: Mapping[str, Mapping[int, float]] = {
    "psqe": {50: 0.707, 100: 0.714, 150: 0.706, 200: 0.703},
    "mutual": {50: 0.693, 100: 0.695},
    "pivot": {50: 0.549, 100: 0.529},
}
"""Hits@1 of the public code of MCLEA (Lin et al. 2022), by kind of seeds and number of epochs: emoji/en-fr,
pictures and attributes, 600 seeds, random state 0, cosine, all links, protocol full. The code ran on a CPU,
for which the backward pass of its attention was made one over edges; nothing else of it was changed."""

AUTHORS_TASK = "emoji/en-fr"
"""The pair of graphs of :data:`AUTHORS`."""


CENTRED = "released, centred"
"""The variant ``released`` with one switch of ``corrected``: the mean of each side is subtracted from its
vectors. What vectors the authors' code was given for :data:`AUTHORS` is not recorded."""

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    RELEASED: {"variant": RELEASED},
    CENTRED: {"variant": RELEASED, "switches": {"centre": True}},
    CORRECTED: {},
}
"""The parameters of an aligner by the name that the table shows."""


def variant_spec(
    task: str, kind: str, aligner: str, variant: str, n_epochs: int, random_state: int
) -> RunSpec:
    """A run of an aligner with its published parameters, for a number of epochs, in one of its variants.

    A number of epochs that is that of the preset is not written, so that one meaning has one spec.

    Parameters
    ----------
    task
        Name of a pair of graphs.
    kind
        Kind of seeds, one of :data:`psqe.study.plans.base.KINDS_OF_SEEDS`.
    aligner
        Name of the aligner.
    variant
        A key of :data:`PARAMETERS`.
    n_epochs
        Number of epochs.
    random_state
        Random state of the run.
    """
    usual = ALIGNERS[aligner].preset("published").parameters["n_epochs"]
    parameters = {**({} if n_epochs == usual else {"n_epochs": n_epochs}), **PARAMETERS[variant]}
    options = AlignerOptions(name=aligner, preset="published", parameters=parameters)
    spec = alignment_spec(task, of_kind(kind, study_size(task)), aligner, random_state)
    return spec.replace(aligner=options)


def faithful(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every trained aligner with each of :data:`PARAMETERS`, on the seeds and epochs of :data:`EPOCHS`."""
    return [
        variant_spec(task, kind, aligner, variant, n_epochs, state)
        for state in random_states
        for task in tasks
        for aligner, kinds in EPOCHS.items()
        for kind in KINDS_OF_SEEDS
        for n_epochs in kinds.get(kind, ())
        for variant in PARAMETERS
    ]


PLANS = {
    "faithful": Plan(
        "Aligners as their authors released them, and corrected, with the published parameters.",
        faithful, (AUTHORS_TASK,), (0,),
    ),
}  # fmt: skip
