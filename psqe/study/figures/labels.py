"""Names under pictures: names that the font cannot draw are replaced, and long ones are cut."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font

from psqe.graph import AlignmentTask, Side

FAMILY = "DejaVu Sans"
"""The font that comes with matplotlib. Fonts of the machine are not used, so that figures are the same
everywhere."""


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Collect the code points that the font can draw."""
    return frozenset(get_font(findfont(FontProperties(family=FAMILY))).get_charmap())


def drawable(text: str) -> bool:
    """Tell whether the font has a glyph for every character of a text."""
    return all(character.isspace() or ord(character) in _glyphs() for character in text)


def label(text: str, *, width: int = 15, lines: int = 2) -> str:
    r"""Break a text into lines, and end it with an ellipsis where it is too long.

    Parameters
    ----------
    text
        The text, on one line.
    width
        Most characters of a line.
    lines
        Most lines.

    Examples
    --------
    >>> label("woman in lotus position", width=8)
    'woman in\nlotus…'
    """
    # A dollar sign would begin a formula.
    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder="\u2026")
    return "\n".join(wrapped).replace("$", r"\$")


def entity_labels(task: AlignmentTask, side: Side) -> tuple[str, ...]:
    """Choose a text for each entity of a side that the font can draw.

    Where neither graph has a name, these are the first attribute values, and empty texts for entities that
    have none. Else these are the names of the entities if the font can draw those of all candidates.
    Otherwise (Chinese, Japanese) each entity gets the name of its counterpart on the other side, in brackets,
    where there is one that can be drawn, or else its identifier without prefix, which for an emoji is its
    code points.

    Parameters
    ----------
    task
        The pair of graphs.
    side
        The side whose entities are named.

    Returns
    -------
    tuple of str
        One text an entity.
    """
    graph = task.sides[side]
    other = task.sides["right" if side == "left" else "left"]
    if not any(graph.names) and not any(other.names):
        return tuple(_first_value(pairs) for pairs in graph.attributes)
    own = [graph.names[i] or "" for i in graph.candidates]
    if any(own) and all(map(drawable, own)):
        return tuple(name or _short(entity) for name, entity in zip(graph.names, graph.entities, strict=True))
    labels = [_short(entity) for entity in graph.entities]
    links = np.empty((0, 2), dtype=np.int64) if task.links is None else task.links
    of_counterparts: dict[int, list[str]] = {}
    for pair in links.tolist():
        mine, theirs = pair if side == "left" else pair[::-1]
        name = other.names[theirs]
        if name and drawable(name):
            of_counterparts.setdefault(mine, []).append(name)
    for mine, names in of_counterparts.items():
        labels[mine] = f"[{min(names)}]"
    return tuple(labels)


def _first_value(pairs: Sequence[tuple[str, str | None]]) -> str:
    """Return the first attribute value that the font can draw, else an empty text."""
    return next((value for _, value in pairs if value and drawable(value)), "")


def _short(identifier: str) -> str:
    """Cut an identifier, such as ``emoji:1f600`` or a URI, to its last part."""
    return identifier.rpartition("/")[2].rpartition(":")[2] or identifier
