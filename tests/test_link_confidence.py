"""How many entities have a counterpart, without labels: against plain counting and planted truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.similarity.assignments import n_counterparts
from psqe.similarity.shortlist import Shortlist

values = st.one_of(st.integers(-2, 2).map(float), st.floats(-1, 1, width=32))
tables = st.tuples(st.integers(2, 30), st.integers(2, 30)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=values)
)


def plain(table: np.ndarray) -> float:
    bounds = []
    for one in (table, table.T):
        n = len(one)
        two = [sorted(row)[::-1][:2] for row in one.tolist()]
        levels = sorted(second for _, second in two)
        bounds.append(
            min(
                sum(first <= x for first, _ in two) / sum(second <= x for _, second in two)
                for x in levels
                if sum(second <= x for second in levels) >= 0.1 * n
            )
        )
    most = min(table.shape)
    least = max(n * (1 - bound) for n, bound in zip(table.shape, bounds, strict=True))
    return (min(least, most) + most) / 2


@settings(max_examples=80, deadline=None)
@given(tables)
def test_by_plain_counting(table):
    listed = Shortlist.from_similarity(Table(table))
    assert n_counterparts(listed) == pytest.approx(plain(table))
    assert n_counterparts(Shortlist.from_similarity(Table(table.T))) == pytest.approx(plain(table))
    assert min(table.shape) / 2 <= n_counterparts(listed) <= min(table.shape)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1)])
def test_without_a_second_nearest_nothing_is_known(shape):
    assert n_counterparts(Shortlist.from_similarity(Table(np.zeros(shape, np.float32)))) == 1


def test_everybody_found_and_nobody_found():
    perfect = np.eye(50, dtype=np.float32)
    assert n_counterparts(Shortlist.from_similarity(Table(perfect))) == 50
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((400, 400)).astype(np.float32)
    assert n_counterparts(Shortlist.from_similarity(Table(noise))) < 380


def test_fewer_where_more_are_dangling():
    shares = []
    for dangling in (0.0, 0.15, 0.3):
        found = []
        for random_state in range(3):
            task, features = planted_pair(300, 4, 16, noise=0.3, dangling=dangling, random_state=random_state)
            listed = Shortlist.from_similarity(
                feature_scorer(task, features)(task.left.candidates, task.right.candidates)
            )
            found.append(n_counterparts(listed) / min(listed.shape))
        shares.append(np.mean(found))
    assert shares[0] > 0.99 and shares[0] - 0.03 > shares[1] > shares[2] + 0.01
