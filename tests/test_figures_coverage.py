"""Figures of coverage show what they are given."""

import numpy as np
import pandas as pd
import pytest

from psqe.errors import ParameterError
from psqe.study import figures


def test_figures_of_coverage_show_what_they_are_given():
    table = pd.DataFrame({"x": [1.0, 2.0, 1.0, 2.0], "y": [1.0, 3.0, 2.0, 5.0], "s": ["a", "a", "b", "b"]})
    axes = figures.curves(
        table, x="x", y="y", series="s", xlabel="X", ylabel="Y", log="x", points=table
    ).axes[0]
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "X"
    lines = [line.get_ydata().tolist() for line in axes.lines]
    assert [1.0, 3.0] in lines and [2.0, 5.0] in lines
    axes = figures.agreement(table, x="x", y="y", series="s", xlabel="X", ylabel="Y", panels="s").axes
    assert [a.get_title(loc="left") or a.get_title() for a in axes] == ["a", "b"]
    assert axes[0].get_xlim() == axes[0].get_ylim()
    uneven = table.assign(panel=["one", "one", "one", "two"])  # the second panel lacks a series
    figure = figures.agreement(uneven, x="x", y="y", series="s", xlabel="X", ylabel="Y", panels="panel")
    figure.canvas.draw()
    assert all(panel.get_position().width > 0.3 for panel in figure.axes)
    axes = figures.agreement(
        table, x="x", y="y", series="s", xlabel="X", ylabel="Y", lowest=1, highest=6
    ).axes
    assert axes[0].get_xlim() == axes[0].get_ylim() == (1, 6)
    points = pd.DataFrame({"x": [1.0], "y": [1.0], "value": [0.25]})
    figure = figures.phase_diagram(
        np.arange(6.0).reshape(2, 3), x=[0, 1, 2], y=[0, 1], xlabel="X", ylabel="Y", label="L",
        points=points, named={"pivot": (0.5, 0.5)},
    )  # fmt: skip
    assert "0.25" in [text.get_text() for text in figure.axes[0].texts]
    x = np.linspace(0, 2, 5)
    figure = figures.phase_diagram(
        np.arange(6.0).reshape(2, 3), x=[0, 1, 2], y=[0, 1], xlabel="X", ylabel="Y", label="L",
        beyond=(x, x / 2, "nothing"),
    )  # fmt: skip
    assert "nothing" in [text.get_text() for text in figure.axes[0].texts]
    assert any(collection.get_hatch() for collection in figure.axes[0].collections)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata(), np.column_stack([x, x / 2]))
    terms = pd.DataFrame({"x": [1.0, 2.0], "number": [3, 2], "precision": 0, "coverage": 1, "bound": [4, 3]})
    draws = pd.DataFrame({"x": [1.0, 1.0], "error": [3.0, 1.0]})
    axes = figures.error_terms({"K": (terms, draws), "rho": (terms, draws)}, ylabel="error").axes
    assert [a.get_xlabel() for a in axes] == ["K", "rho"]
    assert [[5**0.5]] in [[line.get_ydata().tolist()] for line in axes[0].lines]
    assert [4, 3] in [line.get_ydata().tolist() for line in axes[1].lines]
    with pytest.raises(ParameterError):
        figures.error_terms({"K": (terms.drop(columns="bound"), draws)}, ylabel="error")
    with pytest.raises(ParameterError):
        figures.phase_diagram(np.zeros((3, 2)), x=[0, 1, 2], y=[0, 1], xlabel="", ylabel="", label="")
    with pytest.raises(ParameterError):
        figures.curves(table.iloc[:0], x="x", y="y", series="s", xlabel="", ylabel="")
