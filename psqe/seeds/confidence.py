"""How good seeds are, without any label: what to read before training when nothing is known.

A seed's **confidence** starts from its share (:mod:`psqe.similarity.neighbours`) under the fused features:
the chance of the pair among all alternatives of its two entities. That supposes that the counterpart is where
the features look for it. Features that say nothing also have nearest pairs, some of them with a large share,
by chance alone. How many is found out with **decoys**, as in the search of mass spectra (Elias & Gygi 2007):
the right vectors with the signs of their coordinates drawn at random. They are as many, as long and as
crowded as the real ones, and none of them is a counterpart. What decoys reach by chance is taken off.

Neither needs gold links, nor anything of what mined the seeds: it works for seeds from anywhere. The mean
over seeds estimates their precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psqe.errors import DataError
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.similarity import Dot, shares
from psqe.similarity.neighbours import mutual_in_sample

SAMPLE = 1000
"""Left candidates whose nearest pairs are counted, among the right candidates and among the decoys."""

DECOYS = 2000
"""Decoys to look for, at least: with few candidates they are drawn several times."""


@dataclass(frozen=True, eq=False)
class Chance:
    """How often pairs that are nearest in both directions reach a share by chance.

    Attributes
    ----------
    found, decoys
        Shares of such pairs of a sample of left candidates, among the right ones and among decoys;
        ascending.
    n_draws
        How often decoys were drawn.
    unmatched
        Estimated part of the sample that has no pair but by chance.
    """

    found: FloatArray
    decoys: FloatArray
    n_draws: int
    unmatched: float

    @classmethod
    def from_shares(cls, found: FloatArray, decoys: FloatArray, n: int, *, n_draws: int = 1) -> Chance:
        """Solve for the part that is unmatched, given the shares in a sample of ``n``.

        It is what the pairs found leave over, each counted by its share less chance; chance in turn is
        for the unmatched only. Iterating from "all are unmatched" settles in a few steps.
        """
        chance = cls(np.sort(found), np.sort(decoys), n_draws, 1.0)
        for _ in range(100):
            right = chance.found * (1 - chance.rate(chance.found))
            chance = replace(chance, unmatched=float(np.clip(1 - right.sum() / n, 0, 1)))
        return chance

    def rate(self, reached: FloatArray) -> FloatArray:
        """Of the pairs found with at least such a share, the part that is there by chance: ``(n,)``."""
        n_found, n_decoys = (
            len(values) - np.searchsorted(values, reached, side="left")
            for values in (self.found, self.decoys)
        )
        rate: FloatArray = np.minimum(1, self.unmatched * n_decoys / self.n_draws / np.maximum(1, n_found))
        return rate


def pair_confidence(
    pairs: IntArray, task: AlignmentTask, features: Features, *, device: str = "cpu"
) -> FloatArray:
    """Label-free probability that pairs of candidates are right.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``, in any order and not necessarily one-to-one.
    task, features
        Where they come from; gold links are not looked at.
    device
        Where similarities are computed.

    Returns
    -------
    ``(n,)`` in ``[0, 1]``; zero where an entity has none of the modalities.

    Raises
    ------
    DataError
        If a pair names an entity that is no candidate, or the features do not fit the task.
    """
    features.check(task)
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    for column, graph in ((0, task.left), (1, task.right)):
        strange = ~np.isin(pairs[:, column], graph.candidates)
        if strange.any():
            raise DataError(f"{pairs[strange][0, column]} is no candidate of graph {graph.name!r}")
    left, right = canonical_order(task, features)
    ends = left[np.isin(left, task.left.candidates)], right[np.isin(right, task.right.candidates)]
    places = np.empty_like(pairs)
    for column, own in enumerate(ends):
        order = np.argsort(own)
        places[:, column] = order[np.searchsorted(own, pairs[:, column], sorter=order)]
    return pair_confidence_in_order(places, features, *ends, device=device)


def pair_confidence_in_order(
    pairs: IntArray, features: Features, left: IntArray, right: IntArray, *, device: str = "cpu"
) -> FloatArray:
    """:func:`pair_confidence` of positions ``(n, 2)`` in two lists of candidates in canonical order."""
    known = [
        np.any([mask[own] for mask in masks], axis=0)
        for masks, own in (
            ([m.left.present for m in features.values()], left),
            ([m.right.present for m in features.values()], right),
        )
    ]
    result = np.zeros(len(pairs), dtype=np.float32)
    if not len(pairs) or not known[0].any() or not known[1].any():
        return result
    similarity = Dot(*fuse(features, left, right), device)
    can = known[0][pairs[:, 0]] & known[1][pairs[:, 1]]
    reached = shares(similarity, *pairs[can].T)
    result[can] = reached * (1 - _chance(similarity).rate(reached))
    return result


def _chance(similarity: Dot) -> Chance:
    rng = np.random.default_rng(0)
    n_left = similarity.shape[0]
    sample = np.sort(rng.choice(n_left, min(SAMPLE, n_left), replace=False))
    # Few candidates make few decoys: draw them more often.
    n_draws = -(-DECOYS // len(sample))
    width = similarity.right.shape[1]
    found = _mutual_shares(similarity, sample, np.ones(width, dtype=np.float32))
    decoys = [
        _mutual_shares(similarity, sample, rng.choice(np.array([-1, 1], dtype=np.float32), width))
        for _ in range(n_draws)
    ]
    return Chance.from_shares(found, np.concatenate(decoys), len(sample), n_draws=n_draws)


def _mutual_shares(similarity: Dot, rows: IntArray, signs: FloatArray) -> FloatArray:
    """Shares of those of the left candidates ``rows`` that are nearest in both directions.

    ``signs (d,)`` turn the right vectors; as ``<x, signs * y> = <signs * x, y>``, a few left ones will do.
    """
    left, right, device = similarity.left, similarity.right, similarity.device
    mutual, share = mutual_in_sample(
        rows,
        Dot(left[rows] * signs, right, device),
        lambda nearest: Dot(right[nearest] * signs, left, device),
    )
    return share[mutual]
