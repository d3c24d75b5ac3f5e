"""The options that commands share, in groups for :func:`psqe.cli.groups.flat_options`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from psqe.cli.arguments import encoder_choices, named_values, names, threshold_value
from psqe.errors import ParameterError
from psqe.options import AlignerOptions, FeatureFile, FeatureOptions, MinerOptions, TaskOptions

if TYPE_CHECKING:
    from psqe.graph import AlignmentTask
    from psqe.links import LinkRule
    from psqe.similarity import Matching

RandomState = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything that mining and training draw.")
]
Device = Annotated[
    str | None, typer.Option(help="Where the miner psqe and trained aligners compute: cpu or cuda [cpu].")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster, such as tcp://10.0.0.5:8786, whose workers search large pairs "
        "[this process does].",
    ),
]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the benchmarks [PSQE_DATA, else the user's data folder]."),
]


def twice(option: str, other: str) -> ParameterError:
    """Return the error that two options say the same."""
    return ParameterError(f"{option} and {other} say the same", remedy="give one of them")


@dataclass(frozen=True)
class TaskGroup:
    """Which pair of graphs to load."""

    task: Annotated[
        str, typer.Argument(metavar="TASK", help="Name of a task, see psqe data list; or a folder.")
    ]
    dangling: Annotated[
        float | None,
        typer.Option(
            help="For emoji and Han tasks: share of the candidates dropped from each side "
            "[emoji: 0.125, others: 0]."
        ),
    ] = None
    tones: Annotated[bool, typer.Option("--tones", help="Emoji with skin tones are entities too.")] = False
    task_random_state: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**32 - 1,
            help="For emoji and Han tasks, and for --hide-presence: seed of what is drawn [0].",
        ),
    ] = None
    hide_presence: Annotated[
        bool,
        typer.Option(
            "--hide-presence",
            help="Give entities without attributes those of another, so that they reveal no counterpart.",
        ),
    ] = False
    data_root: DataRoot = None

    def check_outputs(
        self, *paths: Path | None, saved: Iterable[Path] = (), inputs: Iterable[Path | None] = ()
    ) -> None:
        """Report before the work that a file cannot be written, or that it is also read or written twice."""
        from psqe.datasets.pairs import check_outputs

        check_outputs(paths, self.task, self.data_root, saved=saved, inputs=inputs)

    def default_output(self, name: str) -> Path:
        """Where an output of some name is written by default, so that it is not read with the pair."""
        from psqe.datasets.pairs import default_output

        return default_output(name, self.task, self.data_root)

    def load(self) -> AlignmentTask:
        """Load the pair.

        Raises
        ------
        ParameterError
            If the options do not fit the task.
        """
        from psqe.datasets.pairs import load_pair

        self._check_random_state()
        options = TaskOptions(
            name=self.task, dangling=self.dangling, tones=self.tones, hide_presence=self.hide_presence
        )
        return load_pair(options, random_state=self.task_random_state or 0, data_root=self.data_root)

    def _check_random_state(self) -> None:
        """Refuse a random state for a task of which nothing is drawn, so that no option is ignored."""
        from psqe.datasets import check_task_name, is_drawn, is_named

        if self.task_random_state is None or self.hide_presence or is_drawn(self.task):
            return
        check_task_name(self.task, data_root=self.data_root)
        used = "the benchmark" if is_named(self.task) else "the folder"
        raise ParameterError(
            f"--task-random-state is {self.task_random_state}, but {used} {self.task} is used as it is, and "
            "nothing of it is drawn",
            remedy="leave it out; --random-state is the seed of mining and training",
        )


@dataclass(frozen=True)
class FeatureGroup:
    """What entities are compared by."""

    modalities: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: image, layout, attribute, number, name, translated_name, relation, or one "
            "that the data contain vectors of [named tasks: as in the study; folders: what both sides have]."
        ),
    ] = None
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder", metavar="MODALITY=NAME", help="Another encoder, see psqe describe; repeatable."
        ),
    ] = None
    features: Annotated[
        list[Path] | None,
        typer.Option(
            "--features",
            metavar="FILE",
            help="Vectors of your own instead of encoders, a row for each entity: .npz, .csv, .tsv, "
            ".parquet or "
            ".pkl with both sides; or given twice, the left side's file (also .npy) and then the right "
            "side's. "
            "Rows are matched by identifiers: the keys left_entities and right_entities, or a column entity.",
        ),
    ] = None

    def options(self, task: TaskGroup) -> FeatureOptions | FeatureFile:
        """Gather the choice of features for a pair.

        Raises
        ------
        ParameterError
            If a file is given together with what only encoders can do.
        """
        if not self.features:
            return self.encoded()
        if self.encoder:
            raise ParameterError("--encoder and --features exclude each other", remedy="give one of them")
        if task.hide_presence:
            raise ParameterError(
                "--hide-presence and --features exclude each other",
                remedy="hide it in the arrays, or let encoders make them",
            )
        if len(self.features) > 2:
            raise ParameterError(
                f"--features is given {len(self.features)} times",
                remedy="give one file, or the file of the left side and then that of the right side",
            )
        path, *right = self.features
        return FeatureFile(path=path, right=right[0] if right else None, modalities=self._names())

    def encoded(self) -> FeatureOptions:
        """Gather the choice of modalities and encoders, whatever file is given."""
        return FeatureOptions(modalities=self._names(), encoders=encoder_choices(self.encoder))

    def _names(self) -> tuple[str, ...] | None:
        return None if self.modalities is None else tuple(names("--modalities", self.modalities))


@dataclass(frozen=True)
class MinerGroup:
    """Which miner finds the seeds, and how."""

    miner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Miner of the seeds: {miners}; or none in psqe align [psqe]."),
    ] = None
    n_seeds: Annotated[
        int | None, typer.Option(help="Number of seeds [30 % of the candidates of the smaller side].")
    ] = None
    miner_parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--miner-parameter",
            metavar="NAME=VALUE",
            help="Another value than the miner's default, see psqe describe; repeatable.",
        ),
    ] = None
    variant: Annotated[
        str | None, typer.Option(help="Variant of the miner psqe: corrected, even or released [corrected].")
    ] = None
    switch: Annotated[
        list[str] | None,
        typer.Option(
            "--switch", metavar="NAME=VALUE", help="A rule of psqe that differs from the variant; repeatable."
        ),
    ] = None
    stages: Annotated[
        str | None,
        typer.Option(help="Stages of psqe, comma-separated, in any order: cluster, refine, expand."),
    ] = None
    n_clusters: Annotated[int | None, typer.Option(help="Clusters of the first stage of psqe.")] = None

    def require_unused(self, reason: str) -> None:
        """Raise :class:`ParameterError` if an option of a miner is given, though ``reason`` mines nothing."""
        for name, value in vars(self).items():
            if name != "miner" and value is not None:
                raise ParameterError(
                    f"--{name.replace('_', '-')} says how seeds are mined, and {reason} mines none",
                    remedy="leave one of them out",
                )

    def options(self, device: str | None, *, device_required: bool = True) -> MinerOptions:
        """Gather the choice of the miner.

        Parameters
        ----------
        device
            Where to compute, if it is given.
        device_required
            Whether a miner without the parameter ``device`` is an error.

        Raises
        ------
        ParameterError
            If there is no such miner, the miner has no such option, or a value is of another type.
        """
        from psqe.seeds import MINERS

        kind = MINERS.resolve(self.miner or MinerOptions().name)
        known = inspect.signature(kind).parameters
        given = {
            "variant": self.variant,
            "switches": named_values("--switch", self.switch, "mutual=false") or None,
            "stages": None if self.stages is None else names("--stages", self.stages),
            "n_clusters": self.n_clusters,
            "device": device if device_required or "device" in known else None,
        }
        shortcuts = {name: value for name, value in given.items() if value is not None}
        parameters = named_values("--miner-parameter", self.miner_parameter, "n_clusters=7")
        for name in shortcuts:
            option = "--switch" if name == "switches" else f"--{name.replace('_', '-')}"
            if name not in known:
                raise ParameterError(f"miner {kind.name} has no option {option}", remedy="leave it out")
            if name in parameters:
                raise twice(option, f"--miner-parameter {name}")
        return MinerOptions(name=kind.name, n_seeds=self.n_seeds, parameters={**shortcuts, **parameters})


@dataclass(frozen=True)
class AlignerGroup:
    """Which aligner compares the entities, and how."""

    aligner: Annotated[
        str | None, typer.Option(metavar="NAME", help="Aligner: {aligners} [propagation].")
    ] = None
    preset: Annotated[str | None, typer.Option(help="Preset of the aligner: small or published [small].")] = (
        None
    )
    aligner_parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--aligner-parameter",
            "--parameter",
            metavar="NAME=VALUE",
            help="Another value than the preset's, for example residual=2, see psqe describe; repeatable.",
        ),
    ] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep the state of the training here, and go on from it.")
    ] = None

    def options(self, device: str | None) -> AlignerOptions:
        """Gather the choice of the aligner; ``device`` is where it computes, if the aligner has a device."""
        parameters = named_values("--aligner-parameter", self.aligner_parameter, "residual=2")
        if device is not None:
            if "device" in parameters:
                raise twice("--device", "--aligner-parameter device")
            parameters = {"device": device, **parameters}
        given = {"name": self.aligner, "preset": self.preset}
        return AlignerOptions(
            **{name: value for name, value in given.items() if value is not None}, parameters=parameters
        )

    @property
    def name(self) -> str:
        """The name of the aligner: the one that is given, or the default."""
        return AlignerOptions().name if self.aligner is None else self.aligner

    def takes_device(self) -> bool:
        """Whether the aligner has the parameter ``device``."""
        from psqe.aligners import ALIGNERS

        return "device" in inspect.signature(ALIGNERS.resolve(self.name)).parameters


@dataclass(frozen=True)
class LinkGroup:
    """How links are chosen."""

    matching: Annotated[
        str | None,
        typer.Option(
            help="What pairs are ranked by: cosine, csls, sinkhorn "
            "[links: sinkhorn; metrics: the aligner's own]."
        ),
    ] = None
    rule: Annotated[
        str | None,
        typer.Option(
            help="Links are pairs that are each other's best (mutual), or the pairs with the largest sum of "
            "scores (one_to_one) [mutual]."
        ),
    ] = None
    threshold: Annotated[
        str | None,
        typer.Option(
            help="Smallest confidence of a link, from 0 to 1, or auto, with the largest expected F1 [0]. "
            "An entity without a link is predicted to have no counterpart."
        ),
    ] = None
    cardinality: Annotated[
        str | None,
        typer.Option(
            help="one-to-one, one-to-many (a left entity may have several counterparts) or many-to-many; "
            "a further link has a confidence of at least 0.5 [one-to-one]."
        ),
    ] = None

    def options(self) -> LinkRule | None:
        """Gather the rule; ``None`` if nothing of it is given."""
        from psqe.links import LinkRule

        given: dict[str, Any] = {
            "matching": self.matching,
            "rule": self.rule,
            "cardinality": self.cardinality,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if self.threshold is not None:
            given["threshold"] = threshold_value(self.threshold)
        return LinkRule(**given) if given else None

    def ranked_by(self) -> Matching | None:
        """What candidates are ranked by in the metrics; ``None`` for the aligner's own."""
        rule = self.options()
        return None if rule is None or self.matching is None else rule.matching
