"""Plans about the published benchmarks: facts, what each modality alone can do, miners and an aligner."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.options import TaskOptions
from psqe.study.plans.base import (
    Plan,
    alignment_spec,
    features_by,
    miners_on,
    of_kind,
    seeds_spec,
    study_size,
)
from psqe.study.spec import RunSpec

_DBP15K = (
    ("name", None), ("name", "bigram"), ("translated_name", None), ("translated_name", "bigram"),
    ("attribute", "bag"), ("relation", "profile"),
)  # fmt: skip
ALONE: dict[str, tuple[tuple[str, str | None], ...]] = {
    "dbp15k/zh_en": _DBP15K,
    "dbp15k/ja_en": _DBP15K,
    "dbp15k/fr_en": _DBP15K,
    "srprs/en_fr": (
        ("name", None), ("name", "bigram"), ("attribute", "bag"), ("relation", None), ("relation", "profile"),
    ),
    "srprs/dbp_yg": (
        ("name", None), ("name", "bigram"), ("attribute", None), ("relation", "use-m3"),
        ("relation", "profile"),
    ),
    "openea/d_w": (("relation", "profile"),),
    "fb15k/db15k": (
        ("number", None), ("attribute", None), ("relation", "use-m3"), ("relation", "profile"),
    ),
}  # fmt: skip
"""The modalities that are compared alone: all that both sides have, with every encoder that can compare them;
``None`` stands for the modality's default encoder."""


def facts(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The facts about every benchmark; they do not depend on the random state."""
    return [RunSpec(subject="facts", task=TaskOptions(name=task)) for task in tasks]


def alone(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every modality and encoder of :data:`ALONE`, without seeds and without training."""
    return [
        RunSpec(
            subject="alignment", task=TaskOptions(name=task), features=features_by({modality: encoder}),
            random_state=state,
        )
        for task in tasks
        for state in random_states
        for modality, encoder in ALONE[task]
    ]  # fmt: skip


def mined(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The seeds of every compared miner."""
    return [
        seeds_spec(task, of_kind(miner, study_size(task)), state)
        for task in tasks
        for state in random_states
        for miner in miners_on(task)
    ]


def aligned(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """MCLEA on the seeds of every compared miner."""
    return [
        alignment_spec(task, of_kind(miner, study_size(task)), "mclea", state)
        for task in tasks
        for state in random_states
        for miner in miners_on(task)
    ]


_TASKS = tuple(BENCHMARKS)
PLANS = {
    "benchmarks-facts": Plan("What is in the benchmarks, and what leaks.", facts, _TASKS, (0,)),
    "benchmarks-alone": Plan("What each modality alone can do.", alone, _TASKS, (0,)),
    "benchmarks-mined": Plan("What the miners find on the benchmarks.", mined, _TASKS, (0,)),
    "benchmarks-aligned": Plan("What MCLEA makes of these seeds.", aligned, _TASKS, (0,)),
}
