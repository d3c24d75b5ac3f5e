"""Typed options of a whole job: the task, its features, the miner, the aligner.

:func:`psqe.align`, the command line and the study's ``RunSpec`` take the same objects.
"""

from __future__ import annotations

from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from psqe.errors import ParameterError

Matching = Literal["cosine", "csls", "sinkhorn"]
"""Name of a matching: ``cosine`` leaves similarities as they are, ``csls`` is :func:`psqe.similarity.csls`,
``sinkhorn`` is :func:`psqe.similarity.sinkhorn.sinkhorn`."""


def _plain(value: object) -> object:
    """Return an integer of NumPy as one of Python, and anything else as it is."""
    return value if isinstance(value, bool) or not isinstance(value, Integral) else int(value)


class Options(BaseModel):
    """The base of all options: they cannot be changed, and are checked when they are made.

    Raises
    ------
    ParameterError
        If an option is unknown or missing, or its value is of another type.

    Examples
    --------
    >>> try:
    ...     TaskOptions(name="emoji/en-fr", tone=True)
    ... except ParameterError as error:
    ...     print(error)
    TaskOptions has no option 'tone'; choose from name, dangling, tones, hide_presence, damage, content
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise self.fault(error) from error

    # Without this mark, pydantic would call the method for the options inside others too, and no longer know
    # that they come from JSON, where a list stands for a tuple.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def fault(cls, error: ValidationError) -> ParameterError:
        """Say what pydantic found, as an error of this package."""
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "the whole"
        if first["type"] == "extra_forbidden":
            known = f"choose from {', '.join(cls.model_fields)}" if name in first["loc"] else "leave it out"
            return ParameterError(f"{cls.__name__} has no option {name!r}", remedy=known)
        if first["type"] == "missing":
            return ParameterError(f"{cls.__name__} lacks the option {name!r}", remedy="give it")
        reason = first["msg"].replace("Input should be", "it must be")
        return ParameterError(f"{cls.__name__}: {name} is {first['input']!r}", remedy=reason)


class TaskOptions(Options):
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
    damage
        The share of each kind of damage that is done to the pair on purpose, by its name; none by default.
        See :func:`psqe.datasets.damage.damaged`.
    content
        The hash that the files of a folder must have, see :func:`psqe.datasets.info.content_of`; whatever
        they are when ``None``.

    Examples
    --------
    >>> TaskOptions(name="emoji/en-fr", dangling=0.2).tones
    False
    """

    name: str
    dangling: float | None = None
    tones: bool = False
    hide_presence: bool = False
    damage: dict[str, float] = Field(default_factory=dict)
    content: str | None = None


class FeatureOptions(Options):
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


class FeatureFile(Options):
    """A file with vectors of the user's own, or one for each side; see :meth:`psqe.features.Features.load`.

    Parameters
    ----------
    path
        An ``.npz`` file, a table (``.csv``, ``.tsv`` or ``.parquet``) or EVA's pickle; that of the left
        side where ``right`` is given.
    right
        File of the right side; ``None``, the default, if ``path`` has both sides.
    modalities
        Names of the modalities to take from it, in order; all of them when ``None``.

    Examples
    --------
    >>> FeatureFile(path=Path("arrays.npz")).modalities is None
    True
    """

    path: Path
    right: Path | None = None
    modalities: tuple[str, ...] | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file, or the file of each side."""
        return (self.path,) if self.right is None else (self.path, self.right)


class MinerOptions(Options):
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
    n_seeds: Annotated[int | None, BeforeValidator(_plain)] = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class AlignerOptions(Options):
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
