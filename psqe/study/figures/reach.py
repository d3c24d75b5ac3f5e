"""Figures about reach: how much of the seeds' gradients gets to entities without a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from psqe.errors import ParameterError
from psqe.figure_style import BLACK, BLUE, GREEN, ORANGE, Mark, marks, styled
from psqe.graph import DoubleArray
from psqe.study.figures.drawing import draw_band, draw_level, draw_means, plain_numbers, require_columns

WAY_MARKS = (Mark(BLUE, "o"), Mark(ORANGE, "s"), Mark(GREEN, "^"), Mark(BLACK, "D"))
"""Marks of the ways to measure reach, in order of appearance."""


@styled
def reach_shares(runs: Mapping[str, Sequence[DoubleArray]], *, n_points: int = 200) -> Figure:
    """Draw the share of entities with at least a given reach, one curve a miner.

    Parameters
    ----------
    runs
        By miner, one array a random state: the reach of each entity without a seed.
    n_points
        Number of points of each curve.

    Raises
    ------
    ParameterError
        If there is no run, or a run has no entity.
    """
    if not runs or not all(len(series) and all(map(len, series)) for series in runs.values()):
        raise ParameterError("there is no reach to show", remedy="give at least one run with entities")
    figure, axes = plt.subplots(figsize=(7, 2.9))
    everything = np.concatenate([run for series in runs.values() for run in series])
    at = np.linspace(0, np.quantile(everything, 0.99), n_points)
    for (name, mark), style in zip(marks(runs).items(), ("-", (0, (5, 1.5)), ":", "-."), strict=False):
        shares = np.array([1 - np.searchsorted(np.sort(run), at) / len(run) for run in runs[name]])
        draw_band(axes, at, shares, mark.colour, label=name, style=style)
    axes.set(xlabel="reach", ylabel="share with at least this reach", ylim=(0, 1.02), xlim=(0, None))
    axes.legend()
    return figure


@styled
def reach_by_degree(table: pd.DataFrame) -> Figure:
    """Draw reach against degree, relative to the mean: one line for each way to measure it.

    Parameters
    ----------
    table
        One row a ``way``, ``group`` of entities and random state: their mean ``degree`` and ``reach``.
        Entities are grouped by degree alike in all random states.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(table, ["way", "group", "degree", "reach"])
    figure, axes = plt.subplots(figsize=(7, 3.1))
    for way, mark in zip(dict.fromkeys(table["way"]), WAY_MARKS, strict=False):
        groups = table[table["way"] == way].groupby("group")
        samples = groups["reach"].apply(list)
        draw_means(axes, groups["degree"].mean(), samples, mark, label=way, line=True)
    draw_level(axes, 1)
    axes.set(xscale="log", xlabel="degree, with the self loop", ylabel="mean of all = 1")
    axes.set_ylim(0, None)
    plain_numbers(axes, "x")
    axes.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:g}"[0] in "235" else "")
    axes.legend()
    return figure
