"""Which pairs become links: scores, a rule that chooses by them, a confidence below which none is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from psqe.errors import ParameterError
from psqe.evaluation.ranks import TIE
from psqe.graph import DoubleArray, FloatArray, IntArray
from psqe.links.shortlist import Shortlist
from psqe.similarity import Matching, mutual_pairs

Rule = Literal["mutual", "one_to_one"]
"""How links are chosen by scores: :func:`mutual` or :func:`one_to_one`."""


@dataclass(frozen=True)
class LinkRule:
    """What links are chosen by.

    Attributes
    ----------
    matching
        The score of a pair: ``cosine`` is the similarity as it is, ``csls`` takes off what makes hubs,
        ``sinkhorn`` is the confidence itself.
    rule
        ``mutual``: pairs that are each other's best, but for ties (:func:`mutual`). ``one_to_one``: those
        with the largest sum (:func:`one_to_one`).
    threshold
        The smallest confidence of a link; ``None`` for the one that is expected to make the largest F1
        (:func:`best_threshold`).

    Raises
    ------
    ParameterError
        If there is no such matching or rule, or the threshold is not from 0 to 1.
    """

    matching: Matching = "sinkhorn"
    rule: Rule = "mutual"
    threshold: float | None = None

    def __post_init__(self) -> None:
        for what, value, known in (
            ("matching", self.matching, get_args(Matching)), ("rule", self.rule, get_args(Rule))
        ):  # fmt: skip
            if value not in known:
                raise ParameterError(
                    f"there is no {what} {value!r}", remedy=f"choose from {', '.join(known)}"
                )
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ParameterError(
                f"the threshold is {self.threshold:g}", remedy="give a confidence from 0 to 1, or auto"
            )

    def choose(self, listed: Shortlist, probability: DoubleArray, *, temperature: float) -> IntArray:
        """Positions of the pairs chosen, one to one, ascending.

        Parameters
        ----------
        listed
            The pairs to choose from, in canonical order.
        probability, temperature
            Of the pairs ``(n,)``, by :func:`psqe.links.transport.probabilities` at this temperature.
        """
        scores, tie = listed.similarity, TIE
        if self.matching == "csls":
            scores, tie = listed.csls(), 2 * TIE
        elif self.matching == "sinkhorn":
            scores, tie = probability, TIE / temperature
        return mutual(listed, scores, tie=tie) if self.rule == "mutual" else one_to_one(listed, scores)


def mutual(listed: Shortlist, scores: DoubleArray, *, tie: float) -> IntArray:
    """Positions of the pairs that have the best score of both their entities, ascending.

    Pairs whose lead over another one of either entity is at most ``tie`` are left out: which of them is best
    could only be decided by the order of the entities, which must decide nothing.
    """
    (of_left, lead_left), (of_right, lead_right) = (
        ends.lead(scores) for ends in (listed.by_left, listed.by_right)
    )
    left, right = mutual_pairs(listed.columns[of_left], listed.rows[of_right])
    clear = np.minimum(lead_left[left], lead_right[right]) > tie
    return of_left[left[clear]]


def one_to_one(listed: Shortlist, scores: DoubleArray) -> IntArray:
    """Positions of the one-to-one pairs with the largest sum of scores, ascending.

    An entity may stay alone; that counts as much as the worst pair listed. Of assignments that are equally
    good one is taken, which depends on the order of the entities: bring them in canonical order
    (:mod:`psqe.features.canonical`). Solved exactly on the listed pairs (Jonker & Volgenant 1987, by SciPy).
    """
    n_left, n_right = listed.shape
    # Each left entity has one more, private partner, for staying alone. Costs have to be positive.
    cost = 1 + np.concatenate([scores.max() - scores, np.full(n_left, scores.max() - scores.min())])
    own = np.arange(n_left)
    rows, columns = np.append(listed.rows, own), np.append(listed.columns, n_right + own)
    table = sparse.csr_array((cost, (rows, columns)), shape=(n_left, n_right + n_left))
    left, right = min_weight_full_bipartite_matching(table)
    pairs = right < n_right
    cells = listed.rows * n_right + listed.columns
    return np.searchsorted(cells, np.sort(left[pairs] * n_right + right[pairs])).astype(np.int64)


def best_threshold(confidence: FloatArray, expected: float) -> float:
    """The confidence from which on links make the largest F1 that is to be expected.

    Of the most confident ``k`` links about ``sum of confidence`` are right, of ``expected`` true ones. So
    ``F1 = 2 sum / (k + expected)``, and at the best ``k`` a further link pays as long as its confidence is
    at least half the F1 reached (Lipton et al. 2014, theorem 1). That half is returned. No label is used: the
    threshold is as good as the confidences.

    Parameters
    ----------
    confidence
        Of all pairs that could become links ``(n,)``.
    expected
        How many true links there are, found or not.

    Raises
    ------
    ParameterError
        If ``expected`` is negative.
    """
    if expected < 0:
        raise ParameterError(f"{expected:g} true links cannot be expected", remedy="give 0 or more")
    if not len(confidence):
        return 0.0
    sure = -np.sort(-confidence.astype(np.float64))
    reached = sure.cumsum() / (np.arange(1, len(sure) + 1) + expected)
    return float(reached.max())
