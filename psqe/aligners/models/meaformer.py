"""MEAformer: a meta-modality hybrid for multi-modal entity alignment (Chen et al., ACM MM 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from psqe.aligners.model import Model, SeedBatch
from psqe.aligners.trained import TrainedAligner
from psqe.errors import ParameterError
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat, PositiveInt, ShareBelowOne
from psqe.training.graph_attention import DiagonalGAT
from psqe.training.loop import TrainingConfig
from psqe.training.losses import InfoNCE, UncertaintyWeights
from psqe.training.modalities import JOINT, STRUCTURE, ModalityAttention, ModelInputs, joined, unit

LATE = "late "
"""The prefix of the names of embeddings after attention."""


class MEAformerModel(Model):
    """The network of MEAformer: graph attention, a linear map per modality, attention among modalities.

    Parameters
    ----------
    inputs
        Both graphs and their vectors.
    aligner
        The aligner whose parameters are used.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> inputs = ModelInputs.from_task(*planted_pair(20, random_state=0), dtype=torch.float32)
    >>> len(MEAformerModel(inputs, MEAformer.preset("small")).embeddings()) == inputs.edges.n
    True
    """

    def __init__(self, inputs: ModelInputs, aligner: MEAformer) -> None:
        super().__init__(
            inputs,
            DiagonalGAT,
            structure_dim=aligner.dim,
            dims=dict.fromkeys(inputs.vectors, aligner.dim),
        )
        self.attention = ModalityAttention(
            aligner.dim, n_heads=aligner.n_heads, hidden_dim=aligner.hidden_dim, dropout=aligner.dropout
        )
        self.weights = UncertaintyWeights((STRUCTURE, *inputs.vectors))
        self.contrast = InfoNCE(aligner.temperature)

    def _attend(
        self, parts: Mapping[str, Tensor], nodes: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        """Apply attention among the modalities of the entities ``nodes (B,)``.

        Returns
        -------
        Unit vectors ``(B, d)`` by modality before and after attention, and unit joint ones ``(B, M d)``.
        """
        masks = self.encoder.inputs.present
        all_present = torch.ones(len(nodes), dtype=torch.bool, device=nodes.device)
        present = torch.stack([masks[name][nodes] if name in masks else all_present for name in parts], dim=1)
        late, weights = self.attention(torch.stack(list(parts.values()), dim=1), present)
        early = {name: unit(part) for name, part in parts.items()}
        after = {name: unit(part) for name, part in zip(parts, late.unbind(dim=1), strict=True)}
        return early, after, joined(early, weights)

    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """Return unit joint embeddings ``(B, M d)``, in which every entity has its own weights."""
        return self._attend(parts, nodes)[-1]

    def loss(self, batch: SeedBatch) -> Tensor:
        """Return ``joint + sum_m early_m + sum_m late_m``, both sums with the same learned uncertainties."""
        parts = self.encoder(batch.nodes, batch.subgraph)
        early, late, joint = self._attend(parts, batch.nodes)
        joint_pairs = batch.pair_embeddings(JOINT, joint)
        assert joint_pairs is not None
        total = batch.contrast(JOINT, joint_pairs, self.contrast)
        for prefix, units in (("", early), (LATE, late)):
            losses = {}
            for name, embedded in units.items():
                pairs = batch.pair_embeddings(name, embedded)
                if pairs is not None:
                    losses[name] = batch.contrast(prefix + name, pairs, self.contrast)
            total = total + self.weights(losses)
        return total


@dataclass(kw_only=True, eq=False, repr=False)
class MEAformer(TrainedAligner):
    """MEAformer (Chen et al., ACM MM 2023), trained with InfoNCE before and after attention.

    One layer of attention among the modalities of an entity says how much each counts for it. The joint
    embedding is the concatenation of the unit vectors before attention under these weights. InfoNCE is
    computed on every modality before and after attention and on the joint embedding. The learning rate rises
    for 15 % of the training and falls along a cosine. Four things differ from the authors' code. A modality
    that an entity lacks is masked, in the attention too, where the authors fill in noise. Inputs are centred
    per side. The attention begins with torch's initial weights. The last epoch is kept, where the authors
    keep the one that is best on the test links. The paper also weights the loss of a seed by the attention,
    which neither the authors' code nor this class does.

    Parameters
    ----------
    dim
        Width of the embedding of every modality, structure included.
    n_heads
        Number of heads of the attention among modalities, which must divide ``dim``.
    hidden_dim
        Width of the hidden layer after the attention.
    dropout
        Share of the attention and of its outputs that is dropped while training, at least 0 and below 1.
    temperature
        Temperature of InfoNCE.
    warmup
        Share of the training during which the learning rate rises, at least 0 and below 1.
    clip
        Largest Euclidean norm of the gradient.
    **
        The parameters of :class:`~psqe.aligners.trained.TrainedAligner`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = MEAformer.preset("small", n_epochs=5).fit(task, features, true_links(task, 10))
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    n_epochs: PositiveInt = 250
    batch_size: PositiveInt = 3500
    weight_decay: NonNegativeFloat = 1e-4
    dim: Dimension = 300
    n_heads: PositiveInt = 1
    hidden_dim: Dimension = 400
    dropout: ShareBelowOne = 0.1
    temperature: PositiveFloat = 0.1
    warmup: ShareBelowOne = 0.15
    clip: PositiveFloat = 1.0

    name: ClassVar[str] = "meaformer"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "dim": 64, "hidden_dim": 128,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.n_heads:
            raise ParameterError(f"n_heads is {self.n_heads}; it must divide dim, which is {self.dim}")

    def _config(self) -> TrainingConfig:
        return replace(super()._config(), schedule="cosine", warmup=self.warmup, clip=self.clip)

    def _model(self, inputs: ModelInputs) -> MEAformerModel:
        return MEAformerModel(inputs, self)
