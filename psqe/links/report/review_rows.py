"""The pairs that a person can review, the most useful one first, and everything known about each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.evaluation.truth import among
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray
from psqe.links.predict import Links
from psqe.links.proposals import N_PROPOSED, propose
from psqe.seeds import SeedSet


@dataclass(frozen=True, eq=False)
class ReviewPairs:
    """The pairs of a review: links, pairs below the threshold, and pairs that a person rejected before.

    Parameters
    ----------
    pairs
        Left and right entity ``(n, 2)``, the pair first whose verdict is expected to help most
        (:mod:`psqe.links.proposals`). Pairs that were accepted before, and then those that were rejected,
        come last.
    confidence
        The confidence of each pair ``(n,)``; not a number for a pair that was rejected before.
    similarity
        The similarity of each pair ``(n,)``; not a number where it is not known.
    margin
        The similarity minus the largest similarity of either entity to another candidate ``(n,)``; not a
        number where it is not known.
    from_seed
        Which pairs were seeds ``(n,)``.
    n_proposed
        The number of pairs at the beginning that are proposed for review.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> rows = review_pairs(task, links)
    >>> len(rows) == len(links.pairs) + len(links.doubtful), rows.n_proposed
    (True, 20)
    """

    pairs: IntArray
    confidence: FloatArray
    similarity: FloatArray
    margin: FloatArray
    from_seed: BoolArray
    n_proposed: int

    def __len__(self) -> int:
        return len(self.pairs)


def review_pairs(task: AlignmentTask, links: Links, seeds: SeedSet | None = None) -> ReviewPairs:
    """List the pairs of a review.

    Parameters
    ----------
    task, links
        The two graphs and their predicted links.
    seeds
        The seeds that the links were found with; where they are not known, only the links that were seeds
        are known to be some.

    Returns
    -------
    ReviewPairs
        The pairs.

    Raises
    ------
    ParameterError
        If the links are those of another task.
    """
    chosen = np.vstack([links.pairs, links.doubtful])
    ranked = propose(task, links, max(1, len(chosen))).pairs
    rejected = links.verdicts.rejected
    pairs = np.vstack([ranked, links.pairs[links.accepted], rejected]).astype(np.int64)
    places = _places_of(chosen, pairs[: len(chosen)])
    unknown = np.full(len(rejected), np.nan, dtype=np.float32)
    confidence = np.concatenate([links.confidence, links.doubtful_confidence])[places]
    similarity = np.concatenate([links.scores, _similarity_of_nearest(task, links)])[places]
    margin = np.concatenate([links.rank_margin, np.full(len(links.doubtful), np.nan, dtype=np.float32)])
    seeded = links.pairs[links.from_seed] if seeds is None else seeds.pairs
    return ReviewPairs(
        pairs,
        np.concatenate([confidence, unknown]).astype(np.float32),
        np.concatenate([similarity, unknown]).astype(np.float32),
        np.concatenate([margin[places], unknown]).astype(np.float32),
        among(pairs, seeded),
        min(N_PROPOSED, len(ranked)),
    )


def _places_of(pairs: IntArray, some: IntArray) -> IntArray:
    """Return the position among ``pairs (n, 2)``, which are distinct, of each of the same pairs."""
    places: IntArray = np.lexsort(pairs.T)[np.argsort(np.lexsort(some.T))]
    return places


def _similarity_of_nearest(task: AlignmentTask, links: Links) -> FloatArray:
    """The similarity of pairs below the threshold ``(m,)``, where one is among the other's two nearest."""
    found = np.full(len(links.doubtful), np.nan, dtype=np.float32)
    for column, graph in enumerate(task.sides):
        nearest = list(links.nearest)[column]
        rows = np.searchsorted(graph.candidates, links.doubtful[:, column])
        same = nearest.entities[rows] == links.doubtful[:, [1 - column]]
        for place in range(same.shape[1]):
            found = np.where(same[:, place], nearest.scores[rows, place], found)
    return found
