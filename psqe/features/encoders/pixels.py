"""The pixels of a picture, small and grey: an encoder for line drawings, which needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from psqe.features.encoder_registry import ItemEncoder
from psqe.features.image import RENDERING, open_picture
from psqe.graph import FloatArray

SIDE = 32
"""Width and height to which a picture is reduced, in pixels."""


class Pixels(ItemEncoder):
    """How dark a picture is in each of 32 x 32 places, 1,024 dimensions.

    A network that was trained on photographs looks for textures and parts of things. Characters, signs and
    other line drawings have none, and are told apart by where their ink is. A picture is cut to its outline
    and put into the middle of a white square first (:func:`psqe.features.image.open_picture`), so that
    neither its size nor its margin counts; its colours do not count either.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     picture = Path(folder, "black.png")
    ...     Image.new("RGB", (64, 64), "black").save(picture)
    ...     Pixels("image").encode([picture]).min()
    np.float32(1.0)
    """

    name = "pixels"
    modalities = ("image",)
    version = f"1-r{RENDERING}"
    batch_size = 256

    def encode(self, items: Sequence[Path]) -> FloatArray:
        """Encode at most 256 pictures.

        Parameters
        ----------
        items
            The files of the pictures.

        Returns
        -------
        numpy.ndarray
            Float32 ``(n, 1024)``, from 0 for white to 1 for black.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        from PIL import Image

        rows = np.empty((len(items), SIDE * SIDE), dtype=np.float32)
        for row, path in enumerate(items):
            small = open_picture(path).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
            rows[row] = 1 - np.asarray(small, dtype=np.float32).ravel() / np.float32(255)
        return rows
