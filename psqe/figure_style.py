"""One look for all figures: the style file, a palette safe for the colour-blind, one mark per miner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

P = ParamSpec("P")

STYLE = Path(__file__).with_suffix(".mplstyle")

# Okabe and Ito's palette: told apart with any kind of colour vision.
BLACK, GREY = "#000000", "#8C8C8C"
ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"

RIGHT, WRONG = BLUE, VERMILION
"""Colours of right and wrong seeds; a symbol always goes with them."""

RIGHT_SYMBOL, WRONG_SYMBOL = "\N{CHECK MARK}", "\N{BALLOT X}"

LEFT_SIDE, RIGHT_SIDE = SKY, ORANGE
"""Colours of the two graphs."""


@dataclass(frozen=True)
class Mark:
    """How a series is drawn: colour and marker, so that neither has to be told apart alone."""

    colour: str
    marker: str


MARKS = {
    "pivot": Mark(VERMILION, "s"),
    "mutual": Mark(BLUE, "D"),
    "psqe": Mark(GREEN, "o"),
    "random": Mark(GREY, "v"),
    "true links": Mark(BLACK, "*"),
}
"""The mark of every miner by name, the same in all figures."""

SPARE = (Mark(PURPLE, "^"), Mark(ORANGE, "P"), Mark(SKY, "X"), Mark(GREY, "<"), Mark(BLACK, ">"))
"""Marks of series with another name, in order of appearance."""


def marks(names: Iterable[str]) -> dict[str, Mark]:
    """A mark for every name; names that are no miner's share out :data:`SPARE`, again from its start."""
    chosen: dict[str, Mark] = {}
    n_spare = 0
    for name in names:
        if name in MARKS:
            chosen[name] = MARKS[name]
        else:
            chosen[name] = SPARE[n_spare % len(SPARE)]
            n_spare += 1
    return chosen


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the book's style, and take the figure out of pyplot's hands.

    A figure that pyplot still holds is shown by a notebook twice when it is also the value of a cell,
    and stays in memory for ever in a script.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with plt.style.context(STYLE):
            figure = draw(*args, **kwargs)
            plt.close(figure)
        return figure

    return drawn
