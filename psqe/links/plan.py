"""A transport plan over a shortlist, and what it says about each listed pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logit

from psqe.evaluation.ranks import TIE
from psqe.graph import DoubleArray, IntArray, Sides
from psqe.links.confidence import model_temperature
from psqe.links.kept import place_of
from psqe.similarity import Similarity
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.shortlist import Shortlist, mutual

LARGEST_SHARE = 9.0
"""The largest logarithm of odds that a share of the plan counts for."""

LARGEST_LEAD = 30.0
"""The largest lead, in temperatures, that counts."""

LEAD_UNIT = 4.0
"""How many temperatures of lead count as much as one logarithm of odds. CSLS doubles similarities, and a
softmax has twice the temperature of the plan. It was chosen on emoji/en-de, random state 0."""


@dataclass(frozen=True, eq=False)
class TransportPlan:
    """Pairs of candidates, and the share of each in a transport plan with room for no counterpart.

    Parameters
    ----------
    shortlist
        The pairs, in canonical order.
    temperature
        The temperature ``t`` of the plan (:func:`psqe.links.confidence.model_temperature`), half of that of a
        softmax.
    n_counterparts
        The number of entities of a side that are taken to have a counterpart
        (:func:`psqe.similarity.assignments.n_counterparts`).
    shares
        The share of each pair in the plan ``(n,)``.
    leads
        How far the CSLS of each pair is ahead of that of the best other pair of either entity ``(n,)``.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(unit, unit)), temperature=0.1)
    >>> plan.shortlist.rows[plan.mutual].tolist(), plan.shortlist.columns[plan.mutual].tolist()
    ([0, 1, 2], [0, 1, 2])
    """

    shortlist: Shortlist
    temperature: float
    n_counterparts: float
    shares: DoubleArray
    leads: DoubleArray

    @classmethod
    def from_shortlist(
        cls,
        shortlist: Shortlist,
        *,
        temperature: float,
        counterparts: float | None = None,
        leads: DoubleArray | None = None,
    ) -> TransportPlan:
        """Make the plan of a shortlist.

        Parameters
        ----------
        shortlist
            The pairs, in canonical order.
        temperature
            The temperature of the plan, positive.
        counterparts
            The number of entities of a side that are taken to have a counterpart; it is estimated when
            ``None``, the default.
        leads
            How far each pair is ahead, where pairs that are not in the shortlist are rivals, too
            (:func:`leads_among`). By default only the pairs of the shortlist are.

        Raises
        ------
        ParameterError
            If the temperature is not positive, or a side has fewer entities than ``counterparts``.
        """
        n = n_counterparts(shortlist) if counterparts is None else counterparts
        shares = probabilities(shortlist, temperature=temperature, n_counterparts=n)
        return cls(shortlist, temperature, n, shares, leads_in(shortlist) if leads is None else leads)

    @classmethod
    def from_similarity(cls, similarity: Similarity) -> TransportPlan:
        """Make the plan of similarities in canonical order, at the temperature that they suggest.

        Parameters
        ----------
        similarity
            Similarities ``(n_left, n_right)``, both sides in canonical order, because a sample is drawn.

        Raises
        ------
        DataError
            If a side has no entity.
        ParameterError
            If the similarities are something else.
        FloatingPointError
            If a similarity is not finite.
        """
        temperature = model_temperature(similarity)
        shortlist = Shortlist.from_similarity(similarity)
        del similarity  # Of a million entities it holds some gigabytes, which the plan can have.
        return cls.from_shortlist(shortlist, temperature=temperature)

    @cached_property
    def mutual(self) -> IntArray:
        """Positions of the pairs whose two entities are each other's most probable counterpart."""
        return mutual(self.shortlist, self.shares, tie=TIE / self.temperature)

    @cached_property
    def log_odds(self) -> DoubleArray:
        """How much speaks for each pair ``(n,)``, as a logarithm of odds that is not calibrated.

        It is the mean of two numbers. The first is that of the share in the plan, in which rivals that belong
        elsewhere count little. The second is the lead in CSLS over the best other pair of either entity, in
        units of :data:`LEAD_UNIT` temperatures; here such rivals count, because nobody knows that they belong
        elsewhere. The first alone puts too many pairs of entities without counterpart first: once the others
        are assigned, nothing competes with them.
        """
        ahead = (self.leads / self.temperature).clip(-LARGEST_LEAD, LARGEST_LEAD) / LEAD_UNIT
        odds: DoubleArray = (logit(self.shares).clip(-LARGEST_SHARE, LARGEST_SHARE) + ahead) / 2
        return odds


def leads_in(shortlist: Shortlist) -> DoubleArray:
    """Compute how far the CSLS of each pair is ahead of the best other pair of either entity ``(n,)``.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(3, dtype=np.float32)
    >>> leads = leads_in(Shortlist.from_similarity(Dot(unit, unit)))
    >>> bool((leads[[0, 4, 8]] > 0).all() and (np.delete(leads, [0, 4, 8]) < 0).all())
    True
    """
    scores = shortlist.csls()
    return np.minimum(shortlist.by_row.leads(scores), shortlist.by_column.leads(scores))


def leads_among(pairs: IntArray, rivals: Shortlist, ends: Sides[IntArray]) -> DoubleArray:
    """Compute the leads of some pairs where further pairs of their entities are rivals, too.

    Parameters
    ----------
    pairs
        Left and right entity of each pair ``(n, 2)``.
    rivals
        These pairs and their rivals: a pair is compared with the best other one of either of its entities.
    ends
        The entities of the rows and of the columns of ``rivals``.

    Returns
    -------
    The leads ``(n,)``, minus infinity for a pair that is not listed.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit, five = np.eye(3, dtype=np.float32), np.array([5, 6, 7])
    >>> listed = Shortlist.from_similarity(Dot(unit, unit))
    >>> bool(leads_among(np.array([[6, 6]]), listed, Sides(five, five))[0] == leads_in(listed)[4])
    True
    """
    at = places_of_pairs(pairs, rivals, ends)
    return np.where(at >= 0, leads_in(rivals)[at], -np.inf)


def entities_of(listed: Shortlist, ends: Sides[IntArray]) -> IntArray:
    """Return the listed pairs as entities ``(n, 2)``.

    Parameters
    ----------
    listed
        The pairs.
    ends
        The entities of their rows and columns.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> one = np.ones((1, 1), dtype=np.float32)
    >>> listed = Shortlist.from_similarity(Dot(one, one))
    >>> entities_of(listed, Sides(np.array([5]), np.array([7]))).tolist()
    [[5, 7]]
    """
    return np.column_stack([ends.left[listed.rows], ends.right[listed.columns]])


def places_of_pairs(pairs: IntArray, listed: Shortlist, ends: Sides[IntArray]) -> IntArray:
    """Return the place of each pair in a shortlist ``(n,)``, and -1 for one that is not listed.

    Parameters
    ----------
    pairs
        Left and right entity of each pair ``(n, 2)``.
    listed
        The shortlist, with at least one pair.
    ends
        The entities of its rows and columns.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit = np.eye(2, dtype=np.float32)
    >>> listed, ends = Shortlist.from_similarity(Dot(unit, unit)), Sides(np.array([5, 6]), np.array([8, 7]))
    >>> places_of_pairs(np.array([[6, 8], [5, 9], [5, 7]]), listed, ends).tolist()
    [2, -1, 1]
    """
    rows, columns = (place_of(own, wanted) for own, wanted in zip(ends, pairs.T, strict=True))
    width = listed.shape[1]
    cells = listed.rows * width + listed.columns  # ascending
    wanted = np.where((rows >= 0) & (columns >= 0), rows * width + columns, -1)
    at = np.searchsorted(cells, wanted).clip(max=len(cells) - 1)
    return np.where(cells[at] == wanted, at, -1)
