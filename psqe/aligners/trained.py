"""What trained aligners share: inputs, the loop, iterative learning, early stopping, checkpoints."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from torch import Tensor

from psqe.aligners.base import Aligner
from psqe.aligners.iterative import AddedSeeds, IterativeLearning
from psqe.aligners.model import Model, SeedBatch
from psqe.aligners.stopping import EarlyStopping
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.seeds.base import SeedSet, positive
from psqe.training.callback import Callback
from psqe.training.checkpoint import Checkpoint
from psqe.training.graph_attention import Subgraph
from psqe.training.loop import Training, TrainingConfig, check_device, seeded
from psqe.training.modalities import Inputs


@dataclass(frozen=True, eq=False)
class ResidualFeatures:
    """What of the features stays beside learned embeddings.

    Attributes
    ----------
    sides
        Left and right vectors ``(n, k)``, under their weight already; ``None`` for nothing.
    """

    sides: tuple[FloatArray, FloatArray] | None

    @classmethod
    def from_features(cls, features: Features, weight: float) -> ResidualFeatures:
        """Fused features of all entities; under ``weight`` in a dot product."""
        if not weight:
            return cls(None)
        left, right = fuse(features, *(np.arange(n) for n in features.shape))
        scale = np.float32(weight**0.5)
        return cls((scale * left, scale * right))

    def beside(self, left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Unit rows ``(n, d)`` of both sides, with what is kept as more columns, and unit again."""
        if self.sides is None:
            return left, right
        both = [unit_rows(np.hstack(parts)) for parts in zip((left, right), self.sides, strict=True)]
        return both[0], both[1]


N_LAYERS = 2
"""Layers of every graph network here."""


@dataclass(kw_only=True, eq=False, repr=False)
class TrainedAligner(Aligner):
    """An aligner that learns from seeds by gradient descent.

    Parameters
    ----------
    n_epochs, batch_size, learning_rate, weight_decay
        Of the training, see :class:`~psqe.training.loop.TrainingConfig`.
    residual
        Weight of the fused input features beside the learned embedding once it is learned, 0 for none.
        Projections learned from few noisy seeds throw away what pretrained vectors know; this keeps it. The
        loss does not see them: with them it would be content early, and less would be learned.
    iterative_start
        Epochs before iterative learning begins (:class:`~psqe.aligners.iterative.IterativeLearning`);
        ``None`` for never.
    iterative_every, iterative_rounds
        Epochs between two proposals, and how many times in a row a pair must be proposed to become a seed.
    patience
        Stop when the label-free criterion has not risen for so many checks
        (:class:`~psqe.aligners.stopping.EarlyStopping`); ``None`` for never. With iterative learning, checks
        begin once a pair can have become a seed and been trained on, ``iterative_every * iterative_rounds``
        epochs after ``iterative_start``.
    check_every
        Epochs between two checks.
    device, dtype
        Where and in which precision to compute: ``cpu`` or ``cuda``, ``float32`` or ``float64``.
    random_state
        Seed of initial weights, batches and dropout.

    Attributes
    ----------
    history_
        Mean loss of each epoch.
    added_
        What iterative learning added and replaced, by round; pairs as indices of the task.
    checks_
        Epoch and label-free criterion of each check of early stopping.
    """

    n_epochs: int = 1000
    batch_size: int = 512
    learning_rate: float = 5e-4
    weight_decay: float = 1e-2
    residual: float = 0.0
    iterative_start: int | None = None
    iterative_every: int = 5
    iterative_rounds: int = 10
    patience: int | None = None
    check_every: int = 10
    device: str = "cpu"
    dtype: Literal["float32", "float64"] = "float32"
    random_state: int = 0

    POSITIVE: ClassVar[tuple[str, ...]] = ()
    """Parameters of a subclass that must be positive."""

    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ()
    """Parameters of a subclass that may be 0, too."""

    def __post_init__(self) -> None:
        for name, value in self.parameters.items():
            if isinstance(value, np.generic):  # a checkpoint must be readable without numpy's types
                setattr(self, name, value.item())
        for name in (
            "n_epochs", "learning_rate", "iterative_every", "iterative_rounds", "check_every", *self.POSITIVE
        ):  # fmt: skip
            positive(name, getattr(self, name))
        if self.batch_size < 2:
            raise ParameterError(
                f"batch_size is {self.batch_size}; a contrastive batch needs at least 2 seeds"
            )
        for name in ("residual", "weight_decay", "iterative_start", *self.NOT_NEGATIVE):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ParameterError(f"{name} is {value}", remedy="give 0 or more")
        if self.patience is not None:
            positive("patience", self.patience)
            first = (self._settled // self.check_every + 1) * self.check_every
            if first > self.n_epochs:
                raise ParameterError(
                    f"early stopping would check first after epoch {first}, and there are {self.n_epochs}",
                    remedy="train longer, check or learn iteratively earlier, or leave patience out",
                )
        if self.dtype not in ("float32", "float64"):
            raise ParameterError(f"dtype is {self.dtype!r}", remedy="choose float32 or float64")
        check_device(self.device)
        self._checkpoint: Path | None = None

    @property
    def _settled(self) -> int:
        """Epochs up to which nothing of iterative learning can be in the weights; 0 without it.

        Were these judged, the best could be weights of before it, and the training over before any pair had
        been proposed often enough.
        """
        if self.iterative_start is None:
            return 0
        return self.iterative_start + self.iterative_every * self.iterative_rounds

    @abstractmethod
    def _model(self, inputs: Inputs) -> Model:
        """The network for some inputs, with initial weights drawn from torch's generator."""

    def _config(self) -> TrainingConfig:
        """How to train."""
        return TrainingConfig(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )

    def fit(
        self,
        task: AlignmentTask,
        features: Features,
        seeds: SeedSet,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """Train on ``seeds``; see :meth:`Aligner.fit`.

        With a ``checkpoint``, a file, the state of the training is kept there, about once a minute and at
        the end. If the file is there already, the training goes on from it, to the result that it would
        have had uninterrupted. Only the versions of psqe and torch that wrote it can promise that: others
        refuse it.

        Raises
        ------
        DataError
            As :meth:`Aligner.fit`; also if the checkpoint is that of another training, of other versions, or
            is none; and, with ``patience``, if every candidate of a side is in a seed.
        PsqeError
            If the checkpoint cannot be written.

        Warns
        -----
        PsqeWarning
            If the training goes on from the checkpoint and there is a ``callback``. It hears of the steps to
            come only, and the text says from which on.
        """
        self._checkpoint = None if checkpoint is None else Path(checkpoint)
        return super().fit(task, features, seeds, callback=callback)

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        dtype = getattr(torch, self.dtype)
        inputs = Inputs.from_task(task, features, device=self.device, dtype=dtype)
        n_left, candidates = inputs.n_left, (task.left.candidates, task.right.candidates)
        with seeded(self.random_state, self.device):
            kept = ResidualFeatures.from_features(features, self.residual)
            # Weights are drawn in single precision on the CPU, so that they are the same everywhere.
            model = self._model(inputs).to(self.device, dtype)

            def embed() -> tuple[FloatArray, FloatArray]:
                joint = model.embeddings()
                return kept.beside(joint[:n_left], joint[n_left:])

            iterative = IterativeLearning(
                embed, candidates,
                start=self.iterative_start, every=self.iterative_every, rounds=self.iterative_rounds,
            )  # fmt: skip
            stopping = EarlyStopping(
                embed, candidates, pairs,
                patience=self.patience, every=self.check_every, start=self._settled,
            )  # fmt: skip

            @lru_cache(maxsize=1)
            def reaching(seeds: Tensor) -> Subgraph:
                return inputs.edges.reaching(inputs.nodes(seeds), N_LAYERS)

            def loss(seeds: Tensor) -> Tensor:
                field = reaching(training.seeds)
                return model.loss(SeedBatch(seeds, inputs.nodes(seeds), field, inputs.present, callback))

            training = Training(
                model,
                loss,
                torch.from_numpy(pairs).to(self.device),
                self._config(),
                description=self.name,
                callback=callback,
                habits=(iterative, stopping),
                checkpoint=self._kept(inputs, candidates, pairs),
            )
            self.history_ = training.run()
            stopping.keep_best(training)
            found = embed()
        self.added_: list[AddedSeeds] = iterative.added
        self.checks_: list[tuple[int, float]] = stopping.checks
        return found

    def _renumbered(self, left: IntArray, right: IntArray) -> None:
        self.added_ = [one.renumbered(left, right) for one in self.added_]

    def _kept(
        self, inputs: Inputs, candidates: tuple[IntArray, IntArray], pairs: IntArray
    ) -> Checkpoint | None:
        """The checkpoint, bound to everything that the training depends on."""
        if self._checkpoint is None:
            return None
        plainly = json.dumps([self.name, self.parameters, inputs.n_left], sort_keys=True)
        digest = hashlib.sha256(plainly.encode())
        tensors = [inputs.edges.targets, inputs.edges.sources]
        for name in inputs.vectors:
            digest.update(name.encode())
            tensors += [inputs.vectors[name], inputs.present[name]]
        for array in (pairs, *candidates, *(tensor.cpu().numpy() for tensor in tensors)):
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(array.tobytes())
        return Checkpoint(self._checkpoint, digest.hexdigest())
