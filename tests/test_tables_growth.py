"""What it changes to continue an alignment: planted pairs that grow, and the table about them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from psqe.study import tables
from psqe.study.growth import (
    EARLIER,
    GROWN,
    REPEATED,
    SAME_SEEDS,
    WAYS,
    WHOLE,
    differing,
    differing_of,
    growth_rows,
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.DataFrame([row for state in (0, 1) for row in growth_rows(80, [0.1], state, noise=0.5)])


def test_every_way_is_compared_with_the_new_run_and_that_with_the_same_seeds(rows: pd.DataFrame) -> None:
    assert rows.groupby("random_state")["way"].apply(tuple).tolist() == [WAYS, WAYS]
    by_way = rows.set_index(["random_state", "way"])
    assert (by_way.xs(WHOLE, level="way")["other"] == 0).all()
    assert (by_way.xs(SAME_SEEDS, level="way")["other_same_seeds"] == 0).all()
    assert (
        by_way.xs(SAME_SEEDS, level="way")["other"] == by_way.xs(WHOLE, level="way")["other_same_seeds"]
    ).all()
    assert rows[["other", "other_confident", "other_same_seeds", "f1", "free_f1"]].stack().between(0, 1).all()
    # 70 entities a side: 6 of 61 gold links, and 1 of 9 entities without one.
    assert rows["n_new"].tolist() == [14] * len(rows)


def test_the_new_entities_get_links_only_where_something_is_done(rows: pd.DataFrame) -> None:
    n_links = rows.groupby("way")["n_links"].mean()
    assert n_links[EARLIER] < n_links[GROWN]
    mean = rows.groupby("way")["other"].mean()
    assert mean[EARLIER] > mean[GROWN]
    assert mean[REPEATED] > 0
    assert (rows.loc[rows["way"] == WHOLE, "other_confident"] == 0).all()
    assert rows.groupby("way")["other_confident"].mean()[EARLIER] > 0


def test_links_of_two_results_differ_by_those_that_only_one_has() -> None:
    none = np.empty((0, 2), dtype=np.int64)
    one = np.array([[0, 0], [1, 1], [2, 2]])
    assert differing(one, one[::-1]) == 0 == differing(none, none)
    assert differing(one, none) == 1
    assert differing(one, np.array([[0, 0], [1, 2]])) == pytest.approx(3 / 4)
    assert differing_of(one[:2], one, np.array([[0, 0], [1, 2]])) == pytest.approx(1 / 2)
    assert differing_of(none, one, one) == 0


def test_the_table_has_a_row_for_each_share_and_way(rows: pd.DataFrame) -> None:
    twice = pd.concat([rows, rows.assign(random_state=2)])
    table = tables.growth_table(twice)
    assert table["way"].tolist() == list(WAYS)
    assert set(table["new"]) == {"10 %"}
    assert table.set_index("way").loc[WHOLE, "differ"] == "0.0"
    assert " to " in table.set_index("way").loc[GROWN, "F1"]
