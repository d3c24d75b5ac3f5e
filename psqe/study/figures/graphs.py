"""Figures of a task itself: how many triples its entities have, and which modalities."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from psqe.features.base import Features
from psqe.figure_style import LEFT_SIDE, RIGHT_SIDE, plain, styled
from psqe.graph import AlignmentTask, Side

COLOURS: dict[Side, str] = {"left": LEFT_SIDE, "right": RIGHT_SIDE}
"""The colour of either side."""


@styled
def degree_distribution(task: AlignmentTask) -> Figure:
    """Draw the share of candidates of each graph that have at least a given number of triples.

    This complementary distribution on two logarithmic axes needs no bins. Candidates without a triple count
    in the share but lie to the left of the axis.

    Parameters
    ----------
    task
        The pair of graphs.
    """
    figure, axes = plt.subplots(figsize=(7, 2.7))
    for side, colour in COLOURS.items():
        graph = task.sides[side]
        degree = graph.degree()[graph.candidates]
        values, counts = np.unique(degree, return_counts=True)
        at_least = counts[::-1].cumsum()[::-1] / max(1, len(degree))
        text = (
            f"{graph.name}: mean {degree.mean():.1f}, median {np.median(degree):.0f}, largest {degree.max()}"
        )
        axes.plot(values, at_least, drawstyle="steps-pre", color=colour, lw=2, label=text)
    axes.set(
        xscale="log", yscale="log", xlabel="degree $d$", ylabel="share of candidates\nof degree $d$ or more"
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if axis is axes.xaxis else (1,)))
        axis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.legend(loc="lower left")
    return figure


@styled
def modality_presence(task: AlignmentTask, features: Features) -> Figure:
    """Draw the share of the candidates of each side that have each modality.

    Parameters
    ----------
    task
        The pair of graphs.
    features
        The modalities.

    Raises
    ------
    DataError
        If the features do not fit the task.
    """
    features.check(task)
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.45 * len(features)))
    places = np.arange(len(features))
    for offset, (side, colour) in zip((-0.19, 0.19), COLOURS.items(), strict=True):
        graph = task.sides[side]
        shares = [float(m[side].present[graph.candidates].mean()) for m in features.values()]
        bars = axes.barh(places + offset, shares, height=0.36, color=colour, label=graph.name)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3, fontsize=8.5)
    axes.set(
        yticks=places,
        yticklabels=[plain(name) for name in features],
        xlim=(0, 1.14),
        xlabel="share of candidates that have it",
    )
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", visible=False)
    axes.invert_yaxis()
    figure.legend(loc="outside upper right", ncols=2)
    return figure
