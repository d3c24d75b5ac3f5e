"""The only place where experiments are executed: from a spec to what it measures.

What several runs share is made once: the last data and the last model are kept, and some seeds. A run uses
one thread of the processor, so that its sums are added up in one order, whatever the machine.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from psqe.aligners import ALIGNERS, Aligner
from psqe.aligners.trained import ResidualFeatures
from psqe.api import build_aligner, load_features, mine_seeds
from psqe.cost import measured
from psqe.datasets.pairs import load_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation import Scorer, embedding_scorer, feature_scorer
from psqe.evaluation.regions import Regions, all_regions
from psqe.features import Features
from psqe.graph import AlignmentTask
from psqe.links.pair_probabilities import PairProbabilities
from psqe.links.predict import weigh_pairs
from psqe.options import AlignerOptions, MinerOptions
from psqe.provenance import machine
from psqe.seeds import MINERS, ORACLES, SeedSet, oracle_seeds
from psqe.study.measures import (
    REGION_MATCHINGS,
    Row,
    alignment_rows,
    damaged_rows,
    expected_rows,
    fact_rows,
    label_rows,
    link_rows,
    prediction_rows,
    seed_rows,
)
from psqe.study.plans.base import kind_of, kinds_with, of_kind
from psqe.study.plans.best import CONCORD_LINKS, GIVES_PROBABILITIES
from psqe.study.plans.labels import N_LABELS, labelled
from psqe.study.reviewer import review_rows
from psqe.study.spec import RunSpec
from psqe.study.store import RunResult, Store
from psqe.training.loop import check_device

Chosen = TypeVar("Chosen", MinerOptions, AlignerOptions)


@dataclass(frozen=True, eq=False)
class Data:
    """The data of a run.

    Attributes
    ----------
    task, features
        The pair of graphs and its vectors.
    regions
        Every kind of region, by kind.
    """

    task: AlignmentTask
    features: Features
    regions: dict[str, Regions]


@dataclass(frozen=True, eq=False)
class Similarities:
    """The similarities of a run, and the cost of learning them.

    Attributes
    ----------
    source
        The similarities: a fitted aligner, or a function.
    seeds
        The seeds that the aligner was trained on, or that only say which links are free; ``None`` for
        features without seeds.
    seconds, peak_mb
        What mining and training cost; zero for features alone.
    """

    source: Scorer | Aligner
    seeds: SeedSet | None
    seconds: float
    peak_mb: float

    @property
    def scorer(self) -> Scorer:
        """The similarities as a function."""
        return self.source.similarity if isinstance(self.source, Aligner) else self.source


def run(spec: RunSpec, device: str | None = None) -> RunResult:
    """Execute one run, on one thread of the processor.

    Parameters
    ----------
    spec
        What to run.
    device
        Where the miner ``psqe`` and trained aligners compute, ``cpu`` or ``cuda``, unless the spec says it;
        the processor by default. It is no part of the spec: a GPU gives the same numbers up to rounding. The
        result names the GPU beside the machine.

    Returns
    -------
    RunResult
        The measures, ready for :meth:`psqe.study.store.Store.put`. The cost is that of mining and training;
        for features alone that of ranking; for facts that of loading.

    Raises
    ------
    ParameterError
        If a name or a parameter in the spec is unknown, the device is not there, or the spec is about costs,
        which are measured in processes of their own.
    DataError
        If the data are missing or broken, or too few seeds are found for the aligner.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> result = run(RunSpec(subject="facts", task=TaskOptions(name="examples/countries")))
    >>> [row["value"] for row in result.rows if row["fact"] == "links"]
    [51.0]
    """
    if spec.subject == "cost":
        raise ParameterError(
            f"costs are not run here: {spec.task.name}", remedy="run benchmarks/cost.py in a fresh process"
        )
    if spec.task.damage and spec.subject != "damaged":
        raise ParameterError(
            f"the pair is damaged, and the run is about {spec.subject}",
            remedy="give the subject damaged, so that no table takes its numbers for those of the whole pair",
        )
    if device is not None:
        check_device(device)
    source = {"machine": machine(device)}
    with one_thread():
        rows, seconds, peak_mb = _measured(spec, device)
    return RunResult(spec, rows, seconds, peak_mb, source)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let everything inside a ``with`` block compute on one thread, libraries that are loaded there included.

    Examples
    --------
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before, threads = {name: os.environ.get(name) for name in names}, torch.get_num_threads()
    os.environ.update(dict.fromkeys(names, "1"))
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(threads)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _measured(spec: RunSpec, device: str | None) -> tuple[list[Row], float, float]:
    """The rows of a run, its seconds and its peak memory in MiB."""
    if spec.subject == "facts":
        with measured() as cost:
            rows = list(fact_rows(load_pair(spec.task, random_state=spec.random_state)))
        return rows, cost.seconds, cost.peak_mb
    data = load_data(spec)
    if spec.subject == "seeds":
        seeds = load_seeds(spec, device)
        return list(seed_rows(seeds, data.task, data.regions)), seeds.seconds, seeds.peak_mb
    if spec.subject == "review":
        with measured() as cost:
            rows = list(_reviewed(spec, data, device))
        return rows, cost.seconds, cost.peak_mb
    with measured() as cost:
        similarities = load_similarities(spec, device)
        rows = list(_judged(spec, data, similarities, device))
    if spec.aligner is None:
        return rows, cost.seconds, cost.peak_mb
    # The cost is that of the seeds and the model, which may be kept from an earlier run.
    return rows, similarities.seconds, similarities.peak_mb


def run_all(
    specs: Sequence[RunSpec], store: Store | None = None, device: str | None = None
) -> list[RunResult]:
    """Execute runs one after the other.

    Parameters
    ----------
    specs
        What to run.
    store
        Where the result of each goes as soon as it is done, so that an interrupted call loses nothing that is
        finished; nowhere when omitted.
    device
        As for :func:`run`.

    Returns
    -------
    The results, in the order of the specs.
    """
    results = []
    for spec in tqdm(specs, "runs", disable=None):
        results.append(run(spec, device))
        if store is not None:
            store.put(results[-1:])
    return results


def load_data(spec: RunSpec) -> Data:
    """The task of a run with its features and regions; the last one is kept.

    Examples
    --------
    >>> from psqe.options import FeatureOptions, TaskOptions
    >>> names = FeatureOptions(modalities=("name",), encoders={"name": "bigram"})
    >>> task = TaskOptions(name="examples/countries")
    >>> spec = RunSpec(subject="links", task=task, features=names)
    >>> list(load_data(spec).regions), load_similarities(spec).seconds
    (['degree', 'density', 'semantic'], 0.0)
    """
    return _data(spec.part("alignment"))


def load_seeds(spec: RunSpec, device: str | None = None) -> SeedSet:
    """The seeds of a run; some are kept, because several runs may train on them."""
    return SeedSet.empty() if spec.miner is None else _seeds(spec.part("seeds", miner=spec.miner), device)


def compared_seeds(spec: RunSpec, device: str | None = None) -> list[SeedSet]:
    """The seeds of every kind that the study compares with those of a run, of the same number.

    They decide which links are free of all seed sets. With one modality both pivots find the same seeds, and
    only one of them is mined. There are none if the run is without seeds, on seeds that the study does not
    compare with others, or about a system, since all systems are given the same seeds.
    """
    miner = spec.miner
    if spec.subject == "system" or miner is None or miner.n_seeds is None or kind_of(miner) is None:
        return []
    options = [of_kind(kind, miner.n_seeds) for kind in kinds_with(spec.features)]
    return [_seeds(spec.part("seeds", miner=each), device) for each in options]


def drawn_labels(spec: RunSpec) -> list[SeedSet]:
    """The labelled links of every number of labels, of which none is asked for where labels are compared."""
    return [_seeds(spec.part("seeds", miner=labelled(n)), None) for n in N_LABELS]


def load_probabilities(spec: RunSpec) -> PairProbabilities:
    """The probabilities of pairs on the data of a run, from our aligner without seeds; the last are kept."""
    return _probabilities(spec.part("expected", aligner=GIVES_PROBABILITIES))


def load_similarities(spec: RunSpec, device: str | None = None) -> Similarities:
    """How a run compares entities: by its features alone, or by its aligner, which is trained."""
    # The parameters of the aligner are checked before seeds are mined for it.
    trained, weight = (spec, 0.0) if spec.aligner is None else residual_later(spec)
    data = load_data(spec)
    if spec.aligner is None:
        bar = feature_scorer(data.task, data.features)
        return Similarities(bar, load_seeds(spec, device) if spec.miner else None, 0.0, 0.0)
    seeds = load_seeds(spec, device)
    model = _model(trained, device)
    source: Scorer | Aligner = model
    if weight:
        beside = ResidualFeatures.from_features(data.features, weight)
        source = embedding_scorer(data.task, *beside.beside(*model.embeddings()))
    return Similarities(
        source, seeds,
        seeds.seconds + model.seconds_, max(seeds.peak_mb, model.peak_mb_),
    )  # fmt: skip


def residual_later(spec: RunSpec) -> tuple[RunSpec, float]:
    """Separate the weight of the residual from a spec in which it does not affect the training.

    One model then serves all weights. Iterative learning and early stopping depend on the weight, so with
    them the spec keeps it, and the returned weight is 0.

    Raises
    ------
    ParameterError
        If there is no such aligner or parameter, or a value is of another type.
    """
    assert spec.aligner is not None
    parameters = ALIGNERS.resolve(spec.aligner.name).typed(spec.aligner.parameters)
    later = "residual" in parameters and not {"iterative_start", "patience"} & set(parameters)
    weight = float(parameters.pop("residual")) if later else 0.0
    aligner = spec.aligner.model_copy(update={"parameters": parameters})
    return spec.part("alignment", miner=spec.miner, aligner=aligner), weight


def _judged(spec: RunSpec, data: Data, similarities: Similarities, device: str | None) -> Iterator[Row]:
    """The rows of a run about an alignment, links, labels, a prediction, what is expected or damage."""
    if spec.subject == "prediction":
        options, seeds = spec.aligner, similarities.seeds
        assert options is not None and seeds is not None
        return prediction_rows(
            data.task, data.features, seeds, similarities.scorer,
            lambda: _built(options, spec.random_state, device),
        )  # fmt: skip
    if spec.subject == "expected":
        return expected_rows(load_probabilities(spec), similarities.scorer, similarities.seeds)
    if spec.subject == "links":
        weighed = weigh_pairs(data.task, data.features, similarities.source, seeds=similarities.seeds)
        return link_rows(weighed, data.task)
    if spec.subject == "damaged":
        return damaged_rows(data.task, similarities.scorer, similarities.seeds)
    if spec.subject == "labels":
        return label_rows(data.task, similarities.scorer, similarities.seeds, drawn_labels(spec))
    # Tables about systems show groups under the matching of their headline, too.
    matchings = (*REGION_MATCHINGS, "sinkhorn") if spec.subject == "system" else REGION_MATCHINGS
    return alignment_rows(
        data.task,
        similarities.scorer,
        data.regions,
        similarities.seeds,
        compared_seeds(spec, device),
        matchings,
    )


def _reviewed(spec: RunSpec, data: Data, device: str | None) -> Iterator[Row]:
    """The rows of a run about a review, in which the aligner is fitted once for each round."""
    options = spec.aligner
    assert options is not None
    seeds = load_seeds(spec, device)
    return review_rows(
        data.task, data.features, seeds, lambda: _built(options, spec.random_state, device), spec.random_state
    )


@lru_cache(maxsize=1)
def _data(spec: RunSpec) -> Data:
    task = load_pair(spec.task, random_state=spec.random_state)
    features = load_features(task, spec.features)
    return Data(task, features, all_regions(task, features))


@lru_cache(maxsize=16)
def _seeds(spec: RunSpec, device: str | None) -> SeedSet:
    miner, data = spec.miner, load_data(spec)
    assert miner is not None
    if miner.name not in {*MINERS, *ORACLES, CONCORD_LINKS}:
        raise ParameterError(
            f"there is no kind of seeds {miner.name!r}",
            remedy=f"choose from {', '.join([*MINERS, *ORACLES, CONCORD_LINKS])}",
        )
    if miner.name == CONCORD_LINKS:
        return _concord_links(spec, miner)
    if miner.name in MINERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PsqeWarning)  # fewer seeds than wanted: the rows say how many
            placed = _on_device(miner, MINERS.resolve(miner.name), device)
            return mine_seeds(data.task, features=data.features, seeds=placed, random_state=spec.random_state)
    given = {} if miner.n_seeds is None else {"n_seeds": miner.n_seeds}
    if "random_state" in inspect.signature(ORACLES[miner.name]).parameters:
        given["random_state"] = spec.random_state
    for name in sorted({"n_seeds", "random_state"} & set(miner.parameters)):
        raise ParameterError(
            f"{name} is not among the other parameters of seeds",
            remedy="give n_seeds to MinerOptions, and random_state to RunSpec",
        )
    return oracle_seeds(miner.name, data.task, data.features, **given, **miner.parameters)


def _concord_links(spec: RunSpec, miner: MinerOptions) -> SeedSet:
    """The most probable pairs of our aligner, which is fitted without seeds."""
    if miner.parameters or miner.n_seeds is None:
        raise ParameterError(
            f"seeds of the kind {CONCORD_LINKS!r} have a number and no other parameters",
            remedy="give n_seeds alone",
        )
    with measured() as cost:
        seeds = load_probabilities(spec).most_probable(miner.n_seeds)
    return replace(seeds, miner=miner.name, seconds=cost.seconds, peak_mb=cost.peak_mb)


@lru_cache(maxsize=1)
def _probabilities(spec: RunSpec) -> PairProbabilities:
    assert spec.aligner is not None
    data = load_data(spec)
    model = build_aligner(spec.aligner, spec.random_state).fit(data.task, data.features, SeedSet.empty())
    return PairProbabilities.from_alignment(data.task, data.features, model)


@lru_cache(maxsize=1)
def _model(spec: RunSpec, device: str | None) -> Aligner:
    assert spec.aligner is not None
    data = load_data(spec)
    model = _built(spec.aligner, spec.random_state, device)
    return model.fit(data.task, data.features, load_seeds(spec, device))


def _built(options: AlignerOptions, random_state: int, device: str | None) -> Aligner:
    """Build an aligner that computes on a device, if it can."""
    return build_aligner(_on_device(options, ALIGNERS.resolve(options.name), device), random_state)


def _on_device(options: Chosen, kind: type, device: str | None) -> Chosen:
    """The options of a miner or an aligner, with the device if it computes on one and they name none."""
    if device is None or "device" not in inspect.signature(kind).parameters:
        return options
    return options.model_copy(update={"parameters": {"device": device, **options.parameters}})
