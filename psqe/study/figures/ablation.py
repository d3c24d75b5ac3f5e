"""Figures about rules and confidence: what a change does to seeds, and how true an estimate is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.evaluation.intervals import mean_interval
from psqe.figure_style import BLACK, GREY, marks, styled
from psqe.study.figures.drawing import (
    draw_means,
    joint_legend,
    require_columns,
    shade_rows,
    side_by_side,
    square_panels,
)


@styled
def changes(
    table: pd.DataFrame,
    values: Mapping[str, str],
    *,
    rows: str = "change",
    series: str = "task",
    limit: float = np.inf,
) -> Figure:
    """Draw what each change does: one row a change, one panel a measure, zero for no effect.

    The large circle is the mean over the series with its 95 % interval over random states, the small marks
    are the series.

    Parameters
    ----------
    table
        One row for each run: how much a measure differs from the run without the change on the same draw, in
        the columns ``rows``, ``series``, ``random_state`` and those of ``values``.
    values
        The columns to show, and the text under each panel.
    rows, series
        The columns that name the change and the series.
    limit
        Means further from zero are written as a number at the edge, so that the others can be told apart.
        Infinite by default.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, [rows, series, "random_state", *values])
    names = list(dict.fromkeys(table[rows]))
    size = (7, 1.1 + 0.27 * len(names))
    figure, panels = plt.subplots(1, len(values), figsize=size, sharey=True, squeeze=False)
    for axes, (value, text) in zip(panels[0], values.items(), strict=True):
        shade_rows(axes, names)
        axes.axvline(0, color=GREY, lw=0.9)
        for name, mark in marks(dict.fromkeys(table[series])).items():
            means = table[table[series] == name].groupby(rows)[value].mean().reindex(names)
            shown = means.abs().to_numpy(dtype=float) <= limit
            axes.plot(means[shown], np.flatnonzero(shown), mark.marker, color=mark.colour, ms=4, ls="none",
                      alpha=0.8, label=name)  # fmt: skip
        by_state = table.groupby([rows, "random_state"])[value].mean()
        for place, row in enumerate(names):
            _draw_change(axes, place, by_state[row].tolist(), limit)
        axes.set_xlabel(text, fontsize=9)
        if (by_state.abs().groupby(level=0).mean() > limit).any():
            axes.set_xlim(-1.05 * limit, 1.05 * limit)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    joint_legend(figure)
    return figure


def _draw_change(axes: Axes, place: int, values: Sequence[float], limit: float) -> None:
    """Draw the mean of a change with its interval, or write it at the edge beyond the limit."""
    mean, low, high = mean_interval(values)
    if abs(mean) > limit:
        text = f"{mean:+.0f} \N{RIGHTWARDS ARROW}" if mean > 0 else f"\N{LEFTWARDS ARROW} {mean:+.0f}"
        edge, side = (limit, "right") if mean > 0 else (-limit, "left")
        axes.text(edge, place, text, ha=side, va="center", fontsize=8.5)
        return
    if np.isfinite(low):
        axes.plot([low, high], [place, place], color=BLACK, lw=1.4)
    axes.plot(mean, place, "o", color="white", mec=BLACK, ms=5.5, mew=1.4, label="mean", zorder=3)


@styled
def sweeps(table: pd.DataFrame, values: Mapping[str, str], *, series: str = "task") -> Figure:
    """Draw measures as one parameter at a time takes other values: means with 95 % intervals over runs.

    Parameters
    ----------
    table
        One row for each run, with the columns ``parameter``, ``setting`` (a number), ``series`` and those of
        ``values``.
    values
        The columns to show, which hold shares, one row of panels each, and their names.
    series
        The column that tells the lines apart.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["parameter", "setting", series, *values])
    parameters = list(dict.fromkeys(table["parameter"]))
    size = (7, 0.8 + 1.65 * len(values))
    figure, grid = plt.subplots(len(values), len(parameters), figsize=size, squeeze=False, sharey="row")
    names = marks(dict.fromkeys(table[series]))
    for column, parameter in enumerate(parameters):
        of_parameter = table[table["parameter"] == parameter]
        settings = sorted(of_parameter["setting"].unique())
        for axes, (value, text) in zip(grid[:, column], values.items(), strict=True):
            for shift, (name, mark) in zip(side_by_side(len(names), 0.15), names.items(), strict=True):
                runs = of_parameter[of_parameter[series] == name].groupby("setting")[value].apply(list)
                places = [settings.index(setting) + shift for setting in runs.index]
                draw_means(axes, places, runs, mark, label=name, line=True, share=True, size=4)
            axes.set(xticks=range(len(settings)), xlim=(-0.5, len(settings) - 0.5))
            axes.set_xticklabels([f"{s:g}".removeprefix("0") or "0" for s in settings], fontsize=8)
            axes.grid(axis="x", visible=False)
            if column == 0:
                axes.set_ylabel(text, fontsize=9)
        grid[0, column].set_title(parameter)
    joint_legend(figure)
    return figure


@styled
def reliability(
    table: pd.DataFrame,
    *,
    truth: str = "precision",
    series: str = "miner",
    panels: str | None = None,
    n: str = "seeds_found",
) -> Figure:
    """Draw the precision of the seeds in each tenth of confidence against their mean confidence.

    On the diagonal an estimate is true. Within a random state every seed counts the same; marks are means
    over random states with their 95 % intervals.

    Parameters
    ----------
    table
        One row for each run and tenth: columns ``part`` (the tenth), ``random_state``, ``estimated``,
        ``truth``, ``series``, ``n`` and, where given, ``panels``.
    truth
        The column with the precision.
    series, panels
        The columns that name the series and the panel.
    n
        The column with the number of seeds that count.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["part", "random_state", "estimated", truth, series, n, panels])
    figure, parts = square_panels(table, panels, end=1.02)
    for axes, part in parts:
        for name, mark in marks(dict.fromkeys(table[series])).items():
            places, samples = [], []
            for _, tenth in part[part[series] == name].groupby("part"):
                runs = [_weighted(run, ["estimated", truth], n) for _, run in tenth.groupby("random_state")]
                known = [run for run in runs if np.isfinite(run).all()]
                if known:
                    places.append(float(np.mean([x for x, _ in known])))
                    samples.append([y for _, y in known])
            draw_means(axes, places, samples, mark, label=name, line=True, share=True)
        axes.set_xlabel("confidence, without labels")
    figure.axes[0].set_ylabel("share that is correct")
    joint_legend(figure)
    return figure


@styled
def estimates(
    table: pd.DataFrame, *, truth: str = "precision", series: str = "part", panels: str | None = None
) -> Figure:
    """Draw estimated against true precision, one mark for each set of seeds or part of one.

    Parameters
    ----------
    table
        One row a set or part: columns ``estimated``, ``truth``, ``series`` and, where given, ``panels``.
    truth
        The column with the precision.
    series, panels
        The columns that name the series and the panel.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["estimated", truth, series, panels])
    figure, parts = square_panels(table, panels, end=1.02)
    for axes, part in parts:
        for name, mark in marks(dict.fromkeys(table[series])).items():
            chosen = part[part[series] == name]
            axes.plot(chosen["estimated"], chosen[truth], mark.marker, ls="none", color=mark.colour, ms=4.5,
                      alpha=0.65, mew=0.4, mec="white", label=name, clip_on=False)  # fmt: skip
        axes.set_xlabel("estimated precision, without labels")
    figure.axes[0].set_ylabel("precision")
    joint_legend(figure)
    return figure


def _weighted(rows: pd.DataFrame, columns: Sequence[str], n: str) -> list[float]:
    """Compute means of columns over the rows that have them all, weighted by ``n``; NaN where none counts."""
    known = rows[rows[[*columns, n]].notna().all(axis=1) & (rows[n] > 0)]
    if known.empty:
        return [float("nan")] * len(columns)
    weights = known[n].astype(float)
    return [float((known[column].astype(float) * weights).sum() / weights.sum()) for column in columns]
