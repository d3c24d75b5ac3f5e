"""Plans about the Han characters: comparisons made on emoji, on a pair of another domain.

Nothing was chosen on this pair: the modalities, the number of seeds, the miners, the aligners and their
presets are those of the study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.datasets.han import pair, words
from psqe.options import FeatureOptions, TaskOptions
from psqe.study.plans.alignments import RESIDUAL, untrained
from psqe.study.plans.base import (
    KINDS_OF_SEEDS,
    STATES,
    Plan,
    alignment_spec,
    miners_on,
    of_kind,
    seeds_spec,
    study_features,
    study_size,
    task_options,
    with_seeds,
)
from psqe.study.plans.best import RUNS, system_spec
from psqe.study.plans.links import links
from psqe.study.spec import RunSpec

TASKS = (pair.names()[0],)
"""The pair of characters that the study uses."""

LANGUAGES = (f"{pair.PREFIX}/ja_en-zh",)
"""The same pair with left meanings in another language, that of the right side."""

WORDS = words.NAME
"""The pair of words."""

UNTRAINED: Mapping[str, tuple[str | None, ...]] = {
    "clamped": ("psqe",),
    "whitening": ("psqe",),
    "propagation": (None, "mutual", "psqe"),
}
"""The aligners that are not trained from random maps, each with its kinds of seeds; ``None`` stands for no
seeds."""

TRAINED_ROWS: tuple[tuple[str, dict[str, float], tuple[str, ...]], ...] = (
    ("mclea", {}, tuple(KINDS_OF_SEEDS)),
    ("mclea", {"residual": RESIDUAL}, ("psqe",)),
    ("eva", {}, ("pivot, fused", "psqe")),
    ("meaformer", {}, ("pivot, fused", "psqe")),
)
"""The trained aligners, each with its parameters and its kinds of seeds."""

LANGUAGE_KINDS = ("mutual", "psqe")
"""The kinds of seeds that are mined with left meanings in other languages."""

LINK_MODELS = ("features", "propagation", "concord")
"""The models whose links are found."""

LANGUAGE_STATES = (0, 1, 2)
"""The random states of the pair in another language."""

LINK_STATES = (0, 1, 2)
"""The random states of links, whose confidences take further fits."""

LEFT_OUT = ("fused Gromov-Wasserstein", "label propagation")
"""The systems that are left out for their time and memory, as on the benchmarks."""


def facts(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The facts about the pairs; they do not depend on the random state."""
    return [RunSpec(subject="facts", task=TaskOptions(name=task)) for task in tasks]


def mined(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The seeds of every compared miner, as many as the study compares."""
    return [
        seeds_spec(task, of_kind(miner, study_size(task)), state)
        for state in random_states
        for task in tasks
        for miner in miners_on(task)
    ]


def in_languages(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The features without seeds and beside the seeds of :data:`LANGUAGE_KINDS`, and these seeds."""
    return with_seeds(
        spec
        for task in tasks
        for state in random_states
        for spec in untrained([task], [state], kinds=LANGUAGE_KINDS)
    )


def aligned(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The features beside every kind of seeds, and the aligners of :data:`UNTRAINED`."""
    return with_seeds(
        spec
        for state in random_states
        for task in tasks
        for spec in (
            *untrained([task], [state]),
            *(
                alignment_spec(task, of_kind(kind, study_size(task)) if kind else None, aligner, state)
                for aligner, kinds in UNTRAINED.items()
                for kind in kinds
            ),
        )
    )


def alone(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Each modality of the study alone, without seeds and without training."""
    return [
        RunSpec(
            subject="alignment", task=task_options(task), features=FeatureOptions(modalities=(modality,)),
            random_state=state,
        )
        for task in tasks
        for state in random_states
        for modality in study_features(task).modalities or ()
    ]  # fmt: skip


def trained(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The trained aligners of :data:`TRAINED_ROWS`."""
    return with_seeds(
        alignment_spec(task, of_kind(kind, study_size(task)), aligner, state, parameters)
        for state in random_states
        for task in tasks
        for aligner, parameters, kinds in TRAINED_ROWS
        for kind in kinds
    )


def systems(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The systems without labels on the same modalities, on PSQE's seeds and on none."""
    return [
        system_spec(system, task, state, seeds=seeds)
        for state in random_states
        for task in tasks
        for system, seeds in RUNS
        if system not in LEFT_OUT
    ]


PLANS = {
    "characters-facts": Plan(
        "What is in the pairs of Han characters and words.", facts, (*TASKS, WORDS), (0,)
    ),
    "characters-mined": Plan("The miners on the Han characters.", mined, TASKS, STATES),
    "characters-aligned": Plan("The features and the aligners without training.", aligned, TASKS, STATES),
    "characters-alone": Plan("Each modality of the Han characters alone.", alone, TASKS, STATES),
    "characters-trained": Plan("The trained aligners on the Han characters.", trained, TASKS, STATES),
    "characters-best": Plan("The systems without labels on the Han characters.", systems, TASKS, STATES),
    "characters-links": Plan(
        "The links of three models of the Han characters.",
        lambda tasks, states: links(tasks, states, models=LINK_MODELS),
        TASKS,
        LINK_STATES,
    ),
    "characters-languages": Plan(
        "The Han characters with left meanings in other languages.", in_languages, LANGUAGES, LANGUAGE_STATES
    ),
}
