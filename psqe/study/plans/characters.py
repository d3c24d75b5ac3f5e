"""Plans about the Han characters: the claims that were made on emoji, on the first pair that no setting saw.

Nothing was chosen on this pair: the modalities, the number of seeds, the miners, the aligners and their
presets are those of the study.
"""

from __future__ import annotations

from collections.abc import Sequence

from psqe.datasets.han import pair
from psqe.study.plans.alignments import RESIDUAL, untrained
from psqe.study.plans.base import (
    STATES,
    Plan,
    alignment_spec,
    kinds_on,
    miners_on,
    of_kind,
    seeds_spec,
    study_size,
    with_seeds,
)
from psqe.study.plans.best import KIND, RUNS, TRAINED, system_spec
from psqe.study.plans.links import links
from psqe.study.spec import RunSpec

TASKS = (pair.names()[0],)
"""The pair of characters that the study uses."""

LANGUAGES = pair.names()[1:]
"""The same pair with the left meanings in other languages."""

SIZES = (300, 3000)
"""The numbers of seeds that miners are compared at, beside that of the study."""

UNTRAINED = ("clamped", "whitening", "propagation")
"""The aligners that are run on every kind of seeds, and are not trained from random maps."""

TRAINED_ROWS = ("pivot", "mutual", "psqe", "true links")
"""The kinds of seeds on which the trained aligners are run."""

LINK_MODELS = ("features", "propagation", "concord")
"""The models whose links are found."""

SOME_STATES = (0, 1)
"""The random states of the runs that take the longest: of the links."""

LEFT_OUT = ("fused Gromov-Wasserstein", "label propagation")
"""The systems that are left out for their time and memory, as on the benchmarks."""


def mined(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The seeds of every compared miner at every number of seeds."""
    return [
        seeds_spec(task, of_kind(miner, n), state)
        for task in tasks
        for state in random_states
        for n in (study_size(task), *SIZES)
        for miner in miners_on(task)
    ]


def aligned(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The features, and the aligners that are not trained, on every kind of seeds and on none."""
    bare = untrained(tasks, random_states)
    rows = [
        alignment_spec(task, miner, aligner, state)
        for state in random_states
        for task in tasks
        for aligner in UNTRAINED
        for miner in (*(of_kind(kind, study_size(task)) for kind in kinds_on(task)), None)
        if miner is not None or aligner == "propagation"
    ]
    return with_seeds([*bare, *rows])


def trained(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """MCLEA and EVA with kept features, and MCLEA without, on the kinds of seeds of :data:`TRAINED_ROWS`."""
    return with_seeds(
        alignment_spec(task, of_kind(kind, study_size(task)), aligner, state, parameters)
        for state in random_states
        for task in tasks
        for aligner, parameters in (("mclea", {}), ("mclea", {"residual": RESIDUAL}), ("eva", {}))
        for kind in TRAINED_ROWS
    )


def systems(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The systems without labels on the same modalities, on PSQE's seeds and on none."""
    return [
        system_spec(system, task, state, seeds=seeds)
        for state in random_states
        for task in tasks
        for system, seeds in RUNS
        if system not in (*TRAINED, *LEFT_OUT)
    ]


def in_languages(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The seeds of PSQE and of mutual neighbours, and the features, with meanings in other languages."""
    seeds = [
        seeds_spec(task, of_kind(kind, study_size(task)), state)
        for task in tasks
        for state in random_states
        for kind in ("mutual", KIND)
    ]
    return [*seeds, *untrained(tasks, random_states, kinds=(KIND,))]


PLANS = {
    "characters-mined": Plan("The miners on the Han characters.", mined, TASKS, STATES),
    "characters-aligned": Plan("The features and the aligners without training.", aligned, TASKS, STATES),
    "characters-trained": Plan("The trained aligners on the Han characters.", trained, TASKS, STATES),
    "characters-best": Plan("The systems without labels on the Han characters.", systems, TASKS, STATES),
    "characters-links": Plan(
        "The links of three models of the Han characters.",
        lambda tasks, states: links(tasks, states, models=LINK_MODELS),
        TASKS,
        SOME_STATES,
    ),
    "characters-languages": Plan(
        "The Han characters with left meanings in other languages.", in_languages, LANGUAGES, (0,)
    ),
}
