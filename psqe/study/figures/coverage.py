"""Figures about coverage: what a region's share of the seeds does to its gradient and its hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.graph import DoubleArray
from psqe.study.figures.results import _require
from psqe.study.figures.style import BLACK, GREY, marks, styled


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
    """Lines of predictions and, where given, points of measurements with their intervals.

    Parameters
    ----------
    table
        One row per point of a line: columns ``x``, ``y`` and ``series``.
    x, y, series
        Its columns; a series has one mark, for its line and its points.
    xlabel, ylabel
        What they are.
    log
        Axes with a logarithmic scale: ``x``, ``y``, ``xy`` or none.
    points
        Measurements, one row per draw, with the same columns: drawn as the mean at each ``x`` with its 95 %
        interval.
    diagonal
        Whether to draw the line on which ``y`` is ``x``.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, [x, y, series])
    figure, axes = plt.subplots(figsize=(5.6, 3.6))
    if diagonal:
        low, high = table[x].min(), table[x].max()
        axes.plot([low, high], [low, high], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
    names = marks(dict.fromkeys(table[series].astype(str)))
    for name, mark in names.items():
        line = table[table[series].astype(str) == name].sort_values(x)
        step = max(1, len(line) // 8)
        axes.plot(line[x], line[y], color=mark.colour, marker=mark.marker, markevery=step, ms=4.5, lw=1.4,
                  label=name, mfc="white" if points is not None else mark.colour)  # fmt: skip
        if points is not None:
            runs = points[points[series].astype(str) == name].groupby(x)[y].apply(list)
            if len(runs):
                mean, low, high = np.array([mean_interval(run) for run in runs]).T
                error = np.nan_to_num(np.array([mean - low, high - mean]))
                axes.errorbar(runs.index, mean, error, fmt=mark.marker, color=mark.colour, ms=6)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        axes.set_xscale("log")
        measured = [] if points is None else sorted(points[x].unique())
        if 0 < len(measured) < 8:  # say where it was measured, not where powers of ten are
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
    highest: float | None = None,
) -> Figure:
    """Measured against predicted, one mark a row; on the diagonal they agree.

    Parameters
    ----------
    table
        Columns ``x``, ``y``, ``series`` and, where given, ``panels``.
    x, y, series, panels
        Its columns.
    xlabel, ylabel
        What they are.
    highest
        End of both axes; the largest value when omitted.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, [x, y, series, *([panels] if panels else [])])
    parts = [("", table)] if panels is None else list(table.groupby(panels, sort=False))
    side = 3.6 if len(parts) == 1 else 6.6 / len(parts)
    figure, grid = plt.subplots(
        1, len(parts), figsize=(min(7.0, side * len(parts) + 0.6), side + 0.75), squeeze=False, sharey=True
    )
    end = highest if highest is not None else 1.05 * float(table[[x, y]].max().max())
    for axes, (title, part) in zip(grid[0], parts, strict=True):
        axes.plot([0, end], [0, end], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
        for name, mark in marks(dict.fromkeys(table[series].astype(str))).items():
            mine = part[part[series].astype(str) == name]
            axes.plot(mine[x], mine[y], mark.marker, ls="none", color=mark.colour, ms=5, alpha=0.75, mew=0.4,
                      mec="white", label=name, clip_on=False)  # fmt: skip
        axes.set(xlim=(0, end), ylim=(0, end), aspect="equal", xlabel=xlabel, title=str(title))
    grid[0, 0].set_ylabel(ylabel)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=5)
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
    """A quantity over two others: a map with labelled contours, measurements written at their place.

    Parameters
    ----------
    values
        The map ``(len(y), len(x))``.
    x, y
        Its axes, ascending.
    xlabel, ylabel, label
        What they are, and what the map shows.
    levels
        Contours; even ones when omitted.
    points
        Measurements to write at their place: columns ``x``, ``y`` and ``text``, a number.
    text
        The column of ``points`` that is written.
    named
        Operating points by name: ``(x, y)``.
    beyond
        A line ``y(x)`` at which the map ends, and what is above it: hatched, with this text.

    Raises
    ------
    ParameterError
        If the map does not fit its axes.
    """
    if values.shape != (len(y), len(x)):
        raise ParameterError(f"a map of shape {values.shape} for axes of {len(y)} and {len(x)}")
    figure, axes = plt.subplots(figsize=(6.2, 4.0))
    chosen = levels if levels is not None else np.linspace(np.nanmin(values), np.nanmax(values), 9)
    filled = axes.contourf(x, y, values, levels=chosen, cmap="cividis", extend="both")
    lines = axes.contour(x, y, values, levels=chosen[1:-1], colors="white", linewidths=0.7)
    axes.clabel(lines, fontsize=7.5, fmt="%.2g")
    figure.colorbar(filled, ax=axes, label=label, format="%.2g")
    if beyond is not None:
        line_x, line_y, name = beyond
        axes.fill_between(line_x, line_y, max(y), where=line_y <= max(y), facecolor="white", hatch="///",
                          edgecolor=GREY, lw=0, zorder=2)  # fmt: skip
        axes.plot(line_x, line_y, color=BLACK, lw=1.4, zorder=2)
        axes.set(xlim=(min(x), max(x)), ylim=(min(y), max(y)))
        axes.text(0.02, 0.96, name, transform=axes.transAxes, va="top", fontsize=9, zorder=3,
                  bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none"})  # fmt: skip
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.85}
    if points is not None:
        _require(points, ["x", "y", text])
        for _, row in points.iterrows():
            axes.text(row["x"], row["y"], f"{row[text]:.2f}", fontsize=8, ha="center", va="center", bbox=box)
    for name, mark in marks(named or {}).items():
        at_x, at_y = (named or {})[name]
        axes.plot(at_x, at_y, mark.marker, color=mark.colour, mec=BLACK, ms=9, label=name, clip_on=False)
    if named:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=6)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure


@styled
def operating(table: pd.DataFrame) -> Figure:
    """Where miners stand in precision and balance, beside seeds drawn to set values, with Hits@1 written in.

    Parameters
    ----------
    table
        One row a run, see :func:`psqe.study.phase.phase_rows`; means over random states are shown.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["miner", "asked", "evenness", "precision", "balance", "hits@1"])
    means = table.groupby(["miner", "asked", "evenness"], dropna=False)[["precision", "balance", "hits@1"]]
    figure, axes = plt.subplots(figsize=(6.2, 4.0))
    shown = means.mean().reset_index()
    box = {"boxstyle": "round,pad=0.25", "fc": "#E8E8E8", "ec": "none"}
    for _, row in shown[shown["miner"] == "drawn"].iterrows():
        text = f"{row['hits@1']:.2f}"
        axes.text(row["balance"], row["precision"], text, fontsize=9, ha="center", va="center", bbox=box)
    named = shown[shown["miner"] != "drawn"]
    for name, mark in marks(named["miner"]).items():
        row = named[named["miner"] == name].iloc[0]
        axes.plot(
            row["balance"], row["precision"], mark.marker, color=mark.colour, ms=8, label=name, ls="none",
            zorder=4,
        )  # fmt: skip
        axes.annotate(f"{row['hits@1']:.2f}", (row["balance"], row["precision"]), (0, -15), ha="center",
                      textcoords="offset points", fontsize=9, color=mark.colour)  # fmt: skip
    for name, low, high in (("x", shown["balance"].min(), shown["balance"].max()),
                            ("y", shown["precision"].min(), shown["precision"].max())):  # fmt: skip
        pad = 0.12 * max(high - low, 0.05)  # room for the numbers, which margins do not see
        axes.set(**{f"{name}lim": (low - pad, high + pad)})
    axes.set(xlabel="balance of the semantic regions", ylabel="precision")
    if len(named):
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=5)
    return figure
