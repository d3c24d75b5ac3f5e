"""The contract of every aligner: built with hyper-parameters, fitted on seeds, asked for similarities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor

from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.features.fusion import unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.measure import measured
from psqe.parameters import Parametrised
from psqe.seeds.base import SeedSet
from psqe.similarity import Dot, Matching
from psqe.training.callback import Callback
from psqe.training.losses import ContrastiveLoss


@dataclass(frozen=True, eq=False)
class _Renumbered:
    """Tells ``callback`` of a training on entities in another order; it hears of them by its own indices.

    Attributes
    ----------
    watch
        Who is told.
    left, right
        The watch's index of each entity trained on, ``(n_left,)`` and ``(n_right,)``.
    """

    callback: Callback
    left: IntArray
    right: IntArray

    def begins(self, step: int) -> None:
        self.callback.begins(step)

    def contrast(
        self, name: str, pairs: IntArray, left: Tensor, right: Tensor, loss: ContrastiveLoss
    ) -> None:
        own = np.column_stack([self.left[pairs[:, 0]], self.right[pairs[:, 1]]])
        self.callback.contrast(name, own, left, right, loss)


class Aligner(Parametrised, ABC):
    """A model that maps the entities of both graphs into one space, trained on seeds.

    A subclass stores its parameters under their own names and implements :meth:`_fit`. It is given a
    task without gold links, human-made groups and identifiers, in canonical order, so that it can neither
    look at labels nor depend on ids.

    Attributes
    ----------
    PRESETS
        Named sets of parameters. ``published`` is the authors', ``small`` is for a laptop's CPU.
    min_seeds
        How many seeds it needs: two where a contrastive loss needs a negative.
    matching
        What is to be made of its similarities before they are ranked.
    seconds_, peak_mb_
        Cost of :meth:`fit`.
    """

    name: ClassVar[str]
    PRESETS: ClassVar[dict[str, dict[str, Any]]]
    min_seeds: ClassVar[int] = 2
    matching: ClassVar[Matching] = "cosine"

    _left: FloatArray
    _right: FloatArray
    seconds_: float
    peak_mb_: float

    @classmethod
    def preset(cls, preset: str, **parameters: Any) -> Self:
        """Build the aligner with a named set of parameters; ``parameters`` override single ones.

        Raises
        ------
        ParameterError
            If there is no such preset.
        """
        if preset not in cls.PRESETS:
            raise ParameterError(
                f"aligner {cls.name} has no preset {preset!r}", remedy=f"choose from {', '.join(cls.PRESETS)}"
            )
        return cls(**{**cls.PRESETS[preset], **parameters})

    def fit(
        self, task: AlignmentTask, features: Features, seeds: SeedSet, *, callback: Callback | None = None
    ) -> Self:
        """Train on ``seeds``. The task's gold links are not looked at.

        A ``callback`` is told of every batch and of every contrastive loss, seeds by the indices of ``task``.
        The result is the same to the last bit with and without it; its time counts as the training's.

        Raises
        ------
        DataError
            If the features or the seeds do not fit the task, or there are fewer seeds than ``min_seeds``.
        """
        features.check(task)
        if len(seeds) < self.min_seeds:
            raise DataError(
                f"{len(seeds)} seeds are too few to train {self.name} on",
                remedy=f"mine at least {self.min_seeds}",
            )
        for column, graph in ((0, task.left), (1, task.right)):
            ends = seeds.pairs[:, column]
            if ((ends < 0) | (ends >= graph.n_entities)).any():
                raise DataError(f"a seed names an entity outside graph {graph.name!r}")
        with measured() as cost:
            left, right = canonical_order(task, features)
            new_left, new_right = np.argsort(left), np.argsort(right)
            pairs = np.column_stack([new_left[seeds.pairs[:, 0]], new_right[seeds.pairs[:, 1]]])
            # The order of the seeds is the miner's business (confidence), not the order of training.
            pairs = pairs[np.lexsort(pairs.T)]
            embedded_left, embedded_right = self._fit(
                task.take(left, right).blind(),
                features.take(left, right),
                pairs,
                None if callback is None else _Renumbered(callback, left, right),
            )
            self._left, self._right = embedded_left[new_left], embedded_right[new_right]
            self._renumbered(left, right)
            for side in (self._left, self._right):
                if not np.isfinite(side).all():
                    raise FloatingPointError(f"{self.name} diverged: its embeddings are not finite")
        self.seconds_, self.peak_mb_ = cost.seconds, cost.peak_mb
        return self

    @abstractmethod
    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        """Train and return the embeddings of all left and all right entities, ``(n, d)`` each.

        Give the ``callback`` to :class:`psqe.training.loop.Training`, and tell it of every contrastive loss.
        """

    def _renumbered(self, left: IntArray, right: IntArray) -> None:
        """Called after :meth:`_fit` with the task's index of each entity, for what it learned about pairs."""

    def embeddings(self) -> tuple[FloatArray, FloatArray]:
        """Embeddings of all entities: ``(n_left, d)`` and ``(n_right, d)``."""
        return self._left, self._right

    def similarity(self, left: IntArray, right: IntArray) -> Dot:
        """Cosine between the entities ``left`` and ``right`` (indices), computed in blocks."""
        return Dot(unit_rows(self._left[left]), unit_rows(self._right[right]))
