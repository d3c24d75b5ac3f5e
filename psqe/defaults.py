"""The defaults that look at the pair: which modalities are compared, and how many seeds are wanted.

:func:`psqe.align` and the command line use them for what is left out, and say what they chose.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from psqe.datasets import study_encoders, task_names
from psqe.errors import ParameterError
from psqe.features import Features, available_modalities
from psqe.features.build import encoders_of
from psqe.features.languages import unread_texts
from psqe.graph import SIDES, AlignmentTask, BoolArray, Side, Sides, counted
from psqe.links.further import LEAST
from psqe.links.rules import LinkRule
from psqe.options import AlignerOptions, FeatureFile, FeatureOptions, MinerOptions
from psqe.seeds import MINERS, SeedSet
from psqe.similarity import approximate

FeatureChoice: TypeAlias = Features | FeatureOptions | FeatureFile | Sequence[str] | None
"""The forms in which features can be given, see :func:`psqe.api.load_features`."""

SeedChoice: TypeAlias = str | Path | MinerOptions | SeedSet
"""The forms in which seeds can be given, see :func:`psqe.align`."""

SEED_SHARE = 0.3
"""Seeds wanted by default, as a share of the candidates that have a vector, on the side with fewer of them.

Chosen on emoji en-de, where the F1 of the links hardly changes from 0.1 to 0.4 and falls from 0.5 on."""


def choose_features(
    task: AlignmentTask, features: FeatureChoice = None
) -> Features | FeatureOptions | FeatureFile:
    """Decide what the entities of a task are compared by, where that is left open.

    Parameters
    ----------
    task
        The two graphs.
    features
        As in :func:`psqe.align`.

    Returns
    -------
    Ready features or a file, unchanged; otherwise options that name the modalities. By default these are the
    modalities and encoders of the study (:func:`psqe.datasets.study_encoders`) if both sides of a named
    task have them, and all that both sides have (:func:`psqe.features.available_modalities`) otherwise.

    Raises
    ------
    ParameterError
        If the features are given in another form, or the sides have no modality in common.
    """
    if isinstance(features, Features | FeatureFile):
        return features
    if not isinstance(features, FeatureOptions):
        names: tuple[Any, ...] = (features,)
        if isinstance(features, Iterable) and not isinstance(features, str | Mapping):
            names = tuple(features)
        if features is not None and not all(isinstance(name, str) for name in names):
            raise ParameterError(
                f"the features cannot be {reprlib.repr(features)}",
                remedy="give names of modalities, FeatureOptions, FeatureFile(path=...) or Features",
            )
        features = FeatureOptions(modalities=None if features is None else names)
    if features.modalities is not None:
        return features
    available, declared = available_modalities(task), study_encoders(task.name)
    if declared and declared.keys() <= {*available}:
        named = {name: encoder for name, encoder in declared.items() if encoder is not None}
        return FeatureOptions(modalities=tuple(declared), encoders={**named, **features.encoders})
    if not available:
        raise ParameterError(
            f"the two sides of {task.name} have no modality in common",
            remedy="add names, attributes or pictures to both sides, or give vectors (--features)",
        )
    return features.model_copy(update={"modalities": available})


def choose_n_seeds(n_entities: int) -> int:
    """Choose the number of seeds to ask for: :data:`SEED_SHARE` of a number of entities, at least one.

    Parameters
    ----------
    n_entities
        Number of candidates with a vector, on the side that has fewer of them.

    Examples
    --------
    >>> choose_n_seeds(1675)
    502
    """
    return max(1, round(SEED_SHARE * n_entities))


def describe_choices(
    task: AlignmentTask, features: FeatureChoice, vectors: Features, seeds: SeedChoice, found: SeedSet
) -> list[str]:
    """Say what was chosen by looking at the pair, and why.

    Parameters
    ----------
    task
        The two graphs.
    features, seeds
        What :func:`psqe.align` was given.
    vectors, found
        The features and the seeds that resulted.

    Returns
    -------
    A phrase for each choice; none where the caller chose. Told in any case are texts in a language or a
    script that their encoder does not know (:func:`psqe.features.languages.unread_texts`), candidates without
    any vector, an approximate search (:mod:`psqe.similarity.approximate`) and, of a pair without a name of
    the project, the numbers of candidates where not all entities are.
    """
    said = []
    if features is None or (isinstance(features, FeatureOptions) and features.modalities is None):
        study = study_encoders(task.name).keys() == vectors.keys()
        which = "as in the study" if study else "all that both sides have and that can be compared"
        said.append(f"modalities {', '.join(vectors)} ({which})")
    named = isinstance(seeds, str) and seeds in MINERS
    if named or (isinstance(seeds, MinerOptions) and seeds.n_seeds is None):
        said.append(
            f"{counted(found.n_wanted or 0, 'seed')} by the miner {found.miner} ({SEED_SHARE:.0%} of the "
            f"candidates with a vector on the side with fewer of them), {len(found):,} found"
        )
    if not isinstance(features, Features | FeatureFile):
        given = dict(features.encoders) if isinstance(features, FeatureOptions) else {}
        of_study = study_encoders(task.name) if features is None else {}
        usual = {
            name: encoder for name, encoder in of_study.items() if encoder is not None and name in vectors
        }
        said += unread_texts(task, encoders_of(task, tuple(vectors), {**usual, **given}))
    n_left, n_right = (len(graph.candidates) for graph in task.sides)
    if task.name not in task_names() and any(len(side.candidates) < side.n_entities for side in task.sides):
        counts = task.sides.map(lambda graph: f"{len(graph.candidates):,} of {graph.n_entities:,}")
        said.append(f"candidates: {counts.left} entities on the left and {counts.right} on the right")
    without = task.sides.map(
        lambda graph, side: int((~_described(vectors, side)[graph.candidates]).sum()), Sides(*SIDES)
    )
    if without.left or without.right:
        said.append(
            f"{without.left:,} of {n_left:,} left and {without.right:,} of {n_right:,} right candidates have "
            "no vector, so that only their neighbours can tell them apart"
        )
    if approximate.too_many_pairs(n_left, n_right):
        said.append(
            f"nearest entities found by an approximate search, because {n_left:,} times {n_right:,} pairs "
            f"are more than {approximate.EXACT:,} times {approximate.EXACT:,}"
        )
    return said


def _described(vectors: Features, side: Side) -> BoolArray:
    """Return whether each entity of a side has a vector of any modality."""
    described: BoolArray = np.any([modality[side].present for modality in vectors.values()], axis=0)
    return described


def describe_aligner(options: AlignerOptions) -> list[str]:
    """Say which aligner and which preset of it were taken, where they were not given.

    Parameters
    ----------
    options
        The choice of the aligner. A field that was left out when it was made has its default.

    Returns
    -------
    One phrase; none where both were given.

    Examples
    --------
    >>> describe_aligner(AlignerOptions()), describe_aligner(AlignerOptions(name="eva"))
    (['aligner propagation, preset small'], ['preset small of eva'])
    """
    left_out = {"name", "preset"} - options.model_fields_set
    if "name" in left_out:
        return [f"aligner {options.name}, preset {options.preset}"]
    return [f"preset {options.preset} of {options.name}"] if left_out else []


BEST_BY = {"sinkhorn": "by their share of a transport plan", "cosine": "by similarity", "csls": "by CSLS"}
"""What pairs are ranked by when links are chosen, by the name of the matching."""


def describe_links(
    rule: LinkRule | None, threshold: float, *, seeds_kept: bool, calibrated: bool, n_further: int = 0
) -> list[str]:
    """Say how links were chosen, where a part of the rule is a default or was found in the data.

    Parameters
    ----------
    rule
        The rule that was given, or ``None``.
    threshold
        The smallest confidence of a link that resulted.
    seeds_kept
        Whether seeds are links without competition (:class:`psqe.links.Links`).
    calibrated
        Whether confidences are calibrated (:class:`psqe.links.Links`).
    n_further
        Number of further links (:class:`psqe.links.Links`); 0 by default.

    Returns
    -------
    One phrase about the choice, unless rule, matching and threshold all differ from their defaults and are
    not automatic; one where entities may be in several links; and one where confidences are not calibrated.

    Examples
    --------
    >>> describe_links(None, 0.0, seeds_kept=False, calibrated=True)[0]
    "links: pairs that are each other's best by their share of a transport plan, whatever their confidence"
    >>> found = describe_links(LinkRule(threshold=None), 0.4, seeds_kept=True, calibrated=False)
    >>> found[0].partition(" plan, ")[2], len(found)
    ('with a confidence of at least 0.4 (found without gold links)', 2)
    """
    used, default = rule or LinkRule(), LinkRule()
    doubt = [] if calibrated else ["confidences could not be calibrated, and are usually too high"]
    further = []
    if used.cardinality != "one-to-one":
        who = "right entities" if used.cardinality == "one-to-many" else "entities"
        n = counted(n_further, "further link") if n_further else "no further link"
        further = [
            f"{used.cardinality}: {n} with a confidence of at least {max(threshold, LEAST):.4g} for {who} "
            "that were in none"
        ]
    same = used.matching == default.matching or used.rule == default.rule
    if not same and used.threshold not in (None, default.threshold):
        return [*further, *doubt]
    pairs = "pairs that are each other's best"
    if used.rule == "one_to_one":
        pairs = "the one-to-one pairs that are best in sum"
    least = f"with a confidence of at least {threshold:.4g}" if threshold else "whatever their confidence"
    found = " (found without gold links)" if used.threshold is None else ""
    seeds = "the seeds, and " if seeds_kept else ""
    return [f"links: {seeds}{pairs} {BEST_BY[used.matching]}, {least}{found}", *further, *doubt]
