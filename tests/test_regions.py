"""Regions: three partitions of the candidates, each by its own rule."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from pairs import graph, relabelled, tiny, with_fewer_candidates, without_links

from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import all_regions, cluster, degree_regions, density_regions, semantic_regions
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask


def test_regions_partition_the_candidates(planted):
    pair = with_fewer_candidates(planted)
    regions = all_regions(*pair)
    assert tuple(regions) == ("degree", "density", "semantic")
    for kind, r in regions.items():
        assert r.kind == kind
        if kind == "semantic":
            continue  # by groups, which all entities have
        for labels, g in ((r.left, pair[0].left), (r.right, pair[0].right)):
            np.testing.assert_array_equal(np.flatnonzero(labels >= 0), g.candidates)
        both = r.left.tolist() + r.right.tolist()
        assert r.sizes().tolist() == [both.count(i) for i in range(len(r.names))]


def test_degree_thirds():
    # A path and an isolated entity: degrees 1 2 2 2 1 0.
    path = graph("l", 6, [(0, 1), (1, 2), (2, 3), (3, 4)])
    found = degree_regions(AlignmentTask("t", path, path))
    assert found.names == ("low", "middle", "high")
    assert found.left.tolist() == [0, 1, 1, 1, 0, 0]
    star = graph("l", 7, [(0, i) for i in range(1, 7)])
    # Equal values share a third, so there may be no middle.
    assert degree_regions(AlignmentTask("t", star, star)).left.tolist() == [2, 0, 0, 0, 0, 0, 0]


def test_degree_is_compared_among_candidates_only():
    to_hubs = [(3, 0), (3, 1), (4, 1), (3, 2), (4, 2), (5, 2)]
    among_hubs = [(3, 4), (4, 5), (3, 5), (6, 3), (6, 4), (6, 5)]
    g = graph("l", 7, to_hubs + among_hubs, candidates=np.arange(3))
    assert degree_regions(AlignmentTask("t", g, g)).left.tolist() == [0, 1, 2, -1, -1, -1, -1]
    everyone = graph("l", 7, to_hubs + among_hubs)
    assert degree_regions(AlignmentTask("t", everyone, everyone)).left.tolist()[:3] == [0, 0, 0]


def test_density_is_the_mean_cosine_to_the_nearest(planted):
    task, features = planted
    fused = fuse(features, task.left.candidates, task.right.candidates)
    found = density_regions(task, features, k=3)
    for labels, vectors in ((found.left, fused[0]), (found.right, fused[1])):
        density = []
        for i, x in enumerate(vectors):
            others = sorted((float(x @ y) for j, y in enumerate(vectors) if j != i), reverse=True)
            density.append(np.mean(others[:3]) if x.any() else 0.0)
        density = np.array(density)
        low, high = np.quantile(density, [1 / 3, 2 / 3])
        clear = (abs(density - low) > 1e-5) & (abs(density - high) > 1e-5)
        np.testing.assert_array_equal(labels[clear], ((density > low).astype(int) + (density > high))[clear])
        assert clear.mean() > 0.9


def test_semantic_regions_are_the_groups_where_both_sides_have_them(planted):
    task, features = planted
    found = semantic_regions(task, features)
    for labels, g in ((found.left, task.left), (found.right, task.right)):
        assert [found.names[i] for i in labels] == list(g.groups)
    half = replace(task, right=replace(task.right, groups=()))
    assert semantic_regions(half, features).names[0] == "cluster 0"


def test_an_entity_without_group_is_in_no_region(planted):
    task, features = planted
    groups = (None, *task.left.groups[1:])
    found = semantic_regions(replace(task, left=replace(task.left, groups=groups)), features)
    assert found.left[0] == -1 and (found.left[1:] >= 0).all()


def test_fewer_distinct_rows_than_clusters_are_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = cluster(np.repeat(np.eye(2, dtype=np.float32), 3, axis=0), 4)
    assert len(set(labels[:3])) == len(set(labels[3:])) == 1 and labels[0] != labels[3]


def test_clusters_do_not_depend_on_the_order(planted):
    task, features = without_links(planted)
    wanted = semantic_regions(task, features, n_clusters=4)
    pair, left, right = relabelled((task, features), left=3, right=4)
    found = semantic_regions(*pair, n_clusters=4)
    np.testing.assert_array_equal(found.left, wanted.left[left])
    np.testing.assert_array_equal(found.right, wanted.right[right])


def test_clusters_find_what_is_apart():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 20)
    found = cluster((10 * np.eye(3)[truth] + rng.standard_normal((60, 3))).astype(np.float32), 3)
    assert len({(t, f) for t, f in zip(truth, found, strict=True)}) == 3


@pytest.mark.parametrize("n", [0, 6])
def test_impossible_number_of_clusters(n):
    with pytest.raises(ParameterError, match="between 1 and 5"):
        cluster(np.eye(5, dtype=np.float32), n)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_small_and_misfit():
    task, features = tiny(2, 2)
    for r in all_regions(task, features).values():
        assert r.sizes().sum() == 4
    wrong = Features.from_arrays({"image_left": np.ones((3, 2)), "image_right": np.ones((2, 2))})
    with pytest.raises(DataError, match="one row per entity"):
        all_regions(task, wrong)
