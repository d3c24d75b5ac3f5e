"""How wrong pairs look, learned without labels from entities whose counterpart is hidden.

An **orphan** is an entity whose likely counterpart is hidden, that is, taken out of the candidates. If the
hidden entity was its true counterpart, whatever the orphan is paired with afterwards is wrong. So orphans
show how often, and with how much evidence, entities are paired that have no counterpart. *Likely* pairs are
those whose two entities are each other's most probable counterpart
(``TransportPlan.mutual``), whatever rule chooses the links in the end.

Let ``G(x)`` be the share of the likely pairs whose evidence is at most ``x``, and ``G0(x)`` the same for the
pairs of orphans. If wrong pairs look like those of orphans, ``G(x) / G0(x)`` is at least the share of wrong
pairs among the likely ones, and near it where ``x`` is so small that correct pairs are rare (as in multiple
testing, Storey 2002). The smallest ratio over some levels of ``x`` is taken. The evidence of all pairs is
then shifted by one constant, so that the mean probability of likely pairs is one minus that share.

Some likely pairs are wrong, and hiding the wrong partner can give an orphan its true one: a few of the pairs
of orphans are correct, which makes the confidence a little too low. An orphan whose
twin has nearly the same features looks surer than most wrong pairs, and entities that really have no
counterpart may be of another kind than those with a likely one. Where most of the chosen pairs are wrong, the
confidence is much too high: a pair of an entity that never had a counterpart is its best one, and a pair of
an orphan is only its second best. On two graphs that share nothing, many links are claimed to be
correct.

Which entities are hidden is drawn from the likely pairs in the order of their left entities. If the two sides
of a pair are exchanged, others are drawn, so that small pairs get other confidences: on 20 planted pairs with
52 candidates a side, that of the same link differs by .05 on average and by up to a quarter.

Hiding a candidate takes its row or column out of the similarities. An aligner that takes links that it found
itself for evidence of others would still have been fitted on links of the hidden candidates. It is therefore
fitted again without them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from psqe.graph import DoubleArray, IntArray, Sides
from psqe.links.plan import TransportPlan
from psqe.similarity.shortlist import Shortlist

HIDDEN = 0.06
"""The share of the likely pairs whose left entity is hidden, and the share whose right one is: few, so that
the others are matched as before. It was not varied."""

N_ORPHANS = 1000
"""Entities are hidden again and again until there are so many orphans of each side, at most
:data:`REPETITIONS` times."""

REPETITIONS = 16

REFITS = 2
"""Where the aligner is fitted each time, entities are hidden so many times, and more often only until there
are :data:`ENOUGH` pairs of orphans."""

ENOUGH = 60

LEVELS = np.linspace(0.2, 0.7, 25)
"""Ratios are compared at the evidence that these shares of the pairs of orphans do not exceed. They were
chosen on emoji/en-de, random state 0."""

FEWEST = 20
"""With fewer pairs of orphans, nothing is calibrated."""

VACUOUS = 0.95
"""Nor is anything calibrated where the estimated share of wrong pairs is larger than this: then the evidence
for pairs of orphans is like that for all likely pairs, and does not tell them apart."""

LARGEST_SHIFT = 12.0

Remaining = Callable[[Sides[IntArray]], tuple[Shortlist, Sides[IntArray]]]
"""Function of the positions of hidden candidates that returns the shortlist of the others, and their former
positions."""


@dataclass(frozen=True, eq=False)
class OrphanPairs:
    """Pairs that orphans are in after their likely counterparts were hidden.

    Parameters
    ----------
    rows, columns
        Integer arrays ``(m,)``: positions of the left and of the right entity in the shortlist of the plan.
    log_odds
        The evidence for each pair (``TransportPlan.log_odds``), ``(m,)``.

    Examples
    --------
    >>> OrphanPairs(np.array([0]), np.array([2]), np.array([-1.5])).log_odds.tolist()
    [-1.5]
    """

    rows: IntArray
    columns: IntArray
    log_odds: DoubleArray


def orphan_pairs(plan: TransportPlan, remaining: Remaining | None = None) -> OrphanPairs:
    """Hide candidates, and collect the pairs that their likely counterparts are in afterwards.

    Parameters
    ----------
    plan
        The plan in which likely pairs are found. Its pairs are in canonical order, because a sample is drawn.
    remaining
        How the shortlist of the remaining candidates is found; by default pairs with hidden candidates are
        left out of the given one (:meth:`psqe.similarity.shortlist.Shortlist.without`).

    Returns
    -------
    The pairs with an orphan; none where there are too few likely pairs to hide anything.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> rng = np.random.default_rng(0)
    >>> left = rng.standard_normal((80, 8)).astype(np.float32)
    >>> right = left + rng.standard_normal((80, 8)).astype(np.float32) / 2
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(left, right)), temperature=1.0)
    >>> bool(orphan_pairs(plan).log_odds.mean() < plan.log_odds[plan.mutual].mean())
    True
    """
    shortlist, likely = plan.shortlist, plan.mutual
    n_hidden = max(1, round(HIDDEN * len(likely)))
    if len(likely) < 2 * n_hidden + 2:
        nothing = np.empty(0, dtype=np.int64)
        return OrphanPairs(nothing, nothing, np.empty(0))
    rng = np.random.default_rng(0)
    found: list[tuple[IntArray, IntArray, DoubleArray]] = []
    for i in range(min(REPETITIONS, math.ceil(N_ORPHANS / n_hidden))):
        if remaining is not None and i >= REFITS and sum(len(rows) for rows, _, _ in found) >= ENOUGH:
            break
        first, second = np.split(rng.permutation(likely)[: 2 * n_hidden], 2)
        hidden = Sides(shortlist.rows[first], shortlist.columns[second])
        orphans = Sides(shortlist.rows[second], shortlist.columns[first])
        listed, kept = (remaining or shortlist.without)(hidden)
        again = TransportPlan.from_shortlist(listed, temperature=plan.temperature)
        rows, columns = kept.left[listed.rows[again.mutual]], kept.right[listed.columns[again.mutual]]
        own = np.isin(rows, orphans.left) | np.isin(columns, orphans.right)
        found.append((rows[own], columns[own], again.log_odds[again.mutual[own]]))
    return OrphanPairs(*map(np.concatenate, zip(*found, strict=True)))


def share_wrong(chosen: DoubleArray, of_orphans: DoubleArray) -> float:
    """Estimate the share of wrong pairs among chosen ones: the smallest ratio over :data:`LEVELS`.

    Parameters
    ----------
    chosen
        The evidence for each chosen pair ``(n,)``, at least one.
    of_orphans
        The evidence for each pair of an orphan ``(m,)``, at least one.

    Returns
    -------
    The share, above 0 and at most 1.

    Examples
    --------
    >>> wrong = np.linspace(-1, 1, 100)
    >>> round(share_wrong(np.append(wrong, np.full(300, 5.0)), wrong), 2)
    0.25
    """
    levels = np.quantile(of_orphans, LEVELS)
    ranked, null = np.sort(chosen), np.sort(of_orphans)
    below = (np.searchsorted(ranked, levels, side="right") + 1) / (len(ranked) + 1)
    below_by_chance = np.searchsorted(null, levels, side="right") / len(null)
    return float(min(1.0, (below / below_by_chance).min()))


def shift(chosen: DoubleArray, wrong: float) -> float:
    """Find what to add to logarithms of odds so that their mean probability is one minus ``wrong``.

    Parameters
    ----------
    chosen
        Logarithms of odds ``(n,)``, at least one.
    wrong
        The share of wrong pairs, from 0 to 1.

    Returns
    -------
    The shift, from ``-LARGEST_SHIFT`` to ``LARGEST_SHIFT``.

    Examples
    --------
    >>> round(shift(np.zeros(3), 0.25), 4) == round(float(np.log(3)), 4)
    True
    """

    def excess(by: float) -> float:
        return float(expit(chosen + by).mean()) - (1 - wrong)

    if excess(-LARGEST_SHIFT) >= 0:
        return -LARGEST_SHIFT
    if excess(LARGEST_SHIFT) <= 0:
        return LARGEST_SHIFT
    return float(brentq(excess, -LARGEST_SHIFT, LARGEST_SHIFT))


def calibrating_shift(plan: TransportPlan, remaining: Remaining | None = None) -> float | None:
    """Compute what to add to the evidence of a plan, so that it tells how many likely pairs are correct.

    Parameters
    ----------
    plan, remaining
        As for :func:`orphan_pairs`.

    Returns
    -------
    The shift; ``None`` with fewer than :data:`FEWEST` pairs of orphans, which say too little, and where the
    evidence does not tell pairs of orphans from others (:data:`VACUOUS`).

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(unit, unit)), temperature=0.1)
    >>> shift = calibrating_shift(plan)
    >>> print(shift)
    None
    """
    of_orphans = orphan_pairs(plan, remaining).log_odds
    if len(of_orphans) < FEWEST:
        return None
    chosen = plan.log_odds[plan.mutual]
    wrong = share_wrong(chosen, of_orphans)
    return None if wrong > VACUOUS else shift(chosen, wrong)


def pair_probabilities(plan: TransportPlan, remaining: Remaining | None = None) -> tuple[DoubleArray, bool]:
    """Estimate the probability that each listed pair of a plan is a link.

    Parameters
    ----------
    plan, remaining
        As for :func:`orphan_pairs`.

    Returns
    -------
    The probabilities ``(n,)``, and whether they are calibrated (:func:`calibrating_shift`). Where they are
    not, the evidence is taken as it is, and they are usually too high.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(unit, unit)), temperature=0.1)
    >>> probabilities, calibrated = pair_probabilities(plan)
    >>> probabilities.shape, calibrated
    ((9,), False)
    """
    by = calibrating_shift(plan, remaining)
    return expit(plan.log_odds + (0.0 if by is None else by)), by is not None
