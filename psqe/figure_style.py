"""One look for all figures: a style file, a palette for any colour vision, and one mark for each miner."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from itertools import cycle
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from psqe.figure_text import describe

P = ParamSpec("P")

STYLE = Path(__file__).with_suffix(".mplstyle")
"""The style file of matplotlib that all figures use."""

# The palette of Okabe and Ito, whose colours can be distinguished with any kind of colour vision.
BLACK, GREY = "#000000", "#8C8C8C"
ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"

CORRECT, WRONG = BLUE, VERMILION
"""Colours of correct and wrong pairs; a symbol always accompanies them."""

CORRECT_SYMBOL, WRONG_SYMBOL = "\N{CHECK MARK}", "\N{BALLOT X}"

LEFT_SIDE, RIGHT_SIDE = SKY, ORANGE
"""Colours of the two graphs."""


@dataclass(frozen=True)
class Mark:
    """The colour and the marker of a series; a reader needs only one of them to recognise it."""

    colour: str
    marker: str


MARKS = {
    "pivot": Mark(VERMILION, "s"),
    "pivot, fused": Mark(ORANGE, "P"),
    "mutual": Mark(BLUE, "D"),
    "psqe": Mark(GREEN, "o"),
    "psqe, even": Mark(SKY, "X"),
    "random": Mark(GREY, "v"),
    "true links": Mark(BLACK, "*"),
}
"""The mark of each kind of seeds by its name, the same in all figures."""

SPARE = (
    Mark(PURPLE, "^"), Mark(ORANGE, "P"), Mark(SKY, "X"), Mark(GREY, "<"), Mark(BLACK, ">"), Mark(GREEN, "o"),
    Mark(BLUE, "D"), Mark(VERMILION, "s"),
)  # fmt: skip
"""Marks of series that are no kind of seeds, in order of appearance."""


def marks(names: Iterable[str]) -> dict[str, Mark]:
    """Choose a mark for each name.

    Kinds of seeds have the marks of :data:`MARKS`. Other names take those marks of :data:`SPARE` that no kind
    of seeds among the names has, in turn.
    """
    names = list(dict.fromkeys(names))
    chosen = {name: MARKS[name] for name in names if name in MARKS}
    spare = cycle([mark for mark in SPARE if mark not in chosen.values()])
    return {name: chosen[name] if name in chosen else next(spare) for name in names}


LONGEST = 60
"""Number of characters of a text from data that a figure shows."""


def plain(text: str) -> str:
    r"""Return a text that came with the data as a figure can show it.

    A dollar sign starts no formula, control characters are left out, and a long text is cut.

    Examples
    --------
    >>> print(plain("5 $ or 6 $"))
    5 \$ or 6 \$
    """
    shown = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    shown = shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return shown.replace("$", r"\$")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorate a function so that it draws in :data:`STYLE` and pyplot does not keep its figure.

    A notebook shows a figure that pyplot keeps twice when it is also the value of a cell, and a script keeps
    such a figure in memory until it ends. A notebook that shows the figure also gets a text that says what is
    to be seen (:func:`psqe.figure_text.describe`), in the metadata of the picture under ``alt``.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with plt.style.context(STYLE):
            figure = draw(*args, **kwargs)
            plt.close(figure)

        def texts(**_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            return {}, {"image/png": {"alt": describe(figure)}}

        # IPython makes the picture, and asks this method for what goes with it.
        setattr(figure, "_repr_mimebundle_", texts)  # noqa: B010
        return figure

    return drawn
