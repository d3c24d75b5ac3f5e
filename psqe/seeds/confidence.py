"""Label-free confidence: the probability that a pair is correct, estimated from its features alone.

A pair's **confidence** starts from its share (:mod:`psqe.similarity.neighbours`) under the fused features:
the probability of the pair among all alternatives of its two entities. The share assumes that the features
reveal the counterpart. But features without information also have nearest pairs, and some of these have a
large share by chance. The number of such pairs is estimated with **decoys**, as in the search of mass spectra
(Elias & Gygi 2007). Decoys are the right vectors with the signs of their coordinates drawn at random, so they
have the number, the lengths and the density of the real vectors, and none of them is a counterpart. The share
of a pair is reduced by the rate at which decoys reach it.

Neither step needs gold links or the miner, so the confidence can be computed for any pairs. It sees features
alone, and it is what models and links weigh seeds by. :mod:`psqe.seeds.estimate` adds the evidence of the
graph; the mean of that confidence estimates the precision of seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psqe.errors import DataError
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_candidates
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray, Side
from psqe.similarity import Dot, shares
from psqe.similarity.neighbours import mutual_in_sample
from psqe.whole_numbers import whole_numbers

SAMPLE = 1000
"""Number of left candidates whose mutual nearest pairs are counted, among right candidates and decoys."""

DECOYS = 2000
"""Smallest number of comparisons with decoys. With fewer candidates, decoys are drawn repeatedly."""


@dataclass(frozen=True, eq=False)
class DecoyEstimate:
    """How often mutual nearest pairs reach a share by chance, estimated with decoys.

    Parameters
    ----------
    target_shares, decoy_shares
        Shares of the mutual nearest pairs of a sample of left candidates, among the right candidates and
        among decoys; ascending.
    n_draws
        Number of times that decoys were drawn.
    unmatched
        Estimated share of the sampled candidates that are in no correct pair, in [0, 1].

    Examples
    --------
    >>> shares = np.array([0.5, 0.9], dtype=np.float32)
    >>> estimate = DecoyEstimate.from_shares(shares, shares[:0], 4)
    >>> round(estimate.unmatched, 2), estimate.chance_rate(shares).tolist()
    (0.65, [0.0, 0.0])
    """

    target_shares: FloatArray
    decoy_shares: FloatArray
    n_draws: int
    unmatched: float

    @classmethod
    def from_shares(
        cls, target_shares: FloatArray, decoy_shares: FloatArray, n: int, *, n_draws: int = 1
    ) -> DecoyEstimate:
        """Solve for the unmatched part of a sample.

        A target pair is correct with the probability of its share times the probability that it is not due to
        chance. The unmatched part is one minus the sum of these products over ``n``. As the second
        probability depends on the unmatched part, the equation is solved by iteration, which begins at one.

        Parameters
        ----------
        target_shares, decoy_shares
            Shares of the mutual nearest pairs, in any order.
        n
            Size of the sample.
        n_draws
            Number of times that decoys were drawn.
        """
        estimate = cls(np.sort(target_shares), np.sort(decoy_shares), n_draws, 1.0)
        for _ in range(100):
            correct = estimate.target_shares * (1 - estimate.chance_rate(estimate.target_shares))
            estimate = replace(estimate, unmatched=float(np.clip(1 - correct.sum() / n, 0, 1)))
        return estimate

    def chance_rate(self, shares: FloatArray) -> FloatArray:
        """Estimate which part of the pairs with at least a given share is due to chance.

        Parameters
        ----------
        shares
            The shares ``(n,)``.

        Returns
        -------
        The rates ``(n,)``, in [0, 1].
        """
        n_targets, n_decoys = (
            len(values) - np.searchsorted(values, shares, side="left")
            for values in (self.target_shares, self.decoy_shares)
        )
        rate: FloatArray = np.minimum(1, self.unmatched * n_decoys / self.n_draws / np.maximum(1, n_targets))
        return rate


def pair_confidence(
    pairs: IntArray, task: AlignmentTask, features: Features, *, device: str = "cpu"
) -> FloatArray:
    """Estimate the probability that pairs of candidates are correct, without labels.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``, in any order and not necessarily one-to-one.
    task, features
        The data in which the pairs were found; gold links are not read.
    device
        The torch device that computes similarities.

    Returns
    -------
    Probabilities ``(n,)``; zero where an entity has none of the modalities.

    Raises
    ------
    DataError
        If a pair names an entity that is no candidate, or the features do not fit the task.
    """
    places, left, right = candidate_positions(pairs, task, features)
    return pair_confidence_in_order(places, features, left, right, device=device)


def candidate_positions(
    pairs: IntArray, task: AlignmentTask, features: Features
) -> tuple[IntArray, IntArray, IntArray]:
    """Find pairs among the candidates in canonical order.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``.
    task, features
        The data.

    Returns
    -------
    The positions of the pairs ``(n, 2)`` in the candidates of both sides, and these candidates,
    ``(m_left,)`` and ``(m_right,)``, in canonical order.

    Raises
    ------
    DataError
        If a pair is not two whole numbers or names an entity that is no candidate, or the features do not fit
        the task.
    """
    features.check(task)
    remedy = "give the indices of a left and of a right entity, from 0, in each row"
    pairs = whole_numbers(pairs, "pairs", width=2, remedy=remedy)
    places = np.empty_like(pairs)
    ordered = canonical_candidates(task, features)
    for column, (graph, candidates) in enumerate(zip(task.sides, ordered, strict=True)):
        strange = ~np.isin(pairs[:, column], graph.candidates)
        if strange.any():
            raise DataError(f"{pairs[strange][0, column]} is no candidate of graph {graph.name!r}")
        sorter = np.argsort(candidates)
        places[:, column] = sorter[np.searchsorted(candidates, pairs[:, column], sorter=sorter)]
    return places, ordered.left, ordered.right


def seed_weights(
    pairs: IntArray, task: AlignmentTask, features: Features, *, by_confidence: bool
) -> FloatArray:
    """Return how much each seed counts in an aligner that weighs its seeds.

    Parameters
    ----------
    pairs
        Seeds ``(n, 2)`` as indices into a task in canonical order. A seed from elsewhere may name an entity
        that is no candidate; here it is treated as one.
    task, features
        The task and its features.
    by_confidence
        Whether the weight of a seed is its label-free confidence; otherwise it is 1.

    Returns
    -------
    Weights ``(n,)`` from 0 to 1.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> seed_weights(np.array([[0, 0], [1, 1]]), *planted_pair(9), by_confidence=False).tolist()
    [1.0, 1.0]
    """
    if not by_confidence:
        return np.ones(len(pairs), dtype=np.float32)
    left, right = (
        np.union1d(graph.candidates, ends) for graph, ends in zip(task.sides, pairs.T, strict=True)
    )
    places = np.column_stack([np.searchsorted(left, pairs[:, 0]), np.searchsorted(right, pairs[:, 1])])
    return pair_confidence_in_order(places, features, left, right)


def pair_confidence_in_order(
    pairs: IntArray, features: Features, left: IntArray, right: IntArray, *, device: str = "cpu"
) -> FloatArray:
    """Compute :func:`pair_confidence` for candidates that are in canonical order already.

    Parameters
    ----------
    pairs
        Positions ``(n, 2)`` in ``left`` and ``right``.
    features
        The features.
    left, right
        Candidates in canonical order, as indices into ``features``.
    device
        The torch device that computes similarities.
    """
    known_left = known_candidates(features, left, "left")
    known_right = known_candidates(features, right, "right")
    confidence = np.zeros(len(pairs), dtype=np.float32)
    if not len(pairs) or not known_left.any() or not known_right.any():
        return confidence
    similarity = Dot(*fuse(features, left, right), device)
    comparable = known_left[pairs[:, 0]] & known_right[pairs[:, 1]]
    share = shares(similarity, *pairs[comparable].T)
    confidence[comparable] = share * (1 - _estimate(similarity).chance_rate(share))
    return confidence


def known_candidates(features: Features, entities: IntArray, side: Side) -> BoolArray:
    """Tell which entities ``(m,)`` of a side have at least one modality."""
    known: BoolArray = np.any([modality[side].present[entities] for modality in features.values()], axis=0)
    return known


def chance_rate(similarity: Dot, rows: IntArray, columns: IntArray) -> FloatArray:
    """Estimate which part of the pairs with at least the share of a pair is due to chance.

    Parameters
    ----------
    similarity
        Similarities of fused features ``(n_left, n_right)``.
    rows, columns
        Left and right index of each pair ``(n,)``.

    Returns
    -------
    The rates ``(n,)``, in [0, 1].
    """
    return _estimate(similarity).chance_rate(shares(similarity, rows, columns))


def _estimate(similarity: Dot) -> DecoyEstimate:
    """Count mutual nearest pairs of a sample among targets and among decoys."""
    rng = np.random.default_rng(0)
    n_left, width = similarity.left.shape
    sample = np.sort(rng.choice(n_left, min(SAMPLE, n_left), replace=False))
    n_draws = -(-DECOYS // len(sample))
    targets = _mutual_shares(similarity, sample, np.ones(width, dtype=np.float32))
    decoys = [
        _mutual_shares(similarity, sample, rng.choice(np.array([-1, 1], dtype=np.float32), width))
        for _ in range(n_draws)
    ]
    return DecoyEstimate.from_shares(targets, np.concatenate(decoys), len(sample), n_draws=n_draws)


def _mutual_shares(similarity: Dot, rows: IntArray, signs: FloatArray) -> FloatArray:
    """Return the shares of the mutual nearest pairs of the left candidates ``rows``.

    ``signs (d,)`` multiply the right vectors. As ``<x, signs * y> = <signs * x, y>``, it is enough to
    multiply the few vectors that are compared with all others.
    """
    left, right, device = similarity.left, similarity.right, similarity.device
    mutual, share = mutual_in_sample(
        rows,
        Dot(left[rows] * signs, right, device),
        lambda nearest: Dot(right[nearest] * signs, left, device),
    )
    return share[mutual]
