"""Figures about wrong seeds: how hard they pull, when, and what a robust loss forgives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from psqe.evaluation.intervals import mean_interval
from psqe.graph import DoubleArray
from psqe.study.figures.results import _require
from psqe.study.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, Mark, styled

KIND_MARKS = {
    "right": Mark(BLUE, "o"),
    "wrong": Mark(VERMILION, "X"),
    "wrong, target drawn at random": Mark(GREY, "v"),
    "dangling": Mark(PURPLE, "D"),
}
"""The mark of each kind of seed."""

Q_MARKS = (Mark(BLACK, "o"), Mark(BLUE, "s"), Mark(GREEN, "^"), Mark(ORANGE, "D"), Mark(PURPLE, "v"))
"""Marks of the powers of a robust loss, in order."""

STYLES = ("-", (0, (6, 2)), (0, (3, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
"""Line styles that go with :data:`Q_MARKS`."""


@dataclass(frozen=True, eq=False)
class PullMap:
    """One panel of :func:`pull_maps`.

    Attributes
    ----------
    temperatures
        Across ``(m,)``.
    heights
        Up ``(n,)``.
    pull
        Ratio ``(n, m)``.
    ylabel, logarithmic
        What the heights are, and whether their axis is logarithmic.
    here
        Temperature and height of a point to mark.
    """

    temperatures: DoubleArray
    heights: DoubleArray
    pull: DoubleArray
    ylabel: str
    logarithmic: bool
    here: tuple[float, float]


@styled
def against_temperature(curve: pd.DataFrame, draws: pd.DataFrame, values: Mapping[str, str]) -> Figure:
    """A prediction and what was drawn against the temperature, one panel per value.

    Parameters
    ----------
    curve
        The prediction: ``temperature`` and the values.
    draws
        One row per draw: ``temperature`` and the values. Dots are means with their intervals.
    values
        The columns to show, and what to write over each panel. A ratio, whose name begins with ``pull``, has
        a logarithmic axis; a share has not.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    for table in (curve, draws):
        _require(table, ["temperature", *values])
    figure, panels = plt.subplots(1, len(values), figsize=(7, 3), squeeze=False)
    for axes, (value, text) in zip(panels[0], values.items(), strict=True):
        axes.plot(curve["temperature"], curve[value], color=BLACK, lw=1.2, label="predicted")
        _points(axes, draws, "temperature", value, Mark(VERMILION, "o"), "simulated")
        axes.set(xscale="log", xlabel=r"temperature $\tau$", title=text)
        if value.startswith("pull"):
            axes.set(yscale="log")
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            axes.axhline(1, color=GREY, lw=0.9, ls=(0, (4, 2)))
        else:
            axes.set(ylim=(0, 1.03))
        _plain(axes)
    panels[0, 0].legend()
    return figure


@styled
def pull_maps(maps: Sequence[PullMap], *, levels: Sequence[float] = (1.1, 2, 10, 100, 1000)) -> Figure:
    """How much harder a wrong seed pulls, as a map: contour lines at ``levels``, darker where it is more."""
    figure, panels = plt.subplots(1, len(maps), figsize=(7, 3.2), squeeze=False)
    for axes, one in zip(panels[0], maps, strict=True):
        height = np.log10(one.pull)
        # Scales first: labels are placed, and gaps cut for them, where the lines are then.
        axes.set_xscale("log")
        if one.logarithmic:
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        edges = [0, *np.log10(levels), max(float(height.max()), np.log10(levels[-1])) + 0.1]
        axes.contourf(one.temperatures, one.heights, height, edges, cmap="Oranges", alpha=0.75)
        lines = axes.contour(one.temperatures, one.heights, one.pull, levels, colors=BLACK, linewidths=0.7)
        axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=8.5, inline_spacing=2)
        axes.plot(*one.here, "*", color="white", mec=BLACK, ms=11, mew=0.9)
        axes.set(xlabel=r"temperature $\tau$", ylabel=one.ylabel)
        axes.grid(visible=False)
        _plain(axes)
    return figure


@styled
def pulls_by_kind(table: pd.DataFrame, ratios: pd.DataFrame, *, temperature: float) -> Figure:
    """Measured pulls: by kind of seed and miner, and relative to right seeds against the temperature.

    Parameters
    ----------
    table
        One row per ``miner``, ``kind`` (of :data:`KIND_MARKS`) and random state: the mean ``pull`` at the
        temperature.
    ratios
        One row per ``kind``, ``temperature`` and random state: ``ratio``.
    temperature
        Marked by a vertical line.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    _require(table, ["miner", "kind", "pull"])
    _require(ratios, ["kind", "temperature", "ratio"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
    miners, kinds = (list(dict.fromkeys(table[column])) for column in ("miner", "kind"))
    for kind, offset in zip(kinds, np.linspace(-0.27, 0.27, len(kinds)), strict=True):
        mark = KIND_MARKS[kind]
        for place, miner in enumerate(miners):
            runs = table.loc[(table["miner"] == miner) & (table["kind"] == kind), "pull"].dropna().tolist()
            if runs:
                mean, low, high = mean_interval(runs)
                error = np.nan_to_num([[mean - low], [high - mean]])
                left.errorbar(place + offset, mean, error, fmt=mark.marker, color=mark.colour, elinewidth=1.2,
                              label=kind if place == 0 else "_")  # fmt: skip
    left.set(xticks=range(len(miners)), xticklabels=miners, xlim=(-0.5, len(miners) - 0.5))
    left.set_title(r"$1 - p$ at $\tau$ = " + f"{temperature:g}")
    left.grid(axis="x", visible=False)
    for kind in dict.fromkeys(ratios["kind"]):
        mine = ratios[ratios["kind"] == kind]
        _points(right, mine, "temperature", "ratio", KIND_MARKS[kind], kind, line=True)
    right.axvline(temperature, color=GREY, lw=0.9, ls=(0, (4, 2)))
    right.set(xscale="log", xlabel=r"temperature $\tau$", title="pull relative to right seeds")
    _plain(right)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4, columnspacing=1)
    return figure


@styled
def forgiveness(
    curve: pd.DataFrame, draws: pd.DataFrame, by_cosine: pd.DataFrame, measured: pd.DataFrame
) -> Figure:
    """What a robust loss does to wrong seeds, and what to right seeds that are hard to learn.

    Parameters
    ----------
    curve
        Predicted ``pull`` of a wrong seed over that of a right one by ``q``.
    draws
        One row per draw, ``q`` and ``cosine``: ``pull`` relative to right seeds; wrong seeds have no cosine.
    by_cosine
        Predicted ``pull`` of a right seed by ``q`` and ``cosine``; a line for each ``q``.
    measured
        One row per random state and ``q``: ``pull`` of mined wrong seeds over that of right ones.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    for table in (curve, measured):
        _require(table, ["q", "pull"])
    for table in (draws, by_cosine):
        _require(table, ["q", "cosine", "pull"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.3))
    left.plot(curve["q"], curve["pull"], color=BLACK, lw=1.2, label="random, predicted")
    _points(left, draws[draws["cosine"].isna()], "q", "pull", Mark(VERMILION, "X"), "random, simulated")
    _points(left, measured, "q", "pull", Mark(BLUE, "s"), "mined, measured", line=True)
    left.set(yscale="log", xlabel="q  (0 is InfoNCE)", title="pull of a wrong seed / of a right one")
    left.legend(loc="lower left")
    for number, (q, line) in enumerate(by_cosine.groupby("q")):
        mark = Q_MARKS[number % len(Q_MARKS)]
        right.plot(line["cosine"], line["pull"], color=mark.colour, lw=1.1, ls=STYLES[number % len(STYLES)])
        mine = draws[(draws["q"] == q) & draws["cosine"].notna()]
        _points(right, mine, "cosine", "pull", mark, "InfoNCE" if q == 0 else f"q = {q:g}")
    right.set(yscale="log", xlabel="cosine of the right seed", title="pull of a right seed, by its cosine")
    right.legend(fontsize=8.5, loc="lower right")
    for axes in (left, right):
        axes.axhline(1, color=GREY, lw=0.9, ls=(0, (4, 2)))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    return figure


def _points(
    axes: Axes, table: pd.DataFrame, x: str, y: str, mark: Mark, label: str, *, line: bool = False
) -> None:
    """Means by ``x`` with their intervals, over the rows that have a value."""
    found = [
        (float(at), *mean_interval(rows.tolist())) for at, rows in table.dropna(subset=[y]).groupby(x)[y]
    ]
    if not found:
        return
    at, mean, low, high = np.array(found).T
    error = np.nan_to_num(np.array([mean - low, high - mean]))
    axes.errorbar(at, mean, error, fmt=mark.marker, ls="-" if line else "none", lw=1, color=mark.colour,
                  ms=4.5, elinewidth=1.2, label=label)  # fmt: skip


def _plain(axes: Axes) -> None:
    """Plain numbers on a logarithmic axis of temperatures."""
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
