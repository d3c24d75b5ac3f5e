"""How wrong pairs look, learned without labels from entities whose counterpart is hidden.

An **orphan** is an entity whose likely counterpart is taken out of the candidates. Whatever it is paired with
afterwards is wrong, so orphans show how often, and with how much evidence, entities are paired that have no
counterpart. Let ``F(x)`` be the share of the chosen pairs whose evidence is at most ``x``, and ``F0(x)`` the
same for the pairs of orphans. Where ``x`` is so small that correct pairs are rare, ``F(x) / F0(x)`` estimates
the share of wrong pairs among the chosen ones, as in multiple testing (Storey 2002). The evidence of all
pairs is then shifted by one constant, so that their mean probability agrees with that share.

Hiding a candidate takes its row or column out of the similarities. An aligner that takes links it found
itself for evidence strengthens wrong links, too, and these are not among the pairs of such orphans. It is
therefore fitted again without the hidden candidates.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from psqe.graph import DoubleArray, Sides
from psqe.links.plan import TransportPlan
from psqe.similarity.shortlist import Shortlist

HIDDEN = 0.06
"""The share of the likely pairs whose left entity is hidden, and the share whose right one is."""

N_ORPHANS = 1000
"""Entities are hidden again and again until there are so many orphans of each side, at most
:data:`REPETITIONS` times, or :data:`REFITS` times where the aligner is fitted each time."""

REPETITIONS = 16
REFITS = 2

LEVELS = np.linspace(0.2, 0.7, 25)
"""Ratios are compared at the evidence that these shares of the pairs of orphans do not exceed. They were
chosen on emoji/en-de, random state 0."""

FEWEST = 20
"""With fewer pairs of orphans, nothing is calibrated."""

LARGEST_SHIFT = 12.0

Remaining = Callable[[Sides[np.ndarray]], tuple[Shortlist, Sides[np.ndarray]]]
"""Function of the positions of hidden candidates that returns the shortlist of the others, and their former
positions."""


def orphan_log_odds(plan: TransportPlan, remaining: Remaining | None = None) -> DoubleArray:
    """Hide candidates, and collect the evidence for the pairs that their counterparts are in afterwards.

    Parameters
    ----------
    plan
        The plan in which likely pairs are found. Its pairs are in canonical order, because a sample is drawn.
    remaining
        How the shortlist of the remaining candidates is found; by default pairs with hidden candidates are
        left out of the given one (:meth:`psqe.similarity.shortlist.Shortlist.without`).

    Returns
    -------
    The evidence (:attr:`psqe.links.plan.TransportPlan.log_odds`) for each pair with an orphan ``(m,)``; none
    where there are too few pairs to hide anything.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> rng = np.random.default_rng(0)
    >>> left = rng.standard_normal((80, 8)).astype(np.float32)
    >>> right = left + rng.standard_normal((80, 8)).astype(np.float32) / 2
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(left, right)), temperature=1.0)
    >>> bool(orphan_log_odds(plan).mean() < plan.log_odds[plan.mutual].mean())
    True
    """
    shortlist, likely = plan.shortlist, plan.mutual
    n_hidden = max(1, round(HIDDEN * len(likely)))
    if len(likely) < 2 * n_hidden + 2:
        return np.empty(0)
    most = REPETITIONS if remaining is None else REFITS
    rng = np.random.default_rng(0)
    found = []
    for _ in range(min(most, math.ceil(N_ORPHANS / n_hidden))):
        first, second = np.split(rng.permutation(likely)[: 2 * n_hidden], 2)
        hidden = Sides(shortlist.rows[first], shortlist.columns[second])
        orphans = Sides(shortlist.rows[second], shortlist.columns[first])
        listed, kept = (remaining or shortlist.without)(hidden)
        again = TransportPlan.from_shortlist(listed, temperature=plan.temperature)
        rows, columns = kept.left[listed.rows[again.mutual]], kept.right[listed.columns[again.mutual]]
        of_orphans = np.isin(rows, orphans.left) | np.isin(columns, orphans.right)
        found.append(again.log_odds[again.mutual[of_orphans]])
    return np.concatenate(found)


def share_wrong(chosen: DoubleArray, of_orphans: DoubleArray) -> float:
    """Estimate the share of wrong pairs among chosen ones.

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


def calibration(plan: TransportPlan, remaining: Remaining | None = None) -> float:
    """Compute what to add to the evidence of a plan, so that it tells how many likely pairs are correct.

    Parameters
    ----------
    plan, remaining
        As for :func:`orphan_log_odds`.

    Returns
    -------
    The shift; 0 with fewer than :data:`FEWEST` pairs of orphans, which say too little.
    """
    of_orphans = orphan_log_odds(plan, remaining)
    if len(of_orphans) < FEWEST:
        return 0.0
    chosen = plan.log_odds[plan.mutual]
    return shift(chosen, share_wrong(chosen, of_orphans))
