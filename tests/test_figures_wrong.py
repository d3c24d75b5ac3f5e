"""Figures of the pages of a wrong seed and of propagation show what they are given."""

import warnings

import numpy as np
import pandas as pd
import pytest

from psqe.errors import ParameterError
from psqe.figure_style import MARKS
from psqe.study import figures
from psqe.study.figures.wrong import KIND_MARKS


def drawn_without_warning(figure):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()


def dots(axes):
    """Means and bounds of every series with intervals, by its label."""
    found = {}
    for container in axes.containers:
        line, _, (bars,) = container
        spans = [(segment[0][1], segment[1][1]) for segment in bars.get_segments()]
        found[container.get_label()] = (line.get_xdata(), line.get_ydata(), spans)
    return found


def test_prediction_is_a_line_and_draws_are_means_with_intervals():
    curve = pd.DataFrame({"temperature": [0.1, 1.0], "pull": [4.0, 1.0], "share": [0.7, 0.1]})
    draws = pd.DataFrame({
        "temperature": [0.1, 0.1, 1.0, 1.0], "pull": [3.0, 5.0, 1.0, 1.0], "share": [0.6, 0.8, 0.1, 0.1]
    })  # fmt: skip
    figure = figures.against_temperature(curve, draws, {"pull": "ratio", "share": "a share"})
    left, right = figure.axes
    x, y, spans = dots(left)["simulated"]
    assert list(zip(x, y, strict=True)) == [(0.1, 4.0), (1.0, 1.0)]
    half = 12.706 * 1  # t of one degree of freedom, times the standard error of 3 and 5
    assert spans[0] == pytest.approx((4 - half, 4 + half), rel=1e-3)
    predicted = next(line for line in left.lines if line.get_label() == "predicted")
    assert list(predicted.get_ydata()) == [4.0, 1.0]
    assert left.get_yscale() == "log" and right.get_yscale() == "linear"
    assert [axes.get_title(loc="left") for axes in (left, right)] == ["ratio", "a share"]
    with pytest.raises(ParameterError):
        figures.against_temperature(curve, draws.drop(columns="share"), {"share": "a share"})


def test_maps_have_contours_at_the_levels_and_a_star():
    x, y = np.geomspace(0.05, 1, 30), np.array([16.0, 64.0, 256.0])
    pull = np.broadcast_to(0.5 / x, (3, 30))
    figure = figures.pull_maps([figures.PullMap(x, y, pull, "B", True, (0.1, 64.0))], levels=(1.5, 5))
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} == {"1.5", "5"}
    contour = axes.collections[-1]
    for path, level in zip(contour.get_paths(), (1.5, 5), strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], 0.5 / level, rtol=0.02)
    star = axes.lines[0]
    assert (star.get_xdata()[0], star.get_ydata()[0], star.get_marker()) == (0.1, 64.0, "*")
    assert axes.get_yscale() == "log"
    drawn_without_warning(figure)


def test_kinds_of_seeds_have_marks_of_their_own_and_a_kind_may_be_missing():
    table = pd.DataFrame([
        {"miner": miner, "kind": kind, "pull": value + 0.01 * state}
        for miner in ("pivot", "psqe") for kind, value in (("correct", 0.7), ("wrong", 0.9))
        for state in (0, 1)
        if (miner, kind) != ("psqe", "wrong")
    ])  # fmt: skip
    ratios = pd.DataFrame({"kind": "wrong", "temperature": [0.1, 0.1, 1.0], "ratio": [1.2, 1.4, 1.0]})
    figure = figures.pulls_by_kind(table, ratios, temperature=0.1)
    left, right = figure.axes
    means = [(y, line.get_marker()) for line, *_ in left.containers for y in line.get_ydata()]
    marks = [KIND_MARKS[kind].marker for kind in ("correct", "correct", "wrong")]
    assert means == [
        (pytest.approx(value), mark) for value, mark in zip((0.705, 0.705, 0.905), marks, strict=True)
    ]
    assert len({mark.marker for mark in KIND_MARKS.values()}) == len(KIND_MARKS)
    assert list(dots(right)["wrong"][1]) == [pytest.approx(1.3), 1.0]
    assert [text.get_text() for text in left.get_xticklabels()] == ["pivot", "psqe"]
    with pytest.raises(ParameterError):
        figures.pulls_by_kind(table[:0], ratios, temperature=0.1)


def test_forgiveness_shows_wrong_seeds_on_the_left_and_right_ones_by_cosine():
    curve = pd.DataFrame({"q": [0.0, 1.0], "pull": [3.0, 0.01]})
    draws = pd.DataFrame([
        {"q": q, "cosine": cosine, "pull": pull}
        for q, cosine, pull in ((0.0, np.nan, 3.1), (1.0, np.nan, 0.02), (0.0, 0.5, 2.0), (1.0, 0.5, 0.1))
        for _ in range(2)
    ])  # fmt: skip
    lines = draws.dropna().drop_duplicates()
    measured = pd.DataFrame({"q": [0.0, 1.0], "pull": [1.2, 0.4]})
    figure = figures.forgiveness(curve, draws, lines, measured)
    left, right = figure.axes
    found = dots(left)
    assert list(found["random, simulated"][1]) == [3.1, 0.02]
    assert list(found["mined, measured"][1]) == [1.2, 0.4]
    by_q = dots(right)
    assert set(by_q) == {"InfoNCE", "q = 1"}
    assert list(by_q["q = 1"][1]) == [0.1]
    drawn_without_warning(figure)
    with pytest.raises(ParameterError):
        figures.forgiveness(curve, draws, lines, measured[["q"]])


def test_reach_is_shown_as_the_share_that_has_at_least_as_much():
    runs = {"pivot": [np.array([0.0, 0.1, 0.2, 0.4])], "psqe": [np.full(4, 0.2), np.full(4, 0.2)]}
    figure = figures.reach_shares(runs, n_points=101)
    (axes,) = figure.axes
    pivot, psqe = axes.lines
    assert (pivot.get_color(), psqe.get_color()) == (MARKS["pivot"].colour, MARKS["psqe"].colour)
    assert pivot.get_linestyle() != psqe.get_linestyle()
    for line, share in ((pivot, lambda x: np.mean(runs["pivot"][0] >= x)), (psqe, lambda x: float(x <= 0.2))):
        x, y = line.get_xdata(), line.get_ydata()
        clear = np.abs(x[:, None] - np.array([0, 0.1, 0.2, 0.4])).min(axis=1) > 1e-9
        np.testing.assert_allclose(y[clear], [share(at) for at in x[clear]])
    with pytest.raises(ParameterError, match="give at least one run"):
        figures.reach_shares({"pivot": [np.array([])]})


def test_reach_by_degree_has_a_line_for_each_way():
    table = pd.DataFrame([
        {"way": way, "group": group, "degree": degree + state, "reach": factor * (group + 1)}
        for way, factor in (("one", 1.0), ("another", 2.0))
        for group, degree in ((0, 2.0), (1, 10.0)) for state in (0, 1)
    ])  # fmt: skip
    figure = figures.reach_by_degree(table)
    (axes,) = figure.axes
    found = dots(axes)
    assert list(found["another"][0]) == [2.5, 10.5]
    assert list(found["another"][1]) == [2.0, 4.0]
    assert len({container[0].get_marker() for container in axes.containers}) == 2
    drawn_without_warning(figure)
    with pytest.raises(ParameterError):
        figures.reach_by_degree(table.drop(columns="group"))
