"""The right graph: OpenMoji's drawings, Unicode's versions and tones, CLDR's facts about flags."""

from __future__ import annotations

from collections.abc import Sequence

from psqe.datasets.emoji.assets import openmoji
from psqe.datasets.emoji.builder import EmojiGraphBuilder
from psqe.datasets.emoji.tables import NOTHING, read_annotations, read_artists, read_territories
from psqe.datasets.emoji.unicode import Emoji, read_emoji, untoned_keys
from psqe.graph import KnowledgeGraph


def right_graph(language: str, emoji: Sequence[Emoji]) -> KnowledgeGraph:
    """Build the right graph of emoji.

    Its relations are keywords, versions, artists and variants of tones; flags have regions, official
    languages and currencies.

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
    DataError
        If an installed package lacks its data.
    """
    table = read_annotations(language)
    graph = EmojiGraphBuilder(f"openmoji-{language}", language, emoji, table, openmoji(e.code for e in emoji))
    artists = read_artists() or {}
    untoned = untoned_keys(read_emoji())
    tonable = set(untoned.values())
    for e in emoji:
        head = graph.emoji_id(e.key)
        for keyword in table.get(e.key, NOTHING).keywords:
            graph.add(head, "has_keyword", graph.node("keyword", keyword, keyword))
        graph.add(head, "emoji_version", graph.node("version", e.version))
        if artist := artists.get(e.key):
            graph.add(head, "drawn_by", graph.node("artist", artist))
        if e.tones:
            graph.add(head, "toned_variant_of", graph.emoji_id(untoned[e.key]))
        # OpenMoji's field: "single" also marks an untoned emoji that can take a tone.
        if e.tones or e.key in tonable:
            combination = "multiple" if len(set(e.tones)) > 1 else "single"
            graph.add(head, "tone_combination", graph.node("tones", combination))
    _add_territories(graph)
    return graph.build()


def _add_territories(graph: EmojiGraphBuilder) -> None:
    """Add facts about the territories whose flags are in the graph, and the regions that contain them."""
    facts = read_territories()
    within = facts["within"]
    open_regions: list[str] = []
    for e in graph.emoji:
        if e.territory is None:
            continue
        head = graph.emoji_id(e.key)
        for region in within.get(e.territory, ()):
            graph.add(head, "within", graph.node("region", region))
            open_regions.append(region)
        for spoken in facts["official_language"].get(e.territory, ()):
            graph.add(head, "official_language", graph.node("language", spoken))
        for currency in facts["currency"].get(e.territory, ()):
            graph.add(head, "currency", graph.node("currency", currency))
    seen: set[str] = set()
    while open_regions:
        region = open_regions.pop(0)
        if region in seen:
            continue
        seen.add(region)
        for wider in within.get(region, ()):
            graph.add(graph.node("region", region), "within", graph.node("region", wider))
            open_regions.append(wider)
