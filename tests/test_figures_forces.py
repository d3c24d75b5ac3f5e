"""Figures of the two forces show the forces they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from batches import random_batch
from matplotlib.text import Annotation

from psqe.errors import ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.study import figures
from psqe.study.figures.forces import KINDS
from psqe.theory.split import attraction, lead, mass, repulsion, shares_by_rank


def test_arrows_on_a_circle_are_the_steps_of_descent() -> None:
    batches = [random_batch(5, 2, t, same_side=False) for t in (1.0, 0.2)]
    figure = figures.split_on_circle(batches, anchor=3)
    for axes, batch in zip(figure.axes, batches, strict=True):
        arrows = [text for text in axes.texts if isinstance(text, Annotation)]
        pull, push, along = (np.subtract(arrow.xy, arrow.xyann) for arrow in arrows)
        np.testing.assert_allclose(pull, -batch.temperature * attraction(batch)[3])
        np.testing.assert_allclose(push, -batch.temperature * repulsion(batch)[3])
        assert along @ batch.left[3] == pytest.approx(0, abs=1e-12)
        tangent = np.array([-batch.left[3, 1], batch.left[3, 0]])
        assert along @ tangent == pytest.approx((pull + push) @ tangent)
        assert f"{mass(batch)[3] * batch.temperature:.2f}" in axes.get_title(loc="left")
        negatives = axes.collections[0]
        assert len(negatives.get_offsets()) == 4
        nearest = (batch.right[[0, 1, 2, 4]] @ batch.left[3]).argmax()
        assert negatives.get_sizes().argmax() == nearest
    with pytest.raises(ParameterError, match="two dimensions"):
        figures.split_on_circle([random_batch(5, 3, 1.0)])


def test_hardness_shows_means_with_intervals_and_sorted_shares() -> None:
    ranked = {t: shares_by_rank(t, n_negatives=7, dim=8, n_draws=20) for t in (1.0, 0.1)}
    left, right = figures.hardness(ranked, shown=[0.1]).axes
    line, _, (bars,) = left.containers[0]
    assert list(line.get_xdata()) == [0.1, 1.0]
    mean, low, high = mean_interval(ranked[0.1][:, 0].tolist())
    assert line.get_ydata()[0] == pytest.approx(mean)
    assert [y for _, y in bars.get_segments()[0]] == pytest.approx([low, high])
    np.testing.assert_allclose(right.lines[0].get_ydata(), ranked[0.1].mean(axis=0))
    with pytest.raises(ParameterError, match="show one to"):
        figures.hardness(ranked, shown=[0.5])


def test_pull_is_shown_against_similarity_and_lead() -> None:
    batches = [random_batch(30, 6, t) for t in (0.1, 1.0)]
    figure = figures.pull_by_similarity(batches, n_bins=5)
    above, below = figure.axes[1], figure.axes[3]
    for axes, x in ((above, batches[1].s[batches[1].is_target]), (below, lead(batches[1]))):
        dots, means = axes.lines
        np.testing.assert_allclose(dots.get_xdata(), x)
        np.testing.assert_allclose(dots.get_ydata(), 1 - batches[1].p_target)
        lowest = np.argsort(x)[:6]
        assert means.get_xdata()[0] == pytest.approx(x[lowest].mean())
        assert means.get_ydata()[0] == pytest.approx((1 - batches[1].p_target)[lowest].mean())
    with pytest.raises(ParameterError, match="a seed for every bin"):
        figures.pull_by_similarity(batches, n_bins=31)


def test_two_parts_have_a_mark_for_every_seed_and_a_mean_for_every_kind() -> None:
    table = pd.DataFrame(
        {
            "seeds": ["psqe", "psqe", "psqe", "pivot"],
            "kind": ["correct", "correct", "wrong", "dangling"],
            "as_target": [1.0, 1.5, 2.0, 1.9],
            "as_candidate": [0.5, 1.0, 3.0, 2.0],
        }
    )
    figure = figures.two_parts(table)
    psqe, pivot = figure.axes
    right = [line for line in psqe.lines if line.get_marker() == KINDS["correct"].marker]
    assert list(right[0].get_xdata()) == [1.0, 1.5] and list(right[0].get_ydata()) == [0.5, 1.0]
    assert (right[1].get_xdata()[0], right[1].get_ydata()[0]) == (1.25, 0.75)
    assert not [line for line in pivot.lines if line.get_marker() == KINDS["correct"].marker]
    assert psqe.get_ylim()[1] > 3.0
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["correct", "wrong", "dangling"]
    with pytest.raises(ParameterError, match="no kind of seed is called odd"):
        figures.two_parts(table.assign(kind="odd"))
    with pytest.raises(ParameterError, match="no column as_target"):
        figures.two_parts(table.drop(columns="as_target"))
