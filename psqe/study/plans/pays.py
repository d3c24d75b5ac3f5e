"""The plans about when training pays: the same seeds, with and without training from random maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psqe.options import AlignerOptions
from psqe.study.plans.alignments import TRAININGS
from psqe.study.plans.base import (
    DBP15K,
    DBP15K_STATES,
    EMOJI,
    Plan,
    of_kind,
    study_features,
    study_size,
    task_options,
    with_seeds,
)
from psqe.study.spec import RunSpec

TRAINED = ("eva", "mclea", "meaformer")
"""The aligners that start from random maps."""

WAYS = {"plain": "plain", "residual 1": "residual 1", "residual 2": "residual", "stopped": "stopped"}
"""The ways to train, by their name in this table, and their names in
:data:`psqe.study.plans.alignments.TRAININGS`."""


def _without_random_maps() -> dict[str, AlignerOptions | None]:
    """The rows that are not trained from random maps, by their name in tables.

    Parameters that equal a default are not written, so that the runs are those of other plans.
    """
    own: dict[str, tuple[str, dict[str, Any]]] = {
        "clamped": ("clamped", {}),
        "whitening, total": ("whitening", {"within": 0.0}),
        "whitening, half within pairs": ("whitening", {"within": 0.5}),
        "whitening, within pairs": ("whitening", {}),
        "adapter": ("adapter", {}),
        "propagation, not whitened": ("propagation", {"whitening": None}),
        "propagation, whitened": ("propagation", {}),
    }
    rows: dict[str, AlignerOptions | None] = {"features": None}
    return rows | {
        row: AlignerOptions(name=name, preset="small", parameters=parameters)
        for row, (name, parameters) in own.items()
    }


def _trained() -> dict[str, AlignerOptions]:
    """The trained aligners with both presets, plain, with residuals, and stopped without labels."""
    return {
        f"{name}, {preset}, {way}": AlignerOptions(
            name=name, preset=preset, parameters=dict(TRAININGS[training])
        )
        for name in TRAINED
        for preset in ("small", "published")
        for way, training in WAYS.items()
    }


TRAINED_ROWS: Mapping[str, AlignerOptions] = _trained()
"""The rows of the table that are trained from random maps, by their name."""

ROWS: Mapping[str, AlignerOptions | None] = {**_without_random_maps(), **TRAINED_ROWS}
"""The rows of the table, by their name; ``None`` stands for the features alone."""

KINDS = ("psqe", "pivot, fused")
"""The kinds of seeds. Rows that are trained from random maps are run on those of PSQE only."""


def rows_on(kind: str) -> tuple[str, ...]:
    """The names of the rows that are run on a kind of seeds, one of :data:`KINDS`."""
    return tuple(row for row in ROWS if kind == KINDS[0] or row not in TRAINED_ROWS)


def row_spec(row: str, kind: str, task: str, random_state: int) -> RunSpec:
    """The run of a row on a kind of seeds, at the study's number of seeds."""
    return RunSpec(
        subject="alignment", task=task_options(task), features=study_features(task),
        miner=of_kind(kind, study_size(task)), aligner=ROWS[row], random_state=random_state,
    )  # fmt: skip


LONG_STATES = (0,)
"""The random states of the rows that are trained for all epochs of the preset ``published``. Such a training
takes minutes on a processor, where the others take seconds."""


def is_long(row: str) -> bool:
    """Whether a row is trained for all epochs of its preset ``published``.

    >>> is_long("mclea, published, plain"), is_long("mclea, published, stopped"), is_long("clamped")
    (True, False, False)
    """
    return ", published, " in row and not row.endswith(", stopped")


def pays(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every row on PSQE's seeds, and those that are not trained from random maps on the fused pivot's too.

    Rows that are trained for all epochs of the preset ``published`` are there for :data:`LONG_STATES` only.
    """
    return with_seeds(
        row_spec(row, kind, task, state)
        for state in random_states
        for task in tasks
        for kind in KINDS
        for row in rows_on(kind)
        if state in LONG_STATES or not is_long(row)
    )


DBP15K_ROWS = (
    "features", "clamped", "propagation, not whitened", "propagation, whitened",
    "eva, small, plain", "mclea, small, plain", "meaformer, small, plain",
)  # fmt: skip
"""The rows that are run on DBP15K."""


def pays_dbp15k(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """The rows of :data:`DBP15K_ROWS` on PSQE's seeds, each after the run about its seeds."""
    return with_seeds(
        row_spec(row, KINDS[0], task, state)
        for state in random_states
        for task in tasks
        for row in DBP15K_ROWS
    )


PLANS = {
    "pays": Plan("With and without a training from random maps, on the same seeds.", pays, EMOJI),
    "pays-dbp15k": Plan("The same on DBP15K, some rows.", pays_dbp15k, DBP15K, DBP15K_STATES),
}
