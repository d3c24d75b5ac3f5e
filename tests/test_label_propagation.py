"""Label propagation: against a plain computation, and what labels can and cannot tell."""

from dataclasses import replace

import numpy as np
import pytest
from pairs import Pair, graph

from psqe.aligners import ALIGNERS
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import evaluate
from psqe.features.base import Features
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.seeds import SeedSet, true_links

LabelPropagation = ALIGNERS["label-propagation"]


def given(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


def at_random(n_left: int, n_right: int, seed: int = 0) -> Features:
    """Pictures that say nothing."""
    rng = np.random.default_rng(seed)
    sides = {"image_left": rng.standard_normal((n_left, 5)), "image_right": rng.standard_normal((n_right, 5))}
    return Features.from_arrays(sides)


def unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-9 else 0 * vector


def plainly(task: AlignmentTask, pairs, *, n_steps: int, relation_weight: float) -> np.ndarray:
    """Cosines of all entities, every sum by a loop over triples; the labels are columns of an identity."""
    kept = []
    for column, own in enumerate(task.sides):
        n, m = own.n_entities, len(own.relations)
        around = [{u} for u in range(n)]
        roles = [[] for _ in range(n)]
        for head, relation, tail in own.triples.tolist():
            around[head].add(tail)
            around[tail].add(head)
            roles[head].append(relation)
            roles[tail].append(relation + m)
        labels = [np.zeros(len(pairs)) for _ in range(n)]
        for number, pair in enumerate(pairs):
            labels[pair[column]][number] += 1
        relations = [np.zeros(len(pairs)) for _ in range(2 * m)]
        parts = [[unit(label)] for label in labels]
        for _ in range(n_steps):
            spread = [np.mean([labels[v] for v in around[u]], axis=0) for u in range(n)]
            for u in range(n):
                if roles[u]:
                    spread[u] = spread[u] + relation_weight * np.mean(
                        [relations[r] for r in roles[u]], axis=0
                    )
            arrived = [np.zeros(len(pairs)) for _ in range(2 * m)]
            for u in range(n):
                for r in roles[u]:
                    arrived[r] += labels[u] / len(roles[u])
            labels, relations = [unit(label) for label in spread], [unit(label) for label in arrived]
            for u in range(n):
                parts[u].append(labels[u])
        kept.append([unit(np.concatenate(part)) for part in parts])
    return np.array(kept[0]) @ np.array(kept[1]).T


def with_relations(seed: int) -> Pair:
    """Two small random graphs with three relations and a loop."""
    rng = np.random.default_rng(seed)
    sides = []
    for name, n in (("l", 9), ("r", 8)):
        triples = np.append(rng.integers((n, 3, n), size=(14, 3)), [[2, 1, 2]], axis=0)
        sides.append(KnowledgeGraph(name, tuple(f"{name}:{i}" for i in range(n)), ("a", "b", "c"), triples))
    return AlignmentTask("small", sides[0], sides[1]), at_random(9, 8)


@pytest.mark.parametrize("settings", [(1, 1.0), (2, 0.0), (3, 0.5)], ids=str)
def test_similarities_are_those_of_a_plain_computation(settings):
    """Up to what random vectors have in common by chance, which many dimensions make small."""
    n_steps, relation_weight = settings
    task, features = with_relations(1)
    pairs = np.array([[0, 1], [3, 2], [5, 5]])
    wanted = plainly(task, pairs, n_steps=n_steps, relation_weight=relation_weight)
    model = LabelPropagation(n_steps=n_steps, relation_weight=relation_weight, label_dim=50_000)
    similarity = model.fit(task, features, given(pairs)).similarity(np.arange(9), np.arange(8))
    np.testing.assert_allclose(similarity.rows(0, 9), wanted, atol=0.02)
    assert np.ptp(wanted) > 0.5


def copies(n: int, seed: int) -> Pair:
    """A random graph and the same graph with its entities renumbered; the pictures say nothing."""
    rng = np.random.default_rng(seed)
    edges = np.unique(np.sort(rng.integers(n, size=(4 * n, 2)), axis=1), axis=0)
    order = rng.permutation(n)
    left, right = graph("l", n, edges), graph("r", n, order[edges])
    return AlignmentTask("copies", left, right, np.column_stack([np.arange(n), order])), at_random(n, n)


def hits(task: AlignmentTask, model, seeds: SeedSet) -> float:
    report = evaluate(task, model.similarity, matching=model.matching, seeds=seeds.pairs)
    return report["metrics_free"]["l2r"]["full"]["hits@1"]


def test_labels_reach_the_same_entities_of_two_graphs_of_the_same_structure():
    task, features = copies(120, 0)
    seeds = true_links(task, 30)
    model = LabelPropagation().fit(task, features, seeds)
    assert hits(task, model, seeds) > 0.95
    rewired = replace(task, right=copies(120, 1)[0].right)
    assert hits(rewired, LabelPropagation().fit(rewired, features, seeds), seeds) < 0.1


def test_rounds_make_seeds_of_what_is_found():
    task, features = copies(120, 0)
    seeds = true_links(task, 6)
    found = [hits(task, LabelPropagation(n_rounds=n).fit(task, features, seeds), seeds) for n in (1, 3)]
    assert found[1] > found[0] + 0.1


def test_features_play_no_part_unless_they_are_asked_for():
    task, features = planted_pair(60, noise=0.3, random_state=1)
    seeds = true_links(task, 20)
    others = at_random(task.left.n_entities, task.right.n_entities)
    everything = np.arange(task.left.n_entities), np.arange(task.right.n_entities)

    def table(features: Features, **parameters) -> np.ndarray:
        model = LabelPropagation(label_dim=50_000, **parameters).fit(task, features, seeds)
        return model.similarity(*everything).rows(0, task.left.n_entities)

    alone = table(features)
    np.testing.assert_allclose(table(others), alone, atol=0.03)
    assert np.abs(table(features, with_features=True) - alone).max() > 0.3
    by_labels, by_both = (
        LabelPropagation(with_features=asked).fit(task, features, seeds) for asked in (False, True)
    )
    assert hits(task, by_both, seeds) > hits(task, by_labels, seeds) + 0.1


def test_an_entity_that_no_label_reaches_is_like_no_other():
    left, right = (graph(name, 5, [(0, 1), (2, 3)]) for name in "lr")
    task = AlignmentTask("two parts", left, right)
    model = LabelPropagation(relation_weight=0.0).fit(task, at_random(5, 5), given([[0, 0]]))
    for side in model.embeddings():
        assert side[[0, 1]].any(axis=1).all() and not side[[2, 3, 4]].any()
    again = LabelPropagation(relation_weight=0.0, n_rounds=2).fit(task, at_random(5, 5), given([[0, 0]]))
    assert not again.embeddings()[0][[2, 3, 4]].any()


def test_relations_carry_labels_to_entities_that_are_far_away():
    """Entities 2 and 4 are in parts without a seed; only their relations tell them apart."""
    triples = [(0, 0, 1), (5, 1, 6), (2, 0, 3), (4, 1, 7)]
    sides = [KnowledgeGraph(s, tuple(f"{s}{i}" for i in range(8)), ("a", "b"), triples) for s in "lr"]
    task, seeds = AlignmentTask("roles", *sides), given([[0, 0], [5, 5]])

    def table(relation_weight: float) -> np.ndarray:
        model = LabelPropagation(relation_weight=relation_weight).fit(task, at_random(8, 8), seeds)
        return model.similarity(np.array([2, 4]), np.array([2, 4])).rows(0, 2)

    assert not table(0.0).any()
    found = table(1.0)
    assert found.diagonal().min() > 0.9 and max(found[0, 1], found[1, 0]) < 0.2


def test_weak_seeds_count_little_where_seeds_are_weighed():
    task, features = planted_pair(200, 3, 12, noise=0.3, density=6, random_state=4)
    rng = np.random.default_rng(0)
    wrong = np.column_stack([task.links[:80, 0], rng.permutation(task.links[:80, 1])])
    seeds = given(np.concatenate([wrong, task.links[80:140]]))
    without, weighed = (
        hits(task, LabelPropagation(weigh_seeds=weigh).fit(task, features, seeds), seeds)
        for weigh in (False, True)
    )
    assert weighed > without + 0.05


@pytest.mark.parametrize("parameters", [{"n_steps": 0}, {"relation_weight": -1}, {"n_rounds": 0}], ids=str)
def test_impossible_parameters(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        LabelPropagation(**parameters)
