"""Rules that choose links: scores of pairs, a choice by scores, and a smallest confidence."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from psqe.errors import ParameterError
from psqe.evaluation.ranks import TIE
from psqe.evaluation.truth import Cardinality
from psqe.graph import SIDES, DoubleArray, FloatArray, IntArray, Side
from psqe.parameters import check_form
from psqe.similarity import Matching
from psqe.similarity.shortlist import Shortlist, mutual

Rule = Literal["mutual", "one_to_one"]
"""How links are chosen by scores: :func:`mutual` or :func:`one_to_one`."""


SEVERAL: dict[Cardinality, tuple[Side, ...]] = {
    "one-to-one": (), "one-to-many": ("left",), "many-to-many": SIDES
}  # fmt: skip
"""The sides whose entities may be in several links, by the name of the cardinality."""


@dataclass(frozen=True)
class LinkRule:
    """A rule that chooses links.

    Parameters
    ----------
    matching
        The score of a pair: ``cosine`` is its similarity, ``csls`` corrects the similarity for hubs
        (:func:`psqe.similarity.csls`), and ``sinkhorn``, the default, is its share of a transport plan.
    rule
        ``mutual``, the default, chooses pairs that are each other's best (:func:`mutual`). ``one_to_one``
        chooses the one-to-one pairs with the largest sum of scores (:func:`one_to_one`).
    threshold
        The smallest confidence of a link, from 0 to 1. 0, the default, links every pair that the rule
        chooses, so that nothing is left out unless it is asked for: each link has its confidence, by which a
        user can leave it out later. ``None`` takes the threshold that is expected to
        maximise F1 (:func:`best_threshold`).
    cardinality
        ``one-to-one``, the default: an entity is in one link at most. ``one-to-many``: a left entity may be
        in several links, and a right one is in one at most. ``many-to-many``: both may be in several. The
        one-to-one links are chosen first, and then the entities that are in no link get a further one if its
        confidence is at least the threshold and at least 0.5 (:mod:`psqe.links.further`).

    Raises
    ------
    ParameterError
        If the matching, the rule or the cardinality is unknown, or the threshold is not from 0 to 1.

    Examples
    --------
    >>> LinkRule(rule="one_to_one", threshold=0.5)
    LinkRule(matching='sinkhorn', rule='one_to_one', threshold=0.5, cardinality='one-to-one')
    """

    matching: Matching = "sinkhorn"
    rule: Rule = "mutual"
    threshold: float | None = 0.0
    cardinality: Cardinality = "one-to-one"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("matching", self.matching, get_args(Matching)), ("rule", self.rule, get_args(Rule)),
            ("cardinality", self.cardinality, get_args(Cardinality)),
        ):  # fmt: skip
            if not isinstance(value, str) or value not in known:
                raise ParameterError(
                    f"there is no {what} {value!r}", remedy=f"choose from {', '.join(known)}"
                )
        threshold: Any = self.threshold
        number = not isinstance(threshold, bool) and isinstance(threshold, Real)
        if threshold is not None and not (number and 0 <= threshold <= 1):
            raise ParameterError(
                f"the threshold is {reprlib.repr(threshold)}",
                remedy="give a confidence from 0 to 1, or auto (which is None in Python)",
            )

    def choose(self, shortlist: Shortlist, probability: DoubleArray, *, temperature: float) -> IntArray:
        """Choose one-to-one pairs, whatever their confidence and the cardinality.

        Parameters
        ----------
        shortlist
            The pairs to choose from, in canonical order.
        probability
            Float64 array ``(n,)``: the probability of each pair, from
            :func:`psqe.similarity.assignments.probabilities`.
        temperature
            The temperature of these probabilities.

        Returns
        -------
        Positions of the chosen pairs in the shortlist, ascending.
        """
        scores, tie = shortlist.values, TIE
        if self.matching == "csls":
            scores, tie = shortlist.csls(), 2 * TIE
        elif self.matching == "sinkhorn":
            scores, tie = probability, TIE / temperature
        if self.rule == "mutual":
            return mutual(shortlist, scores, tie=tie)
        return one_to_one(shortlist, scores)


def check_rule(rule: object) -> None:
    """Refuse what is no rule that chooses links.

    Raises
    ------
    ParameterError
        If it is something else.

    Examples
    --------
    >>> check_rule(LinkRule())
    """
    check_form("the rule", rule, LinkRule, "give a LinkRule, such as LinkRule(rule='mutual', threshold=0.5)")


def one_to_one(shortlist: Shortlist, scores: DoubleArray) -> IntArray:
    """Choose the one-to-one pairs with the largest sum of scores (Jonker and Volgenant 1987, by SciPy).

    An entity may remain unpaired, which counts as much as the worst listed pair. The solution is exact on the
    listed pairs. If several assignments are best, the order of the entities decides which one is returned, so
    the pairs must be in canonical order (:mod:`psqe.features.canonical_order`).

    Parameters
    ----------
    shortlist
        The pairs to choose from.
    scores
        Float64 array ``(n,)``: the score of each pair.

    Returns
    -------
    Positions of the chosen pairs, ascending.
    """
    n_left, n_right = shortlist.shape
    # Each left entity has one private extra partner, which stands for no counterpart. Costs must be positive.
    cost = 1 + np.concatenate([scores.max() - scores, np.full(n_left, scores.max() - scores.min())])
    entities = np.arange(n_left)
    rows = np.append(shortlist.rows, entities)
    columns = np.append(shortlist.columns, n_right + entities)
    table = sparse.csr_array((cost, (rows, columns)), shape=(n_left, n_right + n_left))
    left, right = min_weight_full_bipartite_matching(table)
    paired = right < n_right
    cells = shortlist.rows * n_right + shortlist.columns
    return np.searchsorted(cells, np.sort(left[paired] * n_right + right[paired])).astype(np.int64)


def best_threshold(confidence: FloatArray | DoubleArray, expected: float) -> float:
    """Compute the threshold of confidence that is expected to maximise the F1 of the links.

    The ``k`` most confident links contain about ``sum of confidence`` correct ones, out of ``expected`` true
    links. The expected F1 is therefore ``2 sum / (k + expected)``, and at the best ``k`` a further link
    improves it as long as the confidence of that link is at least half of the F1 reached (Lipton et al. 2014,
    theorem 1). The function returns that half. No label is read, so the threshold is as good as the
    confidences are.

    Parameters
    ----------
    confidence
        Float array ``(n,)``: the confidence of each pair that could become a link.
    expected
        Number of true links, whether found or not.

    Returns
    -------
    The threshold, from 0 to 1; 0 without pairs.

    Raises
    ------
    ParameterError
        If ``expected`` is negative.
    """
    if expected < 0:
        raise ParameterError(f"{expected:g} true links cannot be expected", remedy="give 0 or more")
    if not len(confidence):
        return 0.0
    descending = -np.sort(-confidence.astype(np.float64))
    half_f1 = descending.cumsum() / (np.arange(1, len(descending) + 1) + expected)
    return float(half_f1.max())
