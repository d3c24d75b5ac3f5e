"""The base of trained aligners: inputs, training, iterative learning, early stopping, checkpoints."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from psqe.aligners.base import Aligner
from psqe.aligners.iterative import AddedSeeds, BlocksOfRounds, Embed, IterativeLearning
from psqe.aligners.model import Model, SeedBatch
from psqe.aligners.stopping import EarlyStopping
from psqe.aligners.variants import BAGS, OptimiserRestart, TrainedRules, completed
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray, Sides
from psqe.parameters import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, RandomState
from psqe.seeds.seed_set import SeedSet
from psqe.training.callback import Callback
from psqe.training.checkpoint import Checkpoint
from psqe.training.graph_attention import Subgraph
from psqe.training.loop import Training, TrainingConfig, check_device, seeded
from psqe.training.modalities import InputForm, ModelInputs


@dataclass(frozen=True, eq=False)
class ResidualFeatures:
    """Fused input features that are put beside learned embeddings as further columns.

    Attributes
    ----------
    sides
        Weighted vectors ``(n, k)`` of the entities of both sides; ``None`` if the weight is 0.

    Examples
    --------
    >>> import numpy as np
    >>> learned = np.eye(2, dtype=np.float32)
    >>> residual = ResidualFeatures(Sides(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32)))
    >>> left, right = residual.beside(learned, learned)
    >>> left.shape, round(float(left[0] @ right[1]), 3)
    ((2, 3), 0.5)
    """

    sides: Sides[FloatArray] | None

    @classmethod
    def from_features(cls, features: Features, weight: float) -> ResidualFeatures:
        """Fuse the features of all entities.

        Parameters
        ----------
        features
            Vectors of all entities by modality.
        weight
            Factor of the features' dot product beside that of the learned embeddings, 0 or more.
        """
        if not weight:
            return cls(None)
        scale = np.float32(weight**0.5)
        return cls(Sides(*fuse(features, *map(np.arange, features.shape))).map(lambda x: scale * x))

    def beside(self, left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Append the features to learned embeddings ``(n, d)`` and scale the rows to unit length.

        Returns
        -------
        Embeddings ``(n, d + k)`` of the left and of the right entities; the given ones if the weight is 0.
        """
        if self.sides is None:
            return left, right
        return (
            unit_rows(np.hstack([left, self.sides.left])),
            unit_rows(np.hstack([right, self.sides.right])),
        )


N_LAYERS = 2
"""Number of layers of the graph network of every trained aligner."""


@dataclass(kw_only=True, eq=False, repr=False)
class TrainedAligner(Aligner):
    """An aligner that learns from seeds by gradient descent.

    A subclass is a dataclass that adds parameters of its own and implements :meth:`_model`. Where it departs
    from the public code of its authors, it has a switch, which :meth:`variants_table` describes. The variant
    ``released`` does what that code does but for one thing: the public code of MEAformer keeps the
    epoch that is best on the test links, and no variant here looks at these.

    Parameters
    ----------
    variant
        Name of a set of switches: ``corrected`` (the default) or ``released``.
    switches
        Values of switches that differ from the variant's, by name.
    n_epochs
        Number of passes over the seeds.
    batch_size
        Largest number of seeds in a batch, at least 2.
    learning_rate
        Learning rate of AdamW.
    weight_decay
        Weight decay of AdamW.
    residual
        Weight of the fused input features beside the learned embeddings once these are learned; 0 for none.
        Projections that are learned from few noisy seeds lose what pretrained vectors know, and the residual
        keeps it. The loss does not include the features: it would be small early, and less would be learned.
    iterative_start
        Number of epochs before iterative learning begins
        (:class:`~psqe.aligners.iterative.IterativeLearning`); ``None`` for no iterative learning.
    iterative_every
        Number of epochs between two proposals of iterative learning.
    iterative_rounds
        How many times in a row iterative learning must propose a pair before it becomes a seed.
    patience
        Number of checks in a row without a new best value of the label-free criterion after which the
        training stops (:class:`~psqe.aligners.stopping.EarlyStopping`); ``None`` for no early stopping. With
        iterative learning, checks begin ``iterative_every * iterative_rounds`` epochs after
        ``iterative_start``, once a pair can have become a seed and been trained on.
    check_every
        Number of epochs between two checks of early stopping.
    device
        The torch device that computes, for example ``cpu``, ``cuda`` or ``cuda:1``.
    dtype
        Precision to compute in: ``float32`` or ``float64``.
    random_state
        Seed of the random generator for initial weights, batches and dropout.

    Attributes
    ----------
    history_
        Mean loss of each epoch.
    added_
        Seeds that each round of iterative learning added and removed, as indices into the task.
    checks_
        Epoch and label-free criterion of each check of early stopping.

    Examples
    --------
    >>> from psqe.aligners import MCLEA
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = MCLEA.preset("small", n_epochs=4, residual=0.5).fit(task, features, true_links(task, 10))
    >>> len(model.history_)
    4
    """

    n_epochs: PositiveInt = 1000
    batch_size: PositiveInt = 512
    learning_rate: PositiveFloat = 5e-4
    weight_decay: NonNegativeFloat = 1e-2
    residual: NonNegativeFloat = 0.0
    iterative_start: NonNegativeInt | None = None
    iterative_every: PositiveInt = 5
    iterative_rounds: PositiveInt = 10
    patience: PositiveInt | None = None
    check_every: PositiveInt = 10
    device: str = "cpu"
    dtype: Literal["float32", "float64"] = "float32"
    random_state: RandomState = 0
    variant: str = "corrected"
    switches: Mapping[str, Any] | None = None

    RULES: ClassVar[type[TrainedRules]] = TrainedRules

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules  # noqa: B018  # unknown variants, switches and values are refused at once
        if self.batch_size < 2:
            raise ParameterError(
                f"batch_size is {self.batch_size}", remedy="a contrastive batch needs at least 2 seeds"
            )
        if self.patience is not None:
            first = (self._settled // self.check_every + 1) * self.check_every
            if first > self.n_epochs:
                raise ParameterError(
                    f"early stopping would check first after epoch {first}, and there are {self.n_epochs}",
                    remedy="train longer, check or learn iteratively earlier, or leave patience out",
                )
        check_device(self.device)
        self._checkpoint: Path | None = None

    @cached_property
    def rules(self) -> TrainedRules:
        """The value of every switch."""
        return self.RULES.from_variant(self.variant, self.switches)

    @classmethod
    def variants_table(cls) -> pd.DataFrame:
        """Return a table with a row for each switch: its values in both variants and what they do."""
        return cls.RULES.table()

    @property
    def _settled(self) -> int:
        """Number of epochs before pairs of iterative learning can be in the weights; 0 without it.

        If early stopping checked earlier, its best weights could be those from before iterative learning, and
        the training could end before any pair had been proposed often enough.
        """
        if self.iterative_start is None:
            return 0
        return self.iterative_start + self.iterative_every * self.iterative_rounds

    @abstractmethod
    def _model(self, inputs: ModelInputs) -> Model:
        """Build the network for some inputs, with initial weights drawn from torch's generator."""

    def _config(self) -> TrainingConfig:
        """Return the settings of the training."""
        return TrainingConfig(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            even=self.rules.even_batches,
        )

    def _form(self) -> InputForm:
        """Return how vectors and edges are prepared."""
        rules = self.rules
        return InputForm(centre=rules.centre, not_scaled=BAGS if rules.scaled == "vectors" else ())

    def _inputs(self, task: AlignmentTask, features: Features) -> ModelInputs:
        """Return the inputs of the network, for a task in canonical order."""
        return ModelInputs.from_task(
            task,
            completed(features, self.rules, random_state=self.random_state),
            device=self.device,
            dtype=getattr(torch, self.dtype),
            form=self._form(),
        )

    def _iterative_learning(self, embed: Embed, task: AlignmentTask) -> IterativeLearning:
        """Return the callback of iterative learning."""
        start, every, rounds = self.iterative_start, self.iterative_every, self.iterative_rounds
        if self.rules.proposals != "replacing":
            entities = task.sides.map(lambda graph: np.arange(graph.n_entities))
            half = self.rules.proposals == "half blocks"
            return BlocksOfRounds(embed, entities, start=start, every=every, rounds=rounds, half=half)
        candidates = task.sides.map(lambda graph: graph.candidates)
        return IterativeLearning(embed, candidates, start=start, every=every, rounds=rounds)

    def fit(
        self,
        task: AlignmentTask,
        features: Features,
        seeds: SeedSet,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """Train on ``seeds``.

        Parameters
        ----------
        task, features, seeds, callback
            As in :meth:`Aligner.fit`.
        checkpoint
            A file in which the state of the training is kept, about once a minute and at the end; none by
            default. If the file exists, the training goes on from it, to the result that it would have had
            without interruption. Only the versions of psqe and torch that wrote it can promise that, so other
            versions refuse the file.

        Returns
        -------
        The aligner itself.

        Raises
        ------
        DataError
            As in :meth:`Aligner.fit`; if the file is no checkpoint, or one of another training or of other
            versions; with ``patience``, if every candidate of a side is in a seed.
        PsqeError
            If the checkpoint cannot be written.

        Warns
        -----
        PsqeWarning
            If the training goes on from the checkpoint and there is a ``callback``, which observes the later
            steps only; the message says from which step on.
        """
        self._checkpoint = None if checkpoint is None else Path(checkpoint)
        return super().fit(task, features, seeds, callback=callback)

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        inputs = self._inputs(task, features)
        candidates = task.sides.map(lambda graph: graph.candidates)
        observers = () if callback is None else (callback,)
        with seeded(self.random_state, self.device):
            residual = ResidualFeatures.from_features(features, self.residual)
            # Weights are drawn in single precision on the CPU, so that they are the same everywhere.
            model = self._model(inputs).to(self.device, getattr(torch, self.dtype))

            def embed() -> tuple[FloatArray, FloatArray]:
                joint = model.embeddings()
                return residual.beside(joint[: inputs.n_left], joint[inputs.n_left :])

            iterative = self._iterative_learning(embed, task)
            stopping = EarlyStopping(
                embed, candidates, pairs,
                patience=self.patience, every=self.check_every, start=self._settled,
            )  # fmt: skip

            @lru_cache(maxsize=1)  # the seeds change between epochs only
            def subgraph(seeds: Tensor) -> Subgraph:
                return inputs.edges.k_hop_subgraph(inputs.nodes(seeds), N_LAYERS)

            def loss(seeds: Tensor) -> Tensor:
                nodes, around = inputs.nodes(seeds), subgraph(training.seeds)
                return model.loss(SeedBatch(seeds, nodes, around, inputs.present, observers))

            training = Training(
                model,
                loss,
                torch.from_numpy(pairs).to(self.device),
                self._config(),
                description=self.name,
                callbacks=(
                    iterative,
                    stopping,
                    OptimiserRestart(self.rules.restart, self.iterative_start),
                    *observers,
                ),
                checkpoint=self._checkpoint_of(inputs, candidates, pairs),
            )
            self.history_ = training.run()
            stopping.keep_best(training)
            embeddings = embed()
        self.added_: list[AddedSeeds] = iterative.added
        self.checks_: list[tuple[int, float]] = stopping.checks
        return embeddings

    def _to_task_order(self, left: IntArray, right: IntArray) -> None:
        self.added_ = [added.renumbered(left, right) for added in self.added_]

    def _checkpoint_of(
        self, inputs: ModelInputs, candidates: Sides[IntArray], pairs: IntArray
    ) -> Checkpoint | None:
        """Return the checkpoint, whose fingerprint covers all that the training depends on."""
        if self._checkpoint is None:
            return None
        settings = json.dumps([self.name, self.parameters, inputs.n_left], sort_keys=True)
        digest = hashlib.sha256(settings.encode())
        tensors = [inputs.edges.targets, inputs.edges.sources]
        tensors += [] if inputs.edges.counts is None else [inputs.edges.counts]
        for name in inputs.vectors:
            digest.update(name.encode())
            tensors += [inputs.vectors[name], inputs.present[name]]
        for array in (pairs, *candidates, *(tensor.cpu().numpy() for tensor in tensors)):
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(array.tobytes())
        return Checkpoint(self._checkpoint, digest.hexdigest())
