"""Which pairs a person should look at first: those whose verdict most probably corrects a mistake.

A verdict on a pair with confidence ``c`` corrects a mistake with probability ``min(c, 1 - c)``: the pair is a
link that is wrong, or it is none and correct. This uncertainty is what a verdict is worth.

An accepted pair is also a seed, and could help the pairs around it. The mean uncertainty of these can
therefore be added with a weight. It is not by default: pairs in uncertain surroundings can be correct
less often than others of the same confidence, so that verdicts on them make the recalibrated confidences
of all pairs too low (page *Reviewing links* of the book).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.adjacency import neighbour_matrix
from psqe.evaluation.truth import among
from psqe.graph import SIDES, AlignmentTask, BoolArray, DoubleArray, IntArray, KnowledgeGraph
from psqe.links.predict import Links, check_links
from psqe.parameters import NonNegativeFloat, PositiveInt, checked

N_PROPOSED = 20
"""Number of pairs that are proposed by default."""

LARGEST_HUB = 50
"""Entities with more triples than that make no pairs neighbours of each other."""

MOST_WEIGHED = 20_000
"""Number of pairs, the least certain ones, whose neighbours are looked at."""


@dataclass(frozen=True, eq=False)
class Proposals:
    """Pairs to look at, the one first whose verdict is worth most.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity.
    confidence
        The confidence of each pair ``(n,)``.
    linked
        Whether each pair is a link ``(n,)``; the others are below the threshold.
    worth
        What the verdict on each pair is expected to be worth ``(n,)``.

    Examples
    --------
    >>> nothing = Proposals(np.empty((0, 2), dtype=int), np.empty(0), np.empty(0, dtype=bool), np.empty(0))
    >>> len(nothing)
    0
    """

    pairs: IntArray
    confidence: DoubleArray
    linked: BoolArray
    worth: DoubleArray

    def __len__(self) -> int:
        return len(self.pairs)


def propose(
    task: AlignmentTask, links: Links, n: int = N_PROPOSED, *, surroundings: float = 0.0
) -> Proposals:
    """Choose the pairs whose verdicts most probably correct a mistake. No gold link is read.

    Parameters
    ----------
    task
        The two graphs.
    links
        Their predicted links.
    n
        The largest number of pairs; 20 by default.
    surroundings
        Weight of the mean uncertainty of the pairs around a pair, beside its own; 0 by default.

    Returns
    -------
    Proposals
        Links and pairs below the threshold that nobody has judged, those first whose verdicts are worth
        most. Pairs that are worth the same are in the order of their identifiers.

    Raises
    ------
    ParameterError
        If the links are those of another task, ``n`` is no positive integer, or ``surroundings`` is negative.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> proposed = propose(task, links, 3)
    >>> len(proposed), bool((proposed.worth[:-1] >= proposed.worth[1:]).all())
    (3, True)
    """
    check_links(task, links)
    n = checked(n, PositiveInt, f"the number of pairs to review is {n!r}")
    surroundings = checked(
        surroundings, NonNegativeFloat, f"the weight of the surroundings is {surroundings!r}"
    )
    pairs = np.vstack([links.pairs, links.doubtful])
    confidence = np.concatenate([links.confidence, links.doubtful_confidence]).astype(np.float64)
    linked = np.arange(len(pairs)) < len(links)
    open_ones = np.flatnonzero(~among(pairs, links.verdicts.accepted))
    pairs, confidence, linked = pairs[open_ones], confidence[open_ones], linked[open_ones]
    own = np.minimum(confidence, 1 - confidence)
    worth = own + surroundings * _around(task, pairs, own) if surroundings else own
    ranked = np.round(worth, 9).tolist()
    names = [
        [task.sides[side].entities[i] for i in pairs[:, column].tolist()] for column, side in enumerate(SIDES)
    ]
    order = sorted(range(len(pairs)), key=lambda k: (-ranked[k], names[0][k], names[1][k]))[:n]
    return Proposals(pairs[order], confidence[order], linked[order], worth[order])


def _around(task: AlignmentTask, pairs: IntArray, own: DoubleArray) -> DoubleArray:
    """Mean uncertainty of the pairs around each pair, in both graphs ``(n,)``; 0 where there are none."""
    found = np.zeros(len(pairs))
    some = np.sort(np.argsort(-own, kind="stable")[:MOST_WEIGHED])
    left, right = (_ties(task.sides[side], pairs[some, column]) for column, side in enumerate(SIDES))
    both = left.multiply(right).tocsr()
    both.data = np.sqrt(both.data)
    both.setdiag(0)
    both.eliminate_zeros()
    total = np.asarray(both.sum(axis=1)).ravel()
    sums = both @ own[some]
    found[some] = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    return found


def _ties(graph: KnowledgeGraph, entities: IntArray) -> sparse.csr_array:
    """How strongly some entities are tied ``(n, n)``: by a triple, or by an entity beside both."""
    beside = neighbour_matrix(graph)
    degrees = np.asarray(beside.sum(axis=1)).ravel()
    rows = beside[entities]
    small = sparse.diags_array(
        np.where((degrees > 0) & (degrees <= LARGEST_HUB), 1 / np.maximum(degrees, 1), 0.0)
    )
    return sparse.csr_array(rows @ small @ rows.T + rows[:, entities])
