"""Figures of results: by region, by rank, by number of seeds, stage by stage; means with 95 % intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.errors import ParameterError
from psqe.figure_style import BLACK, CORRECT, GREY, WRONG, Mark, marks, styled
from psqe.graph import BoolArray, FloatArray
from psqe.study.figures.drawing import (
    DASHES,
    Sample,
    draw_band,
    draw_means,
    interval_bounds,
    joint_legend,
    panel_parts,
    require_columns,
    shade_rows,
    side_by_side,
)

ByRegion = Mapping[str, Mapping[str, float | None]]
"""Values by kind of region and region; ``None`` where there is no value."""


def _draw_rows(
    axes: Axes, samples: Iterable[tuple[float, Sample]], mark: Mark, label: str, *, share: bool = False
) -> None:
    """Draw the mean of each sample at its height, with its 95 % interval as a level bar."""
    for height, sample in samples:
        if not len(sample):
            continue
        mean, low, high = interval_bounds([sample], share=share)[:, 0]
        if np.isfinite(low):
            axes.plot([low, high], [height, height], color=mark.colour, lw=1.6, alpha=0.55)
        axes.plot(mean, height, mark.marker, color=mark.colour, ms=6, label=label, clip_on=False)


@styled
def by_region(
    runs: Mapping[str, Sequence[ByRegion]],
    *,
    ylabel: str,
    kinds: Sequence[str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw shares by region: one panel a kind of region, one row a region, the miners side by side.

    Intervals are cut at 0 and at 1.

    Parameters
    ----------
    runs
        By miner, one mapping (kind, region, value) a random state: an audit's ``coverage`` or
        ``precision_by_region``.
    ylabel
        The text of the axis of the values.
    kinds
        The kinds of regions to show; by default all of the first run.
    titles
        The titles of panels, by kind of region; by default the kind, followed by *regions*.

    Raises
    ------
    ParameterError
        If there is no run.
    """
    if not runs or not all(len(r) for r in runs.values()):
        raise ParameterError("there is no run to show", remedy="give at least one per series")
    first = next(iter(runs.values()))[0]
    regions = {
        kind: list(dict.fromkeys(r for m in runs.values() for run in m for r in run[kind]))
        for kind in (first if kinds is None else kinds)
    }
    rows = [len(names) for names in regions.values()]
    height = 0.75 + sum(rows) * (0.18 + 0.11 * len(runs)) + 0.33 * len(rows)
    figure, panels = plt.subplots(
        len(rows), 1, figsize=(7, height), sharex=True, squeeze=False, height_ratios=[n + 0.4 for n in rows]
    )
    chosen = marks(runs)
    for axes, (kind, names) in zip(panels[:, 0], regions.items(), strict=True):
        for offset, (miner, series) in zip(side_by_side(len(runs), 0.28), runs.items(), strict=True):
            samples = [
                (i + offset, [float(v) for run in series if (v := run[kind].get(name)) is not None])
                for i, name in enumerate(names)
            ]
            _draw_rows(axes, samples, chosen[miner], miner, share=True)
        axes.set(title=(titles or {}).get(kind, f"{kind} regions"))
        shade_rows(axes, names)
    panels[-1, 0].set_xlim(0, panels[-1, 0].get_xlim()[1])
    panels[-1, 0].set_xlabel(ylabel)
    if len(runs) > 1:
        joint_legend(figure)
    return figure


@styled
def dot_plot(
    table: pd.DataFrame,
    value: str,
    *,
    rows: str,
    series: str,
    xlabel: str,
    panels: str | None = None,
    highest: float | None = None,
) -> Figure:
    """Draw means with their 95 % intervals: one row a setting, the series side by side.

    Parameters
    ----------
    table
        One row for each run.
    value
        The column to show; its values are not negative.
    rows, series
        The columns that name the setting and the series.
    xlabel
        The text of the axis of the values.
    panels
        The column that names the panel, for values that are not to be compared; one panel when omitted.
    highest
        The end of the axis of the values; when omitted 1, or the largest value if that is more.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, [value, rows, series, panels])
    end = max(1.0, float(table[value].max())) if highest is None else highest
    parts = panel_parts(table, panels)
    settings, names = (list(dict.fromkeys(table[column])) for column in (rows, series))
    height = 1.1 + len(settings) * (0.12 + 0.12 * len(names))
    figure, grid = plt.subplots(
        1, len(parts), figsize=(7, height), sharey=True, squeeze=False,
        gridspec_kw={"wspace": 0.12},  # There must be room for the numbers at the ends of the axes.
    )  # fmt: skip
    reach = 0.2 if len(names) < 4 else 0.36  # Marks of many series must not lie on each other.
    for axes, (title, part) in zip(grid[0], parts, strict=True):
        for offset, (name, mark) in zip(side_by_side(len(names), reach), marks(names).items(), strict=True):
            chosen = part[part[series] == name]
            samples = [
                (i + offset, chosen.loc[chosen[rows] == setting, value].tolist())
                for i, setting in enumerate(settings)
            ]
            _draw_rows(axes, samples, mark, name)
        shade_rows(axes, settings)
        axes.set(xlabel=xlabel, title=title, xlim=(0, end))
        axes.xaxis.set_major_locator(MaxNLocator(4 if len(parts) < 4 else 2))
    joint_legend(figure, order=names)
    return figure


@styled
def precision_by_rank(runs: Mapping[str, Sequence[BoolArray | FloatArray]], *, start: int = 20) -> Figure:
    """Draw the precision of the most confident seeds as more of them are taken.

    Parameters
    ----------
    runs
        By miner, one array a random state, the most confident seed first: whether each seed is correct
        (:func:`~psqe.evaluation.truth.correct`), or the probability that it is. Runs of unequal length are
        shown as far as the shortest.
    start
        The first number of seeds shown, 20 by default, since the share among a handful says little.

    Raises
    ------
    ParameterError
        If a run has no more seeds than ``start``.
    """
    figure, axes = plt.subplots(figsize=(7, 2.8))
    for name, mark in marks(runs).items():
        n = min(map(len, runs[name]), default=0)
        if n <= start:
            raise ParameterError(
                f"{name} has {n} seeds, but the curve starts at {start}", remedy="start earlier"
            )
        rank = np.arange(1, n + 1)
        curves = np.array([np.cumsum(hits[:n], dtype=np.float64) / rank for hits in runs[name]])
        draw_band(axes, rank[start - 1 :], curves[:, start - 1 :], mark.colour, label=name)
    axes.set(xlabel="number of seeds taken, most confident first", ylabel="precision", ylim=(0, 1.02),
             xlim=(0, None))  # fmt: skip
    if len(runs) > 1:
        axes.legend(loc="lower left")
    return figure


@styled
def stage_trace(audits: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw what each stage of a miner adds and drops, how much of it is correct, and what is left after it.

    Parameters
    ----------
    audits
        Reports of :func:`psqe.seeds.audit` of one miner with the same stages, one a random state. Without
        gold links only the counts are shown.

    Raises
    ------
    ParameterError
        If there is no report, or the stages of the reports differ.
    """
    stages = [[s["stage"] for s in audit["stages"]] for audit in audits]
    if not stages or any(names != stages[0] for names in stages):
        raise ParameterError(
            "the reports have no stages, or not the same", remedy="give audits of one miner's seeds"
        )
    names, places = stages[0], np.arange(len(stages[0]))
    known = any(s["precision"] is not None for audit in audits for s in audit["stages"])
    figure, panels = plt.subplots(1, 2 if known else 1, figsize=(7, 2.7), squeeze=False)
    axes = panels[0, 0]
    for what, sign in (("added", 1), ("dropped", -1)):
        n = np.array([[s[f"n_{what}"] for s in audit["stages"]] for audit in audits], dtype=float)
        share = np.array([[s[f"precision_{what}"] or 0.0 for s in audit["stages"]] for audit in audits])
        hits, wrong = (n * share).mean(axis=0), (n * (1 - share)).mean(axis=0)
        if not known:
            axes.bar(places, sign * n.mean(axis=0), 0.55, color=GREY)
            continue
        labels = ("correct", "wrong") if what == "added" else ("_", "_")
        axes.bar(places, sign * hits, 0.55, color=CORRECT, label=labels[0])
        axes.bar(places, sign * wrong, 0.55, bottom=sign * hits, color="white", ec=WRONG, hatch="////",
                 label=labels[1])  # fmt: skip
    axes.axhline(0, color=BLACK, lw=0.8)
    axes.set(xticks=places, xticklabels=names, title="added (above 0), dropped (below)", ylabel="seeds")
    axes.grid(axis="x", visible=False)
    if known:
        axes.legend(loc="best")
        _draw_stage_precision(panels[0, 1], audits, names)
    return figure


def _draw_stage_precision(axes: Axes, audits: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Draw the precision of all seeds after each stage, and of the seeds that it added and dropped."""
    series = (("precision", "all seeds after it", Mark(BLACK, "o"), 0.0),
              ("precision_added", "added by it", Mark(CORRECT, "^"), -0.14),
              ("precision_dropped", "dropped by it", Mark(WRONG, "v"), 0.14))  # fmt: skip
    for key, text, mark, offset in series:
        known = [
            [v for audit in audits if (v := audit["stages"][i][key]) is not None] for i in range(len(names))
        ]
        places = [i + offset for i, runs in enumerate(known) if runs]
        draw_means(axes, places, filter(None, known), mark, label=text, line=key == "precision", size=6)
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
    """Draw a value for each miner and number of seeds: mean and 95 % interval over the runs.

    Parameters
    ----------
    table
        One row for each run, with the columns ``n_seeds``, ``series`` and ``value``.
    value
        The column to show.
    ylabel
        The text of the upright axis.
    series
        The column that tells the series apart.
    baselines
        Values that need no seeds, drawn as named horizontal lines.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["n_seeds", series, value])
    baselines = dict(baselines or {})
    figure, axes = plt.subplots(figsize=(7, 3.2))
    sizes = sorted(table["n_seeds"].unique().tolist())
    names = list(dict.fromkeys(table[series]))
    for offset, (name, mark) in zip(side_by_side(len(names), 0.24), marks(names).items(), strict=True):
        runs = table[table[series] == name].groupby("n_seeds")[value].apply(list)
        draw_means(axes, [sizes.index(n) + offset for n in runs.index], runs, mark, label=name, size=6)
    end = len(sizes) - 0.5
    top = max([1.0, *baselines.values()]) * 1.02
    axes.set(xlim=(-0.5, end), ylim=(0, top), xticks=range(len(sizes)), xticklabels=sizes)
    axes.set(xlabel="number of seeds", ylabel=ylabel)
    axes.grid(axis="x", visible=False)
    places = _spread(list(baselines.values()), 0.06 * top)
    for (text, height), place in zip(baselines.items(), places, strict=True):
        axes.axhline(height, color=BLACK, lw=0.9, ls=DASHES, zorder=1)
        axes.annotate(f"{text} ({height:.2f})", (end, height), (end + 0.04, place), fontsize=8.5, va="center",
                      annotation_clip=False)  # fmt: skip
    joint_legend(figure, place="left")
    return figure


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights of labels up where they would overlap the label below."""
    places = list(heights)
    previous = -np.inf
    for i in np.argsort(heights, kind="stable").tolist():
        places[i] = previous = max(heights[i], previous + gap)
    return places
