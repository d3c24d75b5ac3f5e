"""Short descriptions of entities and links: name, attributes or neighbours, picture, runner-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.truth import correct, judged
from psqe.graph import SIDES, AlignmentTask, IntArray, KnowledgeGraph, Side, Sides
from psqe.links.predict import Links
from psqe.links.report.thumbnails import tell_unread, thumbnail
from psqe.links.unlinked import runner_up

LONGEST = 60
"""Number of characters of a name or an attribute that are shown."""

N_ATTRIBUTES = 4
"""Number of attributes that are shown."""

N_NEIGHBOURS = 3
"""Number of neighbours that are shown."""

Verdict = Literal["correct", "wrong", "unknown"]
"""What the gold links say about a pair; ``unknown`` when neither entity is in a gold link."""


@dataclass(frozen=True)
class EntityCard:
    """A short description of an entity.

    Parameters
    ----------
    identifier
        The identifier of the entity in its graph.
    name
        The name of the entity, or ``None``.
    attributes
        A few attribute values; labels of attributes where the entity has neither values nor neighbours.
    neighbours
        A few triples around the entity, as the label of the relation and the other entity.
    picture
        The picture of the entity as a data URI, or ``None``.

    Examples
    --------
    >>> card = EntityCard("https://kg.example/resource/Thing", None, (), (("near", "Other"),), None)
    >>> card.title, card.details
    ('Thing', 'near: Other')
    """

    identifier: str
    name: str | None
    attributes: tuple[str, ...]
    neighbours: tuple[tuple[str, str], ...]
    picture: str | None

    @property
    def title(self) -> str:
        """The name, or the last part of the identifier, cut to :data:`LONGEST` characters."""
        return shortened(self.name or last_part(self.identifier))

    @property
    def details(self) -> str:
        """The attributes, or the neighbours of an entity without attributes."""
        if self.attributes:
            return ", ".join(shortened(last_part(text)) for text in self.attributes)
        return "; ".join(
            f"{shortened(last_part(relation))}: {shortened(last_part(other))}"
            for relation, other in self.neighbours
        )


@dataclass(frozen=True)
class LinkCard:
    """A short description of a link, or of a pair that did not become one.

    Parameters
    ----------
    left, right
        The two entities.
    confidence
        The estimated probability that the pair is correct.
    verdict
        What the gold links say; ``None`` without gold links.
    from_seed
        Whether the model was trained on the pair.
    rank_margin
        The similarity minus the largest similarity of either entity to another candidate; ``None`` where
        there is no other candidate or the pair is no link.
    runner_up
        The entity that came nearest to replacing one end of the link; ``None`` where there is none.
    replaces
        The side of the end that the runner-up would replace.

    Examples
    --------
    >>> paris = EntityCard("Q90", "Paris", (), (), None)
    >>> LinkCard(paris, paris, confidence=0.9, verdict=None).from_seed
    False
    """

    left: EntityCard
    right: EntityCard
    confidence: float
    verdict: Verdict | None
    from_seed: bool = False
    rank_margin: float | None = None
    runner_up: EntityCard | None = None
    replaces: Side | None = None


def link_cards(task: AlignmentTask, links: Links, positions: IntArray) -> tuple[LinkCard, ...]:
    """Describe some links.

    Parameters
    ----------
    task
        The pair of graphs that was aligned.
    links
        The predicted links.
    positions
        Positions of the links to describe in ``links.pairs``.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out.
    """
    rivals = [runner_up(task, links, int(position)) for position in positions]
    extra = Sides(*([r.entity for r in rivals if r is not None and r.side == side] for side in SIDES))
    cards = _both_sides(task, links.pairs[positions], extra)
    verdicts = _verdicts(task, links.pairs[positions])
    return tuple(
        LinkCard(
            left=cards.left[int(links.pairs[position, 0])],
            right=cards.right[int(links.pairs[position, 1])],
            confidence=float(links.confidence[position]),
            verdict=verdict,
            from_seed=bool(links.from_seed[position]),
            rank_margin=float(margin) if np.isfinite(margin := links.rank_margin[position]) else None,
            runner_up=None if rival is None else cards[rival.side][rival.entity],
            replaces=None if rival is None else rival.side,
        )
        for position, rival, verdict in zip(positions.tolist(), rivals, verdicts, strict=True)
    )


def rejected_cards(task: AlignmentTask, links: Links, n: int) -> tuple[LinkCard, ...]:
    """Describe the ``n`` most confident pairs that a rule chose and the threshold rejected.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out.
    """
    pairs = links.doubtful[:n]
    cards = _both_sides(task, pairs, Sides([], []))
    return tuple(
        LinkCard(cards.left[left], cards.right[right], float(confidence), verdict)
        for (left, right), confidence, verdict in zip(
            pairs.tolist(), links.doubtful_confidence[:n], _verdicts(task, pairs), strict=True
        )
    )


def _verdicts(task: AlignmentTask, pairs: IntArray) -> list[Verdict | None]:
    hits, known = correct(pairs, task), judged(pairs, task)
    if hits is None or known is None:
        return [None] * len(pairs)
    return [
        "correct" if hit else "wrong" if judge else "unknown" for hit, judge in zip(hits, known, strict=True)
    ]


def _both_sides(
    task: AlignmentTask, pairs: IntArray, extra: Sides[list[int]]
) -> Sides[dict[int, EntityCard]]:
    """Cards of the entities of ``pairs (n, 2)`` and of ``extra`` entities, by entity index."""
    return Sides(
        *(
            entity_cards(task.sides[side], sorted({*pairs[:, column].tolist(), *extra[side]}))
            for column, side in enumerate(SIDES)
        )
    )


def entity_cards(
    graph: KnowledgeGraph, entities: Sequence[int], *, with_pictures: bool = True
) -> dict[int, EntityCard]:
    """Describe some entities of a graph, by entity index, with their pictures unless told otherwise.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out: a report is never worth the links.
    """
    neighbours = _neighbours(graph, entities)
    cards = {}
    unread: list[DataError] = []
    for entity in entities:
        attributes = [value for _, value in graph.attributes[entity] if value]
        if not attributes and not neighbours[entity]:
            # A value identifies an entity; a label without a value tells only what kind of thing it is.
            attributes = list(dict.fromkeys(label for label, _ in graph.attributes[entity]))
        cards[entity] = EntityCard(
            identifier=graph.entities[entity],
            name=graph.names[entity] or graph.translations[entity],
            attributes=tuple(attributes[:N_ATTRIBUTES]),
            neighbours=tuple(neighbours[entity]),
            picture=thumbnail(graph.images[entity], unread) if with_pictures else None,
        )
    tell_unread(graph, unread, "the report")
    return cards


def _neighbours(graph: KnowledgeGraph, entities: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """The first few triples around each entity, as the label of the relation and the other entity."""
    found: dict[int, list[tuple[str, str]]] = {entity: [] for entity in entities}
    touching = np.isin(graph.triples[:, [0, 2]], list(found)).any(axis=1)
    for head, relation, tail in graph.triples[touching].tolist():
        for entity, other in ((head, tail), (tail, head)):
            if entity in found and len(found[entity]) < N_NEIGHBOURS:
                told = (graph.relations[relation], graph.names[other] or graph.entities[other])
                found[entity] += [] if told in found[entity] else [told]
    return found


def last_part(text: str) -> str:
    """Return the last part of a URI; any other text unchanged.

    Examples
    --------
    >>> last_part("https://kg.example/resource/Thing"), last_part("a/b")
    ('Thing', 'a/b')
    """
    return text.rstrip("/#").replace("#", "/").rpartition("/")[2] if "://" in text else text


def shortened(text: str, longest: int = LONGEST) -> str:
    """Cut a text to a number of characters; an ellipsis then stands for the rest.

    Examples
    --------
    >>> shortened("abcdef", 4), shortened("abcd", 4)
    ('abc…', 'abcd')
    """
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
