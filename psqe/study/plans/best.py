"""The plans about the best alignment without labels: all systems on the same modalities and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.options import AlignerOptions, FeatureOptions
from psqe.study.plans.base import (
    EMOJI,
    Plan,
    of_kind,
    study_size,
    task_options,
)
from psqe.study.spec import RunSpec


def _small(name: str) -> AlignerOptions:
    return AlignerOptions(name=name, preset="small")


SYSTEMS: Mapping[str, AlignerOptions | None] = {
    "features": None,
    "clamped": _small("clamped"),
    "label propagation": _small("label-propagation"),
    "PARIS": _small("paris"),
    "fused Gromov-Wasserstein": _small("fgw"),
    "propagation": _small("propagation"),
    "Concord": _small("concord"),
}
"""The systems that are compared, by the name that tables show; ``None`` stands for the features alone."""

SEEDLESS = ("PARIS", "fused Gromov-Wasserstein", "propagation", "Concord")
"""The systems that are run without seeds, too."""

RUNS = (*((system, True) for system in SYSTEMS), *((system, False) for system in SEEDLESS))
"""The systems that are run, each with a mark whether it is given seeds."""

KIND = "psqe"
"""The kind of seeds that all systems are given, unless they are given none."""


FEATURES = FeatureOptions(modalities=("image", "layout", "attribute"))
"""The modalities that all systems compare: those of the study, and the layout of pictures."""


def system_spec(system: str, task: str, random_state: int, *, seeds: bool = True) -> RunSpec:
    """The run of a system, one of :data:`SYSTEMS`, on PSQE's seeds or on none.

    Its subject is ``system``, so that no table about the modalities of the study has it.
    """
    return RunSpec(
        subject="system", task=task_options(task), features=FEATURES,
        miner=of_kind(KIND, study_size(task)) if seeds else None, aligner=SYSTEMS[system],
        random_state=random_state,
    )  # fmt: skip


def best(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every system on PSQE's seeds, and those of :data:`SEEDLESS` without seeds."""
    return [
        system_spec(system, task, state, seeds=seeds)
        for state in random_states
        for task in tasks
        for system, seeds in RUNS
    ]


PLANS = {
    "best": Plan(
        "Systems without labels on the same modalities, with PSQE's seeds and with none.", best, EMOJI
    ),
}
