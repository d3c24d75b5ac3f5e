"""How similarities become confidences where a person has judged some pairs.

Verdicts take pairs out of the competition, above all correct ones: entities without a counterpart stay. What
is estimated among the entities that remain (:mod:`psqe.links.confidence`, :mod:`psqe.links.orphans`) would
therefore depend on how many pairs a person has judged. So it is learned from all entities, before any
verdict. Verdicts change three things only:

- Each accepted pair takes one from the number of entities with a counterpart.
- A judged pair is still a rival of the other pairs of its entities: that a person has judged it makes no
  other pair more similar. Accepted pairs are an exception where the aligner returns its seeds, because their
  entities are hubs there (:mod:`psqe.links.predict`).
- An entity whose likely pair was rejected has a counterpart less often than others, so that the evidence for
  its other pairs is lowered by :data:`DOUBT`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from psqe.graph import BoolArray, DoubleArray, IntArray, Sides
from psqe.links.plan import TransportPlan
from psqe.similarity.assignments import n_visible_counterparts
from psqe.similarity.shortlist import Shortlist

DOUBT = 1.0
"""What is taken from the logarithm of the odds of a pair with an entity whose other pair was rejected. It was
chosen among 0, 1 and 2 on emoji/en-fr, random state 0."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns the similarities of competing entities into confidences.

    Parameters
    ----------
    temperature
        The temperature of the plan (:func:`psqe.links.confidence.model_temperature`).
    shift
        What is added to the evidence for each pair (:func:`psqe.links.orphans.calibrating_shift`); ``None``
        where it could not be learned.
    n_counterparts
        The number of ``entities`` of a side that are taken to have a counterpart.
    entities
        The entities of each side that competed when this was learned.

    Examples
    --------
    >>> calibration = Calibration(0.1, 0.0, 3.0, Sides(np.arange(4), np.arange(4)))
    >>> calibration.entities.left.tolist()
    [0, 1, 2, 3]
    """

    temperature: float
    shift: float | None
    n_counterparts: float
    entities: Sides[IntArray]

    def n_remaining(self, entities: Sides[IntArray], accepted: IntArray, shortlist: Shortlist) -> float:
        """Tell how many entities have a counterpart among those that compete once pairs were accepted.

        Parameters
        ----------
        entities
            The entities of each side that compete now. Those that did not compete before, because they were
            in a seed that was rejected, have a counterpart as often as the others.
        accepted
            The accepted pairs ``(n, 2)``.
        shortlist
            The pairs that compete now.

        Returns
        -------
        The number, above 0 and at most that of the entities of the smaller side, and not smaller than what
        the similarities reveal (:func:`psqe.similarity.assignments.n_visible_counterparts`).
        """
        before = self.entities
        settled = np.isin(accepted[:, 0], before.left) & np.isin(accepted[:, 1], before.right)
        back = min(int((~np.isin(now, then)).sum()) for now, then in zip(entities, before, strict=True))
        share = self.n_counterparts / min(len(own) for own in before)
        n = self.n_counterparts - int(settled.sum()) + share * back
        return float(min(max(n, n_visible_counterparts(shortlist), 1.0), min(shortlist.shape)))

    def confidence(self, plan: TransportPlan, doubted: BoolArray | None = None) -> DoubleArray:
        """Compute the confidence of each listed pair of a plan.

        Parameters
        ----------
        plan
            The plan.
        doubted
            Which pairs have an entity whose other pair was rejected ``(n,)``; by default none.

        Returns
        -------
        The confidences ``(n,)``, from 0 to 1.
        """
        odds = plan.log_odds + (0.0 if self.shift is None else self.shift)
        if doubted is not None:
            odds = odds - DOUBT * doubted
        confidence: DoubleArray = expit(odds)
        return confidence
