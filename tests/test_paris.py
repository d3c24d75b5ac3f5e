"""PARIS: against a slow computation of its equations, what it reads, and what bounds its work."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pairs import Pair, relabelled
from scipy import sparse

from psqe.aligners import ALIGNERS, evidence
from psqe.aligners.evidence import Equalities, Inclusion, graph_evidence
from psqe.aligners.listed import FEATURE_WEIGHT
from psqe.aligners.literals import Literals, equal_literals, literals_of, normalised
from psqe.aligners.models.paris import CERTAIN, LEAST, Paris
from psqe.aligners.statements import CANDIDATE, Statements
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.evaluation import evaluate, feature_scorer
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Sides
from psqe.seeds import SeedSet
from psqe.seeds.confidence import pair_confidence
from psqe.similarity import Dot
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.neighbours import TEMPERATURE
from psqe.similarity.shortlist import Shortlist

N_ENTITIES, N_OTHERS = 9, 5
NO_LITERALS = Literals((), np.empty(0), (), np.empty((0, 3), dtype=np.int64))


def given(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


def graph(name: str, triples, n: int, relations=("likes", "has"), **columns) -> KnowledgeGraph:
    return KnowledgeGraph(name, tuple(f"{name}{i}" for i in range(n)), relations, triples, **columns)


def scores(model: Paris, task: AlignmentTask, features: Features) -> np.ndarray:
    """The scores of all pairs of nodes, without the small part of the features."""
    nodes = task.sides.map(lambda side: np.arange(side.n_entities))
    left, right = (node_vectors(features, side, task.sides[side]) for side in SIDES)
    return model.similarity(*nodes).rows(0, len(nodes.left)) - FEATURE_WEIGHT * (left @ right.T)


@pytest.fixture(scope="module")
def small() -> Pair:
    """Noisy features, two relations, attributes, and nodes that are no candidates."""
    rng = np.random.default_rng(7)
    n = N_ENTITIES + N_OTHERS
    triples = np.unique(rng.integers(0, [N_ENTITIES, 2, n], (40, 3)), axis=0)
    kept = triples[rng.random(len(triples)) < 0.8], triples[rng.random(len(triples)) < 0.8]
    texts = [("colour", f"tone {i // 2}") for i in range(n)]
    attributes = {
        "l": [(texts[i], ("size", f"{1000 + i}")) for i in range(n)],
        "r": [((texts[i][0], texts[i][1].upper()), ("width", f"{1000.2 + i}")) for i in range(n)],
    }
    left, right = (
        graph(name, rows, n, candidates=np.arange(N_ENTITIES), attributes=tuple(attributes[name]))
        for name, rows in zip("lr", kept, strict=True)
    )
    hidden = rng.standard_normal((n, 12))
    arrays = {
        f"{modality}_{side}": hidden + 1.3 * rng.standard_normal((n, 12))
        for modality in ("attribute", "number")
        for side in SIDES
    }
    return AlignmentTask("small", left, right), Features.from_arrays(arrays)


def features_alone(task: AlignmentTask, features: Features) -> np.ndarray:
    """The probabilities by features, ``(n_left, n_right)``: those of the label-free plan."""
    left, right = (node_vectors(features, side, task.sides[side]) for side in SIDES)
    prior = np.zeros((len(left), len(right)))
    for kind in (True, False):
        rows, columns = (
            np.flatnonzero(np.isin(np.arange(side.n_entities), side.candidates) == kind)
            for side in task.sides
        )
        plan = Shortlist.from_similarity(Dot(left[rows], right[columns]))
        shares = probabilities(plan, temperature=TEMPERATURE / 2, n_counterparts=n_counterparts(plan))
        prior[rows[plan.rows], columns[plan.columns]] = shares
    return np.minimum(prior, CERTAIN)


def statements_plainly(side: KnowledgeGraph, with_literals: bool) -> list[tuple]:
    triples = {(int(h), ("relation", int(r)), int(t)) for h, r, t in side.triples}
    if with_literals:
        for node, pairs in enumerate(side.attributes):
            for label, value in pairs:
                literal = float(value) if value[0].isdigit() else value.casefold()
                triples.add((node, ("attribute", label), ("literal", literal)))
    return sorted([*triples, *((y, (*r, "inverse"), x) for x, r, y in triples)], key=repr)


def plainly(pair: Pair, prior: np.ndarray, n_rounds: int, with_literals: bool = True) -> np.ndarray:
    """The probabilities of all pairs of nodes, by loops over all pairs of statements."""
    task, _ = pair
    left, right = (statements_plainly(side, with_literals) for side in task.sides)
    functionality = []
    for side in (left, right):
        of = {r: [(x, y) for x, s, y in side if s == r] for _, r, _ in side}
        functionality.append({r: len({y for _, y in rows}) / len(rows) for r, rows in of.items()})
    candidates = [set(side.candidates.tolist()) for side in task.sides]

    def equalities(probability):
        equal = {}
        for x, row in enumerate(probability):
            for y, p in enumerate(row):
                if p > LEAST and p == row.max() and p == probability[:, y].max():
                    equal[x] = y, min(p, CERTAIN)
        for _, _, a in left:
            for _, _, b in right:
                if not isinstance(a, tuple) or not isinstance(b, tuple):
                    continue
                if a == b:
                    equal[a] = b, CERTAIN
                elif isinstance(a[1], float) and isinstance(b[1], float) and round(b[1] - a[1], 6) == 0.2:
                    equal[a] = b, 1 - 0.2 / b[1] / 1e-3
        return equal

    probability = prior.copy()
    included = None
    for number in range(n_rounds):
        equal = equalities(probability)
        if number:
            included = {}
            backwards = {y: (x, p) for x, (y, p) in equal.items()}
            for which, ours, others, match in ((0, left, right, equal), (1, right, left, backwards)):
                theirs = {(x, y): [] for x, _, y in others}
                for x, r, y in others:
                    theirs[x, y].append(r)
                total, common = {}, {}
                for x, r, y in ours:
                    if x in match and y in match:
                        (u, p), (v, q) = match[x], match[y]
                        total[r] = total.get(r, 0) + p * q
                        for s in theirs.get((u, v), ()):
                            common[r, s] = common.get((r, s), 0) + p * q
                for (r, s), value in common.items():
                    included[which, r, s] = value / total[r]
        remaining = 1 - prior
        for x, r, y in left:
            for u, s, v in right:
                if isinstance(x, tuple) or isinstance(u, tuple) or equal.get(y, (None,))[0] != v:
                    continue
                if (x in candidates[0]) != (u in candidates[1]):
                    continue
                p = equal[y][1]
                forth, back = 0.1, 0.1
                if included is not None:
                    forth, back = included.get((0, r, s), 0), included.get((1, s, r), 0)
                remaining[x, u] *= 1 - back * functionality[0][r] * p
                remaining[x, u] *= 1 - forth * functionality[1][s] * p
        probability = 1 - remaining
    return probability


@pytest.mark.parametrize("seeded", [False, True], ids=["no seeds", "seeds"])
@pytest.mark.parametrize("n_rounds", [0, 1, 2, 3])
def test_scores_are_those_of_a_slow_computation(small, monkeypatch, n_rounds, seeded):
    monkeypatch.setattr("psqe.aligners.models.paris.SETTLED", -1.0)
    task, features = small
    pairs = np.array([[0, 0], [1, 2], [5, 5]] if seeded else []).reshape(-1, 2).astype(int)
    prior = features_alone(task, features)
    if seeded:
        prior[tuple(pairs.T)] = 1 - (1 - prior[tuple(pairs.T)]) * (1 - pair_confidence(pairs, task, features))
    evidence_of_pairs = -np.log1p(-plainly(small, prior, n_rounds))
    model = Paris(n_rounds=n_rounds).fit(task, features, given(pairs))
    wanted = evidence_of_pairs / (1 + evidence_of_pairs)
    np.testing.assert_allclose(scores(model, task, features), wanted, atol=2e-4)
    assert n_rounds == 0 or np.abs(wanted - scores(Paris(n_rounds=0).fit(task, features, given(pairs)),
                                                   task, features)).max() > 0.1  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("CHUNK", 1), ("CHUNK", 50), ("HUB", 0)])
def test_chunks_and_listed_pairs_of_hubs_change_nothing_where_all_pairs_are_listed(
    small, monkeypatch, name, value
):
    task, features = small
    wanted = scores(Paris().fit(task, features, given([])), task, features)
    monkeypatch.setattr(evidence, name, value)
    found = scores(Paris().fit(task, features, given([])), task, features)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_inverse_functionality_by_hand():
    """Three people were born in two places; each place has one mayor."""
    born, mayor = 1, 0
    triples = [(0, born, 3), (1, born, 3), (2, born, 4), (0, mayor, 3), (2, mayor, 4)]
    side = graph("g", triples, 5, relations=("b mayor of", "a born in"))
    found = Statements.from_graph(side, NO_LITERALS).inverse_functionality
    # In the order of the labels: born in, mayor of, and their inverses.
    np.testing.assert_allclose(found, [2 / 3, 1, 1, 1])


def test_a_relation_without_statements_says_nothing():
    side = graph("g", [(0, 0, 1)], 2)
    assert Statements.from_graph(side, NO_LITERALS).inverse_functionality.tolist() == [1, 1, 1, 1]


def chain(n: int, known: int, *, noise: float = 0.01) -> Pair:
    """A chain of nodes of which only the first ``known`` have features; the right side is reordered."""
    order = np.random.default_rng(1).permutation(n)
    place = np.argsort(order)
    steps = np.column_stack([np.arange(n - 1), np.arange(n - 1) % 2, np.arange(1, n)])
    moved = np.column_stack([place[steps[:, 0]], steps[:, 1], place[steps[:, 2]]])
    hidden = np.random.default_rng(0).standard_normal((n, 8))
    arrays = {
        "image_left": hidden,
        "image_left_present": np.arange(n) < known,
        "image_right": (hidden + noise)[order],
        "image_right_present": order < known,
    }
    links = np.column_stack([np.arange(n), place])
    task = AlignmentTask("chain", graph("l", steps, n), graph("r", moved, n), links)
    return task, Features.from_arrays(arrays)


def test_relations_alone_tell_the_counterparts():
    task, features = chain(12, 4)
    before = evaluate(task, Paris(n_rounds=0).fit(task, features, given([])).similarity)
    after = evaluate(task, Paris(n_rounds=20).fit(task, features, given([])).similarity)
    assert before["metrics"]["l2r"]["full"]["hits@1"] < 0.5
    assert after["metrics"]["l2r"]["full"]["hits@1"] == 1


def test_a_round_reaches_one_step_further():
    task, features = chain(9, 4)
    found = scores(Paris(n_rounds=1).fit(task, features, given([])), task, features)
    on_links = found[tuple(task.links.T)]
    assert (on_links[:5] > 0.1).all() and not on_links[5:].any()


def test_rounds_end_when_little_changes(planted):
    model = Paris(n_rounds=50).fit(*planted, given([]))
    assert 1 < model.n_rounds_ < 30


def with_values(left, right, modality: str) -> Pair:
    """Entities with values of one attribute, and features without information."""
    rng = np.random.default_rng(3)
    sides = [
        graph(name, [], len(values), attributes=tuple(((label, value),) for value in values))
        for name, label, values in (("l", "a", left), ("r", "b", right))
    ]
    arrays = {f"{modality}_{side}": rng.standard_normal((len(left), 6)) for side in SIDES}
    links = np.column_stack([np.arange(len(left))] * 2)
    return AlignmentTask("values", *sides, links), Features.from_arrays(arrays)


NAMES = ["Rome", "Paris", "Oslo", "Lima", "Cairo", "Quito"]
AREAS = ["1285.31", "105.4", "454", "2672.28", "3085.1", "372.39"]


@pytest.mark.parametrize(
    ("left", "right", "modality"),
    [
        (NAMES, [f" {name.upper()} " for name in NAMES], "attribute"),
        (AREAS, [f"{float(area) * 1.00002}" for area in AREAS], "number"),
        (AREAS, AREAS, "attribute"),
    ],
    ids=["texts", "numbers", "numbers as texts"],
)
def test_literals_count_with_their_modality_and_not_without_it(left, right, modality):
    for given_modality in ("attribute", "number", "image"):
        task, features = with_values(left, right, given_modality)
        by_values = scores(Paris(n_rounds=1).fit(task, features, given([])), task, features)
        alone = scores(Paris(n_rounds=0).fit(task, features, given([])), task, features)
        equal_numbers = left is AREAS and right is AREAS and given_modality == "number"
        if given_modality == modality or equal_numbers:
            # 0.1 is the first inclusion, in both directions; both functionalities are 1.
            assert (np.diag(by_values) > 0.15).all()
            np.testing.assert_allclose(by_values[~np.eye(6, dtype=bool)], alone[~np.eye(6, dtype=bool)])
        else:
            np.testing.assert_allclose(by_values, alone, atol=1e-6)


def test_values_of_a_modality_that_is_not_given_are_not_read(small):
    task, features = small
    images = Features({"image": features["number"]})
    wanted = scores(Paris().fit(task, images, given([])), task, images)
    bare = AlignmentTask("bare", *task.sides.map(lambda side: replace(side, attributes=())))
    np.testing.assert_allclose(scores(Paris().fit(bare, images, given([])), bare, images), wanted, atol=1e-6)


def test_texts_that_are_alike():
    assert normalised("Straße") == normalised(" STRASSE\n") and normalised("①") == "1"
    assert normalised("Rome") != normalised("Roma")


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        ([0.0], [0.0], {(0, 0): 1}),
        ([1955.0], [1956.0], {(0, 0): 1 - 1000 / 1956}),
        ([1000.0], [1001.1], {}),
        ([-5.0, 5.0], [5.0], {(1, 0): 1}),
        ([1e308], [-1e308, 1e308], {(0, 1): 1}),
        ([10.0, 10.001], [10.0008], {(1, 0): 1 - 0.2 / 10.001}),
        ([], [1.0], {}),
    ],
    ids=str,
)
def test_numbers_that_are_nearly_equal(left, right, wanted):
    sides = (replace(NO_LITERALS, numbers=np.array(values, dtype=float)) for values in (left, right))
    pairs, probability = equal_literals(Sides(*sides))
    found = dict(zip(map(tuple, pairs.tolist()), probability.tolist(), strict=True))
    assert found == pytest.approx(wanted)


def test_a_date_is_a_year_with_its_days():
    values = ["1955-09-30", "1955-09", "1.982.097", "-0.0"]
    task, features = with_values(values, values, "number")
    numbers = literals_of(task, features).left.numbers
    np.testing.assert_allclose(numbers, [0, 1955.75, 1955.75 + 30 / 372, 1982097][: len(numbers)])
    assert not np.signbit(numbers[0])


def test_without_seeds_relations_improve_on_features():
    task, features = planted_pair(300, 3, 12, noise=0.9, random_state=4)
    by_features = evaluate(task, feature_scorer(task, features), matching="sinkhorn")
    found = evaluate(task, Paris().fit(task, features, given([])).similarity, matching="sinkhorn")
    gain = [m["metrics"]["l2r"]["full"]["hits@1"] for m in (by_features, found)]
    assert gain[1] > gain[0] + 0.05


def test_a_seed_that_features_contradict_says_little():
    task, features = planted_pair(60, 3, 12, noise=0.2, random_state=4)
    wrong = np.column_stack([task.links[:20, 0], np.roll(task.links[:20, 1], 1)])

    def score(**parameters):
        model = Paris(n_rounds=0, **parameters).fit(task, features, given(wrong))
        return scores(model, task, features)[tuple(wrong.T)]

    assert (score() < 0.3).all() and (score(weigh_seeds=False) > 0.9).all()


def star(n: int, known: int) -> Pair:
    """All entities have the same object, the node after them; only the first ``known`` have features."""
    triples = [(i, 0, n) for i in range(n)]
    left, right = (graph(name, triples, n + 1, candidates=np.arange(n)) for name in "lr")
    hidden = np.random.default_rng(0).standard_normal((n + 1, 16))
    present = (np.arange(n + 1) < known) | (np.arange(n + 1) == n)
    arrays = {f"image_{side}": hidden for side in SIDES}
    arrays |= {f"image_{side}_present": present for side in SIDES}
    return AlignmentTask("star", left, right), Features.from_arrays(arrays)


@pytest.mark.parametrize("n", [90, 130])
def test_a_hub_counts_for_listed_pairs_alone(n):
    """Up to 100 subjects on each side, every pair of subjects of equal objects has evidence."""
    task, features = star(n, 40)
    hub = given([[n, n]])
    model = Paris(n_rounds=1, weigh_seeds=False)
    found = scores(model.fit(task, features, hub), task, features)
    alone = scores(Paris(n_rounds=0, weigh_seeds=False).fit(task, features, hub), task, features)
    gained = found[:n, :n] > alone[:n, :n] + 1e-4
    strangers = gained[40:]
    assert gained[:40, :40].sum() > 40 * 20
    assert strangers.any() == (n == 90)
    assert (gained.sum(axis=1) <= 32).all()


def test_memory_does_not_grow_with_all_pairs(monkeypatch):
    """Never a matrix of all by all: that alone would take 1.5 GiB here."""
    n = 20_000
    rng = np.random.default_rng(0)
    monkeypatch.setattr(evidence, "CHUNK", 100_000)
    sides = []
    for name in "lr":
        triples = np.column_stack(
            [rng.integers(0, n, 3 * n), rng.integers(0, 2, 3 * n), rng.integers(0, n, 3 * n)]
        )
        sides.append(Statements.from_graph(graph(name, triples, n), NO_LITERALS))
    assert (sides[0].kinds == CANDIDATE).all()
    pairs = np.column_stack([rng.permutation(n), rng.permutation(n)])
    equal = Equalities.from_pairs(pairs, np.full(n, 0.5), *sides)
    tracemalloc.start()
    found = graph_evidence(*sides, equal, Inclusion(sides[1].n_relations), sparse.csr_array((n, n)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.nnz > 100_000 and peak < 150 * 2**20


def test_entities_and_relations_may_have_any_order(small):
    task, features = small
    seeds = given([[0, 0], [5, 5]])
    wanted = scores(Paris().fit(task, features, seeds), task, features)
    (moved, taken), left, right = relabelled(small, left=3, right=4)
    pairs = np.column_stack([np.argsort(left)[seeds.pairs[:, 0]], np.argsort(right)[seeds.pairs[:, 1]]])
    swapped = moved.left.triples * [1, -1, 1] + [0, 1, 0]
    moved = replace(moved, left=replace(moved.left, triples=swapped, relations=moved.left.relations[::-1]))
    found = scores(Paris().fit(moved, taken, given(pairs)), moved, taken)
    np.testing.assert_allclose(found, wanted[left][:, right], atol=1e-6)


def test_names_of_relations_are_not_compared(small):
    task, features = small
    wanted = scores(Paris().fit(task, features, given([])), task, features)
    renamed = replace(task, right=replace(task.right, relations=("a", "b")))
    found = scores(Paris().fit(renamed, features, given([])), renamed, features)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("parameters", [{"n_rounds": -1}, {"n_rounds": 1.5}, {"weigh_seeds": 2}], ids=str)
def test_impossible_parameters(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        ALIGNERS["paris"](**parameters)
