"""Figures of what mining costs: seconds and peak memory of each stage against the number of entities."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator

from psqe.figure_style import BLACK, BLUE, GREEN, GREY, ORANGE, Mark, styled
from psqe.study.figures.drawing import plain_numbers, require_columns

STAGE_MARKS = {
    "cluster": Mark(BLUE, "o"),
    "refine": Mark(ORANGE, "s"),
    "expand": Mark(GREEN, "^"),
    "total": Mark(BLACK, "D"),
}
"""The mark of every stage of PSQE."""

PART_MARKS = {
    "seeds": Mark(BLUE, "o"),
    "aligner": Mark(ORANGE, "s"),
    "links": Mark(GREEN, "^"),
    "total": Mark(BLACK, "D"),
}
"""The mark of every part of an alignment."""

NAMES = {"fr_en": "DBP15K fr_en", "planted": "planted pair", "align": "planted pair"}
"""Names of the kinds of data in the legend."""


@styled
def scaling(table: pd.DataFrame, *, border: int | None = None) -> Figure:
    """Draw seconds and peak memory of each stage or part against the number of entities, on logarithmic axes.

    Parameters
    ----------
    table
        What :func:`psqe.study.tables.costs.scaling` or
        :func:`psqe.study.tables.costs.alignment_scaling` returns. The first kind of data has full marks and
        lines, the second hollow marks and broken lines.
    border
        The number of entities at which the search for counterparts changes from exact to approximate; it is
        not drawn when omitted.
    """
    figure, panels = plt.subplots(1, 2, figsize=(7, 3.6))
    kinds = list(dict.fromkeys(table["data"]))
    marks = PART_MARKS if "align" in kinds else STAGE_MARKS
    texts = {"seconds": "seconds", "peak_gb": "peak memory of the process, GB"}
    for axes, (value, text) in zip(panels, texts.items(), strict=True):
        axes.set(title=text, xlabel="entities of both sides")
        if table.empty:
            axes.set(xticks=[], yticks=[])
            axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)
            continue
        for kind, stage in product(kinds, marks):
            rows = table[(table["data"] == kind) & (table["stage"] == stage)]
            mark, first = marks[stage], kind == kinds[0]
            axes.loglog(
                rows["entities"], rows[value], marker=mark.marker, color=mark.colour,
                ls="-" if first else "--", mfc=mark.colour if first else "white", ms=4.5, lw=1.2,
                zorder=2 + (stage != "total"),
            )  # fmt: skip
        axes.xaxis.set_major_locator(LogLocator(10))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        plain_numbers(axes, "y")
        if value == "peak_gb":  # An axis of less than a decade would have hardly a number.
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, 0.3), max(high, 12))
        if border is not None:
            _draw_border(axes, border)
    if kinds:
        _draw_legend(
            figure, kinds, {name: mark for name, mark in marks.items() if name in set(table["stage"])}
        )
    return figure


@styled
def seconds_by_notebook(table: pd.DataFrame) -> Figure:
    """Draw how long each notebook took, as level bars in the order of the table.

    Parameters
    ----------
    table
        One row for each notebook, with the columns ``notebook`` and ``seconds``.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["notebook", "seconds"])
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.22 * len(table)))
    axes.barh(table["notebook"], table["seconds"], color=BLUE)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="seconds")
    return figure


def _draw_border(axes: Axes, border: int) -> None:
    """Draw a dotted line between exact and approximate search."""
    low, high = axes.get_xlim()
    axes.set_xlim(low, max(high, 3 * border))
    axes.axvline(border, color=GREY, lw=0.9, ls=":")
    for side, words in (("right", "exact "), ("left", " approx.")):
        axes.text(border, 0.01, words, transform=axes.get_xaxis_transform(), ha=side, va="bottom", color=GREY,
                  fontsize=8.5)  # fmt: skip


def _draw_legend(figure: Figure, kinds: list[str], marks: Mapping[str, Mark]) -> None:
    """Write a legend that tells stages by their marks and kinds of data by their lines."""
    handles = [Line2D([], [], color=mark.colour, marker=mark.marker, ms=5) for mark in marks.values()]
    handles += [
        Line2D([], [], color=GREY, marker="o", ms=5, ls="--" if i else "-", mfc="white" if i else GREY)
        for i in range(len(kinds))
    ]
    labels = [*marks, *(NAMES.get(kind, kind) for kind in kinds)]
    figure.legend(handles, labels, loc="outside upper left", ncols=6)
