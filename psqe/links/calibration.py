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
from psqe.links.plan import TransportPlan
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

    @cached_property
    def _ends(self) -> IntArray:
        """The pairs of the plan as entities ``(n, 2)``."""
        listed = self.plan.shortlist
        return np.column_stack([self.entities.left[listed.rows], self.entities.right[listed.columns]])

    def shares_of(self, pairs: IntArray) -> DoubleArray:
        """Return the share of the plan that pairs of entities ``(n, 2)`` had before any verdict ``(n,)``."""
        listed = self.plan.shortlist
        place = [_places(own, ends) for own, ends in zip(self.entities, pairs.T, strict=True)]
        width = listed.shape[1]
        cells = listed.rows * width + listed.columns  # ascending, as the pairs of a shortlist are
        wanted = np.where((place[0] >= 0) & (place[1] >= 0), place[0] * width + place[1], -1)
        at = np.searchsorted(cells, wanted).clip(max=max(0, len(cells) - 1))
        return np.where(cells[at] == wanted, self.plan.shares[at], 0.0)

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
        alone = [np.isin(own, out) for own, out in zip(self._ends.T, said.no_counterpart, strict=True)]
        rejected = np.unique(np.vstack([said.rejected, self._ends[alone[0] | alone[1]]]), axis=0)
        lost = self.shares_of(rejected)
        numbers = []
        for side, own in enumerate(entities):
            before = (self.entities.left, self.entities.right)[side]
            chances = (self._chances.left, self._chances.right)[side]
            gone = np.zeros(len(before))
            place = _places(before, rejected[:, side])
            np.add.at(gone, place[place >= 0], lost[place >= 0])
            chances = (chances - gone).clip(min=0) / (1 - gone).clip(min=1e-9)
            mean = float(self._chances.left.sum()) / len(before)
            now = _places(before, own)
            numbers.append(float(np.where(now >= 0, chances.clip(0, 1)[now], mean).sum()))
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
        doubt = np.zeros(len(pairs))
        for side in (0, 1):
            entities, where = np.unique(rejected[:, side], return_inverse=True)
            gone = np.bincount(where, lost, minlength=len(entities)).clip(max=1)
            place = _places(entities, pairs[:, side])
            doubt = np.maximum(doubt, np.where(place >= 0, np.append(gone, 0.0)[place], 0.0))
        shift = 0.0 if self.shift is None else self.shift
        confidence: DoubleArray = expit(plan.log_odds + shift - DOUBT * doubt)
        return confidence


def _places(known: IntArray, entities: IntArray) -> IntArray:
    """Return the position of each entity in ``known``, and -1 for one that is not there."""
    order = np.argsort(known)
    if not len(known):
        return np.full(len(entities), -1, dtype=np.int64)
    at = np.searchsorted(known[order], entities).clip(max=len(known) - 1)
    return np.where(known[order][at] == entities, order[at], -1)
