"""Predicted links: mutual, clear, ordered, and their file."""

import numpy as np
import pytest
from pairs import relabelled, tiny, with_fewer_candidates

from psqe.evaluation import feature_scorer
from psqe.links import Links, predict_links
from psqe.matching import Dot


def test_links_by_plain_recomputation(planted):
    pair = with_fewer_candidates(planted)
    task, _ = pair
    scorer = feature_scorer(*pair)
    links = predict_links(task, scorer, temperature=0.1)
    left, right = task.left.candidates, task.right.candidates
    s = scorer(left, right).rows(0, len(left)).astype(np.float64)
    wanted = {}
    for i in range(len(left)):
        j = int(s[i].argmax())
        if int(s[:, j].argmax()) == i:
            second = max(np.delete(s[i], j).max(), np.delete(s[:, j], i).max())
            of_row = np.exp(s[i, j] / 0.1) / np.exp(s[i] / 0.1).sum()
            of_column = np.exp(s[i, j] / 0.1) / np.exp(s[:, j] / 0.1).sum()
            wanted[int(left[i]), int(right[j])] = (s[i, j], np.sqrt(of_row * of_column), s[i, j] - second)
    assert len(links) == len(wanted) > 10
    for (i, j), score, confidence, margin in zip(
        links.pairs.tolist(), links.scores, links.confidence, links.rank_margin, strict=True
    ):
        np.testing.assert_allclose([score, confidence, margin], wanted[i, j], rtol=1e-3, atol=1e-5)
    assert (np.diff(links.confidence) <= 0).all()


def test_gold_links_are_not_read_and_order_does_not_matter(planted):
    task, features = planted
    wanted = predict_links(task, feature_scorer(task, features))
    blind = predict_links(task.without_links(), feature_scorer(task, features))
    np.testing.assert_array_equal(blind.pairs, wanted.pairs)
    pair, left, right = relabelled(planted, left=1, right=2)
    found = predict_links(pair[0], feature_scorer(*pair))
    mapped = {(int(left[i]), int(right[j])) for i, j in found.pairs}
    assert mapped == {(int(i), int(j)) for i, j in wanted.pairs}


def test_ties_are_left_out():
    """Two left entities are alike: which of them is linked could only be decided by their order."""
    task, _ = tiny(3, 2)
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    links = predict_links(task, lambda rows, columns: Dot(vectors[rows], vectors[1:][columns]))
    assert links.pairs.tolist() == [[2, 1]]


def test_a_single_pair_is_a_link_without_rival():
    task, _ = tiny(1, 1)
    links = predict_links(
        task, lambda rows, columns: Dot(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32))
    )
    assert links.pairs.tolist() == [[0, 0]] and links.confidence.tolist() == [1.0]
    assert np.isinf(links.rank_margin[0])


def test_confidence_is_a_share_even_at_low_temperature(planted):
    links = predict_links(planted[0], feature_scorer(*planted), temperature=1e-3)
    assert np.isfinite(links.confidence).all()
    assert (links.confidence >= 0).all() and (links.confidence <= 1).all()


def test_scores_that_are_not_finite(planted):
    def scorer(rows, columns):
        return Dot(np.full((len(rows), 1), np.nan, np.float32), np.ones((len(columns), 1), np.float32))

    with pytest.raises(FloatingPointError):
        predict_links(planted[0], scorer)


def test_tsv(tmp_path):
    task, _ = tiny(3, 3)
    links = Links(
        np.array([[2, 0], [0, 1]]), np.array([0.5, 0.25]), np.array([1.0, 1 / 3]), np.array([np.inf, 1e-7])
    )
    links.save_tsv(tmp_path / "new" / "links.tsv", task)
    assert (tmp_path / "new" / "links.tsv").read_text() == (
        "left\tright\tscore\tconfidence\trank_margin\n"
        "l:2\tr:0\t0.5\t1\tinf\n"
        "l:0\tr:1\t0.25\t0.333333\t1e-07\n"
    )
