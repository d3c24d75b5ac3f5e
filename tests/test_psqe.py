"""PSQE: its stages, its quotas, and what it is for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import tiny

from psqe.canonical import canonical_order
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.kg import AlignmentTask
from psqe.regions import semantic_regions
from psqe.seeds import PivotMiner, PSQEMiner, balance, correct, coverage
from psqe.seeds.stages.base import Space

STAGES = ("cluster", "refine", "expand")


def as_set(pairs: np.ndarray) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in pairs}


def space(labels_left: list[int], labels_right: list[int], n_clusters: int, n_seeds: int) -> Space:
    """A space whose clusters are given."""
    task, features = tiny(len(labels_left), len(labels_right))
    built = Space.build(task, features, weights=None, n_clusters=n_clusters, n_seeds=n_seeds, random_state=0)
    built.__dict__["clusters"] = (np.array(labels_left), np.array(labels_right))
    return built


labels = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(labels, labels, st.integers(1, 2000))
def test_quotas_are_proportional_and_add_up(left, right, n_seeds):
    quotas = space(left, right, 5, n_seeds).quotas
    assert quotas.sum() == n_seeds and (quotas >= 0).all()
    both = left + right
    for cluster, quota in enumerate(quotas):
        assert abs(quota - n_seeds * both.count(cluster) / len(both)) < 1
        if cluster not in both:
            assert quota == 0


@pytest.fixture(scope="module")
def mined(planted):
    return PSQEMiner(30, n_clusters=3).mine(*planted)


def test_trace_adds_up(mined):
    assert tuple(t.stage for t in mined.trace) == STAGES
    before: set[tuple[int, int]] = set()
    for trace in mined.trace:
        added, dropped, after = as_set(trace.added), as_set(trace.dropped), as_set(trace.pairs)
        assert not added & before and dropped <= before
        assert after == (before - dropped) | added
        assert trace.seconds >= 0 and trace.note
        before = after
    assert before == as_set(mined.pairs)


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
    built = Space.build(
        task.take(*order), features.take(*order), weights=None, n_clusters=3, n_seeds=30, random_state=0
    )
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
        ({"stages": []}, "stages are empty"),
        ({"stages": ["refine"]}, "start with cluster"),
        ({"stages": ["cluster", "cluster"]}, "each once"),
        ({"stages": ["cluster", "polish"]}, "no stage 'polish'; choose from cluster, refine, expand"),
        ({"n_clusters": 0}, "n_clusters"),
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
