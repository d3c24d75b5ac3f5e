"""Level bars: means of several runs, each with its interval and its number."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from psqe.figure_style import BLUE, GREEN, ORANGE, styled
from psqe.study.figures.drawing import interval_bounds, joint_legend, require_columns

LOOKS = ((ORANGE, ""), (BLUE, "///"), (GREEN, "..."))
"""The colours and the patterns of kinds of bars, in order of appearance. The patterns are for readers who
cannot distinguish the colours."""


@styled
def bars(
    table: pd.DataFrame, *, value: str, rows: str, panels: str, columns: str, kinds: str, end: float = 100
) -> Figure:
    """Draw means as level bars with their 95 % intervals: panels below each other, in columns.

    Parameters
    ----------
    table
        One row for each run.
    value
        The column to show; its values are not negative.
    rows
        The column that names the bar. The panels beside each other share these names.
    panels, columns
        The columns that name the panel, from the top down, and the column of panels, from the left.
    kinds
        The column whose values have a colour and a pattern each, three values at most.
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
    require_columns(table, [value, rows, panels, columns, kinds])
    looks = dict(zip(dict.fromkeys(table[kinds]), LOOKS, strict=False))
    parts = [list(part.groupby(columns, sort=False)) for _, part in table.groupby(panels, sort=False)]
    titles = list(dict.fromkeys(table[panels]))
    n_rows = [max(own[rows].nunique() for _, own in part) for part in parts]
    height = 0.42 * len(parts) + 0.24 * sum(n_rows) + 0.7
    figure, grid = plt.subplots(
        len(parts), max(map(len, parts)), figsize=(7, height), sharex=True, sharey="row", squeeze=False,
        height_ratios=[n + 0.2 for n in n_rows],
    )  # fmt: skip
    for row, (title, part, line) in enumerate(zip(titles, parts, grid, strict=True)):
        for place, ((name, own), axes) in enumerate(zip(part, line, strict=True)):
            _draw(axes, own, value, rows, kinds, looks)
            if not place:
                axes.text(-0.02, 1.05, str(title), ha="right", weight="bold", transform=axes.transAxes)
            if not row:
                axes.set_title(str(name))
            axes.set_xlim(0, end)
    for axes in grid[-1]:
        axes.set_xlabel("percent")
    joint_legend(figure)
    return figure


def _draw(
    axes: Axes, part: pd.DataFrame, value: str, rows: str, kinds: str, looks: Mapping[str, tuple[str, str]]
) -> None:
    """Draw the bars of one panel, each with its mean as a number and its interval as a line."""
    names = list(dict.fromkeys(part[rows]))
    for place, name in enumerate(names):
        own = part[part[rows] == name]
        kind = str(own[kinds].iloc[0])
        colour, hatch = looks[kind]
        mean, low, high = interval_bounds([own[value].tolist()])[:, 0]
        axes.barh(
            place, mean, height=0.72, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=kind,
            zorder=2,
        )  # fmt: skip
        axes.plot([low, high], [place, place], color="black", lw=1.4, zorder=3)
        axes.text(max(mean, high) + 1.5, place, f"{mean:.0f}", va="center", fontsize="small")
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
