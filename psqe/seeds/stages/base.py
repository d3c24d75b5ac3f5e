"""What the stages share: the space they match in, the pool they pass on, and fair shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.kg import AlignmentTask, FloatArray, IntArray
from psqe.matching import Similarity, greedy_one_to_one, nearest
from psqe.regions import cluster
from psqe.seeds.base import minable


@dataclass(frozen=True, eq=False)
class Space:
    """The candidates of a task and their fused vectors, in canonical order.

    Attributes
    ----------
    task, features
        What is mined, blind and in canonical order.
    left, right
        Entity indices of the candidates that have a modality, ``(m_left,)`` and ``(m_right,)``. Stages
        number candidates by their position here.
    vectors
        Fused unit vectors ``(m_left, d)`` and ``(m_right, d)``.
    n_clusters, n_seeds, random_state
        The miner's parameters.
    """

    task: AlignmentTask
    features: Features
    left: IntArray
    right: IntArray
    vectors: tuple[FloatArray, FloatArray]
    n_clusters: int
    n_seeds: int
    random_state: int

    @classmethod
    def build(
        cls,
        task: AlignmentTask,
        features: Features,
        *,
        weights: Mapping[str, float] | None,
        n_clusters: int,
        n_seeds: int,
        random_state: int,
    ) -> Space:
        """Fuse the features of the minable candidates."""
        left, right = minable(task, features)
        vectors = fuse(features, left, right, weights=weights)
        return cls(task, features, left, right, vectors, n_clusters, n_seeds, random_state)

    @cached_property
    def clusters(self) -> tuple[IntArray, IntArray]:
        """K-means cluster of each candidate, both sides clustered together: ``(m_left,)``, ``(m_right,)``."""
        left, right = self.vectors
        labels = cluster(np.vstack([left, right]), self.n_clusters, random_state=self.random_state)
        return labels[: len(left)], labels[len(left) :]

    @cached_property
    def quotas(self) -> IntArray:
        """Seeds due to each cluster ``(n_clusters,)``: its share of the candidates, adding up to ``n_seeds``.

        Largest remainders get the seeds that rounding down leaves over.
        """
        sizes = np.bincount(np.concatenate(self.clusters), minlength=self.n_clusters)
        exact = self.n_seeds * sizes / sizes.sum()
        quotas: IntArray = np.floor(exact).astype(np.int64)
        rest = self.n_seeds - int(quotas.sum())
        quotas[np.argsort(quotas - exact, kind="stable")[:rest]] += 1
        return quotas


@dataclass(frozen=True, eq=False)
class Pool:
    """Seeds between two stages, by position in :class:`Space`, best first.

    Attributes
    ----------
    rows, columns
        Left and right candidate of each seed, ``(n,)``.
    scores
        Confidence ``(n,)``, larger first.
    found_by
        Stage that found each, ``n`` strings.
    vectors
        What pairs are compared by: unit vectors ``(m_left, d)`` and ``(m_right, d)`` of all candidates.
    """

    rows: IntArray
    columns: IntArray
    scores: FloatArray
    found_by: tuple[str, ...]
    vectors: tuple[FloatArray, FloatArray]

    @classmethod
    def empty(cls, space: Space) -> Pool:
        """No seeds; pairs are compared by their fused features."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, np.empty(0, dtype=np.float32), (), space.vectors)

    def __len__(self) -> int:
        return len(self.rows)

    def replaced(
        self,
        rows: IntArray,
        columns: IntArray,
        scores: FloatArray,
        stage: str,
        vectors: tuple[FloatArray, FloatArray] | None = None,
    ) -> Pool:
        """The pool after ``stage`` chose these pairs; those that were here keep their finder's name."""
        before = zip(self.rows.tolist(), self.columns.tolist(), strict=True)
        finder = dict(zip(before, self.found_by, strict=True))
        after = zip(rows.tolist(), columns.tolist(), strict=True)
        found_by = tuple(finder.get(pair, stage) for pair in after)
        return Pool(rows, columns, scores, found_by, self.vectors if vectors is None else vectors)

    def pairs(self, space: Space) -> IntArray:
        """Entity indices ``(n, 2)``."""
        return np.column_stack([space.left[self.rows], space.right[self.columns]])


class Stage(ABC):
    """One step of PSQE."""

    name: ClassVar[str]
    note: str

    @abstractmethod
    def run(self, space: Space, pool: Pool) -> Pool:
        """Return the seeds after the stage."""


def ranked_pairs(similarity: Similarity) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs worth a seed, best first: mutual nearest ones, then one-sided nearest ones.

    A pair that both ends choose comes before any pair that only one end chooses; within each kind the
    larger similarity comes first. Ties at the top (margin zero) count as one-sided.

    Returns
    -------
    Rows, columns and confidences ``(n,)``: the similarity, less 2 for one-sided pairs, so that a
    confidence orders pairs of both kinds.
    """
    found = nearest(similarity)
    rows = np.concatenate([np.arange(len(found.of_left)), found.of_right])
    columns = np.concatenate([found.of_left, np.arange(len(found.of_right))])
    scores = np.concatenate([found.score_left, found.score_right])
    _, first = np.unique(rows * len(found.of_right) + columns, return_index=True)
    rows, columns, scores = rows[first], columns[first], scores[first]
    chosen = (found.of_left[rows] == columns) & (found.of_right[columns] == rows)
    chosen &= found.margin(rows, columns) > 0
    scores = np.where(chosen, scores, scores - 2).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    return rows[order], columns[order], scores[order]


def within_quotas(space: Space, rows: IntArray, columns: IntArray, scores: FloatArray) -> IntArray:
    """Choose one-to-one pairs, best first, so that every cluster gets its quota where it can.

    A pair belongs to the cluster of its left end. What a cluster cannot fill goes to the best pairs left
    over.

    Parameters
    ----------
    rows, columns, scores
        Pairs ``(n,)``, best first.

    Returns
    -------
    Positions of the chosen pairs, best first: at most ``space.n_seeds``.
    """
    # One-to-one first, by confidence over all clusters, so that no quota lets a worse pair block a better.
    free = greedy_one_to_one(rows, columns, len(rows))
    cluster_of = space.clusters[0][rows[free]]
    chosen = np.zeros(len(free), dtype=bool)
    for label, quota in enumerate(space.quotas):
        chosen[np.flatnonzero(cluster_of == label)[:quota]] = True
    rest = space.n_seeds - int(chosen.sum())
    chosen[np.flatnonzero(~chosen)[:rest]] = True
    kept: IntArray = free[chosen]
    return kept[np.argsort(-scores[kept], kind="stable")]
