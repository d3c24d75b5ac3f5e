"""A graph of emoji under construction, whose entities and triples are given by identifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psqe.datasets.builder import GraphBuilder
from psqe.datasets.emoji.tables import NOTHING, Annotation
from psqe.datasets.emoji.unicode import Emoji


class EmojiGraphBuilder(GraphBuilder):
    """A graph of one side, to which nodes and triples are added around its emoji.

    Parameters
    ----------
    name, language
        Name and language of the graph.
    emoji
        The emoji of the side, the only candidates.
    annotations
        Names and keywords by key.
    images
        The picture of each emoji, or ``None``.

    Examples
    --------
    >>> sun = Emoji(("2600",), "sun", "0.6", "Travel & Places", "sky & weather")
    >>> graph = EmojiGraphBuilder("emoji", "en", [sun], {}, [None])
    >>> graph.add(graph.emoji_id("2600"), "in_group", graph.node("group", "sky"))
    >>> graph.build()
    KnowledgeGraph('emoji': 2 entities, 1 candidate, 1 relation, 1 triple)
    """

    def __init__(
        self,
        name: str,
        language: str,
        emoji: Sequence[Emoji],
        annotations: dict[str, Annotation],
        images: Sequence[Path | None],
    ) -> None:
        self.emoji = emoji
        known = [annotations.get(e.key, NOTHING) for e in emoji]
        super().__init__(
            name,
            language,
            [self.emoji_id(e.key) for e in emoji],
            names=[a.name for a in known],
            attributes=[tuple(("keyword", keyword) for keyword in a.keywords) for a in known],
            images=images,
            groups=[e.group for e in emoji],
        )

    @staticmethod
    def emoji_id(key: str) -> str:
        """Return the identifier of an emoji."""
        return f"emoji:{key}"

    def has_emoji(self, key: str) -> bool:
        """Return whether an emoji belongs to this side."""
        return self.has(self.emoji_id(key))
