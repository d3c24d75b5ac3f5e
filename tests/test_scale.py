"""An alignment of sides that are too large to compare all pairs, with lowered limits."""

from dataclasses import replace

import numpy as np
import pytest
from pairs import relabelled

import psqe
from psqe.aligners import ALIGNERS, base
from psqe.datasets.synthetic import planted_pair
from psqe.features.canonical_order import canonical_candidates
from psqe.features.fusion import to_unit_rows
from psqe.seeds.stages import refine
from psqe.similarity import approximate, inverted_file

SIZE = 500


@pytest.fixture(scope="module")
def pair():
    return planted_pair(SIZE, regions=8, dim=16, noise=0.4, dangling=0.1)


@pytest.fixture
def lowered(monkeypatch):
    """Limits under which this small pair is a large one: few cells are visited, few seeds are trained on."""
    monkeypatch.setattr(approximate, "EXACT", 100)
    monkeypatch.setattr(approximate, "BLOCK_ROWS", 64)
    monkeypatch.setattr(approximate, "MARGIN", 16)
    monkeypatch.setattr(inverted_file, "SMALLEST", 64)
    monkeypatch.setattr(inverted_file, "N_VISITED", 150)
    monkeypatch.setattr(refine, "MOST_TRAINED", 60)


def content(alignment, left=None, right=None):
    """Links with confidence, and seeds with theirs, by the entities of the pair before it was relabelled."""
    n = SIZE
    left, right = (np.arange(n) if order is None else order for order in (left, right))
    found, seeds = alignment.predicted, alignment.seeds
    parts = []
    for pairs, numbers in ((found.pairs, found.confidence), (seeds.pairs, seeds.confidence)):
        own = np.column_stack([left[pairs[:, 0]], right[pairs[:, 1]]])
        order = np.lexsort(own.T)
        parts.append((own[order].tolist(), numbers[order].tolist()))
    return parts


def test_a_large_pair_is_aligned_as_well_as_one_whose_pairs_are_all_compared(pair, monkeypatch, request):
    task, features = pair
    exact = psqe.align(task, features=features)
    assert "approximate" not in exact.choices
    request.getfixturevalue("lowered")
    found = psqe.align(task, features=features)
    assert "approximate search" in found.choices
    for side, other in (("precision", 0.02), ("recall", 0.02)):
        there, here = (each.quality["links"][side] for each in (exact, found))
        assert here > there - other, side
    assert abs(len(found.links) - len(exact.links)) < 0.05 * len(exact.links)


def test_ids_and_the_order_of_rows_decide_nothing_in_an_approximate_search(pair, lowered):
    task, features = pair
    (moved, vectors), left, right = relabelled(pair, left=1, right=2)
    here = content(psqe.align(task, features=features))
    assert here == content(psqe.align(moved, features=vectors), left, right)
    assert here == content(psqe.align(task, features=features)), "a repetition gives the same"


def test_the_embeddings_of_a_large_pair_are_in_the_order_of_the_task(pair, lowered):
    """They are kept in another order, of unit length."""
    task, features = pair
    model = psqe.align(task, features=features).aligner
    left, right = model.embeddings()
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), 1, atol=1e-5)
    some = np.array([3, 1, 7])
    cells = model.similarity(some, task.right.candidates[:5]).rows(0, 3)
    np.testing.assert_allclose(cells, left[some] @ right[task.right.candidates[:5]].T, atol=1e-5)


def test_the_candidates_of_a_large_pair_are_searched_without_a_copy_of_their_embeddings(pair, lowered):
    task, features = pair
    sides = [replace(graph, candidates=graph.candidates[::2]) for graph in task.sides]
    fewer = replace(task, left=sides[0], right=sides[1], links=None)
    model = psqe.align(fewer, features=features).aligner
    candidates = canonical_candidates(fewer, features)
    similarity = model.similarity(candidates.left, candidates.right)
    for vectors, held, entities in zip(
        (similarity.left, similarity.right), (model._left, model._right), candidates, strict=True
    ):
        assert len(vectors) == len(entities) < len(held) and np.shares_memory(vectors, held)
    np.testing.assert_array_equal(similarity.left, model.embeddings()[0][candidates.left])


def test_embeddings_are_put_into_another_order_with_the_entities(pair, request, monkeypatch):
    """Those of a large pair, candidates first, are those of a small one, of unit length."""
    task, features = pair
    sides = [replace(graph, candidates=graph.candidates[::2]) for graph in task.sides]
    fewer = replace(task, left=sides[0], right=sides[1], links=None)
    seeds = psqe.mine_seeds(fewer, features=features, seeds="mutual")
    aligner = ALIGNERS["propagation"]
    exact = aligner.preset("small", weigh_seeds=False).fit(fewer, features, seeds).embeddings()
    request.getfixturevalue("lowered")
    monkeypatch.setattr(base, "SORTED_COLUMNS", 7)
    found = aligner.preset("small", weigh_seeds=False).fit(fewer, features, seeds)
    assert found._places is not None
    for here, there in zip(exact, found.embeddings(), strict=True):
        np.testing.assert_allclose(there, to_unit_rows(here.copy()), atol=1e-6)
