"""Relations compared by how they are used and by the words of their labels."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.errors import PsqeWarning
from psqe.features import build_features
from psqe.features.base import Modality
from psqe.features.encoders.profile import DIM, DIRECTION, ProfileEncoder, relation_profiles
from psqe.features.relations import fixed, relation_weights
from psqe.graph import AlignmentTask, KnowledgeGraph

profile_modality = ProfileEncoder("relation").encode_task


def graph(name: str, relations: tuple[str, ...], triples: np.ndarray, n: int) -> KnowledgeGraph:
    return KnowledgeGraph(name, tuple(f"{name}{i}" for i in range(n)), relations, triples)


def world(seed: int = 0, n: int = 300) -> np.ndarray:
    """Relations of unlike use: functional, many-to-many, symmetric, rare, a hierarchy."""
    rng = np.random.default_rng(seed)
    some = rng.choice(n, 60, replace=False)
    friends = rng.choice(n, (80, 2))
    parts = [
        np.column_stack([np.arange(n), rng.integers(5, size=n)]),  # everybody has one of five
        rng.choice(n, (500, 2)),
        np.concatenate([friends, friends[:, ::-1]]),
        rng.choice(some, (15, 2)),
        np.column_stack([np.arange(1, n), np.arange(1, n) // 3]),
    ]
    return np.concatenate([np.insert(part, 1, r, axis=1) for r, part in enumerate(parts)])


LABELS = ("continent", "knows", "spouse", "successor", "parent")


def pair() -> AlignmentTask:
    """One world seen twice, a fifth of the triples missing on the right; no label in common."""
    triples = world()
    kept = np.random.default_rng(9).random(len(triples)) < 0.8
    return AlignmentTask(
        "t",
        graph("l", LABELS, triples, 300),
        graph("r", tuple(f"P{i}" for i in range(5)), triples[kept], 300),
    )


def hits_at_10(modality: Modality) -> float:
    """Share of entities whose counterpart is among their ten nearest, of 300."""
    left, right = (
        side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
        for side in (
            modality.left.values - modality.left.values.mean(axis=0),
            modality.right.values - modality.right.values.mean(axis=0),
        )
    )
    scores = left @ right.T
    return float(((scores >= np.diag(scores)[:, None]).sum(axis=1) <= 10).mean())


def test_what_a_profile_is() -> None:
    # Two triples of r out of entity 0, one of s back and forth between 1 and 2.
    triples = np.array([(0, 0, 1), (0, 0, 2), (1, 1, 2), (2, 1, 1)])
    profiles = relation_profiles(graph("g", ("r", "s"), triples, 3)).reshape(2, 2, 10)
    assert profiles[0, :, 9].tolist() == [DIRECTION] * 2 and profiles[1, :, 9].tolist() == [-DIRECTION] * 2
    assert not profiles[..., 0].any(), "both have two triples"
    heads, tails = profiles
    np.testing.assert_allclose(heads[1, :9], tails[1, :9])  # s looks the same from either end
    np.testing.assert_allclose(heads[0, 1], tails[0, 2])  # reach: here seen from there
    assert heads[0, 1] < heads[1, 1], "one head of r, two of s"
    assert heads[0, 3] > tails[0, 3], "two triples go out of the head of r, one out of each tail"
    assert (heads[1, 7:9] > heads[0, 7:9]).all(), "s alone is symmetric"
    np.testing.assert_allclose(profiles[..., :9].mean(axis=(0, 1)), 0, atol=1e-12)


def test_a_relation_is_found_again_under_another_name() -> None:
    task = pair()
    left, right = relation_profiles(task.left), relation_profiles(task.right)
    distance = np.linalg.norm(left[:, None] - right[None], axis=2)
    assert distance.argmin(axis=1).tolist() == list(range(10))


def test_profiles_find_counterparts_where_a_bag_finds_none() -> None:
    task = pair()
    with pytest.warns(PsqeWarning, match="share no label"):
        bag = build_features(task, ["relation"])["relation"]
    profile = build_features(task, ["relation"], encoders={"relation": "profile"})["relation"]
    assert profile.left.values.shape == (300, DIM) and profile.left.values.dtype == np.float32
    assert hits_at_10(bag) < 0.1
    assert hits_at_10(profile) > 0.4


def test_profiles_do_not_read_labels_nor_the_numbering_of_anything() -> None:
    """Exactly equal, not nearly: a last bit that follows the ids could settle a tie by them."""
    task = pair()
    rng = np.random.default_rng(4)
    relations, entities = rng.permutation(5), rng.permutation(300)
    triples = task.right.triples.copy()
    triples[:, 1] = np.argsort(relations)[triples[:, 1]]
    other = graph("r", tuple("edcba"), triples, 300).take(entities)
    plain, moved = (
        profile_modality(task),
        profile_modality(replace(task, right=other)),
    )
    np.testing.assert_array_equal(moved.right.values, plain.right.values[entities])
    np.testing.assert_array_equal(moved.left.values, plain.left.values)


def test_head_and_tail_are_told_apart() -> None:
    triples = np.array([(i, 0, i + 10) for i in range(10)] + [(i, 1, (i * 3) % 10) for i in range(10)])
    task = AlignmentTask("t", graph("l", ("p", "q"), triples, 20), graph("r", ("a", "b"), triples, 20))
    modality = profile_modality(task)
    unit = modality.left.values / np.linalg.norm(modality.left.values, axis=1, keepdims=True)
    assert unit[11] @ unit[12] > 0.99, "both are tails of p and nothing else"
    assert abs(unit[11] @ unit[1]) < 0.7


def test_masks_and_graphs_with_little_in_them() -> None:
    one = graph("l", ("r",), np.array([(0, 0, 1)]), 3)
    lonely = graph("r", ("s", "unused"), np.array([(2, 0, 2)]), 3)
    modality = profile_modality(AlignmentTask("t", one, lonely))
    assert modality.left.present.tolist() == [True, True, False] and not modality.left.values[2].any()
    assert modality.right.present.tolist() == [False, False, True]
    assert np.isfinite(modality.left.values).all() and np.isfinite(modality.right.values).all()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=25),
    st.permutations(range(6)),
    st.permutations(range(3)),
)
def test_any_graph_has_finite_profiles_in_any_numbering(
    triples: list[tuple[int, int, int]], entities: list[int], relations: list[int]
) -> None:
    here = graph("g", ("x", "y", "z"), np.array(triples), 6)
    array = here.triples.copy()
    array[:, 1] = np.argsort(relations)[array[:, 1]]
    there = graph("g", ("x", "y", "z"), array, 6).take(np.array(entities))
    plain, moved = (profile_modality(AlignmentTask("t", g, g)).left.values for g in (here, there))
    assert np.isfinite(plain).all()
    assert plain.any(axis=1).tolist() == (here.degree() > 0).tolist()
    np.testing.assert_array_equal(moved, plain[entities])


def test_sums_of_fixed_numbers_are_the_same_in_any_order() -> None:
    rng = np.random.default_rng(0)
    weights, values = rng.random(1000) * 40, rng.standard_normal(1000)
    exact = math.fsum(fixed(weights) * fixed(values))
    for order in (rng.permutation(1000) for _ in range(20)):
        assert sum((fixed(weights) * fixed(values))[order].tolist()) == exact
    plain = {sum((weights * values)[order].tolist()) for order in (rng.permutation(1000) for _ in range(20))}
    assert len(plain) > 1, "or there would be nothing to guard against"


def test_weights_are_those_of_bags() -> None:
    weights = relation_weights(graph("g", ("p", "q"), np.array([(0, 0, 1), (0, 0, 2), (1, 1, 2)]), 4))
    # Of three entities with a triple one is a head of p, one a head of q, two are tails of p, one of q.
    once, twice = 1 + np.log(4 / 2), 1 + np.log(4 / 3)
    expected = np.array(
        [
            [np.log(3) * once, 0, 0, 0],
            [0, np.log(2) * once, np.log(2) * twice, 0],
            [0, 0, np.log(2) * twice, np.log(2) * once],
            [0, 0, 0, 0],
        ]
    )
    np.testing.assert_allclose(weights.toarray(), expected, atol=2**-12)


def test_labels_are_compared_as_words() -> None:
    """Heads of "author" and of "writer" are alike, and unlike heads of "river mouth"."""
    triples = np.array([(0, 0, 2), (1, 1, 3)])
    task = AlignmentTask(
        "t",
        graph("l", ("http://x.org/ontology/author", "http://x.org/ontology/riverMouth"), triples, 5),
        graph("r", ("/book/written_work/writer", "/geography/river/mouth"), triples, 5),
    )
    modality = build_features(task, ["relation"], encoders={"relation": "use-m3"}, cache=False)["relation"]
    assert modality.dim == 2 * 512
    assert modality.left.present.tolist() == [True, True, True, True, False]
    scores = modality.left.values @ modality.right.values.T
    assert scores[0, 0] > scores[0, 1] + 0.1 and scores[1, 1] > scores[1, 0] + 0.1
    assert not scores[0, 2:].any(), "a head has nothing in common with a tail"


def test_each_label_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def encode(_: object, items: list[str]) -> np.ndarray:
        seen.extend(items)
        return np.ones((len(items), 4), dtype=np.float32)

    monkeypatch.setattr("psqe.features.encoders.use_m3.UseM3.encode", encode)
    triples = np.array([(i, i % 2, i + 1) for i in range(8)])
    task = AlignmentTask(
        "t", graph("l", ("knows", "likes"), triples, 9), graph("r", ("knows", "is"), triples, 9)
    )
    build_features(task, ["relation"], encoders={"relation": "use-m3"}, cache=False)
    assert sorted(seen) == ["is", "knows", "likes"]
