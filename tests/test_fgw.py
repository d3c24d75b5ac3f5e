"""Fused Gromov-Wasserstein: against dense computations, its plans, and what structure adds to features."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pairs import graph, with_arrays, with_fewer_candidates
from scipy import sparse

from psqe.aligners import ALIGNERS
from psqe.aligners.gromov import Block, _suggested, edges, structure_term, term_at
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import evaluate
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, Sides
from psqe.seeds import SeedSet, true_links
from psqe.similarity import base
from psqe.similarity.sinkhorn import TEMPERATURE

FGW = ALIGNERS["fgw"]


def given(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


NONE = given([])


def dense_edges(own) -> np.ndarray:
    """The normalised adjacency without loops, float64, by a loop over triples."""
    touching = np.zeros((own.n_entities, own.n_entities))
    for head, _, tail in own.triples.tolist():
        if head != tail:
            touching[head, tail] = touching[tail, head] = 1
    degree = 1 + touching.sum(axis=1)
    return touching / np.sqrt(np.outer(degree, degree))


def some_plan(shape, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.2, rng.random(shape), 0)


@pytest.fixture(scope="module")
def planted_small():
    return planted_pair(40, 3, 8, noise=0.6, random_state=3)


def test_the_structure_term_is_that_of_a_dense_computation(planted_small):
    task, _ = planted_small
    plan = some_plan((task.left.n_entities, task.right.n_entities))
    left, right = task.sides.map(dense_edges)
    wanted = np.zeros_like(plan)
    for x in range(len(left)):
        for other in range(len(right)):
            wanted[x, other] = sum(
                left[x, y] * right[other, z] * plan[y, z]
                for y in np.flatnonzero(left[x])
                for z in np.flatnonzero(right[other])
            )
    term = structure_term(sparse.csr_array(plan), task.sides.map(edges))
    np.testing.assert_allclose(term.rows(0, len(plan)), wanted, atol=1e-12)
    rows, columns = np.divmod(np.arange(plan.size), plan.shape[1])
    np.testing.assert_allclose(term_at(term, rows, columns).reshape(plan.shape), wanted, atol=1e-12)


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_suggested_pairs_have_the_largest_terms_of_either_side(planted_small, n, monkeypatch):
    monkeypatch.setattr("psqe.aligners.gromov.ROWS", 7)
    task, _ = planted_small
    plan = some_plan((task.left.n_entities, task.right.n_entities), 1)
    term = structure_term(sparse.csr_array(plan), task.sides.map(edges))
    table = term.rows(0, len(plan)).round(14)

    def above(values: np.ndarray) -> set[int]:
        floor = np.sort(values)[::-1][n] if n < len(values) else 0
        return set(np.flatnonzero(values > max(floor, 1e-14)).tolist())

    wanted = {(x, y) for x in range(table.shape[0]) for y in above(table[x])}
    wanted |= {(x, y) for y in range(table.shape[1]) for x in above(table[:, y])}
    found = np.divmod(_suggested(term, n), table.shape[1])
    assert set(zip(*(own.tolist() for own in found), strict=True)) == wanted
    assert wanted


def dense_plan(values: np.ndarray, temperature: float, n: float) -> np.ndarray:
    """Entropic transport with one more row and column for nodes without counterpart, float64."""
    rows, columns = values.shape
    kernel = np.pad(np.exp(values / temperature), (0, 1), constant_values=1.0)
    kernel[-1, -1] = 0
    row_sums, column_sums = np.append(np.ones(rows), columns - n), np.append(np.ones(columns), rows - n)
    v = np.ones(columns + 1)
    for _ in range(2000):
        u = row_sums / (kernel @ v)
        v = column_sums / (u @ kernel)
    return (u[:, None] * kernel * v)[:-1, :-1]


@pytest.mark.parametrize("seeded", [False, True])
def test_plans_are_those_of_dense_computations(planted_small, seeded):
    """All pairs are listed here, so that nothing is missing."""
    task, features = planted_small
    n_left, n_right = task.left.n_entities, task.right.n_entities
    pairs = task.links[:5] if seeded else task.links[:0]
    settings = {"structure_weight": 2.0, "temperature": 0.15, "n_steps": 3}
    model = FGW(**settings, n_listed=100, seed_weight=0.4, weigh_seeds=False)
    vectors = fuse(features, np.arange(n_left), np.arange(n_right))
    block = Block.from_features(
        Sides(np.arange(n_left), np.arange(n_right)), Sides(*vectors), pairs[:0], np.zeros(0), k=100
    )
    values = vectors[0].astype(float) @ vectors[1].T.astype(float)
    values[pairs[:, 0], pairs[:, 1]] += 0.4
    left, right = task.sides.map(dense_edges)
    n = block.share * min(values.shape)
    wanted = dense_plan(values, 0.15, n)
    first = wanted
    for _ in range(3):
        wanted = dense_plan(values + 2 * left @ wanted @ right, 0.15, n)
    found = model._plan(task, features, pairs).toarray()
    np.testing.assert_allclose(found, wanted, atol=0.01)
    assert np.abs(wanted - first).max() > 0.1


def test_rows_and_columns_of_a_plan_sum_to_at_most_one():
    pair = with_fewer_candidates(planted_pair(150, noise=0.6, dangling=0.2, random_state=1))
    task, features = pair
    plan = FGW()._plan(task, features, true_links(task, 20).pairs).toarray()
    for sums in (plan.sum(axis=0), plan.sum(axis=1)):
        assert sums.max() < 1.05 and sums.min() < 0.5 < np.median(sums)
    candidate = [np.isin(np.arange(g.n_entities), g.candidates) for g in task.sides]
    assert plan[np.ix_(candidate[0], candidate[1])].any() and plan[np.ix_(~candidate[0], ~candidate[1])].any()
    assert not plan[np.ix_(candidate[0], ~candidate[1])].any()
    assert not plan[np.ix_(~candidate[0], candidate[1])].any()


def test_scores_increase_with_shares_and_tell_small_ones_apart(planted_small):
    task, features = planted_small
    model = FGW().fit(task, features, NONE)
    plan = FGW()._plan(task, features, NONE.pairs)
    everything = np.arange(task.left.n_entities), np.arange(task.right.n_entities)
    assert plan.data.max() <= 1
    table = model.similarity(*everything).rows(0, len(everything[0]))
    cosines = model.embeddings()[0] @ model.embeddings()[1].T
    scores, shares = table - 0.01 * cosines, plan.toarray()
    assert scores.min() > -1e-6 and scores.max() < 1 + 1e-6
    seen = shares > np.exp(-1 / TEMPERATURE)
    assert np.isclose(np.log(shares[seen]), (scores[seen] - 1) / TEMPERATURE, atol=0.01).mean() > 0.99
    assert np.log(shares[seen]).min() < -5


def hits(task, model, group: str = "metrics") -> float:
    return evaluate(task, model.similarity, seeds=NONE.pairs)[group]["l2r"]["full"]["hits@1"]


def test_neighbours_tell_apart_what_features_do_not():
    task, features = planted_pair(200, 4, 12, noise=0.9, density=6, random_state=0)
    alone, fused = (FGW(structure_weight=w).fit(task, features, NONE) for w in (0.0, 3.0))
    assert hits(task, fused) > hits(task, alone) + 0.1


def test_entities_without_features_are_found_by_their_neighbours():
    """They are in no list of features: only the structure suggests their pairs."""
    task, features = planted_pair(150, 4, 12, noise=0.2, density=8, edge_loss=0.05, random_state=5)
    mute = task.links[:15]
    modalities = {}
    for name, m in features.items():
        left, right = m.left.present.copy(), m.right.present.copy()
        left[mute[:, 0]], right[mute[:, 1]] = False, False
        modalities[name] = with_arrays(m, left_present=left, right_present=right)
    few = replace(task, links=mute)
    found = [
        hits(few, FGW(structure_weight=5.0, n_suggested=n).fit(task, Features(modalities), NONE))
        for n in (0, 8)
    ]
    assert found[0] < 0.2 and found[1] > 0.8


def test_seeds_raise_themselves_and_their_neighbours():
    task, features = planted_pair(200, 4, 12, noise=1.3, density=6, random_state=0)
    seeds = true_links(task, 80)
    rest = replace(task, links=task.links[~np.isin(task.links[:, 0], seeds.pairs[:, 0])])
    without = FGW(structure_weight=3.0).fit(task, features, NONE)
    with_seeds = FGW(structure_weight=3.0, seed_weight=1.0, weigh_seeds=False).fit(task, features, seeds)
    assert hits(rest, with_seeds) > hits(rest, without) + 0.05
    of_seeds = evaluate(task, with_seeds.similarity, seeds=seeds.pairs)["metrics_seeds"]["l2r"]["full"]
    assert of_seeds["hits@1"] > 0.95


def test_a_seed_may_name_an_entity_that_is_no_candidate():
    task, features = with_fewer_candidates(planted_pair(60, random_state=0))
    seeds = given([[0, 0], [1, 1]])
    assert 0 not in task.left.candidates and 0 not in task.right.candidates
    model = FGW(seed_weight=3.0, weigh_seeds=False).fit(task, features, seeds)
    assert model.similarity(np.array([0]), np.array([0])).rows(0, 1)[0, 0] > 0.9


def test_features_on_one_side_only_list_nothing_but_seeds():
    task = AlignmentTask("bare", graph("l", 6, [(0, 1), (1, 2)]), graph("r", 6, [(0, 1), (1, 2)]))
    arrays = {"image_left": np.eye(6), "image_right": np.eye(6), "image_right_present": np.zeros(6, bool)}
    features = Features.from_arrays(arrays)
    assert not FGW()._plan(task, features, NONE.pairs).nnz
    plan = FGW(weigh_seeds=False)._plan(task, features, np.array([[0, 0]])).toarray()
    assert plan[0, 0] > 0.9 and plan[1, 1] > 0.5


def test_memory_is_in_proportion_to_the_entities(monkeypatch):
    """Blocks of similarities are made small here, for their size does not depend on the entities."""
    monkeypatch.setattr(base, "BLOCK_CELLS", 1 << 18)
    task, features = planted_pair(3000, 4, 8, density=3, random_state=0)
    tracemalloc.start()
    FGW(n_listed=8, n_suggested=4, n_steps=1).fit(task, features, NONE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * task.left.n_entities * task.right.n_entities


@pytest.mark.parametrize(
    "parameters", [{"structure_weight": -1}, {"temperature": 0}, {"n_listed": 0}, {"n_steps": -1}], ids=str
)
def test_impossible_parameters(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        FGW(**parameters)
