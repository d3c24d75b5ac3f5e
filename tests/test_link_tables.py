"""Tables of links and of the answer none, by hand, and a curve against plain recomputation."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import feature_scorer
from psqe.links.predict import predict_links
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule
from psqe.study.figures.links import threshold_curve as draw_curve
from psqe.study.link_tables import answers, rule_table, task_table, threshold_curve
from psqe.study.linking import THRESHOLDS

TASKS = ("emoji/en-fr", "emoji/en-de")


def row(task="emoji/en-fr", state=0, answer="link", n=10, n_right=5, n_wanted=10, **values):
    return {
        "task": task, "model": "eva", "random_state": state, "matching": "cosine", "rule": "one_to_one",
        "threshold": "auto", "answer": answer, "n": n, "n_right": n_right, "n_wanted": n_wanted, **values,
    }  # fmt: skip


def test_the_two_sides_are_one_answer():
    table = pd.DataFrame([
        row(answer="no counterpart, left", n=4, n_right=1, n_wanted=2),
        row(answer="no counterpart, right", n=6, n_right=4, n_wanted=8),
        row(n=0, n_right=0, n_wanted=5),
        row(task="emoji/en-de", n_wanted=0, n=2, n_right=0),
    ])  # fmt: skip
    found = answers(table)
    assert found["task"].tolist() == ["emoji/en-fr", "emoji/en-fr", "emoji/en-de"], "the order of the study"
    link, none, other = found[["precision", "recall", "f1"]].to_numpy()
    assert none.tolist() == [0.5, 0.5, 0.5]
    assert np.isnan(link[0]) and link[1:].tolist() == [0, 0]
    assert np.isnan(other[1]) and other[[0, 2]].tolist() == [0, 0]


def test_rules_are_averaged_over_whole_random_states():
    """State 2 was run on one of two pairs only, and does not count."""
    rows = [row(task, state, n_right=5 + state) for task in TASKS for state in (0, 1)]
    rows += [row(TASKS[0], 2, n_right=0), row(TASKS[0], 0, rule="mutual", n_right=9, threshold="none")]
    rows += [row(TASKS[1], 0, rule="mutual", n_right=7, threshold="none")]
    table = rule_table(answers(pd.DataFrame(rows)), TASKS, answer="link", model="eva")
    assert list(table) == ["matching", "rule", *THRESHOLDS]
    by = table.set_index("rule")
    assert by.loc["one to one", "auto"] == "0.550 [-0.085, 1.185]"
    assert by.loc["mutual", "none"] == "0.800" and pd.isna(by.loc["mutual", "auto"])


def test_one_choice_by_task_and_model():
    rows = [row(state=0, n_right=4), row(state=1, n_right=6), row(rule="mutual", n_right=0)]
    rows += [row(state=s, answer="no counterpart, left", n=2, n_right=1, n_wanted=1) for s in (0, 1)]
    table = task_table(answers(pd.DataFrame(rows)), matching="cosine", rule="one_to_one")
    (only,) = table.to_dict("records")
    assert only == {
        "pair": "emoji/en-fr", "model": "eva", "states": 2, "link: P": 0.5, "link: R": 0.5, "link: F1": 0.5,
        "none: P": 0.5, "none: R": 1.0, "none: F1": pytest.approx(2 / 3),
    }  # fmt: skip


def test_a_curve_is_every_threshold_by_itself():
    task, features = planted_pair(60, 3, 8, noise=0.6, dangling=0.15, random_state=0)

    def linked(threshold):
        rule = LinkRule("cosine", "one_to_one", threshold)
        return predict_links(task, features, feature_scorer(task, features), rule=rule)

    links = linked(None)
    curve = threshold_curve(links, task, n=11)
    for one in curve.to_dict("records"):
        wanted = linked(one["threshold"])
        quality = link_quality(wanted.pairs, task)
        assert one["f1"] == quality["links"]["f1"] and one["recall"] == quality["links"]["recall"]
        if len(wanted):
            assert one["precision"] == quality["links"]["precision"]
        alone = quality["no_counterpart"].values()
        right, n, n_true = (sum(q[k] for q in alone) for k in ("n_right", "n", "n_dangling"))
        assert one["no counterpart"] == pytest.approx(2 * right / (n + n_true))
        expected = 2 * wanted.confidence.sum() / (len(wanted) + links.expected_links)
        assert one["expected"] == pytest.approx(expected, abs=1e-6)
    fine = threshold_curve(links, task, n=1001)
    top = fine.loc[fine["expected"].idxmax(), "threshold"]
    sure = links.confidence[-1], links.doubtful_confidence[0]
    assert sure[1] - 1e-3 <= top <= sure[0] + 1e-3, "the threshold is where most is expected"


def test_the_curve_is_drawn_with_its_thresholds():
    curve = pd.DataFrame(
        {
            name: [0.0, 0.5, 1.0]
            for name in ("threshold", "precision", "recall", "f1", "no counterpart", "expected")
        }
    )
    figure = draw_curve(curve, {"mine": 0.25, "theirs": 0.75})
    assert isinstance(figure, Figure)
    axes = figure.axes[0]
    upright = [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in upright] == [0.25, 0.75]
    assert [text.get_text() for text in axes.texts] == ["mine", "theirs"]
    assert len(axes.lines) == 5 + 2
    with pytest.raises(ParameterError, match="no threshold to show"):
        draw_curve(curve[:0], {})
