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
from psqe.training.graph_attention import DiagonalGAT
from psqe.training.loop import TrainingConfig
from psqe.training.losses import InfoNCE, UncertaintyWeights
from psqe.training.modalities import JOINT, STRUCTURE, Inputs, ModalityAttention, joined, unit

LATE = "late "
"""What the names of embeddings after attention begin with."""


class MEAformerModel(Model):
    """Graph attention and a linear map a modality; attention among an entity's modalities weighs them."""

    def __init__(self, inputs: Inputs, of: MEAformer) -> None:
        super().__init__(
            inputs,
            DiagonalGAT,
            structure_dim=of.dim,
            dims=dict.fromkeys(inputs.vectors, of.dim),
        )
        self.attention = ModalityAttention(
            of.dim, n_heads=of.n_heads, hidden_dim=of.hidden_dim, dropout=of.dropout
        )
        self.weights = UncertaintyWeights((STRUCTURE, *inputs.vectors))
        self.contrast = InfoNCE(of.temperature)

    def _attend(
        self, parts: Mapping[str, Tensor], nodes: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        """Unit vectors by modality before and after attention ``(B, d)``, and the joint ones ``(B, M d)``."""
        masks = self.encoder.inputs.present
        everybody = torch.ones(len(nodes), dtype=torch.bool, device=nodes.device)
        present = torch.stack([masks[name][nodes] if name in masks else everybody for name in parts], dim=1)
        late, weights = self.attention(torch.stack(list(parts.values()), dim=1), present)
        early = {name: unit(part) for name, part in parts.items()}
        after = {name: unit(part) for name, part in zip(parts, late.unbind(dim=1), strict=True)}
        return early, after, joined(early, weights)

    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """See :meth:`psqe.aligners.model.Model.join`: every entity has weights of its own."""
        return self._attend(parts, nodes)[-1]

    def loss(self, batch: SeedBatch) -> Tensor:
        """``joint + sum_m early_m + sum_m late_m``, both sums with the same learned uncertainties."""
        parts = self.encoder(batch.nodes, batch.subgraph)
        early, late, joint = self._attend(parts, batch.nodes)
        whole = batch.ends(JOINT, joint)
        assert whole is not None
        total = batch.contrast(JOINT, whole, self.contrast)
        for prefix, units in (("", early), (LATE, late)):
            losses = {}
            for name, embedded in units.items():
                ends = batch.ends(name, embedded)
                if ends is not None:
                    losses[name] = batch.contrast(prefix + name, ends, self.contrast)
            total = total + self.weights(losses)
        return total


@dataclass(kw_only=True, eq=False, repr=False)
class MEAformer(TrainedAligner):
    """MEAformer, trained on seeds with InfoNCE on modalities before and after attention, and joined.

    One layer of attention among the modalities of an entity says how much each counts for it; the joint
    embedding is the concatenation of the unit vectors before attention under these weights. The learning rate
    rises for 15 % of the training and falls along a cosine. What differs from the authors' code: a modality
    that an entity lacks is masked, in the attention too (they fill in noise); inputs are centred per side;
    initial weights of the attention are torch's; the last epoch is kept (they keep the one that is best on
    the test links). Their paper also weights the loss of a seed by the attention. Their code does not, nor
    do we.

    Parameters
    ----------
    dim
        Width of the structure embedding and of every other modality's.
    n_heads, hidden_dim, dropout
        Of the attention, see :class:`~psqe.training.modalities.ModalityAttention`.
    temperature
        Of the loss.
    warmup
        Share of the training during which the learning rate rises.
    clip
        Largest norm of the gradient.
    **
        Those of :class:`~psqe.aligners.trained.TrainedAligner`.
    """

    n_epochs: int = 250
    batch_size: int = 3500
    weight_decay: float = 1e-4
    dim: int = 300
    n_heads: int = 1
    hidden_dim: int = 400
    dropout: float = 0.1
    temperature: float = 0.1
    warmup: float = 0.15
    clip: float = 1.0

    name: ClassVar[str] = "meaformer"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "dim": 64, "hidden_dim": 128,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip
    POSITIVE: ClassVar[tuple[str, ...]] = ("dim", "n_heads", "hidden_dim", "temperature", "clip")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.n_heads:
            raise ParameterError(f"n_heads is {self.n_heads}; it must divide dim, which is {self.dim}")
        for name in ("dropout", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(f"{name} is {getattr(self, name)}", remedy="give a share of 1, below it")

    def _config(self) -> TrainingConfig:
        return replace(super()._config(), schedule="cosine", warmup=self.warmup, clip=self.clip)

    def _model(self, inputs: Inputs) -> MEAformerModel:
        return MEAformerModel(inputs, self)
