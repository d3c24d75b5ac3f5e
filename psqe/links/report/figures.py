"""The figures of a report on links."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.errors import ParameterError
from psqe.figure_style import BLACK, BLUE, GREEN, GREY, plain, styled
from psqe.links.report.facts import LinkFacts
from psqe.links.report.tables import CUTS

SOURCES = {"predicted by the model": (BLUE, "D"), "was a seed": (GREEN, "o")}
"""Colour and marker of links that were no seed and of links that were one."""


@styled
def confidence_histogram(facts: LinkFacts) -> Figure:
    """The number of links by confidence; links that were seeds are stacked on the others.

    Raises
    ------
    ParameterError
        If there is no link.
    """
    confidence, from_seed = _linked(facts), facts.links.from_seed
    figure, axes = plt.subplots(figsize=(7, 2.6))
    axes.hist(
        [confidence[~from_seed], confidence[from_seed]], bins=np.linspace(0, 1, 21).tolist(), stacked=True,
        color=[colour for colour, _ in SOURCES.values()], label=list(SOURCES), rwidth=0.92,
    )  # fmt: skip
    axes.set(xlabel="confidence", ylabel="links", xlim=(0, 1))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(loc="upper left")
    return figure


@styled
def precision_curve(facts: LinkFacts) -> Figure:
    """Expected precision of the most confident links by their number; with gold links, true precision too.

    True precision is that of the links which gold links can judge and, where these are not all, also that of
    all links, with those that cannot be judged counted as wrong. Dots mark the values of
    :data:`psqe.links.report.tables.CUTS`.

    Raises
    ------
    ParameterError
        If there is no link.
    """
    confidence = _linked(facts)
    numbers = np.arange(1, len(confidence) + 1)
    expected = confidence.cumsum() / numbers
    figure, axes = plt.subplots(figsize=(7, 2.8))
    if facts.correct is not None and facts.judged is not None:
        n_judged = facts.judged.cumsum()
        shown = n_judged > 0
        if shown.any():
            true = (facts.judged & facts.correct).cumsum()[shown] / n_judged[shown]
            label = "by true links" if facts.judged.all() else "by true links, judged links only"
            axes.plot(numbers[shown], true, color=BLACK, lw=1.2, ls=(0, (4, 2)), label=label)
            if not facts.judged.all():
                lowest = facts.correct.cumsum() / numbers
                label = "by true links, others counted as wrong"
                axes.plot(numbers, lowest, color=GREY, lw=1.2, ls=(0, (1, 1)), label=label)
    axes.plot(numbers, expected, color=BLUE, lw=2, label="expected")
    for cut in CUTS[:-1]:
        n = int((confidence >= cut).sum())
        if n:
            axes.plot(n, expected[n - 1], "o", color=BLUE, ms=5)
            axes.annotate(
                f"{cut:g}".removeprefix("0"), (n, expected[n - 1]), (0, -14), textcoords="offset points",
                ha="center", fontsize=8.5, bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
            )  # fmt: skip
    axes.set(xlabel="links used, most confident first", ylabel="precision", ylim=(0, 1.03))
    axes.set_xlim(0, max(2, len(confidence)) * 1.02)
    if facts.correct is not None:
        axes.legend(loc="lower left")
    return figure


@styled
def reliability(facts: LinkFacts) -> Figure:
    """Share of correct links against mean confidence, by tenths of confidence, for links that can be judged.

    Raises
    ------
    ParameterError
        If gold links judge no link.
    """
    if facts.correct is None or facts.judged is None or not facts.judged.any():
        raise ParameterError("no link can be judged", remedy="give a task with gold links")
    confidence, from_seed = facts.links.confidence.astype(np.float64), facts.links.from_seed
    tenth = np.minimum(confidence * 10, 9).astype(np.int64)
    figure, axes = plt.subplots(figsize=(4.2, 4.35))
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
    for (name, (colour, marker)), kind in zip(SOURCES.items(), (~from_seed, from_seed), strict=True):
        groups = [facts.judged & kind & (tenth == i) for i in range(10)]
        points = [(confidence[g].mean(), facts.correct[g].mean()) for g in groups if g.any()]
        if points:
            x, y = np.transpose(points)
            axes.plot(x, y, marker=marker, color=colour, lw=1, ms=5, label=name)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    axes.set(xlabel="mean confidence", ylabel="share of correct links")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


@styled
def regions(facts: LinkFacts) -> Figure:
    """Share of candidates with a link, and expected share with a correct link; a panel for each kind."""
    sizes = [len(found) for found in facts.regions.values()]
    figure, panels = plt.subplots(
        len(sizes), 1, figsize=(7, 0.75 + 0.33 * len(sizes) + 0.4 * sum(sizes)), sharex=True, squeeze=False,
        height_ratios=[n + 0.4 for n in sizes],
    )  # fmt: skip
    for axes, (kind, found) in zip(panels[:, 0], facts.regions.items(), strict=True):
        rows = np.arange(len(found))
        linked = [region.linked for region in found.values()]
        expected = [region.expected_correct for region in found.values()]
        axes.plot(linked, rows, "o", color=BLUE, ms=6, label="have a link")
        axes.plot(expected, rows, "D", color=GREEN, ms=5, label="expected to have a correct link")
        axes.set(
            yticks=rows, yticklabels=[plain(name) for name in found], title=f"{kind} regions", xlim=(0, 1.02)
        )
        axes.set_ylim(len(found) - 0.5, -0.5)
    panels[-1, 0].set_xlabel("share of the candidates")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def _linked(facts: LinkFacts) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The confidence of all links; an error without links."""
    if not len(facts.links):
        raise ParameterError("no link to show", remedy="lower the threshold")
    return facts.links.confidence.astype(np.float64)
