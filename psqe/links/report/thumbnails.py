"""Small pictures of entities for a page, as data URIs."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from psqe.errors import DataError, PsqeWarning
from psqe.features.image import open_picture
from psqe.graph import KnowledgeGraph, counted

PIXELS = 64
"""Width and height of a picture."""

PictureForm = Literal["png", "webp"]
"""How a picture is stored: without loss, or with a loss that nobody sees and in a third of the space."""


def thumbnail(path: Path | None, unread: list[DataError], form: PictureForm = "png") -> str | None:
    """Make a small picture.

    Parameters
    ----------
    path
        The file of the picture; ``None`` where there is none.
    unread
        Receives the error of a picture that cannot be read.
    form
        How it is stored; ``png`` by default.

    Returns
    -------
    str or None
        The picture of :data:`PIXELS` pixels as a data URI; ``None`` where there is none or it cannot be read.

    Examples
    --------
    >>> print(thumbnail(None, []))
    None
    """
    if path is None:
        return None
    from PIL import Image

    data = io.BytesIO()
    try:
        picture = open_picture(path, drawing_pixels=2 * PIXELS)
    except DataError as error:
        unread.append(error)
        return None
    small = picture.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    if form == "png":
        small.save(data, "PNG", optimize=True)
    else:
        small.save(data, "WEBP", quality=80, method=4)
    return f"data:image/{form};base64," + base64.b64encode(data.getvalue()).decode("ascii")


def tell_unread(graph: KnowledgeGraph, unread: Sequence[DataError], page: str) -> None:
    """Warn of pictures of a graph that cannot be read; say nothing where there are none.

    Parameters
    ----------
    graph
        The graph.
    unread
        The errors that reading them caused.
    page
        What leaves them out, such as ``the report``: a page is never worth the links.

    Warns
    -----
    PsqeWarning
        If there are such pictures.
    """
    if unread:
        warnings.warn(
            f"graph {graph.name!r}: {page} leaves out {counted(len(unread), 'image')} that cannot be "
            f"read: {unread[0]}",
            PsqeWarning,
            stacklevel=3,
        )
