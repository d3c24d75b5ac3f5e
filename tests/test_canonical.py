"""The canonical order depends on what entities are, not on how they are numbered."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import graph, relabelled, tiny

from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order, content_keys
from psqe.graph import AlignmentTask


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_order_follows_a_relabelling(planted, left, right):
    wanted = canonical_order(*planted)
    pair, *orders = relabelled(planted, left=left, right=right)
    for order, found, old in zip(canonical_order(*pair), wanted, orders, strict=True):
        np.testing.assert_array_equal(old[order], found)


def test_relations_may_be_numbered_anew(planted):
    task, features = planted
    new = np.array([2, 0, 1])
    triples = task.left.triples.copy()
    triples[:, 1] = new[triples[:, 1]]
    relations = tuple(np.array(task.left.relations)[np.argsort(new)])
    renumbered = replace(task.left, triples=triples, relations=relations)
    np.testing.assert_array_equal(
        content_keys(renumbered, features, "left")[1], content_keys(task.left, features, "left")[1]
    )


def keys(n: int, triples=(), *, rows=None, present=None, candidates=None) -> np.ndarray:
    rows = np.ones((n, 2)) if rows is None else rows
    arrays = {"image_left": rows, "image_right": np.ones((1, 2))}
    if present is not None:
        arrays["image_left_present"] = present
    return content_keys(graph("g", n, triples, candidates=candidates), Features.from_arrays(arrays), "left")[
        1
    ]


def classes(values: np.ndarray) -> list[int]:
    return [values.tolist().index(v) for v in values]


def test_what_tells_entities_apart():
    assert classes(keys(3)) == [0, 0, 0]
    assert classes(keys(3, rows=np.array([[1, 2], [1, 3], [1, 2]]))) == [0, 1, 0]
    assert classes(keys(3, candidates=np.array([0, 2]))) == [0, 1, 0]
    assert classes(keys(3, present=np.array([True, False, True]))) == [0, 1, 0]
    assert classes(keys(3, [(0, 1)])) == [0, 1, 2]  # head, tail, neither
    assert classes(keys(4, [(0, 1), (2, 3)])) == [0, 1, 0, 1]
    # The ends of a path of four differ from its middle, and direction tells its ends apart.
    assert len(set(keys(4, [(0, 1), (1, 2), (2, 3)]))) == 4


def test_relation_and_number_of_edges_count():
    two = replace(graph("g", 4, [(0, 1), (2, 3)]), relations=("a", "b"))
    triples = two.triples.copy()
    triples[1, 1] = 1
    features = Features.from_arrays({"image_left": np.ones((4, 2)), "image_right": np.ones((1, 2))})
    assert classes(content_keys(replace(two, triples=triples), features, "left")[1]) == [0, 1, 2, 3]
    star = keys(5, [(0, 1), (0, 2), (3, 4)])
    assert star[0] != star[3] and star[1] == star[2] != star[4]


def test_minus_zero_is_zero():
    rows = np.array([[0.0, 1.0], [-0.0, 1.0]])
    assert classes(keys(2, rows=rows)) == [0, 0]


def test_rounds_reach_as_far_as_they_say():
    # Two paths; the last entity of one is no candidate. Its influence travels one edge a round.
    edges = [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)]
    g = graph("g", 8, edges, candidates=np.arange(7))
    features = Features.from_arrays({"image_left": np.ones((8, 2)), "image_right": np.ones((1, 2))})
    for n_rounds in range(4):
        found = content_keys(g, features, "left", n_rounds=n_rounds)[1]
        assert [found[i] != found[i + 4] for i in range(4)] == [3 - i <= n_rounds for i in range(4)]


def test_look_alikes_do_not_meet_in_the_order_of_their_ids():
    """Files often list both sides in the order of the gold links; ties by id would find them all."""
    n = 400
    task = AlignmentTask("twins", graph("l", n), graph("r", n))
    features = Features.from_arrays({"image_left": np.ones((n, 2)), "image_right": np.ones((n, 2))})
    left, right = canonical_order(task, features)
    assert sorted(left) == sorted(right) == list(range(n))
    assert (left == right).sum() < 10  # 1 is expected of chance, all 400 of a sort by id


def test_empty_side():
    task, features = tiny(3, 0)
    left, right = canonical_order(task, features)
    assert len(left) == 3 and len(right) == 0
