"""The pixels of a picture of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psqe.pictures.drawing import is_drawing, parse_drawing
from psqe.pictures.raster import open_raster
from psqe.pictures.renderer import render

if TYPE_CHECKING:
    from PIL import Image


def decode(data: bytes, pixels: int, *, coarse: bool = False) -> Image.Image:
    """Decode a picture, or render a drawing, as RGBA.

    Parameters
    ----------
    data
        The content of the file.
    pixels
        Number of pixels of the longer side of a drawing.
    coarse
        Whether a coarse scale will do for a picture made of pixels.

    Raises
    ------
    NoPictureError
        If it is no picture, is broken, or too large.
    """
    if is_drawing(data):
        drawing = parse_drawing(data)
        data = render(drawing.text, pixels, with_fonts=drawing.has_text)
    return open_raster(data, coarse=coarse)
