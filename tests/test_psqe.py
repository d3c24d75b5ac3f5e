"""PSQE: its stages, its quotas, and what it is for."""

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pairs import Pair, Table, mine_quietly, tiny

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.evaluation.regions import semantic_regions
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.features.fusion import unit_rows
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.seeds import PivotMiner, PSQEMiner, SeedSet, balance, correct, coverage
from psqe.seeds.miners.psqe import cluster_table
from psqe.seeds.neighbourhood import candidate_graph
from psqe.seeds.psqe_rules import VARIANTS, Rules
from psqe.seeds.stages import ClusterStage, ExpandStage, Pipeline, Pool, RefineStage, Space
from psqe.seeds.stages.choose import Proposals, propose, within_quotas
from psqe.seeds.stages.refine import ModalityInput, RefinementEncoder, SeedNodes
from psqe.training.graph_attention import Edges
from psqe.training.loop import seeded

STAGES = ("cluster", "refine", "expand")
FAST = {"n_epochs": 3, "dim": 8}


def as_set(pairs: np.ndarray) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in pairs}


def space(
    labels_left: list[int], labels_right: list[int], n_clusters: int, n_seeds: int, **switches
) -> Space:
    """A space whose clusters are given."""
    task, features = tiny(len(labels_left), len(labels_right))
    rules = Rules.from_variant("corrected", switches)
    built = Space.build(task, features, rules=rules, n_clusters=n_clusters, n_seeds=n_seeds)
    built.__dict__["clusters"] = (np.array(labels_left), np.array(labels_right))
    return built


def space_of(pair: Pair, variant: str = "corrected", n_seeds: int = 30, **switches) -> Space:
    """A space in canonical order, as a miner builds it."""
    order = canonical_order(*pair)
    return Space.build(
        pair[0].take(*order), pair[1].take(*order),
        rules=Rules.from_variant(variant, {**FAST, **switches}), n_clusters=3, n_seeds=n_seeds,
    )  # fmt: skip


def adds_up(seeds: SeedSet, stages: tuple[str, ...]) -> None:
    """Every stage's trace leads from the seeds before it to those after it, with a reason for each."""
    assert tuple(t.stage for t in seeds.trace) == stages
    before: set[tuple[int, int]] = set()
    for trace in seeds.trace:
        added, dropped, after = as_set(trace.added), as_set(trace.dropped), as_set(trace.pairs)
        assert not added & before and dropped <= before
        assert after == (before - dropped) | added
        assert len(trace.why_added) == len(trace.added) and len(trace.why_dropped) == len(trace.dropped)
        assert all(trace.why_added) and all(trace.why_dropped)
        assert len(trace.confidence) == len(trace.pairs)
        assert trace.seconds >= 0 and trace.note
        before = after
    assert before == as_set(seeds.pairs)


labels = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@settings(max_examples=30, deadline=None)
@given(labels, labels, st.integers(1, 2000))
@example([0] * 3 + [1] * 4, [1] * 4, 781)
def test_quotas_are_proportional_and_add_up(left, right, n_seeds):
    quotas = space(left, right, 5, n_seeds).quotas
    floors = space(left, right, 5, n_seeds, fill=False).quotas
    assert quotas.sum() == n_seeds and (quotas >= 0).all()
    both = left + right
    for cluster, (quota, floor) in enumerate(zip(quotas, floors, strict=True)):
        # The public code divides first, and rounding can then turn a whole number into the one below.
        assert floor == math.floor(n_seeds * (both.count(cluster) / len(both)))
        whole = n_seeds * both.count(cluster) // len(both)
        assert whole <= quota <= whole + 1
        if cluster not in both:
            assert quota == 0


def test_largest_remainders_get_what_rounding_leaves():
    """Sizes 6, 3 and 1 of ten: 3 seeds are 1.8, .9 and .3."""
    found = space([0] * 6 + [1, 1], [1, 2], 3, 3)
    assert found.quotas.tolist() == [2, 1, 0]


def test_a_walk_of_candidates_passes_through_one_other_entity_at_most():
    path = KnowledgeGraph("path", tuple("abcd"), ("next",), [(0, 0, 1), (1, 0, 2), (2, 0, 3)])
    steps = candidate_graph(path, np.array([0, 2, 3])).toarray().tolist()
    assert steps == [[0, 0.5, 0], [0.25, 0, 0.5], [0, 1, 0]]


def test_walks_pass_no_entity_around_which_too_many_candidates_lie(monkeypatch):
    hub, rare = 6, 7  # all six candidates are around the hub, two around the other entity
    triples = [(i, 0, hub) for i in range(6)] + [(i, 0, rare) for i in (0, 1)]
    graph = KnowledgeGraph("hub", tuple("abcdefgh"), ("next",), triples)
    whole = candidate_graph(graph, np.arange(6)).toarray()
    assert (whole > 0).sum() == 6 * 5
    monkeypatch.setattr("psqe.seeds.neighbourhood.MOST_WALKS", 6**2 + 2**2)
    assert np.array_equal(candidate_graph(graph, np.arange(6)).toarray(), whole)
    monkeypatch.setattr("psqe.seeds.neighbourhood.MOST_WALKS", 6**2 + 2**2 - 1)
    bounded = candidate_graph(graph, np.arange(6)).toarray()
    assert (np.argwhere(bounded) == [[0, 1], [1, 0]]).all()
    assert bounded[0, 1] == 1 / 4  # as likely as before that the walk passes the other entity


def test_a_pair_takes_a_place_of_the_cluster_of_its_left_candidate():
    built = space([0, 1, 0], [1, 0, 1], n_clusters=2, n_seeds=2, fill=False)
    rows, scores = np.array([0, 2, 1]), np.array([0.9, 0.8, 0.7], dtype=np.float32)
    pairs = Proposals(rows, rows, scores, np.ones(3, dtype=bool), [""] * 3)
    assert built.quotas.tolist() == [1, 1] and within_quotas(built, pairs).tolist() == [0, 2]


@pytest.fixture(scope="module")
def mined(planted):
    return PSQEMiner(30, n_clusters=3).mine(*planted)


def test_trace_adds_up(mined):
    adds_up(mined, STAGES)
    reasons = {"nearest in both directions", "nearest in one direction"}
    assert set(mined.trace[0].why_added) <= reasons
    assert {why for t in mined.trace for why in t.why_dropped} <= {"a better pair", "outranked"}


ORDERS = [
    *[(name,) for name in STAGES],
    *permutations(STAGES),
    ("cluster", "cluster"),
    ("expand", "expand", "refine"),
    ("cluster", "refine", "expand", "refine", "cluster"),
]


@pytest.mark.parametrize("stages", ORDERS, ids="-".join)
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_stages_in_any_order(planted, variant, stages):
    miner = PSQEMiner(30, variant=variant, stages=stages, n_clusters=3, switches=FAST)
    seeds = mine_quietly(miner, planted)
    adds_up(seeds, stages)
    if variant != "released":
        assert len(seeds) == 30 and correct(seeds.pairs, planted[0]).mean() > 0.9
    elif stages == ("expand",):
        assert len(seeds) == 0  # as released, there is nothing to expand
    else:
        assert len(seeds) > 10 and correct(seeds.pairs, planted[0]).mean() > 0.6


def test_rounds_are_the_stage_repeated(planted):
    twice, rounds = (
        PSQEMiner(30, n_clusters=3, stages=stages, switches={**FAST, "rounds": n}).mine(*planted)
        for stages, n in ((("cluster", "refine", "refine"), 1), (("cluster", "refine"), 2))
    )
    np.testing.assert_array_equal(twice.pairs, rounds.pairs)
    assert twice.scores.tobytes() == rounds.scores.tobytes()


def test_each_seed_is_credited_to_the_stage_that_brought_it_in(mined):
    """Seeds that stay keep their finder; a later stage is credited with what it added last."""
    last_added = {pair: trace.stage for trace in mined.trace for pair in as_set(trace.added)}
    for pair, stage in zip(map(tuple, mined.pairs.tolist()), mined.stages, strict=True):
        assert stage == last_added[pair]


@pytest.mark.parametrize("n", [1, 2])
def test_stages_are_cumulative(planted, mined, n):
    """What a stage leaves does not depend on whether another follows."""
    shorter = PSQEMiner(30, n_clusters=3, stages=STAGES[:n]).mine(*planted)
    assert as_set(shorter.pairs) == as_set(mined.trace[n - 1].pairs)
    assert tuple(t.stage for t in shorter.trace) == STAGES[:n]


def test_cluster_stage_matches_within_clusters_by_quota(planted):
    task, features = planted
    seeds = PSQEMiner(30, n_clusters=3, stages=["cluster"]).mine(task, features)
    order = canonical_order(task, features)
    built = space_of(planted)
    left, right = (
        dict(zip(old[entities].tolist(), found.tolist(), strict=True))
        for old, entities, found in zip(order, (built.left, built.right), built.clusters, strict=True)
    )
    assert all(left[i] == right[j] for i, j in seeds.pairs.tolist())
    counts = np.bincount([left[i] for i, _ in seeds.pairs.tolist()], minlength=3)
    assert counts.tolist() == built.quotas.tolist()


def test_one_cluster(planted):
    task, features = planted
    seeds = PSQEMiner(30, n_clusters=1, stages=["cluster"]).mine(task, features)
    assert len(seeds) == 30 and correct(seeds.pairs, task).mean() > 0.9


def test_more_clusters_than_groups_of_entities(planted):
    """Many clusters are small, some lie on one side only; their quotas go to the others."""
    task, features = planted
    seeds = PSQEMiner(20, n_clusters=60, stages=["cluster"]).mine(task, features)
    assert 0 < len(seeds) <= 20 and correct(seeds.pairs, task).mean() > 0.8


def test_a_cluster_for_every_entity_leaves_nothing_to_match():
    """Every cluster lies on one side: no seed from the first stage, and a warning that says so."""
    rng = np.random.default_rng(0)
    task, _ = tiny(4, 4)
    features = Features.from_arrays(
        {"image_left": rng.standard_normal((4, 6)), "image_right": rng.standard_normal((4, 6))}
    )
    with pytest.warns(match="0 found"):
        assert len(PSQEMiner(3, n_clusters=8, stages=["cluster"]).mine(task, features)) == 0
    # Later stages match over all clusters; they have nothing to learn from, and find what is mutual.
    assert len(PSQEMiner(3, n_clusters=8).mine(task, features)) == 3


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_empty_clusters():
    """Two distinct vectors cannot fill three clusters."""
    rows = np.repeat(np.eye(2), 3, axis=0)
    task, _ = tiny(6, 6)
    features = Features.from_arrays({"image_left": rows, "image_right": rows})
    with pytest.warns(match="asked for"):
        seeds = PSQEMiner(6, n_clusters=3).mine(task, features)
    assert all((i < 3) == (j < 3) for i, j in seeds.pairs.tolist())


@pytest.fixture(scope="module")
def confusable() -> tuple[AlignmentTask, Features]:
    """A region of look-alikes beside three clear ones: what a pivot on one modality falls for."""
    return planted_pair(200, 4, 12, spread=[0.25, 1, 1, 1], noise=[0.2, 0.9, 0.9, 0.9], random_state=3)


def test_more_precise_and_more_even_than_the_pivot(confusable):
    task, features = confusable
    regions = semantic_regions(task, features)
    psqe, pivot = PSQEMiner(80).mine(task, features), PivotMiner(80).mine(task, features)
    assert len(psqe) == 80
    precise = [correct(seeds.pairs, task).mean() for seeds in (psqe, pivot)]
    even = [balance(coverage(seeds.pairs, regions)) for seeds in (psqe, pivot)]
    assert precise[0] > precise[1] + 0.1
    assert even[0] > even[1]


def test_dangling_entities_are_in_few_seeds(confusable):
    task, features = confusable
    seeds = PSQEMiner(80).mine(task, features)
    linked = np.isin(seeds.pairs[:, 0], task.links[:, 0]) & np.isin(seeds.pairs[:, 1], task.links[:, 1])
    share = len(task.links) / len(task.left.candidates)
    assert linked.mean() > share  # better than drawing ends at random


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"stages": []}, "there are no stages; choose from cluster, refine, expand"),
        ({"stages": ["cluster", "polish"]}, "no stage 'polish'; choose from cluster, refine, expand"),
        ({"stages": "cluster"}, "stages is 'cluster'"),
        ({"switches": {"mutal": True}}, "no switch 'mutal'; choose from"),
        ({"n_clusters": 0}, "n_clusters"),
        ({"variant": "perfect"}, "no variant 'perfect'"),
        ({"device": "abacus"}, "device is 'abacus'; choose cpu or cuda"),
    ],
)
def test_wrong_parameters(parameters, words):
    with pytest.raises(ParameterError, match=words):
        PSQEMiner(10, **parameters)


def test_too_many_clusters(planted):
    with pytest.raises(ParameterError, match="n_clusters is 1000; it must lie between 1 and"):
        PSQEMiner(10, n_clusters=1000).mine(*planted)


def test_a_weight_for_a_modality_that_is_not_there(planted):
    with pytest.raises(ParameterError, match="'sound'"):
        PSQEMiner(10, weights={"sound": 1.0}).mine(*planted)


def test_expansion_counts_each_seed_by_its_confidence_and_adds_a_tenth_of_the_cosine_of_walks(planted):
    scene = space_of(planted)
    start = ClusterStage().run(scene, Pool.start(scene))
    grown = ExpandStage().run(scene, start)
    walks = [
        unit_rows(candidate_graph(graph, candidates).toarray()[:, seeds] * start.scores)
        for graph, candidates, seeds in (
            (scene.task.left, scene.left, start.rows), (scene.task.right, scene.right, start.columns)
        )
    ]  # fmt: skip
    wanted = start.similarity.rows(0, 20) + 0.1 * (walks[0] @ walks[1].T)[:20]
    assert start.scores.std() > 0.01
    assert grown.similarity.rows(0, 20) == pytest.approx(wanted, abs=1e-5)


# ---- pipelines, and what later stages do to earlier ones


def given_pool(built: Space, wrong: int = 1) -> tuple[Pool, list[tuple[int, int]], list[tuple[int, int]]]:
    """A pool of true pairs and, before them, wrong ones that take the places of others of the truth."""
    truth = sorted(map(tuple, built.task.links.tolist()))  # here all entities are candidates with a vector
    bad = [(truth[2 * k][0], truth[2 * k + 1][1]) for k in range(wrong)]
    good = truth[2 * wrong : 2 * wrong + 15]
    return Pool.start(built, np.array(bad + good)), bad, good


@pytest.fixture(scope="module")
def clear() -> Pair:
    """Little noise, nothing missing: features know the truth."""
    return planted_pair(80, 3, 16, noise=0.2, random_state=5)


def pairs_of(pool: Pool) -> list[tuple[int, int]]:
    return list(zip(pool.rows.tolist(), pool.columns.tolist(), strict=True))


@pytest.mark.parametrize("stage", [ClusterStage, RefineStage, ExpandStage])
def test_a_pipeline_starts_from_given_seeds(clear, stage):
    built = space_of(clear, n_seeds=60)
    start, _, good = given_pool(built)
    pool, (trace,) = Pipeline([stage()]).run(built, start)
    names = dict(zip(pairs_of(pool), pool.found_by, strict=True))
    assert set(good) & set(names) == {pair for pair, name in names.items() if name == "given"}
    assert set(names.values()) == {"given", stage.name}
    assert as_set(trace.added) == {pair for pair, name in names.items() if name == stage.name}
    assert as_set(trace.pairs) == set(names) and len(pool.why) == len(pool)


def test_a_pipeline_without_stages_changes_nothing(clear):
    built = space_of(clear)
    start, bad, good = given_pool(built)
    assert Pipeline().run(built, start) == (start, [])
    assert pairs_of(start) == bad + good and start.why == ("given",) * len(start)
    assert len(Pool.start(built)) == 0


@pytest.mark.parametrize("stage", [ClusterStage, RefineStage, ExpandStage])
def test_a_better_pair_replaces_a_worse_one(clear, stage):
    built = space_of(clear, n_seeds=60)
    start, bad, _ = given_pool(built, wrong=2)
    pool, (trace,) = Pipeline([stage()]).run(built, start)
    assert not set(bad) & set(pairs_of(pool)) and set(bad) <= as_set(trace.dropped)
    whys = dict(zip(map(tuple, trace.dropped.tolist()), trace.why_dropped, strict=True))
    truth = dict(built.task.links.tolist())
    assert {whys[pair] for pair in bad} == {"a better pair"}
    assert all((row, truth[row]) in pairs_of(pool) for row, _ in bad)


@pytest.mark.parametrize("stage", [ClusterStage, RefineStage, ExpandStage])
def test_without_the_rule_replace_a_wrong_seed_blocks_both_its_entities(clear, stage):
    built = space_of(clear, n_seeds=60, replace=False)
    start, bad, good = given_pool(built, wrong=2)
    pool, (trace,) = Pipeline([stage()]).run(built, start)
    assert pairs_of(pool)[: len(start)] == bad + good and not len(trace.dropped)
    assert pool.found_by[: len(start)] == ("given",) * len(start)


@pytest.mark.parametrize("dangling", [True, False])
def test_exact_ties_are_one_sided(dangling):
    """Two left entities are alike: which of them is meant could only be decided by their order."""
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    task, _ = tiny(3, 2)
    features = Features.from_arrays({"image_left": rows, "image_right": rows[1:]})
    switches = {"fill": False, "dangling": dangling}
    miner = PSQEMiner(3, n_clusters=1, stages=["cluster"], switches=switches)
    assert mine_quietly(miner, (task, features)).pairs.tolist() == [[2, 1]]
    filled = PSQEMiner(2, n_clusters=1, stages=["cluster"], switches={"dangling": dangling})
    seeds = filled.mine(task, features)
    assert seeds.pairs[0].tolist() == [2, 1] and seeds.pairs[1, 1] == 0
    whys = dict(zip(map(tuple, seeds.trace[0].added.tolist()), seeds.trace[0].why_added, strict=True))
    assert whys[2, 1] == "nearest in both directions" and "nearest in one direction" in whys.values()


def test_what_the_filter_drops_says_so(clear):
    built = space_of(clear, variant="released")
    start, _, _ = given_pool(built, wrong=2)
    _, (trace,) = Pipeline([RefineStage()]).run(built, start)
    assert len(trace.dropped) and set(trace.why_dropped) == {"filter"}


def test_the_encoder_at_some_nodes_is_the_encoder_everywhere():
    """Training embeds the ends of the seeds only; it must see what the whole would give."""
    rng = np.random.default_rng(0)
    n = 30
    ends = rng.integers(n, size=(40, 2))
    both = np.unique(np.concatenate([ends, ends[:, ::-1], np.arange(n)[:, None].repeat(2, axis=1)]), axis=0)
    inputs = {
        name: ModalityInput(
            nodes, tuple(torch.from_numpy(rng.standard_normal((m, 5)).astype("f")) for m in (8, 12))
        )
        for name in ("image", "attribute")
        for nodes in [torch.from_numpy(np.sort(rng.permutation(n)[:20]))]
    }
    with seeded(0):
        encoder = RefinementEncoder(
            Edges(both[:, 0], both[:, 1], n), inputs,
            structural=["image"], separate=["attribute"], dim=4, bias=True,
        )  # fmt: skip
    nodes = torch.tensor([3, 17, 29, 4, 17])
    ends = SeedNodes(encoder, nodes)
    whole, part = encoder(), encoder(ends)
    assert list(whole.modalities) == list(part.modalities) == ["attribute"]
    for of_all, of_ends in zip(whole, part, strict=True):
        assert of_all.shape == (n, 4) and of_ends.shape == (4, 4)
        torch.testing.assert_close(of_ends[ends.subgraph.outputs[nodes]], of_all[nodes])
    assert len(list(whole)) == 2
    absent = np.setdiff1d(np.arange(n), inputs["attribute"].nodes.numpy())
    assert not whole.modalities["attribute"][absent].any()


# ---- numbers, modalities, devices


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_more_seeds_than_there_are(planted, variant):
    miner = PSQEMiner(500, variant=variant, switches={**FAST, "missing": "mask"})
    with pytest.warns(PsqeWarning, match=r"miner psqe: 500 seeds asked for, \d+ found") as said:
        seeds = miner.mine(*planted)
    assert [str(w.message) for w in said] == [f"miner psqe: 500 seeds asked for, {len(seeds)} found"]
    assert 20 < len(seeds) <= min(len(planted[0].left.candidates), len(planted[0].right.candidates))


@pytest.mark.parametrize("fill", [True, False])
def test_filling_quotas(planted, fill):
    """Clusters of one side only cannot fill their quotas; without the rule those seeds are lost."""
    miner = PSQEMiner(40, n_clusters=25, stages=["cluster"], switches={"fill": fill})
    seeds = mine_quietly(miner, planted)
    assert (len(seeds) == 40) == fill
    if not fill:
        assert set(seeds.trace[0].why_added) == {"nearest in both directions"}


@pytest.mark.parametrize("modality", ["image", "attribute"])
def test_a_single_modality(planted, modality):
    task, features = planted[0], planted[1].select([modality])
    seeds = PSQEMiner(20, switches=FAST).mine(task, features)
    assert len(seeds) == 20 and correct(seeds.pairs, task).mean() > 0.8


@pytest.mark.parametrize("name", ["attribute.v2", "type", "structure"])
def test_any_name_will_do_for_a_modality(planted, name):
    """Torch forbids some as names of modules."""
    task, features = planted
    own = Features({"image": features["image"], name: features["attribute"]})
    assert len(PSQEMiner(20, switches=FAST).mine(task, own)) == 20


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("match_modalities", ["text", "all"])
def test_a_modality_called_structure_is_like_any_other(clear, variant, match_modalities):
    """The encoder learns something of that name, too."""
    built = space_of(clear, n_seeds=60, variant=variant, match_modalities=match_modalities)
    names = {"image": "image", "attribute": "structure"}
    other = replace(
        built,
        features=Features({names[name]: modality for name, modality in built.features.items()}),
        weights={names[name]: weight for name, weight in built.weights.items()},
    )
    pipeline = Pipeline([ClusterStage(), RefineStage(), ExpandStage()])
    wanted, found = (pipeline.run(space)[0] for space in (built, other))
    assert pairs_of(found) == pairs_of(wanted) and found.scores.tolist() == wanted.scores.tolist()
    assert all(np.array_equal(*both) for both in zip(found.learned, wanted.learned, strict=True))


def test_without_pictures_every_stage_still_works(clear):
    task, features = clear[0], clear[1].select(["attribute"])
    pool, trace = Pipeline([RefineStage(), ExpandStage()]).run(space_of((task, features), n_seeds=60))
    assert all(len(t.added) for t in trace) and len(pool) == 60


def test_weights_shift_what_is_mined(planted):
    found = [
        as_set(PSQEMiner(30, weights=weights, switches=FAST).mine(*planted).pairs)
        for weights in (None, {"image": 1.0, "attribute": 1.0}, {"image": 5.0, "attribute": 0.1})
    ]
    assert found[0] == found[1] != found[2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_said():
    with pytest.raises(ParameterError, match=r"there is no device 'cuda' \(.+\); use cpu"):
        PSQEMiner(30, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_gpu_finds_the_same_seeds(clear, variant):
    here, there = (
        mine_quietly(PSQEMiner(40, variant=variant, device=device, switches=FAST), clear)
        for device in ("cpu", "cuda")
    )
    assert len(as_set(here.pairs) & as_set(there.pairs)) >= 0.9 * len(here)
    assert correct(here.pairs, clear[0]).mean() == pytest.approx(
        correct(there.pairs, clear[0]).mean(), abs=0.05
    )


@pytest.mark.parametrize("noise", [0.5, 1.2])
def test_corrected_is_as_precise_as_released_and_finds_as_many_as_asked(noise):
    precise = []
    for random_state in range(6):
        pair = planted_pair(
            120, 4, 16, noise=noise, modalities=("image", "attribute", "relation"), random_state=random_state
        )
        theirs = mine_quietly(PSQEMiner(40, variant="released", switches={"n_epochs": 30}), pair)
        assert len(PSQEMiner(40).mine(*pair)) == 40
        assert noise < 1 or len(theirs) < 40
        same = PSQEMiner(min(40, len(theirs))).mine(*pair)  # a short list of the surest is easier
        precise.append([correct(seeds.pairs, pair[0]).mean() for seeds in (same, theirs)])
    ours, released = np.mean(precise, axis=0)
    assert ours >= released


def test_cluster_table(planted):
    task, features = planted
    miner = PSQEMiner(30, n_clusters=3)
    table = cluster_table(miner, task, features)
    assert table["cluster"].tolist() == [1, 2, 3] and table["seeds due"].sum() == 30
    with_vector = [
        np.any([m[side].present for m in features.values()], axis=0).sum() for side in ("left", "right")
    ]
    assert [table["left"].sum(), table["right"].sum()] == with_vector
    assert table["commonest group"].str.fullmatch(r"region [012], \d+%").all()
    plain = replace(
        task,
        **{s: replace(task.sides[s], groups=(None,) * task.sides[s].n_entities) for s in ("left", "right")},
    )
    assert "commonest group" not in cluster_table(miner, plain, features)


@pytest.mark.parametrize("mutual", [True, False])
def test_pairs_that_nothing_rivals_are_ranked_by_similarity(mutual):
    # Every share is one up to rounding; position must not decide.
    order = np.random.default_rng(0).permutation(20)
    table = np.zeros((20, 20), dtype=np.float32)
    table[np.arange(20), np.arange(20)] = 0.6 + 0.02 * order
    found = propose(Table(table), 20, Rules.from_variant("corrected", {"mutual": mutual}))
    first = found.rows[:20]
    np.testing.assert_array_equal(first, np.argsort(-order))
    np.testing.assert_array_equal(found.columns[:20], first)
    np.testing.assert_allclose(found.scores[:20], 1, atol=5e-4)


def test_scores_of_seeds_are_at_most_one():
    pair = planted_pair(200, random_state=0)
    seeds = PSQEMiner(100).mine(*pair)
    assert seeds.scores.max() <= 1


@pytest.mark.parametrize("weight", [None, 0.3, 0.8])
def test_refinement_weighs_features_and_what_was_learned_as_the_rule_says(planted, weight):
    """The rule is the weight of the learned similarity, and 0.3 of the corrected variant is this weight."""
    switches = {} if weight is None else {"learned_weight": weight}
    scene = space_of(planted, "corrected", **switches)
    pool = RefineStage().run(scene, ClusterStage().run(scene, Pool.start(scene)))
    features, learned = (part.rows(0, 20) for part in pool.similarity.parts)
    assert np.array_equal(features, scene.similarity.rows(0, 20)) and not np.allclose(features, learned)
    share = np.float32(0.3 if weight is None else weight)
    wanted = (1 - share) * features + share * learned
    assert pool.similarity.rows(0, 20) == pytest.approx(wanted, abs=1e-6)
