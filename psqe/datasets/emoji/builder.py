"""A graph of emoji under construction, whose entities and triples are given by identifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from psqe.datasets.emoji.tables import NOTHING, Annotation
from psqe.datasets.emoji.unicode import Emoji
from psqe.graph import KnowledgeGraph


class GraphBuilder:
    """A graph of one side, to which nodes and triples are added around its emoji.

    Parameters
    ----------
    name, language
        Name and language of the graph.
    emoji
        The emoji of the side. They become the entities ``0 .. len(emoji) - 1``, the only candidates.
    annotations
        Names and keywords by key.
    images
        The picture of each emoji, or ``None``.

    Examples
    --------
    >>> sun = Emoji(("2600",), "sun", "0.6", "Travel & Places", "sky & weather")
    >>> graph = GraphBuilder("emoji", "en", [sun], {}, [None])
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
        self.name, self.language, self.emoji = name, language, emoji
        self.annotations = annotations
        self.images = images
        self._index = {self.emoji_id(e.key): i for i, e in enumerate(emoji)}
        self._labels: list[str | None] = []
        self._relations: dict[str, int] = {}
        self._triples: list[tuple[int, int, int]] = []

    @staticmethod
    def emoji_id(key: str) -> str:
        """Return the identifier of an emoji."""
        return f"emoji:{key}"

    def has_emoji(self, key: str) -> bool:
        """Return whether an emoji belongs to this side."""
        return self.emoji_id(key) in self._index

    def node(self, kind: str, code: str, label: str | None = None) -> str:
        """Return the identifier of a node that is no emoji, and add the node if it is new.

        Parameters
        ----------
        kind, code
            Kind of the node, such as ``"currency"``, and its code among the nodes of this kind.
        label
            Text of the node; ``None`` for codes and numbers, which are no text.
        """
        identifier = f"{kind}:{code}"
        if identifier not in self._index:
            self._index[identifier] = len(self._index)
            self._labels.append(label)
        return identifier

    def add(self, head: str, relation: str, tail: str) -> None:
        """Add a triple between two identifiers that exist."""
        number = self._relations.setdefault(relation, len(self._relations))
        self._triples.append((self._index[head], number, self._index[tail]))

    def build(self) -> KnowledgeGraph:
        """Return the graph: the emoji first, then the other nodes in the order in which they were added."""
        n_other = len(self._labels)
        known = [self.annotations.get(e.key, NOTHING) for e in self.emoji]
        of_emoji = [tuple(("keyword", keyword) for keyword in a.keywords) for a in known]
        of_others = [(("label", label),) if label else () for label in self._labels]
        return KnowledgeGraph(
            name=self.name,
            entities=tuple(self._index),
            relations=tuple(self._relations),
            triples=np.array(self._triples, dtype=np.int64),
            candidates=np.arange(len(self.emoji)),
            names=tuple([a.name for a in known] + [None] * n_other),
            attributes=(*of_emoji, *of_others),
            images=(*self.images, *[None] * n_other),
            groups=tuple([e.group for e in self.emoji] + [None] * n_other),
            language=self.language,
        )
