"""What an earlier run leaves for the choice of links: links that stay, and pairs that were compared.

A link stays unless one of its entities is taken by an entity whose evidence changed, or by one that has lost
its own link. Pairs that were compared need
not be looked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psqe.graph import BoolArray, FloatArray, IntArray, Sides
from psqe.links.recalibration import Recalibration
from psqe.similarity import Similarity
from psqe.similarity.neighbours import updated_neighbours

MOST_CHANGED = 0.5
"""If the shares of changed entities of both sides add up to more than this, all pairs are compared: it would
save little."""


@dataclass(frozen=True, eq=False)
class ListedPairs:
    """The pairs of near entities that an earlier run found, and the entities whose evidence changed since.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity of each pair, each pair once.
    changed
        For either side, the entities that are new or of which evidence changed.

    Examples
    --------
    >>> from psqe.similarity import Dot
    >>> unit, nothing = np.eye(3, dtype=np.float32), np.empty(0, dtype=np.int64)
    >>> listed = ListedPairs(np.array([[4, 7], [5, 8]]), Sides(np.array([6]), nothing))
    >>> similarity = Dot(unit, unit)
    >>> listed.teach(similarity, np.array([4, 5, 6]), np.array([7, 8, 9]))
    >>> similarity.known is None
    False
    """

    pairs: IntArray
    changed: Sides[IntArray]

    def teach(self, similarity: Similarity, left: IntArray, right: IntArray) -> None:
        """Let a similarity know the nearest entities, if less has to be compared for it than all pairs.

        Parameters
        ----------
        similarity
            The similarities of ``left`` and ``right`` entities.
        left, right
            The entities ``(n_left,)`` and ``(n_right,)``.
        """
        changed = Sides(np.isin(left, self.changed.left), np.isin(right, self.changed.right))
        if sum(own.mean() for own in changed) > MOST_CHANGED:
            return
        ends = zip((left, right), self.pairs.T, strict=True)
        places = np.column_stack([place_of(own, entities) for own, entities in ends])
        rows, columns = places[(places >= 0).all(axis=1)].T
        updated_neighbours(similarity, rows, columns, *(np.flatnonzero(own) for own in changed))


def place_of(entities: IntArray, wanted: IntArray) -> IntArray:
    """Return the place of each wanted entity among some entities, each of which is there once; -1 for none.

    Examples
    --------
    >>> place_of(np.array([7, 3]), np.array([3, 5, 7])).tolist()
    [1, -1, 0]
    """
    if not len(wanted):
        return np.empty(0, dtype=np.int64)
    size = 1 + max(int(entities.max(initial=0)), int(wanted.max()))
    places = np.full(size, -1, dtype=np.int64)
    places[entities] = np.arange(len(entities))
    return places[wanted]


@dataclass(frozen=True, eq=False)
class KeptLinks:
    """Links of an earlier run about whose entities nothing changed.

    They stay with their confidence. They give way only where the rule prefers, to one of their entities, an
    entity outside the kept links: one that is new, one whose evidence changed, or one that lost its link.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity of each link, each entity at most once.
    confidence
        Float32 array ``(n,)``: the confidence of each, that of the earlier run unless verdicts changed it.
    estimated
        Float32 array ``(n,)``: the confidence of each in the earlier run before verdicts changed it.
    unlinked_left, unlinked_right
        The entities that had no link in the earlier run, and about which nothing changed. Two of them get no
        link with each other.

    Examples
    --------
    >>> none = np.empty(0, dtype=np.int64)
    >>> sure = np.ones(2, dtype=np.float32)
    >>> kept = KeptLinks(np.array([[0, 5], [1, 6]]), sure, sure, none, none)
    >>> chosen = np.array([[0, 6], [2, 5]])  # 2 is new and takes 5; then 0 is free and takes 6
    >>> stays = kept.settled(chosen)
    >>> stays.tolist(), kept.allowed(chosen, stays).tolist()
    ([False, False], [True, True])
    """

    pairs: IntArray
    confidence: FloatArray
    estimated: FloatArray
    unlinked_left: IntArray
    unlinked_right: IntArray

    def recalibrated(self, by: Recalibration) -> KeptLinks:
        """Change the confidence by what verdicts say, from what it was before any verdict changed it.

        Parameters
        ----------
        by
            The function that changes it.
        """
        return replace(self, confidence=by(self.estimated.astype(np.float64)).astype(np.float32))

    def settled(self, chosen: IntArray) -> BoolArray:
        """Tell which links stay, given the pairs that a rule chose among all entities.

        A chosen pair of a kept entity and one outside the kept links breaks the kept link. The other entity
        of the broken link is then free, and can break a further one.

        Parameters
        ----------
        chosen
            Pairs ``(m, 2)``, each entity at most once.
        """
        stays = np.ones(len(self.pairs), dtype=bool)
        while True:
            left, right = self.pairs[stays].T
            fixed = np.isin(chosen[:, 0], left), np.isin(chosen[:, 1], right)
            # A pair of two kept entities changes nothing: there is no evidence for it that was not there.
            one_fixed = (fixed[0] != fixed[1]) & ~self._known_before(chosen)
            taken = np.isin(self.pairs[:, 0], chosen[one_fixed, 0]) | np.isin(
                self.pairs[:, 1], chosen[one_fixed, 1]
            )
            if not (taken & stays).any():
                return stays
            stays &= ~taken

    def allowed(self, chosen: IntArray, stays: BoolArray) -> BoolArray:
        """Tell which chosen pairs become links beside the kept links that stay.

        They have no entity of these, and not both of their entities were without a link before.

        Parameters
        ----------
        chosen
            Pairs ``(m, 2)``.
        stays
            Which kept links stay, from :meth:`settled`.
        """
        left, right = self.pairs[stays].T
        nothing_new = np.isin(chosen[:, 0], self.unlinked_left) & np.isin(chosen[:, 1], self.unlinked_right)
        out: BoolArray = ~(np.isin(chosen[:, 0], left) | np.isin(chosen[:, 1], right) | nothing_new)
        return out

    def _known_before(self, chosen: IntArray) -> BoolArray:
        """Tell which pairs have an entity without a link and without new evidence on one of the two ends."""
        known: BoolArray = np.isin(chosen[:, 0], self.unlinked_left) | np.isin(
            chosen[:, 1], self.unlinked_right
        )
        return known
