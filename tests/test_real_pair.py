"""The contracts of mining once more, on the real emoji pair. Words only: pictures take minutes to encode."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from psqe.datasets import load_task
from psqe.features import Features, build_features
from psqe.features.canonical_order import canonical_order
from psqe.seeds import MINERS, PSQEMiner, correct

N = 300


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    task = load_task("emoji/en-fr")
    return task, build_features(task, ["attribute", "name"], cache_dir=tmp_path_factory.mktemp("cache"))


# Among keywords hundreds of pairs tie, and the pivot's pool of 100 n cells runs dry: it gets a smaller n.
@pytest.mark.parametrize(("name", "n"), [("pivot", 60), ("mutual", N), ("psqe", N)])
def test_ids_and_gold_links_decide_nothing(pair, name, n):
    """Right entities relabelled at random, gold links gone: the same seeds, score for score."""
    task, features = pair
    rng = np.random.default_rng(1)
    everyone = np.arange(task.left.n_entities)
    order = rng.permutation(task.right.n_entities)
    other = dataclasses.replace(task.take(everyone, order), links=None)
    here = MINERS[name](n).mine(task, features)
    there = MINERS[name](n).mine(other, features.take(everyone, order))
    back = np.column_stack([there.pairs[:, 0], order[there.pairs[:, 1]]])
    # The pivot compares keywords, of which hundreds tie at cosine 1; names tell those entities apart.
    np.testing.assert_array_equal(back, here.pairs)
    assert there.scores.tobytes() == here.scores.tobytes()


def test_the_last_bits_of_the_features_do_not_decide_the_order(pair):
    """Another processor rounds otherwise; that must not mean other clusters and other batches."""
    task, features = pair
    rng = np.random.default_rng(2)
    arrays = {}
    for name, modality in features.items():
        for side in ("left", "right"):
            vectors, present = modality[side].values, modality[side].present
            noise = rng.uniform(-1e-7, 1e-7, vectors.shape).astype(np.float32)
            arrays[f"{name}_{side}"], arrays[f"{name}_{side}_present"] = vectors + noise, present
    other = Features.from_arrays(arrays)
    for here, there in zip(canonical_order(task, features), canonical_order(task, other), strict=True):
        np.testing.assert_array_equal(here, there)
    seeds, again = (
        set(map(tuple, PSQEMiner(N, stages=["cluster"]).mine(task, f).pairs.tolist()))
        for f in (features, other)
    )
    assert len(seeds & again) >= N - 1


def test_psqe_is_far_above_chance_on_words_alone(pair):
    task, features = pair
    assert correct(PSQEMiner(N).mine(task, features).pairs, task).mean() > 0.7
