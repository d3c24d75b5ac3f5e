"""The simulated reviewer, and the tables of what verdicts are worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psqe.api import build_aligner
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import feature_scorer
from psqe.links import Verdicts, predict_links
from psqe.options import AlignerOptions
from psqe.seeds import MutualMiner
from psqe.study import reviewer, tables
from psqe.study.plans import PLANS

NONE = Verdicts.none()


@pytest.fixture(scope="module")
def planted():
    return planted_pair(300, 3, 8, noise=0.5, random_state=2)


@pytest.fixture(scope="module")
def links(planted):
    task, features = planted
    return predict_links(task, features, feature_scorer(task, features), rule=reviewer.RULE)


def test_the_reviewer_says_what_the_gold_links_say(planted, links):
    task, _ = planted
    gold = set(map(tuple, task.links.tolist()))
    pairs = np.vstack([links.pairs, links.doubtful])
    said = reviewer.answered(task, links, NONE, pairs)
    assert {tuple(pair) for pair in said.accepted.tolist()} <= gold
    assert not {tuple(pair) for pair in said.rejected.tolist()} & gold
    wrong = {tuple(pair) for pair in pairs.tolist()} - gold
    assert {tuple(pair) for pair in said.rejected.tolist()} == wrong and wrong
    instead = {tuple(pair) for pair in said.accepted.tolist()} - {tuple(pair) for pair in pairs.tolist()}
    assert instead, "a true counterpart among the nearest two is accepted in place of a wrong one"
    for left, right in instead:
        row, column = (
            np.searchsorted(task.left.candidates, left),
            np.searchsorted(task.right.candidates, right),
        )
        assert right in links.nearest.left.entities[row] or left in links.nearest.right.entities[column]


def test_each_way_of_choosing_leaves_out_what_was_judged(planted, links):
    task, features = planted
    said = reviewer.answered(task, links, NONE, links.pairs[:20])
    after = predict_links(task, features, feature_scorer(task, features), rule=reviewer.RULE, verdicts=said)
    judged = {tuple(pair) for pair in [*said.accepted.tolist(), *said.rejected.tolist()]}
    for strategy in reviewer.STRATEGIES:
        chosen = reviewer.choose(strategy, task, after, 1000, np.random.default_rng(0))
        assert len(chosen) and not {tuple(pair) for pair in chosen.tolist()} & judged, strategy
    with pytest.raises(
        ParameterError, match="there is no strategy 'best'; choose from proposed, least certain, random"
    ):
        reviewer.choose("best", task, links, 1, np.random.default_rng(0))


def test_the_rows_begin_without_verdicts_and_more_verdicts_make_better_links(planted, monkeypatch):
    monkeypatch.setattr(reviewer, "ROUNDS", (20, 20))
    task, features = planted
    seeds = MutualMiner(60).mine(task, features)
    rows = list(
        reviewer.review_rows(
            task, features, seeds, lambda: build_aligner(AlignerOptions(), 0), random_state=0
        )
    )
    assert [(row["strategy"], row["n_verdicts"]) for row in rows] == [
        (strategy, n) for strategy in reviewer.STRATEGIES for n in (0, 20, 40)
    ]
    first = {row["f1"] for row in rows if not row["n_verdicts"]}
    last = {row["strategy"]: row["f1"] for row in rows if row["n_verdicts"] == 40}
    assert len(first) == 1 and last["proposed"] > first.pop()
    assert all(row["free_f1"] == row["free_f1_before"] for row in rows if not row["n_verdicts"])
    assert all(0 <= row[name] <= 1 for row in rows for name in ("precision", "recall", "free_f1"))


def stored(task: str, state: int, f1: list[float]) -> list[dict[str, object]]:
    return [
        {"task": task, "random_state": state, "strategy": "least certain", "n_verdicts": n, "f1": value,
         "precision": value, "recall": value, "free_f1": value - 0.1, "free_f1_before": f1[0] - 0.1}
        for n, value in zip((0, 25), f1, strict=True)
    ]  # fmt: skip


def test_the_gap_that_is_closed_is_told_by_random_state():
    table = pd.DataFrame(
        [*stored("a", 0, [0.8, 0.9]), *stored("b", 0, [0.6, 0.7]), *stored("a", 1, [0.5, 1.0])]
    )
    states = tables.review_states(table, ["a", "b"])
    assert states["random_state"].unique().tolist() == [0], "the other one was not run on both pairs"
    last = states.set_index("n_verdicts").loc[25]
    assert last["closed"] == pytest.approx((0.1 / 0.2 + 0.1 / 0.4) / 2) and last["free"] == pytest.approx(0.1)
    told = tables.review_table(states)
    assert told["gap closed"].tolist() == pytest.approx([0, 37.5])
    assert told["F1"].tolist() == pytest.approx([70, 80])
    assert tables.review_states(table, ["a", "b", "c"]).empty


def test_the_gap_that_is_closed_is_told_by_pair():
    rows = [
        {**row, "strategy": strategy, "f1": row["f1"] - behind * (row["n_verdicts"] > 0)}
        for strategy, behind in (("proposed", 0.0), ("least certain", 0.0), ("random", 0.1))
        for state, f1 in enumerate(([0.6, 0.8], [0.5, 0.8]))
        for row in stored("a", state, f1)
    ]
    (told,) = tables.review_by_pair(pd.DataFrame(rows), ["a", "b"], 25).to_dict("records")
    assert (told["pair"], told["runs"]) == ("a", 2)
    assert tables.review_by_pair(pd.DataFrame(rows), ["a", "b"], 50).empty
    assert told["F1 before"] == pytest.approx(55)
    assert told["least certain"] == pytest.approx(100 * (0.2 / 0.4 + 0.3 / 0.5) / 2)
    assert told["random"] == pytest.approx(100 * (0.1 / 0.4 + 0.2 / 0.5) / 2)
    assert told["ahead"] == pytest.approx(100 * (0.1 / 0.4 + 0.1 / 0.5) / 2)
    assert told["low"] < told["ahead"] < told["high"]
    assert told["precision"] == told["recall"] == told["elsewhere"] == pytest.approx(25)


@pytest.mark.parametrize("name", ["review", "review-characters", "review-benchmarks"])
def test_the_plan_reviews_every_pair_in_every_state(name):
    plan = PLANS[name]
    specs = plan.specs(plan.tasks, plan.random_states)
    assert len({spec.id for spec in specs}) == len(plan.tasks) * len(plan.random_states)
    assert {spec.subject for spec in specs} == {"review"}
