"""The confidence of a link: the probability that it is correct, estimated without labels.

The similarities of a trained model have an arbitrary scale, and unsupervised alignment has no labelled pairs
to calibrate that scale on. Four observations replace the labels.

**A model returns the pairs that it was trained on.** Nearly every seed has a similarity close to one, whether
it is correct or not, so the model's similarity is no evidence for a seed. The confidence of a seed comes from
the input features and the graphs, which were not trained: :func:`psqe.seeds.estimate.seed_confidence`.
An aligner that does not return its seeds (``Aligner.returns_seeds``) needs no such
exception.

**A correct nearest neighbour is usually mutual, a wrong one rarely is.** Among candidates that are in no
seed, the share of mutual nearest neighbours therefore estimates the share of correct ones. One temperature
makes the softmax probabilities of nearest neighbours agree with it on average:

    mean over u of p(nearest of u | u) = share of u whose nearest neighbour is mutual

This is temperature scaling (Guo et al. 2017) with mutuality in place of held-out labels. A transport plan
needs half of that temperature (:mod:`psqe.similarity.assignments`), which is what
:func:`model_temperature` returns.

**The best match of an entity without counterpart resembles the second-best match of the other entities.**
Both are the best of the wrong matches. Let ``F1(x)`` be the share of entities whose best match has a
similarity of at most ``x``, and ``F2(x)`` the same for the second-best match. For ``x`` so small that correct
matches are rare, ``F1(x) / F2(x)`` estimates the share of entities whose best match looks like a wrong one
(Storey 2002 estimates the share of true null hypotheses in the same way; the smallest ratio is taken). Such
an entity has no counterpart, or it has one that the similarities do not reveal. The similarities cannot
distinguish the two cases, so half of these entities are taken to have none
(:func:`psqe.similarity.assignments.n_counterparts`). The half
was chosen with emoji en-fr and en-zh, DBP15K zh_en and ja_en, and FB15K-DB15K in view; emoji en-de and en-ja
and DBP15K fr_en were examined afterwards.

Given the temperature and that number, the share of a pair in a transport plan among the candidates
(:mod:`psqe.similarity.assignments`) ranks pairs well where most entities have a counterpart. It is too large
for two entities without counterpart that are left over. The evidence for a pair is therefore the mean of two
logarithms of odds: that of its share, and its lead over the best other pair of either entity
(``TransportPlan.log_odds``).

**An entity whose counterpart is hidden shows how wrong pairs look.** The evidence is shifted so that its mean
probability agrees with the share of correct pairs that such entities suggest (:mod:`psqe.links.orphans`). The
estimate reads no labels, and does not depend on the scale of the similarities.

It assumes that an entity whose counterpart is hidden is like one that has none, or none that the similarities
reveal. Pairs of seeds that are mostly wrong violate this in an aligner that spreads them: hiding one end of a
wrong seed does not make it look like a wrong pair. Iterative learning adds pairs that the model found, which
hiding does not undo. The confidence of a seed is too low where the graph supports a seed that the features do
not support.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from psqe.graph import FloatArray, IntArray
from psqe.links.arguments import check_similarity
from psqe.similarity import Similarity
from psqe.similarity.approximate import EXACT, is_large
from psqe.similarity.neighbours import TEMPERATURE, find_neighbours, log_sum_exp, mutual_in_sample
from psqe.similarity.search import best_in_rows

SAMPLE = 1000
"""Number of candidates of each side whose probabilities are compared with mutuality."""

N_HELD = 256
"""Number of similarities of each of them that are held, the largest, where all are more than
:data:`psqe.similarity.approximate.EXACT`."""


def model_temperature(similarity: Similarity) -> float:
    """Estimate the temperature at which shares of a transport plan approximate probabilities.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)`` of the candidates that are in no seed, in canonical order
        (:mod:`psqe.features.canonical_order`), because a sample is drawn.

    Returns
    -------
    The temperature, or :data:`psqe.similarity.neighbours.TEMPERATURE` where a side has fewer than two
    candidates or all similarities are equal.

    Raises
    ------
    ParameterError
        If the similarities are something else.
    """
    check_similarity(similarity)
    if min(similarity.shape) < 2:
        return TEMPERATURE
    if is_large(similarity):
        find_neighbours(similarity)  # the similarity then knows them, seen from either side
    directions = [(_sample(matrix.shape[0]), matrix) for matrix in (similarity, similarity.T)]
    mutual = float(np.mean([_mutual_rate(rows, matrix) for rows, matrix in directions]))
    samples = [_SampledRows.of(matrix.take(rows, None)) for rows, matrix in directions]
    scale = float(np.mean([sample.lead for sample in samples]))
    if not scale > 0:
        return TEMPERATURE

    def excess(log_temperature: float) -> float:
        """The mean probability of nearest neighbours minus the share of mutual ones."""
        temperature = math.exp(log_temperature)
        return float(np.mean([sample.mean_probability(temperature) for sample in samples])) - mutual

    low, high = math.log(scale / 300), math.log(scale * 30)
    if excess(low) <= 0:
        return math.exp(low) / 2
    if excess(high) >= 0:
        return math.exp(high) / 2
    return math.exp(brentq(excess, low, high, xtol=0.01)) / 2


def _sample(n: int) -> IntArray:
    return np.sort(np.random.default_rng(0).choice(n, min(SAMPLE, n), replace=False)).astype(np.int64)


def _mutual_rate(rows: IntArray, similarity: Similarity) -> float:
    """Share of ``rows`` that are the nearest row of their nearest column."""
    known = similarity.known
    if known is not None:
        return float((known.right_indices[known.left_indices[rows, 0], 0] == rows).mean())
    mutual, _ = mutual_in_sample(
        rows, similarity.take(rows, None), lambda nearest: similarity.T.take(nearest, None)
    )
    return float(mutual.mean())


@dataclass(frozen=True, eq=False)
class _SampledRows:
    """The similarities of a sample of entities to those of the other side, block by block.

    They are held, because probabilities are computed at many temperatures: of the :data:`N_HELD` largest of
    each row where there are more. ``lead`` is the mean distance of a row's largest value from the row's mean,
    which is the scale of the similarities.
    """

    blocks: Sequence[FloatArray]
    lead: float

    @classmethod
    def of(cls, similarity: Similarity) -> _SampledRows:
        blocks, leads = [], []
        for _, block in similarity.blocks():
            leads.append(block.max(axis=1) - block.mean(axis=1))
            blocks.append(block if block.shape[1] <= EXACT else best_in_rows(block, N_HELD)[1])
        return cls(blocks, float(np.concatenate(leads).mean()))

    def mean_probability(self, temperature: float) -> float:
        """Mean softmax probability of the nearest column of a row."""
        scores = [block.max(axis=1) for block in self.blocks]
        totals = np.concatenate(
            [log_sum_exp(block, peak, temperature) for block, peak in zip(self.blocks, scores, strict=True)]
        )
        return float(np.exp(np.concatenate(scores).astype(np.float64) / temperature - totals).mean())
