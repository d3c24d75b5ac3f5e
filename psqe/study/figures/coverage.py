"""Figures about coverage: what a region's share of the seeds does to its gradient and its Hits@1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from psqe.errors import ParameterError
from psqe.figure_style import BLACK, GREY, marks, styled
from psqe.graph import DoubleArray
from psqe.study.figures.drawing import (
    draw_diagonal,
    draw_means,
    joint_legend,
    require_columns,
    square_panels,
)


@styled
def curves(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    series: str,
    xlabel: str,
    ylabel: str,
    log: str = "",
    points: pd.DataFrame | None = None,
    diagonal: bool = False,
) -> Figure:
    """Draw lines of predictions and, where given, points of measurements with their 95 % intervals.

    Parameters
    ----------
    table
        One row for each point of a line: columns ``x``, ``y`` and ``series``.
    x, y, series
        Names of its columns; a series has one mark, for its line and its points.
    xlabel, ylabel
        Texts of the axes.
    log
        Axes with a logarithmic scale: ``x``, ``y``, ``xy`` or, by default, none.
    points
        Measurements, one row a draw, with the same columns. They are drawn as the mean at each ``x`` with its
        interval.
    diagonal
        Whether to draw the line on which ``y`` equals ``x``.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, [x, y, series])
    figure, axes = plt.subplots(figsize=(5.6, 3.6))
    if diagonal:
        draw_diagonal(axes, table[x].min(), table[x].max())
    names = marks(dict.fromkeys(table[series].astype(str)))
    for name, mark in names.items():
        line = table[table[series].astype(str) == name].sort_values(x)
        axes.plot(line[x], line[y], color=mark.colour, marker=mark.marker, markevery=max(1, len(line) // 8),
                  ms=4.5, lw=1.4, label=name, mfc="white" if points is not None else mark.colour)  # fmt: skip
        if points is not None:
            runs = points[points[series].astype(str) == name].groupby(x)[y].apply(list)
            draw_means(axes, runs.index, runs, mark, size=6)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        axes.set_xscale("log")
        measured = [] if points is None else sorted(points[x].unique())
        if 0 < len(measured) < 8:  # Ticks stand where there are measurements, not at powers of ten.
            axes.set_xticks(measured, [f"{value:g}" for value in measured])
            axes.set_xticks([], minor=True)
    if "y" in log:
        axes.set_yscale("log")
    columns = 3 if max(map(len, names)) < 25 else 1
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=columns, fontsize=8.5)
    return figure


@styled
def agreement(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    series: str,
    xlabel: str,
    ylabel: str,
    panels: str | None = None,
    lowest: float = 0.0,
    highest: float | None = None,
) -> Figure:
    """Draw measured against predicted values, one mark a row; on the diagonal they agree.

    Parameters
    ----------
    table
        Columns ``x``, ``y``, ``series`` and, where given, ``panels``.
    x, y, series, panels
        Names of its columns.
    xlabel, ylabel
        Texts of the axes.
    lowest
        The start of both axes, 0 by default.
    highest
        The end of both axes; a little beyond the largest value when omitted.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, [x, y, series, panels])
    end = highest if highest is not None else 1.05 * float(table[[x, y]].max().max())
    figure, parts = square_panels(table, panels, end=end, start=lowest)
    for axes, part in parts:
        for name, mark in marks(dict.fromkeys(table[series].astype(str))).items():
            chosen = part[part[series].astype(str) == name]
            if chosen.empty:  # the layout of a figure fails on a line without points
                continue
            axes.plot(chosen[x], chosen[y], mark.marker, ls="none", color=mark.colour, ms=5, alpha=0.75,
                      mew=0.4, mec="white", label=name, clip_on=False)  # fmt: skip
        axes.set_xlabel(xlabel)
    figure.axes[0].set_ylabel(ylabel)
    joint_legend(figure)
    return figure


@styled
def phase_diagram(
    values: DoubleArray,
    *,
    x: Sequence[float] | DoubleArray,
    y: Sequence[float] | DoubleArray,
    xlabel: str,
    ylabel: str,
    label: str,
    levels: Sequence[float] | None = None,
    points: pd.DataFrame | None = None,
    text: str = "value",
    named: Mapping[str, tuple[float, float]] | None = None,
    beyond: tuple[DoubleArray, DoubleArray, str] | None = None,
) -> Figure:
    """Draw a quantity over two others: a map with labelled contours and measurements at their place.

    Parameters
    ----------
    values
        The map ``(len(y), len(x))``.
    x, y
        Its axes, ascending.
    xlabel, ylabel, label
        Texts of the axes and of the map.
    levels
        Values of the contours; evenly spaced ones when omitted.
    points
        Measurements to write at their place: columns ``x``, ``y`` and ``text``, a number.
    text
        The column of ``points`` that is written.
    named
        Operating points by name: ``(x, y)``.
    beyond
        A line at which the map ends, as its ``x`` and ``y``, and a text for the hatched area above it.

    Raises
    ------
    ParameterError
        If the map does not fit its axes.
    """
    if values.shape != (len(y), len(x)):
        raise ParameterError(f"a map of shape {values.shape} does not fit axes of {len(y)} and {len(x)}")
    figure, axes = plt.subplots(figsize=(6.2, 4.0))
    chosen = levels if levels is not None else np.linspace(np.nanmin(values), np.nanmax(values), 9)
    filled = axes.contourf(x, y, values, levels=chosen, cmap="cividis", extend="both")
    lines = axes.contour(x, y, values, levels=chosen[1:-1], colors="white", linewidths=0.7)
    axes.clabel(lines, fontsize=7.5, fmt="%.2g")
    figure.colorbar(filled, ax=axes, label=label, format="%.2g")
    if beyond is not None:
        _hatch_above(axes, *beyond, x=x, y=y)
    if points is not None:
        require_columns(points, ["x", "y", text])
        for row in points.to_dict("records"):
            _write_number(axes, row["x"], row["y"], row[text], "white", size=8)
    for name, mark in marks(named or {}).items():
        axes.plot(*(named or {})[name], mark.marker, color=mark.colour, mec=BLACK, ms=9, label=name,
                  clip_on=False)  # fmt: skip
    if named:
        joint_legend(figure, place="left")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure


def _hatch_above(
    axes: Axes,
    line_x: DoubleArray,
    line_y: DoubleArray,
    text: str,
    *,
    x: Sequence[float] | DoubleArray,
    y: Sequence[float] | DoubleArray,
) -> None:
    """Hatch the part of a map above a line, and name it."""
    axes.fill_between(line_x, line_y, max(y), where=line_y <= max(y), facecolor="white", hatch="///",
                      edgecolor=GREY, lw=0, zorder=2)  # fmt: skip
    axes.plot(line_x, line_y, color=BLACK, lw=1.4, zorder=2)
    axes.set(xlim=(min(x), max(x)), ylim=(min(y), max(y)))
    axes.text(0.02, 0.96, text, transform=axes.transAxes, va="top", fontsize=9, zorder=3,
              bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none"})  # fmt: skip


def _write_number(axes: Axes, x: float, y: float, value: float, colour: str, *, size: float) -> None:
    """Write a share with two digits into a box at its place."""
    box = {"boxstyle": "round,pad=0.2", "fc": colour, "ec": "none", "alpha": 0.85}
    axes.text(x, y, f"{value:.2f}", fontsize=size, ha="center", va="center", bbox=box)


@styled
def operating(table: pd.DataFrame) -> Figure:
    """Draw precision and balance of miners beside seeds drawn to set values, with Hits@1 written in.

    Parameters
    ----------
    table
        One row for each run, see :func:`psqe.study.tables.phase_rows`; means over random states are shown.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["miner", "asked", "evenness", "precision", "balance", "hits@1"])
    means = table.groupby(["miner", "asked", "evenness"], dropna=False)[["precision", "balance", "hits@1"]]
    figure, axes = plt.subplots(figsize=(6.2, 4.0))
    shown = means.mean().reset_index()
    for row in shown[shown["miner"] == "drawn"].to_dict("records"):
        _write_number(axes, row["balance"], row["precision"], row["hits@1"], "#E8E8E8", size=9)
    named = shown[shown["miner"] != "drawn"].drop_duplicates("miner")
    all_marks = marks(named["miner"])
    for row in named.to_dict("records"):
        mark, place = all_marks[row["miner"]], (row["balance"], row["precision"])
        axes.plot(*place, mark.marker, color=mark.colour, ms=8, label=row["miner"], ls="none", zorder=4)
        axes.annotate(f"{row['hits@1']:.2f}", place, (0, -15), ha="center", textcoords="offset points",
                      fontsize=9, color=mark.colour)  # fmt: skip
    for name, column in (("x", "balance"), ("y", "precision")):
        low, high = shown[column].min(), shown[column].max()
        pad = 0.12 * max(high - low, 0.05)  # The margins of matplotlib leave no room for the numbers.
        axes.set(**{f"{name}lim": (low - pad, high + pad)})
    axes.set(xlabel="balance of the semantic regions", ylabel="precision")
    if len(named):
        joint_legend(figure)
    return figure
