"""The data of the review page as a mapping for JSON: entities by position among the candidates of a side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from psqe.datasets.licences import picture_credit
from psqe.features.base import Features
from psqe.graph import SIDES, AlignmentTask, DoubleArray, FloatArray, IntArray, Side, Sides, positions
from psqe.links.arguments import check_inputs
from psqe.links.predict import Links, check_links
from psqe.links.report.cards import N_ATTRIBUTES, entity_cards, last_part, shortened
from psqe.links.report.evidence import linked_neighbours, modality_cosines
from psqe.links.report.review_pictures import review_pictures
from psqe.links.report.review_rows import ReviewPairs, review_pairs
from psqe.links.report.sentences import BECAUSE
from psqe.links.unlinked import reasons_without_link
from psqe.links.verdict_files import check_verdict_identifiers
from psqe.seeds import SeedSet

MOST_PICTURES = 6000
"""The largest number of pictures on a page: those of the first pairs."""

LONGEST_NAME = 200
"""Number of characters of a name that are shown and searched."""

DECIMALS = 3
"""Digits of similarities and cosines behind the point."""


def review_data(
    task: AlignmentTask, features: Features, links: Links, *, seeds: SeedSet | None = None
) -> dict[str, Any]:
    """Gather what the review page shows. No gold link is read.

    Parameters
    ----------
    task, features
        The pair of graphs that was aligned, and its features.
    links
        The predicted links.
    seeds
        The seeds that the links were found with; ``None`` where they are not known.

    Returns
    -------
    dict
        Texts and numbers, ready for JSON. An entity is its position among the candidates of its side, a text
        its position in ``texts``, and a picture its position in ``pictures``; -1 or ``None`` is none.

    Raises
    ------
    ParameterError
        If the links are those of another task, or a file with verdicts cannot hold an identifier
        (:func:`psqe.links.verdict_files.check_verdict_identifiers`).
    DataError
        If the features do not fit the task.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> data = review_data(task, features, links)
    >>> data["n_proposed"], len(data["pairs"]["left"]) == len(links) + len(links.doubtful)
    (20, True)
    """
    check_inputs(task, features)
    check_links(task, links)
    check_verdict_identifiers(
        task, remedy="rename these entities, because verdicts are written into a .tsv file"
    )
    rows = review_pairs(task, links, seeds)
    texts = _Texts()
    at = task.sides.map(lambda graph: positions(graph.candidates, graph.n_entities))
    reasons = _reasons(task, features, links)
    pictures = review_pictures(task, links, rows.pairs, MOST_PICTURES)
    return {
        "task": task.name,
        "threshold": links.threshold,
        "calibrated": links.calibrated,
        "credit": picture_credit(task.name),
        "n_proposed": rows.n_proposed,
        "sides": {
            side: _side(task, links, side, at, texts) | {"pictures": pictures.places[side]} for side in SIDES
        },
        "pairs": _pairs(task, features, links, rows, at),
        "alone": {
            side: [[int(at[side][entity]), texts.place(reason)] for entity, reason in reasons[side].items()]
            for side in SIDES
        },
        "verdicts": _verdicts(links, at),
        "texts": texts.found,
        "pictures": pictures.shown,
        "n_left_out": pictures.n_left_out,
    }


class _Texts:
    """Texts that occur often, each once."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """The position of a text, which is added if it is new."""
        if text not in self._places:
            self._places[text] = len(self.found)
            self.found.append(text)
        return self._places[text]

    def short(self, text: str) -> int:
        """The position of the last part of a text, cut."""
        return self.place(shortened(last_part(text)))


def _side(
    task: AlignmentTask, links: Links, side: Side, at: Sides[IntArray], texts: _Texts
) -> dict[str, Any]:
    """The candidates of one side, each with its description and its two nearest on the other side."""
    graph = task.sides[side]
    candidates = graph.candidates.tolist()
    described = entity_cards(graph, candidates, with_pictures=False)
    cards = [described[entity] for entity in candidates]
    two = links.nearest[side]
    back = at["right" if side == "left" else "left"]
    return {
        "graph": graph.name,
        "language": graph.language,
        "ids": [card.identifier for card in cards],
        "names": [shortened(card.name or last_part(card.identifier), LONGEST_NAME) for card in cards],
        "attributes": [
            [
                [texts.short(label), texts.short(value) if value else -1]
                for label, value in graph.attributes[entity][:N_ATTRIBUTES]
            ]
            for entity in candidates
        ],
        "neighbours": [
            [[texts.short(relation), texts.short(other)] for relation, other in card.neighbours]
            for card in cards
        ],
        "nearest": [
            [[int(back[other]), score] for other, score in zip(others, scores, strict=True) if other >= 0]
            for others, scores in zip(two.entities.tolist(), map(_numbers, two.scores), strict=True)
        ],
    }


def _pairs(
    task: AlignmentTask, features: Features, links: Links, rows: ReviewPairs, at: Sides[IntArray]
) -> dict[str, Any]:
    """The pairs, with the reasons for their similarity."""
    around = linked_neighbours(task, links.pairs, rows.pairs)
    named: list[list[int]] = [[] for _ in range(len(rows))]
    for row, one, other in zip(around.of.tolist(), *_at(around.pairs, at), strict=True):
        named[row] += [one, other]
    cosines = modality_cosines(task, features, rows.pairs)
    left, right = _at(rows.pairs, at)
    return {
        "left": left,
        "right": right,
        "confidence": _exact(rows.confidence),
        "similarity": _numbers(rows.similarity),
        "margin": _numbers(rows.margin),
        "seed": np.flatnonzero(rows.from_seed).tolist(),
        "cosines": {name: _numbers(values) for name, values in cosines.items()},
        "n_around": around.counts.tolist(),
        "around": named,
    }


def _at(pairs: IntArray, at: Sides[IntArray]) -> tuple[list[int], list[int]]:
    return at.left[pairs[:, 0]].tolist(), at.right[pairs[:, 1]].tolist()


def _exact(values: FloatArray) -> list[float | None]:
    """The shortest numbers from which float32 values can be restored; ``None`` for what is not finite."""
    return [float(str(value)) if np.isfinite(value) else None for value in values]


def _numbers(values: FloatArray | DoubleArray) -> list[float | None]:
    """Values with :data:`DECIMALS` digits; ``None`` for what is not finite."""
    return [round(value, DECIMALS) if np.isfinite(value) else None for value in values.tolist()]


def _reasons(task: AlignmentTask, features: Features, links: Links) -> Sides[Mapping[int, str]]:
    """Why each candidate without a link has none, in words, by entity index."""
    found = (reasons_without_link(task, features, links, side) for side in SIDES)
    return Sides(*({entity: BECAUSE[why] for entity, why in reasons.items()} for reasons in found))


def _verdicts(links: Links, at: Sides[IntArray]) -> dict[str, Any]:
    """The verdicts that the links keep to."""
    said = links.verdicts
    return {
        "accept": list(zip(*_at(said.accepted, at), strict=True)),
        "reject": list(zip(*_at(said.rejected, at), strict=True)),
        **{side: at[side][said.no_counterpart[side]].tolist() for side in SIDES},
    }
