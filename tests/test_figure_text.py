"""Figures are told in words: what is drawn, its axes, and the values of each series."""

from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import select_figure_formats
from matplotlib.figure import Figure

from psqe.figure_style import styled
from psqe.figure_text import describe
from psqe.study import figures
from psqe.study.book.accessible import texts_of_pictures


def test_rows_are_called_by_their_names() -> None:
    table = pd.DataFrame(
        {
            "rows": ["words", "pictures"] * 2,
            "series": ["a", "a", "b", "b"],
            "hits@1": [0.25, 0.5, 0.75, 0.125],
        }
    )
    text = describe(figures.dot_plot(table, "hits@1", rows="rows", series="series", xlabel="Hits@1"))
    assert text == (
        "Dot plot: Hits@1 (0 to 1) for words, pictures. a: lowest 0.25 at words, highest 0.5 at pictures. "
        "b: lowest 0.125 at pictures, highest 0.75 at words."
    )


def test_an_interval_is_no_series() -> None:
    runs = {"psqe": [np.array([True] * 30), np.array([True] * 20 + [False] * 10)]}
    text = describe(figures.precision_by_rank(runs, start=20))
    assert text.count("from") == 1 and "from 1 at 20 to 0.833 at 30" in text


def test_bars_are_told_with_their_names() -> None:
    table = pd.DataFrame({"notebook": ["models", "claims"], "seconds": [12.0, 3.5]})
    text = describe(figures.seconds_by_notebook(table))
    assert text.startswith("Bar chart: seconds (0 to ")
    assert text.endswith("for models, claims. Lowest 3.5 at claims, highest 12 at models.")


def test_of_many_series_only_the_extremes_are_told() -> None:
    figure = Figure()
    panels = figure.subplots(1, 2)
    for axes in panels:
        for i in range(5):
            axes.plot([0, 1, 2], [i, i + 1, i + 2], label=f"series {i}")
    text = describe(figure)
    assert text.startswith("2 panels. Line chart:")
    assert "Lowest: 0 at 0 (series 0). Highest: 6 at 2 (series 4)." in text


def test_a_series_without_an_entry_takes_the_name_of_its_colour() -> None:
    figure = Figure()
    first, second = figure.subplots(1, 2)
    first.plot([0, 1, 2], [1, 2, 3], color="red", label="pivot")
    second.plot([0, 1, 2], [4, 2, 5], color="red")
    figure.legend()
    assert describe(figure).count("pivot: from") == 2


def test_a_gallery_is_told_by_its_label_only() -> None:
    figure = Figure()
    figure.add_axes((0, 0, 1, 1)).axis("off")
    figure.set_label("Pictures of 2 pairs.")
    assert describe(figure) == "Pictures of 2 pairs."


def test_an_empty_series_and_a_missing_value_are_left_out() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([], [], label="nothing")
    axes.plot([1, 2, 3], [1, np.nan, 2], label="gap")
    assert "nothing" not in describe(figure)
    assert "gap: from 1 at 1 to 2 at 3." in describe(figure)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_keeps_the_text_with_the_picture(tmp_path: Path) -> None:
    shell = InteractiveShell()
    select_figure_formats(shell, {"png"})

    @styled
    def draw() -> Figure:
        figure, axes = plt.subplots(figsize=(1, 1))
        axes.plot([1, 2, 3], [1, 2, 4])
        return figure

    data, metadata = shell.display_formatter.format(draw())
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("draw()", outputs=[output])])
    nbformat.write(notebook, tmp_path / "one.ipynb")
    (text,) = texts_of_pictures(tmp_path / "one.ipynb").values()
    assert text.startswith("Line chart: values (") and text.endswith("From 1 at 1 to 4 at 3.")
