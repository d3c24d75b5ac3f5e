"""A gallery of pairs for a page: pictures beside each other, in groups that open and close."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image

from psqe.errors import ParameterError
from psqe.features.image import open_picture
from psqe.figure_style import CORRECT, GREY
from psqe.graph import AlignmentTask, IntArray, counted
from psqe.study.figures.labels import entity_labels, label

PIXELS = 56
"""Width and height of a picture in pixels."""

MOST_OTHERS = 3
"""Number of counterparts that are shown of one entity at most."""


@dataclass(frozen=True)
class Gallery:
    """Pairs as a piece of a web page, which a notebook shows as it is.

    Parameters
    ----------
    html
        The piece of a page, with its pictures in it.

    Examples
    --------
    >>> Gallery("<p>nothing</p>")._repr_html_()
    '<p>nothing</p>'
    """

    html: str

    def _repr_html_(self) -> str:
        return self.html


def link_gallery(task: AlignmentTask, groups: Sequence[tuple[str, IntArray]]) -> Gallery:
    """Show left entities and their true counterparts, group by group.

    A group opens when a reader selects its title. An entity without a counterpart in the task says so; of
    several counterparts the first :data:`MOST_OTHERS` are shown.

    Parameters
    ----------
    task
        The two graphs, with gold links.
    groups
        The title of each group, and its left entities ``(n,)``.

    Raises
    ------
    ParameterError
        If there is no group.
    DataError
        If a picture cannot be read.
    """
    if not groups:
        raise ParameterError("no group to show", remedy="give at least one")
    others: dict[int, list[int]] = {}
    for left, right in [] if task.links is None else sorted(task.links.tolist()):
        others.setdefault(left, []).append(right)
    texts = entity_labels(task, "left"), entity_labels(task, "right")
    parts = []
    for title, entities in groups:
        cells = []
        for left in entities.tolist():
            found = others.get(left, [])[:MOST_OTHERS]
            pictures = [_picture(task.left.images[left], texts[0][left])]
            pictures.append(f'<span style="color:{GREY}">&#8594;</span>')
            pictures += [_picture(task.right.images[right], texts[1][right]) for right in found]
            if not found:
                pictures.append(f'<span style="color:{GREY}">no counterpart in this pair</span>')
            cells.append(
                '<div style="display:inline-flex;align-items:center;gap:.3rem;margin:.2rem .9rem .2rem 0">'
                + "".join(pictures)
                + "</div>"
            )
        n_linked = sum(left in others for left in entities.tolist())
        summary = f"{escape(title)}: {counted(len(entities), 'entity')}, {n_linked:,} with a counterpart"
        parts.append(
            f'<details style="border-left:3px solid {CORRECT};padding-left:.6rem;margin:.3rem 0">'
            f"<summary>{summary}</summary>{''.join(cells)}</details>"
        )
    return Gallery("".join(parts))


def _picture(path: Path | None, text: str) -> str:
    """Return a picture with its text below it; a dotted box where there is no picture."""
    caption = escape(label(text, width=12, lines=1)) or "&#160;"
    style = f"width:{PIXELS}px;height:{PIXELS}px;background:white"
    box = (
        f'<span style="display:inline-block;border:1px dotted {GREY};{style}"></span>'
        if path is None
        else f'<img src="{_data_uri(path)}" alt="{escape(text)}" style="{style}">'
    )
    return (
        '<span style="display:inline-flex;flex-direction:column;align-items:center;font-size:.7rem">'
        f"{box}<span>{caption}</span></span>"
    )


def _data_uri(path: Path) -> str:
    buffer = io.BytesIO()
    picture = open_picture(path).convert("L").resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    picture.quantize(8).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
