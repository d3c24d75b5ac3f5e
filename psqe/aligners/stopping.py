"""Early stopping without labels."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from psqe.aligners.iterative import Embed, free
from psqe.errors import DataError
from psqe.graph import IntArray
from psqe.similarity import Dot, mutual_nearest
from psqe.training.loop import Training


class EarlyStopping:
    """Stops a training when the share of mutual nearest neighbours no longer rises.

    A right nearest neighbour is mutual, a wrong one rarely is. So the share of candidates in none of the
    given seeds whose nearest, among such candidates of the other side, has them as its own nearest, tells
    without labels how good the embeddings are for those that nothing was said about. The public codes of
    MEAformer and SNAG keep the epoch that is best on the test links instead.

    Who is asked stays the same to the end, also where iterative learning makes seeds of them. It takes the
    easy ones first: among those left over the share falls while the model gets better.

    Parameters
    ----------
    embed
        Gives the embeddings.
    candidates
        Who may be linked: left and right entities.
    seeds
        Those that the training begins with ``(n, 2)``.
    patience
        How many checks in a row may fail to reach a new best; ``None`` for any number, and no check is made.
    every
        Epochs between two checks.
    start
        Epochs up to which no check is made, so that none of their weights are kept.

    Attributes
    ----------
    checks
        Epoch and share of each check.

    Raises
    ------
    DataError
        If every candidate of a side is in a seed, so that there is nobody to ask; not without ``patience``.
    """

    def __init__(
        self,
        embed: Embed,
        candidates: tuple[IntArray, IntArray],
        seeds: IntArray,
        *,
        patience: int | None,
        every: int,
        start: int,
    ) -> None:
        self._embed, self._asked = embed, free(candidates, seeds)
        self._patience, self._every, self._start = patience, every, start
        self._best: dict[str, Any] | None = None
        self.checks: list[tuple[int, float]] = []
        for side, asked in zip(("left", "right"), self._asked, strict=True):
            if patience is not None and not len(asked):
                raise DataError(
                    f"every {side} candidate is in a seed, which leaves early stopping none to judge by",
                    remedy="train without patience, or on fewer seeds",
                )

    def after_epoch(self, training: Training) -> None:
        """Check, and stop the training if it is time to; see :class:`psqe.training.loop.Habit`."""
        if self._patience is None or training.epoch <= self._start or training.epoch % self._every:
            return
        share = self._share()
        before = [value for _, value in self.checks]
        self.checks.append((training.epoch, share))
        if not before or share > max(before):
            self._best = copy.deepcopy(training.module.state_dict())
        elif len(before) - int(np.argmax(before)) >= self._patience:
            training.stop()

    def keep_best(self, training: Training) -> None:
        """Give the module the weights that it had at the best check."""
        if self._best is not None:
            training.module.load_state_dict(self._best)

    def _share(self) -> float:
        rows, columns = self._asked
        left, right = self._embed()
        found, _ = mutual_nearest(Dot(left[rows], right[columns]))
        return 2 * len(found) / (len(rows) + len(columns))

    def state(self) -> dict[str, Any]:
        """See :class:`psqe.training.loop.Habit`."""
        return {"checks": self.checks, "best": self._best}

    def restore(self, state: dict[str, Any]) -> None:
        """See :class:`psqe.training.loop.Habit`."""
        self.checks = [(epoch, share) for epoch, share in state["checks"]]
        self._best = state["best"]
