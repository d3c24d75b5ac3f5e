"""The contract of every miner."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from psqe.cost import measured
from psqe.errors import DataError, PsqeWarning
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, Side, Sides, counted
from psqe.parameters import Parametrised
from psqe.seeds.estimate import seed_confidence_in_order
from psqe.seeds.seed_set import SeedSet


class Miner(Parametrised, ABC):
    """A rule that finds pseudo-seeds. Parameters go to the constructor, data to :meth:`mine`.

    A subclass is a dataclass whose fields are its parameters, or stores the parameters of its constructor
    under their own names, and implements :meth:`_mine`. That method is given a task without gold links,
    human-made groups and identifiers, in canonical order, so that a miner can neither read labels nor
    depend on ids. A subclass in a module of :mod:`psqe.seeds.miners`, or behind an entry point
    ``psqe.miners``, is registered in :data:`psqe.seeds.MINERS` without another change.

    Attributes
    ----------
    name
        The name by which the miner is registered.
    n_seeds
        Number of seeds wanted; ``None`` where the miner has no such number.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import MINERS
    >>> seeds = MINERS["mutual"](n_seeds=10).mine(*planted_pair(50, 2, 8))
    >>> len(seeds), seeds.miner
    (10, 'mutual')
    """

    name: ClassVar[str]
    n_seeds: int | None = None

    def mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        """Mine seeds.

        Parameters
        ----------
        task
            The pair of graphs. Its gold links are not read.
        features
            Vectors for all entities of ``task``.

        Returns
        -------
        One-to-one pairs of candidates, each with its label-free confidence: ``n_seeds`` of them unless the
        miner says otherwise. They are in descending order of score, unless the miner only appends to a list.

        Warns
        -----
        PsqeWarning
            If there are fewer seeds than ``n_seeds``.

        Raises
        ------
        DataError
            If the features do not fit the task, or a graph has no candidates.
        ParameterError
            If a parameter is impossible for this task.
        """
        features.check(task)
        for graph in task.sides:
            if not len(graph.candidates):
                raise DataError(f"graph {graph.name!r} has no candidates to align", remedy="add entities")
        with measured() as cost:
            left, right = canonical_order(task, features)
            ordered = task.take(left, right).blind()
            vectors = features.blind().take(left, right)
            mined = self._mine_in_order(ordered, vectors, Sides(left, right))
            confidence, *stage_confidence = self._confidence(
                [mined.pairs, *(stage.pairs for stage in mined.trace)], ordered, vectors
            )

        def original(pairs: IntArray) -> IntArray:
            """Number entities as the task does."""
            return np.column_stack([left[pairs[:, 0]], right[pairs[:, 1]]])

        seeds = replace(
            mined,
            pairs=original(mined.pairs),
            confidence=confidence,
            miner=self.name,
            parameters=self.parameters,
            trace=tuple(
                replace(
                    stage,
                    added=original(stage.added),
                    dropped=original(stage.dropped),
                    pairs=original(stage.pairs),
                    confidence=confidence_after,
                )
                for stage, confidence_after in zip(mined.trace, stage_confidence, strict=True)
            ),
            n_wanted=self.n_seeds,
            seconds=cost.seconds,
            peak_mb=cost.peak_mb,
        )
        if self.n_seeds is not None and len(seeds) < self.n_seeds:
            warnings.warn(
                f"miner {self.name}: {counted(self.n_seeds, 'seed')} asked for, {len(seeds)} found",
                PsqeWarning,
                stacklevel=2,
            )
        return seeds

    def _confidence(
        self, lists: Sequence[IntArray], task: AlignmentTask, features: Features
    ) -> list[FloatArray]:
        """Compute the label-free confidence of several lists of pairs ``(n, 2)`` at once.

        The data are in canonical order.
        """
        pairs = np.concatenate(lists)
        candidates = task.left.candidates, task.right.candidates
        places = np.column_stack(
            [np.searchsorted(known, pairs[:, column]) for column, known in enumerate(candidates)]
        )
        device = getattr(self, "device", "cpu")
        confidence = seed_confidence_in_order(places, task, features, *candidates, device=device)
        return np.split(confidence, np.cumsum([len(part) for part in lists])[:-1])

    def _mine_in_order(self, task: AlignmentTask, features: Features, file_rows: Sides[IntArray]) -> SeedSet:
        """Find pairs as :meth:`_mine` does, without a look at the order of the files.

        Only a miner with a rule that follows that order overrides this method, as the released variant of
        PSQE does. ``file_rows`` are the rows of the entities in the task that the caller gave, ``(n_left,)``
        and ``(n_right,)``.
        """
        return self._mine(task, features)

    @abstractmethod
    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        """Find pairs of entities of a blind task in canonical order; see the class.

        Returns
        -------
        Seeds with pairs, scores, stages and trace. :meth:`mine` adds everything else.
        """


def minable(task: AlignmentTask, features: Features) -> tuple[IntArray, IntArray]:
    """Find the candidates that have at least one modality.

    Returns
    -------
    Entity indices ``(m_left,)`` and ``(m_right,)``, ascending.

    Raises
    ------
    DataError
        If no candidate of a side has a modality.
    """

    def of_side(side: Side) -> IntArray:
        graph = task.sides[side]
        known = np.any([modality[side].present for modality in features.values()], axis=0)
        entities: IntArray = graph.candidates[known[graph.candidates]]
        if not len(entities):
            raise DataError(
                f"no candidate of graph {graph.name!r} has any of the modalities {', '.join(features)}",
                remedy="add a modality",
            )
        return entities

    left, right = map(of_side, SIDES)
    return left, right
