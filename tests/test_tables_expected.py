"""Tables about what is expected of systems: runs are paired by system, pair, state, matching and links."""

import pytest
from stored import OTHER_TASK, TASK, directions, table

from psqe.study import tables
from psqe.study.plans.best import expected_spec, system_spec
from psqe.study.store import RunResult

HITS = {"features": (0.60, 0.62), "PARIS": (0.70, 0.71), "propagation": (0.80, 0.69), "Concord": (0.90, 0.95)}
"""What each system reached, and what was expected of it."""


@pytest.fixture(scope="module")
def both():
    reached, told = [], []
    for task in (TASK, OTHER_TASK):
        for system, (hits, expected) in HITS.items():
            rows = [
                row
                for links in ("all", "free")
                for row in directions([hits - 0.1, hits + 0.1], matching="csls", links=links)
            ]
            reached.append(RunResult(system_spec(system, task, 0), rows, 1.0))
            told.append(
                RunResult(
                    expected_spec(system, task, 0),
                    [{"matching": "csls", "links": "all", "expected_hits@1": expected}], 1.0,
                )
            )  # fmt: skip
    runs = tables.best_runs(table(reached, "system"), [TASK, OTHER_TASK])
    return tables.expected_runs(table(told, "expected"), runs)


def test_what_was_expected_stands_beside_what_was_reached(both):
    assert len(both) == 2 * len(HITS) and set(both["links"]) == {"all"}
    shown = tables.expected_table(both, matching="csls", links="all").set_index("system")
    assert list(shown.index) == ["features", "PARIS", "propagation", "Concord"]
    assert shown.loc["propagation"].tolist() == pytest.approx([2, 69.0, 80.0, -11.0, -11.0])


def test_errors_are_in_points_and_our_system_is_in_no_comparison(both):
    (row,) = tables.expected_errors(both).to_dict("records")
    assert row["runs"] == 8 and row["largest"] == pytest.approx(11.0)
    assert row["error"] == pytest.approx((2 + 1 - 11 + 5) / 4)
    assert row["mean size"] == pytest.approx((2 + 1 + 11 + 5) / 4)
    told = [expected for _, expected in HITS.values()]
    mean = sum(told) / len(told)
    assert row["trivial"] == pytest.approx(100 * sum(abs(mean - hits) for hits, _ in HITS.values()) / 4)
    assert row["within 3"] == pytest.approx(50.0)
    # Of features, PARIS and propagation, only PARIS and propagation are expected in the wrong order.
    assert row["order"] == pytest.approx(200 / 3) and row["comparisons"] == 6
