"""Several matchings of the same similarities: as one after the other, with less work."""

import warnings
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import Table

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import all_regions, evaluate, evaluate_each, feature_scorer
from psqe.seeds import true_links
from psqe.similarity import Dot, Matching, matched, matched_by_each
from psqe.similarity.base import Remembered
from psqe.similarity.clamped import Clamped
from psqe.similarity.neighbours import find_neighbours
from psqe.similarity.sinkhorn import sinkhorn

MATCHINGS = get_args(Matching)
UNIT = st.floats(-1, 1, width=32)


def plain(similarity):
    return similarity.rows(0, similarity.shape[0])


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=UNIT),
    st.integers(1, 4),
    st.sampled_from([0, 1, 2]),
)
def test_matchings_together_are_those_one_after_the_other(table, csls_k, n_clamped):
    similarity = Table(table)
    for entity in range(n_clamped):
        pairs = [np.where(np.arange(n) == entity, entity, -1) for n in table.shape]
        similarity = Clamped(similarity, *pairs)
    together = matched_by_each(similarity, MATCHINGS, csls_k=csls_k)
    assert list(together) == list(MATCHINGS)
    for matching, found in together.items():
        wanted = matched(similarity, matching, csls_k=csls_k)
        np.testing.assert_allclose(plain(found), plain(wanted), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(plain(found.T), plain(wanted.T), rtol=1e-5, atol=1e-4)


@pytest.fixture(scope="module")
def evaluated(planted):
    task, features = planted
    seeds = true_links(task, 10, random_state=1).pairs
    given_all = {
        "seeds": seeds,
        "compared": np.concatenate([seeds, true_links(task, 12, random_state=2).pairs]),
        "regions": all_regions(task, features),
    }
    return task, feature_scorer(task, features), given_all


def test_reports_together_are_those_one_after_the_other(evaluated):
    task, scorer, given_all = evaluated
    for matching, report in evaluate_each(task, scorer, MATCHINGS, **given_all).items():
        assert report == evaluate(task, scorer, matching=matching, **given_all)


class Counted(Dot):
    """Dot products that count the rows that are computed of them."""

    def rows(self, start, stop):
        self.computed.append(stop - start)
        return super().rows(start, stop)

    @property
    def T(self):
        other = Counted(self.right, self.left)
        object.__setattr__(other, "computed", self.computed)
        return other


def test_every_similarity_is_computed_once_in_a_direction(evaluated):
    """Three passes serve three matchings: the search for nearest entities, and the ranks of both sides."""
    task, scorer, _ = evaluated
    computed = []

    def counting(left, right):
        dot = scorer(left, right)
        counted = Counted(dot.left, dot.right)
        object.__setattr__(counted, "computed", computed)
        return counted

    evaluate_each(task, counting, MATCHINGS, protocols=["full"])
    n_left, n_right = len(task.left.candidates), len(task.right.candidates)
    assert sum(computed) == 2 * n_left + n_right


def test_a_remembered_block_is_a_copy():
    remembered = Remembered(Table(np.eye(2, dtype=np.float32)))
    block = remembered.rows(0, 2)
    block += 1
    assert plain(remembered).tolist() == plain(remembered.T).tolist() == np.eye(2).tolist()
    assert remembered.take(np.array([1]), None).rows(0, 1).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("matchings", "words"),
    [
        ("csls", "the matchings cannot be 'csls'"),
        ([], "no matching is given"),
        (["csls", "hungary"], "there is no matching 'hungary'"),
    ],
)
def test_what_is_no_list_of_matchings_is_refused(evaluated, matchings, words):
    with pytest.raises(ParameterError, match=words):
        evaluate_each(*evaluated[:2], matchings)


@pytest.mark.parametrize("protocol", ["full", "peer"])
def test_what_a_scorer_returns_is_one_similarity_for_each_pair(evaluated, protocol):
    task, scorer, _ = evaluated
    every = task.left.candidates, task.right.candidates

    def refused(other, words):
        with pytest.raises(ParameterError, match=words):
            evaluate_each(task, other, MATCHINGS, protocols=[protocol])

    refused(lambda left, right: scorer(left, right[1:]), "the scorer returns similarities of shape")
    refused(lambda left, right: scorer(np.append(left, 0), right), "the scorer returns similarities of shape")
    refused(lambda left, right: plain(scorer(left, right)), "what the scorer returns cannot be array")
    if protocol == "peer":  # more rows and columns than candidates would be ranked as if they were theirs
        refused(lambda left, right: scorer(*every), "the scorer returns similarities of shape")


def test_nearest_entities_of_another_temperature_are_refused():
    similarity = Table(np.eye(3, dtype=np.float32))
    nearest = find_neighbours(similarity, temperature=0.5)
    with pytest.raises(ParameterError, match=r"searched at temperature 0\.5, not 0\.02"):
        sinkhorn(similarity, nearest=nearest)
    again = replace(nearest.first(1), temperature=0.02)
    assert again.left_indices.tolist() == [[0], [1], [2]]


@pytest.mark.parametrize(("n_left", "warned"), [(6, True), (7, False)])
def test_sinkhorn_is_warned_of_where_the_sides_are_uneven(n_left, warned):
    task, features = planted_pair(60, dangling=0.0, random_state=0)
    linked = task.links[task.links[:, 0] < n_left]
    left = replace(task.left, candidates=np.sort(linked[:, 0]))
    assert (len(linked), len(task.right.candidates)) == (n_left, 60)
    task = replace(task, left=left, links=linked)

    def told(matching):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            evaluate_each(task, feature_scorer(task, features), [matching], protocols=["full"])
        return [str(warning.message) for warning in found if "candidates of one side" in str(warning.message)]

    assert bool(told("sinkhorn")) == warned
    assert not told("csls")
