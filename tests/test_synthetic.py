"""Planted pairs: every parameter does what it says."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError


def nearest_is_correct(task, features, modality="image") -> np.ndarray:
    """For each link, whether the cosine-nearest right entity is the true one."""
    left = features[modality].left.values[task.links[:, 0]]
    right = features[modality].right.values
    left = left / np.linalg.norm(left, axis=1, keepdims=True)
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    return (left @ right.T).argmax(axis=1) == task.links[:, 1]


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(4, 150),
    regions=st.one_of(st.integers(1, 4), st.lists(st.floats(0.1, 5), min_size=1, max_size=4)),
    dangling=st.floats(0, 0.49),
    missing=st.floats(0, 1),
    density=st.floats(0, 8),
    seed=st.integers(0, 5),
)
def test_any_parameters_give_a_sound_pair(n, regions, dangling, missing, density, seed):
    task, features = planted_pair(
        n, regions, dangling=dangling, missing=missing, density=density, random_state=seed
    )
    features.check(task)
    assert task.left.n_entities == task.right.n_entities == n - (n - len(task.links)) // 2
    for left, right in task.links:
        assert task.left.entities[left].split(":")[1] == task.right.entities[right].split(":")[1]
        assert task.left.groups[left] == task.right.groups[right]
    linked = {task.left.entities[i] for i in task.links[:, 0]}
    hidden = {e.split(":")[1] for e in task.left.entities} | {e.split(":")[1] for e in task.right.entities}
    assert len(hidden) == n and len(linked) == len(task.links)
    assert (task.left.triples[:, 0] != task.left.triples[:, 2]).all()


def test_it_is_deterministic_and_the_random_state_counts():
    (a, fa), (b, fb), (_, fc) = (planted_pair(random_state=s) for s in (0, 0, 1))
    assert a.right.entities == b.right.entities and np.array_equal(a.links, b.links)
    assert np.array_equal(a.left.triples, b.left.triples)
    assert np.array_equal(fa["image"].right.values, fb["image"].right.values)
    assert not np.array_equal(fa["image"].left.values[:5], fc["image"].left.values[:5])


def test_right_order_and_links_are_shuffled():
    task, _ = planted_pair(400)
    assert abs(np.corrcoef(task.links.T)[0, 1]) < 0.2
    assert abs(np.corrcoef(task.links[:, 0], np.arange(len(task.links)))[0, 1]) < 0.2


def test_region_sizes():
    task, _ = planted_pair(100, (6, 3, 1), dangling=0)
    names, sizes = np.unique(np.array(task.left.groups), return_counts=True)
    assert list(names) == ["region 0", "region 1", "region 2"]
    assert np.abs(sizes - [60, 30, 10]).max() <= 1


def test_density_by_region():
    task, _ = planted_pair(400, 2, density=(2, 10), dangling=0)
    degree, region = task.left.degree(), np.array(task.left.groups)
    assert degree[region == "region 1"].mean() > 2 * degree[region == "region 0"].mean()


def test_both_sides_see_most_but_not_the_same_edges():
    task, _ = planted_pair(200, dangling=0, edge_loss=0.2)
    names = [
        {(g.entities[h].split(":")[1], g.entities[t].split(":")[1]) for h, _, t in g.triples}
        for g in (task.left, task.right)
    ]
    shared = len(names[0] & names[1]) / len(names[0] | names[1])
    assert 0.55 < shared < 0.78  # 0.64 / 0.96 = 0.67 expected
    whole, _ = planted_pair(200, dangling=0, edge_loss=0)
    assert len(whole.left.triples) == len(whole.right.triples) > len(task.left.triples)


def test_noise_and_spread_make_it_harder():
    easy = nearest_is_correct(*planted_pair(200, noise=0.1)).mean()
    noisy = nearest_is_correct(*planted_pair(200, noise=2.0)).mean()
    confusable = nearest_is_correct(*planted_pair(200, spread=0.3)).mean()
    default = nearest_is_correct(*planted_pair(200)).mean()
    assert easy == 1 and noisy < 0.5 * easy and confusable < default < 1.0


def test_noise_by_region():
    task, features = planted_pair(400, 2, noise=(0.1, 3.0))
    hit = nearest_is_correct(task, features)
    region = np.array([task.left.groups[i] for i in task.links[:, 0]])
    assert hit[region == "region 0"].mean() > hit[region == "region 1"].mean() + 0.5


def test_modalities_are_turned_apart_and_missing_ones_masked():
    task, features = planted_pair(300, 2, missing=(0.0, 0.5), modalities=("image", "text"), dangling=0)
    assert list(features) == ["image", "text"]
    region = np.array(task.left.groups)
    present = features["image"].left.present
    assert present[region == "region 0"].all()
    assert 0.3 < present[region == "region 1"].mean() < 0.7
    assert not features["image"].left.values[~present].any()
    assert not np.array_equal(present, features["text"].left.present)
    both = present & features["text"].left.present
    product = features["image"].left.values[both] * features["text"].left.values[both]
    assert (
        abs(product.sum(axis=1).mean()) < 0.5 * (features["image"].left.values[both] ** 2).sum(axis=1).mean()
    )


def test_it_is_fast():
    planted_pair(60)
    best = min(_seconds() for _ in range(5))
    assert best < 0.05


def _seconds() -> float:
    start = time.perf_counter()
    planted_pair(200)
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 3}, "n is 3"),
        ({"dim": 0}, "dim is 0"),
        ({"regions": 0}, "regions is 0"),
        ({"regions": (1, -1)}, "regions is"),
        ({"regions": 500}, "regions is 500"),
        ({"spread": (1, 2)}, "spread has 2 values for 4 regions"),
        ({"noise": -1}, "noise is -1"),
        ({"noise": float("inf")}, "noise is inf"),
        ({"missing": 1.5}, "missing is 1.5; give numbers from 0 to 1"),
        ({"edge_loss": 1.0}, "edge_loss is 1.0"),
        ({"dangling": 0.5}, "dangling is 0.5"),
        ({"random_state": -1}, "random_state is -1"),
    ],
)
def test_impossible_parameters(wrong, message):
    with pytest.raises(ParameterError, match=message):
        planted_pair(**wrong)
