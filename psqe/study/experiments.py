"""One experiment: mine, train, evaluate; and its rows for the results store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tqdm import tqdm

from psqe.aligners import ALIGNERS
from psqe.datasets import load_task
from psqe.evaluation import Matching, Scorer, evaluate, feature_scorer
from psqe.features import Features, build_features
from psqe.kg import AlignmentTask
from psqe.measure import measured
from psqe.regions import Regions, all_regions
from psqe.seeds import MutualMiner, PivotMiner, PSQEMiner, SeedSet, audit, true_links
from psqe.study.store import append

SEEDS = ("pivot", "mutual", "psqe", "true links")
"""Kinds of seeds to compare; ``true links`` are the ceiling."""

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
        One of :data:`SEEDS`, or ``none`` for features without seeds and training.
    n_seeds
        Seeds wanted; 0 with ``none``.
    aligner
        Name of an aligner, or with ``none`` one of :data:`UNTRAINED`.
    preset
        Of the aligner.
    n_epochs
        Instead of the preset's, when given.
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
    dangling: float = DANGLING
    modalities: tuple[str, ...] = ("image", "attribute")

    @property
    def settings(self) -> str:
        """What is not in the other columns of a row: the preset and departures from defaults."""
        parts = [] if self.miner == "none" else [f"preset={self.preset}"]
        if self.n_epochs is not None:
            parts.append(f"n_epochs={self.n_epochs}")
        if self.dangling != DANGLING:
            parts.append(f"dangling={self.dangling}")
        return " ".join(parts) or "-"


@lru_cache(maxsize=1)
def _loaded(
    task: str, dangling: float, modalities: tuple[str, ...], random_state: int
) -> tuple[AlignmentTask, Features, dict[str, Regions]]:
    pair = load_task(task, dangling=dangling, random_state=random_state)
    features = build_features(pair, modalities)
    return pair, features, all_regions(pair, features)


@lru_cache(maxsize=16)
def _mined(
    miner: str, n: int, task: str, dangling: float, modalities: tuple[str, ...], random_state: int
) -> SeedSet:
    """Seeds of one kind; kept, since they may be trained on more than once."""
    pair, features, _ = _loaded(task, dangling, modalities, random_state)
    if miner == "true links":
        return true_links(pair, n, random_state=random_state)
    if miner == "psqe":
        return PSQEMiner(n, random_state=random_state).mine(pair, features)
    if miner == "mutual":
        return MutualMiner(n).mine(pair, features)
    return PivotMiner(n).mine(pair, features)


def run_experiment(experiment: Experiment) -> list[dict[str, Any]]:
    """Run one experiment and return its rows for :func:`psqe.study.store.append`.

    A row without protocol tells about the seeds: precision and recall, balance by kind of region,
    coverage by region. A row with protocol and direction has the alignment's metrics; rows by region
    have Hits@1 under protocol ``full``, mean of both directions.
    """
    data = experiment.task, experiment.dangling, experiment.modalities, experiment.random_state
    task, features, regions = _loaded(*data)
    key = {
        "task": experiment.task,
        "modalities": "+".join(sorted(experiment.modalities)),
        "miner": experiment.miner,
        "variant": "corrected" if experiment.miner == "psqe" else "-",
        "n_seeds": experiment.n_seeds,
        "random_state": experiment.random_state,
    }
    rows: list[dict[str, Any]] = []
    matching: Matching = "cosine"
    scorer: Scorer
    with measured() as cost:
        if experiment.miner == "none":
            matching = experiment.aligner  # type: ignore[assignment]
            scorer = feature_scorer(task, features)
        else:
            seeds = _mined(experiment.miner, experiment.n_seeds, *data)
            rows += _seed_rows(key, audit(seeds, task, regions), seeds)
            chosen = {} if experiment.n_epochs is None else {"n_epochs": experiment.n_epochs}
            model = ALIGNERS[experiment.aligner].preset(
                experiment.preset, random_state=experiment.random_state, **chosen
            )
            scorer = model.fit(task, features, seeds).similarity
        report = evaluate(task, scorer, matching=matching, regions=regions)
    key |= {"aligner": experiment.aligner, "settings": experiment.settings}
    costs = {"seconds": cost.seconds, "peak_mb": cost.peak_mb}
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


def _seed_rows(key: dict[str, Any], report: dict[str, Any], seeds: SeedSet) -> Iterator[dict[str, Any]]:
    costs = {"seconds": seeds.seconds, "peak_mb": seeds.peak_mb}
    found = {"seeds_found": report["n_seeds"]}
    yield {**key, **found, "precision": report["precision"], "recall": report["recall"], **costs}
    for kind, shares in report["coverage"].items():
        yield {**key, **found, "region": kind, "balance": report["balance"][kind], **costs}
        for name, share in shares.items():
            precision = report["precision_by_region"][kind][name]
            row = {**key, **found, "region": f"{kind}: {name}", "coverage": share, **costs}
            yield row if precision is None else {**row, "precision": precision}


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
