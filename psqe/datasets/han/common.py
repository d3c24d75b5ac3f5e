"""What both graphs of characters are built with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from psqe.datasets.builder import GraphBuilder
from psqe.files import content_hash

BANDS = (250, 500, 1000, 2000, 4000, 8000)
"""The last rank of each band of frequency but the last band."""

RADICALS = {
    9: "person", 30: "mouth", 32: "earth", 61: "heart", 64: "hand", 75: "tree", 85: "water", 118: "bamboo",
    120: "thread", 140: "grass", 142: "insect", 149: "speech", 167: "metal",
}  # fmt: skip
"""The radicals of which KANJIDIC2 has 250 characters or more, each by its number and its name in English.
They are the groups of reports; every other radical is in the group ``other``."""


def character_id(side: str, character: str) -> str:
    """Return the identifier of a character on a side, which tells nothing of that on the other side.

    Parameters
    ----------
    side
        ``kanji`` or ``hanzi``.
    character
        The character, or the name of a component.

    Examples
    --------
    >>> character_id("kanji", "水") == character_id("hanzi", "水")
    False
    """
    return f"{side}:{content_hash(side, character)[:12]}"


def frequency_band(rank: int) -> str:
    """Return the band of a rank by frequency.

    Examples
    --------
    >>> frequency_band(1), frequency_band(251), frequency_band(9000)
    ('1-250', '251-500', '8001-')
    """
    first = 1
    for last in BANDS:
        if rank <= last:
            return f"{first}-{last}"
        first = last + 1
    return f"{first}-"


def radical_group(radical: int | None) -> str | None:
    """Return the group of a radical, see :data:`RADICALS`; ``None`` where the radical is unknown."""
    return None if radical is None else RADICALS.get(radical, "other")


def add_shared_meanings(graph: GraphBuilder, side: str, meanings: Mapping[str, Sequence[str]]) -> None:
    """Add a node for each meaning that several characters share, in the same words, with its text.

    Parameters
    ----------
    graph
        The graph whose candidates the characters are.
    side
        ``kanji`` or ``hanzi``.
    meanings
        The meanings of each character.
    """
    counts = Counter(gloss for glosses in meanings.values() for gloss in glosses)
    for character, glosses in meanings.items():
        for gloss in glosses:
            if counts[gloss] > 1:
                graph.add(character_id(side, character), "means", graph.node("meaning", gloss, gloss))
