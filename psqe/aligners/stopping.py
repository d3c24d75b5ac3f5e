"""Early stopping without labels."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from psqe.aligners.iterative import Embed, free
from psqe.errors import PsqeWarning
from psqe.kg import IntArray
from psqe.matching import Dot, mutual_nearest
from psqe.neural.training import Training


class EarlyStopping:
    """Stops a training when the share of mutual nearest neighbours no longer rises.

    A right nearest neighbour is mutual, a wrong one rarely is (:mod:`psqe.calibration`). So the share of
    candidates in no seed whose nearest, among such candidates of the other side, has them as its own nearest,
    tells without labels how good the embeddings are for those that nothing was said about. The public codes
    of MEAformer and SNAG keep the epoch that is best on the test links instead.

    Where every candidate of a side is in a seed there is nothing to tell by: no check is made, and a
    :class:`~psqe.errors.PsqeWarning` says so.

    Parameters
    ----------
    embed
        Gives the embeddings.
    candidates
        Who may be linked: left and right entities.
    patience
        How many checks in a row may fail to reach a new best; ``None`` for any number, and no check is made.
    every
        Epochs between two checks.

    Attributes
    ----------
    checks
        Epoch and share of each check.
    """

    def __init__(
        self, embed: Embed, candidates: tuple[IntArray, IntArray], *, patience: int | None, every: int
    ) -> None:
        self._embed, self._candidates = embed, candidates
        self._patience, self._every = patience, every
        self._best: dict[str, Any] | None = None
        self.checks: list[tuple[int, float]] = []

    def after_epoch(self, training: Training) -> None:
        """Check, and stop the training if it is time to; see :class:`psqe.neural.training.Habit`."""
        if self._patience is None or training.epoch % self._every:
            return
        share = self._share(training.seeds.cpu().numpy())
        if share is None:
            warnings.warn(
                "early stopping: no candidate of a side is left outside the seeds, so nothing is checked",
                PsqeWarning,
                stacklevel=2,
            )
            return
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

    def _share(self, seeds: IntArray) -> float | None:
        rows, columns = free(self._candidates, seeds)
        if not len(rows) or not len(columns):
            return None
        left, right = self._embed()
        found, _ = mutual_nearest(Dot(left[rows], right[columns]))
        return 2 * len(found) / (len(rows) + len(columns))

    def state(self) -> dict[str, Any]:
        """See :class:`psqe.neural.training.Habit`."""
        return {"checks": self.checks, "best": self._best}

    def restore(self, state: dict[str, Any]) -> None:
        """See :class:`psqe.neural.training.Habit`."""
        self.checks = [(epoch, share) for epoch, share in state["checks"]]
        self._best = state["best"]
