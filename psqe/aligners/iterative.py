"""Iterative learning: pairs that the model proposes again and again become seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from psqe.graph import FloatArray, IntArray
from psqe.similarity import Dot, greedy_one_to_one, mutual_nearest
from psqe.training.loop import Training

Embed = Callable[[], tuple[FloatArray, FloatArray]]
"""Gives the joint embeddings of all left and all right entities as they are now, unit rows."""


@dataclass(frozen=True, eq=False)
class AddedSeeds:
    """What one round of iterative learning did.

    Attributes
    ----------
    epoch
        After which epoch.
    added
        Pairs that became seeds ``(m, 2)``.
    removed
        Seeds that gave way to them, because their similarity is lower ``(k, 2)``.
    """

    epoch: int
    added: IntArray
    removed: IntArray

    def renumbered(self, left: IntArray, right: IntArray) -> AddedSeeds:
        """The same, where ``left`` and ``right`` tell another index of each entity."""
        pairs = [np.column_stack([left[p[:, 0]], right[p[:, 1]]]) for p in (self.added, self.removed)]
        return AddedSeeds(self.epoch, *pairs)


def free(candidates: tuple[IntArray, IntArray], seeds: IntArray) -> tuple[IntArray, IntArray]:
    """Those of the candidates that are in no seed ``(n, 2)``, of either side."""
    left, right = (own[~np.isin(own, ends)] for own, ends in zip(candidates, seeds.T, strict=True))
    return left, right


class IterativeLearning:
    """Proposes pairs between epochs, and takes those in that stay proposed.

    From epoch ``start`` on, every ``every`` epochs, two kinds of pairs are proposed: candidates in no seed
    that are each other's nearest among such candidates (as EVA and its followers do), and candidates that are
    each other's nearest among all, whether in seeds or not. A pair proposed ``rounds`` times in a row becomes
    a seed. Where it shares an entity with another seed, the more similar of the two stays: an early wrong
    seed need not block its entities for good. A round that would leave a single seed changes nothing.

    It differs from the public codes of EVA and MCLEA in what these do by mistake: there the condition for a
    change of the optimiser, ``epoch == epoch >= il_start``, holds at every later epoch, and each makes a new
    optimiser. Here the optimiser keeps its averages. Gold links are not known here.

    Parameters
    ----------
    embed
        Gives the embeddings.
    candidates
        Who may be linked: left and right entities, in canonical order.
    start, every, rounds
        See above; ``start`` ``None`` for never.

    Attributes
    ----------
    added
        What was done, by round that changed anything.
    """

    def __init__(
        self,
        embed: Embed,
        candidates: tuple[IntArray, IntArray],
        *,
        start: int | None,
        every: int,
        rounds: int,
    ) -> None:
        self._embed, self._candidates = embed, candidates
        self._start, self._every, self._rounds = start, every, rounds
        self._proposed: dict[tuple[int, int], int] = {}
        self.added: list[AddedSeeds] = []

    def after_epoch(self, training: Training) -> None:
        """Propose, and take in; see :class:`psqe.training.loop.Habit`."""
        if self._start is None or training.epoch <= self._start:
            return
        if (training.epoch - self._start) % self._every:
            return
        seeds = training.seeds.cpu().numpy()
        left, right = self._embed()
        given = set(map(tuple, seeds.tolist()))
        found = [pair for pair in self._proposals(seeds, left, right) if pair not in given]
        self._proposed = {pair: self._proposed.get(pair, 0) + 1 for pair in found}
        ripe = [pair for pair, times in self._proposed.items() if times >= self._rounds]
        if not ripe:
            return
        pairs = np.concatenate([seeds, np.array(ripe, dtype=np.int64)])
        scores = np.einsum("ij,ij->i", left[pairs[:, 0]], right[pairs[:, 1]])
        # Of equal ones, seeds first: the sort is stable.
        order = np.argsort(-scores, kind="stable")
        kept = np.sort(order[greedy_one_to_one(pairs[order, 0], pairs[order, 1], len(pairs))])
        dropped = np.setdiff1d(np.arange(len(seeds)), kept)
        new = pairs[kept[kept >= len(seeds)]]
        for pair in ripe:
            del self._proposed[pair]
        if len(new) and len(kept) > 1:  # one pair may take the place of two seeds
            self.added.append(AddedSeeds(training.epoch, new, seeds[dropped]))
            training.replace_seeds(torch.from_numpy(pairs[kept]).to(training.seeds.device))

    def _proposals(self, seeds: IntArray, left: FloatArray, right: FloatArray) -> list[tuple[int, int]]:
        """Pairs of either kind, each once, in a fixed order."""
        found: dict[tuple[int, int], None] = {}
        for rows, columns in (free(self._candidates, seeds), self._candidates):
            i, j = mutual_nearest(Dot(left[rows], right[columns]))
            found |= dict.fromkeys(zip(rows[i].tolist(), columns[j].tolist(), strict=True))
        return list(found)

    def state(self) -> dict[str, Any]:
        """See :class:`psqe.training.loop.Habit`."""
        return {
            "proposed": [[*pair, times] for pair, times in self._proposed.items()],
            "added": [
                (one.epoch, torch.from_numpy(one.added), torch.from_numpy(one.removed)) for one in self.added
            ],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """See :class:`psqe.training.loop.Habit`."""
        self._proposed = {(left, right): times for left, right, times in state["proposed"]}
        self.added = [
            AddedSeeds(epoch, added.numpy(), removed.numpy()) for epoch, added, removed in state["added"]
        ]
