"""The plan about when training pays: the same seeds, with and without training from random maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psqe.options import AlignerOptions
from psqe.study.plans.base import EMOJI, Plan, of_kind, study_features, study_size, task_options, with_seeds
from psqe.study.spec import RunSpec

TRAINED = ("eva", "mclea", "meaformer")
"""The aligners that start from random maps."""

RESIDUALS = (1.0, 2.0)
"""The weights of the input features beside the learned embeddings."""

PATIENCE = 3
"""The patience of a training that stops without labels."""


def _untrained() -> dict[str, AlignerOptions | None]:
    """Everything that does without a training from random maps, by its name in tables."""
    own: dict[str, tuple[str, dict[str, Any]]] = {
        "clamped": ("clamped", {}),
        "whitening, total": ("whitening", {"within": 0.0}),
        "whitening, half within pairs": ("whitening", {"within": 0.5}),
        "whitening, within pairs": ("whitening", {"within": 1.0}),
        "adapter": ("adapter", {}),
        "propagation, not whitened": ("propagation", {"whitening": None}),
        "propagation, whitened": ("propagation", {"whitening": 1.0}),
    }
    rows: dict[str, AlignerOptions | None] = {"features": None}
    return rows | {
        row: AlignerOptions(name=name, preset="small", parameters=parameters)
        for row, (name, parameters) in own.items()
    }


def _trained() -> dict[str, AlignerOptions]:
    """The trained aligners with both presets, plain, with residuals, and stopped without labels."""
    ways: dict[str, dict[str, float | int]] = {
        "plain": {},
        **{f"residual {weight:g}": {"residual": weight} for weight in RESIDUALS},
        "stopped": {"patience": PATIENCE},
    }
    return {
        f"{name}, {preset}, {way}": AlignerOptions(name=name, preset=preset, parameters=dict(parameters))
        for name in TRAINED
        for preset in ("small", "published")
        for way, parameters in ways.items()
    }


ROWS: Mapping[str, AlignerOptions | None] = {**_untrained(), **_trained()}
"""The rows of the table, by their name; ``None`` stands for the features alone."""

KINDS = ("psqe", "pivot, fused")
"""The kinds of seeds that the untrained rows have; trained ones have those of PSQE."""


def pays(tasks: Sequence[str], random_states: Sequence[int]) -> list[RunSpec]:
    """Every row of :data:`ROWS` on PSQE's seeds, and those without training on the fused pivot's too."""
    return with_seeds(
        RunSpec(
            subject="alignment", task=task_options(task), features=study_features(task),
            miner=of_kind(kind, study_size(task)), aligner=aligner, random_state=state,
        )
        for state in random_states
        for task in tasks
        for kind in KINDS
        for row, aligner in ROWS.items()
        if kind == KINDS[0] or row in _untrained()
    )  # fmt: skip


PLANS = {
    "pays": Plan("With and without a training from random maps, on the same seeds.", pays, EMOJI),
}
