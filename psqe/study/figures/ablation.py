"""Figures about rules and about confidence: what a change does, and how true an estimate is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.evaluation.intervals import mean_interval
from psqe.study.figures.results import _require, _rows
from psqe.study.figures.style import BLACK, GREY, marks, styled


@styled
def changes(
    table: pd.DataFrame,
    values: Mapping[str, str],
    *,
    rows: str = "change",
    series: str = "task",
    limit: float = np.inf,
) -> Figure:
    """What each change does: one row per change, one panel per measure, zero for no effect.

    The large dot is the mean over the series with its interval over random states, the small marks are
    the series.

    Parameters
    ----------
    table
        One row per run: how much a measure differs from the run without the change on the same draw.
        Columns ``rows``, ``series``, ``random_state`` and the values.
    values
        The columns to show, and what to write under each panel.
    rows, series
        The columns that name the change and the series.
    limit
        Means further from zero are written as a number at the edge, so that the others can be told apart.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, [rows, series, "random_state", *values])
    names = list(dict.fromkeys(table[rows]))
    figure, panels = plt.subplots(
        1, len(values), figsize=(7, 1.1 + 0.27 * len(names)), sharey=True, squeeze=False
    )
    for axes, (value, text) in zip(panels[0], values.items(), strict=True):
        _rows(axes, len(names))
        axes.axvline(0, color=GREY, lw=0.9)
        for name, mark in marks(dict.fromkeys(table[series])).items():
            means = table[table[series] == name].groupby(rows)[value].mean()
            shown = [
                (float(means[row]), place)
                for place, row in enumerate(names)
                if row in means and abs(means[row]) <= limit
            ]
            x, y = np.array(shown).reshape(-1, 2).T
            axes.plot(x, y, mark.marker, color=mark.colour, ms=4, ls="none", alpha=0.8, label=name)
        by_state = table.groupby([rows, "random_state"])[value].mean()
        for place, row in enumerate(names):
            mean, low, high = mean_interval(by_state[row].tolist())
            if abs(mean) > limit:
                edge, end = (limit, "right") if mean > 0 else (-limit, "left")
                text_at = (
                    f"{mean:+.0f} \N{RIGHTWARDS ARROW}" if mean > 0 else f"\N{LEFTWARDS ARROW} {mean:+.0f}"
                )
                axes.text(edge, place, text_at, ha=end, va="center", fontsize=8.5)
                continue
            if np.isfinite(low):
                axes.plot([low, high], [place, place], color=BLACK, lw=1.4)
            label = "mean" if "mean" not in axes.get_legend_handles_labels()[1] else "_"
            axes.plot(mean, place, "o", color="white", mec=BLACK, ms=5.5, mew=1.4, label=label, zorder=3)
        axes.set(yticks=range(len(names)), yticklabels=names)
        axes.set_xlabel(text, fontsize=9)
        if (by_state.abs().groupby(level=0).mean() > limit).any():
            axes.set_xlim(-1.05 * limit, 1.05 * limit)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=6)
    return figure


@styled
def sweeps(table: pd.DataFrame, values: Mapping[str, str], *, series: str = "task") -> Figure:
    """Measures as one parameter at a time takes other values: means with intervals over random states.

    Parameters
    ----------
    table
        One row per run, with the columns ``parameter``, ``setting`` (a number), ``series`` and the values.
    values
        The columns to show, shares, one row of panels each, and what they are.
    series
        The column that tells the lines apart.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["parameter", "setting", series, *values])
    parameters = list(dict.fromkeys(table["parameter"]))
    figure, grid = plt.subplots(
        len(values), len(parameters), figsize=(7, 0.8 + 1.65 * len(values)), squeeze=False, sharey="row"
    )
    names = marks(dict.fromkeys(table[series]))
    for column, parameter in enumerate(parameters):
        mine = table[table["parameter"] == parameter]
        settings = sorted(mine["setting"].unique())
        for axes, (value, text) in zip(grid[:, column], values.items(), strict=True):
            for shift, (name, mark) in zip(np.linspace(-0.15, 0.15, len(names)), names.items(), strict=True):
                runs = mine[mine[series] == name].groupby("setting")[value].apply(list)
                if runs.empty:
                    continue
                mean, low, high = np.clip([mean_interval(run) for run in runs], 0, 1).T
                x = [settings.index(setting) + shift for setting in runs.index]
                error = np.nan_to_num(np.array([mean - low, high - mean]))
                axes.errorbar(x, mean, error, fmt=mark.marker, ls="-", lw=1, color=mark.colour, ms=4,
                              elinewidth=1, label=name)  # fmt: skip
            axes.set(xticks=range(len(settings)), xlim=(-0.5, len(settings) - 0.5))
            axes.set_xticklabels([f"{s:g}".removeprefix("0") or "0" for s in settings], fontsize=8)
            axes.grid(axis="x", visible=False)
            if column == 0:
                axes.set_ylabel(text, fontsize=9)
        grid[0, column].set_title(parameter)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=6)
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
    """Precision of the seeds in each tenth of confidence against their mean confidence.

    Points on the diagonal are estimated as they are. Within a random state seeds count alike; dots are
    means over random states with their intervals.

    Parameters
    ----------
    table
        One row per run and tenth: columns ``region`` (the tenth), ``random_state``, ``estimated``,
        ``truth``, ``series``, ``n`` and, where given, ``panels``.
    truth
        The column with what is right.
    series, panels
        The columns that name the series and the panel.
    n
        The column with the number of seeds that count.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["region", "random_state", "estimated", truth, series, n, *([panels] if panels else [])])
    parts = [("", table)] if panels is None else list(table.groupby(panels, sort=False))
    figure, grid = plt.subplots(1, len(parts), figsize=_squares(len(parts)), squeeze=False, sharey=True)
    names = marks(dict.fromkeys(table[series]))
    for axes, (title, part) in zip(grid[0], parts, strict=True):
        _diagonal(axes)
        for name, mark in names.items():
            points = []
            for _, tenth in part[part[series] == name].groupby("region"):
                runs = [_weighted(run, ["estimated", truth], n) for _, run in tenth.groupby("random_state")]
                runs = [run for run in runs if np.isfinite(run).all()]
                if runs:
                    points.append((np.mean([x for x, _ in runs]), *mean_interval([y for _, y in runs])))
            if points:
                x, mean, low, high = np.array(points).T
                error = np.nan_to_num(np.array([mean - np.clip(low, 0, 1), np.clip(high, 0, 1) - mean]))
                axes.errorbar(x, mean, np.maximum(error, 0), fmt=mark.marker, ls="-", lw=1, ms=5,
                              color=mark.colour, elinewidth=1.2, label=name)  # fmt: skip
        axes.set_title(str(title))
        axes.set_xlabel("confidence, without labels")
    grid[0, 0].set_ylabel("share that is right")
    handles = {h.get_label(): h for a in grid[0] for h in a.get_legend_handles_labels()[0]}
    figure.legend(list(handles.values()), list(handles), loc="outside upper right", ncols=5)
    return figure


@styled
def estimates(
    table: pd.DataFrame, *, truth: str = "precision", series: str = "part", panels: str | None = None
) -> Figure:
    """Estimated against true precision, one mark for each set of seeds or part of one.

    Parameters
    ----------
    table
        One row per set or part: columns ``estimated``, ``truth``, ``series`` and, where given, ``panels``.
    truth
        The column with what is right.
    series, panels
        The columns that name the series and the panel.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["estimated", truth, series, *([panels] if panels else [])])
    parts = [("", table)] if panels is None else list(table.groupby(panels, sort=False))
    figure, grid = plt.subplots(1, len(parts), figsize=_squares(len(parts)), squeeze=False, sharey=True)
    for axes, (title, part) in zip(grid[0], parts, strict=True):
        _diagonal(axes)
        for name, mark in marks(dict.fromkeys(table[series])).items():
            mine = part[part[series] == name]
            axes.plot(mine["estimated"], mine[truth], mark.marker, ls="none", color=mark.colour, ms=4.5,
                      alpha=0.65, mew=0.4, mec="white", label=name, clip_on=False)  # fmt: skip
        axes.set_title(str(title))
        axes.set_xlabel("estimated precision, without labels")
    grid[0, 0].set_ylabel("precision")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=5)
    return figure


def _squares(n: int) -> tuple[float, float]:
    """Width and height of a figure of ``n`` square panels side by side."""
    side = 3.6 if n == 1 else 6.6 / n
    return min(7.0, side * n + 0.6), side + 0.75


def _diagonal(axes: Axes) -> None:
    """The unit square, with the line on which estimates are true."""
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")


def _weighted(rows: pd.DataFrame, columns: Sequence[str], n: str) -> list[float]:
    """Means of columns over the rows that have them all, weighted by ``n``; NaN where none counts."""
    known = rows[rows[[*columns, n]].notna().all(axis=1) & (rows[n] > 0)]
    if known.empty:
        return [float("nan")] * len(columns)
    weights = known[n].astype(float)
    return [float((known[column].astype(float) * weights).sum() / weights.sum()) for column in columns]
