"""Names under pictures: what the font can draw, decided once per graph, cut to fit."""

from __future__ import annotations

import textwrap
from functools import lru_cache

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font

from psqe.graph import AlignmentTask, Side

FAMILY = "DejaVu Sans"
"""The font that comes with matplotlib. Fonts of the machine are not used: figures are the same everywhere."""


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Code points that the font can draw."""
    return frozenset(get_font(findfont(FontProperties(family=FAMILY))).get_charmap())


def drawable(text: str) -> bool:
    """Whether the font has a glyph for every character of a text."""
    return all(character.isspace() or ord(character) in _glyphs() for character in text)


def label(text: str, *, width: int = 15, lines: int = 2) -> str:
    """Break a text into at most so many lines of at most so many characters; an ellipsis where it is cut."""
    # A dollar sign would begin a formula.
    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder="\u2026")
    return "\n".join(wrapped).replace("$", r"\$")


def entity_labels(task: AlignmentTask, side: Side) -> tuple[str, ...]:
    """A text per entity that can be drawn.

    The entities' own names if the font can draw those of all candidates. If it cannot (Chinese, Japanese),
    the name of the counterpart on the other side, in brackets, where there is one and it can be drawn; else
    the identifier without its prefix, for an emoji its code points.
    """
    graph = task.sides[side]
    other = task.sides["right" if side == "left" else "left"]
    own = [graph.names[i] or "" for i in graph.candidates]
    if any(own) and all(map(drawable, own)):
        return tuple(name or _short(entity) for name, entity in zip(graph.names, graph.entities, strict=True))
    labels = [_short(entity) for entity in graph.entities]
    links = np.empty((0, 2), dtype=np.int64) if task.links is None else task.links
    for pair in links.tolist():
        mine, theirs = pair if side == "left" else pair[::-1]
        name = other.names[theirs]
        if name and drawable(name):
            labels[mine] = f"[{name}]"
    return tuple(labels)


def _short(identifier: str) -> str:
    """The last part of an identifier: of ``emoji:1f600``, of a URI."""
    return identifier.rpartition("/")[2].rpartition(":")[2] or identifier
