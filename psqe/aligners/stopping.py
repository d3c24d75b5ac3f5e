"""Early stopping of a training by a criterion that needs no labels."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from psqe.aligners.iterative import Embed, unseeded
from psqe.errors import DataError
from psqe.graph import SIDES, FloatArray, IntArray, Sides
from psqe.similarity import Dot, mutual_nearest
from psqe.training.callback import Callback
from psqe.training.loop import Training


class EarlyStopping(Callback):
    """A callback that ends a training when the share of mutual nearest neighbours no longer rises.

    The criterion is computed among the candidates in none of the seeds: the share of them whose nearest
    neighbour on the other side has them as its own nearest neighbour. A correct nearest neighbour is mutual
    and a wrong one rarely is, so the share says without labels how good the embeddings are for entities that
    the seeds do not mention. The public codes of MEAformer and SNAG keep the epoch that is best on the test
    links instead.

    The candidates of the criterion stay the same to the end, also where iterative learning makes seeds of
    them. It takes the easy ones first, and among the others the share falls while the model gets better.

    Parameters
    ----------
    embed
        A function that returns the current embeddings of both sides.
    candidates
        The left and the right entities that may be linked.
    seeds
        The seeds that the training begins with ``(n, 2)``.
    patience
        Number of checks in a row without a new best share after which the training ends; ``None`` for no
        early stopping, and then no check is made.
    every
        Number of epochs between two checks.
    start
        Number of epochs before the first check; weights of these epochs are never kept as the best.

    Attributes
    ----------
    checks
        Epoch and share of each check.

    Raises
    ------
    DataError
        If there is a ``patience`` and every candidate of a side is in a seed.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = MCLEA.preset("small", n_epochs=6, patience=9, check_every=3)
    >>> [epoch for epoch, share in model.fit(task, features, true_links(task, 10)).checks_]
    [3, 6]
    """

    def __init__(
        self,
        embed: Embed,
        candidates: Sides[IntArray],
        seeds: IntArray,
        *,
        patience: int | None,
        every: int,
        start: int,
    ) -> None:
        self._embed, self._judged = embed, unseeded(candidates, seeds)
        self._patience, self._every, self._start = patience, every, start
        self._best: dict[str, Any] | None = None
        self.checks: list[tuple[int, float]] = []
        for side in SIDES:
            if patience is not None and not len(self._judged[side]):
                raise DataError(
                    f"every {side} candidate is in a seed, which leaves early stopping none to judge by",
                    remedy="train without patience, or on fewer seeds",
                )

    def epoch_ends(self, training: Training) -> None:
        """Check the criterion if it is time to, and end the training if the patience is exhausted."""
        if training.epoch > self._start and training.epoch % self._every == 0:
            self.check(training)

    def check(self, training: Training) -> None:
        """Check the criterion now, and end the training if the patience is exhausted.

        Without a ``patience``, nothing is done.
        """
        if self._patience is None:
            return
        share = self._share()
        before = [earlier for _, earlier in self.checks]
        self.checks.append((training.epoch, share))
        if not before or share > max(before):
            self._best = copy.deepcopy(training.module.state_dict())
        elif len(before) - int(np.argmax(before)) >= self._patience:
            training.stop()

    def keep_best(self, training: Training) -> None:
        """Give the network of the training the weights that it had at the best check, if any was made."""
        if self._best is not None:
            training.module.load_state_dict(self._best)

    def _share(self) -> float:
        """Return the share of the judged candidates of both sides that are in mutual nearest pairs."""
        rows, columns = self._judged
        left, right = self._embed()
        return mutual_share(left[rows], right[columns])

    def state(self) -> dict[str, Any]:
        """Return the checks so far and the best weights."""
        return {"checks": self.checks, "best": self._best}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the checks and the best weights of an interrupted training."""
        self.checks = [(epoch, share) for epoch, share in state["checks"]]
        self._best = state["best"]


def mutual_share(left: FloatArray, right: FloatArray) -> float:
    """Return the share of the entities of both sides that are in mutual nearest pairs.

    Parameters
    ----------
    left, right
        Unit vectors of the entities ``(n, d)`` and ``(m, d)``, at least one of each side.

    Examples
    --------
    >>> vectors = np.eye(3, dtype=np.float32)
    >>> mutual_share(vectors, vectors[:2])
    0.8
    """
    mutual, _ = mutual_nearest(Dot(left, right))
    return 2 * len(mutual) / (len(left) + len(right))
