"""A recorder of the attraction and repulsion mass of seeds by region, while a real model trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import Regions
from psqe.evaluation.truth import among, gold_links, linked
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, DoubleArray, IntArray
from psqe.seeds.seed_set import SeedSet
from psqe.theory.batch import Batch
from psqe.theory.coverage import RegionModel, region_shares
from psqe.training.callback import Callback
from psqe.training.losses import NCA, ContrastiveLoss, InfoNCE

SEED_KINDS = ("correct", "wrong", "dangling")
"""The kinds of seeds, as :class:`Recorder` defines them."""

ALL = "all"
"""The kind and the name of the region that contains every seed."""


@dataclass(frozen=True, eq=False)
class SeedMasses:
    """The forces of a contrastive loss on each seed of a batch, in both directions together.

    For the loss of EVA (:func:`psqe.training.losses.nca`) the forces have other forms. The attraction is
    ``beta / (1 + s_kk)``, or 0 where the cosine is negative; it is no sum over negatives. An anchor ``k``
    gives the repulsion ``q_kv = e^(alpha s_kv) / (1 + sum_j e^(alpha s_kj))`` to a negative ``v``, and
    ``w_kv`` is the share of ``q_kv`` in ``sum_v q_kv``.

    Attributes
    ----------
    attraction
        ``(1 - p) / tau``, added up over the seed's two entities as anchors ``(B,)``: the attraction of each
        towards the other, and by proposition P1 the repulsion that each gives to the negatives.
    received
        ``p_kv / tau``, added up over the seed's two entities as negatives ``v`` and over the anchors ``k`` of
        all other seeds ``(B,)``: the repulsion that the seed receives. Over a batch, as much repulsion is
        received as is given.
    effective_negatives
        ``1 / sum_v w_kv^2`` for the shares ``w`` of an anchor's repulsion, averaged over the two entities
        ``(B,)``.

    Examples
    --------
    >>> masses = seed_masses(torch.eye(3), torch.eye(3), InfoNCE(temperature=0.5))
    >>> [round(mass, 3) for mass in masses.attraction.tolist()]
    [1.405, 1.405, 1.405]
    >>> [round(number, 3) for number in masses.effective_negatives.tolist()]
    [4.0, 4.0, 4.0]
    """

    attraction: Tensor
    received: Tensor
    effective_negatives: Tensor


@torch.no_grad()
def seed_masses(left: Tensor, right: Tensor, loss: ContrastiveLoss) -> SeedMasses:
    """Compute the closed forms of :mod:`psqe.theory.split` in the precision and on the device of the tensors.

    The function needs one matrix ``(B, 2B)`` at a time, half of that without same-side negatives, and has no
    part in automatic differentiation.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)``, row by row the two entities of a seed.
    loss
        The contrastive loss.

    Raises
    ------
    ParameterError
        If there are fewer than two seeds, for a single one has no negative.
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
    """Return the masses of EVA's loss."""
    s = left @ right.T
    of_seed = s.diagonal().clone()
    logits = (loss.scale * s).fill_diagonal_(-torch.inf)
    received, effective = torch.zeros_like(of_seed), torch.zeros_like(of_seed)
    for by_anchor in (logits, logits.T):
        # 1 + sum exp: the 1 is a further cell, e^0.
        total = torch.logaddexp(by_anchor.logsumexp(dim=1), torch.zeros_like(of_seed))
        given = torch.exp(by_anchor - total[:, None])
        received += given.sum(dim=0)
        # Shares come from the logits, because all that an anchor gives may be rounded to zero.
        effective += torch.linalg.vector_norm(by_anchor.softmax(dim=1), dim=1) ** -2 / 2
    attraction = torch.where(of_seed > 0, loss.attraction / (1 + of_seed), 0.0)
    return SeedMasses(attraction, received, effective)


def _one_way(anchors: Tensor, targets: Tensor, temperature: float, same_side: bool) -> SeedMasses:
    """Return the masses of InfoNCE with one entity of each seed as anchor, times ``temperature``."""
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
    # 1 - p comes from the logarithm of the negatives: for p near 1, 1 - p itself would be only rounding.
    mass = torch.sigmoid(peak + total.log() - of_target)
    received = (mass @ shares).view(-1, n).sum(dim=0)
    return SeedMasses(mass, received, torch.linalg.vector_norm(shares, dim=1) ** -2)


class Recorder(Callback):
    """A callback that records attraction and repulsion mass by region and kind of seed during a training.

    Give it to an aligner, ``aligner.fit(task, features, seeds, callback=recorder)``, and then call
    :meth:`table`. Gold links distinguish correct seeds from wrong ones in the table only; nothing flows back
    into the training. The recorded steps follow each other without a gap: when a training begins anew, or is
    resumed from a checkpoint at another step than the next one, earlier records are dropped. Steps before the
    checkpoint are not in the table, and a :class:`~psqe.errors.PsqeWarning` says so.

    A seed is *correct* if it is a gold link. Another seed is *dangling* if at least one of its entities has
    no counterpart, and otherwise *wrong*. The region of a seed is that of its left entity. A seed whose left
    entity is in no region of a kind counts in the row of all seeds only.

    Parameters
    ----------
    task
        The task of the training, with its gold links.
    regions
        Regions of the task by kind, as from :func:`psqe.evaluation.regions.all_regions`.
    every
        Number of steps from one record to the next, 10 by default; a step is a batch.
    embeddings
        Names of the embeddings to record; all by default.
    mean_field
        Whether the recorder also computes what the averages of each recorded batch predict, for
        :meth:`mean_field_table`; not by default. It needs a few matrices ``(B, 2B)`` in double precision.

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If ``every`` is smaller than 1, or the regions are not those of the task.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> recorder = Recorder(task, {}, every=2, embeddings=["joint"])
    >>> model = MCLEA.preset("small", n_epochs=4)
    >>> model = model.fit(task, features, true_links(task, 10), callback=recorder)
    >>> recorder.table()[["step", "seed_kind", "n_seeds"]].head(3).to_numpy().tolist()
    [[0, 'correct', 10], [0, 'wrong', 0], [0, 'dangling', 0]]
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
        self._links, self._linked = gold_links(task), linked(task)
        n_left = task.left.n_entities
        whole = Regions(ALL, (ALL,), np.zeros(n_left, np.int64), np.zeros(task.right.n_entities, np.int64))
        first_cells = []
        self._cells: list[tuple[str, str, str]] = []
        for kind, found in {ALL: whole, **regions}.items():
            if len(found.left) != n_left or (kind == ALL and found is not whole):
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
        """Record the masses of a batch, if its step and its embedding are to be recorded.

        Parameters
        ----------
        name, pairs, left, right, loss
            As in :meth:`psqe.training.callback.Callback.contrast`.

        Raises
        ------
        ParameterError
            If there are fewer than two seeds.
        DataError
            If a seed names an entity that the task does not have, because it is a seed of another task.
        """
        if self._step % self._every or not (self._embeddings is None or name in self._embeddings):
            return
        found = seed_masses(left, right, loss)
        if (pairs.max(axis=0) >= [len(mask) for mask in self._linked]).any():
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
        if self._averaged and isinstance(loss, InfoNCE):  # proposition P4 holds for this loss only
            z_left, z_right = (z.detach().cpu().double().numpy() for z in (left, right))
            batch = Batch(z_left, z_right, loss.temperature, loss.same_side)
            for kind, regions in self._averaged.items():
                masses = mean_field_mass(batch, regions.left[pairs[:, 0]], len(regions.names))
                self._predicted += [
                    (self._step, name, kind, region, float(mass))
                    for region, mass in zip(regions.names, masses, strict=True)
                ]

    def table(self) -> pd.DataFrame:
        """Return the recorded masses, one row per step, embedding, kind of region, region and kind of seed.

        Returns
        -------
        A table with the columns ``step``, ``embedding``, ``region_kind`` and ``region`` (both ``all`` for the
        whole batch), ``seed_kind``, ``n_seeds``, ``attraction`` and ``received``, summed over the seeds, and
        ``effective_negatives``, their mean (see :class:`SeedMasses`). A row without seeds has zeros and NaN.

        Raises
        ------
        ParameterError
            If one of the chosen embeddings was in no contrastive loss at the recorded steps.
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
        """Return what proposition P4 predicts from the averages of each recorded batch.

        Returns
        -------
        A table with one row per step, embedding and region and the columns ``step``, ``embedding``,
        ``region_kind``, ``region`` and ``mean_field``. The last one is the attraction by
        :func:`mean_field_mass`, to be compared with that of :meth:`table` summed over kinds of seed.
        """
        columns = ["step", "embedding", "region_kind", "region", "mean_field"]
        return pd.DataFrame(self._predicted, columns=columns)

    def _kinds(self, pairs: IntArray) -> IntArray:
        """Return the index of each seed's kind in ``SEED_KINDS`` ``(B,)``."""
        dangling = ~(self._linked.left[pairs[:, 0]] & self._linked.right[pairs[:, 1]])
        return np.where(among(pairs, self._links), 0, np.where(dangling, 2, 1))


def mean_field_mass(batch: Batch, regions: IntArray, n_regions: int) -> DoubleArray:
    """Return the attraction mass of each region by proposition P4, from the averages of a batch.

    Parameters
    ----------
    batch
        The seeds; both of their entities are anchors.
    regions
        Region of each seed ``(B,)``, -1 for none. A seed without a region is only a negative, which belongs
        to another region than any anchor.
    n_regions
        Number ``R`` of regions.

    Returns
    -------
    Masses ``(R,)``.
    """
    label = np.where(regions < 0, n_regions, regions)
    shares = region_shares(label, n_regions + 1)
    there, back = (
        RegionModel.measured(side, label, n_regions + 1).mass(shares) for side in (batch, batch.flipped)
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
    """Predict each region's share of the attraction mass by proposition P4, from features before training.

    Averages are taken over the fused features of the seeds, both sides as anchors, with same-side negatives.
    A seed is in the region of its left entity.

    Parameters
    ----------
    task, features, seeds
        The task, its vectors, and seeds whose entities are candidates.
    regions
        Regions of one kind.
    temperature
        Temperature of InfoNCE.

    Returns
    -------
    By name of region, its share; the shares add up to one.
    """
    vectors = fuse(features, task.left.candidates, task.right.candidates)
    rows = np.searchsorted(task.left.candidates, seeds.pairs[:, 0])
    columns = np.searchsorted(task.right.candidates, seeds.pairs[:, 1])
    left, right = vectors[0][rows], vectors[1][columns]
    batch = Batch(left.astype(np.float64), right.astype(np.float64), temperature)
    found = mean_field_mass(batch, regions.left[seeds.pairs[:, 0]], len(regions.names))
    return dict(zip(regions.names, (found / found.sum()).tolist(), strict=True))
