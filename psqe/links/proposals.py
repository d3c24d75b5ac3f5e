"""Which pairs a person should look at first: those whose verdict is expected to raise F1 most.

Let there be ``N`` links, with the confidences ``c``, and let ``E`` true links be expected, so that the
expected F1 is ``F = 2 (sum of c) / (N + E)``. A verdict can show two mistakes. A link is wrong, with the
probability ``1 - c``: without it F1 grows by about ``F / (N + E)``. Or a pair that is no link is correct,
with the probability ``c``: with it F1 grows by about ``(2 - F) / (N + E)``. Without the common
denominator, a verdict is therefore worth

    (1 - c) F  on a link, and  c (2 - F)  on a pair that is no link.

Where the threshold is the best one, ``F / 2`` (:func:`psqe.links.rules.best_threshold`), a verdict is
worth most on pairs at the threshold, where both are equal. Verdicts on these pairs also tell where the
threshold should be. Where the threshold is lower, the links below ``F / 2`` count as none here: leaving
them out takes a higher threshold, and no verdict.
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
        The gain of F1 that is expected of the verdict on each pair ``(n,)``, times the sum of the number of
        links and the number of true links to expect.

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
    kept = linked & (confidence >= best_threshold(confidence, links.expected_links))
    worth = expected_gain(confidence, kept, links.expected_links)
    open_ones = np.flatnonzero(~among(pairs, links.verdicts.accepted))
    pairs, confidence = pairs[open_ones], confidence[open_ones]
    linked, worth = linked[open_ones], worth[open_ones]
    ranked = np.round(worth, 9).tolist()
    names = [
        [task.sides[side].entities[i] for i in pairs[:, column].tolist()] for column, side in enumerate(SIDES)
    ]
    order = sorted(range(len(pairs)), key=lambda k: (-ranked[k], names[0][k], names[1][k]))[:n]
    return Proposals(pairs[order], confidence[order], linked[order], worth[order])


def expected_gain(confidence: DoubleArray, linked: BoolArray, expected: float) -> DoubleArray:
    """Compute what verdicts on pairs are expected to be worth, see :mod:`psqe.links.proposals`.

    Parameters
    ----------
    confidence
        The confidence of each pair ``(n,)``.
    linked
        Which pairs are links ``(n,)``.
    expected
        Number of true links to expect, whether found or not.

    Returns
    -------
    numpy.ndarray
        The expected gain of F1 ``(n,)``, times the sum of the number of links and ``expected``.

    Examples
    --------
    >>> confidence = np.array([0.9, 0.7, 0.4, 0.2])
    >>> expected_gain(confidence, confidence > 0.3, expected=2.0).round(2).tolist()
    [0.08, 0.24, 0.48, 0.24]
    """
    f1 = 2 * float(confidence[linked].sum()) / max(int(linked.sum()) + expected, 1e-9)
    return np.where(linked, (1 - confidence) * f1, confidence * (2 - f1))
