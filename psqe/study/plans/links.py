"""The plans about links and the answer "no counterpart", on every task where some entities have none."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.options import AlignerOptions, FeatureOptions, MinerOptions
from psqe.study.plans.alignments import RESIDUAL
from psqe.study.plans.base import DBP15K, EMOJI, Plan, study_features, study_size, task_options
from psqe.study.spec import RunSpec

BENCHMARK_TASKS = (*DBP15K, "fb15k/db15k")
"""The benchmarks in which some candidates have no counterpart."""

TASKS = (*EMOJI, *BENCHMARK_TASKS)
"""The tasks in which some candidates have no counterpart."""

MODELS: dict[str, AlignerOptions | None] = {
    "features": None,
    "eva": AlignerOptions(name="eva", preset="small", parameters={"residual": RESIDUAL}),
    "propagation": AlignerOptions(name="propagation", preset="small"),
    "concord": AlignerOptions(name="concord", preset="small"),
}
"""The sources of the similarities, by the name that tables show: an aligner, or ``None`` for the features."""

LINK_STATES = (0, 1, 2)
"""The random states of the links on emoji pairs."""

BENCHMARK_MODELS = ("features", "eva", "propagation")
"""The models whose links are found on the benchmarks. The confidence of Concord needs a further fit there,
which takes minutes."""

WEAK_MODELS = ("features", "propagation", "concord")
"""The models whose links are found with one modality, where much of what they find is wrong."""

ONE_MODALITY = ("image", "attribute")
"""The modalities that the study uses on emoji pairs, each alone."""

WEAK_STATES = (0,)
"""The random states with one modality."""


def links(
    tasks: Sequence[str],
    random_states: Sequence[int],
    *,
    models: Sequence[str] = tuple(MODELS),
    modality: str | None = None,
) -> list[RunSpec]:
    """The links of some models; aligners are trained on the seeds of PSQE.

    Entities are compared by the modalities of the study, or by one ``modality`` alone.
    """
    return [
        RunSpec(
            subject="links", task=task_options(task),
            features=study_features(task) if modality is None else FeatureOptions(modalities=(modality,)),
            miner=MinerOptions(name="psqe", n_seeds=study_size(task)) if MODELS[model] else None,
            aligner=MODELS[model], random_state=state,
        )
        for state in random_states
        for task in tasks
        for model in models
    ]  # fmt: skip


def links_of_benchmarks(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The links of :data:`BENCHMARK_MODELS`."""
    return links(tasks, random_states, models=BENCHMARK_MODELS)


def links_by_one_modality(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The links of :data:`WEAK_MODELS` by each of :data:`ONE_MODALITY` alone."""
    return [
        spec
        for state in random_states
        for task in tasks
        for modality in ONE_MODALITY
        for spec in links([task], [state], models=WEAK_MODELS, modality=modality)
    ]


PLANS = {
    "links": Plan("Links of four models by every matching, rule and threshold.", links, EMOJI, LINK_STATES),
    "links-weak": Plan(
        "Links of three models by one modality alone, where much of what they find is wrong.",
        links_by_one_modality,
        EMOJI,
        WEAK_STATES,
    ),
    "links-benchmarks": Plan(
        "Links of three models on benchmarks where some candidates have no counterpart.",
        links_of_benchmarks,
        BENCHMARK_TASKS,
        (0,),
    ),
}
