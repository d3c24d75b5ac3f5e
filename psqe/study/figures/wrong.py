"""Figures about wrong seeds: how hard they pull, when, and what a robust loss forgives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from psqe.figure_style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, Mark, styled
from psqe.graph import DoubleArray
from psqe.study.figures.drawing import (
    DASHES,
    draw_level,
    draw_means,
    plain_numbers,
    require_columns,
    side_by_side,
)

KIND_MARKS = {
    "correct": Mark(BLUE, "o"),
    "wrong": Mark(VERMILION, "X"),
    "wrong, target drawn at random": Mark(GREY, "v"),
    "dangling": Mark(PURPLE, "D"),
}
"""The mark of each kind of seed."""

Q_MARKS = (Mark(BLACK, "o"), Mark(BLUE, "s"), Mark(GREEN, "^"), Mark(ORANGE, "D"), Mark(PURPLE, "v"))
"""Marks of the powers of a robust loss, in order."""

STYLES = ("-", (0, (6, 2)), (0, (3, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
"""Line styles that go with :data:`Q_MARKS`."""

TEMPERATURE = r"temperature $\tau$"
"""The text of every axis of temperatures."""


@dataclass(frozen=True, eq=False)
class PullMap:
    """The data of one panel of :func:`pull_maps`.

    Attributes
    ----------
    temperatures
        Temperatures across ``(m,)``.
    heights
        Values of the other quantity upwards ``(n,)``.
    pull
        How many times as hard a wrong seed pulls ``(n, m)``.
    ylabel
        The text of the upright axis.
    logarithmic
        Whether the upright axis is logarithmic, to base 2.
    here
        Temperature and height of a point that gets a star.

    Examples
    --------
    >>> import numpy as np
    >>> PullMap(np.array([0.1, 1.0]), np.array([64.0]), np.array([[4.0, 1.0]]), "B", True, (0.1, 64.0)).ylabel
    'B'
    """

    temperatures: DoubleArray
    heights: DoubleArray
    pull: DoubleArray
    ylabel: str
    logarithmic: bool
    here: tuple[float, float]


@styled
def against_temperature(curve: pd.DataFrame, draws: pd.DataFrame, values: Mapping[str, str]) -> Figure:
    """Draw a prediction and simulated draws against the temperature, one panel a value.

    Parameters
    ----------
    curve
        The prediction: ``temperature`` and the columns of ``values``.
    draws
        One row a draw, with the same columns. Marks are means with their 95 % intervals.
    values
        The columns to show, and the title of each panel. A ratio, whose name begins with ``pull``, has a
        logarithmic axis; a share has an axis from 0 to 1.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    for table in (curve, draws):
        require_columns(table, ["temperature", *values])
    figure, panels = plt.subplots(1, len(values), figsize=(7, 3), squeeze=False)
    for axes, (value, text) in zip(panels[0], values.items(), strict=True):
        axes.plot(curve["temperature"], curve[value], color=BLACK, lw=1.2, label="predicted")
        runs = _samples(draws, "temperature", value)
        draw_means(axes, runs.index, runs, Mark(VERMILION, "o"), label="simulated", size=4.5)
        axes.set(xscale="log", xlabel=TEMPERATURE, title=text)
        plain_numbers(axes, "x")
        if value.startswith("pull"):
            axes.set(yscale="log")
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            draw_level(axes, 1)
        else:
            axes.set(ylim=(0, 1.03))
    panels[0, 0].legend()
    return figure


@styled
def pull_maps(maps: Sequence[PullMap], *, levels: Sequence[float] = (1.1, 2, 10, 100, 1000)) -> Figure:
    """Draw maps of how many times as hard a wrong seed pulls as a correct one, darker where it is more.

    Parameters
    ----------
    maps
        One map a panel.
    levels
        Ratios at which there is a contour line, ascending.
    """
    figure, panels = plt.subplots(1, len(maps), figsize=(7, 3.2), squeeze=False)
    for axes, shown in zip(panels[0], maps, strict=True):
        height = np.log10(shown.pull)
        # Scales are set first, since labels of contours are placed for the scales of that moment.
        axes.set_xscale("log")
        if shown.logarithmic:
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        edges = [0, *np.log10(levels), max(float(height.max()), np.log10(levels[-1])) + 0.1]
        axes.contourf(shown.temperatures, shown.heights, height, edges, cmap="Oranges", alpha=0.75)
        lines = axes.contour(
            shown.temperatures, shown.heights, shown.pull, levels, colors=BLACK, linewidths=0.7
        )
        axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=8.5, inline_spacing=2)
        axes.plot(*shown.here, "*", color="white", mec=BLACK, ms=11, mew=0.9)
        axes.set(xlabel=TEMPERATURE, ylabel=shown.ylabel)
        axes.grid(visible=False)
        plain_numbers(axes, "x")
    return figure


@styled
def pulls_by_kind(table: pd.DataFrame, ratios: pd.DataFrame, *, temperature: float) -> Figure:
    """Draw measured pulls: by kind of seed and miner, and relative to correct seeds against the temperature.

    Parameters
    ----------
    table
        One row a ``miner``, ``kind`` (of :data:`KIND_MARKS`) and random state: the mean ``pull`` at the
        temperature.
    ratios
        One row a ``kind``, ``temperature`` and random state: ``ratio``.
    temperature
        The temperature of the left panel; a vertical line marks it in the other panel.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    require_columns(table, ["miner", "kind", "pull"])
    require_columns(ratios, ["kind", "temperature", "ratio"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
    miners, kinds = (list(dict.fromkeys(table[column])) for column in ("miner", "kind"))
    for kind, offset in zip(kinds, side_by_side(len(kinds), 0.27), strict=True):
        runs = _samples(table[table["kind"] == kind], "miner", "pull")
        places = [miners.index(miner) + offset for miner in runs.index]
        draw_means(left, places, runs, KIND_MARKS[kind], label=kind)
    left.set(xticks=range(len(miners)), xticklabels=miners, xlim=(-0.5, len(miners) - 0.5))
    left.set_title(r"$1 - p$ at $\tau$ = " + f"{temperature:g}")
    left.grid(axis="x", visible=False)
    for kind in dict.fromkeys(ratios["kind"]):
        runs = _samples(ratios[ratios["kind"] == kind], "temperature", "ratio")
        draw_means(right, runs.index, runs, KIND_MARKS[kind], label=kind, line=True, size=4.5)
    right.axvline(temperature, color=GREY, lw=0.9, ls=DASHES)
    right.set(xscale="log", xlabel=TEMPERATURE, title="pull relative to correct seeds")
    plain_numbers(right, "x")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4, columnspacing=1)
    return figure


@styled
def forgiveness(
    curve: pd.DataFrame, draws: pd.DataFrame, by_cosine: pd.DataFrame, measured: pd.DataFrame
) -> Figure:
    """Draw what a robust loss does to wrong seeds, and to correct seeds that are hard to learn.

    Parameters
    ----------
    curve
        Predicted ``pull`` of a wrong seed over that of a correct one by ``q``.
    draws
        One row a draw, ``q`` and ``cosine``: ``pull`` relative to correct seeds; wrong seeds have no cosine.
    by_cosine
        Predicted ``pull`` of a correct seed by ``q`` and ``cosine``; one line for each ``q``.
    measured
        One row a random state and ``q``: ``pull`` of mined wrong seeds over that of correct ones.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    for table in (curve, measured):
        require_columns(table, ["q", "pull"])
    for table in (draws, by_cosine):
        require_columns(table, ["q", "cosine", "pull"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.3))
    left.plot(curve["q"], curve["pull"], color=BLACK, lw=1.2, label="random, predicted")
    runs = _samples(draws[draws["cosine"].isna()], "q", "pull")
    draw_means(left, runs.index, runs, Mark(VERMILION, "X"), label="random, simulated", size=4.5)
    runs = _samples(measured, "q", "pull")
    draw_means(left, runs.index, runs, Mark(BLUE, "s"), label="mined, measured", line=True, size=4.5)
    left.set(yscale="log", xlabel="q  (0 is InfoNCE)", title="pull of a wrong seed / of a correct one")
    left.legend(loc="lower left")
    for number, (q, line) in enumerate(by_cosine.groupby("q")):
        mark = Q_MARKS[number % len(Q_MARKS)]
        right.plot(line["cosine"], line["pull"], color=mark.colour, lw=1.1, ls=STYLES[number % len(STYLES)])
        runs = _samples(draws[(draws["q"] == q) & draws["cosine"].notna()], "cosine", "pull")
        draw_means(right, runs.index, runs, mark, label="InfoNCE" if q == 0 else f"q = {q:g}", size=4.5)
    right.set(
        yscale="log", xlabel="cosine of the correct seed", title="pull of a correct seed, by its cosine"
    )
    right.legend(fontsize=8.5, loc="lower right")
    for axes in (left, right):
        draw_level(axes, 1)
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    return figure


def _samples(table: pd.DataFrame, by: str, value: str) -> pd.Series:
    """Collect the values that are there, a list for each group."""
    return table.dropna(subset=[value]).groupby(by, sort=by != "miner")[value].apply(list)
