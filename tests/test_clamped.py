"""Clamped similarities: given pairs compete with nobody, under every matching and in every block."""

from typing import get_args

import numpy as np
import pytest
from pairs import Table

from psqe.aligners import ALIGNERS
from psqe.evaluation import evaluate, feature_scorer
from psqe.seeds import SeedSet, correct, true_links
from psqe.similarity import Dot, Matching, base, matched, mutual_nearest
from psqe.similarity.clamped import Clamped

LEFT = np.array([-1, 1, -1, 0, -1, 2])
RIGHT = np.array([0, -1, -1, 2, 1])


@pytest.fixture(params=[1 << 23, 6], ids=["one block", "many blocks"])
def block_cells(request, monkeypatch):
    monkeypatch.setattr(base, "BLOCK_CELLS", request.param)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (6, 5)).astype(np.float32)


def whole(similarity) -> np.ndarray:
    return np.concatenate([block for _, block in similarity.blocks()])


@pytest.mark.parametrize("matching", get_args(Matching))
def test_given_pairs_have_each_other_and_the_rest_is_matched_as_if_nothing_were_given(
    block_cells, table, matching
):
    found = whole(matched(Clamped(Table(table), LEFT, RIGHT), matching))
    free = whole(matched(Table(table), matching))
    for i, one in enumerate(LEFT):
        for j, other in enumerate(RIGHT):
            if one < 0 and other < 0:
                assert found[i, j] == free[i, j]
            elif one == other:
                assert found[i, j] >= max(1, free.max())
            else:
                assert found[i, j] <= min(-1, free.min())


def test_it_can_be_transposed_and_cut(table):
    clamped = matched(Clamped(Table(table), LEFT, RIGHT), "csls")
    rows, columns = np.array([5, 1, 1]), np.array([4, 0])
    np.testing.assert_array_equal(whole(clamped.T), whole(clamped).T)
    np.testing.assert_array_equal(whole(clamped.take(rows, columns)), whole(clamped)[rows][:, columns])
    np.testing.assert_array_equal(whole(clamped.take(rows, None)), whole(clamped)[rows])


def test_the_base_is_not_changed():
    eye = np.eye(3, dtype=np.float32)
    similarity = Dot(eye, eye)
    whole(Clamped(similarity, np.array([0, -1, -1]), np.array([-1, 0, -1])))
    np.testing.assert_array_equal(whole(similarity), np.eye(3))


@pytest.mark.parametrize("matching", get_args(Matching))
def test_without_seeds_the_aligner_is_the_features_alone(planted, matching):
    task, features = planted
    model = ALIGNERS["clamped"]().fit(task, features, SeedSet.empty())
    wanted = evaluate(task, feature_scorer(task, features), matching=matching)
    assert evaluate(task, model.similarity, matching=matching) == wanted


@pytest.mark.parametrize("matching", get_args(Matching))
def test_every_seed_is_answered_correct_or_not(planted, matching):
    task, features = planted
    pairs = true_links(task, 20).pairs
    pairs[[0, 1], 1] = pairs[[1, 0], 1]  # two wrong seeds
    seeds = SeedSet(pairs, np.zeros(20), ("given",) * 20)
    assert correct(pairs, task).sum() == 18
    model = ALIGNERS["clamped"]().fit(task, features, seeds)
    candidates = task.left.candidates, task.right.candidates
    rows, columns = mutual_nearest(matched(model.similarity(*candidates), matching))
    found = zip(candidates[0][rows].tolist(), candidates[1][columns].tolist(), strict=True)
    assert set(map(tuple, pairs.tolist())) <= set(found)
