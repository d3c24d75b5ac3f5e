"""One experiment: mine, train, evaluate; and its rows for the results store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from tqdm import tqdm

from psqe.aligners import ALIGNERS, Aligner
from psqe.aligners.trained import ResidualFeatures
from psqe.datasets import load_task
from psqe.evaluation import Scorer, embedding_scorer, evaluate, feature_scorer
from psqe.evaluation.regions import Regions, all_regions
from psqe.features import Features, build_features
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray
from psqe.measure import measured
from psqe.seeds import (
    MutualMiner,
    PivotMiner,
    PSQEMiner,
    SeedSet,
    audit,
    correct,
    drawn_seeds,
    judged,
    true_links,
)
from psqe.similarity import Matching
from psqe.study.old_store import append

SEEDS = ("pivot", "mutual", "psqe", "true links")
"""Kinds of seeds to compare; ``true links`` are the ceiling."""

NO_SEEDS = "no seeds"
"""In place of a kind of seeds, for an aligner that can do without them."""

UNTRAINED: tuple[Matching, ...] = ("cosine", "csls", "sinkhorn")
"""Ways to match the same features without seeds and without training: the bar."""

DANGLING = 0.125
"""The study's share of entities dropped from each side."""


@dataclass(frozen=True)
class Experiment:
    """What to run. One random state decides all that is drawn: dropped entities, seeds, weights, batches.

    Attributes
    ----------
    task, dangling, modalities
        The data.
    miner
        One of :data:`SEEDS`; ``drawn`` for seeds of set precision and coverage; :data:`NO_SEEDS`; or ``none``
        for features without any aligner.
    n_seeds
        Seeds wanted; 0 with :data:`NO_SEEDS` and ``none``.
    aligner
        Name of an aligner, or with ``none`` one of :data:`UNTRAINED`.
    preset
        Of the aligner.
    n_epochs
        Instead of the preset's, when given.
    options
        Other parameters of the aligner than the preset's, numbers by name, for example
        ``(("residual", 2.0),)``.
    precision, evenness
        Of ``drawn`` seeds: the share of right ones, and how even they are, from 0, the semantic regions'
        shares among the pivot's seeds, to 1, their shares of the entities.
    random_state
        See above.
    """

    task: str
    miner: str
    n_seeds: int
    random_state: int
    aligner: str = "mclea"
    preset: str = "small"
    n_epochs: int | None = None
    options: tuple[tuple[str, float], ...] = ()
    precision: float = 1.0
    evenness: float = 1.0
    dangling: float | None = DANGLING
    modalities: tuple[str, ...] = ("image", "attribute")

    KEY: ClassVar = (
        "task",
        "modalities",
        "miner",
        "variant",
        "n_seeds",
        "random_state",
        "aligner",
        "settings",
    )
    """Columns of the results store that tell experiments apart."""

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of :attr:`KEY`."""
        values = {**self.of_seeds, "aligner": self.aligner, "settings": self.settings}
        return tuple(values[name] for name in self.KEY)

    @property
    def of_seeds(self) -> dict[str, Any]:
        """The columns that rows about the seeds and rows about the alignment share."""
        return {
            "task": self.task,
            "modalities": "+".join(sorted(self.modalities)),
            "miner": self.miner,
            "variant": "corrected" if self.miner == "psqe" else "-",
            "n_seeds": self.n_seeds,
            "random_state": self.random_state,
        }

    @property
    def settings(self) -> str:
        """What is not in the other columns of a row: the preset and departures from defaults."""
        parts = [] if self.miner == "none" else [f"preset={self.preset}"]
        if self.n_epochs is not None:
            parts.append(f"n_epochs={self.n_epochs}")
        parts += [f"{name}={value:g}" for name, value in self.options]
        return " ".join(parts + self.of_task) or "-"

    @property
    def of_task(self) -> list[str]:
        """Settings of the task that depart from the study's, and those of drawn seeds."""
        parts = [] if self.dangling in (DANGLING, None) else [f"dangling={self.dangling}"]
        if self.miner == "drawn":
            parts += [f"precision={self.precision:g}", f"evenness={self.evenness:g}"]
        return parts

    @property
    def data(self) -> tuple[str, float | None, tuple[str, ...], int]:
        """What :func:`loaded` takes."""
        return self.task, self.dangling, self.modalities, self.random_state

    def residual_later(self) -> tuple[Experiment, float]:
        """The experiment without ``residual``, and its weight, where that changes nothing while training.

        So a model is fitted once for both. Iterative learning and early stopping do see it.
        """
        options = dict(self.options)
        if "residual" not in options or {"iterative_start", "patience"} & set(options):
            return self, 0.0
        weight = options.pop("residual")
        return replace(self, options=tuple(options.items())), weight

    def seeds(self) -> SeedSet:
        """Those that the aligner is trained on."""
        return _mined(self.miner, self.n_seeds, (self.precision, self.evenness), *self.data)


@lru_cache(maxsize=1)
def loaded(
    task: str, dangling: float | None, modalities: tuple[str, ...], random_state: int
) -> tuple[AlignmentTask, Features, dict[str, Regions]]:
    """A task with its features and regions; the last one is kept."""
    pair = load_task(task, dangling=dangling, random_state=random_state)
    features = build_features(pair, modalities)
    return pair, features, all_regions(pair, features)


@lru_cache(maxsize=16)
def _mined(
    miner: str,
    n: int,
    drawn: tuple[float, float],
    task: str,
    dangling: float | None,
    modalities: tuple[str, ...],
    random_state: int,
) -> SeedSet:
    """Seeds of one kind; kept, since they may be trained on more than once."""
    if miner == NO_SEEDS:
        return SeedSet.empty()
    pair, features, regions = loaded(task, dangling, modalities, random_state)
    if miner == "drawn":
        precision, evenness = drawn
        return drawn_seeds(
            pair, features, regions["semantic"], n_seeds=n, precision=precision, random_state=random_state,
            shares=evenness_shares(pair, features, regions["semantic"], evenness, n),
        )  # fmt: skip
    if miner == "true links":
        return true_links(pair, n, random_state=random_state)
    if miner == "psqe":
        return PSQEMiner(n, random_state=random_state).mine(pair, features)
    if miner == "mutual":
        return MutualMiner(n).mine(pair, features)
    return PivotMiner(n).mine(pair, features)


@lru_cache(maxsize=1)
def _trained(experiment: Experiment) -> Aligner:
    """The model of an experiment; the last one is kept."""
    task, features, _ = loaded(*experiment.data)
    chosen: dict[str, Any] = {**dict(experiment.options), "random_state": experiment.random_state}
    if experiment.n_epochs is not None:
        chosen["n_epochs"] = experiment.n_epochs
    model = ALIGNERS[experiment.aligner].preset(experiment.preset, **chosen)
    return model.fit(task, features, experiment.seeds())


def evenness_shares(
    task: AlignmentTask, features: Features, regions: Regions, evenness: float, n_seeds: int
) -> FloatArray:
    """Shares of the regions ``(R,)`` between those of the pivot's seeds (0) and those of the entities (1)."""
    n = len(regions.names)
    pivot = PivotMiner(n_seeds).mine(task, features)
    uneven = np.bincount(regions.left[pivot.pairs[:, 0]], minlength=n)[:n].astype(np.float32)
    linked = regions.left[task.left.candidates]
    even = np.bincount(linked[linked >= 0], minlength=n).astype(np.float32)
    shares: FloatArray = (1 - evenness) * uneven / uneven.sum() + evenness * even / even.sum()
    return shares


def run_experiment(experiment: Experiment) -> list[dict[str, Any]]:
    """Run one experiment and return its rows for :func:`psqe.study.store.append`.

    A row without protocol tells about the seeds: precision and recall, balance by kind of region,
    coverage by region. A row with protocol and direction has the alignment's metrics; rows by region
    have Hits@1 under protocol ``full``, mean of both directions.
    """
    task, features, regions = loaded(*experiment.data)
    key = experiment.of_seeds
    rows: list[dict[str, Any]] = []
    matching: Matching = "cosine"
    scorer: Scorer
    with measured() as cost:
        if experiment.miner == "none":
            matching = experiment.aligner  # type: ignore[assignment]
            scorer = feature_scorer(task, features)
        else:
            seeds = experiment.seeds()
            own = {"settings": " ".join(experiment.of_task) or "-"}
            if experiment.miner != NO_SEEDS:
                rows += seed_rows(key | own, seeds, task, regions)
            fitted, beside = experiment.residual_later()
            model = _trained(fitted)
            matching = model.matching
            scorer = embedding_scorer(
                *ResidualFeatures.from_features(features, beside).beside(*model.embeddings())
            )
        report = evaluate(task, scorer, matching=matching, regions=regions)
    key |= {"aligner": experiment.aligner, "settings": experiment.settings}
    costs = {"seconds": cost.seconds, "peak_mb": cost.peak_mb}
    if experiment.miner != "none":
        # Seeds and model may have been kept from an experiment before.
        costs = {
            "seconds": seeds.seconds + model.seconds_, "peak_mb": max(seeds.peak_mb, model.peak_mb_)
        }  # fmt: skip
    for direction, protocols in report["metrics"].items():
        for protocol, metrics in protocols.items():
            # Protocol peer is CSLS whatever the matching: of the untrained ones, only csls may bear its name.
            if protocol == "peer" and experiment.miner == "none" and matching != "csls":
                continue
            rows.append({**key, "direction": direction, "protocol": protocol, **metrics, **costs})
    for kind, by_region in report["regions"].items():
        for name, values in by_region.items():
            rows.append(
                {
                    **key, "direction": "both", "protocol": "full", "region": f"{kind}: {name}",
                    "hits@1": values["hits@1"], **costs,
                }
            )  # fmt: skip
    return rows


def seed_rows(
    key: Mapping[str, Any],
    seeds: SeedSet,
    task: AlignmentTask,
    regions: Mapping[str, Regions],
    *,
    detail: bool = True,
) -> Iterator[dict[str, Any]]:
    """Rows about seeds for the results store.

    The whole set; every kind of region; ``stage: NAME``, the seeds after a stage; and with ``detail`` every
    region and ``confidence: LOW``, the seeds whose label-free confidence lies in a tenth from ``LOW`` on.

    Parameters
    ----------
    key
        What all rows share.
    seeds, task, regions
        As for :func:`psqe.seeds.audit`.
    detail
        Whether to tell about single regions and tenths.
    """
    report = audit(seeds, task, regions)
    costs = {"seconds": seeds.seconds, "peak_mb": seeds.peak_mb}
    whole = _quality(seeds.pairs, seeds.confidence, task)
    yield {**key, **whole, "recall": report["recall"], **costs}
    found = {"seeds_found": report["n_seeds"]}
    for kind, shares in report["coverage"].items():
        least = {"least_covered": min(shares.values())} if shares else {}
        yield {**key, **found, "region": kind, "balance": report["balance"][kind], **least, **costs}
        for name, share in shares.items() if detail else ():
            yield {
                **key, **found, "region": f"{kind}: {name}", "coverage": share,
                "precision": report["precision_by_region"][kind][name],
                "estimated": report["estimated_by_region"][kind][name], **costs,
            }  # fmt: skip
    for trace in seeds.trace:
        after = _quality(trace.pairs, trace.confidence, task)
        yield {**key, **after, "region": f"stage: {trace.stage}", "seconds": trace.seconds}
    if detail and seeds.confidence is not None:
        tenth = np.minimum((10 * seeds.confidence).astype(int), 9)
        for low in np.unique(tenth).tolist():
            part = _quality(seeds.pairs[tenth == low], seeds.confidence[tenth == low], task)
            yield {**key, **part, "region": f"confidence: {low / 10:.1f}", **costs}


def _quality(pairs: IntArray, sure: FloatArray | None, task: AlignmentTask) -> dict[str, Any]:
    """How many, how many right (of all and of those that gold links can judge), and the estimate of it."""
    hits, known = correct(pairs, task), judged(pairs, task)
    values: dict[str, Any] = {"seeds_found": len(pairs)}
    if hits is not None and known is not None:
        values |= {"precision": _mean(hits), "seeds_judged": int(known.sum())}
        values |= {"precision_judged": _mean(hits[known])}
    return values if sure is None else {**values, "estimated": _mean(sure)}


def _mean(values: BoolArray | FloatArray) -> float | None:
    return float(values.mean()) if len(values) else None


def comparison(
    task: str,
    *,
    n_seeds: Sequence[int],
    random_states: Sequence[int],
    dangling: float = DANGLING,
    n_epochs: int | None = None,
) -> list[Experiment]:
    """The experiments of the main table: every kind of seeds at every size.

    ``n_epochs`` trains all of them for another time than the preset's.
    """
    return [
        Experiment(task, miner, n, state, dangling=dangling, n_epochs=n_epochs)
        for state in random_states
        for n in n_seeds
        for miner in SEEDS
    ]


def untrained(task: str, *, random_states: Sequence[int], dangling: float = DANGLING) -> list[Experiment]:
    """The experiments of the bar: the same features, matched without seeds and without training."""
    return [
        Experiment(task, "none", 0, state, aligner=matching, dangling=dangling)
        for state in random_states
        for matching in UNTRAINED
    ]


def run_experiments(experiments: Sequence[Experiment], *, keep: bool = False) -> list[dict[str, Any]]:
    """Run experiments one after the other and return all their rows.

    With ``keep``, the rows of each go to the results store as soon as it is done, so that an interrupted
    run loses nothing finished.
    """
    rows: list[dict[str, Any]] = []
    for experiment in tqdm(experiments, "experiments", disable=None):
        found = run_experiment(experiment)
        if keep:
            append(found)
        rows += found
    return rows
