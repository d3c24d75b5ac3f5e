"""What an aligner will do on links without seeds, foretold from margins that it has on seeds it did not see.

The **margin** of a pair is its score minus that of the best other candidate of its left entity; a counterpart
is ranked first exactly if its margin is positive. An aligner that starts from the features shifts the margins
that the features have. :class:`MarginShift` takes the law of the shift from seeds, each held out once, and
applies it to the features' margins of other links. Proposition P8 says when this is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from psqe.aligners import Aligner
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.graph import AlignmentTask, DoubleArray, IntArray
from psqe.seeds import SeedSet
from psqe.similarity import Matching, Similarity, matched_by_each


def pair_margins(similarity: Similarity, pairs: IntArray) -> DoubleArray:
    """Return how far each pair is ahead of the best other candidate of its left entity.

    Parameters
    ----------
    similarity
        Scores ``(n_left, n_right)``, at least two columns.
    pairs
        Row and column of each pair ``(n, 2)``.

    Returns
    -------
    Margins ``(n,)``; negative where another candidate is ahead.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> scores = Dot(np.array([[3.0, 1.0, 0.0]], dtype=np.float32), np.eye(3, dtype=np.float32))
    >>> pair_margins(scores, np.array([[0, 0], [0, 1]])).tolist()
    [2.0, -2.0]
    """
    found = np.empty(len(pairs))
    for start, block in similarity.blocks():
        chosen = np.flatnonzero((pairs[:, 0] >= start) & (pairs[:, 0] < start + len(block)))
        rows, columns = pairs[chosen, 0] - start, pairs[chosen, 1]
        two = np.partition(block, -2, axis=1)[:, -2:].astype(np.float64)
        own = block[rows, columns].astype(np.float64)
        best, second = two[rows].max(axis=1), two[rows].min(axis=1)
        found[chosen] = own - np.where(own == best, second, best)
    return found


def task_margins(
    task: AlignmentTask,
    scorer: Callable[[IntArray, IntArray], Similarity],
    pairs: IntArray,
    matchings: Collection[Matching],
) -> dict[Matching, DoubleArray]:
    """Return the margins of pairs of entities among all candidates, by the name of the matching.

    Parameters
    ----------
    task
        The pair of graphs.
    scorer
        The similarities, such as ``aligner.similarity``.
    pairs
        Left and right candidates ``(n, 2)``.
    matchings
        What is made of the similarities before they are compared.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> task, features = planted_pair(30, random_state=0)
    >>> list(task_margins(task, feature_scorer(task, features), task.links, ["cosine"]))
    ['cosine']
    """
    left, right = (np.sort(graph.candidates) for graph in task.sides)
    places = np.column_stack([np.searchsorted(left, pairs[:, 0]), np.searchsorted(right, pairs[:, 1])])
    scores = matched_by_each(scorer(left, right), matchings)
    return {matching: pair_margins(each, places) for matching, each in scores.items()}


def held_out_margins(
    build: Callable[[], Aligner],
    task: AlignmentTask,
    features: Features,
    seeds: SeedSet,
    matchings: Collection[Matching],
    *,
    n_parts: int = 2,
) -> dict[Matching, DoubleArray]:
    """Return the margins that seeds have under an aligner that was fitted on other seeds.

    The seeds are divided into parts at random, the same on every call. For each part the aligner is fitted on
    all other parts. Gold links are not read.

    Parameters
    ----------
    build
        A function that makes an aligner which is not fitted.
    task, features, seeds
        The data and the seeds, whose ends are candidates.
    matchings
        As for :func:`task_margins`.
    n_parts
        Number of parts, 2 by default.

    Returns
    -------
    Margins ``(n_seeds,)`` by the name of the matching.

    Raises
    ------
    ParameterError
        If there are fewer than two parts, or fewer seeds than parts.
    """
    if not 2 <= n_parts <= len(seeds):
        raise ParameterError(f"{len(seeds)} seeds cannot be divided into {n_parts} parts")
    part = np.random.default_rng(0).permutation(len(seeds)) % n_parts
    found: dict[Matching, DoubleArray] = {matching: np.empty(len(seeds)) for matching in matchings}
    for each in range(n_parts):
        out = part == each
        rest = np.flatnonzero(~out)
        others = SeedSet(seeds.pairs[rest], seeds.scores[rest], tuple(seeds.stages[i] for i in rest))
        model = build().fit(task, features, others)
        margins = task_margins(task, model.similarity, seeds.pairs[out], matchings)
        for matching, values in margins.items():
            found[matching][out] = values
    return found


@dataclass(frozen=True, eq=False)
class MarginShift:
    """The law of what an aligner adds to margins, estimated from pairs for which both margins are known.

    Attributes
    ----------
    shifts
        What was added to the margin of each pair, in ascending order ``(n,)``.
    weights
        The weight of each of them ``(n,)``; they add up to one.

    Examples
    --------
    >>> law = MarginShift.fit([0.1, 0.2, -0.1], [0.3, 0.3, -0.1], weights=[1.0, 1.0, 1.0], scale=1e9)
    >>> law.shifts.round(6).tolist()
    [0.0, 0.1, 0.2]
    >>> law.first([-0.15, 0.05]).round(3).tolist()
    [0.333, 1.0]
    """

    shifts: DoubleArray
    weights: DoubleArray

    @classmethod
    def fit(cls, before: ArrayLike, after: ArrayLike, *, weights: ArrayLike, scale: float) -> MarginShift:
        """Take the law from pairs.

        Parameters
        ----------
        before, after
            The margins of each pair under the features, and under an aligner that did not see it ``(n,)``.
        weights
            How much each pair counts ``(n,)``, such as its confidence.
        scale
            Margins of this size count half. Whether a counterpart is ranked first can change only where the
            margin is small, so pairs with a small margin tell more.

        Raises
        ------
        ParameterError
            If shapes differ, no weight is positive, or the scale is not.
        """
        first, second, given = (np.asarray(each, dtype=np.float64) for each in (before, after, weights))
        if not first.shape == second.shape == given.shape or not given.sum() > 0 or not scale > 0:
            raise ParameterError("margins and weights must be equally many, and weights and scale positive")
        near = given / (1 + (first / scale) ** 2)
        order = np.argsort(second - first, kind="stable")
        return cls((second - first)[order], (near / near.sum())[order])

    @property
    def mean(self) -> float:
        """The mean shift."""
        return float(self.weights @ self.shifts)

    @property
    def deviation(self) -> float:
        """The standard deviation of the shift."""
        return float(np.sqrt(self.weights @ (self.shifts - self.mean) ** 2))

    def first(self, margins: ArrayLike) -> DoubleArray:
        """Return the probability that a pair with each margin will be ranked first ``(n,)``."""
        below = np.concatenate([[0.0], np.cumsum(self.weights)])
        place = np.searchsorted(self.shifts, -np.asarray(margins, dtype=np.float64), side="right")
        chances: DoubleArray = np.clip(1 - below[place], 0, 1)
        return chances
