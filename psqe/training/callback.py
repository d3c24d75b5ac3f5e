"""Callbacks: what is called during a training, to observe it or to change its seeds between epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from psqe.graph import IntArray
from psqe.training.losses import ContrastiveLoss

if TYPE_CHECKING:
    from psqe.training.loop import Training


class Callback:
    """Base class of callbacks: every method does nothing until a subclass overrides it.

    A callback that only observes draws no random numbers, writes into no tensor that it is given, and leaves
    the training's seeds alone; the training is then the same to the last bit with and without it. A callback
    that changes the training does so in :meth:`epoch_ends` and keeps what it has learned in :meth:`state`.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> class CountBatches(Callback):
    ...     n_batches = 0
    ...
    ...     def batch_begins(self, step):
    ...         self.n_batches += 1
    >>> task, features = planted_pair(30, random_state=0)
    >>> counter = CountBatches()
    >>> model = MCLEA.preset("small", n_epochs=3, batch_size=5)
    >>> model.fit(task, features, true_links(task, 10), callback=counter).seconds_ > 0
    True
    >>> counter.n_batches
    6
    """

    def batch_begins(self, step: int) -> None:
        """Called before the loss of a batch is computed.

        Parameters
        ----------
        step
            The number of batches before this one, over all epochs. In a training that is resumed from a
            checkpoint the first step is larger than 0.
        """

    def contrast(
        self, name: str, pairs: IntArray, left: Tensor, right: Tensor, loss: ContrastiveLoss
    ) -> None:
        """Called before a contrastive loss is computed.

        Parameters
        ----------
        name
            The name of the embedding, ``structure``, ``joint`` or a modality for example. Each occurs at most
            once a step.
        pairs
            The seeds in the loss ``(B, 2)``: left and right entities, as indices into the task. ``B >= 2``.
        left, right
            The embeddings of the seeds' left and right entities ``(B, d)``, as the loss takes them. They are
            part of the training's graph of derivatives: detach them before computing with them.
        loss
            The loss, with its settings.
        """

    def epoch_ends(self, training: Training) -> None:
        """Called after every epoch, whose number from 1 is ``training.epoch``.

        It may replace the seeds (:meth:`~psqe.training.loop.Training.replace_seeds`) or end the training
        (:meth:`~psqe.training.loop.Training.stop`).
        """

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep of the callback: tensors and plain values, by name.

        An empty dictionary, the default, means that a resumed training need not restore the callback.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned, when a training is resumed from a checkpoint."""
