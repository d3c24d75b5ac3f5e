"""Figures of results: by region, by rank, by number of seeds, stage by stage. Means with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.graph import BoolArray, FloatArray
from psqe.study.figures.style import BLACK, GREY, RIGHT, WRONG, Mark, marks, styled
from psqe.study.figures.tables import mean_table

ByRegion = Mapping[str, Mapping[str, float | None]]
"""Kind of region, region, value; ``None`` where there is no value."""


def _dots(
    axes: Axes, places: Sequence[float], values: Sequence[Sequence[float]], mark: Mark, name: str
) -> None:
    """Means with their intervals, horizontally, one row per sequence of values."""
    label = name
    for place, runs in zip(places, values, strict=True):
        if not len(runs):
            continue
        mean, low, high = mean_interval(runs)
        if np.isfinite(low):
            axes.plot([low, high], [place, place], color=mark.colour, lw=1.6, alpha=0.55)
        axes.plot(
            mean,
            place,
            mark.marker,
            color=mark.colour,
            ms=6,
            label=label,
            clip_on=False,
        )
        label = "_"


def _rows(axes: Axes, n: int) -> None:
    """Rows from the top down, every other one shaded."""
    for row in range(0, n, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F5F5F5", lw=0, zorder=0)
    axes.set_ylim(n - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _present(runs: Sequence[ByRegion], kind: str, region: str) -> list[float]:
    found = (run[kind].get(region) for run in runs)
    return [float(value) for value in found if value is not None]


@styled
def by_region(
    runs: Mapping[str, Sequence[ByRegion]], *, ylabel: str, kinds: Sequence[str] | None = None
) -> Figure:
    """One panel per kind of region, the regions below one another, the miners side by side.

    Parameters
    ----------
    runs
        By miner, one mapping (kind, region, value) per random state: an audit's ``coverage`` or
        ``precision_by_region``.
    ylabel
        What the values are.
    kinds
        Which kinds to show; by default all of the first run.

    Raises
    ------
    ParameterError
        If there is no run.
    """
    if not runs or not all(len(r) for r in runs.values()):
        raise ParameterError("no run to show", remedy="give at least one per series")
    first = next(iter(runs.values()))[0]
    kinds = list(first) if kinds is None else list(kinds)
    regions = {
        kind: list(dict.fromkeys(r for m in runs.values() for run in m for r in run[kind])) for kind in kinds
    }
    step = 0.18 + 0.11 * len(runs)
    rows = [len(regions[kind]) for kind in kinds]
    figure, panels = plt.subplots(
        len(kinds), 1, figsize=(7, 0.75 + sum(rows) * step + 0.33 * len(kinds)), sharex=True, squeeze=False,
        height_ratios=[n + 0.4 for n in rows],
    )  # fmt: skip
    chosen = marks(runs)
    offsets = np.linspace(-0.28, 0.28, len(runs)) if len(runs) > 1 else [0.0]
    for axes, kind in zip(panels[:, 0], kinds, strict=True):
        for offset, (name, series) in zip(offsets, runs.items(), strict=True):
            values = [_present(series, kind, region) for region in regions[kind]]
            _dots(axes, [i + float(offset) for i in range(len(values))], values, chosen[name], name)
        axes.set(yticks=range(len(regions[kind])), yticklabels=regions[kind], title=f"{kind} regions")
        _rows(axes, len(regions[kind]))
    panels[-1, 0].set_xlim(0, panels[-1, 0].get_xlim()[1])
    panels[-1, 0].set_xlabel(ylabel)
    if len(runs) > 1:
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=6)
    return figure


def hits_by_region(
    reports: Mapping[str, Sequence[Mapping[str, Any]]], *, kinds: Sequence[str] | None = None
) -> Figure:
    """Hits@1 by region: :func:`by_region` of reports of :func:`psqe.evaluation.evaluate` with regions."""
    runs: dict[str, list[ByRegion]] = {
        name: [
            {kind: {r: v["hits@1"] for r, v in found.items()} for kind, found in report["regions"].items()}
            for report in series
        ]
        for name, series in reports.items()
    }
    return by_region(runs, ylabel="Hits@1, mean of both directions, all candidates", kinds=kinds)


@styled
def dot_plot(
    table: pd.DataFrame, value: str, *, rows: str, series: str, xlabel: str, panels: str | None = None
) -> Figure:
    """Means with their intervals: one row per setting, the series side by side.

    Parameters
    ----------
    table
        One row per run.
    value
        The column to show, not negative.
    rows, series
        The columns that name the setting and the series.
    xlabel
        What the values are.
    panels
        The column that names the panel, for values that are not to be compared; one panel when omitted.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, [value, rows, series, *([panels] if panels else [])])
    parts = [(None, table)] if panels is None else list(table.groupby(panels, sort=False))
    settings, names = (list(dict.fromkeys(table[column])) for column in (rows, series))
    figure, grid = plt.subplots(
        1,
        len(parts),
        figsize=(7, 1.1 + len(settings) * (0.12 + 0.12 * len(names))),
        sharey=True,
        squeeze=False,
        gridspec_kw={"wspace": 0.12},  # room for the numbers at the ends of the axes
    )
    offsets = np.linspace(-0.2, 0.2, len(names)) if len(names) > 1 else [0.0]
    for axes, (title, part) in zip(grid[0], parts, strict=True):
        for offset, (name, mark) in zip(offsets, marks(names).items(), strict=True):
            mine = part[part[series] == name]
            values = [mine.loc[mine[rows] == setting, value].tolist() for setting in settings]
            _dots(axes, [i + float(offset) for i in range(len(settings))], values, mark, name)
        axes.set(yticks=range(len(settings)), yticklabels=settings, xlabel=xlabel)
        axes.set_xlim(0, max(1.0, float(table[value].max())))
        axes.xaxis.set_major_locator(MaxNLocator(4 if len(parts) < 4 else 2))  # room for the numbers
        _rows(axes, len(settings))
        if title is not None:
            axes.set_title(str(title))
    named = {h.get_label(): h for axes in grid[0] for h in axes.get_legend_handles_labels()[0]}
    handles = [named[name] for name in names if name in named]
    figure.legend(handles=handles, loc="outside upper right", ncols=6)
    return figure


@styled
def precision_by_rank(runs: Mapping[str, Sequence[BoolArray | FloatArray]], *, start: int = 20) -> Figure:
    """Precision of the most confident seeds, as more of them are taken.

    Parameters
    ----------
    runs
        By miner, one array per random state: whether each seed is right, best first
        (:func:`~psqe.seeds.audit.correct`), or the probability that it is. Runs of unequal length are
        shown as far as the shortest.
    start
        First rank shown; the share of a handful says little.

    Raises
    ------
    ParameterError
        If a run has no more seeds than ``start``.
    """
    figure, axes = plt.subplots(figsize=(7, 2.8))
    for name, mark in marks(runs).items():
        n = min(map(len, runs[name]), default=0)
        if n <= start:
            raise ParameterError(f"{name} has {n} seeds, the curve starts at {start}", remedy="start earlier")
        rank = np.arange(1, n + 1)
        curves = np.array([np.cumsum(right[:n], dtype=np.float64) / rank for right in runs[name]])[
            :, start - 1 :
        ]
        mean, low, high = np.clip([mean_interval(column) for column in curves.T], 0, 1).T
        shown = rank[start - 1 :]
        axes.plot(shown, mean, color=mark.colour, label=name, lw=1.8)
        if len(curves) > 1:
            axes.fill_between(shown, low, high, color=mark.colour, alpha=0.22, lw=0)
    axes.set(
        xlabel="number of seeds taken, most confident first",
        ylabel="precision",
        ylim=(0, 1.02),
        xlim=(0, None),
    )
    if len(runs) > 1:
        axes.legend(loc="lower left")
    return figure


@styled
def stage_trace(audits: Sequence[Mapping[str, Any]]) -> Figure:
    """What each stage of a miner adds and drops, how much of it is right, and what is left after it.

    Parameters
    ----------
    audits
        Reports of :func:`psqe.seeds.audit` of one miner with the same stages, one per random state. Without
        gold links the counts are shown alone.

    Raises
    ------
    ParameterError
        If there is no report, or their stages differ.
    """
    stages = [[s["stage"] for s in audit["stages"]] for audit in audits]
    if not stages or any(names != stages[0] for names in stages):
        raise ParameterError("the reports have no stages, or not the same", remedy="audit one miner's seeds")
    names, places = stages[0], np.arange(len(stages[0]))
    known = any(s["precision"] is not None for audit in audits for s in audit["stages"])
    figure, panels = plt.subplots(1, 2 if known else 1, figsize=(7, 2.7), squeeze=False)
    axes = panels[0, 0]
    for what, sign in (("added", 1), ("dropped", -1)):
        n = np.array([[s[f"n_{what}"] for s in audit["stages"]] for audit in audits], dtype=float)
        share = np.array([[s[f"precision_{what}"] or 0.0 for s in audit["stages"]] for audit in audits])
        right, wrong = (n * share).mean(axis=0), (n * (1 - share)).mean(axis=0)
        if not known:
            axes.bar(places, sign * n.mean(axis=0), 0.55, color=GREY)
            continue
        shown = what == "added"
        axes.bar(places, sign * right, 0.55, color=RIGHT, label="right" if shown else "_")
        axes.bar(places, sign * wrong, 0.55, bottom=sign * right, color="white", ec=WRONG, hatch="////",
                 label="wrong" if shown else "_")  # fmt: skip
    axes.axhline(0, color=BLACK, lw=0.8)
    axes.set(
        xticks=places, xticklabels=names, title="seeds added (above 0) and dropped (below)", ylabel="seeds"
    )
    axes.grid(axis="x", visible=False)
    if known:
        axes.legend(loc="best")
        _stage_precision(panels[0, 1], audits, names)
    return figure


def _stage_precision(axes: Axes, audits: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Precision of the seeds that are there after each stage, and of what it added and dropped."""
    series = (("precision", "all seeds after it", Mark(BLACK, "o"), 0.0),
              ("precision_added", "added by it", Mark(RIGHT, "^"), -0.14),
              ("precision_dropped", "dropped by it", Mark(WRONG, "v"), 0.14))  # fmt: skip
    for key, text, mark, offset in series:
        points = []
        for place in range(len(names)):
            runs = [v for audit in audits if (v := audit["stages"][place][key]) is not None]
            if runs:
                points.append((place + offset, *mean_interval(runs)))
        if points:
            x, mean, low, high = np.array(points).T
            error = np.nan_to_num(np.array([mean - low, high - mean]))
            style = "-" if key == "precision" else "none"
            axes.errorbar(
                x, mean, error, fmt=mark.marker, ls=style, color=mark.colour, label=text, elinewidth=1.2
            )
    axes.set(xticks=range(len(names)), xticklabels=names, xlim=(-0.5, len(names) - 0.5), ylim=(0, 1.04))
    axes.set_title("precision")
    axes.grid(axis="x", visible=False)
    axes.legend(loc="lower right")


@styled
def by_n_seeds(
    table: pd.DataFrame,
    value: str,
    *,
    ylabel: str,
    series: str = "miner",
    baselines: Mapping[str, float] | None = None,
) -> Figure:
    """A value for each miner and number of seeds: mean and interval over the runs.

    Parameters
    ----------
    table
        One row per run, with the columns ``n_seeds``, ``series`` and ``value``.
    value
        The column to show.
    ylabel
        What it is.
    series
        The column that tells the series apart.
    baselines
        Values that need no seeds, drawn as named horizontal lines.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["n_seeds", series, value])
    baselines = dict(baselines or {})
    figure, axes = plt.subplots(figsize=(7, 3.2))
    sizes = sorted(table["n_seeds"].unique().tolist())
    names = list(dict.fromkeys(table[series]))
    offsets = np.linspace(-0.24, 0.24, len(names)) if len(names) > 1 else [0.0]
    means = mean_table(table, by=[series, "n_seeds"], value=value)
    for offset, (name, mark) in zip(offsets, marks(names).items(), strict=True):
        rows = means[means[series] == name]
        x = [sizes.index(size) + offset for size in rows["n_seeds"]]
        error = np.nan_to_num(np.array([rows["mean"] - rows["low"], rows["high"] - rows["mean"]]))
        axes.errorbar(
            x, rows["mean"], error, fmt=mark.marker, color=mark.colour, label=name, ms=6, elinewidth=1.6
        )
    right_end = len(sizes) - 0.5
    top = max([1.0, *baselines.values()]) * 1.02
    axes.set(xlim=(-0.5, right_end), ylim=(0, top), xticks=range(len(sizes)), xticklabels=sizes)
    axes.set(xlabel="number of seeds", ylabel=ylabel)
    axes.grid(axis="x", visible=False)
    for (text, height), place in zip(
        baselines.items(), _spread(list(baselines.values()), 0.06 * top), strict=True
    ):
        axes.axhline(height, color=BLACK, lw=0.9, ls=(0, (4, 2)), zorder=1)
        axes.annotate(f"{text} ({height:.2f})", (right_end, height), (right_end + 0.04, place), fontsize=8.5,
                      va="center", annotation_clip=False)  # fmt: skip
    figure.legend(loc="outside upper left", ncols=6)
    return figure


def _require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise :class:`ParameterError` unless a table has rows and these columns."""
    missing = [column for column in columns if column not in table]
    if missing:
        raise ParameterError(f"the table has no column {' or '.join(missing)}")
    if table.empty:
        raise ParameterError("the table is empty", remedy="give at least one run")


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights of labels, moved up where they would overlap the one below."""
    places = list(heights)
    previous = -np.inf
    for i in np.argsort(heights, kind="stable").tolist():
        places[i] = previous = max(heights[i], previous + gap)
    return places
