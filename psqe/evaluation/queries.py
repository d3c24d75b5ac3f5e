"""The queries that an evaluation asks: their ranks, and the groups of links that they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from psqe.evaluation.link_groups import query_groups
from psqe.evaluation.ranks import Ranks, first_of_each, ranks_of_each
from psqe.graph import BoolArray, IntArray
from psqe.similarity import Similarity

Direction = Literal["l2r", "r2l"]
"""The name of a direction of ranking: from left to right, or from right to left."""

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
"""The names of the two directions."""

QUERY_GROUPS = ("all", "free", "seeds", "wrong", "free_of_all")
"""The names of the groups of queries. ``free_of_all`` holds the queries that are free of every seed set of a
comparison."""


@dataclass(frozen=True, eq=False)
class RankedQueries:
    """Queries of one direction under one protocol, with their ranks and the groups that they are in.

    Attributes
    ----------
    queries
        The entities ``(n,)``, in the order of the ranks.
    ranks
        Their ranks.
    groups
        A mask of the queries ``(n,)`` for each group, by the name of the group; ``None`` where the seeds that
        define the group are not given.
    """

    queries: IntArray
    ranks: Ranks
    groups: Mapping[str, BoolArray | None]

    def metrics(self, group: str) -> dict[str, float | None] | None:
        """Compute Hits@k and MRR of one group; the numbers are ``None`` where no query is in it."""
        mask = self.groups[group]
        return None if mask is None else self.ranks.metrics_of(mask)

    def hits_at_1(self, group: str, where: BoolArray) -> BoolArray | None:
        """Return which queries in a group and in a mask have rank 1; ``None`` if there is no such group."""
        mask = self.groups[group]
        return None if mask is None else self.ranks.realistic[mask & where] <= 1


@dataclass(frozen=True, eq=False)
class GroupedLinks:
    """The links of a task, and the seeds that divide them into groups.

    Attributes
    ----------
    links
        All gold links ``(n, 2)``.
    seeds
        The pairs ``(m, 2)`` that the similarities were trained on; ``None`` if they are not given.
    compared
        The pairs of all seed sets of a comparison ``(k, 2)``; ``None`` if they are not given.
    """

    links: IntArray
    seeds: IntArray | None
    compared: IntArray | None

    def groups(self, queries: IntArray, column: int) -> dict[str, BoolArray | None]:
        """Return which queries of a side are in each group; ``None`` for a group that is not defined."""
        groups: dict[str, BoolArray | None] = dict.fromkeys(QUERY_GROUPS)
        groups["all"] = np.ones(len(queries), dtype=bool)
        if self.seeds is not None:
            for name, mask in query_groups(queries, self.links, self.seeds, column).items():
                groups[name] = mask
        if self.compared is not None:
            groups["free_of_all"] = query_groups(queries, self.links, self.compared, column)["free"]
        return groups

    def rank(
        self, similarities: Sequence[Similarity], links: IntArray, candidates: tuple[IntArray, IntArray]
    ) -> list[dict[Direction, RankedQueries]]:
        """Rank some of the links in both directions, in several similarities at once.

        Parameters
        ----------
        similarities
            Similarities of the candidates, which may share a base
            (:func:`psqe.similarity.matched_by_each`).
        links
            The links that are tested ``(k, 2)``, which are a part of all links.
        candidates
            Sorted left and right entities: the rows and columns of the similarities.

        Returns
        -------
        The tested queries with their ranks and groups, by direction, for each of the similarities.
        """
        rows, columns = _places(links, candidates)
        inside = np.isin(self.links[:, 0], candidates[0]) & np.isin(self.links[:, 1], candidates[1])
        known = _places(self.links[inside], candidates)
        found = {
            "l2r": ranks_of_each(similarities, rows, columns, known=known),
            "r2l": ranks_of_each([s.T for s in similarities], columns, rows, known=known[::-1]),
        }
        result: list[dict[Direction, RankedQueries]] = [{} for _ in similarities]
        for column, direction in enumerate(DIRECTIONS):
            queries = first_of_each(links[:, column])
            groups = self.groups(queries, column)
            for part, own in zip(result, found[direction], strict=True):
                part[direction] = RankedQueries(queries, own, groups)
        return result


def _places(links: IntArray, candidates: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    """Return the positions of the two ends of links among sorted candidates."""
    return np.searchsorted(candidates[0], links[:, 0]), np.searchsorted(candidates[1], links[:, 1])
