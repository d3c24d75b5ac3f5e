"""The facts of a report on links: computed without labels, and checked against gold links where known.

Gold links are kept apart from everything else: they judge links and never choose what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from psqe.datasets.info import graph_info
from psqe.errors import ParameterError
from psqe.evaluation.regions import Regions, all_regions
from psqe.evaluation.truth import correct, judged
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.features.languages import unread_texts
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, Side, Sides
from psqe.links.arguments import check_inputs
from psqe.links.predict import Links, check_links
from psqe.links.quality import link_summary
from psqe.links.report.cards import LinkCard, link_cards, rejected_cards
from psqe.links.unlinked import NoLinkReason, reasons_without_link
from psqe.parameters import check_form
from psqe.seeds import SeedSet
from psqe.seeds.audit import coverage

BORDER = 0.5
"""The confidence at which a link is as likely wrong as correct."""

CERTAIN = 0.9
"""A link with at least this confidence counts as certain."""

N_CASES = 20
"""Number of links shown of each kind."""

_EVALUATED = "give the result of psqe.evaluation.evaluate, or leave it out"

N_REJECTED = 10
"""Number of pairs shown whose confidence is below the threshold."""


@dataclass(frozen=True)
class RegionLinks:
    """Links of one region of the candidates.

    Parameters
    ----------
    size
        Number of candidates of both sides.
    linked
        Share of these candidates that have a link.
    confidence
        Mean confidence of the links whose left entity is in the region; ``None`` without such links.

    Examples
    --------
    >>> RegionLinks(size=4, linked=0.5, confidence=0.8).expected_correct
    0.4
    """

    size: int
    linked: float
    confidence: float | None

    @property
    def expected_correct(self) -> float:
        """Share of the candidates that are expected to have a correct link."""
        return self.linked * (self.confidence or 0.0)


@dataclass(frozen=True, eq=False)
class LinkFacts:
    """Everything that a report on links shows.

    Parameters
    ----------
    task_name
        The name of the aligned pair.
    graphs
        Sizes of either graph, from :func:`psqe.datasets.info.graph_info`.
    with_modality
        By modality, the number of candidates of either side that have it.
    without_modality
        The number of candidates of either side that have none of the modalities.
    links
        The predicted links.
    correct, judged
        Boolean arrays ``(n_links,)``: which links are gold links, and which have an entity that is in a gold
        link; ``None`` without gold links.
    quality
        The result of :func:`psqe.links.quality.link_quality`; ``None`` without gold links.
    evaluation
        The result of :func:`psqe.evaluation.evaluate`; ``None`` where the ranking was not evaluated.
    border
        The links whose confidence is nearest to :data:`BORDER`, most confident first.
    certain
        Links drawn at random from those with a confidence of at least :data:`CERTAIN`.
    rejected
        The most confident pairs that the threshold rejected.
    unlinked
        For either side, the number of candidates without a link by reason.
    regions
        Links by kind of region and by region.
    provenance
        Parameters and versions that the links were computed with.
    unread
        Sentences about texts in a language or a script that their encoder does not know
        (:func:`psqe.features.languages.unread_texts`); none where the encoders are not known.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> facts = link_facts(task, features, links)
    >>> sum(facts.unlinked.left.values()) + len(facts.links) == len(task.left.candidates)
    True
    """

    task_name: str
    graphs: Sides[Mapping[str, Any]]
    with_modality: Mapping[str, Sides[int]]
    without_modality: Sides[int]
    links: Links
    correct: BoolArray | None
    judged: BoolArray | None
    quality: Mapping[str, Any] | None
    evaluation: Mapping[str, Any] | None
    border: tuple[LinkCard, ...]
    certain: tuple[LinkCard, ...]
    rejected: tuple[LinkCard, ...]
    unlinked: Sides[Mapping[NoLinkReason, int]]
    regions: Mapping[str, Mapping[str, RegionLinks]]
    provenance: Mapping[str, Any]
    unread: Sequence[str]


def link_facts(
    task: AlignmentTask,
    features: Features,
    links: Links,
    *,
    seeds: SeedSet | None = None,
    evaluation: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> LinkFacts:
    """Compute the facts of a report on links.

    Parameters
    ----------
    task, features
        The pair of graphs that was aligned, and its features.
    links
        The predicted links.
    seeds
        The seeds that the links were found with; ``None`` where they are not known.
    evaluation
        The result of :func:`psqe.evaluation.evaluate` with these seeds; ``None`` without gold links, or where
        the ranking was not evaluated.
    provenance
        The mappings ``parameters`` and ``versions`` that the links were computed with; none by default.

    Raises
    ------
    DataError
        If the features do not fit the task.
    ParameterError
        If the links are those of another task, or an argument is something else.
    """
    check_inputs(task, features)
    check_links(task, links)
    check_form("the evaluation", evaluation, Mapping | None, _EVALUATED)
    if evaluation is not None and "metrics" not in evaluation:
        raise ParameterError("the evaluation has no entry 'metrics'", remedy=_EVALUATED)
    check_form("the provenance", provenance, Mapping | None, "give a mapping, or leave it out")
    order, _ = canonical_order(task, features)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    has_modality = Sides(*(_present(task, features, side) for side in SIDES))
    return LinkFacts(
        task_name=task.name,
        graphs=task.sides.map(graph_info),
        with_modality={
            name: has_modality.map(lambda masks, name=name: int(masks[name].sum())) for name in features
        },
        without_modality=has_modality.map(lambda masks: int((~np.any(list(masks.values()), axis=0)).sum())),
        links=links,
        correct=correct(links.pairs, task),
        judged=judged(links.pairs, task),
        quality=link_summary(links, task, seeds=seeds)["link_quality"],
        evaluation=evaluation,
        border=link_cards(task, links, _border(links, rank)),
        certain=link_cards(task, links, _certain(links, rank)),
        rejected=rejected_cards(task, links, N_REJECTED),
        unlinked=Sides(
            *(Counter(reasons_without_link(task, features, links, side).values()) for side in SIDES)
        ),
        regions={kind: _by_region(links, part) for kind, part in all_regions(task, features).items()},
        provenance=dict(provenance or {}),
        unread=unread_texts(task, (provenance or {}).get("parameters", {}).get("encoders", {})),
    )


def _present(task: AlignmentTask, features: Features, side: Side) -> dict[str, BoolArray]:
    """By modality, which candidates of a side have it."""
    candidates = task.sides[side].candidates
    return {name: modality[side].present[candidates] for name, modality in features.items()}


def _border(links: Links, rank: IntArray) -> IntArray:
    """Positions of the links nearest to :data:`BORDER`; ``rank`` is the left entities' canonical rank."""
    nearest = np.lexsort((rank[links.pairs[:, 0]], np.abs(links.confidence - BORDER)))[:N_CASES]
    return nearest[np.argsort(-links.confidence[nearest], kind="stable")]


def _certain(links: Links, rank: IntArray) -> IntArray:
    """Positions of links drawn at random from the certain ones; the most confident ones if these are few."""
    n = max(int((links.confidence >= CERTAIN).sum()), N_CASES)
    # The draw starts from an order that does not depend on how entities are numbered.
    pool = np.argsort(rank[links.pairs[:n, 0]], kind="stable")
    drawn = np.random.default_rng(0).permutation(pool)[:N_CASES]
    return np.sort(drawn).astype(np.int64)


def _by_region(links: Links, regions: Regions) -> dict[str, RegionLinks]:
    linked = coverage(links.pairs, regions)
    labels = regions.left[links.pairs[:, 0]]
    found = {}
    for label, (name, size) in enumerate(zip(regions.names, regions.sizes().tolist(), strict=True)):
        if size:
            confidence = links.confidence[labels == label]
            mean = float(confidence.mean()) if len(confidence) else None
            found[name] = RegionLinks(size, linked[name], mean)
    return found
