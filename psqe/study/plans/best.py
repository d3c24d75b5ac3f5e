"""The plans about the best alignment without labels: all systems on the same modalities and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psqe.options import AlignerOptions, FeatureOptions
from psqe.study.plans.alignments import RESIDUAL
from psqe.study.plans.base import (
    DBP15K,
    EMOJI,
    Plan,
    alignment_spec,
    of_kind,
    study_features,
    study_size,
    task_options,
)
from psqe.study.spec import RunSpec


def _small(name: str, **parameters: Any) -> AlignerOptions:
    return AlignerOptions(name=name, preset="small", parameters=parameters)


SYSTEMS: Mapping[str, AlignerOptions | None] = {
    "features": None,
    "clamped": _small("clamped"),
    "label propagation": _small("label-propagation"),
    "EVA": _small("eva", residual=RESIDUAL),
    "MCLEA": _small("mclea", residual=RESIDUAL),
    "PARIS": _small("paris"),
    "fused Gromov-Wasserstein": _small("fgw"),
    "propagation": _small("propagation"),
    "Concord": _small("concord"),
}
"""The systems that are compared, by the name that tables show; ``None`` stands for the features alone. The
models that are trained, EVA and MCLEA, keep the features beside what they learn."""

SEEDLESS = ("PARIS", "fused Gromov-Wasserstein", "propagation", "Concord")
"""The systems that are run without seeds, too."""

TRAINED = ("EVA", "MCLEA")
"""The systems that are trained by gradient descent; they have a plan of their own."""

RUNS = (*((system, True) for system in SYSTEMS), *((system, False) for system in SEEDLESS))
"""The systems that are run, each with a mark whether it is given seeds."""

KIND = "psqe"
"""The kind of seeds that all systems are given, unless they are given none."""

FEATURES = FeatureOptions(modalities=("image", "layout", "attribute"))
"""The modalities that all systems compare on emoji pairs: those of the study, and the layout of pictures."""

PARTS: Mapping[str, Mapping[str, Any]] = {
    "no whitening": {"whitening": False},
    "no evidence of links": {"link_evidence": False},
    "weights not learned": {"learn_weights": False},
    "no transport": {"transport": False},
    "no hops": {"n_hops": 0},
    "one round": {"n_rounds": 1},
    "context as estimated": {"context": 1.0},
}
"""What is left out of Concord, one part at a time, by the name that tables show."""

NO_LAYOUT = "no layout"
"""The name that tables show for Concord without the modality ``layout``, which is no parameter of it."""


def system_features(task: str) -> FeatureOptions:
    """The modalities by which all systems compare a task: with the layout where the pair is pictured.

    >>> system_features("emoji/en-fr").modalities, system_features("dbp15k/fr_en").modalities
    (('image', 'layout', 'attribute'), ('name',))
    """
    return FEATURES if "image" in (study_features(task).modalities or ()) else study_features(task)


def system_spec(system: str, task: str, random_state: int, *, seeds: bool = True) -> RunSpec:
    """The run of a system, one of :data:`SYSTEMS`, on PSQE's seeds or on none.

    Its subject is ``system``, so that no table about the modalities of the study has it.
    """
    return RunSpec(
        subject="system", task=task_options(task), features=system_features(task),
        miner=of_kind(KIND, study_size(task)) if seeds else None, aligner=SYSTEMS[system],
        random_state=random_state,
    )  # fmt: skip


def part_spec(part: str, task: str, random_state: int) -> RunSpec:
    """The run of Concord, on PSQE's seeds, without one of :data:`PARTS` or :data:`NO_LAYOUT`."""
    whole = system_spec("Concord", task, random_state)
    if part == NO_LAYOUT:
        kept = tuple(modality for modality in FEATURES.modalities or () if modality != "layout")
        return whole.replace(features=FeatureOptions(modalities=kept))
    return whole.replace(aligner=_small("concord", **PARTS[part]))


def best(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every system but the trained ones on PSQE's seeds, and those of :data:`SEEDLESS` without seeds."""
    return [
        system_spec(system, task, state, seeds=seeds)
        for state in random_states
        for task in tasks
        for system, seeds in RUNS
        if system not in TRAINED
    ]


def trained(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The systems of :data:`TRAINED` on PSQE's seeds."""
    return [
        system_spec(system, task, state) for state in random_states for task in tasks for system in TRAINED
    ]


def parts(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Concord without each of its parts; whole, it is in the plan ``best``."""
    return [
        part_spec(part, task, state)
        for state in random_states
        for task in tasks
        for part in (*PARTS, NO_LAYOUT)
    ]


COMPARED = {"clamped": "clamped", "EVA": "eva", "MCLEA": "mclea", "propagation": "propagation"}
"""The systems that other plans run on benchmarks, too, with the names of their aligners. EVA and MCLEA are
trained there as their preset says, without the features beside."""

RUN_ELSEWHERE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(DBP15K, ("features", *COMPARED)),
    "fb15k/db15k": ("features", "MCLEA"),
}
"""The systems whose runs on a benchmark are those of other plans."""

_SHARED = (("features", False), *((system, True) for system in COMPARED), ("propagation", False))
_ON_DBP15K = (*_SHARED, ("PARIS", False))
ON_BENCHMARKS: Mapping[str, Sequence[tuple[str, bool]]] = {
    "dbp15k/zh_en": (*_ON_DBP15K, ("Concord", False)),
    "dbp15k/ja_en": (*_ON_DBP15K, ("Concord", True)),
    "dbp15k/fr_en": (*_ON_DBP15K, ("Concord", True)),
    "fb15k/db15k": (
        ("features", False),
        ("MCLEA", True),
        ("Concord", True),
        ("PARIS", False),
        ("propagation", False),
    ),
    **dict.fromkeys(
        ("srprs/en_fr", "openea/d_w"),
        (("features", False), ("PARIS", False), ("propagation", False), ("Concord", False)),
    ),
}
"""The systems that are compared on benchmarks, each with a mark whether it is given PSQE's seeds. Fused
Gromov-Wasserstein and label propagation are left out for their time; on FB15K-DB15K, where entities have many
neighbours, the structure term of the former takes a quarter of an hour."""

BENCHMARK_STATES = (0,)
"""The random states of the systems on benchmarks, where a run of Concord takes minutes."""


def benchmark_spec(system: str, task: str, random_state: int, *, seeds: bool) -> RunSpec:
    """The run of a system on a benchmark, by the modalities of the study.

    It is a run of another plan where :data:`RUN_ELSEWHERE` says so.
    """
    if system not in RUN_ELSEWHERE.get(task, ()):
        return system_spec(system, task, random_state, seeds=seeds)
    miner = of_kind(KIND, study_size(task)) if seeds else None
    if system == "features":
        return RunSpec(
            subject="alignment", task=task_options(task), features=study_features(task), miner=miner,
            random_state=random_state,
        )  # fmt: skip
    return alignment_spec(task, miner, COMPARED[system], random_state)


def on_benchmarks(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The systems of :data:`ON_BENCHMARKS`."""
    return [
        benchmark_spec(system, task, state, seeds=seeds)
        for state in random_states
        for task in tasks
        for system, seeds in ON_BENCHMARKS[task]
    ]


LINKED = ("features", "propagation", "Concord")
"""The systems whose links are found, too."""

LINK_STATES = (0, 1)
"""The random states of these links: the confidence of Concord needs two further fits."""


def links(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The links of :data:`LINKED` by the modalities of all systems, on PSQE's seeds."""
    return [
        system_spec(system, task, state, seeds=system != "features").replace(subject="links")
        for state in random_states
        for task in tasks
        for system in LINKED
    ]


GIVES_PROBABILITIES = _small("concord")
"""The aligner whose probabilities say what is expected of all systems; it is fitted without seeds."""

CONCORD_LINKS = "Concord's links"
"""The name of the seeds that are the most probable pairs of :data:`GIVES_PROBABILITIES`."""

EXPECTED_STATES = (0,)
"""The random states of what is expected of systems. The rule was made on emoji/en-de, random state 0."""


def expected_spec(system: str, task: str, random_state: int, *, seeds: bool = True) -> RunSpec:
    """The run that tells without labels which Hits@1 is expected of a system."""
    return system_spec(system, task, random_state, seeds=seeds).replace(subject="expected")


def expected(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """What is expected of every system of the plan ``best``."""
    return [spec.replace(subject="expected") for spec in best(tasks, random_states)]


PLANS = {
    "best": Plan(
        "Systems without labels on the same modalities, with PSQE's seeds and with none.", best, EMOJI
    ),
    "best-trained": Plan("Trained models beside the systems without labels.", trained, EMOJI),
    "concord-parts": Plan("Concord without each of its parts.", parts, EMOJI),
    "best-benchmarks": Plan(
        "The same systems on the published benchmarks.", on_benchmarks, tuple(ON_BENCHMARKS), BENCHMARK_STATES
    ),
    "expected": Plan(
        "Hits@1 that is expected of the systems, told without labels.", expected, EMOJI, EXPECTED_STATES
    ),
    "best-links": Plan("Links of three of the systems.", links, EMOJI, LINK_STATES),
}
