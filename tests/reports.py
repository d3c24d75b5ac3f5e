"""Links and facts of a report made by hand, for the tests of reports."""

from dataclasses import replace
from functools import cache

import numpy as np
from pairs import tiny

from psqe.evaluation import feature_scorer
from psqe.links import Links, predict_links
from psqe.links.report import LinkFacts, link_facts
from psqe.links.report.cards import EntityCard, LinkCard
from psqe.links.report.facts import RegionLinks
from psqe.links.unlinked import NoLinkReason

CONFIDENCE = [0.995, 0.96, 0.85, 0.5, 0.31]


@cache
def computed() -> LinkFacts:
    """Facts of a small pair without gold links."""
    task, features = tiny(10, 10)
    return link_facts(task, features, predict_links(task, features, feature_scorer(task, features)))


def links_with(confidence, from_seed) -> Links:
    """Links with these confidences; only what figures, tables and sentences read is consistent."""
    n = len(confidence)
    return replace(
        computed().links,
        pairs=np.column_stack([np.arange(n), np.arange(n)]),
        scores=np.ones(n, np.float32),
        confidence=np.array(confidence, np.float32),
        rank_margin=np.ones(n, np.float32),
        from_seed=np.array(from_seed, dtype=bool),
    )


def facts(confidence=CONFIDENCE, from_seed=(True, False, False, True, False), **changes) -> LinkFacts:
    """Facts with five links, of which gold links judge four, unless ``changes`` say otherwise."""
    made = computed()
    sizes = {"language": None, "triples": 5, "relations": 2, "mean_degree": 1.25, "isolated": 3}
    values = {
        "graphs": replace(
            made.graphs,
            left={**sizes, "name": "a", "entities": 12_000, "candidates": 200},
            right={**sizes, "name": "a", "entities": 30, "candidates": 10, "language": "fr"},
        ),
        "with_modality": {"image": replace(made.graphs, left=50, right=10)},
        "without_modality": replace(made.graphs, left=4, right=0),
        "links": links_with(confidence, from_seed),
        "correct": np.array([True, True, False, True, False]),
        "judged": np.array([True, True, True, True, False]),
        "unlinked": replace(made.graphs, left={NoLinkReason.TIE: 1, NoLinkReason.NOTHING_KNOWN: 4}, right={}),
        "regions": {"degree": {"low": RegionLinks(4, 0.5, 0.8), "high": RegionLinks(2, 0.0, None)}},
    }
    return replace(made, **{**values, **changes})


def entity(**changes) -> EntityCard:
    """A card of an entity."""
    values = {"identifier": "l:1", "name": "one", "attributes": (), "neighbours": (), "picture": None}
    return EntityCard(**{**values, **changes})


def card(**changes) -> LinkCard:
    """A card of a link."""
    values = {
        "left": entity(), "right": entity(identifier="r:1", name="un"), "confidence": 0.514, "verdict": None,
        "rank_margin": 0.0123, "runner_up": entity(identifier="r:2", name="deux"), "replaces": "right",
    }  # fmt: skip
    return LinkCard(**{**values, **changes})
