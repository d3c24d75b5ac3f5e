"""What every plan is made of: the tasks of the study, functions that make specs, and the type of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psqe.datasets import study_encoders
from psqe.datasets.benchmarks import BENCHMARKS
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, TaskOptions
from psqe.seeds.miners.psqe import STAGES
from psqe.seeds.psqe_rules import VARIANTS
from psqe.study.spec import RunSpec

EMOJI = tuple(f"emoji/en-{language}" for language in ("fr", "de", "ja", "zh"))
"""The emoji pairs of the study."""

DBP15K = tuple(name for name in BENCHMARKS if name.startswith("dbp15k/"))
"""The pairs of DBP15K, whose files a reader has to bring."""

DANGLING = 0.125
"""The share of candidates that the study drops from each side of a pair that comes with packages, so that
each random state has another pair."""

STATES = (0, 1, 2, 3, 4)
"""The random states of the study."""

DBP15K_STATES = (0, 1)
"""The random states of the study on DBP15K, where a run takes minutes."""

MINERS_COMPARED: Mapping[str, MinerOptions] = {
    "pivot": MinerOptions(name="pivot"),
    "pivot, fused": MinerOptions(name="pivot", parameters={"modality": "all"}),
    "mutual": MinerOptions(name="mutual"),
    "psqe": MinerOptions(name="psqe"),
    "psqe, even": MinerOptions(name="psqe", parameters={"variant": "even"}),
}
"""The miners that the study compares, by the name that tables show. ``pivot`` compares pictures only, and
``pivot, fused`` compares the same modalities as the other miners."""

KINDS_OF_SEEDS: Mapping[str, MinerOptions] = {
    **MINERS_COMPARED,
    "true links": MinerOptions(name="true links"),
}
"""The kinds of seeds that the study compares; ``true links`` are gold links drawn at random,
all of them correct."""

ALIGNERS_COMPARED = ("adapter", "clamped", "eva", "mclea", "meaformer", "propagation", "whitening")
"""The aligners that the study crosses with kinds of seeds, pairs and random states, by their names in
:data:`psqe.aligners.ALIGNERS`. They are listed here, and not read from the registry, because a crossing of
everything that is registered grows by hundreds of runs with each new aligner, also with one of another
distribution, whether a question of the study needs them or not. An aligner that is not listed has a plan of
its own where the study needs it."""

CLUSTERS = 5
"""The number of clusters that the miner ``psqe`` has by default."""


@dataclass(frozen=True)
class Plan:
    """A list of runs that belong together.

    Attributes
    ----------
    summary
        What the runs are about, in one sentence.
    specs
        A function that makes the specs from tasks and random states, in an order in which consecutive runs
        share data, seeds and models.
    tasks, random_states
        The pairs of graphs and the random states of the study.

    Examples
    --------
    >>> from psqe.study.plans import PLANS
    >>> specs = PLANS["links"].specs(["emoji/en-fr"], [0])
    >>> [spec.aligner and spec.aligner.name for spec in specs]
    [None, 'eva', 'propagation', 'concord']
    """

    summary: str
    specs: Callable[[Sequence[str], Sequence[int]], list[RunSpec]]
    tasks: Sequence[str] = EMOJI
    random_states: Sequence[int] = STATES


def task_options(name: str) -> TaskOptions:
    """The options with which the study loads a task: emoji and Han pairs without some of their entities."""
    return TaskOptions(name=name, dangling=DANGLING if name.startswith(("emoji/", "han/")) else None)


def features_by(encoders: Mapping[str, str | None]) -> FeatureOptions:
    """Options for modalities, each with its encoder, or with ``None`` for the modality's default encoder."""
    named = {modality: encoder for modality, encoder in encoders.items() if encoder is not None}
    return FeatureOptions(modalities=tuple(encoders), encoders=named)


def study_features(task: str) -> FeatureOptions:
    """The modalities and encoders by which the study compares a task; any other pair as the emoji pairs."""
    return features_by(study_encoders(task) or study_encoders(EMOJI[0]))


def study_size(task: str) -> int:
    """The number of seeds at which aligners are compared on a task."""
    return 600 if task.startswith("emoji/") else 1000


def kinds_with(features: FeatureOptions | None) -> tuple[str, ...]:
    """The kinds of seeds that differ with some features: with one modality, both pivots are the same miner.

    >>> kinds_with(FeatureOptions(modalities=("name",)))
    ('pivot', 'mutual', 'psqe', 'psqe, even', 'true links')
    """
    one = features is not None and len(features.modalities or ()) == 1
    return tuple(kind for kind in KINDS_OF_SEEDS if not one or kind != "pivot, fused")


def kinds_on(task: str) -> tuple[str, ...]:
    """The kinds of seeds that differ with the features by which the study compares a task."""
    return kinds_with(study_features(task))


def miners_on(task: str) -> tuple[str, ...]:
    """The miners of :data:`MINERS_COMPARED` whose seeds differ on a task, see :func:`kinds_on`."""
    return tuple(kind for kind in kinds_on(task) if kind in MINERS_COMPARED)


def of_kind(kind: str, n_seeds: int) -> MinerOptions:
    """The options of a kind of seeds, one of :data:`KINDS_OF_SEEDS`, for a number of seeds."""
    return KINDS_OF_SEEDS[kind].model_copy(update={"n_seeds": n_seeds})


def kind_of(miner: MinerOptions) -> str | None:
    """The name of a miner's kind of seeds; ``None`` if the study does not compare it.

    >>> kind_of(MinerOptions(name="pivot", n_seeds=600, parameters={"modality": "all"}))
    'pivot, fused'
    """
    plain = (miner.name, miner.parameters)
    return next(
        (kind for kind, seeds in KINDS_OF_SEEDS.items() if (seeds.name, seeds.parameters) == plain), None
    )


def seeds_spec(task: str, miner: MinerOptions, random_state: int) -> RunSpec:
    """A run about the seeds of a miner."""
    return RunSpec(
        subject="seeds", task=task_options(task), features=study_features(task), miner=miner,
        random_state=random_state,
    )  # fmt: skip


def alignment_spec(
    task: str,
    miner: MinerOptions | None,
    aligner: str,
    random_state: int,
    parameters: Mapping[str, Any] | None = None,
) -> RunSpec:
    """A run about the alignment that an aligner, with its preset ``small``, makes of seeds."""
    return RunSpec(
        subject="alignment", task=task_options(task), features=study_features(task), miner=miner,
        aligner=AlignerOptions(name=aligner, preset="small", parameters=dict(parameters or {})),
        random_state=random_state,
    )  # fmt: skip


def psqe_options(
    n_seeds: int,
    *,
    variant: str = "corrected",
    switches: Mapping[str, Any] | None = None,
    stages: Sequence[str] = tuple(STAGES),
    n_clusters: int = CLUSTERS,
    weights: Mapping[str, float] | None = None,
) -> MinerOptions:
    """Options of the miner ``psqe`` that name what departs from its defaults, and nothing else.

    So one meaning has one spec. The parameters are those of :class:`~psqe.seeds.PSQEMiner`.

    >>> psqe_options(600, switches={"temperature": 0.1, "mutual": False}, n_clusters=5).parameters
    {'switches': {'mutual': False}}
    """
    rules = asdict(VARIANTS[variant])
    turned = {name: value for name, value in (switches or {}).items() if rules[name] != value}
    weighed = {name: float(weight) for name, weight in (weights or {}).items() if weight != 1}
    departures: dict[str, Any] = {}
    if variant != "corrected":
        departures["variant"] = variant
    if turned:
        departures["switches"] = turned
    if tuple(stages) != tuple(STAGES):
        departures["stages"] = list(stages)
    if n_clusters != CLUSTERS:
        departures["n_clusters"] = n_clusters
    if weighed:
        departures["weights"] = weighed
    return MinerOptions(name="psqe", n_seeds=n_seeds, parameters=departures)


def with_seeds(specs: Iterable[RunSpec]) -> list[RunSpec]:
    """Alignments, each after the run about its seeds where there is one; every run once."""
    found: dict[RunSpec, None] = {}
    for spec in specs:
        if spec.miner is not None:
            found[seeds_of(spec)] = None
        found[spec] = None
    return list(found)


def seeds_of(spec: RunSpec) -> RunSpec:
    """The run about the seeds that another run is made on."""
    return spec.part("seeds", miner=spec.miner)
