"""Figures about seeds as estimators: the terms of the error, each against what it depends on."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from psqe.figure_style import BLACK, BLUE, ORANGE, VERMILION, Mark, styled
from psqe.study.figures.drawing import DASHES, draw_means, joint_legend, require_columns

TERMS = {
    "number": (BLUE, (0, (1, 1.2))),
    "precision": (VERMILION, DASHES),
    "coverage": (ORANGE, (0, (5, 1.5, 1, 1.5))),
    "bound": (BLACK, "-"),
}
"""Colour and line style of each term of the error, and of the bound."""


@styled
def error_terms(panels: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], *, ylabel: str) -> Figure:
    """Draw the terms of an error and its bound as lines, and measured errors as marks; one panel a variable.

    Parameters
    ----------
    panels
        For each panel, by the text of its horizontal axis: a table of lines with the columns ``x`` and
        :data:`TERMS`, and a table of measurements, one row a draw, with ``x`` and ``error``. Marks are the
        root of the mean squared error at each ``x``.
    ylabel
        The text of the upright axis, which the panels share.

    Raises
    ------
    ParameterError
        If a column is missing or a table is empty.
    """
    for lines, draws in panels.values():
        require_columns(lines, ["x", *TERMS])
        require_columns(draws, ["x", "error"])
    figure, grid = plt.subplots(1, len(panels), figsize=(7, 3.1), squeeze=False, sharey=True)
    for axes, (text, (lines, draws)) in zip(grid[0], panels.items(), strict=True):
        for name, (colour, style) in TERMS.items():
            axes.plot(lines["x"], lines[name], color=colour, ls=style, lw=1.4, label=name)
        root = (draws["error"] ** 2).groupby(draws["x"]).mean() ** 0.5
        draw_means(axes, root.index, [[value] for value in root], Mark(BLACK, "o"), label="measured", size=5)
        axes.set_xlabel(text)
        axes.set_ylim(bottom=0)
    grid[0, 0].set_ylabel(ylabel)
    joint_legend(figure)
    return figure
