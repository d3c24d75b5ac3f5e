"""An adapter: one linear map for each modality that starts at the identity and is trained for a few steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from psqe.aligners.base import Aligner
from psqe.aligners.iterative import unseeded
from psqe.aligners.stopping import EarlyStopping
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.nodes import modality_nodes
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, Sides
from psqe.parameters import PositiveFloat, PositiveInt, RandomState
from psqe.similarity import Matching
from psqe.training.callback import Callback
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import InfoNCE
from psqe.training.modalities import JOINT, unit


class AdapterModel(nn.Module):
    """One square linear map for each modality, the identity at the start, and the joint embedding.

    Parameters
    ----------
    dims
        The width of each modality.

    Examples
    --------
    >>> model = AdapterModel([2, 1])
    >>> model([torch.tensor([[3.0, 4.0]]), torch.tensor([[5.0]])]).shape
    torch.Size([1, 3])
    """

    def __init__(self, dims: list[int]) -> None:
        super().__init__()
        self.maps = nn.ParameterList(nn.Parameter(torch.eye(dim)) for dim in dims)

    def forward(self, parts: list[Tensor]) -> Tensor:
        """Return unit joint vectors ``(n, d)`` from the vectors ``(n, d_m)`` of every modality."""
        mapped = [unit(part @ linear) for part, linear in zip(parts, self.maps, strict=True)]
        return unit(torch.cat(mapped, dim=1))


@dataclass(kw_only=True, eq=False, repr=False)
class Adapter(Aligner):
    """An aligner that corrects the features by linear maps, which start at the identity.

    Every modality has one square map for both sides. The maps are trained by InfoNCE on the joint embedding
    of the seeds. A check counts, among the candidates in no seed, the share that is in mutual nearest pairs
    (as in :class:`~psqe.aligners.stopping.EarlyStopping`); the maps of the best check are kept, and the first
    check is before the training. Maps that make the features worse by this criterion are therefore not kept.
    Where every candidate of a side is in a seed, no check is possible, and the training takes all its epochs.
    Graphs are not read.

    Parameters
    ----------
    n_epochs
        Largest number of passes over the seeds.
    batch_size
        Largest number of seeds in a batch, at least 2.
    learning_rate
        Learning rate of Adam.
    temperature
        Temperature of the loss.
    check_every
        Number of epochs between two checks.
    patience
        Number of checks in a row without a new best share after which the training stops.
    random_state
        Seed of the random generator for batches; without effect where all seeds fit into one.

    Attributes
    ----------
    history_
        Mean loss of each epoch.
    checks_
        Epoch and share of each check; the first is that of the features, at epoch 0.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Adapter(n_epochs=5).fit(task, features, true_links(task, 10))
    >>> model.checks_[0][0], model.checks_[1][0], len(model.history_)
    (0, 5, 5)
    """

    n_epochs: PositiveInt = 60
    batch_size: PositiveInt = 1000
    learning_rate: PositiveFloat = 1e-3
    temperature: PositiveFloat = 0.1
    check_every: PositiveInt = 5
    patience: PositiveInt = 3
    random_state: RandomState = 0

    name: ClassVar[str] = "adapter"
    matching: ClassVar[Matching] = "sinkhorn"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {}}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 2:
            raise ParameterError(
                f"batch_size is {self.batch_size}", remedy="a contrastive batch needs at least 2 seeds"
            )

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        nodes = [
            Sides(*(modality_nodes(v, graph) for v, graph in zip(m, task.sides, strict=True)))
            for m in features.values()
        ]
        model = AdapterModel([modality.left.shape[1] for modality in nodes])
        observers = () if callback is None else (callback,)
        contrast = InfoNCE(self.temperature)

        def vectors(ends: Sides[IntArray]) -> Sides[Tensor]:
            return Sides(*(
                model([torch.from_numpy(m[side][ids]) for m in nodes])
                for side, ids in zip(SIDES, ends, strict=True)
            ))  # fmt: skip

        def embed(entities: Sides[IntArray]) -> tuple[FloatArray, FloatArray]:
            with torch.inference_mode():
                left, right = vectors(entities).map(Tensor.numpy)
            return left, right

        def loss(seeds: Tensor) -> Tensor:
            batch = seeds.numpy()
            left, right = vectors(Sides(*batch.T))
            for observer in observers:
                observer.contrast(JOINT, batch, left, right, contrast)
            return contrast(left, right)

        judged = unseeded(task.sides.map(lambda graph: graph.candidates), pairs)
        stopping = _AdapterStopping(
            lambda: embed(judged),
            Sides(*map(np.arange, map(len, judged))),
            pairs[:0],
            patience=self.patience if all(map(len, judged)) else None,
            every=self.check_every,
            start=0,
        )
        config = TrainingConfig(
            n_epochs=self.n_epochs, batch_size=self.batch_size, learning_rate=self.learning_rate
        )
        with seeded(self.random_state):
            training = Training(
                model,
                loss,
                torch.from_numpy(pairs),
                config,
                description=self.name,
                callbacks=(stopping, *observers),
            )
            stopping.check(training)  # of the features, which are kept where no later check is better
            self.history_ = training.run()
            stopping.keep_best(training)
        self.checks_: list[tuple[int, float]] = stopping.checks
        return embed(task.sides.map(lambda graph: np.arange(graph.n_entities)))


class _AdapterStopping(EarlyStopping):
    """Early stopping that also checks after the last epoch."""

    def epoch_ends(self, training: Training) -> None:
        """Check the criterion if it is time to, or if this was the last epoch."""
        if training.epoch % self._every == 0 or training.epoch == training.config.n_epochs:
            self.check(training)
