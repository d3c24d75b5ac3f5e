"""The figure about damaged pairs: what is left of every system as one thing about the data gets worse."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from psqe.figure_style import BLACK, BLUE, ORANGE, PURPLE, VERMILION, styled
from psqe.study.figures.drawing import DASHES, joint_legend, require_columns
from psqe.study.plans.damage import SYSTEMS

STYLES = dict(
    zip(
        SYSTEMS,
        [
            (BLACK, (0, (1, 1.2)), "."),
            (ORANGE, (0, (5, 1.5, 1, 1.5)), "s"),
            (BLUE, "-", "o"),
            (VERMILION, DASHES, "^"),
            (PURPLE, "-", "D"),
        ],
        strict=True,
    )
)
"""Colour, line and mark of each system."""


@styled
def damage_curves(means: pd.DataFrame, *, columns: int = 2) -> Figure:
    """Draw Hits@1 of every system over the share of damage, one panel for each kind.

    Parameters
    ----------
    means
        Rows of :func:`psqe.study.tables.damage_means`. Bars are 95 % intervals over random states.
    columns
        Number of panels side by side; 2 by default.

    Raises
    ------
    ParameterError
        If a column is missing or the table is empty.
    """
    require_columns(means, ["damage", "share", "system", "mean", "low", "high"])
    kinds = list(dict.fromkeys(means["damage"]))
    rows = -(-len(kinds) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(7, 2.5 * rows), squeeze=False, sharey=True, layout="constrained"
    )
    for axes, kind in zip(grid.flat, kinds, strict=False):
        for system, (colour, line, mark) in STYLES.items():
            own = means[(means["damage"] == kind) & (means["system"] == system)].sort_values("share")
            half = (100 * (own["high"] - own["low"]) / 2).fillna(0)
            axes.errorbar(
                100 * own["share"], 100 * own["mean"], yerr=half, color=colour, ls=line, marker=mark,
                ms=4, lw=1.3, capsize=2, label=system,
            )  # fmt: skip
        axes.set_title(kind)
        axes.set_xlabel("share in percent")
        axes.set_ylim(0, 100)
    for axes in list(grid.flat)[len(kinds) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("Hits@1 in percent")
    joint_legend(figure)
    return figure
