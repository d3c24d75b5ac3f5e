"""How similarities become confidences where a person has judged some pairs.

Verdicts take entities out of the competition, above all those with a counterpart: the others stay. What is
estimated among the entities that remain (:mod:`psqe.links.confidence`, :mod:`psqe.links.orphans`) would
therefore depend on how many pairs a person has judged. So the temperature and the shift of the evidence are
learned from the plan of all competing entities before any verdict. After that, verdicts change three things
here (that accepted pairs are seeds, and :mod:`psqe.links.recalibration`, come beside them):

- An entity that has left takes with it its share of the number of entities with a counterpart: the sum of its
  shares in that plan. A rejected pair takes its share from both of its entities, and by Bayes' theorem they
  have a counterpart with the probability ``(p - s) / (1 - s)``, where ``p`` is the sum of the entity's shares
  and ``s`` that of its rejected pairs.
- An entity with a verdict remains a rival of the others in the leads of pairs: that a person has judged a
  pair makes no other pair more similar. Entities of accepted pairs are an exception where the aligner returns
  its seeds, because they are hubs there (:mod:`psqe.links.predict`).
- If a likely pair of an entity was wrong, its other pairs are correct less often than their evidence says.
  Their logarithm of odds is lowered by :data:`DOUBT` times the share that its rejected pairs had.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from psqe.graph import DoubleArray, IntArray, Sides
from psqe.links.kept import place_of
from psqe.links.plan import TransportPlan, entities_of, places_of_pairs
from psqe.links.verdicts import Verdicts

DOUBT = 2.0
"""What is taken from the logarithm of the odds of a pair if another pair of one of its entities was certain,
and was rejected. It was chosen among 1, 2 and 3 on emoji/en-fr, random states 0 and 1."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns the similarities of competing entities into confidences.

    Parameters
    ----------
    plan
        The transport plan of the entities that competed before any verdict.
    shift
        What is added to the evidence for each pair (:func:`psqe.links.orphans.calibrating_shift`); ``None``
        where it could not be learned.
    entities
        The entities of the rows and of the columns of the plan.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> from psqe.similarity.shortlist import Shortlist
    >>> unit = np.eye(3, dtype=np.float32)
    >>> plan = TransportPlan.from_shortlist(Shortlist.from_similarity(Dot(unit, unit)), temperature=0.1)
    >>> calibration = Calibration(plan, None, Sides(np.arange(3), np.arange(3)))
    >>> calibration.shares_of(np.array([[0, 0], [0, 9]])).round(2).tolist()
    [1.0, 0.0]
    """

    plan: TransportPlan
    shift: float | None
    entities: Sides[IntArray]

    @property
    def temperature(self) -> float:
        """The temperature of the plan (:func:`psqe.links.confidence.model_temperature`)."""
        return self.plan.temperature

    @cached_property
    def _chances(self) -> Sides[DoubleArray]:
        """The sum of the shares of each entity: the probability that it has a counterpart."""
        listed = self.plan.shortlist
        left, right = (
            np.bincount(places, self.plan.shares, minlength=n).clip(0, 1)
            for places, n in zip((listed.rows, listed.columns), listed.shape, strict=True)
        )
        return Sides(left, right)

    def shares_of(self, pairs: IntArray) -> DoubleArray:
        """Return the share of the plan that pairs of entities ``(n, 2)`` had before any verdict ``(n,)``."""
        at = places_of_pairs(pairs, self.plan.shortlist, self.entities)
        return np.where(at >= 0, self.plan.shares[at], 0.0)

    def n_remaining(self, entities: Sides[IntArray], said: Verdicts) -> float:
        """Tell how many entities of a side are taken to have a counterpart among those that compete now.

        Parameters
        ----------
        entities
            The entities of each side that compete now. Those that did not compete before, because they were
            in a seed that was rejected, have a counterpart as often as the others on average.
        said
            The verdicts. All pairs of an entity without a counterpart count as rejected.

        Returns
        -------
        The number, above 0 and at most that of the entities of the smaller side.
        """
        pairs = entities_of(self.plan.shortlist, self.entities)
        alone = [np.isin(own, out) for own, out in zip(pairs.T, said.no_counterpart, strict=True)]
        rejected = np.unique(np.vstack([said.rejected, pairs[alone[0] | alone[1]]]), axis=0)
        lost = self.shares_of(rejected)
        numbers = []
        for now, before, chances, ends in zip(
            entities, self.entities, self._chances, rejected.T, strict=True
        ):
            gone = _sums(before, ends, lost)
            left = ((chances - gone) / (1 - gone).clip(min=1e-9)).clip(0, 1)
            place = place_of(before, now)
            numbers.append(float(np.where(place >= 0, left[place], chances.mean()).sum()))
        most = min(len(entities.left), len(entities.right))
        return float(np.clip(np.mean(numbers), min(1e-3, most), most))

    def confidence(self, plan: TransportPlan, pairs: IntArray, rejected: IntArray) -> DoubleArray:
        """Compute the confidence of each listed pair of a plan.

        Parameters
        ----------
        plan
            The plan of the entities that compete now.
        pairs
            Its pairs as entities ``(n, 2)``.
        rejected
            The rejected pairs ``(m, 2)``.

        Returns
        -------
        The confidences ``(n,)``, from 0 to 1.
        """
        lost = self.shares_of(rejected)
        of_left, of_right = (_sums(own, ends, lost) for own, ends in zip(pairs.T, rejected.T, strict=True))
        doubt = np.maximum(of_left, of_right).clip(max=1)
        shift = 0.0 if self.shift is None else self.shift
        confidence: DoubleArray = expit(plan.log_odds + shift - DOUBT * doubt)
        return confidence


def _sums(entities: IntArray, of: IntArray, values: DoubleArray) -> DoubleArray:
    """Add up the values ``(m,)`` that belong to each entity; ``of`` tells whose they are ``(m,)``."""
    known, where = np.unique(of, return_inverse=True)
    place = place_of(known, entities)
    totals = np.append(np.bincount(where, values, minlength=len(known)), 0.0)
    return totals[place]  # that of an entity without a value is the last one, at -1
