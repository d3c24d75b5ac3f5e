"""The adapter begins with the features, and keeps the maps of its best check."""

import numpy as np
from pairs import tiny

from psqe.aligners import ALIGNERS
from psqe.features.nodes import node_vectors
from psqe.seeds import SeedSet, true_links
from psqe.similarity import Dot, mutual_nearest


def adapter(**parameters):
    return ALIGNERS["adapter"](**{"learning_rate": 1e-2, "check_every": 1, "n_epochs": 8, **parameters})


def test_it_begins_with_the_features(planted):
    task, features = planted
    model = adapter(learning_rate=1e-9, n_epochs=2).fit(task, features, true_links(task, 30))
    for side, found in zip(("left", "right"), model.embeddings(), strict=True):
        np.testing.assert_allclose(found, node_vectors(features, side, task.sides[side]), atol=1e-5)


def test_it_keeps_the_best_check_and_stops_after_the_patience(planted):
    task, features = planted
    seeds = true_links(task, 30)
    model = adapter(n_epochs=60, patience=2).fit(task, features, seeds)
    shares = [share for _, share in model.checks_]
    best = int(np.argmax(shares))
    assert best > 0 and len(shares) == best + 3 and shares[0] < shares[best]
    rows, columns = (
        np.setdiff1d(graph.candidates, ends) for graph, ends in zip(task.sides, seeds.pairs.T, strict=True)
    )
    left, right = model.embeddings()
    mutual, _ = mutual_nearest(Dot(left[rows], right[columns]))
    assert 2 * len(mutual) / (len(rows) + len(columns)) == shares[best]


def test_where_all_candidates_are_in_seeds_it_takes_all_its_steps():
    task, features = tiny(6, 6, links=True)
    pairs = np.column_stack([np.arange(6)] * 2)
    seeds = SeedSet(pairs, np.zeros(6), ("given",) * 6)
    model = adapter().fit(task, features, seeds)
    assert model.checks_ == []
    assert not np.allclose(model.embeddings()[0], node_vectors(features, "left", task.left), atol=1e-3)
