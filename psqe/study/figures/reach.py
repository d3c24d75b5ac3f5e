"""Figures about reach: how much of the seeds' gradients gets to entities without a seed."""

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
from psqe.study.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, Mark, marks, styled

WAY_MARKS = (Mark(BLUE, "o"), Mark(ORANGE, "s"), Mark(GREEN, "^"), Mark(BLACK, "D"))
"""Marks of the ways to measure reach, in order of appearance."""


@styled
def reach_shares(runs: Mapping[str, Sequence[DoubleArray]], *, n_points: int = 200) -> Figure:
    """The share of entities that seeds reach at least as much as this.

    Parameters
    ----------
    runs
        By miner, one array per random state: the reach of each entity without a seed.
    n_points
        Points of each curve.

    Raises
    ------
    ParameterError
        If there is no run, or one without entities.
    """
    if not runs or not all(len(series) and all(map(len, series)) for series in runs.values()):
        raise ParameterError("no reach to show", remedy="give at least one run with entities")
    figure, axes = plt.subplots(figsize=(7, 2.9))
    everything = np.concatenate([run for series in runs.values() for run in series])
    at = np.linspace(0, np.quantile(everything, 0.99), n_points)
    for (name, mark), style in zip(marks(runs).items(), ("-", (0, (5, 1.5)), ":", "-."), strict=False):
        shares = np.array([1 - np.searchsorted(np.sort(run), at) / len(run) for run in runs[name]])
        mean, low, high = np.clip([mean_interval(column) for column in shares.T], 0, 1).T
        axes.plot(at, mean, color=mark.colour, ls=style, label=name, lw=1.8)
        if len(shares) > 1:
            axes.fill_between(at, low, high, color=mark.colour, alpha=0.22, lw=0)
    axes.set(xlabel="reach", ylabel="share with at least this reach", ylim=(0, 1.02), xlim=(0, None))
    axes.legend()
    return figure


@styled
def reach_by_degree(table: pd.DataFrame) -> Figure:
    """Reach against degree, relative to the mean: one line for each way to measure it.

    Parameters
    ----------
    table
        One row per ``way``, ``degree`` (of a group of entities, their mean) and random state: ``reach``.
        Degrees are grouped alike in all random states by the column ``group``.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    _require(table, ["way", "group", "degree", "reach"])
    figure, axes = plt.subplots(figsize=(7, 3.1))
    for way, mark in zip(dict.fromkeys(table["way"]), WAY_MARKS, strict=False):
        mine = table[table["way"] == way].groupby("group")
        x = mine["degree"].mean()
        mean, low, high = np.array([mean_interval(rows.tolist()) for _, rows in mine["reach"]]).T
        error = np.nan_to_num(np.array([mean - low, high - mean]))
        axes.errorbar(x, mean, error, fmt=mark.marker, ls="-", lw=1, ms=5, color=mark.colour, elinewidth=1.2,
                      label=way)  # fmt: skip
    axes.axhline(1, color=GREY, lw=0.9, ls=(0, (4, 2)))
    axes.set(xscale="log", xlabel="degree, with the self loop", ylabel="mean of all = 1")
    axes.set_ylim(0, None)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:g}"[0] in "235" else "")
    axes.legend()
    return figure
