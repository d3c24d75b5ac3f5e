"""Tables of links and of the answer none, by hand, and a curve against plain recomputation."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from stored import table

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import feature_scorer
from psqe.links.predict import predict_links
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule
from psqe.study.figures import evidence_histogram
from psqe.study.figures import threshold_curve as draw_curve
from psqe.study.measures import THRESHOLDS
from psqe.study.plans.links import links as link_plan
from psqe.study.store import RunResult
from psqe.study.tables import (
    answers,
    claims,
    claims_table,
    f1_of_no_link,
    nothing_in_common,
    pair_evidence,
    rule_table,
    runs_of,
    task_table,
    threshold_curve,
)

TASKS = ("emoji/en-fr", "emoji/en-de")


def run(*rows, task="emoji/en-fr", state=0):
    """Links of the model EVA: rows are choices with their counts."""
    (spec,) = link_plan([task], [state], models=["eva"])
    common = {"matching": "cosine", "rule": "one_to_one", "threshold": "auto", "answer": "link"}
    counts = {"n": 10, "n_correct": 5, "n_wanted": 10}
    return RunResult(spec, [{**common, **counts, **row} for row in rows])


def quality(*runs):
    return answers(table(runs, "links"))


def test_the_two_sides_are_one_answer():
    found = quality(
        run(
            {"answer": "no counterpart, left", "n": 4, "n_correct": 1, "n_wanted": 2},
            {"answer": "no counterpart, right", "n": 6, "n_correct": 4, "n_wanted": 8},
            {"n": 0, "n_correct": 0, "n_wanted": 5},
        ),
        run({"n_wanted": 0, "n": 2, "n_correct": 0}, task="emoji/en-de"),
    )
    assert found["task"].tolist() == ["emoji/en-fr", "emoji/en-fr", "emoji/en-de"], "the order of the study"
    link, none, other = found[["precision", "recall", "f1"]].to_numpy()
    assert none.tolist() == [0.5, 0.5, 0.5]
    assert np.isnan(link[0]) and link[1:].tolist() == [0, 0]
    assert np.isnan(other[1]) and other[[0, 2]].tolist() == [0, 0]


def test_shares_of_several_true_counterparts_keep_their_denominators():
    """Of 12 gold links, one-to-one links hold 8 at most; one of 6 answers has a counterpart that is taken."""
    left = {"n": 6, "n_correct": 2, "n_wanted": 4, "precision": 0.4, "recall": 0.5}
    right = {"n": 5, "n_correct": 0, "n_wanted": 2, "precision": 0.0, "recall": 0.0}
    found = quality(
        run(
            {"n": 10, "n_correct": 4, "n_wanted": 12, "precision": 0.4, "recall": 0.5},
            {"answer": "no counterpart, left", **left},
            {"answer": "no counterpart, right", **right},
        )
    )
    link, none = found[["precision", "recall", "f1"]].to_numpy()
    assert link == pytest.approx([4 / 10, 4 / 8, 8 / 18])
    assert none == pytest.approx([2 / 10, 2 / 6, 4 / 16])
    # Ten links and eleven answers are about 31 entities, of which six have no counterpart.
    assert f1_of_no_link(found) == pytest.approx(12 / 37)


def test_rules_are_averaged_over_whole_random_states():
    """State 2 was run on one of two pairs only, and does not count."""
    mutual = {"rule": "mutual", "threshold": "none"}
    found = quality(
        run({"n_correct": 5}, {**mutual, "n_correct": 9}, task=TASKS[0]),
        run({"n_correct": 5}, {**mutual, "n_correct": 7}, task=TASKS[1]),
        *(run({"n_correct": 6}, task=task, state=1) for task in TASKS),
        run({"n_correct": 0}, task=TASKS[0], state=2),
    )
    shown = rule_table(found, TASKS, answer="link", model="eva")
    assert list(shown) == ["matching", "rule", *THRESHOLDS]
    by = shown.set_index("rule")
    assert by.loc["one to one", "auto"] == "0.550 [0.000, 1.000]", "the interval of a share ends at 0 and 1"
    assert by.loc["mutual", "none"] == "0.800" and pd.isna(by.loc["mutual", "auto"])


def test_one_choice_by_task_and_model():
    alone = {"answer": "no counterpart, left", "n": 2, "n_correct": 1, "n_wanted": 1}
    found = quality(
        run({"n_correct": 4}, {"rule": "mutual", "n_correct": 0}, alone),
        run({"n_correct": 6}, alone, state=1),
    )
    (only,) = task_table(found, matching="cosine", rule="one_to_one").to_dict("records")
    assert only == {
        "pair": "emoji/en-fr", "model": "eva", "states": 2, "link: P": 0.5, "link: R": 0.5, "link: F1": 0.5,
        "none: P": 0.5, "none: R": 1.0, "none: F1": pytest.approx(2 / 3),
    }  # fmt: skip
    (only,) = task_table(found, matching="cosine", rule="one_to_one", intervals=True).to_dict("records")
    # The F1 of links are .4 and .6: their t interval of one degree of freedom is 12.71 * .1 on either side.
    assert only["link: ± F1"] == pytest.approx(1.2706, abs=1e-3) and only["none: ± F1"] == 0


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
        right, n, n_true = (sum(q[k] for q in alone) for k in ("n_correct", "n", "n_dangling"))
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


def test_claims_by_hand():
    """Seven of eight pairs are correct, and nine of ten are claimed: 2.5 points too many."""
    free = {
        "threshold": "none",
        "n": 10,
        "precision": 7 / 8,
        "precision_judged": 1.0,
        "expected_correct": 9.0,
    }
    found = claims(
        table(
            [run(free, {**free, "threshold": "auto"}), run({**free, "expected_correct": 4.0}, state=1)],
            "links",
        )
    )
    assert found["modalities"].unique().tolist() == ["attribute+image"] and found[
        "model"
    ].unique().tolist() == ["eva"]
    np.testing.assert_allclose(found[["claimed", "correct", "off"]], [[90, 87.5, 2.5], [40, 87.5, -47.5]])
    (row,) = claims_table(found, ["model"]).to_dict("records")
    assert row == pytest.approx({
        "model": "eva", "claimed": 65, "correct": 87.5, "off": -22.5, "size": 25, "largest": 47.5,
        "within 3": 50,
    })  # fmt: skip


def test_runs_of_a_plan():
    stored = table([run({}), run({}, state=9)], "links")
    assert runs_of(stored, "links")["random_state"].tolist() == [0, 9]
    assert runs_of(stored, "links-weak").empty


def test_evidence_of_three_kinds_of_pairs():
    task, features = planted_pair(200, 4, 16, noise=0.7, dangling=0.2, random_state=0)
    found = pair_evidence(task, features, feature_scorer(task, features))
    medians = found.groupby("pairs")["evidence"].median()
    assert medians["correct pairs"] > medians["wrong pairs"] + 1
    assert abs(medians["pairs of orphans"] - medians["wrong pairs"]) < 0.5
    right = found.groupby("pairs")["correct"].mean()
    assert right["correct pairs"] == 1 and right["wrong pairs"] == 0 and 0 < right["pairs of orphans"] < 0.3
    drawn = evidence_histogram(found)
    assert [text.get_text().partition(" (")[0] for text in drawn.legends[0].get_texts()] == list(
        medians.index[[0, 2, 1]]
    )
    with pytest.raises(ParameterError, match="no evidence"):
        evidence_histogram(found[:0])


def test_halves_that_share_nothing():
    """Both halves have half of the links, and none of the pairs can be correct."""
    task, features = planted_pair(200, 4, 16, noise=0.3, random_state=0)
    found = nothing_in_common(task, features, random_state=0)
    assert 0 < found["links"] <= len(task.links) // 2 + 1 and 0 < found["claimed"] < 1
    assert found == nothing_in_common(task, features, random_state=0)
    together = predict_links(task, features, feature_scorer(task, features))
    assert found["claimed"] < together.confidence.mean() - 0.1
