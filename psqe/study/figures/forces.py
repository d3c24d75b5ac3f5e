"""Figures of attraction and repulsion: on a circle, by temperature, by similarity, and of single seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from psqe.errors import ParameterError
from psqe.figure_style import BLACK, BLUE, CORRECT, GREEN, GREY, PURPLE, VERMILION, WRONG, Mark, styled
from psqe.graph import DoubleArray, counted
from psqe.study.figures.drawing import (
    DASHES,
    draw_diagonal,
    draw_means,
    joint_legend,
    panel_parts,
    require_columns,
)
from psqe.theory.batch import Batch
from psqe.theory.split import attraction, lead, mass, repulsion, repulsion_coefficients, tangent

KINDS = {"correct": Mark(CORRECT, "o"), "wrong": Mark(WRONG, "X"), "dangling": Mark(PURPLE, "^")}
"""The mark of every kind of seed. A wrong seed joins two linked entities, a dangling one has an end without
counterpart."""

LINES = ((BLUE, "o", "-"), (GREEN, "s", "--"), (VERMILION, "^", ":"), (PURPLE, "D", "-."), (BLACK, "v", "-"))
"""Colour, mark and line of temperatures, in order."""

ARROWS = {
    "attraction": (BLUE, "-"),
    "repulsion": (VERMILION, (0, (3, 1))),
    "their sum, along the circle": (BLACK, (0, (1, 1))),
}
"""Colour and line of the arrows of a circle."""

TAU = "\N{GREEK SMALL LETTER TAU}"


@styled
def split_on_circle(batches: Sequence[Batch], *, anchor: int = 0) -> Figure:
    """Draw both forces on one anchor in the plane, one panel a batch; lengths are in units of ``1 / tau``.

    Arrows show where a step of descent goes: to the target, away from the negatives, and the part of the sum
    that is along the circle. The larger the mark of a negative, the larger its share of the repulsion.

    Parameters
    ----------
    batches
        Batches of unit vectors of two dimensions.
    anchor
        Position of the anchor in each batch, the first by default.

    Raises
    ------
    ParameterError
        If there is no batch, or one has another number of dimensions.
    """
    if not batches or any(batch.left.shape[1] != 2 for batch in batches):
        raise ParameterError("a circle needs at least one batch, of two dimensions")
    figure, grid = plt.subplots(1, len(batches), figsize=(7, 3.7), squeeze=False, sharex=True, sharey=True)
    for axes, batch in zip(grid[0], batches, strict=True):
        z = batch.left[anchor]
        shares = repulsion_coefficients(batch)[anchor] / mass(batch)[anchor]
        negative = (batch.is_candidate & ~batch.is_target)[anchor]
        angle = np.linspace(0, 2 * np.pi, 200)
        axes.plot(np.cos(angle), np.sin(angle), color=GREY, lw=0.8, zorder=1)
        # The attraction is parallel to this line, not to the one from the anchor to the target.
        axes.plot(*np.stack([[0, 0], batch.right[anchor]]).T, color=BLUE, lw=0.7, zorder=1)
        x, y = batch.candidates[negative].T
        axes.scatter(x, y, 20 + 380 * shares[negative], marker="X", color=VERMILION, lw=0, zorder=2)
        axes.plot(*batch.right[anchor], "o", color=BLUE, ms=9, zorder=3)
        axes.plot(*z, "*", color=BLACK, ms=13, zorder=4)
        pull, push = (-batch.temperature * part(batch)[anchor] for part in (attraction, repulsion))
        along = tangent((pull + push)[None], z[None])[0]
        for step, (colour, line) in zip((pull, push, along), ARROWS.values(), strict=True):
            arrow = {"arrowstyle": "-|>", "color": colour, "ls": line, "lw": 1.8,
                     "shrinkA": 0, "shrinkB": 0}  # fmt: skip
            axes.annotate("", xy=z + step, xytext=z, arrowprops=arrow, zorder=5)
        miss = mass(batch)[anchor] * batch.temperature
        axes.set_title(f"{TAU} = {batch.temperature:g}:  1 \N{MINUS SIGN} p = {miss:.2f}")
        axes.set(xticks=[], yticks=[], aspect="equal", xlim=(-1.75, 1.75), ylim=(-1.2, 1.75))
        axes.spines[:].set_visible(False)
    points = (("anchor", "*", BLACK), ("target", "o", BLUE), ("negative", "X", VERMILION))
    handles = [Line2D([], [], ls="none", ms=8, marker=m, color=c, label=name) for name, m, c in points]
    handles += [Line2D([], [], color=c, ls=ls, lw=1.8, label=name) for name, (c, ls) in ARROWS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    told = [
        f"at temperature {batch.temperature:g} it misses a probability of "
        f"{mass(batch)[anchor] * batch.temperature:.2f}"
        for batch in batches
    ]
    figure.set_label(
        f"{counted(len(batches), 'circle')} with one anchor, its target and its negatives. Arrows from the "
        "anchor show the attraction towards the target, the repulsion away from the negatives, and their sum "
        f"along the circle. The anchor, for which one minus p is what the target lacks: {'; '.join(told)}."
    )
    return figure


@styled
def hardness(ranked: Mapping[float, DoubleArray], *, shown: Sequence[float]) -> Figure:
    """Draw how a temperature shares the repulsion out among random negatives.

    Left: the share of the nearest one against the temperature, its mean with 95 % interval and the middle
    90 % of the draws. Right: the mean share of every negative, nearest first.

    Parameters
    ----------
    ranked
        By temperature, what :func:`psqe.theory.split.shares_by_rank` returns.
    shown
        The temperatures of the right panel, at most five.

    Raises
    ------
    ParameterError
        If a temperature shown has no shares, or too many are shown.
    """
    if not shown or len(shown) > len(LINES) or not set(shown) <= set(ranked):
        raise ParameterError(f"show one to {len(LINES)} of the temperatures that have shares")
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.0))
    temperatures = sorted(ranked)
    nearest = [ranked[t][:, 0] for t in temperatures]
    left.fill_between(
        temperatures, *np.quantile(nearest, [0.05, 0.95], axis=1), color=GREY, alpha=0.25, lw=0,
        label="middle 90 % of draws",
    )  # fmt: skip
    draw_means(left, temperatures, nearest, Mark(BLACK, "o"), label="mean, 95 % interval", line=True, size=4)
    n = ranked[temperatures[0]].shape[1]
    left.axhline(1 / n, color=GREY, lw=0.9, ls=DASHES)
    left.text(temperatures[0], 1 / n + 0.015, f"1 in {n}", color=GREY, fontsize=8.5)
    left.set(xscale="log", ylim=(0, 1), xlabel=f"temperature {TAU}", title="share of the nearest negative")
    left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.xaxis.set_minor_locator(NullLocator())
    left.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    left.legend(loc="upper right")
    rank = np.arange(1, n + 1)
    for t, (colour, marker, line) in zip(shown, LINES, strict=False):
        right.plot(rank, ranked[t].mean(axis=0), color=colour, marker=marker, ls=line, ms=4,
                   markevery=max(1, n // 12), label=f"{TAU} = {t:g}")  # fmt: skip
    right.set(
        yscale="log", ylim=(1e-4, 1), xlabel="negatives, nearest first", title="mean share of each negative"
    )
    right.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    right.legend(loc="upper right")
    return figure


@styled
def pull_by_similarity(batches: Sequence[Batch], *, n_bins: int = 10) -> Figure:
    """Draw the pull that is left, ``1 - p_{k b_k}``, of every left end; one column a batch.

    The upper panels show it against the similarity of the pair, the lower ones against its lead over the
    nearest negative. The line joins the means of bins of equal size.

    Parameters
    ----------
    batches
        The same seeds at several temperatures.
    n_bins
        Number of bins, 10 by default.

    Raises
    ------
    ParameterError
        If there is no batch, or fewer seeds than bins.
    """
    if not batches or min(map(len, batches)) < n_bins:
        raise ParameterError("there must be a batch, and a seed for every bin")
    figure, grid = plt.subplots(2, len(batches), figsize=(7, 4.4), squeeze=False, sharex="row", sharey=True)
    for column, batch in zip(grid.T, batches, strict=True):
        miss = mass(batch) * batch.temperature
        for axes, x in zip(column, (batch.s[batch.is_target], lead(batch)), strict=True):
            axes.plot(x, miss, "o", color=BLUE, ms=3, mew=0, alpha=0.35)
            bins = np.array_split(np.argsort(x, kind="stable"), n_bins)
            means = [(x[b].mean(), miss[b].mean()) for b in bins]
            axes.plot(*np.array(means).T, "D-", color=BLACK, ms=4, lw=1.2, mfc="white")
            axes.set_ylim(-0.02, 1.04)
        column[0].set_title(f"{TAU} = {batch.temperature:g}")
    for row, text in zip(grid, ("similarity of the pair", "its lead over the nearest negative"), strict=True):
        row[len(batches) // 2].set_xlabel(text)
    figure.supylabel("1 \N{MINUS SIGN} p: the pull that is left", fontsize=10)
    return figure


@styled
def two_parts(table: pd.DataFrame, *, panels: str = "seeds") -> Figure:
    """Draw every seed by the mass of its two parts: pull as a target, push as a candidate.

    On the broken line both are equal. White marks are means of a kind.

    Parameters
    ----------
    table
        One row for each seed: columns ``as_target``, ``as_candidate``, in units of ``1 / tau``, ``kind`` (a
        name in :data:`KINDS`) and ``panels``.
    panels
        The column that names the panel.

    Raises
    ------
    ParameterError
        If a column is missing, the table is empty, or a kind is unknown.
    """
    require_columns(table, ["as_target", "as_candidate", "kind", panels])
    unknown = set(table["kind"]) - set(KINDS)
    if unknown:
        raise ParameterError(f"no kind of seed is called {min(unknown)}")
    parts = panel_parts(table, panels)
    figure, grid = plt.subplots(1, len(parts), figsize=(7, 3.5), squeeze=False, sharex=True, sharey=True)
    top = 1.05 * float(table[["as_target", "as_candidate"]].to_numpy().max())
    for axes, (name, part) in zip(grid[0], parts, strict=True):
        draw_diagonal(axes, 0, top)
        for kind, mark in KINDS.items():
            _cloud(axes, part[part["kind"] == kind], mark, kind)
        axes.set(title=name, xlim=(0, 2.1), ylim=(0, top))
        axes.set_xlabel(f"pull as a target, 1/{TAU}")
    grid[0, 0].set_ylabel(f"push as a candidate, 1/{TAU}")
    joint_legend(figure)
    return figure


def _cloud(axes: Axes, seeds: pd.DataFrame, mark: Mark, label: str) -> None:
    """Draw the seeds of one kind and their mean."""
    if seeds.empty:
        return
    alpha, size = (0.35, 4.0) if len(seeds) > 50 else (0.8, 5.0)
    axes.plot(seeds["as_target"], seeds["as_candidate"], mark.marker, ls="none", color=mark.colour, ms=size,
              mew=0, alpha=alpha, zorder=2)  # fmt: skip
    axes.plot(seeds["as_target"].mean(), seeds["as_candidate"].mean(), mark.marker, ls="none", color="white",
              mec=mark.colour, mew=1.8, ms=9, zorder=3, label=label)  # fmt: skip
