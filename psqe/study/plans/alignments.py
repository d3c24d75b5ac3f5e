"""Plans about alignments: aligners on every kind of seeds, and the same features without an aligner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.options import MinerOptions
from psqe.study.plans.ablation import SIZES
from psqe.study.plans.base import (
    ALIGNERS_COMPARED,
    DBP15K,
    DBP15K_STATES,
    EMOJI,
    KINDS_OF_SEEDS,
    Plan,
    alignment_spec,
    kind_of,
    kinds_on,
    of_kind,
    study_features,
    study_size,
    task_options,
    with_seeds,
)
from psqe.study.spec import RunSpec

NO_SEEDS = "no seeds"
"""The name that tables show in place of a kind of seeds, for an aligner that is given none."""

RESIDUAL = 2.0
"""The weight of the input features beside the learned embedding, where it is not 1. It was chosen on
emoji/en-fr with random state 0."""

TRAININGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "residual 1": {"residual": 1.0},
    "residual": {"residual": RESIDUAL},
    "stopped": {"patience": 3},
}
"""Ways to train: as the preset says; with the input features kept beside, with the weight 1 or
:data:`RESIDUAL`; and stopped early without labels. The first and the third are run on every kind of seeds,
the others on those of PSQE only, by the plan ``pays``."""

DBP15K_KINDS = ("pivot", "mutual", "psqe", "true links")
"""The kinds of seeds on which aligners are run on DBP15K."""

DBP15K_ALIGNERS: Mapping[str, Sequence[str | None]] = {
    **dict.fromkeys(("clamped", "mclea", "eva"), DBP15K_KINDS),
    "propagation": (None, *DBP15K_KINDS),
    "meaformer": ("mutual", "psqe"),
}
"""The aligners that are run on DBP15K, each with its kinds of seeds; ``None`` stands for no seeds. MEAformer
takes the longest."""

LEVELS = (1.0, 0.8, 0.6)
"""The precisions of drawn seeds."""

EVENNESS = (0.0, 0.5, 1.0)
"""The degrees of evenness of drawn seeds, see :func:`psqe.seeds.oracle.evenly_drawn_seeds`."""


def crossed(training: str, tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The aligners compared, on every kind of seeds, trained in one way, each after the run about its seeds.

    The aligners are those of :data:`psqe.study.plans.base.ALIGNERS_COMPARED`.

    Without seeds there are only the aligners that need none. Ways to train other than ``plain`` are for the
    aligners that are trained by gradient descent.
    """
    kinds = {name: ALIGNERS.resolve(name) for name in ALIGNERS_COMPARED}
    specs = []
    for state in random_states:
        for task in tasks:
            seeds = [of_kind(kind, study_size(task)) for kind in kinds_on(task)]
            for miner in (None, *seeds):
                for name, kind in kinds.items():
                    trained = issubclass(kind, TrainedAligner)
                    if (miner or not kind.min_seeds) and (trained or training == "plain"):
                        specs.append(alignment_spec(task, miner, name, state, TRAININGS[training]))
    return with_seeds(specs)


def sizes(
    tasks: Sequence[str],
    random_states: Sequence[int],
    *,
    n_seeds: Sequence[int] = SIZES[1:],
    kinds: Iterable[str] = KINDS_OF_SEEDS,
    parameters: Mapping[str, Any] | None = None,
) -> list[RunSpec]:
    """MCLEA on every kind of seeds at every number of seeds, each after the run about its seeds.

    ``parameters`` are those of the aligner that depart from its preset.
    """
    return with_seeds(
        alignment_spec(task, of_kind(kind, n), "mclea", state, parameters)
        for state in random_states
        for task in tasks
        for n in n_seeds
        for kind in kinds
    )


def untrained(
    tasks: Sequence[str],
    random_states: Sequence[int],
    *,
    n_seeds: Sequence[int] = (),
    kinds: Iterable[str] | None = None,
) -> list[RunSpec]:
    """The features without seeds and without training, on the links that each kind of seeds leaves free.

    Every aligner has to beat them. They are run first on all links, and then beside every kind of seeds,
    which they do not use, so that they are also counted on the links that are free of these. ``n_seeds`` are
    the numbers of these seeds, that of the study when omitted, and ``kinds`` their kinds, all that differ on
    a task when omitted.
    """
    bare = [
        RunSpec(
            subject="alignment", task=task_options(task), features=study_features(task), random_state=state
        )
        for state in random_states
        for task in tasks
    ]
    return [
        spec
        for features in bare
        for spec in (
            features,
            *(
                features.replace(miner=of_kind(kind, n))
                for n in n_seeds or [study_size(features.task.name)]
                for kind in kinds or kinds_on(features.task.name)
            ),
        )
    ]


def clamped_runs(
    tasks: Sequence[str],
    random_states: Sequence[int],
    *,
    n_seeds: Sequence[int] = SIZES[1:],
    kinds: Iterable[str] = KINDS_OF_SEEDS,
) -> list[RunSpec]:
    """The features with every kind of seeds clamped, at every number of seeds."""
    return [
        alignment_spec(task, of_kind(kind, n), "clamped", state)
        for state in random_states
        for task in tasks
        for n in n_seeds
        for kind in kinds
    ]


def drawn(tasks: Sequence[str], random_states: Sequence[int], *, n_seeds: int | None = None) -> list[RunSpec]:
    """MCLEA on drawn seeds of every precision and every evenness, each after the run about its seeds."""
    return with_seeds(
        alignment_spec(
            task,
            MinerOptions(
                name="drawn",
                n_seeds=n_seeds or study_size(task),
                parameters={"precision": precision, "evenness": evenness},
            ),
            "mclea",
            state,
        )
        for task in tasks
        for state in random_states
        for precision in LEVELS
        for evenness in EVENNESS
    )


def _crossed_plan(training: str) -> Plan:
    return Plan(
        f"The aligners compared, on every kind of seeds; training: {training}.",
        lambda tasks, states: crossed(training, tasks, states),
    )


def crossed_dbp15k(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The runs of :func:`crossed` with the aligners and the kinds of seeds of :data:`DBP15K_ALIGNERS`.

    A run takes minutes there, so that the plan keeps what the comparison of seeds needs.
    """
    kept = [
        spec
        for spec in crossed("plain", tasks, random_states)
        if spec.aligner is not None
        and (spec.miner and kind_of(spec.miner)) in DBP15K_ALIGNERS.get(spec.aligner.name, ())
    ]
    return with_seeds(kept)


PLANS = {
    **{f"aligners-{training}": _crossed_plan(training) for training in ("plain", "residual")},
    "aligners-dbp15k": Plan(
        "Aligners on kinds of seeds of DBP15K; training: plain.", crossed_dbp15k, DBP15K, DBP15K_STATES
    ),
    "sizes": Plan("MCLEA on every kind of seeds at every number of seeds, on one pair.", sizes, EMOJI[:1]),
    "untrained": Plan("The features alone, on the links that each kind of seeds leaves free.", untrained),
    "untrained-dbp15k": Plan("The features alone on DBP15K.", untrained, DBP15K, DBP15K_STATES),
    "drawn": Plan("MCLEA on seeds of set precision and evenness, on two pairs.", drawn, EMOJI[:2]),
}
