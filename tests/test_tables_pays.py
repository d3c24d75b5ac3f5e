"""The table about when training pays: complete random states, paired differences, and rows without runs."""

from __future__ import annotations

import pytest
from stored import OTHER_TASK, TASK, directions, table

from psqe.errors import DataError, ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.study import tables
from psqe.study.plans.pays import ROWS, row_spec
from psqe.study.store import RunResult
from psqe.study.tables.pays import LINKS, MATCHINGS

TASKS = [TASK, OTHER_TASK]


def run(row, task, state, free, whole, kind="psqe"):
    """A run of a row; CSLS adds .1 to Hits@1, and Sinkhorn .2."""
    rows = [
        measure
        for links, hits in (("free", free), ("all", whole), ("seeds", 1.0))
        for more, matching in enumerate(MATCHINGS)
        for measure in directions(
            [min(hits + 0.1 * more + apart, 1.0) for apart in (-0.05, 0.05)], "full", matching, links
        )
    ]  # fmt: skip
    rows += directions([0.9, 0.9], "peer", "csls")
    return RunResult(row_spec(row, kind, task, state), rows, 1.0)


RUNS = [
    *(run("features", task, state, 0.5, 0.5) for task in TASKS for state in (0, 1, 2)),
    *(run("clamped", task, state, 0.4, 0.6) for task in TASKS for state in (0, 1, 2)),
    run("eva, small, plain", TASK, 0, 0.40, 0.70), run("eva, small, plain", OTHER_TASK, 0, 0.44, 0.66),
    run("eva, small, plain", TASK, 1, 0.38, 0.68), run("eva, small, plain", OTHER_TASK, 1, 0.42, 0.66),
    run("eva, small, plain", TASK, 2, 0.10, 0.20),
    run("mclea, published, plain", TASK, 0, 0.60, 0.70),
    run("clamped", TASK, 0, 0.1, 0.1, kind="pivot, fused"),
]  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    return tables.pays_runs(table(RUNS, "alignment"), TASKS)


def test_runs_are_those_of_the_plan_on_one_kind_of_seeds(runs):
    assert list(dict.fromkeys(runs["row"])) == [
        "features", "clamped", "eva, small, plain", "mclea, published, plain",
    ]  # fmt: skip
    assert set(runs["links"]) == set(LINKS) and set(runs["matching"]) == set(MATCHINGS)
    one = runs.query("row == 'clamped' and links == 'free' and matching == 'csls'")
    assert one["hits@1"].tolist() == pytest.approx([0.5] * 6), "directions are averaged, other seeds left out"
    other = tables.pays_runs(table(RUNS, "alignment"), TASKS, kind="pivot, fused")
    assert set(other["row"]) == {"clamped"} and tables.pairs_with_references(runs) == TASKS
    with pytest.raises(DataError, match=r"on none of these pairs .* features and clamped"):
        tables.pairs_with_references(other)
    with pytest.raises(ParameterError, match="no seeds 'mutual'"):
        tables.pays_runs(table(RUNS, "alignment"), TASKS, kind="mutual")


def test_means_are_of_random_states_that_were_run_on_every_pair(runs):
    found = tables.pays_table(runs, TASKS).set_index("row")
    assert list(found.index) == ["features", "clamped", "eva, small, plain"]
    assert found.loc["eva, small, plain", "states"] == 2, "the third state has one pair only"
    mean, low, high = mean_interval([0.42, 0.40])
    assert found.loc["eva, small, plain", "free, cosine"] == f"{100 * mean:.1f}\xa0±{50 * (high - low):.1f}"
    assert found.loc["features", "all, sinkhorn"] == "70.0\xa0±0.0"
    one = tables.pays_table(runs, [TASK]).set_index("row")
    assert one.loc["mclea, published, plain", "free, cosine"] == "60.0", "one state has no interval"
    assert one.loc["eva, small, plain", "states"] == 3


def test_rows_without_runs_on_every_pair_are_named(runs):
    missing = tables.rows_left_out(runs, TASKS)
    assert "mclea, published, plain" in missing and "adapter" in missing
    assert set(missing) == set(ROWS) - {"features", "clamped", "eva, small, plain"}
    assert "mclea, published, plain" not in tables.rows_left_out(runs, [TASK])
    assert not [row for row in tables.rows_left_out(runs, TASKS, kind="pivot, fused") if "eva" in row]


def test_differences_are_on_the_same_pair_and_random_state(runs):
    free = tables.pays_gains(runs, TASKS, "free").set_index(["row", "matching", "task"])
    both = free.loc["eva, small, plain", "csls", "all"]
    mean, low, high = mean_interval([-8.0, -10.0])
    assert both[["gain", "low", "high", "runs"]].tolist() == pytest.approx([mean, low, high, 2])
    assert free.loc[("eva, small, plain", "csls", TASK), "runs"] == 3
    assert "features" not in free.index.get_level_values("row")
    assert ("mclea, published, plain", "csls", "all") not in free.index
    whole = tables.pays_gains(runs, TASKS, "all").set_index(["row", "matching", "task"])
    assert whole.loc[("eva, small, plain", "csls", "all"), "gain"] == pytest.approx(7.5)
    clamped = tables.pays_gains(runs, TASKS, "free", over="clamped").query("row == 'features'")
    assert clamped["gain"].tolist() == pytest.approx([10.0] * 9)
    without = tables.pays_gains(runs[runs["row"] != "clamped"], TASKS, "all")
    assert without.empty and "gain" in without


def test_above_and_below_need_an_interval_on_one_side_under_every_matching(runs):
    gains = tables.pays_gains(runs, [TASK], "free").query("task == 'all'")
    assert tables.above_and_below(gains) == ([], ["clamped"]), "one random state tells nothing apart"
    two = tables.pays_gains(runs[runs["random_state"] < 2], TASKS, "free").query("task == 'all'")
    above = two.assign(low=1.0, high=2.0)
    assert tables.above_and_below(above)[0] == ["clamped", "eva, small, plain"]
    above.loc[(above["row"] == "clamped") & (above["matching"] == "csls"), "low"] = -1.0
    assert tables.above_and_below(above) == (["eva, small, plain"], [])


def test_differences_as_texts(runs):
    gains = tables.pays_gains(runs, TASKS, "free")
    shown = tables.row_gain_table(gains.query("matching == 'csls'"), columns="task").set_index("row")
    assert list(shown.columns) == ["all", OTHER_TASK, TASK]
    assert shown.loc["mclea, published, plain"].tolist() == ["", "", "+10.0"]
    assert shown.loc["clamped", "all"] == "-10.0 [-10.0, -10.0]"
