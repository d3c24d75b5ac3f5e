"""The confidence of a seed, whose mean over seeds is a label-free estimate of their precision.

:func:`psqe.seeds.confidence.pair_confidence` compares a pair with the alternatives of its two entities by the
features alone. A miner such as PSQE has also looked at the graph, and prefers pairs that fit together. Of the
pairs that look doubtful by their features alone, those that PSQE chose are therefore correct more often than
their confidence says, and the more seeds are wanted, the more such pairs are among them. The confidence of a
seed adds both kinds of evidence:

1. **One counterpart each.** The probability of a pair is its share of a plan that gives each entity at most
   one counterpart (:mod:`psqe.similarity.assignments`). A rival that has a better match elsewhere counts
   little. The number of counterparts is estimated without labels.
2. **Neighbours.** Pairs that are each other's best in such a plan of the features serve as witnesses. Two
   entities are similar if random walks from them reach the two ends of the same witnesses; this similarity
   (:func:`psqe.seeds.neighbourhood.walk_similarity`) is added to that of the features, and the plan is made
   again. Witnesses are chosen by the features, not by the miner.

As in :mod:`psqe.seeds.confidence`, the confidence is reduced by the rate at which decoys reach it by chance.
There is no new constant: the temperature is half of that of shares, and the weight of the walks is that of
PSQE's third stage. The combination was examined on emoji/en-de and then applied to the other pairs.

Aligners and links use :func:`~psqe.seeds.confidence.pair_confidence` instead of this confidence, because
models see the graph themselves.
"""

from __future__ import annotations

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, DoubleArray, FloatArray, IntArray
from psqe.seeds.confidence import candidate_positions, chance_rate, known_candidates
from psqe.seeds.neighbourhood import WALK_WEIGHT, walk_similarity
from psqe.similarity import Dot, Similarity, Sum
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.neighbours import TEMPERATURE
from psqe.similarity.shortlist import Shortlist


def seed_confidence(
    pairs: IntArray, task: AlignmentTask, features: Features, *, device: str = "cpu"
) -> FloatArray:
    """Estimate the probability that seeds are correct, from features and graph, without labels.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``, in any order and not necessarily one-to-one.
    task, features
        The data in which the pairs were found; gold links are not read.
    device
        The torch device that computes similarities; ``cpu`` by default.

    Returns
    -------
    Probabilities ``(n,)``; zero where an entity has none of the modalities, or neither entity is among the
    nearest of the other.

    Raises
    ------
    DataError
        If a pair names an entity that is no candidate, or the features do not fit the task.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(60, noise=0.2, random_state=0)
    >>> bool(seed_confidence(task.links, task, features).mean() > 0.9)
    True
    """
    places, left, right = candidate_positions(pairs, task, features)
    return seed_confidence_in_order(places, task, features, left, right, device=device)


def seed_confidence_in_order(
    pairs: IntArray,
    task: AlignmentTask,
    features: Features,
    left: IntArray,
    right: IntArray,
    *,
    device: str = "cpu",
) -> FloatArray:
    """Compute :func:`seed_confidence` for candidates that are in canonical order already.

    Parameters
    ----------
    pairs
        Positions ``(n, 2)`` in ``left`` and ``right``.
    task, features
        The data.
    left, right
        Candidates in canonical order, as indices into ``task`` and ``features``.
    device
        The torch device that computes similarities; ``cpu`` by default.

    Returns
    -------
    Probabilities ``(n,)``.
    """
    confidence = np.zeros(len(pairs), dtype=np.float32)
    known = [known_candidates(features, left, "left"), known_candidates(features, right, "right")]
    if not len(pairs) or not known[0].any() or not known[1].any():
        return confidence
    comparable = known[0][pairs[:, 0]] & known[1][pairs[:, 1]]
    # Entities without any vector are in no plan, so that positions are those among the others.
    places = np.column_stack([np.cumsum(known[side])[pairs[comparable, side]] - 1 for side in (0, 1)])
    left, right = left[known[0]], right[known[1]]
    of_features = Dot(*fuse(features, left, right), device)
    plan, counterparts = _plan(of_features)
    witnesses, weights = _mutual_best(*plan)
    if len(witnesses):
        walks = walk_similarity(task, left, right, witnesses, weights=weights)
        plan, _ = _plan(Sum((of_features, walks), (1.0, WALK_WEIGHT)), counterparts)
    by_chance = chance_rate(of_features, *places.T)
    confidence[comparable] = _shares_of(*plan, places) * (1 - by_chance)
    return confidence


def _plan(
    similarity: Similarity, counterparts: float | None = None
) -> tuple[tuple[Shortlist, DoubleArray], float]:
    """Return the listed pairs with their shares of a plan, and the number of counterparts.

    The number is estimated if it is not given.
    """
    listed = Shortlist.from_similarity(similarity)
    n = n_counterparts(listed) if counterparts is None else counterparts
    return (listed, probabilities(listed, temperature=TEMPERATURE / 2, n_counterparts=n)), n


def _mutual_best(listed: Shortlist, shares: DoubleArray) -> tuple[IntArray, FloatArray]:
    """Return the pairs ``(n, 2)`` that are the best of their row and column, and their shares ``(n,)``."""
    best = np.intersect1d(listed.by_row.two_best(shares)[0], listed.by_column.two_best(shares)[0])
    return np.column_stack([listed.rows[best], listed.columns[best]]), shares[best].astype(np.float32)


def _shares_of(listed: Shortlist, shares: DoubleArray, pairs: IntArray) -> FloatArray:
    """Return the share of each pair ``(n,)``; zero for a pair that is not listed."""
    cells = listed.rows * listed.shape[1] + listed.columns
    wanted = pairs[:, 0] * listed.shape[1] + pairs[:, 1]
    place = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    found: FloatArray = np.where(cells[place] == wanted, shares[place], 0).astype(np.float32)
    return found
