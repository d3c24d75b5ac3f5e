"""Iterative learning: pairs that the model proposes several times in a row become seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from psqe.graph import FloatArray, IntArray, Sides
from psqe.similarity import Dot, greedy_one_to_one, mutual_nearest
from psqe.training.callback import Callback
from psqe.training.loop import Training

Embed = Callable[[], tuple[FloatArray, FloatArray]]
"""A function that returns the current joint embeddings of all left and all right entities, unit rows."""


@dataclass(frozen=True, eq=False)
class AddedSeeds:
    """The seeds that one round of iterative learning added and removed.

    Attributes
    ----------
    epoch
        The epoch after which the round took place, from 1.
    added
        Pairs that became seeds ``(m, 2)``: left and right entities.
    removed
        Seeds that were replaced because a new pair with one of their entities is more similar ``(k, 2)``.

    Examples
    --------
    >>> import numpy as np
    >>> change = AddedSeeds(7, np.array([[0, 1]]), np.empty((0, 2), dtype=np.int64))
    >>> change.renumbered(np.array([5, 6]), np.array([8, 9])).added.tolist()
    [[5, 9]]
    """

    epoch: int
    added: IntArray
    removed: IntArray

    def renumbered(self, left: IntArray, right: IntArray) -> AddedSeeds:
        """Return the same round with other indices.

        Parameters
        ----------
        left, right
            The new index of each left and of each right entity, ``(n_left,)`` and ``(n_right,)``.
        """
        pairs = [np.column_stack([left[p[:, 0]], right[p[:, 1]]]) for p in (self.added, self.removed)]
        return AddedSeeds(self.epoch, *pairs)


def unseeded(candidates: Sides[IntArray], seeds: IntArray) -> Sides[IntArray]:
    """Return the candidates of both sides that are in none of the seeds ``(n, 2)``."""
    return Sides(
        candidates.left[~np.isin(candidates.left, seeds[:, 0])],
        candidates.right[~np.isin(candidates.right, seeds[:, 1])],
    )


class IterativeLearning(Callback):
    """A callback that proposes pairs between epochs and makes seeds of those that it proposes repeatedly.

    After epoch ``start``, every ``every`` epochs, two kinds of pairs are proposed: candidates in no seed
    that are each other's nearest among such candidates (as in EVA, Liu et al. 2021, and its successors), and
    candidates that are each other's nearest among all, whether they are in seeds or not. A pair that is
    proposed ``rounds`` times in a row becomes a seed. Where it shares an entity with another seed, the more
    similar of the two stays, so that an early wrong seed need not block its entities for good. A round that
    would leave a single seed changes nothing. Gold links are not used.

    Parameters
    ----------
    embed
        A function that returns the current embeddings of both sides.
    candidates
        The left and the right entities that may be linked, in canonical order.
    start
        Number of epochs before the first round; ``None`` for no round at all.
    every
        Number of epochs between two rounds.
    rounds
        How many times in a row a pair must be proposed.

    Attributes
    ----------
    added
        The rounds that changed the seeds, in order.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, noise=0.2, random_state=0)
    >>> model = MCLEA.preset("small", n_epochs=4, iterative_start=1, iterative_every=1, iterative_rounds=2)
    >>> model.fit(task, features, true_links(task, 10)).added_[0].epoch
    3
    """

    def __init__(
        self,
        embed: Embed,
        candidates: Sides[IntArray],
        *,
        start: int | None,
        every: int,
        rounds: int,
    ) -> None:
        self._embed, self._candidates = embed, candidates
        self._start, self._every, self._rounds = start, every, rounds
        self._proposed: dict[tuple[int, int], int] = {}
        self.added: list[AddedSeeds] = []

    def epoch_ends(self, training: Training) -> None:
        """Propose pairs, and replace the training's seeds if some pairs were proposed often enough."""
        if self._start is None or training.epoch <= self._start:
            return
        if (training.epoch - self._start) % self._every:
            return
        seeds = training.seeds.cpu().numpy()
        left, right = self._embed()
        given = set(map(tuple, seeds.tolist()))
        proposals = [pair for pair in self._proposals(seeds, left, right) if pair not in given]
        self._proposed = {pair: self._proposed.get(pair, 0) + 1 for pair in proposals}
        ripe = [pair for pair, times in self._proposed.items() if times >= self._rounds]
        if not ripe:
            return
        pairs = np.concatenate([seeds, np.array(ripe, dtype=np.int64)])
        scores = np.einsum("ij,ij->i", left[pairs[:, 0]], right[pairs[:, 1]])
        # The sort is stable, so that seeds come before new pairs of the same similarity.
        order = np.argsort(-scores, kind="stable")
        kept = np.sort(order[greedy_one_to_one(pairs[order, 0], pairs[order, 1], len(pairs))])
        dropped = np.setdiff1d(np.arange(len(seeds)), kept)
        new = pairs[kept[kept >= len(seeds)]]
        for pair in ripe:
            del self._proposed[pair]
        if len(new) and len(kept) > 1:  # one pair may take the place of two seeds
            self._accept(training, pairs[kept], new, seeds[dropped])

    def _accept(self, training: Training, seeds: IntArray, new: IntArray, removed: IntArray) -> None:
        """Train on other seeds from now on, and keep a record of the round."""
        self.added.append(AddedSeeds(training.epoch, new, removed))
        training.replace_seeds(torch.from_numpy(seeds).to(training.seeds.device))

    def _proposals(self, seeds: IntArray, left: FloatArray, right: FloatArray) -> list[tuple[int, int]]:
        """Return the pairs of both kinds, each once, in a fixed order."""
        pairs: dict[tuple[int, int], None] = {}
        for rows, columns in (unseeded(self._candidates, seeds), self._candidates):
            i, j = mutual_nearest(Dot(left[rows], right[columns]))
            pairs |= dict.fromkeys(zip(rows[i].tolist(), columns[j].tolist(), strict=True))
        return list(pairs)

    def state(self) -> dict[str, Any]:
        """Return the proposals with their counts, and the rounds so far."""
        return {
            "proposed": [[*pair, times] for pair, times in self._proposed.items()],
            "added": [
                (change.epoch, torch.from_numpy(change.added), torch.from_numpy(change.removed))
                for change in self.added
            ],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the proposals and the rounds of an interrupted training."""
        self._proposed = {(left, right): times for left, right, times in state["proposed"]}
        self.added = [
            AddedSeeds(epoch, added.numpy(), removed.numpy()) for epoch, added, removed in state["added"]
        ]


class BlocksOfRounds(IterativeLearning):
    """Iterative learning as the public codes of EVA, MCLEA and MEAformer have it.

    Epochs are counted in blocks of ``every * rounds``, from the first epoch of the training. Every ``every``
    epochs after epoch ``start``, entities in no seed that are each other's nearest among such entities are
    proposed. At the end of a block the pairs that were proposed at each of its rounds become seeds. No seed
    is ever replaced. Entities that are no candidates are proposed too.

    Parameters
    ----------
    embed, start, every, rounds
        As for :class:`IterativeLearning`.
    entities
        All entities of both sides.
    half
        Whether only the second half of the rounds of a block counts, and a round takes place before the epoch
        after which it would be due, as in the public code of MEAformer; ``False`` by default.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, noise=0.2, random_state=0)
    >>> model = MCLEA.preset(
    ...     "small", n_epochs=4, iterative_start=0, iterative_every=1, iterative_rounds=2,
    ...     switches={"proposals": "blocks"},
    ... )
    >>> model.fit(task, features, true_links(task, 10)).added_[0].epoch
    2
    """

    def __init__(
        self,
        embed: Embed,
        entities: Sides[IntArray],
        *,
        start: int | None,
        every: int,
        rounds: int,
        half: bool = False,
    ) -> None:
        super().__init__(embed, entities, start=start, every=every, rounds=rounds)
        self._half = half

    def epoch_ends(self, training: Training) -> None:
        """Propose pairs, and make seeds of those that outlived a block if it ends here."""
        epoch = training.epoch + self._half
        if self._start is None or epoch <= self._start or epoch % self._every:
            return
        block = self._every * self._rounds
        counted = max(1, self._rounds // 2) * self._every if self._half else block
        seeds = training.seeds.cpu().numpy()
        left, right = self._embed()
        nearest = dict.fromkeys(self._proposals(seeds, left, right), 1)
        if epoch % counted == self._every % counted:
            self._proposed = nearest
        else:
            self._proposed = {pair: 1 for pair in nearest if pair in self._proposed}
        if epoch % block == 0 and self._proposed:
            new = np.array(list(self._proposed), dtype=np.int64)
            self._proposed = {}
            self._accept(training, np.concatenate([seeds, new]), new, seeds[:0])

    def _proposals(self, seeds: IntArray, left: FloatArray, right: FloatArray) -> list[tuple[int, int]]:
        """Return the pairs of entities in no seed that are each other's nearest."""
        rows, columns = unseeded(self._candidates, seeds)
        if not len(rows) or not len(columns):
            return []
        i, j = mutual_nearest(Dot(left[rows], right[columns]))
        return list(zip(rows[i].tolist(), columns[j].tolist(), strict=True))
