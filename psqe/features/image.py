"""Pictures: from a file of any common format to an array of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psqe.files import content_hash
from psqe.graph import FloatArray
from psqe.pictures.content import OR_WITHOUT, NoPictureError, picture_bytes

if TYPE_CHECKING:
    from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RENDERING = 3
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
    try:
        return content_hash(picture_bytes(path))
    except NoPictureError as error:
        raise error.at(path, subject="the image") from error


def open_picture(path: Path, *, drawing_pixels: int = SVG_PIXELS) -> Image.Image:
    """Read a picture and put it in the middle of a white square (RGB).

    A cut-out (a picture with transparent parts) loses the margin it has, which differs from one artist to
    the next, and gets one of :data:`MARGIN`; a picture without transparency keeps its size.
    Vector drawings (SVG) are recognised by their content and rendered; Pillow reads everything else, and
    only its first frame. See :mod:`psqe.pictures` for what is bounded.

    Parameters
    ----------
    path
        File of the picture.
    drawing_pixels
        Longer side of a rendered vector drawing in pixels, before its margin is cut off; :data:`SVG_PIXELS`
        by default. A thumbnail needs fewer, and takes less time.

    Raises
    ------
    DataError
        If the file is missing, no picture, too large, or transparent everywhere.
    """
    try:
        return _squared(path, drawing_pixels)
    except NoPictureError as error:
        raise error.at(path, subject="the image") from error


def _squared(path: Path, drawing_pixels: int) -> Image.Image:
    from PIL import Image

    from psqe.pictures.pixels import decode

    picture = decode(picture_bytes(path), drawing_pixels)
    alpha = picture.getchannel("A")
    is_cut_out = bool((np.asarray(alpha) < 255).any())
    box = alpha.getbbox()
    if box is None:
        raise NoPictureError("is transparent everywhere", remedy=OR_WITHOUT.removeprefix("or "))
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
        If the file is missing, no picture, too large, or transparent everywhere.
    """
    from PIL import Image

    picture = open_picture(path).resize((size, size), Image.Resampling.BICUBIC)
    pixels: FloatArray = np.asarray(picture, dtype=np.float32) / np.float32(255)
    pixels -= np.asarray(mean, dtype=np.float32)
    pixels /= np.asarray(std, dtype=np.float32)
    return pixels
