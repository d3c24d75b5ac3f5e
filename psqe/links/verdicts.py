"""Verdicts: what a person said about pairs of entities, and about entities without a counterpart.

An accepted pair is certain: it is a link whatever its similarity, and a seed for the aligner. A rejected pair
never becomes a link. An entity that was said to have no counterpart gets no link.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.truth import among
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, Sides
from psqe.parameters import check_form
from psqe.seeds.seed_set import SeedSet
from psqe.whole_numbers import whole_numbers

VerdictWord = Literal["accept", "reject", "no_counterpart"]
"""What a person can say: the pair is a link, it is none, or the entity has no counterpart."""

WORDS: tuple[VerdictWord, ...] = get_args(VerdictWord)

STAGE = "verdict"
"""The stage of seeds that a person accepted."""


def _no_pairs() -> IntArray:
    return np.empty((0, 2), dtype=np.int64)


def _nobody() -> Sides[IntArray]:
    return Sides(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What a person said about some pairs and entities of two graphs.

    Parameters
    ----------
    accepted
        Integer array ``(n, 2)``: pairs that are links, each entity at most once, whatever the cardinality of
        the predicted links. Where an entity may be in several links, one of them can be accepted, and the
        entity may get further ones.
    rejected
        Integer array ``(m, 2)``: pairs that are no links.
    no_counterpart
        For either side, the entities that have no counterpart; none by default.

    Raises
    ------
    DataError
        If an entity is in two accepted pairs, a pair is both accepted and rejected, or an entity of an
        accepted pair is said to have no counterpart.

    Examples
    --------
    >>> said = Verdicts(np.array([[0, 1]]), np.array([[0, 0], [2, 1]]))
    >>> len(said), said.ends.left.tolist()
    (3, [0])
    """

    accepted: IntArray
    rejected: IntArray
    no_counterpart: Sides[IntArray] = field(default_factory=_nobody)

    def __post_init__(self) -> None:
        remedy = "give the indices of a left and of a right entity, from 0, in each row"
        for name in ("accepted", "rejected"):
            pairs = whole_numbers(getattr(self, name), f"{name} pairs", width=2, remedy=remedy)
            object.__setattr__(self, name, np.unique(pairs, axis=0).reshape(-1, 2))
        alone: Any = self.no_counterpart
        check_form("no_counterpart", alone, Sides, "give Sides(left, right), the entities of either side")
        entities = (
            whole_numbers(
                own,
                f"{side} entities without a counterpart",
                width=None,
                remedy="give the indices of entities, from 0",
            )
            for side, own in zip(SIDES, alone, strict=True)
        )
        object.__setattr__(self, "no_counterpart", Sides(*map(np.unique, entities)))
        for column, side in enumerate(SIDES):
            ends = self.accepted[:, column]
            if len(np.unique(ends)) != len(ends):
                raise DataError(
                    f"a {side} entity is in two accepted pairs",
                    remedy="accept one of them; accepted pairs are one-to-one",
                )
            if np.isin(ends, self.no_counterpart[side]).any():
                raise DataError(
                    f"a {side} entity of an accepted pair is said to have no counterpart",
                    remedy="delete one of the two verdicts",
                )
        if among(self.accepted, self.rejected).any():
            raise DataError("a pair is both accepted and rejected", remedy="delete one of the two verdicts")

    def __len__(self) -> int:
        return len(self.accepted) + len(self.rejected) + sum(map(len, self.no_counterpart))

    @classmethod
    def none(cls) -> Verdicts:
        """Make verdicts about nothing.

        Examples
        --------
        >>> len(Verdicts.none())
        0
        """
        return cls(_no_pairs(), _no_pairs())

    def and_also(self, others: Verdicts) -> Verdicts:
        """Put further verdicts beside these.

        Parameters
        ----------
        others
            Verdicts about the same task.

        Returns
        -------
        Verdicts
            All of them.

        Raises
        ------
        DataError
            If they contradict each other.

        Examples
        --------
        >>> one = Verdicts(np.array([[0, 0]]), np.empty((0, 2)))
        >>> len(one.and_also(Verdicts(np.array([[1, 1]]), np.array([[0, 1]]))))
        3
        """
        alone = zip(self.no_counterpart, others.no_counterpart, strict=True)
        return Verdicts(
            np.vstack([self.accepted, others.accepted]),
            np.vstack([self.rejected, others.rejected]),
            Sides(*(np.concatenate(both) for both in alone)),
        )

    def over(self, earlier: Verdicts) -> Verdicts:
        """Put these verdicts above earlier ones, which hold where nothing contradicts them.

        Parameters
        ----------
        earlier
            Verdicts about the same task.

        Returns
        -------
        Verdicts
            These verdicts, and those of the earlier ones about pairs and entities that these do not decide.

        Examples
        --------
        >>> none = np.empty((0, 2))
        >>> changed_mind = Verdicts(none, np.array([[0, 0]])).over(Verdicts(np.array([[0, 0], [1, 1]]), none))
        >>> changed_mind.accepted.tolist(), changed_mind.rejected.tolist()
        ([[1, 1]], [[0, 0]])
        """
        decided = self.ends
        free = ~among(earlier.accepted, self.rejected) & ~np.any(
            [np.isin(earlier.accepted[:, c], decided[s]) for c, s in enumerate(SIDES)], axis=0
        )
        rejected = earlier.rejected[~among(earlier.rejected, self.accepted)]
        alone = (
            earlier.no_counterpart[s][~np.isin(earlier.no_counterpart[s], self.accepted[:, c])]
            for c, s in enumerate(SIDES)
        )
        return self.and_also(Verdicts(earlier.accepted[free], rejected, Sides(*alone)))

    @property
    def ends(self) -> Sides[IntArray]:
        """The entities of either side about whose links nothing is left to decide, ascending."""
        return Sides(
            *(
                np.union1d(self.accepted[:, column], self.no_counterpart[side])
                for column, side in enumerate(SIDES)
            )
        )

    def check(self, task: AlignmentTask) -> None:
        """Refuse verdicts about entities that the task does not have as candidates.

        Raises
        ------
        DataError
            If an entity is no candidate.
        """
        for column, side in enumerate(SIDES):
            named = np.concatenate(
                [self.accepted[:, column], self.rejected[:, column], self.no_counterpart[side]]
            )
            unknown = np.setdiff1d(named, task.sides[side].candidates)
            if len(unknown):
                raise DataError(
                    f"a verdict is about the {side} entity {int(unknown[0])}, which is no candidate of "
                    f"{task.name}",
                    remedy="give the positions of entities that may get a link",
                )

    def excludes(self, pairs: IntArray) -> BoolArray:
        """Tell which pairs ``(n, 2)`` cannot be links: they were rejected, or an entity of them is taken."""
        taken = self.ends
        either = np.isin(pairs[:, 0], taken.left) | np.isin(pairs[:, 1], taken.right)
        out: BoolArray = (either & ~among(pairs, self.accepted)) | among(pairs, self.rejected)
        return out

    def applied_to(self, seeds: SeedSet) -> SeedSet:
        """Put the accepted pairs before the seeds, and leave out the seeds that cannot be links.

        Parameters
        ----------
        seeds
            Seeds of the same task.

        Returns
        -------
        SeedSet
            The accepted pairs with a confidence of 1, and then the seeds that do not contradict a verdict, in
            their order.

        Examples
        --------
        >>> seeds = SeedSet(np.array([[0, 2], [1, 1]]), np.array([0.9, 0.8]), ("mutual", "mutual"))
        >>> Verdicts(np.array([[0, 1]]), np.empty((0, 2))).applied_to(seeds).pairs.tolist()
        [[0, 1]]
        """
        kept = seeds.where(~self.excludes(seeds.pairs) & ~among(seeds.pairs, self.accepted))
        n = len(self.accepted)
        confidence = None
        if kept.confidence is not None or not len(kept):
            old = np.empty(0) if kept.confidence is None else kept.confidence
            confidence = np.concatenate([np.ones(n), old]).astype(np.float32)
        highest = float(seeds.scores.max()) if len(seeds) else 1.0
        return replace(
            kept,
            pairs=np.vstack([self.accepted, kept.pairs]),
            scores=np.concatenate([np.full(n, highest), kept.scores]).astype(np.float32),
            stages=(STAGE,) * n + kept.stages,
            confidence=confidence,
        )


def verdicts_of(rows: Iterable[tuple[int, int, VerdictWord]]) -> Verdicts:
    """Make verdicts of rows.

    Parameters
    ----------
    rows
        A left entity, a right entity and a word of :data:`WORDS` each, entities as indices into the task's
        graphs. The entity of the other side of ``no_counterpart`` is -1.

    Returns
    -------
    Verdicts
        The verdicts.

    Raises
    ------
    DataError
        If verdicts contradict each other.

    Examples
    --------
    >>> said = verdicts_of([(0, 1, "accept"), (3, -1, "no_counterpart")])
    >>> said.accepted.tolist(), said.no_counterpart.left.tolist()
    ([[0, 1]], [3])
    """
    given: dict[str, list[tuple[int, int]]] = {word: [] for word in WORDS}
    for left, right, word in rows:
        given[word].append((left, right))
    accepted, rejected, alone = (np.array(given[word], dtype=np.int64).reshape(-1, 2) for word in WORDS)
    return Verdicts(accepted, rejected, Sides(*(own[own >= 0] for own in alone.T)))
