"""How sure a predicted link is: the probability that it is right, estimated without labels.

Similarities of a trained model are on a scale of its own, and labels to fit that scale to are what nobody
has here. Three facts stand in for them.

**A model gives back what it was trained on.** Practically every seed has a similarity near one, right or
wrong. For a seed the model's similarity is therefore no evidence. Its confidence is that of the input
features, which were not trained: :func:`psqe.seeds.confidence.pair_confidence`.

**A right nearest neighbour is mutual, a wrong one rarely is.** So among candidates that are in no seed the
rate at which the nearest of the other side has them as its own nearest stands for the rate at which it is
right. There is one temperature at which softmax probabilities of nearest ones agree with it in the mean:

    mean over u of p(nearest of u | u) = share of u whose nearest is mutual

This is temperature scaling (Guo et al. 2017) with mutuality in place of labels held out. A transport plan
needs half of it (:mod:`psqe.links.transport`), which is what :func:`model_temperature` returns.

**The nearest of an entity without counterpart is about as near as the second nearest of others.** Both are
the best of the wrong ones. Let ``F1(x)`` be the share of entities whose nearest has a similarity of at most
``x``, and ``F2(x)`` the same for the second nearest. Where ``x`` is so small that right ones are rare,
``F1(x) / F2(x)`` is the share of entities whose nearest looks like a wrong one (Storey 2002 estimates the
share of true null hypotheses so; the smallest ratio is taken). Such an entity has no counterpart, or it has
one that the similarities do not show. They cannot tell which, so half of them are taken to have none:
:func:`n_counterparts`. The half was settled with emoji en-fr and en-zh, zh_en, ja_en and FB15K-DB15K in view;
emoji en-de and en-ja and fr_en were looked at afterwards.

With temperature and number the probability of each pair is its share of a transport plan among the candidates
that are in no seed (:mod:`psqe.links.transport`). It follows any change of the scale of the similarities.

It is supposed that a right counterpart, when it is there, is among the nearest, and that an entity without
one has several poor candidates rather than one good one. A model of a single modality breaks this: what its
modality cannot tell apart it does not know, and its links claim too much. Where all entities have their wrong
ones about equally near, as in noise, the smallest ratio is too small and too many seem to have a counterpart.
Links chosen by their confidence claim too much where features say little: the choice favours what is
overestimated. Where the graph speaks for a seed of which the features say little, the seed claims too little.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from psqe.graph import DoubleArray, IntArray
from psqe.links.shortlist import Shortlist
from psqe.similarity import Similarity
from psqe.similarity.neighbours import TEMPERATURE, mutual_in_sample, nearest_one_way

SAMPLE = 1000
"""Candidates of each side of which probabilities are compared with mutuality."""

FIRST_LEVEL = 0.1
"""The share of second nearest ones below which ratios of shares are of too few entities to be looked at."""


def model_temperature(similarity: Similarity) -> float:
    """The temperature at which shares of pairs come near to probabilities.

    Parameters
    ----------
    similarity
        Between the candidates that are in no seed ``(n_left, n_right)``, in canonical order
        (:mod:`psqe.features.canonical`), for a sample is drawn.

    Returns
    -------
    The temperature; :data:`psqe.similarity.neighbours.TEMPERATURE` where a side has fewer than two
    candidates, and there is nothing to compare.
    """
    if min(similarity.shape) < 2:
        return TEMPERATURE
    sides = [(_sample(one.shape[0]), one) for one in (similarity, similarity.T)]
    parts = [one.take(rows, None) for rows, one in sides]
    mutual = float(np.mean([_mutual_rate(rows, one) for rows, one in sides]))
    scale = float(np.mean([_lead(part) for part in parts]))
    if not scale > 0:
        return TEMPERATURE

    def too_sure(log_t: float) -> float:
        return float(np.mean([_expected(part, math.exp(log_t)) for part in parts])) - mutual

    low, high = math.log(scale / 300), math.log(scale * 30)
    if too_sure(low) <= 0:
        return math.exp(low) / 2
    if too_sure(high) >= 0:
        return math.exp(high) / 2
    return math.exp(brentq(too_sure, low, high, xtol=0.01)) / 2


def n_counterparts(listed: Shortlist) -> float:
    """How many entities of a side have a counterpart on the other, estimated without labels.

    Parameters
    ----------
    listed
        Pairs of candidates that are in no seed.

    Returns
    -------
    The middle between all of the smaller side, and all but those whose nearest looks like a wrong one. All of
    the smaller side where a side has only one candidate, and so nobody of the other a second nearest.
    """
    most = min(listed.shape)
    if most < 2:
        return float(most)
    seen = max(n * (1 - _look_wrong(scores)) for n, scores in zip(listed.shape, listed.nearest, strict=True))
    return (min(seen, most) + most) / 2


def _look_wrong(scores: DoubleArray) -> float:
    """Share of entities whose nearest looks like a wrong one, by similarities ``(n, k)`` of their nearest."""
    first, second = np.sort(scores[:, 0]), np.sort(scores[:, 1])
    levels = second[math.ceil(FIRST_LEVEL * len(second)) - 1 :]
    reached = [np.searchsorted(values, levels, side="right") for values in (first, second)]
    return float((reached[0] / reached[1]).min())


def _sample(n: int) -> IntArray:
    return np.sort(np.random.default_rng(0).choice(n, min(SAMPLE, n), replace=False)).astype(np.int64)


def _mutual_rate(rows: IntArray, similarity: Similarity) -> float:
    """Share of ``rows`` whose nearest column has them as its nearest."""
    mutual, _ = mutual_in_sample(
        rows, similarity.take(rows, None), lambda nearest: similarity.T.take(nearest, None)
    )
    return float(mutual.mean())


def _lead(part: Similarity) -> float:
    """How far the nearest is ahead of the mean, in the mean over rows: the scale of the similarities."""
    return float(
        np.concatenate([block.max(axis=1) - block.mean(axis=1) for _, block in part.blocks()]).mean()
    )


def _expected(part: Similarity, temperature: float) -> float:
    """Mean probability of the nearest."""
    _, scores, totals = nearest_one_way(part, temperature=temperature)
    return float(np.exp(scores.astype(np.float64) / temperature - totals).mean())
