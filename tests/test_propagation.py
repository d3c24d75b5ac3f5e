"""The aligner without training: against a plain computation, and what must not matter to it."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pairs import graph, relabelled, with_arrays, with_fewer_candidates

from psqe.aligners import Propagation
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import evaluate, feature_scorer
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.features.principal_axes import equally_long_axes, main_axes, own_axes
from psqe.graph import AlignmentTask
from psqe.seeds import SeedSet, true_links
from psqe.seeds.confidence import pair_confidence

N_ENTITIES, N_LITERALS, ALONE = 7, 4, 6


def given(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


NONE = given([])


@pytest.fixture(scope="module")
def hand_made():
    """Seven entities with pictures, but for one, and four literals with texts; the last entity is alone."""
    rng = np.random.default_rng(3)
    n = N_ENTITIES + N_LITERALS
    edges = {
        "l": [(0, 1), (1, 2), (2, 1), (3, 3), (0, 7), (1, 8), (2, 8), (3, 9), (4, 10), (5, 10), (5, 0)],
        "r": [(0, 1), (1, 2), (0, 7), (1, 8), (2, 8), (3, 9), (4, 10), (5, 9), (5, 3)],
    }
    candidates = np.arange(N_ENTITIES)
    left, right = (graph(name, n, triples, candidates=candidates) for name, triples in edges.items())
    arrays = {}
    hidden = {"image": rng.standard_normal((n, 5)), "text": rng.standard_normal((n, 6))}
    for side in ("left", "right"):
        for modality, vectors in hidden.items():
            present = np.arange(n) < N_ENTITIES if modality == "image" else np.arange(n) >= N_ENTITIES - 3
            present[3] = modality == "text" and side == "left"  # on the right, it has nothing
            arrays[f"{modality}_{side}"] = vectors + 0.3 * rng.standard_normal(vectors.shape)
            arrays[f"{modality}_{side}_present"] = present
    return AlignmentTask("hand-made", left, right), Features.from_arrays(arrays)


def unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-9 else np.zeros_like(vector)


def plainly(pair, pairs, sure, *, n_hops, decay, label_weight):
    """Cosines of all entities ``(n_left, n_right)``, every mean over neighbours by a loop; exact labels."""
    task, features = pair
    kept: list[list[list[np.ndarray]]] = []
    for column, side in enumerate(("left", "right")):
        own = task.sides[side]
        n = own.n_entities
        around = [{u} for u in range(n)]
        for head, _, tail in own.triples.tolist():
            around[head].add(tail)
            around[tail].add(head)
        rows = [[] for _ in range(n)]
        for modality in features.values():
            vectors, present = modality[side].values, modality[side].present
            for u in range(n):
                alike = [v for v in range(n) if present[v] and (v < N_ENTITIES) == (u < N_ENTITIES)]
                rows[u].append(
                    unit(vectors[u] - vectors[alike].mean(axis=0)) if present[u] else 0 * vectors[u]
                )
        spread = [unit(np.concatenate(row)) for row in rows]
        labels = [np.zeros(len(pairs)) for _ in range(n)]
        for s, seed in enumerate(pairs):
            labels[seed[column]][s] = 1
        parts = [[unit(x)] for x in spread]
        for hop in range(1, n_hops + 1):
            spread = [np.mean([spread[v] for v in around[u]], axis=0) for u in range(n)]
            labels = [np.mean([labels[v] for v in around[u]], axis=0) for u in range(n)]
            for u in range(n):
                parts[u].append(decay ** (hop / 2) * unit(spread[u]))
                mean = labels[u] @ sure / labels[u].sum() if labels[u].any() else 0
                weight = label_weight * decay**hop * mean
                parts[u].append(weight**0.5 * unit(labels[u] * sure))
        kept.append(parts)
    return np.array([[unit(np.concatenate(u)) @ unit(np.concatenate(v)) for v in kept[1]] for u in kept[0]])


@pytest.mark.parametrize("weigh_seeds", [True, False])
@pytest.mark.parametrize("settings", [(0, 0.7, 1.0), (1, 0.5, 2.0), (3, 1.0, 0.35)], ids=str)
def test_similarities_are_those_of_a_plain_computation(hand_made, settings, weigh_seeds):
    """Up to what random vectors have in common by chance, which many dimensions make small."""
    n_hops, decay, label_weight = settings
    pairs = np.array([[0, 0], [1, 2], [5, 5]])
    sure = pair_confidence(pairs, *hand_made).astype(float) if weigh_seeds else np.ones(3)
    assert not weigh_seeds or np.ptp(sure) > 0.1
    wanted = plainly(hand_made, pairs, sure, n_hops=n_hops, decay=decay, label_weight=label_weight)
    model = Propagation(
        n_hops=n_hops, decay=decay, label_weight=label_weight, weigh_seeds=weigh_seeds, label_dim=100_000,
        whitening=None,
    )  # fmt: skip
    everyone = np.arange(N_ENTITIES + N_LITERALS)
    similarity = model.fit(*hand_made, given(pairs)).similarity(everyone, everyone)
    np.testing.assert_allclose(similarity.rows(0, len(everyone)), wanted, atol=0.01)


def test_without_seeds_it_is_a_plain_computation_to_the_last_digits(hand_made):
    wanted = plainly(hand_made, [], np.zeros(0), n_hops=2, decay=0.7, label_weight=0.35)
    everyone = np.arange(N_ENTITIES + N_LITERALS)
    similarity = Propagation().fit(*hand_made, NONE).similarity(everyone, everyone)
    np.testing.assert_allclose(similarity.rows(0, len(everyone)), wanted, atol=1e-6)


def test_without_a_hop_it_is_the_features(planted, hand_made):
    for pair in (planted, with_fewer_candidates(planted), hand_made):
        task, features = pair
        left, right = task.left.candidates, task.right.candidates
        found = Propagation(n_hops=0).fit(task, features, NONE).similarity(left, right)
        wanted = feature_scorer(task, features)(left, right)
        np.testing.assert_allclose(found.rows(0, len(left)), wanted.rows(0, len(left)), atol=1e-6)


def test_no_seeds_and_no_weight_of_labels_are_the_same(planted):
    without = Propagation(whitening=None).fit(*planted, NONE).embeddings()
    for found, wanted in zip(
        Propagation(label_weight=0, whitening=None).fit(*planted, true_links(planted[0], 20)).embeddings(),
        without,
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


def test_neighbours_help_and_seeds_help_more():
    task, features = planted_pair(300, 3, 12, noise=1.0, random_state=4)

    def hits(model: Propagation, seeds: SeedSet) -> float:
        report = evaluate(task, model.fit(task, features, seeds).similarity, matching=model.matching)
        return report["metrics"]["l2r"]["full"]["hits@1"]

    by_features = hits(Propagation(n_hops=0), NONE)
    by_neighbours = hits(Propagation(), NONE)
    by_seeds = hits(Propagation(weigh_seeds=False), true_links(task, 150))
    assert by_features + 0.05 < by_neighbours < by_seeds - 0.05


def test_seeds_that_the_features_speak_against_say_little():
    task, features = planted_pair(300, 3, 12, noise=0.6, random_state=4)
    rng = np.random.default_rng(0)
    wrong = given(np.column_stack([task.links[:100, 0], rng.permutation(task.links[:100, 1])]))

    def hits(seeds: SeedSet, **parameters) -> float:
        model = Propagation(label_weight=1.0, **parameters).fit(task, features, seeds)
        return evaluate(task, model.similarity)["metrics"]["l2r"]["full"]["hits@1"]

    def both(**parameters) -> tuple[float, float]:
        return hits(wrong, **parameters), hits(wrong, weigh_seeds=False, **parameters)

    without, (weighed, not_weighed) = hits(NONE), both(whitening=None)
    assert not_weighed < without - 0.1
    assert weighed > without - 0.02
    weighed, not_weighed = both()  # a wrong seed also has a say in the whitening
    assert weighed > not_weighed + 0.05


def test_who_stands_alone_keeps_its_features_and_gets_no_label(hand_made):
    model = Propagation(weigh_seeds=False, label_dim=50).fit(*hand_made, given([[0, 0], [1, 1], [ALONE, 5]]))
    left, _ = model.embeddings()
    d = (left.shape[1] - 2 * 50) // 3
    own, first, label, second, later = np.split(left[ALONE], np.cumsum([d, d, 50, d]))
    np.testing.assert_allclose(first, 0.7**0.5 * own, atol=1e-6)
    np.testing.assert_allclose(second, 0.7 * own, atol=1e-6)
    assert np.linalg.norm(own) == pytest.approx(1)
    # Its own label comes back to it through its loop, as that of a neighbour would.
    assert np.linalg.norm(label) == pytest.approx((0.35 * 0.7) ** 0.5)
    assert np.linalg.norm(later) == pytest.approx((0.35 * 0.49) ** 0.5)
    lonely = Propagation(weigh_seeds=False, label_dim=50).fit(*hand_made, given([[0, 0], [1, 1]]))
    assert not lonely.embeddings()[0][ALONE, 2 * d : 2 * d + 50].any()


def test_literals_bring_what_they_say_to_who_has_nothing(hand_made):
    """Entity 3 of the right has neither picture nor text; what it stands beside has."""
    task, features = hand_made
    assert not any(m.right.present[3] for m in features.values())
    _, right = Propagation().fit(task, features, NONE).embeddings()
    d = right.shape[1] // 3
    assert not right[3, :d].any() and np.linalg.norm(right[3, d : 2 * d]) == pytest.approx(0.7**0.5)
    mute = Features(
        {
            name: with_arrays(
                m,
                right=np.where(np.arange(len(m.right.values))[:, None] < N_ENTITIES, m.right.values, 0),
                right_present=m.right.present & (np.arange(len(m.right.values)) < N_ENTITIES),
            )
            for name, m in features.items()
        }
    )
    _, without = Propagation().fit(task, mute, NONE).embeddings()
    assert not np.allclose(without[3, d:], right[3, d:])


def test_seeds_may_name_entities_that_are_no_candidates(hand_made):
    """Their confidence is that among the candidates and themselves."""
    task, features = hand_made
    pairs = np.array([[8, 9], [0, 0]])
    wider = replace(
        task,
        left=replace(task.left, candidates=np.append(task.left.candidates, 8)),
        right=replace(task.right, candidates=np.append(task.right.candidates, 9)),
    )
    sure = pair_confidence(pairs, wider, features).astype(float)
    settings = {"n_hops": 2, "decay": 0.7, "label_weight": 1.0}
    wanted = plainly(hand_made, pairs, sure, **settings)
    model = Propagation(**settings, label_dim=100_000, whitening=None).fit(task, features, given(pairs))
    found = model.similarity(np.arange(len(wanted)), np.arange(wanted.shape[1]))
    np.testing.assert_allclose(found.rows(0, len(wanted)), wanted, atol=0.01)


@pytest.mark.parametrize("preset", ["published", "small"])
def test_relabelled_entities_that_are_no_candidates(planted, preset):
    pair = with_fewer_candidates(planted)
    seeds = true_links(pair[0], 10)
    moved, left, right = relabelled(pair, left=5, right=6)
    pairs = np.column_stack([np.argsort(left)[seeds.pairs[:, 0]], np.argsort(right)[seeds.pairs[:, 1]]])
    wanted = Propagation.preset(preset).fit(*pair, seeds).embeddings()
    found = Propagation.preset(preset).fit(*moved, given(pairs)).embeddings()
    np.testing.assert_array_equal(found[0], wanted[0][left])
    np.testing.assert_array_equal(found[1], wanted[1][right])


def test_main_axes_keep_more_than_any_others():
    rng = np.random.default_rng(0)
    sides = [(rng.standard_normal((n, 9)) * 0.7 ** np.arange(9)).astype(np.float32) for n in (40, 30)]
    kept = main_axes(sides, 4)
    np.testing.assert_allclose(kept.T @ kept, np.eye(4), atol=1e-5)
    values = np.linalg.svd(np.vstack(sides), compute_uv=False)
    length = sum(float(((own @ kept) ** 2).sum()) for own in sides)
    assert length == pytest.approx(float((values[:4] ** 2).sum()), rel=1e-5)
    whole = main_axes(sides, 20)
    assert whole.shape == (9, 9)
    np.testing.assert_allclose((sides[0] @ whole) @ (sides[1] @ whole).T, sides[0] @ sides[1].T, atol=1e-4)


def test_own_axes_are_uncorrelated_and_scaled_if_asked():
    rows = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32) * 0.5 ** np.arange(6)
    plain = own_axes(rows.astype(np.float32), 4)
    scaled = equally_long_axes(plain)
    moment = plain.T @ plain
    np.testing.assert_allclose(moment, np.diag(np.diagonal(moment)), atol=1e-4)
    assert (np.diff(np.diagonal(moment)) < 0).all()
    np.testing.assert_allclose(scaled.T @ scaled / 50, np.eye(4) / 4, atol=1e-5)


def test_axes_are_those_of_the_candidates(hand_made):
    task, features = hand_made
    left, right = task.left.candidates, task.right.candidates
    fused = fuse(features, left, right)
    axes = main_axes(fused, 5)
    found = Propagation(n_hops=0, dim=5).fit(task, features, NONE).embeddings()
    for own, candidates, vectors in zip(found, (left, right), fused, strict=True):
        assert own.shape[1] == 5
        np.testing.assert_allclose(np.linalg.norm(own[candidates], axis=1), vectors.any(axis=1), atol=1e-5)
    wanted = unit_rows(fused[0] @ axes) @ unit_rows(fused[1] @ axes).T
    np.testing.assert_allclose(found[0][left] @ found[1][right].T, wanted, atol=1e-5)


def test_memory_is_in_proportion_to_the_entities():
    """Never a matrix of all by all: that alone would take 196 MiB here."""
    task, features = planted_pair(8200, 4, 8, density=3, random_state=0)
    seeds = true_links(task, 200)
    model = Propagation.preset("small", label_dim=32)
    tracemalloc.start()
    model.fit(task, features, seeds)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * task.left.n_entities * task.right.n_entities / 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_hops": -1},
        {"decay": 0},
        {"label_weight": -0.1},
        {"dim": 0},
        {"label_dim": 0},
        {"decay": float("nan")},
        {"decay": float("inf")},
        {"n_hops": 101},
        {"label_dim": 2**40},
        {"random_state": -1},
        {"random_state": 2**32},
    ],
    ids=str,
)
def test_impossible_parameters(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        Propagation(**parameters)
