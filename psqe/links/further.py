"""Further links of entities that may have several counterparts, learned without labels from the links.

One-to-one links are chosen first (:mod:`psqe.links.predict`). Where a left entity may have several right
counterparts, the best left entity of each right entity in no link is then looked for, whether that one
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

There is one exception. Entities of accepted pairs, and of seeds that became links without competition, take
no part when one-to-one links are chosen. A second counterpart of such an entity is then linked with an entity
that resembles it less. It therefore asks, too, and its link is replaced if the further one has more
confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from psqe.evaluation.ranks import TIE
from psqe.evaluation.truth import Cardinality
from psqe.graph import SIDES, BoolArray, DoubleArray, FloatArray, IntArray, Side, Sides, positions
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
class DoubtedLinks:
    """Links that were chosen while a better counterpart of one of their entities took no part.

    Parameters
    ----------
    links
        Positions of the links ``(n,)``.
    better
        The better pair of the entity, for each of these links ``(n, 2)``.
    asking
        For either side, the entities that have a better counterpart.

    Examples
    --------
    >>> none = np.empty(0, dtype=np.int64)
    >>> doubted = DoubtedLinks(np.array([1]), np.array([[0, 5]]), Sides(none, np.array([5])))
    >>> links = np.array([0.9, 0.6])
    >>> kept, gone = doubted.decided(np.array([[0, 5], [0, 6]]), np.array([0.7, 0.4]), links, 0.5)
    >>> kept.tolist(), gone.tolist()
    ([True, False], [False, True])
    """

    links: IntArray
    better: IntArray
    asking: Sides[IntArray]

    def decided(
        self, further: IntArray, confidence: FloatArray, of_links: FloatArray, least: float
    ) -> tuple[BoolArray, BoolArray]:
        """Tell which further pairs become links, and which links they replace.

        Parameters
        ----------
        further
            The further pairs ``(m, 2)``.
        confidence
            Their confidence ``(m,)``.
        of_links
            The confidence of all links.
        least
            The smallest confidence of a further link.
        """
        kept: BoolArray = confidence >= least
        gone = np.zeros(len(of_links), dtype=bool)
        for link, pair in zip(self.links.tolist(), self.better.tolist(), strict=True):
            at = (further == pair).all(axis=1)
            kept[at] &= confidence[at] > of_links[link]
            gone[link] |= bool((kept & at).any())
        return kept, gone


def doubted_links(
    rest: Shortlist,
    ends: Sides[IntArray],
    pairs: IntArray,
    scores: FloatArray,
    known: BoolArray,
    cardinality: Cardinality,
) -> DoubtedLinks:
    """Find links of which an entity resembles more an entity that took no part when they were chosen.

    Parameters
    ----------
    rest
        The pairs to choose from, without links.
    ends
        The entities of the rows and of the columns of ``rest``.
    pairs, scores
        The links ``(n, 2)``, each entity at most once, and their similarities ``(n,)``.
    known
        Which of them did not compete with other pairs ``(n,)``.
    cardinality
        Which side may ask for further links.

    Returns
    -------
    DoubtedLinks
        The links that competed, and the better pair of one of their entities, whose other entity did not
        compete.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> left = np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32)
    >>> right = np.array([[1.0, 0.0], [0.96, 0.28]], dtype=np.float32)
    >>> pairs, ends = np.array([[0, 0], [1, 1]]), Sides(np.arange(2), np.arange(2))
    >>> rest = Shortlist.from_similarity(Dot(left, right)).without_pairs(pairs)
    >>> scores, known = np.array([1.0, 0.8], dtype=np.float32), np.array([True, False])
    >>> doubted_links(rest, ends, pairs, scores, known, "one-to-many").better.tolist()
    [[0, 1]]
    """
    sides: dict[Side, tuple[int, Groups]] = {"right": (1, rest.by_column)}
    if cardinality == "many-to-many":
        sides["left"] = (0, rest.by_row)
    links, better = [], []
    asking: dict[Side, IntArray] = {side: np.empty(0, dtype=np.int64) for side in SIDES}
    for side, (column, groups) in sides.items() if len(rest) else ():
        best, _ = groups.two_best(rest.values)
        found = np.column_stack([ends.left[rest.rows[best]], ends.right[rest.columns[best]]])
        at = positions(pairs[:, column], int(ends[side].max()) + 1)[found[:, column]]
        doubted = (at >= 0) & np.isin(found[:, 1 - column], pairs[known, 1 - column])
        doubted[doubted] &= ~known[at[doubted]] & (rest.values[best[doubted]] > scores[at[doubted]] + TIE)
        links.append(at[doubted])
        better.append(found[doubted])
        asking[side] = found[doubted, column]
    return DoubtedLinks(
        np.concatenate([np.empty(0, dtype=np.int64), *links]),
        np.vstack([np.empty((0, 2), dtype=np.int64), *better]),
        Sides(asking["left"], asking["right"]),
    )


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
        ``False`` if a side has entities without a link, but too few links to compare their pairs with. There
        are no pairs then.

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
