"""Pictures: from a file of any common format to an array of pixels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
"""Share of the side that stays white around a cut-out. Image encoders are trained on photographs, in which
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
    Vector drawings (SVG) are recognised by their content and rendered; Pillow reads everything else.

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
    """Read a picture as the array that image encoders take.

    Parameters
    ----------
    path
        File of the picture.
    size
        Height and width of the result, in pixels.
    mean, std
        Mean and standard deviation of the three colours, each in [0, 1]; those of ImageNet when omitted.

    Returns
    -------
    numpy.ndarray
        Float32 ``(size, size, 3)``: colours in [0, 1], minus ``mean``, divided by ``std``.

    Raises
    ------
    DataError
        If the file is missing, no picture, or transparent everywhere.
    """
    from PIL import Image

    picture = open_picture(path).resize((size, size), Image.Resampling.BICUBIC)
    pixels: FloatArray = np.asarray(picture, dtype=np.float32) / np.float32(255)
    pixels -= np.asarray(mean, dtype=np.float32)
    pixels /= np.asarray(std, dtype=np.float32)
    return pixels
