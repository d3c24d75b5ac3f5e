"""The contract of every aligner: it is built with parameters, fitted on seeds, and compares entities."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor

from psqe.cost import measured
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.features.fusion import to_unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray, KnowledgeGraph, Sides, counted, in_number
from psqe.parameters import Parametrised
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Dot, Matching, Similarity
from psqe.similarity.approximate import is_large
from psqe.training.callback import Callback
from psqe.training.loop import Training
from psqe.training.losses import ContrastiveLoss

SORTED_COLUMNS = 128
"""Number of columns of embeddings that are put into another order at a time."""


@dataclass(eq=False)
class _CallbackInTaskOrder(Callback):
    """Calls another callback with indices into the task, where the training has entities in canonical order.

    Attributes
    ----------
    callback
        The callback that is called.
    left, right
        The task's index of each entity in canonical order, ``(n_left,)`` and ``(n_right,)``.
    called
        Whether any batch or epoch was observed.
    """

    callback: Callback
    left: IntArray
    right: IntArray
    called: bool = False

    def batch_begins(self, step: int) -> None:
        self.called = True
        self.callback.batch_begins(step)

    def contrast(
        self, name: str, pairs: IntArray, left: Tensor, right: Tensor, loss: ContrastiveLoss
    ) -> None:
        in_task = np.column_stack([self.left[pairs[:, 0]], self.right[pairs[:, 1]]])
        self.callback.contrast(name, in_task, left, right, loss)

    def epoch_ends(self, training: Training) -> None:
        self.called = True
        self.callback.epoch_ends(training)


class Aligner(Parametrised, ABC):
    """A model that maps the entities of both graphs into one vector space, with the help of seeds.

    A subclass is a dataclass whose fields are its parameters, or stores the parameters of its constructor
    under their own names, and implements :meth:`_fit`. That method is given a task without gold links,
    human-made groups and identifiers, in canonical order, so that an aligner can neither read labels nor
    depend on the numbering of entities. A subclass in a module of :mod:`psqe.aligners.models`, or behind an
    entry point ``psqe.aligners``, is registered in :data:`psqe.aligners.ALIGNERS` without another change.

    Attributes
    ----------
    name
        The name in :data:`psqe.aligners.ALIGNERS`.
    PRESETS
        Named sets of parameters: ``published`` holds those of the authors, ``small`` those for a laptop's
        CPU. Width, learning rate and number of epochs of ``small`` were chosen on emoji/en-de, random states
        0 and 1, by the criterion of early stopping, which needs no labels: the largest share of mutual
        nearest neighbours among candidates in no seed, over widths of 64, 128 and the published one, learning
        rates from .001 to .01 and up to 100 epochs; of nearly equal ones the cheaper.
    min_seeds
        Smallest number of seeds that the aligner can be fitted on; 2 by default, for a contrastive loss needs
        a negative.
    matching
        How similarities are transformed before they are ranked; ``"cosine"`` leaves them as they are.
    by_embeddings
        Whether the similarity of entities that are in no seed is the cosine of their embeddings; ``True``
        unless an aligner says otherwise.
    returns_seeds
        Whether a seed has a large similarity because the aligner was fitted on it, whether it is correct or
        not, so that the similarity is no evidence for it; ``True`` unless an aligner says otherwise.
    reinforces_links
        Whether the aligner takes links that it found itself for evidence of other links; ``False`` unless an
        aligner says otherwise. Where it does, wrong links support each other, and a confidence can be
        calibrated only by fitting the aligner again (:mod:`psqe.links.orphans`). Iterative learning of a
        trained aligner is not counted, because a second training would double its cost.
    seconds_
        Wall-clock seconds of the last :meth:`fit`.
    peak_mb_
        Largest resident memory of the process up to the end of the last :meth:`fit`, in MiB.

    Examples
    --------
    >>> from psqe.aligners import ALIGNERS
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, dim=6, random_state=0)
    >>> model = ALIGNERS["propagation"].preset("small").fit(task, features, true_links(task, 10))
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    name: ClassVar[str]
    PRESETS: ClassVar[dict[str, dict[str, Any]]]
    min_seeds: ClassVar[int] = 2
    matching: ClassVar[Matching] = "cosine"
    by_embeddings: ClassVar[bool] = True
    returns_seeds: ClassVar[bool] = True
    reinforces_links: ClassVar[bool] = False

    _left: FloatArray
    _right: FloatArray
    _places: Sides[IntArray] | None
    """The row of each entity in the embeddings where these are many: then they are of unit length, and in the
    canonical order in which they are compared, so that no copy of them is needed."""
    _fitted_on: Sides[tuple[tuple[str, ...], IntArray]]
    seconds_: float
    peak_mb_: float

    @classmethod
    def preset(cls, preset: str, **parameters: Any) -> Self:
        """Build the aligner with a named set of parameters.

        Parameters
        ----------
        preset
            A key of :attr:`PRESETS`.
        **parameters
            Parameters that take the place of those in the preset.

        Returns
        -------
        The aligner, not fitted.

        Raises
        ------
        ParameterError
            If there is no such preset, or a parameter is unknown or has an impossible value.
        """
        if preset not in cls.PRESETS:
            raise ParameterError(
                f"aligner {cls.name} has no preset {preset!r}", remedy=f"choose from {', '.join(cls.PRESETS)}"
            )
        return cls(**{**cls.PRESETS[preset], **parameters})

    def fit(
        self, task: AlignmentTask, features: Features, seeds: SeedSet, *, callback: Callback | None = None
    ) -> Self:
        """Fit the model on ``seeds``; the task's gold links are not read.

        Parameters
        ----------
        task
            The two graphs.
        features
            Vectors of all their entities, by modality.
        seeds
            Pairs that are taken for links.
        callback
            A callback that is called for every batch, contrastive loss and epoch, with seeds as indices into
            ``task``. None by default. A callback that only observes leaves the result the same to the last
            bit; its time counts as the training's. An aligner without a training, such as ``propagation``,
            never calls it.

        Returns
        -------
        The aligner itself.

        Raises
        ------
        DataError
            If the features or the seeds do not fit the task, or there are fewer seeds than ``min_seeds``.
        FloatingPointError
            If the training diverges.

        Warns
        -----
        PsqeWarning
            If there is a ``callback`` and it was never called.
        """
        features.check(task)
        if len(seeds) < self.min_seeds:
            raise DataError(
                f"{counted(len(seeds), 'seed')} {in_number(len(seeds), 'is')} too few to train "
                f"{self.name} on",
                remedy=f"mine at least {self.min_seeds}",
            )
        for column, graph in ((0, task.left), (1, task.right)):
            ends = seeds.pairs[:, column]
            if ((ends < 0) | (ends >= graph.n_entities)).any():
                raise DataError(
                    f"a seed names an entity outside graph {graph.name!r}", remedy="give seeds of this pair"
                )
        with measured() as cost:
            left, right = canonical_order(task, features)
            new_left, new_right = np.argsort(left), np.argsort(right)
            pairs = np.column_stack([new_left[seeds.pairs[:, 0]], new_right[seeds.pairs[:, 1]]])
            # A miner orders its seeds by confidence; the training must not depend on that order.
            pairs = pairs[np.lexsort(pairs.T)]
            observer = None if callback is None else _CallbackInTaskOrder(callback, left, right)
            self._left, self._right = self._fit(
                task.take(left, right).blind(), features.blind().take(left, right), pairs, observer
            )
            for side in (self._left, self._right):
                if not all(np.isfinite(part).all() for part in np.array_split(side, 1 + len(side) // 65_536)):
                    raise FloatingPointError(f"{self.name} diverged: its embeddings are not finite")
            self._places = None
            if is_large(Dot(self._left, self._right)) and type(self)._similarity is Aligner._similarity:
                orders = Sides(left, right).map(_candidates_first, task.sides)
                _sort_rows(to_unit_rows(self._left), new_left[orders.left])
                _sort_rows(to_unit_rows(self._right), new_right[orders.right])
                self._places = orders.map(np.argsort)
            else:
                # One side after the other, so that the copies of only one are there at a time.
                self._left = self._left[new_left]
                self._right = self._right[new_right]
            self._to_task_order(left, right)
            self._fitted_on = task.sides.map(lambda graph: (graph.entities, graph.triples))
        self.seconds_, self.peak_mb_ = cost.seconds, cost.peak_mb
        # A training that was finished before and is resumed has told by itself what is not observed.
        if observer is not None and not observer.called and not hasattr(self, "history_"):
            warnings.warn(
                f"{self.name} never called the callback, because it was not trained in steps; leave it out, "
                "or take an aligner that is trained, such as mclea",
                PsqeWarning,
                stacklevel=2,
            )
        return self

    def fit_without(
        self, task: AlignmentTask, features: Features, seeds: SeedSet, hidden: Sides[IntArray]
    ) -> Self:
        """Fit the same aligner as if some entities were no candidates.

        The entities stay in their graphs, where others have them for neighbours, but nothing is paired with
        them.

        Parameters
        ----------
        task, features, seeds
            As for :meth:`fit`. Seeds with a hidden entity are left out.
        hidden
            The left and the right candidates to hide, integer arrays ``(m,)`` and ``(k,)`` of indices into
            ``task``.

        Returns
        -------
        Another aligner with the same parameters, fitted. This one stays as it is.

        Raises
        ------
        DataError, FloatingPointError
            As :meth:`fit`.

        Examples
        --------
        >>> from psqe.aligners import ALIGNERS
        >>> from psqe.datasets.synthetic import planted_pair
        >>> from psqe.seeds import true_links
        >>> task, features = planted_pair(30, dim=6, random_state=0)
        >>> seeds, nothing = true_links(task, 10), np.empty(0, dtype=np.int64)
        >>> model = ALIGNERS["propagation"].preset("small").fit(task, features, seeds)
        >>> model.fit_without(task, features, seeds, Sides(task.left.candidates[:3], nothing)).name
        'propagation'
        """
        left, right = (
            replace(graph, candidates=np.setdiff1d(graph.candidates, out))
            for graph, out in zip(task.sides, hidden, strict=True)
        )
        kept = ~np.isin(seeds.pairs[:, 0], hidden.left) & ~np.isin(seeds.pairs[:, 1], hidden.right)
        reduced = replace(task, left=left, right=right, links=None)
        return type(self)(**self.parameters).fit(reduced, features, seeds.where(kept))

    @abstractmethod
    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        """Fit the model and return the embeddings of all entities.

        Parameters
        ----------
        task, features
            The task without labels and its features, entities in canonical order.
        pairs
            Seeds ``(n, 2)`` as indices into ``task``, in an order that does not depend on the miner.
        callback
            A callback for :class:`psqe.training.loop.Training`, or ``None``. Its method ``contrast`` is to be
            called before every contrastive loss.

        Returns
        -------
        Embeddings of the left and of the right entities, ``(n_left, d)`` and ``(n_right, d)``.
        """

    def _to_task_order(self, left: IntArray, right: IntArray) -> None:
        """Renumber the pairs that :meth:`_fit` has stored, with the task's index of each entity."""

    def require_fitted(self, task: AlignmentTask | None = None) -> None:
        """Refuse to go on before the aligner is fitted, or with another pair than it is fitted on.

        Parameters
        ----------
        task
            The two graphs that the aligner is used on; ``None``, the default, where they are not known. They
            may have other candidates and other gold links than those that it is fitted on.

        Raises
        ------
        ParameterError
            If the aligner is not fitted, or the task has other entities or triples than its own.

        Examples
        --------
        >>> from psqe.aligners import ALIGNERS
        >>> ALIGNERS["propagation"].preset("small").require_fitted()
        Traceback (most recent call last):
        psqe.errors.ParameterError: the aligner propagation is not fitted; call its fit(task, features, seeds)
        """
        if not hasattr(self, "_fitted_on"):
            raise ParameterError(
                f"the aligner {self.name} is not fitted", remedy="call its fit(task, features, seeds)"
            )
        if task is None:
            return
        for own, graph in zip(self._fitted_on, task.sides, strict=True):
            if own[0] != graph.entities or not np.array_equal(own[1], graph.triples):
                raise ParameterError(
                    f"the aligner {self.name} is fitted on another pair than {task.name}: its entities or "
                    f"triples are not those of graph {graph.name!r}",
                    remedy="fit it on this task",
                )

    def embeddings(self) -> tuple[FloatArray, FloatArray]:
        """Return the embeddings of all entities: ``(n_left, d)`` and ``(n_right, d)``.

        Where the entities are so many that they are searched approximately
        (:mod:`psqe.similarity.approximate`), and similarities are cosines, embeddings have unit length.

        Raises
        ------
        ParameterError
            If the aligner is not fitted.
        """
        self.require_fitted()
        if self._places is not None:
            return self._left[self._places.left], self._right[self._places.right]
        return self._left, self._right

    def similarity(self, left: IntArray, right: IntArray) -> Similarity:
        """Return how alike entities are: the cosines of their embeddings, unless an aligner says otherwise.

        They are computed in blocks when they are read.

        Parameters
        ----------
        left, right
            Indices of left and right entities, ``(m,)`` and ``(k,)``.

        Returns
        -------
        Similarities ``(m, k)``.

        Raises
        ------
        ParameterError
            If the aligner is not fitted.
        """
        self.require_fitted()
        return self._similarity(np.asarray(left), np.asarray(right))

    def _similarity(self, left: IntArray, right: IntArray) -> Similarity:
        """Return the similarities ``(m, k)`` of a fitted aligner; by default cosines of its embeddings."""
        if self._places is not None:
            return Dot(
                _rows(self._left, self._places.left[left]), _rows(self._right, self._places.right[right])
            )
        # Index arrays take copies of rows, which may be scaled in place; a slice would take the rows.
        return Dot(to_unit_rows(self._left[left]), to_unit_rows(self._right[right]))


def _candidates_first(order: IntArray, graph: KnowledgeGraph) -> IntArray:
    """Return the entities of a graph in an order, all candidates before the others."""
    others = ~np.isin(order, graph.candidates)
    return order[np.argsort(others, kind="stable")]


def _sort_rows(vectors: FloatArray, order: IntArray) -> None:
    """Put rows into an order in place, some columns at a time, because a copy of all needs much memory."""
    if (order != np.arange(len(order))).any():
        for start in range(0, vectors.shape[1], SORTED_COLUMNS):
            columns = slice(start, start + SORTED_COLUMNS)
            vectors[:, columns] = vectors[order, columns]


def _rows(vectors: FloatArray, places: IntArray) -> FloatArray:
    """Return the vectors at some places ``(m, d)``, without a copy where these are the first, in order."""
    leading = bool((places == np.arange(len(places))).all())
    return vectors[: len(places)] if leading else vectors[places]
