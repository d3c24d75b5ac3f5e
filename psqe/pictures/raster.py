"""Pictures made of pixels: read by Pillow, in bounded memory, as eight bits of red, green, blue and alpha."""

from __future__ import annotations

import io
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from psqe.pictures.content import OR_WITHOUT, NoPictureError, no_picture

LONGEST_SIDE = 4096
"""Number of pixels of the longer side above which a picture is shrunk while it is read. No encoder takes
as many; smaller pictures are never changed here."""

MOST_PIXELS = 64_000_000
"""Number of pixels of the largest picture. All of them are in memory at once."""

MOST_PIXELS_OF_JPEG = 400_000_000
"""Number of pixels of the largest JPEG file, which can be read at a coarse scale."""

FORMATS = (
    "PNG", "JPEG", "MPO", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "ICO", "CUR", "ICNS", "JPEG2000",
    "PPM", "PCX", "DCX", "TGA", "SGI", "PSD", "DDS", "QOI", "XBM", "XPM", "IM", "SPIDER", "MSP", "SUN",
    "BLP", "FLI",
)  # fmt: skip
"""The formats that are read: those that Pillow decodes itself, without starting another program."""


def open_header(stream: IO[bytes]) -> Image.Image:
    """Recognise a picture by its beginning; no pixel is decoded yet.

    Parameters
    ----------
    stream
        The file, open for as long as the picture is used.

    Raises
    ------
    NoPictureError
        If it is no picture, or has too many pixels.
    """
    start = stream.read(1024)
    stream.seek(0)
    most = MOST_PIXELS
    try:
        if start.startswith(b"\xff\xd8\xff"):
            most = MOST_PIXELS_OF_JPEG
            picture: Image.Image = JpegImageFile(stream)  # Image.open would refuse one of many pixels
        else:
            Image.init()
            picture = Image.open(stream, formats=[name for name in FORMATS if name in Image.OPEN])
    except UnidentifiedImageError as error:
        raise no_picture(start) from error
    except Image.DecompressionBombError as error:
        raise _too_many("has far too many pixels") from error
    except Exception as error:  # decoders of broken files raise nearly anything
        raise broken(error) from error
    n_pixels = picture.width * picture.height
    if n_pixels > most:
        raise _too_many(f"has {picture.width:,} x {picture.height:,} pixels, more than {most:,}")
    return picture


def open_raster(data: bytes, *, coarse: bool = False) -> Image.Image:
    """Decode a picture (its first frame), turned upright, as RGBA.

    Greys of 16 or 32 bits and floating-point numbers become eight bits: see :func:`_eight_bits`. A picture
    whose longer side has more than :data:`LONGEST_SIDE` pixels is shrunk by a whole number.

    Parameters
    ----------
    data
        The content of the file.
    coarse
        Whether a coarse scale will do, which is faster for photographs.

    Raises
    ------
    NoPictureError
        If it is no picture, is broken, or has too many pixels.
    """
    picture = open_header(io.BytesIO(data))
    try:
        longest = max(picture.size)
        if coarse:
            picture.draft("RGB", (64, 64))
        elif longest > LONGEST_SIDE:
            width, height = (max(1, n * LONGEST_SIDE // longest) for n in picture.size)
            picture.draft(None, (width, height))
        picture.load()
        if picture.mode[0] in "IF":
            return _shrunk(_upright(picture, _eight_bits(picture)))
        if picture.mode == "LAB":
            picture = _from_lab(picture)
        return _shrunk(_upright(picture, picture))
    except NoPictureError:
        raise
    except Exception as error:  # decoders of broken files raise nearly anything
        raise broken(error) from error


def broken(error: BaseException) -> NoPictureError:
    """Return the error for a picture that a decoder recognised and could not decode."""
    return NoPictureError(
        f"cannot be read ({type(error).__name__}: {error})", remedy=f"save it again as PNG, {OR_WITHOUT}"
    )


def _too_many(what: str) -> NoPictureError:
    return NoPictureError(what, remedy=f"save it smaller, {OR_WITHOUT}")


def _upright(source: Image.Image, picture: Image.Image) -> Image.Image:
    """Turn a picture as the camera says. A note of the camera that is broken counts as none."""
    picture.info.setdefault("exif", source.info.get("exif", b""))
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # a broken note is no reason not to show the picture
        return picture


def _shrunk(picture: Image.Image) -> Image.Image:
    """Return a picture as RGBA, shrunk by a whole number if its longer side is too long."""
    factor = -(-max(picture.size) // LONGEST_SIDE)
    if factor == 1:
        return picture.convert("RGBA")
    if picture.mode in ("1", "P", "PA", "CMYK") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    return picture.reduce(factor).convert("RGBA")


def _from_lab(picture: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, lab, rgb, outputMode="RGB")
    return converted if converted is not None else picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return greys of more than eight bits as eight bits, with the alpha channel if a grey is transparent.

    Greys of 16 bits keep their upper eight. Other numbers have no largest value: those within 0 and 1 (only
    of floating point), 0 and 255, or 0 and 65,535 are taken to fill that range, and any others are stretched
    from the smallest to the largest.
    """
    values: Any = np.asarray(picture)
    transparent = picture.info.get("transparency")
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG"):
        greys = (values >> 8).clip(0, 255).astype(np.uint8)
    else:
        values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 65535:
            span = (low, high)
        elif picture.mode == "F" and high <= 1:
            span = (0.0, 1.0)
        else:
            span = (0.0, 255.0 if high <= 255 else 65535.0)
        values -= np.float32(span[0])
        values *= np.float32(255 / ((span[1] - span[0]) or 1))
        greys = values.round().clip(0, 255).astype(np.uint8)
    grey = Image.fromarray(greys, "L")
    if isinstance(transparent, int):
        alpha = Image.fromarray(np.where(np.asarray(picture) == transparent, 0, 255).astype(np.uint8), "L")
        grey = Image.merge("LA", (grey, alpha))
    return grey
