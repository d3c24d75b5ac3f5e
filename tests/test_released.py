"""The released variant against a slow, plain re-computation of the published procedure."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from pairs import mine_quietly, relabelled, with_arrays
from sklearn.cluster import KMeans

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.graph import Sides
from psqe.seeds import PSQEMiner
from psqe.seeds.noise_fill import filled_with_noise
from psqe.seeds.psqe_rules import Rules
from psqe.seeds.stages import ClusterStage, ExpandStage, Pipeline, Pool, RefineStage, Space, refine
from psqe.seeds.stages.choose import filtered

K = 30
WEIGHTS = {"image": 0.8, "attribute": 0.1, "relation": 0.1}
FAST = {"n_epochs": 4, "dim": 8}


def planted(**parameters):
    """A pair whose vectors have any length, as text embeddings have."""
    task, features = planted_pair(100, 3, 12, modalities=tuple(WEIGHTS), random_state=4, **parameters)
    rng = np.random.default_rng(0)
    stretched = {}
    for name, m in features.items():
        left, right = (
            v * rng.uniform(0.5, 2, (len(v), 1)).astype(np.float32) for v in (m.left.values, m.right.values)
        )
        stretched[name] = with_arrays(m, left=left, right=right)
    return task, Features(stretched)


@pytest.fixture(scope="module")
def space() -> Space:
    """A space with all vectors there and so little noise that stage 3 finds something."""
    return built(planted(noise=0.15))


def built(pair, **switches) -> Space:
    order = canonical_order(*pair)
    return Space.build(
        pair[0].take(*order), pair[1].take(*order),
        rules=Rules.from_variant("released", {**FAST, **switches}), n_clusters=3, n_seeds=K,
        file_rows=Sides(*order),
    )  # fmt: skip


def as_list(pool: Pool) -> list[tuple[int, int]]:
    return list(zip(pool.rows.tolist(), pool.columns.tolist(), strict=True))


def unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def raw(space: Space, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the candidates, as they are."""
    return space.features[name].left.values[space.left], space.features[name].right.values[space.right]


# ---- the procedure, restated


def greedy(cells: list[tuple[float, int, int]], n: int) -> list[tuple[int, int]]:
    """Walk the cells from the largest and keep what is free, until there are ``n``."""
    pairs: list[tuple[int, int]] = []
    left, right = set(), set()
    for _, i, j in sorted(cells, key=lambda cell: -cell[0]):
        if len(pairs) == n:
            break
        if i not in left and j not in right:
            pairs.append((i, j))
            left.add(i)
            right.add(j)
    return pairs


def largest(cells: list[tuple[float, int, int]], n: int) -> list[tuple[float, int, int]]:
    return sorted(cells, key=lambda cell: -cell[0])[:n]


def plain_stage_one(space: Space, labels: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    left, right = (np.hstack([raw(space, m)[side] for m in ("relation", "attribute")]) for side in (0, 1))
    table = left @ right.T
    pairs = []
    for label in range(space.n_clusters):
        rows, columns = (np.flatnonzero(of_side == label) for of_side in labels)
        quota = int(space.n_seeds * ((len(rows) + len(columns)) / (len(left) + len(right))))
        cells = [(float(table[i, j]), int(i), int(j)) for i in rows for j in columns]
        pairs += greedy(largest(cells, 100 * quota), quota)
    return pairs


def plain_filter(space: Space, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    def s(i: int, j: int) -> float:
        vectors = {m: raw(space, m) for m in space.features}
        return sum(w * float(vectors[m][0][i] @ vectors[m][1][j]) for m, w in WEIGHTS.items() if m in vectors)

    return [(i, j) for i, j in pairs if s(i, j) >= max(s(i, other) for _, other in pairs)]


def plain_addition(pairs: list[tuple[int, int]], more: list[tuple[int, int]]) -> list[tuple[int, int]]:
    pairs = list(pairs)
    for i, j in more:
        if i not in {a for a, _ in pairs} and j not in {b for _, b in pairs}:
            pairs.append((i, j))
    return pairs


def plain_stage_three(space: Space, pairs: list[tuple[int, int]], learned) -> list[tuple[int, int]]:
    n_left = space.task.left.n_entities
    sides = [space.left.tolist(), space.right.tolist()]

    def neighbours(graph, members: list[int], position: int) -> list[int]:
        entity, found = members[position], set()
        for head, _, tail in graph.triples.tolist():
            if entity in (head, tail) and head != tail:
                found.add(tail if head == entity else head)
        return [p for p, member in enumerate(members) if member in found]

    def both(m: str, side: int, position: int) -> np.ndarray:
        entity = sides[side][position]
        embedding = (learned.structure if m == "image" else learned.modalities[m])[entity + side * n_left]
        return unit(np.concatenate([raw(space, m)[side][position], embedding]).astype(np.float64))

    grown, n = list(pairs), len(pairs)
    for t, (row, column) in enumerate(pairs):
        near_left = neighbours(space.task.left, sides[0], row)
        near_right = neighbours(space.task.right, sides[1], column)
        cells = [
            (sum(w * float(both(m, 0, i) @ both(m, 1, j)) for m, w in space.weights.items()), i, j)
            for i in near_left
            for j in near_right
        ]
        most = int(6 - 3 * t / n)
        best = largest(cells, most if len(cells) >= most else 1)
        grown = plain_addition(grown, [(i, j) for s, i, j in best if s > 0.8 + 0.1 * t / n])
    return grown


# ---- stage by stage


@pytest.mark.parametrize("modalities", [tuple(WEIGHTS), ("attribute", "relation")])
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_clusters_are_those_of_the_rows_in_the_order_of_the_files(seed, modalities):
    """Raw pictures and unit texts, in scikit-learn's default start, for any order of the rows."""
    task, features = planted(noise=1.0)
    pair, *_ = relabelled((task, features.select(list(modalities))), left=seed, right=seed)
    rows = np.vstack(
        [
            np.hstack(
                [
                    0.8 * m[side].values if name == "image" else 0.1 * unit(m[side].values)
                    for name, m in pair[1].items()
                ]
            )
            for side in ("left", "right")
        ]
    ).astype(np.float32)
    labels = KMeans(3, random_state=0).fit_predict(rows)
    assert {len(np.unique(side)) for side in np.split(labels, [len(pair[0].left.names)])} == {3}
    space, n_left = built(pair), pair[0].left.n_entities
    order = canonical_order(*pair)
    np.testing.assert_array_equal(space.clusters[0], labels[:n_left][order[0]])
    np.testing.assert_array_equal(space.clusters[1], labels[n_left:][order[1]])


def test_the_order_of_the_files_decides_only_where_the_rules_say_so():
    """Of 8 clusters of noise the first start finds others in other orders."""
    pair = planted(noise=1.5)
    other, *_ = relabelled(pair, left=1, right=2)

    def clusters(pair, **switches) -> np.ndarray:
        space = replace(built(pair, **switches), n_clusters=8)
        return np.concatenate(space.clusters)

    assert (clusters(pair) != clusters(other)).any()
    by_content = clusters(pair, row_order="content")
    np.testing.assert_array_equal(by_content, clusters(other, row_order="content"))
    assert (clusters(pair) != by_content).any()
    in_given_order = replace(built(pair), n_clusters=8, file_rows=None)
    np.testing.assert_array_equal(np.concatenate(in_given_order.clusters), by_content)


def test_quotas_are_rounded_as_the_public_code_does(space):
    """It divides first, and 49 * (1 / 49) is less than 1."""
    of_49 = replace(space, n_seeds=49, n_clusters=2)
    of_49.__dict__["clusters"] = (np.array([0] + 20 * [1]), np.array(28 * [1]))
    assert of_49.quotas.tolist() == [0, 48]
    filled = replace(of_49, rules=replace(space.rules, fill=True))
    filled.__dict__["clusters"] = of_49.clusters
    assert filled.quotas.tolist() == [1, 48]


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("noise", [0.15, 1.0])
def test_stage_one(noise, seed):
    """Also for clusters drawn at random, of which one lies on one side only and one is empty."""
    space = built(planted(noise=noise))
    if seed is not None:
        rng = np.random.default_rng(seed)
        drawn = rng.integers(3, size=len(space.left)), rng.integers(2, size=len(space.right))
        space = replace(space, n_clusters=4)
        space.__dict__["clusters"] = drawn
    pool = ClusterStage().run(space, Pool.start(space))
    assert as_list(pool) == plain_stage_one(space, space.clusters)
    assert pool.found_by == ("cluster",) * len(pool)
    assert K - 3 <= len(pool) < K if seed is None else len(pool) < K


@pytest.mark.parametrize(("n_seeds", "n_found"), [(19, 13), (60, 60)])
def test_the_pool_of_cells_is_a_hundred_a_seed(n_seeds, n_found):
    """Thirteen long vectors a side have 2,119 cells between them and the rest: a pool of 1,900 runs dry."""
    task, features = planted(noise=1.0)
    long = {}
    for name, m in features.items():
        lengths = np.where(np.arange(len(m.left.values)) < 13, 1000, 1).astype(np.float32)[:, None]
        long[name] = with_arrays(
            m, left=np.abs(m.left.values) * lengths, right=np.abs(m.right.values) * lengths
        )
    space = replace(built((task, Features(long))), n_clusters=1, n_seeds=n_seeds)
    pool = ClusterStage().run(space, Pool.start(space))
    assert as_list(pool) == plain_stage_one(space, space.clusters)
    assert len(pool) == n_found


def test_a_cluster_of_two_look_alikes_can_fill_its_quota_only_with_what_it_has(space):
    """Quotas are lost, not passed on."""
    small = replace(space, n_seeds=2 * len(space.left))
    small.__dict__["clusters"] = tuple(
        np.where(np.arange(n) < k, 1, 0) for n, k in ((len(space.left), 1), (len(space.right), 40))
    )
    pool = ClusterStage().run(small, Pool.start(small))
    inside = pool.rows < 1
    assert inside.sum() == 1 and (pool.columns[inside] < 40).all()
    assert len(pool) <= 1 + len(space.right) - 40


@pytest.mark.parametrize("block", [7, 2048])
@pytest.mark.parametrize("noise", [0.15, 1.5])
def test_the_filter(noise, block):
    space = built(planted(noise=noise))
    rng = np.random.default_rng(1)
    rows, columns = (rng.permutation(len(side))[:25] for side in (space.left, space.right))
    truth = {tuple(pair) for pair in space.task.links.tolist()}
    pairs = np.array([*truth, *zip(rows.tolist(), columns.tolist(), strict=True)])[:40]
    pool = Pool.start(space, pairs)
    kept = filtered(space, pool, block=block)
    assert as_list(kept) == plain_filter(space, as_list(pool))
    assert 0 < len(kept) < len(pool)
    assert filtered(built(planted(noise=noise), reciprocal_filter=False), pool) is pool


def test_the_filter_looks_at_rows_only():
    """A pair whose row it leads stays, though its column prefers another."""
    space = built(planted(noise=0.15))
    pairs = as_list(ClusterStage().run(space, Pool.start(space)))
    kept = plain_filter(space, pairs)
    left, right = (np.hstack([w**0.5 * raw(space, m)[side] for m, w in WEIGHTS.items()]) for side in (0, 1))
    s = left[[i for i, _ in pairs]] @ right[[j for _, j in pairs]].T
    leads_row, leads_column = s.diagonal() >= s.max(axis=1), s.diagonal() >= s.max(axis=0)
    assert (leads_row & ~leads_column).any() and len(kept) == leads_row.sum()


@pytest.fixture(scope="module")
def stages(space):
    """The pool after each stage of a run."""
    first = ClusterStage().run(space, Pool.start(space))
    second = RefineStage().run(space, first)
    return first, second, ExpandStage().run(space, second)


def plain_embeddings(space: Space, pairs: list[tuple[int, int]], epochs: int, block: int) -> list[np.ndarray]:
    """Attribute, relation and structure embeddings of all entities, from the first weights of our encoder."""
    seeds = torch.tensor([(space.left[i], space.right[j]) for i, j in pairs])
    n_left, n = space.task.left.n_entities, space.task.left.n_entities + space.task.right.n_entities
    x = {
        m: torch.from_numpy(np.vstack([f.left.values, f.right.values])).double()
        for m, f in space.features.items()
    }
    edge = torch.eye(n, dtype=torch.bool)
    for graph, start in ((space.task.left, 0), (space.task.right, n_left)):
        for head, _, tail in graph.triples.tolist():
            edge[head + start, tail + start] = edge[tail + start, head + start] = True
    weights = [p.detach().double().requires_grad_() for p in first_weights(space)]
    diagonal, attention = weights[-2:]
    linear = dict(zip(x, zip(weights[0:6:2], weights[1:6:2], strict=True), strict=True))
    optimiser = torch.optim.AdamW(weights, lr=0.01)

    def embeddings() -> list[torch.Tensor]:
        mapped = {m: v @ linear[m][0].T + linear[m][1] for m, v in x.items()}
        z = mapped["image"]
        for layer in (0, 1):
            heads = []
            for head in (0, 1):
                h = z * diagonal[layer, head]
                to_target, to_source = h @ attention[layer, head, 0], h @ attention[layer, head, 1]
                e = to_target[:, None] + to_source[None, :]
                weight = torch.exp(-torch.where(e > 0, e, 0.2 * e)) * edge
                heads.append(weight @ h / weight.sum(dim=1, keepdim=True))
            z = (heads[0] + heads[1]) / 2
            z = torch.where(z > 0, z, torch.expm1(z)) if layer == 0 else z
        return [mapped["attribute"], mapped["relation"], z]

    for _ in range(epochs):
        optimiser.zero_grad()
        loss = torch.zeros((), dtype=torch.float64)
        for some in seeds.split(block):
            k = len(some)
            for z in embeddings():
                a, b = z[some[:, 0]], z[some[:, 1] + n_left]
                for one, other in ((a, b), (b, a)):
                    same_side = one @ one.T - 1e9 * torch.eye(k)
                    table = torch.cat([one @ other.T, same_side], dim=1)
                    loss = loss + (table.logsumexp(dim=1) - table.diagonal()[:k]).mean() / 2
        loss.backward()
        optimiser.step()
    return [unit(z.detach().numpy()) for z in embeddings()]


def first_weights(space: Space) -> list[torch.Tensor]:
    """The weights of the encoder before training: three linear maps with biases, then graph attention."""
    kept = []

    class Watched(RefineStage):
        def _train(self, encoder, space, seeds, *, by_batch):
            kept.extend(p.detach().clone() for p in encoder.parameters())

    Watched()._learn(space, Pool.start(space, space.task.links[:3]))
    assert [len(p.shape) for p in kept] == [2, 1, 2, 1, 2, 1, 3, 4]
    return kept


@pytest.mark.parametrize("block", [7, 2000])
def test_stage_two_learns_as_published(space, stages, monkeypatch, block):
    """Blocks of 7 of 28 or 29 seeds: gradients are added up, and a last block may hold a single seed."""
    monkeypatch.setattr(refine, "BATCH_SIZE", block)
    pairs = as_list(stages[0])
    learned = RefineStage().run(space, stages[0]).learned
    wanted = plain_embeddings(space, pairs, FAST["n_epochs"], block)
    for z, of_plain in zip(learned, wanted, strict=True):
        np.testing.assert_allclose(z, of_plain, atol=2e-5)
    if block == 7:
        short = stages[0].keep(np.arange(22))  # three blocks of 7, and one of a single seed
        learned = RefineStage().run(space, short).learned
        for z, of_plain in zip(learned, plain_embeddings(space, pairs[:22], 4, 7), strict=True):
            np.testing.assert_allclose(z, of_plain, atol=2e-5)


def test_the_first_attention_weights_are_uniform_up_to_the_bound():
    wide = replace(built(planted(noise=0.15)), rules=Rules.from_variant("released", {"dim": 500}))
    *_, diagonal, attention = first_weights(wide)
    bound = 1000**-0.5
    assert (diagonal == 1).all() and 0.99 * bound < attention.abs().max() <= bound
    assert abs(float(attention.var()) / (bound**2 / 3) - 1) < 0.1
    xavier = replace(wide, rules=replace(wide.rules, attention_start="xavier"))
    assert first_weights(xavier)[-1].abs().max() > 1.1 * bound


def test_stage_two_chooses_by_what_was_learned(space, stages):
    first, second, _ = stages
    learned, n_left = second.learned, space.task.left.n_entities
    assert list(learned.modalities) == ["attribute", "relation"]
    score = sum(
        weight * unit(z[:n_left][space.left]) @ unit(z[n_left:][space.right]).T
        for z, weight in zip(learned, (0.01, 0.01, 0.64), strict=True)
    )
    table = second.similarity.rows(0, len(space.left))
    np.testing.assert_allclose(table, score / 0.66, atol=1e-5)
    # The order is taken from the computed table, so that rounding cannot swap two near-equals.
    cells = [(float(s), i, j) for i, row in enumerate(table) for j, s in enumerate(row)]
    listed = plain_addition(as_list(first), greedy(largest(cells, 100 * K), K))
    assert len(listed) > len(first)
    assert as_list(second) == plain_filter(space, listed)
    assert set(second.found_by) == {"cluster", "refine"}


def test_training_follows_the_order_of_the_list(space, stages, monkeypatch):
    """With batches of ten, what is learned depends on their order; by the rule it is the list's."""
    monkeypatch.setattr(refine, "BATCH_SIZE", 10)
    shuffled = replace(space, rules=replace(space.rules, order="confidence"))
    by_list, again, at_random = (
        RefineStage().run(s, stages[0]).learned.modalities["attribute"] for s in (space, space, shuffled)
    )
    assert by_list.tobytes() == again.tobytes()
    assert np.abs(by_list - at_random).max() > 1e-3


def test_stage_three_follows_the_list(space, stages):
    _, second, third = stages
    grown = plain_stage_three(space, as_list(second), second.learned)
    assert len(grown) > len(second) + 3
    assert as_list(third) == plain_filter(space, grown)
    added = [
        stage
        for pair, stage in zip(as_list(third), third.found_by, strict=True)
        if pair in grown[len(second) :]
    ]
    assert set(added) == {"expand"}


@pytest.mark.parametrize("noise", [0.15, 0.3, 0.45])
@pytest.mark.parametrize("density", [1.5, 6.0])
@pytest.mark.parametrize("heavy", ["image", "attribute"])
def test_stage_three_without_a_filter_keeps_all_it_found(noise, density, heavy):
    """Similarities around the rising threshold; neighbourhoods of a few cells and of many."""
    space = built(planted(noise=noise, density=density), reciprocal_filter=False)
    space = replace(space, weights={m: 0.8 if m == heavy else 0.1 for m in WEIGHTS})
    second = RefineStage().run(space, Pool.start(space, space.task.links[:60])).keep(np.arange(60))
    third = ExpandStage().run(space, second)
    assert as_list(third) == plain_stage_three(space, as_list(second), second.learned)
    assert len(third) > 60 or noise > 0.3


def test_the_miner_is_the_three_stages_in_a_row(space, stages):
    pair = planted(noise=0.15)
    order = canonical_order(*pair)
    miner = PSQEMiner(K, variant="released", switches=FAST, n_clusters=3)
    seeds = mine_quietly(miner, pair)
    wanted = stages[2].pairs(space)
    np.testing.assert_array_equal(
        seeds.pairs, np.column_stack([order[0][wanted[:, 0]], order[1][wanted[:, 1]]])
    )
    assert seeds.stages == stages[2].found_by


def test_the_list_may_end_longer_than_asked_and_without_warning():
    pair = planted(noise=0.1)
    seeds = PSQEMiner(10, variant="released", switches=FAST, n_clusters=1).mine(*pair)
    assert len(seeds) > seeds.n_wanted == 10
    assert len(seeds.confidence) == len(seeds.stages) == len(seeds.scores) == len(seeds)


# ---- what is missing


def test_noise_is_drawn_for_whom_a_vector_is_missing_and_said():
    _, features = planted(noise=0.15, missing=[0.3, 0.1, 0.2])
    n = {m: int((~f.left.present).sum() + (~f.right.present).sum()) for m, f in features.items()}
    assert all(n.values())
    words = ", ".join(f"{m} of {count} entities" for m, count in n.items())
    with pytest.warns(PsqeWarning, match=f"filled with noise, as in the public code: {words}$"):
        filled = filled_with_noise(features, random_state=0)
    for m, modality in features.items():
        for side in ("left", "right"):
            before, present = modality[side].values, modality[side].present
            after, everyone = filled[m][side].values, filled[m][side].present
            assert everyone.all()
            np.testing.assert_array_equal(after[present], before[present])
            noise, known = after[~present], before[present]
            assert len(np.unique(noise, axis=0)) == len(noise)
            error = known.std(axis=0) / len(noise) ** 0.5
            assert (np.abs(noise.mean(axis=0) - known.mean(axis=0)) < 5 * error).all()
            np.testing.assert_allclose(noise.std() / known.std(), 1, atol=0.35)


def test_noise_is_counted_only_where_it_is_drawn():
    """A modality that one side has not at all stays missing there: there is nothing to draw it from."""
    _, features = planted(noise=0.15)
    m = features["image"]
    present = np.arange(len(m.right.values)) >= 7
    image = with_arrays(
        m, left=np.zeros_like(m.left.values), left_present=np.zeros(len(m.left), dtype=bool),
        right=np.where(present[:, None], m.right.values, 0), right_present=present,
    )  # fmt: skip
    with pytest.warns(PsqeWarning, match="image of 7 entities$"):
        filled = filled_with_noise(Features({"image": image}), random_state=0)
    assert not filled["image"].left.present.any() and filled["image"].right.present.all()


def test_noise_depends_on_the_random_state_only():
    _, features = planted(noise=0.15, missing=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, again, other = (filled_with_noise(features, random_state=s) for s in (3, 3, 4))
    assert first["image"].left.values.tobytes() == again["image"].left.values.tobytes()
    assert first["image"].left.values.tobytes() != other["image"].left.values.tobytes()


def test_noise_is_drawn_by_the_rule_only():
    """Warnings are errors in these tests: without the rule, and where nothing is missing, none is given."""
    incomplete = planted(noise=0.15, missing=0.2)
    with pytest.warns(PsqeWarning, match="filled with noise"):
        assert built(incomplete).features["image"].left.present.all()
    assert not built(incomplete, missing="mask").features["image"].left.present.all()
    assert built(planted(noise=0.15)).features["image"].left.present.all()
    PSQEMiner(K, switches=FAST).mine(*incomplete)
    with pytest.warns(PsqeWarning, match="filled with noise"):
        PSQEMiner(K, switches={**FAST, "missing": "noise"}).mine(*incomplete)


def test_without_pictures_expansion_adds_nothing():
    task, features = planted(noise=0.15)
    texts = features.select(["attribute", "relation"])
    space = built((task, texts))
    pool, trace = Pipeline([ClusterStage(), RefineStage(), ExpandStage()]).run(space)
    assert [len(t.added) > 0 for t in trace] == [True, True, False]
    assert list(pool.learned.modalities) == ["attribute", "relation"] and pool.learned.structure is None
    repaired = built((task, texts), missing="mask")
    _, trace = Pipeline([ClusterStage(), RefineStage(), ExpandStage()]).run(repaired)
    assert len(trace[2].added)


def test_pictures_alone_cannot_be_matched():
    task, features = planted(noise=0.15)
    with pytest.raises(ParameterError, match="match_modalities is text, and there is no modality but images"):
        PSQEMiner(K, variant="released").mine(task, features.select(["image"]))


@pytest.mark.parametrize("weights", [{"sound": 1.0}, {"image": 0.0}, {"image": -1.0}])
def test_wrong_weights(weights):
    with pytest.raises(ParameterError, match="weight"):
        PSQEMiner(K, variant="released", switches=FAST, weights=weights).mine(*planted(noise=0.15))
