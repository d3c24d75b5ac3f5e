"""Traps of the benchmarks: ids that tell the links, gold links within reach, pictures that are missing."""

from dataclasses import replace

import numpy as np
import pytest

from psqe.features import Features, build_features
from psqe.features.encoder_registry import ENCODERS, TaskEncoder
from psqe.graph import AlignmentTask, KnowledgeGraph, Vectors

N, M = 40, 6

COUNTED = [
    (modality, name)
    for name, encoder in ENCODERS.items()
    if issubclass(encoder, TaskEncoder)
    for modality in encoder.modalities
]


def graph(name: str, rng: np.random.Generator) -> KnowledgeGraph:
    """Entities with everything that features are made of, a third of it missing."""
    triples = np.column_stack(
        [rng.integers(N, size=120), rng.integers(M, size=120), rng.integers(N, size=120)]
    )
    words = ["".join(rng.choice(list("abcdefgh"), 6)) for _ in range(N)]
    has = rng.random((4, N)) < 0.67
    attributes = tuple(
        tuple((f"a{k}", str(rng.choice([rng.integers(1900, 2000), 7, 12.5]))) for k in range(3))
        if has[0, i]
        else ()
        for i in range(N)
    )
    return KnowledgeGraph(
        name,
        tuple(f"{name}:{i}" for i in range(N)),
        tuple(f"relation {k}" for k in range(M)),
        triples,
        names=tuple(words[i] if has[1, i] else None for i in range(N)),
        translations=tuple(words[i][::-1] if has[2, i] else None for i in range(N)),
        attributes=attributes,
        vectors={"image": Vectors(rng.standard_normal((N, 5)).astype(np.float32), has[3])},
        ids=np.arange(N) + (N if name == "r" else 0),
    )


@pytest.fixture(scope="module")
def task() -> AlignmentTask:
    """As in DBP15K: the right id of a link is the left one plus a constant."""
    rng = np.random.default_rng(0)
    return AlignmentTask("t", graph("l", rng), graph("r", rng), np.column_stack([np.arange(30)] * 2))


def features(task: AlignmentTask) -> Features:
    """All counts and the vectors of the data, each as a modality of its own."""
    found = {"image": build_features(task, ["image"])["image"]}
    for modality, choice in COUNTED:
        built = build_features(task, [modality], encoders={modality: choice}, cache=False)
        found[f"{modality}-{choice}"] = built[modality]
    return Features(found)


def assert_same(one: Features, other: Features, left: np.ndarray, right: np.ndarray) -> None:
    """``other`` is ``one`` with its rows in the order ``left`` and ``right``, to the last bit."""
    for name in one:
        for side, order in (("left", left), ("right", right)):
            vectors, present = one[name][side].values, one[name][side].present
            moved, moved_present = other[name][side].values, other[name][side].present
            np.testing.assert_array_equal(moved, vectors[order], err_msg=f"{name} {side}")
            np.testing.assert_array_equal(moved_present, present[order], err_msg=f"{name} {side}")


def test_every_count_is_tried() -> None:
    assert {choice for _, choice in COUNTED} >= {"bag", "bigram", "bins", "profile"}


def test_a_relabelling_of_the_right_ids_changes_nothing(task: AlignmentTask) -> None:
    rng = np.random.default_rng(3)
    same, order = np.arange(N), rng.permutation(N)
    moved = task.take(same, order)
    renamed = replace(
        moved.right, entities=tuple(f"x{i}" for i in rng.permutation(N)), ids=rng.permutation(1000)[:N]
    )
    assert_same(features(task), features(replace(moved, right=renamed)), same, order)


def test_a_relabelling_of_relations_changes_nothing(task: AlignmentTask) -> None:
    order = np.random.default_rng(5).permutation(M)
    triples = task.right.triples.copy()
    triples[:, 1] = np.argsort(order)[triples[:, 1]]
    right = replace(task.right, relations=tuple(task.right.relations[i] for i in order), triples=triples)
    same = np.arange(N)
    assert_same(features(task), features(replace(task, right=right)), same, same)


def test_gold_links_and_groups_are_not_read(task: AlignmentTask) -> None:
    links = np.column_stack([np.arange(30), np.random.default_rng(1).permutation(30)])
    same, plain = np.arange(N), features(task)
    for other in (replace(task, links=links), replace(task, links=None), task.blind()):
        assert_same(plain, features(other), same, same)


def test_nothing_is_filled_in(task: AlignmentTask) -> None:
    """Peers fill missing pictures with noise, and then rank the noise."""
    found = features(task)
    for graph, side in ((task.left, "left"), (task.right, "right")):
        for name in found:
            vectors, present = found[name][side].values, found[name][side].present
            assert not vectors[~present].any() and vectors[present].any(axis=1).all(), name
        present = found["image"][side].present
        np.testing.assert_array_equal(present, graph.vectors["image"].present)
        assert not present.all()
        named = found["name-bigram"][side].present
        assert named.tolist() == [name is not None for name in graph.names]
