"""Which pairs a person should look at first: those whose verdict is expected to raise F1 most.

Let ``F`` be the largest F1 that the confidences let one expect. It is reached with the threshold ``F / 2``
(:func:`psqe.links.rules.best_threshold`). A verdict on a pair with confidence ``c`` can show two mistakes,
and either changes F1 = 2 correct / (links + expected links). The pair is a link, ``c >= F / 2``, and wrong:
without it F1 grows by ``F / (links + expected links)``. Or it is no link and correct: with it F1 grows by
``(2 - F) / (links + expected links)``. The expected gain is therefore, with that denominator left out,

    worth(c) = (1 - c) F  where c >= F / 2, and  c (2 - F)  where c < F / 2.

It is largest at the threshold, where both are equal. The pairs with a confidence near it are also those whose
verdicts tell where the threshold should be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.evaluation.truth import among
from psqe.graph import SIDES, AlignmentTask, BoolArray, DoubleArray, IntArray
from psqe.links.predict import Links, check_links
from psqe.links.rules import best_threshold
from psqe.parameters import PositiveInt, checked

N_PROPOSED = 20
"""Number of pairs that are proposed by default."""


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
        The gain of F1 that is expected of the verdict on each pair ``(n,)``, times the number of links and of
        expected links.

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


def propose(task: AlignmentTask, links: Links, n: int = N_PROPOSED) -> Proposals:
    """Choose the pairs whose verdicts are expected to raise F1 most. No gold link is read.

    Parameters
    ----------
    task
        The two graphs.
    links
        Their predicted links.
    n
        The largest number of pairs; 20 by default.

    Returns
    -------
    Proposals
        Links and pairs below the threshold that nobody has judged, those first whose verdicts are worth
        most. Pairs that are worth the same are in the order of their identifiers.

    Raises
    ------
    ParameterError
        If the links are those of another task, or ``n`` is no positive integer.

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
    pairs = np.vstack([links.pairs, links.doubtful])
    confidence = np.concatenate([links.confidence, links.doubtful_confidence]).astype(np.float64)
    linked = np.arange(len(pairs)) < len(links)
    best_f1 = 2 * best_threshold(confidence, links.expected_links)
    open_ones = np.flatnonzero(~among(pairs, links.verdicts.accepted))
    pairs, confidence, linked = pairs[open_ones], confidence[open_ones], linked[open_ones]
    worth = expected_gain(confidence, best_f1)
    ranked = np.round(worth, 9).tolist()
    names = [
        [task.sides[side].entities[i] for i in pairs[:, column].tolist()] for column, side in enumerate(SIDES)
    ]
    order = sorted(range(len(pairs)), key=lambda k: (-ranked[k], names[0][k], names[1][k]))[:n]
    return Proposals(pairs[order], confidence[order], linked[order], worth[order])


def expected_gain(confidence: DoubleArray, best_f1: float) -> DoubleArray:
    """Compute what verdicts on pairs are expected to be worth, see :mod:`psqe.links.proposals`.

    Parameters
    ----------
    confidence
        The confidence of each pair ``(n,)``.
    best_f1
        The largest F1 that the confidences let one expect.

    Returns
    -------
    numpy.ndarray
        The expected gain of F1 ``(n,)``, times the number of links and of expected links.

    Examples
    --------
    >>> expected_gain(np.array([0.2, 0.4, 0.9]), 0.8).round(2).tolist()
    [0.24, 0.48, 0.08]
    """
    return np.where(2 * confidence >= best_f1, (1 - confidence) * best_f1, confidence * (2 - best_f1))
