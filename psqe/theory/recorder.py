"""What a training does with its seeds: attraction and repulsion mass by region, while a real model trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import Regions
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, DoubleArray, IntArray
from psqe.seeds.failures import counterparts
from psqe.seeds.seed_set import SeedSet
from psqe.theory.batch import Batch
from psqe.theory.coverage import RegionModel, shares_of
from psqe.training.callback import Callback
from psqe.training.losses import NCA, ContrastiveLoss, InfoNCE

SEED_KINDS = ("right", "wrong", "dangling")
ALL = "all"
"""The kind and the name of the region that every seed is in."""


@dataclass(frozen=True, eq=False)
class SeedMasses:
    """What the loss does with each seed of a batch, both directions together; ``(B,)`` each.

    Attributes
    ----------
    attraction
        ``(1 - p) / tau``, added up over its two ends as anchors: what each is pulled with, and what each
        pushes the negatives with (P1, the two are the same).
    received
        ``p_kv / tau``, added up over its two ends as negatives ``v`` and over the anchors ``k`` of all other
        seeds: what they push it with. Over a batch, as much is received as is given.
    effective_negatives
        ``1 / sum_v w_kv^2`` for the shares ``w`` of an anchor's repulsion, mean of its two ends.

    EVA's loss (:func:`psqe.training.losses.nca`) has other forms. Attraction is ``beta / (1 + s_kk)``, 0
    where the cosine is negative; it is no sum over negatives. What an anchor k gives to a negative v is
    ``q_kv = e^(alpha s_kv) / (1 + sum_j e^(alpha s_kj))``; ``w_kv`` is its share of ``sum_v q_kv``.
    """

    attraction: Tensor
    received: Tensor
    effective_negatives: Tensor


@torch.no_grad()
def seed_masses(left: Tensor, right: Tensor, loss: ContrastiveLoss) -> SeedMasses:
    """The closed forms of :mod:`psqe.theory.split`, in the tensors' own precision and on their device.

    Needs one matrix ``(B, 2B)`` at a time, half of that without same-side negatives. Takes no part in
    automatic differentiation.

    Raises
    ------
    ParameterError
        If there are fewer than two seeds: one alone has no negative.
    """
    if len(left) < 2:
        raise ParameterError("a seed alone has no negatives", remedy="give at least two")
    if isinstance(loss, NCA):
        return _nca_masses(left, right, loss)
    there = _one_way(left, right, loss.temperature, loss.same_side)
    back = _one_way(right, left, loss.temperature, loss.same_side)
    return SeedMasses(
        (there.attraction + back.attraction) / loss.temperature,
        (there.received + back.received) / loss.temperature,
        (there.effective_negatives + back.effective_negatives) / 2,
    )


def _nca_masses(left: Tensor, right: Tensor, loss: NCA) -> SeedMasses:
    s = left @ right.T
    of_seed = s.diagonal().clone()
    logits = (loss.scale * s).fill_diagonal_(-torch.inf)
    received, effective = torch.zeros_like(of_seed), torch.zeros_like(of_seed)
    for one in (logits, logits.T):
        # 1 + sum exp: the one is a cell e^0 of its own.
        total = torch.logaddexp(one.logsumexp(dim=1), torch.zeros_like(of_seed))
        given = torch.exp(one - total[:, None])
        received += given.sum(dim=0)
        # Shares from the logits: of an anchor at ease, what it gives may be all zero.
        effective += torch.linalg.vector_norm(one.softmax(dim=1), dim=1) ** -2 / 2
    attraction = torch.where(of_seed > 0, loss.attraction / (1 + of_seed), 0.0)
    return SeedMasses(attraction, received, effective)


def _one_way(anchors: Tensor, targets: Tensor, temperature: float, same_side: bool) -> SeedMasses:
    """The same with one end of each seed as anchor, masses not yet divided by ``temperature``."""
    n = len(anchors)
    logits = anchors @ (torch.cat([targets, anchors]) if same_side else targets).T
    logits /= temperature
    of_target = logits.diagonal().clone()
    logits.diagonal().fill_(-torch.inf)
    if same_side:
        logits.diagonal(n).fill_(-torch.inf)
    peak = logits.amax(dim=1)
    shares = logits.sub_(peak[:, None]).exp_()
    total = shares.sum(dim=1)
    shares /= total[:, None]
    # 1 - p from the negatives' logarithm: of a sure anchor, 1 - p itself would be all rounding.
    mass = torch.sigmoid(peak + total.log() - of_target)
    received = (mass @ shares).view(-1, n).sum(dim=0)
    return SeedMasses(mass, received, torch.linalg.vector_norm(shares, dim=1) ** -2)


class Recorder(Callback):
    """Records attraction and repulsion mass by region and by kind of seed, at some steps of a training.

    ``aligner.fit(task, features, seeds, callback=recorder)``, then :meth:`table`. This is a measurement after
    the fact: gold links tell right seeds from wrong ones in the table, and nothing flows back into the
    training. The steps recorded are in a row: a training that begins anew, or goes on from a checkpoint at
    another step than the next, forgets what was recorded before. Steps that were done when a training goes
    on are not in the table; a :class:`~psqe.errors.PsqeWarning` says which are.

    A seed is *right* when it is a gold link. A wrong one is *dangling* when at least one of its ends has no
    counterpart, else *wrong*. Its region is that of its left end; a seed whose left end is in no region of
    a kind counts in the row of all seeds alone.

    Parameters
    ----------
    task
        The task that is trained on, with its gold links.
    regions
        Regions of the task by kind, as of :func:`psqe.evaluation.regions.all_regions`.
    every
        Steps 0, ``every``, 2 ``every`` and so on are recorded; a step is a batch.
    embeddings
        Names of the embeddings to record, all when omitted.
    mean_field
        Whether to compute, too, what the averages of each recorded batch predict, for
        :meth:`mean_field_table`. Needs a few matrices ``(B, 2B)`` in double precision.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If ``every`` is less than 1, or the regions are not those of the task.
    """

    def __init__(
        self,
        task: AlignmentTask,
        regions: Mapping[str, Regions],
        *,
        every: int = 10,
        embeddings: Sequence[str] | None = None,
        mean_field: bool = False,
    ) -> None:
        if every < 1:
            raise ParameterError(f"every is {every}", remedy="give at least 1")
        self._of_left, self._of_right = counterparts(task)
        n_left = task.left.n_entities
        everyone = Regions(ALL, (ALL,), np.zeros(n_left, np.int64), np.zeros(task.right.n_entities, np.int64))
        first_cells = []
        self._cells: list[tuple[str, str, str]] = []
        for kind, found in {ALL: everyone, **regions}.items():
            if len(found.left) != n_left or (kind == ALL and found is not everyone):
                raise ParameterError(
                    f"{kind!r} is no kind of regions of {task.name}",
                    remedy=f"give regions of its {n_left} left entities, under any name but {ALL!r}",
                )
            first_cells.append(np.where(found.left < 0, -1, len(self._cells) + len(SEED_KINDS) * found.left))
            self._cells += [(kind, name, seed_kind) for name in found.names for seed_kind in SEED_KINDS]
        self._first_cells = np.stack(first_cells)  # by kind of region and left entity
        self._every = every
        self._embeddings = None if embeddings is None else tuple(embeddings)
        self._averaged = dict(regions) if mean_field else {}
        self._step = 0
        self._recorded: list[tuple[int, str, DoubleArray]] = []
        self._predicted: list[tuple[int, str, str, str, float]] = []

    def batch_begins(self, step: int) -> None:
        """Note the number of the step, and forget earlier records unless it follows the last step."""
        if step != self._step + 1:
            self._recorded, self._predicted = [], []
        self._step = step

    def contrast(
        self, name: str, pairs: IntArray, left: Tensor, right: Tensor, loss: ContrastiveLoss
    ) -> None:
        """Record the batch, if its step and its embedding are to be recorded.

        Raises
        ------
        ParameterError
            If there are fewer than two seeds.
        DataError
            If a seed names an entity that the task does not have: it is another task's.
        """
        if self._step % self._every or not (self._embeddings is None or name in self._embeddings):
            return
        found = seed_masses(left, right, loss)
        if (pairs.max(axis=0) >= [len(self._of_left), len(self._of_right)]).any():
            raise DataError("a seed names an entity outside the task", remedy="record the task trained on")
        values = [found.attraction, found.received, found.effective_negatives]
        columns = [np.ones(len(pairs)), *torch.stack(values).cpu().double().numpy()]
        first = self._first_cells[:, pairs[:, 0]]
        inside = first >= 0
        cells = (first + self._kinds(pairs))[inside]
        sums = [
            np.bincount(cells, np.broadcast_to(column, first.shape)[inside], len(self._cells))
            for column in columns
        ]
        self._recorded.append((self._step, name, np.column_stack(sums)))
        if self._averaged and isinstance(loss, InfoNCE):  # P4 is about no other loss
            first_end, second_end = (z.detach().cpu().double().numpy() for z in (left, right))
            batch = Batch(first_end, second_end, loss.temperature, loss.same_side)
            for kind, regions in self._averaged.items():
                masses = mean_field_mass(batch, regions.left[pairs[:, 0]], len(regions.names))
                self._predicted += [
                    (self._step, name, kind, region, float(mass))
                    for region, mass in zip(regions.names, masses, strict=True)
                ]

    def table(self) -> pd.DataFrame:
        """One row per step, embedding, kind of region, region and kind of seed, those without seeds too.

        Returns
        -------
        Columns ``step``, ``embedding``, ``region_kind``, ``region`` (both ``all``: the whole batch),
        ``seed_kind``; then ``n_seeds``, ``attraction`` and ``received``, summed over the seeds, and
        ``effective_negatives``, their mean, NaN without seeds (see :class:`SeedMasses`).

        Raises
        ------
        ParameterError
            If an embedding that was asked for was in no contrastive loss at the recorded steps.
        """
        seen = list(dict.fromkeys(name for _, name, _ in self._recorded))
        for name in self._embeddings or ():
            if name not in seen:
                raise ParameterError(
                    f"no contrastive loss of an embedding {name!r} was seen",
                    remedy=f"choose from {', '.join(seen)}" if seen else "train with this recorder first",
                )
        keys = [(step, name, *cell) for step, name, _ in self._recorded for cell in self._cells]
        sums = np.concatenate([np.empty((0, 4)), *(block for _, _, block in self._recorded)])
        table = pd.DataFrame(keys, columns=["step", "embedding", "region_kind", "region", "seed_kind"])
        table["n_seeds"] = sums[:, 0].astype(np.int64)
        table["attraction"], table["received"] = sums[:, 1], sums[:, 2]
        table["effective_negatives"] = sums[:, 3] / table["n_seeds"]
        return table

    def mean_field_table(self) -> pd.DataFrame:
        """What P4 makes of the averages of each recorded batch, one row per step, embedding and region.

        Returns
        -------
        Columns ``step``, ``embedding``, ``region_kind``, ``region`` and ``mean_field``: the attraction as
        :func:`mean_field_mass` has it, to be held against that of :meth:`table`, summed over kinds of seed.
        """
        columns = ["step", "embedding", "region_kind", "region", "mean_field"]
        return pd.DataFrame(self._predicted, columns=columns)

    def _kinds(self, pairs: IntArray) -> IntArray:
        """The place of each seed's kind in ``SEED_KINDS`` ``(B,)``."""
        of_left, of_right = self._of_left[pairs[:, 0]], self._of_right[pairs[:, 1]]
        dangling = (of_left < 0) | (of_right < 0)
        return np.where(of_left == pairs[:, 1], 0, np.where(dangling, 2, 1))


def mean_field_mass(batch: Batch, regions: IntArray, n_regions: int) -> DoubleArray:
    """Attraction of each region ``(R,)`` by P4 from the averages of a batch, both ends as anchors.

    Parameters
    ----------
    batch
        The seeds.
    regions
        Region of each seed ``(B,)``, -1 for none: such a seed is only a negative, one of another region.
    n_regions
        ``R``.
    """
    label = np.where(regions < 0, n_regions, regions)
    shares = shares_of(label, n_regions + 1)
    there, back = (
        RegionModel.measured(one, label, n_regions + 1).mass(shares) for one in (batch, batch.flipped)
    )
    return np.asarray((there + back)[:n_regions])


def predicted_shares(
    task: AlignmentTask,
    features: Features,
    seeds: SeedSet,
    regions: Regions,
    *,
    temperature: float,
) -> dict[str, float]:
    """What share of the attraction mass each region will get, by P4, from the features before training.

    Averages are taken over the fused features of the seeds, both sides as anchors, with same-side negatives;
    a seed is in the region of its left end.
    """
    vectors = fuse(features, task.left.candidates, task.right.candidates)
    rows = np.searchsorted(task.left.candidates, seeds.pairs[:, 0])
    columns = np.searchsorted(task.right.candidates, seeds.pairs[:, 1])
    left, right = vectors[0][rows], vectors[1][columns]
    batch = Batch(left.astype(np.float64), right.astype(np.float64), temperature)
    found = mean_field_mass(batch, regions.left[seeds.pairs[:, 0]], len(regions.names))
    return dict(zip(regions.names, (found / found.sum()).tolist(), strict=True))
