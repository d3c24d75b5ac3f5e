"""Further links of entities that may have several counterparts, learned without labels from the links.

One-to-one links are chosen first (:mod:`psqe.links.predict`). Where a left entity may have several right
counterparts, each right entity in no link then asks for the left entity that is best for it, whether that one
is linked or not. Where a right entity may have several left ones, each left entity in no link does the same.

Every entity has a best one, also if it has no counterpart. A linked entity shows how such a pair looks: taken
without its own link, its best other pair is wrong as a rule, because its counterpart is known. The evidence
for the pairs of entities in no link is compared with that for these pairs, as the evidence for likely pairs
is compared with that for pairs of orphans (:mod:`psqe.links.orphans`): the same ratio estimates the share of
wrong pairs, and a shift makes the mean probability agree with it. On one-to-one data the two look alike, and
nearly no further link is found.

The evidence for a further pair is its CSLS in units of the temperature. Its lead over the rivals of its
entities says little here, because an entity with two counterparts has a rival that is correct. An entity that
is linked asks for no further one by itself, so that of three entities and three others that are all the same,
not all nine links are found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from psqe.evaluation.ranks import TIE
from psqe.evaluation.truth import Cardinality
from psqe.graph import BoolArray, DoubleArray, IntArray, Side, Sides
from psqe.links.orphans import FEWEST, VACUOUS, share_wrong, shift
from psqe.links.plan import LEAD_UNIT
from psqe.similarity import Matching
from psqe.similarity.shortlist import Shortlist
from psqe.similarity.sinkhorn_scaling import Groups

LEAST = 0.5
"""The smallest confidence of a further link, whatever the threshold: below it, a link is more likely wrong
than correct, and every entity in no link has some pair."""


@dataclass(frozen=True, eq=False)
class Asking:
    """Which entities of a shortlist ask for a further link, and which show how wrong pairs look.

    Parameters
    ----------
    unlinked
        For either side, which entities are in no link.
    compared
        For either side, which entities are in a link that competed with other pairs, so that it is no seed
        that became a link without competition.

    Examples
    --------
    >>> unlinked = np.array([False, True])
    >>> Asking(Sides(unlinked, unlinked), Sides(~unlinked, ~unlinked)).compared.left.tolist()
    [True, False]
    """

    unlinked: Sides[BoolArray]
    compared: Sides[BoolArray]


@dataclass(frozen=True, eq=False)
class FurtherPairs:
    """Pairs that could become further links.

    Parameters
    ----------
    places
        Positions of the pairs in the shortlist ``(n,)``, ascending.
    probability
        The probability of each pair ``(n,)``.
    weighed
        Whether there were enough links to tell how wrong pairs look, or nothing to tell. Otherwise there are
        no pairs.

    Examples
    --------
    >>> len(FurtherPairs.none().places)
    0
    """

    places: IntArray
    probability: DoubleArray
    weighed: bool

    @classmethod
    def none(cls, *, weighed: bool = True) -> FurtherPairs:
        """Make further pairs that are none."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0), weighed)


def further_pairs(
    shortlist: Shortlist,
    asking: Asking,
    cardinality: Cardinality,
    matching: Matching,
    *,
    temperature: float,
) -> FurtherPairs:
    """Find the best pair of each entity that is in no link, and its probability.

    Parameters
    ----------
    shortlist
        The pairs to choose from, without those that are links or were rejected.
    asking
        The entities that are in no link, and those that are.
    cardinality
        With ``one-to-many`` right entities ask, with ``many-to-many`` the entities of both sides, and with
        ``one-to-one`` none.
    matching
        ``cosine`` lets an entity ask for the most similar one, and any other for that with the largest CSLS:
        the share of a transport plan assumes one counterpart.
    temperature
        The temperature of the plan that the links were chosen by.

    Returns
    -------
    FurtherPairs
        The pairs. An entity with two equally good ones asks for neither. If two entities ask for each other,
        the pair has the larger of both probabilities.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> listed = Shortlist.from_similarity(Dot(unit, unit))
    >>> nobody = Asking(Sides(*np.zeros((2, 3), dtype=bool)), Sides(*np.ones((2, 3), dtype=bool)))
    >>> len(further_pairs(listed, nobody, "many-to-many", "sinkhorn", temperature=0.1).places)
    0
    """
    if cardinality == "one-to-one" or not len(shortlist):
        return FurtherPairs.none()
    csls = shortlist.csls()
    scores, tie = (shortlist.values, TIE) if matching == "cosine" else (csls, 2 * TIE)
    evidence = csls / (temperature * LEAD_UNIT)
    groups: dict[Side, Groups] = {"right": shortlist.by_column}
    if cardinality == "many-to-many":
        groups["left"] = shortlist.by_row
    found = [
        _of_side(each, scores, evidence, asking.unlinked[side], asking.compared[side], tie)
        for side, each in groups.items()
    ]
    best = np.zeros(len(shortlist))
    for part in found:
        np.maximum.at(best, part.places, part.probability)
    places = np.unique(np.concatenate([part.places for part in found]))
    return FurtherPairs(places, best[places], all(part.weighed for part in found))


def _of_side(
    groups: Groups,
    scores: DoubleArray,
    evidence: DoubleArray,
    unlinked: BoolArray,
    compared: BoolArray,
    tie: float,
) -> FurtherPairs:
    """The best pairs of the unlinked entities of one side, whose pairs are ``groups``."""
    best, lead = groups.lead(scores)
    ask, know = unlinked[groups.filled], compared[groups.filled]
    if not (ask & (lead > tie)).any():
        return FurtherPairs.none()
    if np.count_nonzero(know) < FEWEST:
        return FurtherPairs.none(weighed=False)
    chosen, wrong_ones = evidence[best[ask]], evidence[best[know]]
    wrong = share_wrong(chosen, wrong_ones)
    if wrong > VACUOUS:
        return FurtherPairs.none()
    clear = ask & (lead > tie)
    return FurtherPairs(best[clear], expit(evidence[best[clear]] + shift(chosen, wrong)), True)


def best_rivals(shortlist: Shortlist) -> Sides[DoubleArray]:
    """Find the largest similarity of each entity to an entity that it is not linked with.

    Parameters
    ----------
    shortlist
        Pairs, without those that are links.

    Returns
    -------
    Sides
        The similarities of the left and of the right entities; minus infinity where no pair is listed.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(2, dtype=np.float32)
    >>> best_rivals(Shortlist.from_similarity(Dot(unit, unit))).left.tolist()
    [1.0, 1.0]
    """
    return Sides(
        *(groups.largest(shortlist.values, 1)[:, 0] for groups in (shortlist.by_row, shortlist.by_column))
    )
