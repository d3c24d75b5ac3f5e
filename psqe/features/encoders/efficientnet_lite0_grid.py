"""The layout of a picture: what the middle of EfficientNet-Lite0 sees where in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psqe.features.efficientnet import PictureEncoder

if TYPE_CHECKING:
    from torch import Tensor

BLOCKS = (4, 10)
"""The blocks of the network, from 0, whose outputs are kept: after three and after four halvings of the
resolution. They were chosen on emoji en-de, and en-fr was looked at."""

CELLS = 4
"""Number of cells along either side of the grid over which an output is averaged."""


class EfficientNetGrid(PictureEncoder):
    """Feature maps from the middle of EfficientNet-Lite0 on a grid of 4 x 4 cells, 2,432 dimensions.

    The last layers of a network that was trained to name things forget where things are and what colour they
    have; two flags or two faces then look the same. The outputs of the blocks 4 and 10, averaged over the
    cells of a grid, keep both. Each of the two parts is scaled to unit length. The weights are those of
    :class:`~psqe.features.encoders.efficientnet_lite0.EfficientNetLite0`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     picture = Path(folder, "red.png")
    ...     Image.new("RGB", (32, 32), "red").save(picture)
    ...     EfficientNetGrid("layout").encode([picture]).shape
    (1, 2432)
    """

    name = "efficientnet-lite0-grid"
    modalities = ("layout",)

    @staticmethod
    def summary(model: Any, pictures: Tensor) -> Tensor:
        """See :meth:`~psqe.features.efficientnet.PictureEncoder.summary`."""
        import torch
        from torch.nn.functional import adaptive_avg_pool2d, normalize

        maps = model._swish(model._bn0(model._conv_stem(pictures)))
        parts = []
        for number, block in enumerate(model._blocks[: BLOCKS[-1] + 1]):  # the others are not computed
            maps = block(maps)
            if number in BLOCKS:
                parts.append(normalize(adaptive_avg_pool2d(maps, CELLS).flatten(1)))
        return torch.cat(parts, dim=1)
