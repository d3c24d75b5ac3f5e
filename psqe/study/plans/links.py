"""The plans about links and the answer "no counterpart", on every task where some entities have none."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.options import AlignerOptions, MinerOptions
from psqe.study.plans.alignments import RESIDUAL
from psqe.study.plans.base import DBP15K, DBP15K_STATES, EMOJI, Plan, study_features, study_size, task_options
from psqe.study.spec import RunSpec

BENCHMARK_TASKS = (*DBP15K, "fb15k/db15k")
"""The benchmarks in which some candidates have no counterpart."""

TASKS = (*EMOJI, *BENCHMARK_TASKS)
"""The tasks in which some candidates have no counterpart."""

MODELS: dict[str, AlignerOptions | None] = {
    "features": None,
    "eva": AlignerOptions(name="eva", preset="small", parameters={"residual": RESIDUAL}),
    "propagation": AlignerOptions(name="propagation", preset="small"),
}
"""The sources of the similarities, by the name that tables show: an aligner, or ``None`` for the features."""


def links(
    tasks: Sequence[str], random_states: Sequence[int], *, models: Sequence[str] = tuple(MODELS)
) -> list[RunSpec]:
    """The links of some models; aligners are trained on the seeds of PSQE."""
    return [
        RunSpec(
            subject="links", task=task_options(task), features=study_features(task),
            miner=MinerOptions(name="psqe", n_seeds=study_size(task)) if MODELS[model] else None,
            aligner=MODELS[model], random_state=state,
        )
        for state in random_states
        for task in tasks
        for model in models
    ]  # fmt: skip


PLANS = {
    "links": Plan("Links of three models by every matching, rule and threshold.", links, EMOJI),
    "links-benchmarks": Plan(
        "Links of three models on benchmarks where some candidates have no counterpart.",
        links,
        BENCHMARK_TASKS,
        DBP15K_STATES,
    ),
}
