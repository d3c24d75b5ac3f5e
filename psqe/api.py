"""The whole job in one call: from two graphs to seeds, and from two graphs to links.

:func:`align` and :func:`mine_seeds` do what the commands ``psqe align`` and ``psqe seeds`` do. What is left
out is chosen by looking at the pair, and the attribute ``choices`` of the result says what was chosen.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from psqe.aligners import ALIGNERS, Aligner, TrainedAligner
from psqe.alignment import Alignment
from psqe.cost import measured
from psqe.datasets.pairs import Pair, load_pair
from psqe.defaults import (
    FeatureChoice,
    SeedChoice,
    choose_features,
    choose_n_seeds,
    describe_aligner,
    describe_choices,
    describe_links,
)
from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.evaluation.arguments import check_task
from psqe.features import Features, build_features
from psqe.features.build import encoders_of
from psqe.graph import AlignmentTask, counted, in_number
from psqe.growth.changes import link_changes, told_links
from psqe.growth.evidence import compare, evidence_of, given_modalities, made_with, reads_pictures
from psqe.growth.previous import PreviousRun
from psqe.links.arguments import check_inputs, checked_seeds
from psqe.links.judged import FEWEST, FEWEST_OF_A_KIND, recalibration_of
from psqe.links.predict import Links, weigh_pairs
from psqe.links.rules import LinkRule
from psqe.links.verdict_files import VerdictChoice, read_verdicts
from psqe.links.verdicts import Verdicts
from psqe.options import AlignerOptions, FeatureFile, FeatureOptions, MinerOptions
from psqe.parameters import RandomState, check_form, checked
from psqe.process_limits import exhausted
from psqe.seeds import MINERS, Miner, SeedSet
from psqe.seeds.base import minable
from psqe.similarity.workers import SMALLEST_SENT, enough_to_send, search_on

PreviousChoice = Alignment | PreviousRun | str | Path | None
"""How an earlier alignment is given: as it was returned, or by the folder that it was saved in; or none."""

WITHOUT_SEEDS = "none"
"""The word that takes the place of a miner's name where no seeds are wanted."""


@contextmanager
def _limits_told() -> Iterator[None]:
    """Say in one line that numbers or memory did not suffice, as for any other parameter that is too large.

    Raises
    ------
    PsqeError
        If a training or a propagation diverges, or there is too little memory, or the like.
    """
    try:
        yield
    except (FloatingPointError, OverflowError) as error:
        raise PsqeError(
            f"numbers became too large ({error})", remedy="take parameters that are nearer to their defaults"
        ) from error
    except Exception as error:
        told = exhausted(error)
        if told is None:
            raise
        raise told from error


def align(
    pair: Pair,
    *,
    features: FeatureChoice = None,
    seeds: SeedChoice = "psqe",
    aligner: str | AlignerOptions | None = None,
    links: LinkRule | None = None,
    verdicts: VerdictChoice = None,
    previous: PreviousChoice = None,
    random_state: int = 0,
    checkpoint: str | Path | None = None,
    scheduler: str | None = None,
) -> Alignment:
    """Align two knowledge graphs without labelled links.

    Up to 50,000 entities on each side, or as many pairs, all pairs of entities are compared. Above, nearest
    entities are found by an approximate search (:mod:`psqe.similarity.approximate`), a sample of the seeds
    trains the encoder of PSQE, and links are chosen among fewer neighbours of each entity
    (:data:`psqe.similarity.shortlist.N_LISTED_LARGE`), so that time and memory grow little faster than the
    number of entities. ``choices`` says so. What ranks all candidates remains exact, and grows with the
    number of pairs: :meth:`psqe.Alignment.evaluation`, the miner ``pivot``, and variants of PSQE without the
    rule ``mutual``, such as ``released``.

    Parameters
    ----------
    pair
        The two graphs: the name of a task, a folder, an :class:`~psqe.graph.AlignmentTask`, two knowledge
        graphs, or two mappings with the tables of :func:`psqe.graph_from_frames`; see
        :func:`psqe.datasets.pairs.load_pair`.
    features
        What entities are compared by: names of modalities, :class:`~psqe.options.FeatureOptions`, a
        :class:`~psqe.options.FeatureFile` or ready :class:`~psqe.features.Features`. By default the
        modalities of the study for a named task, and for other pairs all that both sides have
        (:func:`psqe.features.available_modalities`).
    seeds
        The name of a miner, :class:`~psqe.options.MinerOptions`, a file with seeds (``.tsv`` or ``.npy``),
        ready seeds, or ``"none"``. By default the miner ``psqe``. Where no number of seeds is given, it is
        30 % of the candidates of the smaller side.
    aligner
        The name of an aligner, with its preset ``small``, or :class:`~psqe.options.AlignerOptions`;
        ``propagation`` when ``None``.
    links
        The rule that chooses links; ``None`` for :class:`~psqe.links.LinkRule` with its defaults.
    verdicts
        What a person said about links of an earlier run (:mod:`psqe.links.verdicts`), or the file or the
        files with it.
        Accepted pairs are links and seeds, rejected ones are never links, and the confidence of the others is
        recalibrated by them, if they are enough (:func:`psqe.links.judged.recalibration_of`); for this the
        aligner is also fitted once without the verdicts. By default there are none.
    previous
        An earlier alignment of these graphs, before entities or their evidence were added, changed or
        removed: an :class:`~psqe.Alignment`, or the folder that it was saved in
        (:meth:`psqe.Alignment.save`). Its seeds are used, nothing is mined, and its verdicts hold, except
        where ``verdicts`` contradict them. Its links stay with their confidence, unless the evidence about
        one of their entities changed, or an entity whose evidence changed takes one of them
        (:class:`psqe.links.kept.KeptLinks`); new verdicts recalibrate their confidence, too.
        ``Alignment.changes`` lists what differs. The aligner is fitted again. Where it is not trained and
        does not take its own links for evidence, as ``propagation``, only the pairs of entities whose
        evidence changed and those that the earlier run listed as near are compared, unless the shares of
        such entities of the two sides add up to more than one half; with other aligners all pairs are.
        By default there is none.
    random_state
        Seed of everything that mining and training draw, from 0 to 2**32 minus 1.
    checkpoint
        File in which a trained aligner keeps the state of its training, and from which it goes on.
    scheduler
        Address of the scheduler of a Dask cluster, such as ``tcp://10.0.0.5:8786``, whose workers search
        large similarities (:func:`psqe.similarity.workers.search_on`); this process does when ``None``. The
        result is the same.

    Returns
    -------
    Alignment
        The links, with everything that led to them.

    Raises
    ------
    ParameterError
        If a name is unknown, an argument is given in another form, a parameter is out of range, or an earlier
        alignment was made with other modalities, another aligner or another rule, or of another pair; or if
        there is an earlier alignment, and the links of one of both are not one-to-one.
    DataError
        If the data are missing or broken, or too few seeds are found for the aligner.
    PsqeError
        If the training diverges, there is too little memory, or the cluster does not do its part.

    Warns
    -----
    PsqeWarning
        If fewer seeds are found than were asked for, or a scheduler is given for a pair so small that its
        workers have nothing to do.

    Examples
    --------
    >>> import psqe
    >>> cities = {"names": [("a", "Rome"), ("b", "Paris"), ("c", "Prague"), ("d", "Vienna")]}
    >>> villes = {"names": [("1", "Rome"), ("2", "Paris"), ("3", "Prague"), ("4", "Vienne")]}
    >>> alignment = psqe.align((cities, villes), features=["name"], seeds="none")
    >>> alignment.links[["left_name", "right_name"]].values.tolist()[-1]
    ['Vienna', 'Vienne']
    """
    return _align(
        pair,
        None,
        features=features,
        seeds=seeds,
        aligner=aligner,
        links=links,
        verdicts=verdicts,
        previous=previous,
        random_state=random_state,
        checkpoint=checkpoint,
        scheduler=scheduler,
    )


@_limits_told()
def _align(
    pair: Pair, vectors: Features | None, *, features: FeatureChoice, seeds: SeedChoice,
    aligner: str | AlignerOptions | None, links: LinkRule | None, verdicts: VerdictChoice,
    previous: PreviousChoice, random_state: int, checkpoint: str | Path | None, scheduler: str | None,
) -> Alignment:  # fmt: skip
    """Align as :func:`align` says; ``vectors`` are those that ``features`` led to, where they are known."""
    given = "give the name of an aligner, or AlignerOptions"
    check_form("the aligner", aligner, str | AlignerOptions | None, given)
    check_form(
        "links",
        links,
        LinkRule | None,
        "give a LinkRule, or None for the default; gold links are given with the pair, as an AlignmentTask",
    )
    check_form("the checkpoint", checkpoint, str | Path | None, "give the path of a file")
    if previous is not None and not (isinstance(seeds, str) and seeds == "psqe"):
        raise ParameterError(
            "the seeds are those of the earlier alignment, and others are given",
            remedy="leave out the seeds, or the earlier alignment",
        )
    random_state = _check_choices(seeds, random_state)
    options = AlignerOptions(name=aligner) if isinstance(aligner, str) else aligner or AlignerOptions()
    model = build_aligner(options, random_state)
    if checkpoint is not None and not isinstance(model, TrainedAligner):
        raise ParameterError(f"the aligner {options.name} keeps no checkpoint", remedy="leave it out")
    rule = LinkRule() if links is None else links
    if previous is not None:
        PreviousRun.check_cardinality(rule.cardinality)
    run = _load_previous(previous)
    with search_on(scheduler):
        task = load_pair(pair)
        _tell_idle(scheduler, task)
        said = _load_verdicts(task, verdicts)
        chosen_features = choose_features(task, features)
        if vectors is None:
            vectors = load_features(task, chosen_features)
        described = describe_data(task, chosen_features, vectors)
        described["aligner"] = {"name": options.name, "preset": options.preset, **model.parameters}
        described["links"] = asdict(rule)
        given_ones = given_modalities(described)
        difference = kept = evidence = listed = None
        if run is not None or reads_pictures(vectors, given_ones):  # before anybody changes the files
            evidence = evidence_of(task, vectors, given_ones)
        with measured() as cost:
            if run is None or evidence is None:
                mined = mine_seeds(task, features=vectors, seeds=seeds, random_state=random_state)
            else:
                run.check_same_method(made_with(described))
                difference = compare(run.digests, evidence)
                run.check_same_pair(task, difference)
                mined = run.seeds_of(task, difference)
                said = said.over(run.verdicts_of(task))
                kept = run.kept_links(task, difference, said)
                if not (isinstance(model, TrainedAligner) or model.reinforces_links):
                    listed = run.listed_pairs(task, difference)
            found, learned, calibration = mined, None, None
            if len(said):
                found = said.applied_to(mined)
                unaware = build_aligner(options, random_state).fit(task, vectors, mined)
                before = weigh_pairs(task, vectors, unaware, seeds=mined, listed=listed)
                with warnings.catch_warnings():  # the links that are returned tell the same
                    warnings.simplefilter("ignore", PsqeWarning)
                    learned = recalibration_of(said, before.choose(rule))
                calibration = before.calibration
            if kept is not None and learned is None:
                kept = replace(kept, confidence=kept.estimated)  # as that of new links, without a change
            elif kept is not None and learned is not None and verdicts is not None:
                kept = kept.recalibrated(learned)
            if isinstance(model, TrainedAligner):
                model.fit(task, vectors, found, checkpoint=checkpoint)
            else:
                model.fit(task, vectors, found)
            weighed = weigh_pairs(
                task,
                vectors,
                model,
                seeds=found,
                verdicts=said,
                calibration=calibration,
                kept=kept,
                listed=listed,
            )
            predicted = (weighed if learned is None else weighed.recalibrated(learned)).choose(rule)
    choices = describe_choices(task, features, vectors, seeds if run is None else mined, mined)
    if len(said) and learned is None:
        choices.append(
            "confidences not recalibrated, for which verdicts have to judge at least "
            f"{FEWEST} pairs of a run without any, at least {FEWEST_OF_A_KIND} of them correct and "
            f"{FEWEST_OF_A_KIND} wrong"
        )
    if run is not None:
        choices.append(f"seeds and verdicts of the earlier run; {told_links(task, predicted, run)}")
    choices += [
        *describe_aligner(options),
        *describe_links(
            links,
            predicted.threshold,
            seeds_kept=predicted.seeds_kept,
            calibrated=predicted.calibrated,
            n_further=predicted.n_further,
        ),
    ]

    def again(
        earlier: Alignment, grown: Pair | None, its_features: FeatureChoice, more: VerdictChoice
    ) -> Alignment:
        in_the_same_way = partial(
            _align,
            aligner=options,
            links=links,
            random_state=random_state,
            checkpoint=None,
            scheduler=scheduler,
        )
        if grown is not None:
            chosen = _features_again(chosen_features, described) if its_features is None else its_features
            return in_the_same_way(
                grown, None, features=chosen, seeds="psqe", verdicts=more, previous=earlier
            )
        said = earlier.predicted.verdicts.and_also(_load_verdicts(task, more))
        known = mined if run is None else "psqe"
        return in_the_same_way(task, vectors, features=features, seeds=known, verdicts=said, previous=run)

    return Alignment(
        task=task,
        features=vectors,
        seeds=found,
        aligner=model,
        predicted=predicted,
        choices="; ".join(choices),
        parameters={
            **described,
            **describe_seeds(mined, seeds if run is None else mined),
            **_describe_verdicts(predicted, verdicts),
        },
        seconds=cost.seconds,
        peak_mb=cost.peak_mb,
        changes=None if run is None or difference is None else link_changes(task, predicted, run, difference),
        _evidence=evidence,
        _again=again,
    )


@_limits_told()
def mine_seeds(
    pair: Pair,
    *,
    features: FeatureChoice = None,
    seeds: SeedChoice = "psqe",
    random_state: int = 0,
    scheduler: str | None = None,
) -> SeedSet:
    """Mine pseudo-seeds: pairs of entities that are believed to be the same, found without labels.

    Parameters
    ----------
    pair, features, seeds, random_state, scheduler
        As in :func:`align`.

    Returns
    -------
    SeedSet
        One-to-one pairs, best first, each with a label-free estimate of the probability that it is correct.

    Raises
    ------
    ParameterError
        If a name is unknown, a parameter is out of range, more seeds are asked for than there can be, or
        ready seeds name an entity that the pair does not have.
    DataError
        If the data are missing or broken.

    Warns
    -----
    PsqeWarning
        If fewer seeds are found than were asked for, or a scheduler is given for a pair so small that its
        workers have nothing to do.

    Examples
    --------
    >>> import psqe
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(60)
    >>> len(psqe.mine_seeds(task, features=features, seeds="mutual"))
    16
    """
    random_state = _check_choices(seeds, random_state)
    task = load_pair(pair)
    if isinstance(seeds, SeedSet):
        return checked_seeds(task, seeds)
    if isinstance(seeds, str) and seeds == WITHOUT_SEEDS:
        return SeedSet.empty()
    path = _seed_file(seeds)
    if path is not None:
        return SeedSet.load(path, task)
    options = seeds if isinstance(seeds, MinerOptions) else MinerOptions(name=str(seeds))
    vectors = load_features(task, features)
    miner = _build_miner(options, task, vectors, random_state)
    with search_on(scheduler), warnings.catch_warnings():
        _tell_idle(scheduler, task)
        if options.n_seeds is None:  # the number is a default, so fewer seeds are no surprise
            warnings.filterwarnings("ignore", "miner .* seeds asked for", PsqeWarning)
        return miner.mine(task, vectors)


def _load_verdicts(task: AlignmentTask, verdicts: VerdictChoice) -> Verdicts:
    """Return verdicts that fit the task, read from files if some are named; none for ``None``."""
    given = "give Verdicts, the path of a file with them, a list of such paths, or None"
    check_form("the verdicts", verdicts, Verdicts | str | Path | list | tuple | None, given)
    if isinstance(verdicts, Verdicts):
        verdicts.check(task)
        return verdicts
    said = Verdicts.none()
    for path in [verdicts] if isinstance(verdicts, str | Path) else verdicts or []:
        check_form("a file of verdicts", path, str | Path, given)
        more = read_verdicts(path, task)
        try:
            said = said.and_also(more)
        except DataError as error:
            raise DataError(
                f"contradicts the verdicts of the files before it: {error.what}",
                path=Path(path),
                remedy=error.remedy,
            ) from error
    return said


def _features_again(
    chosen: Features | FeatureOptions | FeatureFile, described: Mapping[str, Any]
) -> FeatureOptions:
    """Return the options by which other entities are encoded as those of an alignment were.

    Raises
    ------
    ParameterError
        If the vectors were given, so that there are none of entities that are new.
    """
    if isinstance(chosen, FeatureOptions):
        encoders = {name: one for name, one in described["encoders"].items() if one is not None}
        return FeatureOptions(modalities=tuple(described["modalities"]), encoders=encoders)
    where = f"read from {described['features']}" if isinstance(chosen, FeatureFile) else "given ready"
    raise ParameterError(
        f"the vectors of this alignment were {where}, and cannot be made for entities that are new",
        remedy="give those of all entities of the pair as features=...",
    )


def _load_previous(previous: PreviousChoice) -> PreviousRun | None:
    """Return an earlier alignment as a later one needs it; ``None`` for ``None``."""
    given = "give an Alignment, the folder that Alignment.save wrote, or None"
    check_form("the earlier alignment", previous, Alignment | PreviousRun | str | Path | None, given)
    if previous is None or isinstance(previous, PreviousRun):
        return previous
    return previous.as_previous() if isinstance(previous, Alignment) else PreviousRun.load(previous)


def _describe_verdicts(links: Links, given: VerdictChoice) -> dict[str, Any]:
    """Describe verdicts for the record: how many of each kind, what they changed, and their file."""
    if not len(links.verdicts):
        return {}
    said, learned = links.verdicts, links.recalibration
    counts = {
        "accepted": len(said.accepted), "rejected": len(said.rejected),
        "no_counterpart": sum(map(len, said.no_counterpart)),
    }  # fmt: skip
    shape = {} if learned is None else {"slope": learned.slope, "intercept": learned.intercept}
    files = [given] if isinstance(given, str | Path) else given if isinstance(given, list | tuple) else []
    return {"verdicts": {**counts, **shape, "files": [str(path) for path in files]}}


def _tell_idle(scheduler: str | None, task: AlignmentTask) -> None:
    """Warn that a cluster has nothing to do, because all pairs of a small task are compared here."""
    n_left, n_right = (len(graph.candidates) for graph in task.sides)
    if scheduler is not None and not enough_to_send(n_left, n_right):
        warnings.warn(
            f"the workers of {scheduler} have nothing to do: {task.name} has {n_left:,} times {n_right:,} "
            f"pairs of candidates, and fewer than {SMALLEST_SENT:,} are compared in this process",
            PsqeWarning,
            stacklevel=3,
        )


def load_features(task: AlignmentTask, features: FeatureChoice = None) -> Features:
    """Make the vectors that the entities of a task are compared by.

    Parameters
    ----------
    task
        The two graphs.
    features
        Ready features or a file with vectors, whose rows are matched to the entities of the task
        (:meth:`psqe.features.Features.matched`); or names of modalities or options, which are encoded
        (:func:`psqe.features.build_features`). ``None`` for the default of :func:`choose_features`.

    Returns
    -------
    The vectors of all entities, by modality.

    Raises
    ------
    ParameterError
        If a modality or an encoder is unknown, or the task or the features are given in another form.
    DataError
        If a side has nothing in a modality, both have no modality in common, or a file is missing or broken.
    """
    check_task(task)
    chosen = choose_features(task, features)
    if isinstance(chosen, FeatureOptions):
        return build_features(task, chosen.modalities or (), encoders=chosen.encoders)
    if isinstance(chosen, Features):
        return chosen.matched(task)
    vectors = Features.load(chosen.path, task, right=chosen.right)
    return vectors if chosen.modalities is None else vectors.select(chosen.modalities)


def _build_miner(options: MinerOptions, task: AlignmentTask, features: Features, random_state: int) -> Miner:
    """Build a miner for a pair: its number of seeds checked or, if none is given, chosen."""
    kind = MINERS.resolve(options.name)
    if "n_seeds" in options.parameters:
        raise ParameterError(
            "n_seeds is not among the other parameters of a miner",
            remedy="give it as --n-seeds or MinerOptions(n_seeds=...)",
        )
    parameters = _with_random_state(kind, random_state, kind.typed(options.parameters))
    known, sizes = inspect.signature(kind).parameters, [len(entities) for entities in minable(task, features)]
    if "n_clusters" in known:  # the default can exceed the number of entities
        parameters = {"n_clusters": min(known["n_clusters"].default, sum(sizes)), **parameters}
    if "n_seeds" not in known:
        return kind(**parameters)
    n_seeds = options.n_seeds
    if n_seeds is None:
        n_seeds = choose_n_seeds(min(sizes))
    most = min(len(graph.candidates) for graph in task.sides)
    if n_seeds > most:
        raise ParameterError(
            f"{counted(n_seeds, 'seed')} asked for, but only {counted(most, 'one-to-one pair')} "
            f"{in_number(most, 'is')} possible in {task.name}",
            remedy=f"ask for at most {most}",
        )
    return kind(**{"n_seeds": n_seeds, **parameters})


def build_aligner(options: AlignerOptions, random_state: int = 0) -> Aligner:
    """Build the aligner that some options describe.

    Parameters
    ----------
    options
        Name, preset and other parameters of the aligner.
    random_state
        Seed of everything that the aligner draws, unless ``options`` has one.

    Returns
    -------
    The aligner, not fitted.

    Raises
    ------
    ParameterError
        If there is no such aligner, preset or parameter, or a value is of another type.
    """
    check_form("the options of the aligner", options, AlignerOptions, "give AlignerOptions(name=...)")
    random_state = _checked_random_state(random_state)
    kind = ALIGNERS.resolve(options.name)
    return kind.preset(
        options.preset, **_with_random_state(kind, random_state, kind.typed(options.parameters))
    )


def _with_random_state(kind: type, random_state: int, parameters: dict[str, Any]) -> dict[str, Any]:
    """Add ``random_state`` to the parameters of a class that takes one."""
    takes_it = "random_state" in inspect.signature(kind).parameters
    return {"random_state": random_state, **parameters} if takes_it else parameters


def _check_choices(seeds: SeedChoice, random_state: int) -> int:
    """Check the form of the seeds and the seed of the random generators, which is returned."""
    _check_seed_choice(seeds)
    return _checked_random_state(random_state)


def _checked_random_state(random_state: int) -> int:
    return int(checked(random_state, RandomState, f"random_state is {random_state!r}"))


def _check_seed_choice(seeds: SeedChoice) -> None:
    check_form(
        "the seeds", seeds, str | Path | MinerOptions | SeedSet,
        "give the name of a miner, MinerOptions, a file (.tsv or .npy), a SeedSet, or 'none'",
    )  # fmt: skip


def _seed_file(seeds: str | Path | MinerOptions) -> Path | None:
    """Return the path if ``seeds`` names a file, rather than a miner."""
    if isinstance(seeds, Path):
        return seeds
    if isinstance(seeds, str) and seeds not in MINERS and Path(seeds).suffix in (".tsv", ".npy"):
        return Path(seeds)
    return None


# ---- what was done, in words and for the record


def describe_data(
    task: AlignmentTask, chosen: Features | FeatureOptions | FeatureFile, features: Features
) -> dict[str, Any]:
    """Describe a task and its features for the record: name, parameters, modalities, encoders or file.

    Raises
    ------
    ParameterError
        If an argument is something else.
    DataError
        If the features do not fit the task.
    """
    check_inputs(task, features)
    check_form(
        "the choice of features", chosen, Features | FeatureOptions | FeatureFile,
        "give what psqe.defaults.choose_features returns",
    )  # fmt: skip
    source: dict[str, Any] = {"features": "given"}
    if isinstance(chosen, FeatureFile):
        source = {"features": " ".join(map(str, chosen.paths))}
    elif isinstance(chosen, FeatureOptions):
        source = {"encoders": encoders_of(task, tuple(features), chosen.encoders)}
    return {"task": {"name": task.name, **task.parameters}, "modalities": list(features), **source}


def describe_seeds(seeds: SeedSet, choice: SeedChoice) -> dict[str, Any]:
    """Describe a seed set for the record: miner, number of seeds, parameters, and the file it is from.

    Raises
    ------
    ParameterError
        If an argument is something else.
    """
    check_form("the seeds", seeds, SeedSet, "give a SeedSet")
    _check_seed_choice(choice)
    path = None if isinstance(choice, SeedSet) else _seed_file(choice)
    file = {} if path is None else {"file": str(path)}
    return {"miner": {"name": seeds.miner, "seeds": len(seeds), **seeds.parameters, **file}}
