"""Bags of labels: counts, weights, one vocabulary by label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.errors import PsqeWarning
from psqe.features import build_features
from psqe.features.encoders.bag import BagEncoder, attribute_bags, relation_bags
from psqe.features.encoders.counts import CountsEncoder
from psqe.graph import AlignmentTask, KnowledgeGraph


def graph(
    name: str, relations: tuple[str, ...], triples: list[tuple[int, int, int]], n: int = 4
) -> KnowledgeGraph:
    entities = tuple(f"{name}{i}" for i in range(n))
    return KnowledgeGraph(name, entities, relations, np.array(triples, dtype=np.int64).reshape(-1, 3))


def test_heads_and_tails_are_counted_apart() -> None:
    bags = relation_bags(graph("g", ("knows",), [(0, 0, 1), (0, 0, 2), (1, 0, 0)]))
    assert bags[0] == {"head of knows": 2, "tail of knows": 1}
    assert bags[2] == {"tail of knows": 1}
    assert bags[3] == {}


def test_attributes_count_labels_and_labels_with_values() -> None:
    bags = attribute_bags(
        KnowledgeGraph("g", ("a",), (), [], attributes=((("born", "1900"), ("name", None)),))
    )
    assert bags == [{"born": 1, "born=1900": 1, "name": 1}]


def test_weights_and_masks() -> None:
    left = graph("l", ("shared", "own"), [(0, 0, 1), (0, 0, 2), (0, 1, 1)])
    right = graph("r", ("shared",), [(0, 0, 1)])
    modality = BagEncoder("relation").encode_task(AlignmentTask("t", left, right))
    # Five entities have a label. By count: tail of shared 3, head of shared 3, own 1 and 1.
    idf = {df: 1 + np.log(6 / (1 + df)) for df in (1, 2, 3)}
    expected = np.log([[1 + 2, 1, 1 + 1, 1], [1, 2, 1, 2], [1, 2, 1, 1], [1, 1, 1, 1]])
    expected *= np.array([idf[2], idf[3], idf[1], idf[1]])
    np.testing.assert_allclose(modality.left.values, expected, rtol=1e-6)
    assert modality.left.present.tolist() == [True, True, True, False]
    assert modality.right.present.tolist() == [True, True, False, False]
    assert modality.left.values.dtype == modality.right.values.dtype == np.float32
    assert not modality.right.values[2:].any() and modality.right.values[:2].any(axis=1).all()


def test_counts_are_as_they_are_alike_at_heads_and_tails() -> None:
    left = graph("l", ("shared", "own"), [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 1)])
    right = graph("r", ("shared",), [(0, 0, 1)])
    found = CountsEncoder("relation").encode_task(AlignmentTask("t", left, right))
    assert found.left.values.tolist() == [[2, 1], [3, 1], [1, 0], [0, 0]]
    assert found.right.values.tolist() == [[1, 0], [1, 0], [0, 0], [0, 0]]
    assert found.left.present.tolist() == [True, True, True, False]
    attributes = [(("born", "1900"), ("born", "1901"), ("died", None)), (("died", "1"),)]
    sides = [
        KnowledgeGraph(n, ("a",), (), [], attributes=(own,)) for n, own in zip("lr", attributes, strict=True)
    ]
    found = CountsEncoder("attribute").encode_task(AlignmentTask("t", *sides))
    assert found.left.values.tolist() == [[1, 1]] and found.right.values.tolist() == [[1, 0]]


def test_the_most_frequent_labels_are_kept_ties_by_the_alphabet() -> None:
    left = graph("l", ("b", "a", "often"), [(0, 0, 1), (2, 1, 3), (0, 2, 1), (2, 2, 3)])
    right = graph("r", ("often",), [(0, 0, 1)])
    encoder = BagEncoder("relation")
    encoder.max_labels = 3
    modality = encoder.encode_task(AlignmentTask("t", left, right))
    # Kept are head of often, tail of often (3 each), then "head of a", which entity 2 has.
    assert modality.left.values.shape == (4, 3)
    assert np.flatnonzero(modality.left.values[:, 2]).tolist() == [2]


def test_an_entity_whose_labels_are_all_dropped_is_absent() -> None:
    left = graph("l", ("rare", "often"), [(0, 0, 0), (1, 1, 2), (2, 1, 1)])
    right = graph("r", ("often",), [(0, 0, 1)])
    encoder = BagEncoder("relation")
    encoder.max_labels = 2
    modality = encoder.encode_task(AlignmentTask("t", left, right))
    assert modality.left.present.tolist() == [False, True, True, False]


def test_no_shared_label_is_a_warning_that_names_what_to_choose() -> None:
    task = AlignmentTask("t", graph("l", ("p",), [(0, 0, 1)]), graph("r", ("q",), [(0, 0, 1)]))
    with pytest.warns(PsqeWarning, match="'relation'.* encoder profile, .* or use-m3") as caught:
        modality = BagEncoder("relation").encode_task(task)
    np.testing.assert_allclose(modality.left.values @ modality.right.values.T, 0)
    # The choices that the warning names are there, and say something.
    assert len(caught) == 1
    for encoder in ("profile", "use-m3"):
        other = build_features(task, ["relation"], encoders={"relation": encoder}, cache=False)["relation"]
        assert (other.left.values @ other.right.values.T).any()


def test_no_shared_attribute_label_is_a_warning_too() -> None:
    left, right = (
        KnowledgeGraph(name, (name,), (), [], attributes=(((label, None),),))
        for name, label in (("l", "geboren"), ("r", "born"))
    )
    with pytest.warns(PsqeWarning, match="'attribute'.* encoder use-m3"):
        BagEncoder("attribute").encode_task(AlignmentTask("t", left, right))


@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_numbering_of_entities_and_relations_does_not_matter(
    entities: list[int], relations: list[int]
) -> None:
    triples = np.array([(0, 0, 1), (0, 1, 2), (3, 2, 1), (3, 2, 2)])
    labels = ("x", "y", "z")
    right = graph("r", ("x",), [(0, 0, 1)])
    plain = BagEncoder("relation").encode_task(
        AlignmentTask("t", graph("l", labels, triples.tolist()), right)
    )
    new_id = np.argsort(relations)
    moved = triples.copy()
    moved[:, 1] = new_id[triples[:, 1]]
    renamed = graph("l", tuple(labels[i] for i in relations), moved.tolist()).take(np.array(entities))
    shuffled = BagEncoder("relation").encode_task(AlignmentTask("t", renamed, right))
    np.testing.assert_array_equal(shuffled.left.values, plain.left.values[entities])
    np.testing.assert_array_equal(shuffled.right.values, plain.right.values)
