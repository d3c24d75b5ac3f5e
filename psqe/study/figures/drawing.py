"""Parts that several figures share: means with intervals, panels, axes, legends, and checks of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.figure_style import GREY, Mark
from psqe.graph import DoubleArray, IntArray

DASHES = (0, (4, 2))
"""The line style of everything that a figure draws for comparison only."""

Sample = Sequence[float] | DoubleArray
"""The values of several runs, of which a figure shows the mean and its 95 % interval."""


def require_columns(table: pd.DataFrame, columns: Iterable[str | None]) -> None:
    """Check that a table has rows and certain columns.

    Parameters
    ----------
    table
        The table that a figure is asked to draw.
    columns
        Names of columns; ``None`` stands for an optional column that is not used.

    Raises
    ------
    ParameterError
        If a column is missing or the table has no row.
    """
    missing = [column for column in columns if column is not None and column not in table]
    if missing:
        raise ParameterError(f"the table has no column {' or '.join(missing)}")
    if table.empty:
        raise ParameterError("the table is empty", remedy="give at least one run")


def interval_bounds(samples: Iterable[Sample], *, share: bool = False) -> DoubleArray:
    """Compute the means of several samples and the bounds of their 95 % intervals.

    Parameters
    ----------
    samples
        ``n`` samples of at least one value each.
    share
        Whether the values are shares; the bounds are then cut to 0..1.

    Returns
    -------
    numpy.ndarray
        Means, lower and upper bounds ``(3, n)``; the bounds of a sample of one value are NaN.
    """
    within = (0.0, 1.0) if share else (-math.inf, math.inf)
    bounds = [mean_interval(list(sample), within=within) for sample in samples]
    return np.array(bounds, dtype=np.float64).reshape(-1, 3).T


def draw_means(
    axes: Axes,
    places: Sequence[float] | DoubleArray | pd.Index | pd.Series,
    samples: Iterable[Sample],
    mark: Mark,
    *,
    label: str = "_",
    line: bool = False,
    share: bool = False,
    size: float = 5.0,
) -> None:
    """Draw the mean of each sample at its place, with its 95 % interval as an upright bar.

    Parameters
    ----------
    axes
        The axes to draw on.
    places
        Horizontal places ``(n,)``.
    samples
        ``n`` samples; nothing is drawn when there is none.
    mark
        Colour and marker.
    label
        The entry of the legend; a label that begins with an underscore has none.
    line
        Whether a line joins the means.
    share
        Whether the values are shares, whose intervals are cut to 0..1.
    size
        Size of the marker in points.
    """
    mean, low, high = interval_bounds(samples, share=share)
    if not len(mean):
        return
    error = np.maximum(np.nan_to_num(np.array([mean - low, high - mean])), 0)
    axes.errorbar(places, mean, error, fmt=mark.marker, ls="-" if line else "none", lw=1, ms=size,
                  color=mark.colour, elinewidth=1.2, label=label)  # fmt: skip


def draw_band(
    axes: Axes,
    places: Sequence[float] | DoubleArray | IntArray,
    runs: DoubleArray,
    colour: str,
    *,
    label: str,
    style: Any = "-",
) -> None:
    """Draw the mean curve of several runs with its 95 % interval as a band; the values are shares.

    Parameters
    ----------
    axes
        The axes to draw on.
    places
        Horizontal places ``(n,)``.
    runs
        One curve a run ``(n_runs, n)``. A single run has no band.
    colour
        Colour of the curve and the band.
    label
        The entry of the legend.
    style
        A line style of matplotlib.
    """
    mean, low, high = interval_bounds(runs.T, share=True)
    axes.plot(places, mean, color=colour, ls=style, label=label, lw=1.8)
    if len(runs) > 1:
        axes.fill_between(places, low, high, color=colour, alpha=0.22, lw=0)


def draw_diagonal(axes: Axes, low: float, high: float) -> None:
    """Draw the broken line on which both coordinates are equal, from ``low`` to ``high``."""
    axes.plot([low, high], [low, high], color=GREY, lw=0.9, ls=DASHES, zorder=1)


def draw_level(axes: Axes, height: float) -> None:
    """Draw a broken horizontal line for comparison."""
    axes.axhline(height, color=GREY, lw=0.9, ls=DASHES)


def panel_parts(table: pd.DataFrame, panels: str | None) -> list[tuple[str, pd.DataFrame]]:
    """Split a table into the parts that get a panel each.

    Parameters
    ----------
    table
        The table to draw.
    panels
        The column that names the panel; ``None`` for a single panel without title.

    Returns
    -------
    list
        Titles and parts, in order of appearance.
    """
    if panels is None:
        return [("", table)]
    return [(str(title), part) for title, part in table.groupby(panels, sort=False)]


def square_panels(
    table: pd.DataFrame, panels: str | None, *, end: float, start: float = 0.0
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Make square panels side by side, each from ``start`` to ``end`` with its diagonal.

    Parameters
    ----------
    table, panels
        As :func:`panel_parts` takes them.
    end
        Where both axes of every panel end.
    start
        Where they start, 0 by default.

    Returns
    -------
    tuple
        The figure, and for each panel its axes and its part of the table.
    """
    parts = panel_parts(table, panels)
    side = 3.6 if len(parts) == 1 else 6.6 / len(parts)
    size = (min(7.0, side * len(parts) + 0.6), side + 0.75)
    figure, grid = plt.subplots(1, len(parts), figsize=size, squeeze=False, sharey=True)
    for axes, (title, _) in zip(grid[0], parts, strict=True):
        draw_diagonal(axes, start, end)
        axes.set(xlim=(start, end), ylim=(start, end), aspect="equal", title=title)
    return figure, list(zip(grid[0], (part for _, part in parts), strict=True))


def shade_rows(axes: Axes, names: Sequence[Any]) -> None:
    """Prepare axes with one named row a setting, from the top down, every other row shaded."""
    for row in range(0, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", lw=0, zorder=0)
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)


def side_by_side(n: int, reach: float) -> DoubleArray:
    """Offsets ``(n,)`` that place ``n`` series beside each other, from ``-reach`` to ``reach``."""
    return np.linspace(-reach, reach, n) if n > 1 else np.zeros(n)


def joint_legend(
    figure: Figure, *, order: Iterable[Any] = (), place: Literal["left", "right"] = "right"
) -> None:
    """Write one legend above the panels, with every label of any panel once.

    Parameters
    ----------
    figure
        The figure.
    order
        Labels that come first, in this order; the others follow in order of appearance.
    place
        ``left`` or ``right``.
    """
    named = {str(h.get_label()): h for axes in figure.axes for h in axes.get_legend_handles_labels()[0]}
    labels = [label for label in dict.fromkeys([*map(str, order), *named]) if label in named]
    corner: Literal["outside upper left", "outside upper right"] = (
        "outside upper left" if place == "left" else "outside upper right"
    )
    n_columns = _legend_columns([len(label) for label in labels], float(figure.get_figwidth()))
    figure.legend([named[label] for label in labels], labels, loc=corner, ncols=n_columns)


def _legend_columns(lengths: Sequence[int], width: float) -> int:
    """Choose the number of columns, six at most, with which labels of some lengths fit a width in inches."""
    for n_columns in range(min(6, len(lengths)), 1, -1):
        columns = np.array_split(lengths, n_columns)
        # A mark and the space around it are as wide as seven characters, of which 13 make an inch.
        if sum(int(column.max()) + 7 for column in columns) <= 13.4 * width:
            return n_columns
    return 1


def plain_numbers(axes: Axes, *which: Literal["x", "y"]) -> None:
    """Write the ticks of logarithmic axes as plain numbers, and leave the ticks between them unnamed."""
    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())
