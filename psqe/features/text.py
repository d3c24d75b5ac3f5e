"""The texts of entities and relations, which text encoders and bigrams read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from psqe.graph import KnowledgeGraph

SEPARATOR = ", "


def readable(label: str) -> str:
    """Return the words of a label or URI: its last part, decoded, camel case and underscores split.

    Examples
    --------
    >>> readable("http://dbpedia.org/ontology/birthPlace")
    'birth Place'
    """
    last = re.split(r"[/#]", label.rstrip("/#"))[-1]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unquote(last)).replace("_", " ")
    return " ".join(words.split())


def name_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the surface form of each entity; empty where there is none."""
    return [(name or "").strip() for name in graph.names]


def translation_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the machine-translated name of each entity; empty where there is none."""
    return [(name or "").strip() for name in graph.translations]


def attribute_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the distinct attribute values of each entity in one text, or its labels if it has no value.

    The values are sorted by attribute and value: attributes are a set, and equal sets must have equal texts.
    """
    texts = []
    for pairs in graph.attributes:
        values = [value.strip() for _, value in sorted((a, v) for a, v in pairs if v is not None)]
        texts.append(_joined(values) or _joined(sorted(readable(label) for label, _ in pairs)))
    return texts


def relation_texts(graph: KnowledgeGraph) -> list[str]:
    """Return the words of the label of each relation."""
    return [readable(label) for label in graph.relations]


def _joined(words: Sequence[str]) -> str:
    return SEPARATOR.join(dict.fromkeys(word for word in words if word))


TEXTS: dict[str, Callable[[KnowledgeGraph], list[str]]] = {
    "name": name_texts,
    "translated_name": translation_texts,
    "attribute": attribute_texts,
    "relation": relation_texts,
}
"""The function that reads the texts of each modality: one text per entity, or per relation."""
