"""Links as evidence: what is computed with sparse arrays agrees with plain loops."""

import numpy as np
import pytest

from psqe.aligners import shared_neighbours
from psqe.aligners.shared_neighbours import Neighbourhoods, link_labels
from psqe.graph import KnowledgeGraph


def random_graph(n: int = 14, n_triples: int = 40, random_state: int = 0, candidates=None) -> KnowledgeGraph:
    rng = np.random.default_rng(random_state)
    triples = np.column_stack(
        [rng.integers(0, n, n_triples), rng.integers(0, 3, n_triples), rng.integers(0, n, n_triples)]
    )
    names = tuple(f"e{i}" for i in range(n))
    return KnowledgeGraph("g", names, ("p", "q", "r"), triples, candidates=candidates)


def features_of(graph: KnowledgeGraph) -> dict[int, set[tuple[int, int, bool]]]:
    """The neighbours of each candidate, with relation and direction."""
    found: dict[int, set] = {int(entity): set() for entity in graph.candidates}
    for head, relation, tail in graph.triples.tolist():
        if head in found:
            found[head].add((relation, tail, True))
        if tail in found:
            found[tail].add((relation, head, False))
    return found


def by_loops(graph: KnowledgeGraph) -> tuple[np.ndarray, np.ndarray]:
    features = features_of(graph)
    n, entities = len(features), list(features)
    counts: dict[tuple, int] = {}
    for own in features.values():
        for feature in own:
            counts[feature] = counts.get(feature, 0) + 1
    weight = {f: np.log((n + 1) / (c + 1)) / np.sqrt(c) for f, c in counts.items()}
    direct, shared = np.zeros((n, n)), np.zeros((n, n))
    for i, a in enumerate(entities):
        for j, b in enumerate(entities):
            direct[i, j] = sum(weight[f] for f in features[a] if f[1] == b) if i != j else 0
            shared[i, j] = sum(weight[f] for f in features[a] & features[b]) if i != j else 0
    return direct, shared


@pytest.mark.parametrize("candidates", [None, [1, 3, 4, 5, 8, 9, 13]], ids=["all", "some"])
@pytest.mark.parametrize("random_state", [0, 1, 2])
def test_connections_agree_with_loops(random_state, candidates):
    graph = random_graph(random_state=random_state, candidates=candidates)
    hoods, (direct, shared) = Neighbourhoods.from_graph(graph), by_loops(graph)
    np.testing.assert_allclose(hoods.direct.toarray(), direct, atol=1e-6)
    np.testing.assert_allclose(hoods.shared.toarray(), shared, atol=1e-6)


def test_a_graph_without_triples_connects_nothing():
    graph = KnowledgeGraph("g", ("a", "b"), ("r",), np.empty((0, 3), dtype=np.int64))
    hoods = Neighbourhoods.from_graph(graph)
    assert hoods.direct.nnz == hoods.shared.nnz == 0
    seen = hoods.seen_from(np.array([0]), np.ones((1, 4), dtype=np.float32), direct=False)
    assert seen.shape == (2, 4) and not seen.any()


def test_hubs_are_left_out_before_memory_grows_with_the_square(monkeypatch):
    """All candidates but one share one neighbour, and pairs of them share another: the hub is too common."""
    n = 40
    triples = [(i, 0, n + 1) for i in range(n)] + [(i, 0, n + 2 + i // 2) for i in range(n)]
    names = tuple(f"e{i}" for i in range(n + 2 + n // 2))
    graph = KnowledgeGraph("g", names, ("r",), triples, candidates=np.arange(n + 1))
    monkeypatch.setattr(shared_neighbours, "ENTRIES", 4)
    assert Neighbourhoods.from_graph(graph).shared.nnz == n, "each candidate is left with its one partner"
    monkeypatch.setattr(shared_neighbours, "ENTRIES", 100)
    assert Neighbourhoods.from_graph(graph).shared.nnz == n * (n - 1)


@pytest.mark.parametrize("direct", [True, False])
def test_candidates_are_alike_as_the_links_that_they_see_are_alike(direct):
    """With labels that are exactly orthogonal, the product is the cosine of the roots of the weights."""
    left, right = (Neighbourhoods.from_graph(random_graph(random_state=state)) for state in (5, 6))
    links = np.array([[0, 3], [1, 1], [4, 7], [9, 2]])
    labels = np.eye(4, dtype=np.float32)
    x, y = (
        hoods.seen_from(column, labels, direct=direct)
        for hoods, column in zip((left, right), links.T, strict=True)
    )
    roots = [
        np.sqrt((hoods.direct if direct else hoods.shared).toarray()[:, column])
        for hoods, column in zip((left, right), links.T, strict=True)
    ]
    norms = [np.linalg.norm(table, axis=1, keepdims=True) for table in roots]
    cosines = [table / np.where(norm > 0, norm, 1) for table, norm in zip(roots, norms, strict=True)]
    np.testing.assert_allclose(x @ y.T, cosines[0] @ cosines[1].T, atol=1e-6)


def test_a_link_is_no_evidence_for_itself():
    graph = random_graph()
    assert (graph.triples[:, 0] == graph.triples[:, 2]).any(), "some entity has a triple with itself"
    hoods = Neighbourhoods.from_graph(graph)
    for linked in range(len(graph.candidates)):
        for direct in (True, False):
            seen = hoods.seen_from(np.array([linked]), np.ones((1, 2), dtype=np.float32), direct=direct)
            assert not seen[linked].any()


def test_labels_are_as_long_as_the_root_of_the_confidence_and_nearly_orthogonal():
    importance = np.array([1.0, 0.25, 0.0], dtype=np.float32)
    labels = link_labels(3, 4096, importance, 0)
    np.testing.assert_allclose(np.linalg.norm(labels, axis=1), np.sqrt(importance), atol=1e-6)
    assert abs(labels[0] @ labels[1]) < 0.05
    assert np.array_equal(labels, link_labels(3, 4096, importance, 0))
    assert not np.array_equal(labels, link_labels(3, 4096, importance, 1))
