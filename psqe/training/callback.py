"""Watching a training without taking part in it."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from psqe.graph import IntArray
from psqe.training.losses import ContrastiveLoss


class Callback(Protocol):
    """What is told of a training while it runs.

    A watch changes nothing: it draws no random numbers, writes into no tensor that it is given, and
    returns nothing. A training is the same to the last bit with and without one.
    """

    def begins(self, step: int) -> None:
        """The next batch is about to be computed.

        ``step`` counts the batches of the training from 0. Where it goes on from a checkpoint, the first step
        that is told is a later one.
        """

    def contrast(
        self, name: str, pairs: IntArray, left: Tensor, right: Tensor, loss: ContrastiveLoss
    ) -> None:
        """A contrastive loss is computed.

        Parameters
        ----------
        name
            Of the embedding, each at most once a step.
        pairs
            The seeds in the loss ``(B, 2)``: left and right entities, as indices into the task. ``B >= 2``.
        left, right
            The embeddings of their two ends ``(B, d)``, as the loss sees them. They are part of the
            training's graph: detach them before computing with them.
        loss
            Which, and with which settings.
        """
