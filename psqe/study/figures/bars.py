"""Bars side by side: means of several runs, with the number at the end of each bar."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from psqe.figure_style import BLUE, GREEN, ORANGE, styled
from psqe.study.figures.drawing import interval_bounds, joint_legend, require_columns

COLOURS = (ORANGE, BLUE, GREEN)
"""The colours of kinds of bars, in order of appearance."""

HATCHES = ("", "///", "...")
"""The patterns of kinds of bars, for readers who cannot tell the colours."""


@styled
def bars(table: pd.DataFrame, *, value: str, rows: str, panels: str, kinds: str, end: float = 100) -> Figure:
    """Draw means as level bars with their 95 % intervals, in panels below each other.

    Parameters
    ----------
    table
        One row for each run.
    value
        The column to show; its values are not negative.
    rows, panels
        The columns that name the bar and the panel.
    kinds
        The column whose values have a colour and a pattern each. Three values at most.
    end
        The end of the axis of the values, which all panels share; 100 by default, for percent.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, [value, rows, panels, kinds])
    looks = dict(zip(dict.fromkeys(table[kinds]), zip(COLOURS, HATCHES, strict=True), strict=False))
    parts = [(title, part) for title, part in table.groupby(panels, sort=False)]
    n_rows = [part[rows].nunique() for _, part in parts]
    figure, grid = plt.subplots(
        len(parts), 1, figsize=(7, 0.55 * len(parts) + 0.27 * sum(n_rows) + 0.4), sharex=True, squeeze=False,
        height_ratios=[n + 0.2 for n in n_rows],
    )  # fmt: skip
    for axes, (title, part) in zip(grid[:, 0], parts, strict=True):
        _draw(axes, part, value, rows, kinds, looks)
        axes.set_title(str(title), loc="left")
        axes.set_xlim(0, end)
    grid[-1, 0].set_xlabel("percent")
    joint_legend(figure)
    return figure


def _draw(
    axes: Axes, part: pd.DataFrame, value: str, rows: str, kinds: str, looks: dict[Any, tuple[str, str]]
) -> None:
    """Draw the bars of one panel, each with its mean as a number and its interval as a line."""
    names = list(dict.fromkeys(part[rows]))
    for place, name in enumerate(names):
        own = part[part[rows] == name]
        colour, hatch = looks[own[kinds].iloc[0]]
        mean, low, high = interval_bounds([own[value].tolist()])[:, 0]
        axes.barh(
            place, mean, height=0.72, color=colour, hatch=hatch, edgecolor="white", linewidth=0,
            label=str(own[kinds].iloc[0]), zorder=2,
        )  # fmt: skip
        axes.plot([low, high], [place, place], color="black", lw=1.4, zorder=3)
        axes.text(max(mean, high) + 0.8, place, f"{mean:.0f}", va="center", fontsize="small")
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
