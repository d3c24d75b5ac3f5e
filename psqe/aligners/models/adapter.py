"""An adapter: one linear map for each modality that starts at the identity and is trained for a few steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from psqe.aligners.base import Aligner
from psqe.aligners.iterative import unseeded
from psqe.aligners.stopping import mutual_share
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.nodes import modality_nodes
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, Sides
from psqe.parameters import PositiveFloat, PositiveInt, RandomState
from psqe.similarity import Matching
from psqe.training.callback import Callback
from psqe.training.loop import seeded
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
    checks_
        Epoch and share of each check; the first is that of the features, at epoch 0.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Adapter(n_epochs=5).fit(task, features, true_links(task, 10))
    >>> model.checks_[0][0], model.checks_[1][0]
    (0, 5)
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
        judged = unseeded(task.sides.map(lambda graph: graph.candidates), pairs)

        def embed(entities: Sides[IntArray]) -> Sides[FloatArray]:
            with torch.inference_mode():
                return Sides(*(
                    model([torch.from_numpy(m[side][ids]) for m in nodes]).numpy()
                    for side, ids in zip(SIDES, entities, strict=True)
                ))  # fmt: skip

        best: dict[str, Tensor] = {}
        self.checks_: list[tuple[int, float]] = []
        with seeded(self.random_state):
            steps = self._epochs(model, nodes, pairs, callback)
            for epoch in range(self.n_epochs + 1):
                if epoch:
                    next(steps)
                last = epoch == self.n_epochs
                if not all(map(len, judged)) or (epoch % self.check_every and not last):
                    continue
                share = mutual_share(*embed(judged))
                before = [earlier for _, earlier in self.checks_]
                self.checks_.append((epoch, share))
                if not before or share > max(before):
                    best = {name: value.clone() for name, value in model.state_dict().items()}
                elif len(before) - int(np.argmax(before)) >= self.patience:
                    break
        if best:
            model.load_state_dict(best)
        everyone = task.sides.map(lambda graph: np.arange(graph.n_entities))
        left, right = embed(everyone)
        return left, right

    def _epochs(
        self, model: AdapterModel, nodes: list[Sides[FloatArray]], pairs: IntArray, callback: Callback | None
    ) -> Iterator[None]:
        """Train for one epoch whenever the next value is asked for."""
        loss, step = InfoNCE(self.temperature), 0
        optimiser = torch.optim.Adam(model.parameters(), lr=self.learning_rate)
        n_batches = -(-len(pairs) // self.batch_size)
        while True:
            for batch in np.array_split(torch.randperm(len(pairs)).numpy(), n_batches):
                if len(batch) < 2:  # a contrastive loss needs a negative
                    continue
                seeds = pairs[batch]
                left, right = (
                    model([torch.from_numpy(m[side][ends]) for m in nodes])
                    for side, ends in zip(SIDES, seeds.T, strict=True)
                )
                if callback is not None:
                    callback.batch_begins(step)
                    callback.contrast(JOINT, seeds, left, right, loss)
                optimiser.zero_grad()
                loss(left, right).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                step += 1
            yield
