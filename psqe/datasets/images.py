"""A check that files are images, before any of them is encoded."""

from __future__ import annotations

from pathlib import Path

from psqe.datasets.faults import Faults

REMEDY = "put the image there, or leave the entity without one"


def is_image(
    path: Path, faults: Faults, *, named: str = "", source: Path | None = None, line: int | None = None
) -> bool:
    """Return whether there is an image at ``path``.

    Only the beginning of the file is read, unless faults are gathered: then all of it is.

    Parameters
    ----------
    path
        Path of the image.
    faults
        Receives a file that is missing, no image, or transparent everywhere.
    named, source, line
        The name of the image in a table, the table, and the line in it, if a table lists the image.
    """
    try:
        wrong = _wrong_with(path, thorough=faults.gather)
    except FileNotFoundError:
        wrong = "is missing"
    except Exception as error:  # decoders of broken files raise nearly anything
        wrong = f"cannot be read ({type(error).__name__})"
    if wrong:
        what = f"the image {named!r} {wrong}" if named else wrong
        faults.add(what, path=source or path, line=line, remedy=REMEDY)
    return not wrong


def _wrong_with(path: Path, *, thorough: bool) -> str:
    from PIL import Image, UnidentifiedImageError

    with path.open("rb") as stream:
        drawing = b"<svg" in stream.read(4096)
        stream.seek(0)
        if drawing:
            return _wrong_with_drawing(stream.read().decode("utf-8-sig")) if thorough else ""
        try:
            picture = Image.open(stream)
        except UnidentifiedImageError:
            return "is no image"
        if thorough:
            picture.draft("RGB", (64, 64))  # a photograph is read eight times faster at a coarse scale
            picture.load()
            if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getbbox() is None:
                return "is transparent everywhere"
    return ""


def _wrong_with_drawing(text: str) -> str:
    import io

    import resvg_py
    from PIL import Image

    data = resvg_py.svg_to_bytes(svg_string=text, width=64, height=64, skip_system_fonts=True)
    if Image.open(io.BytesIO(data)).convert("RGBA").getchannel("A").getbbox() is None:
        return "is transparent everywhere"
    return ""
