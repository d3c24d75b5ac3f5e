"""An encoder: which letters a text has."""

import string
from collections.abc import Sequence

import numpy as np

from psqe.features.encoder_registry import ItemEncoder
from psqe.graph import FloatArray


class LetterEncoder(ItemEncoder):
    """How often each of the 26 Latin letters stands in a name, and how long the name is."""

    name = "letters"
    version = "1"
    batch_size = 1024
    modalities = ("name",)

    def encode(self, items: Sequence[str]) -> FloatArray:
        """Encode names: float32 ``(n, 27)``."""
        counts = [[text.lower().count(letter) for letter in string.ascii_lowercase] for text in items]
        lengths = [[1 + len(text)] for text in items]
        return np.hstack([counts, lengths]).astype(np.float32)
