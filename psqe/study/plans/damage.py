"""The plan about damaged pairs: where the systems stop, as pictures are lost, texts mistyped, seeds wrong.

Nothing was chosen on damaged pairs: the modalities, the number of seeds and the parameters are those of the
study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.options import MinerOptions
from psqe.study.plans.base import (
    EMOJI,
    KINDS_OF_SEEDS,
    Plan,
    alignment_spec,
    study_features,
    study_size,
    task_options,
)
from psqe.study.spec import RunSpec

LEVELS: Mapping[str, tuple[float, ...]] = {
    "missing pictures": (0.1, 0.3, 0.5, 0.7, 0.9),
    "exchanged pictures": (0.1, 0.3, 0.5, 0.7, 0.9),
    "typos": (0.05, 0.1, 0.2, 0.4),
    "duplicates": (0.1, 0.3, 0.5, 1.0),
    "hub": (0.1, 0.5, 1.0),
}
"""The kinds of damage (:data:`psqe.datasets.damage.DAMAGES`), each with its shares above zero."""

PRECISIONS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""The precisions of the seeds that are drawn from the gold links; the others of them are wrong."""

WRONG = "wrong seeds"
"""The kind of damage that is done to the seeds, and not to the pair."""

SYSTEMS: Mapping[str, tuple[str | None, str | None]] = {
    "features": (None, None),
    "features, seeds clamped": ("psqe", "clamped"),
    "propagation": ("psqe", "propagation"),
    "MCLEA": ("psqe", "mclea"),
    "Concord": (None, "concord"),
}
"""The systems, by the name that tables show: the kind of their seeds, if any, and the aligner; ``None``
stands for the features alone."""

TASKS = EMOJI[1:3]
"""The pairs: one that settings of the aligners were chosen on, without damage, and one without choices."""

STATES = (0,)
"""The random states."""


def damaged_spec(system: str, kind: str, share: float, task: str, random_state: int) -> RunSpec:
    """The run of a system on a pair with one kind of damage, or with none.

    Parameters
    ----------
    system
        A key of :data:`SYSTEMS`.
    kind
        A key of :data:`LEVELS`.
    share
        The share that is damaged; 0 for the pair as it is.
    task
        Name of a pair of graphs.
    random_state
        Random state of the damage and of the run.
    """
    seeds, aligner = SYSTEMS[system]
    miner = None if seeds is None else KINDS_OF_SEEDS[seeds].model_copy(update={"n_seeds": study_size(task)})
    options = task_options(task).model_copy(update={"damage": {kind: share} if share else {}})
    spec = (
        RunSpec(subject="damaged", task=options, features=study_features(task), random_state=random_state)
        if aligner is None
        else alignment_spec(task, miner, aligner, random_state)
    )
    return spec.replace(subject="damaged", task=options)


def wrong_spec(aligner: str, precision: float, task: str, random_state: int) -> RunSpec:
    """The run of an aligner on seeds of a set precision, drawn from the gold links."""
    drawn = MinerOptions(
        name="drawn", n_seeds=study_size(task), parameters={"precision": precision, "evenness": 1.0}
    )
    return alignment_spec(task, drawn, aligner, random_state).replace(subject="damaged")


def on_damaged(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every system at every level of every kind of damage, and on seeds of every precision.

    The features use no seeds, so that they are not run again on wrong ones.
    """
    return [
        spec
        for state in random_states
        for task in tasks
        for spec in (
            *(damaged_spec(system, "typos", 0, task, state) for system in SYSTEMS),
            *(
                damaged_spec(system, kind, share, task, state)
                for kind, shares in LEVELS.items()
                for share in shares
                for system in SYSTEMS
            ),
            *(
                wrong_spec(aligner, precision, task, state)
                for precision in PRECISIONS
                for aligner in ("clamped", "propagation", "mclea", "concord")
            ),
        )
    ]


PLANS = {"damaged": Plan("Where the systems stop on damaged pairs and seeds.", on_damaged, TASKS, STATES)}
