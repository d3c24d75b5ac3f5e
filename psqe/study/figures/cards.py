"""Galleries of pairs as cards: an entity, what was chosen for it, and what it should have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from psqe.errors import ParameterError
from psqe.figure_style import CORRECT_SYMBOL, WRONG_SYMBOL
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, KnowledgeGraph, Side, Sides
from psqe.study.figures.gallery import Gallery
from psqe.study.figures.sheets import PictureSheets
from psqe.study.tables.candidates import link_places


@dataclass(frozen=True, eq=False)
class CardGroup:
    """Pairs that a gallery shows under one title.

    Attributes
    ----------
    title
        The title of the group.
    pairs
        The left entity of each card and the right entity chosen for it ``(n, 2)``, as positions among the
        candidates of either side.
    notes
        A short text on each card.
    is_open
        Whether the cards are seen before a reader opens the group; ``False`` by default.
    """

    title: str
    pairs: IntArray
    notes: Sequence[str]
    is_open: bool = False


def shown_text(graph: KnowledgeGraph, entity: int) -> str:
    """Return the text by which a page names an entity: its name, its first attribute value or its identifier.

    Parameters
    ----------
    graph
        The graph.
    entity
        Index of the entity.

    Examples
    --------
    >>> graph = KnowledgeGraph("emoji", ("emoji:1f600", "b"), (), [], names=(None, "grinning face"))
    >>> shown_text(graph, 0), shown_text(graph, 1)
    ('emoji:1f600', 'grinning face')
    """
    values = (value for _, value in graph.attributes[entity] if value)
    return graph.names[entity] or next(values, None) or graph.entities[entity]


def pair_cards(sheets: PictureSheets, groups: Sequence[CardGroup]) -> Gallery:
    """Show pairs as cards, group by group: the left entity, what was chosen for it, and its true counterpart.

    Every card says by a word, a symbol and a colour whether the pair is correct. Of several true
    counterparts, the first is shown. The name of an entity is a link, by which the explorer of the page shows
    the entity (:class:`psqe.study.figures.Explorer`).

    Parameters
    ----------
    sheets
        The pictures of the task; they are to be shown on the page before.
    groups
        The groups.

    Raises
    ------
    ParameterError
        If there is no group, or a group has not one note for each pair.
    DataError
        If the task has no gold links.
    """
    if not groups:
        raise ParameterError("no group to show", remedy="give at least one")
    places = link_places(sheets.task)
    cards = _Cards(sheets, dict(places[::-1].tolist()), Sides(*map(_linked, places.T, sheets.task.sides)))
    parts = []
    for group in groups:
        if len(group.notes) != len(group.pairs):
            raise ParameterError(
                f"{len(group.pairs)} pairs and {len(group.notes)} notes", remedy="give one for each pair"
            )
        shown = "".join(
            cards.card(left, right, note)
            for (left, right), note in zip(group.pairs.tolist(), group.notes, strict=True)
        )
        content = f'<ul class="entity-cards">{shown}</ul>' if shown else "<p>There is none.</p>"
        is_open = " open" if group.is_open else ""
        parts.append(f"<details{is_open}><summary>{escape(group.title)}</summary>{content}</details>")
    return Gallery(f'<div class="entity-gallery">{"".join(parts)}</div>')


def _linked(places: IntArray, graph: KnowledgeGraph) -> BoolArray:
    """Tell which candidates of a side are in a gold link ``(n,)``."""
    linked = np.zeros(len(graph.candidates), dtype=bool)
    linked[places] = True
    return linked


@dataclass(frozen=True, eq=False)
class _Cards:
    """What a card needs: the pictures, the counterpart of each left entity, and who has a counterpart."""

    sheets: PictureSheets
    counterparts: dict[int, int]
    linked: Sides[BoolArray]

    def card(self, left: int, right: int, note: str) -> str:
        """Return the card of a pair."""
        true = self.counterparts.get(left, -1)
        is_correct = true == right
        kind, symbol = ("correct", CORRECT_SYMBOL) if is_correct else ("wrong", WRONG_SYMBOL)
        mark = f'<span class="verdict"><span aria-hidden="true">{symbol}</span> {kind}</span>'
        parts = [self.entity("left", left), mark, self.entity("right", right)]
        if not is_correct and true >= 0:
            parts.append(f'<span class="truth">should be</span>{self.entity("right", true)}')
        reasons = [note] if note else []
        reasons += [
            f"The {side} one has no counterpart."
            for side, place in zip(SIDES, (left, right), strict=True)
            if not self.linked[side][place]
        ]
        words = f'<p class="remark">{escape(" ".join(reasons))}</p>' if reasons else ""
        return f'<li class="{kind}">{"".join(parts)}{words}</li>'

    def entity(self, side: Side, place: int) -> str:
        """Return the picture and the name of an entity."""
        task: AlignmentTask = self.sheets.task
        graph = task.sides[side]
        language = f' lang="{escape(graph.language)}"' if graph.language else ""
        text = escape(shown_text(graph, int(graph.candidates[place])))
        return (
            f'<a class="entity" href="#matching-explorer" data-entity="{side}-{place}">'
            f"{self.sheets.picture(side, place)}<span{language}>{text}</span></a>"
        )
