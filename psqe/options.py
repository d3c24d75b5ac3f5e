"""Typed options of a whole job: the task, its features, the miner, the aligner.

:func:`psqe.align`, the command line and the study's :class:`~psqe.study.spec.RunSpec` take the same objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Matching = Literal["cosine", "csls", "sinkhorn"]
"""Name of a matching: ``cosine`` leaves similarities as they are, ``csls`` is :func:`psqe.similarity.csls`,
``sinkhorn`` is :func:`psqe.similarity.sinkhorn.sinkhorn`."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TaskOptions(_Options):
    """Which pair of graphs to load, and how; see :func:`psqe.datasets.load_task`.

    Parameters
    ----------
    name
        Name of a task, or a folder.
    dangling
        Share of the candidates dropped from each side, in [0, 0.5); the task's own default when ``None``.
    tones
        Whether emoji with skin tones are entities too.
    hide_presence
        Whether entities without attributes get those of a random other entity, so that the presence of
        attributes does not reveal which entities have a counterpart.

    Examples
    --------
    >>> TaskOptions(name="emoji/en-fr", dangling=0.2).tones
    False
    """

    name: str
    dangling: float | None = None
    tones: bool = False
    hide_presence: bool = False


class FeatureOptions(_Options):
    """Which modalities to compare, and by which encoders; see :func:`psqe.features.build_features`.

    Parameters
    ----------
    modalities
        Names of modalities, in order; chosen as in :func:`psqe.align` when ``None``.
    encoders
        Names of encoders by modality, where they differ from the modality's default.

    Examples
    --------
    >>> FeatureOptions(modalities=("name", "image"), encoders={"name": "bigram"}).encoders
    {'name': 'bigram'}
    """

    modalities: tuple[str, ...] | None = None
    encoders: dict[str, str] = Field(default_factory=dict)


class FeatureFile(_Options):
    """A file with vectors of the user's own; see :meth:`psqe.features.Features.load`.

    Parameters
    ----------
    path
        An ``.npz`` file with one row for each entity of the pair.
    modalities
        Names of the modalities to take from it, in order; all of them when ``None``.

    Examples
    --------
    >>> FeatureFile(path=Path("arrays.npz")).modalities is None
    True
    """

    path: Path
    modalities: tuple[str, ...] | None = None


class MinerOptions(_Options):
    """Which miner finds the seeds.

    Parameters
    ----------
    name
        Name of a registered miner (:data:`psqe.seeds.MINERS`).
    n_seeds
        Number of seeds wanted; 30 % of the smaller side's candidates when ``None``.
    parameters
        Other parameters of the miner, by name.

    Examples
    --------
    >>> MinerOptions(n_seeds=600, parameters={"stages": ["cluster"]}).name
    'psqe'
    """

    name: str = "psqe"
    n_seeds: int | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class AlignerOptions(_Options):
    """Which aligner compares the entities.

    Parameters
    ----------
    name
        Name of a registered aligner (:data:`psqe.aligners.ALIGNERS`).
    preset
        Named set of parameters of the aligner.
    parameters
        Parameters that differ from the preset's, by name.

    Examples
    --------
    >>> AlignerOptions(name="mclea", parameters={"residual": 2.0}).preset
    'small'
    """

    name: str = "propagation"
    preset: str = "small"
    parameters: dict[str, Any] = Field(default_factory=dict)
