"""The whole evidence: every kind of seeds crossed with every kind of aligner, on the same modalities.

The kinds of seeds go from pairs drawn at random to true links, and the aligners from the features alone to
the best that the study has. Many of these runs are those of other plans; here they are one crossing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psqe.options import MinerOptions
from psqe.study.plans.alignments import NO_SEEDS
from psqe.study.plans.base import (
    DBP15K,
    DBP15K_STATES,
    EMOJI,
    KINDS_OF_SEEDS,
    Plan,
    alignment_spec,
    study_features,
    study_size,
    task_options,
    with_seeds,
)
from psqe.study.plans.best import CONCORD_LINKS
from psqe.study.spec import RunSpec

_OTHERS: Mapping[str, MinerOptions] = {
    "random": MinerOptions(name="random"),
    "pivot, attribute": MinerOptions(name="pivot", parameters={"modality": "attribute"}),
    "psqe, released": MinerOptions(name="psqe", parameters={"variant": "released"}),
    CONCORD_LINKS: MinerOptions(name=CONCORD_LINKS),
}

SEEDS: Mapping[str, MinerOptions] = {
    kind: {**KINDS_OF_SEEDS, **_OTHERS}[kind]
    for kind in (
        "random", "pivot", "pivot, attribute", "pivot, fused", "mutual", "psqe, released", "psqe",
        "psqe, even", CONCORD_LINKS, "true links",
    )
}  # fmt: skip
"""The kinds of seeds that are crossed, by the name that tables show. ``pivot`` compares pictures only, and
``Concord's links`` are the most probable links that our aligner finds without seeds."""

FEATURES = "features"
"""The name that tables show for the features alone."""

ALIGNERS = (
    FEATURES, "clamped", "whitening", "propagation", "paris", "eva", "mclea", "meaformer", "concord",
)  # fmt: skip
"""The aligners that are crossed, by their names in :data:`psqe.aligners.ALIGNERS`, and the features alone."""

TASKS, STATES = EMOJI, (0, 1)
"""The emoji pairs and the random states that are stored; others can be asked for."""

CHARACTERS_TASKS, CHARACTERS_STATES = ("han/ja-zh",), (0, 1)
"""The pair of Han characters and the random states that are stored: other data than emoji."""

PART_KINDS, PART_ALIGNERS = (
    ("pivot", "mutual", "psqe", "true links"),
    (FEATURES, "clamped", "propagation", "eva", "mclea"),
)
"""The kinds of seeds and the aligners that are crossed on published benchmarks, where a run takes minutes."""

PART_TASKS, PART_STATES = DBP15K, DBP15K_STATES
"""The published benchmarks and the random states of which the part is stored; others can be asked for."""

SEEDLESS = (FEATURES, "propagation", "paris", "concord")
"""The aligners that are run without seeds, too."""


def seeds_on(task: str) -> tuple[str, ...]:
    """The kinds of seeds that differ on a task, of which some need two modalities or the attributes.

    >>> seeds_on("dbp15k/fr_en")[:3]
    ('random', 'pivot', 'mutual')
    """
    modalities = study_features(task).modalities or ()
    left_out = {"pivot, fused"} if len(modalities) == 1 else set()
    if "attribute" not in modalities or modalities[0] == "attribute":
        left_out.add("pivot, attribute")
    return tuple(kind for kind in SEEDS if kind not in left_out)


def cell(kind: str, aligner: str, task: str, random_state: int, *, n_seeds: int | None = None) -> RunSpec:
    """The run of an aligner on a kind of seeds, or on :data:`psqe.study.plans.alignments.NO_SEEDS`.

    Parameters
    ----------
    kind
        A key of :data:`SEEDS`, or ``no seeds``.
    aligner
        One of :data:`ALIGNERS`.
    task
        Name of a pair of graphs.
    random_state
        Random state of the run.
    n_seeds
        Number of seeds; that of the study when omitted.
    """
    size = n_seeds or study_size(task)
    miner = None if kind == NO_SEEDS else SEEDS[kind].model_copy(update={"n_seeds": size})
    if aligner != FEATURES:
        return alignment_spec(task, miner, aligner, random_state)
    return RunSpec(
        subject="alignment", task=task_options(task), features=study_features(task), miner=miner,
        random_state=random_state,
    )  # fmt: skip


def crossing(
    tasks: Sequence[str],
    random_states: Sequence[int],
    *,
    kinds: Sequence[str] = tuple(SEEDS),
    aligners: Sequence[str] = ALIGNERS,
) -> list[RunSpec]:
    """Kinds of seeds crossed with aligners, each after the run about its seeds, and aligners without seeds.

    A kind of seeds that does not differ from another one on a task (:func:`seeds_on`) is left out there. The
    aligners that are in :data:`SEEDLESS` are run without seeds, too.
    """
    return with_seeds(
        cell(kind, aligner, task, state)
        for state in random_states
        for task in tasks
        for kind in (NO_SEEDS, *(kind for kind in seeds_on(task) if kind in kinds))
        for aligner in aligners
        if kind != NO_SEEDS or aligner in SEEDLESS
    )


def part(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The part of the crossing that has :data:`PART_KINDS` and :data:`PART_ALIGNERS`."""
    return crossing(tasks, random_states, kinds=PART_KINDS, aligners=PART_ALIGNERS)


PLANS = {
    "evidence": Plan("Every kind of seeds crossed with every aligner.", crossing, TASKS, STATES),
    "evidence-characters": Plan(
        "The same crossing on Han characters.", crossing, CHARACTERS_TASKS, CHARACTERS_STATES
    ),
    "evidence-benchmarks": Plan(
        "Four kinds of seeds crossed with four aligners on published benchmarks.",
        part,
        PART_TASKS,
        PART_STATES,
    ),
}
