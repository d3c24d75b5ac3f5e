"""MCLEA: multi-modal contrastive representation learning for entity alignment (Lin et al., COLING 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from psqe.aligners.model import ConcatenatingModel, SeedBatch
from psqe.aligners.trained import TrainedAligner
from psqe.training.graph_attention import DiagonalGAT
from psqe.training.losses import InfoNCE, UncertaintyWeights, distillation
from psqe.training.modalities import JOINT, STRUCTURE, Inputs, unit


class MCLEAModel(ConcatenatingModel):
    """Graph attention and a linear map a modality, side by side; two losses on each of them."""

    def __init__(self, inputs: Inputs, of: MCLEA) -> None:
        super().__init__(
            inputs,
            DiagonalGAT,
            structure_dim=of.structure_dim,
            dims=dict.fromkeys(inputs.vectors, of.modality_dim),
        )
        names = (STRUCTURE, *inputs.vectors)
        self.weights = nn.ModuleDict(
            {"intra": UncertaintyWeights((*names, JOINT)), "inter": UncertaintyWeights(names)}
        )
        self.contrast = InfoNCE(of.temperature)
        self.distillation_temperature = of.distillation_temperature
        self.distillation_weight = of.distillation_weight

    def loss(self, batch: SeedBatch) -> Tensor:
        """``sum_m intra_m + weight * sum_m inter_m``, each sum with its own learned uncertainties."""
        units = {name: unit(part) for name, part in self.encoder(batch.nodes, batch.subgraph).items()}
        joint = batch.ends(JOINT, self.side_by_side(units))
        assert joint is not None
        intra, inter = {}, {}
        for name, embedded in units.items():
            ends = batch.ends(name, embedded)
            if ends is None:
                continue
            intra[name] = batch.contrast(name, ends, self.contrast)
            teacher = joint.only(ends.which)
            inter[name] = distillation(
                (teacher.left, teacher.right),
                (ends.left, ends.right),
                temperature=self.distillation_temperature,
            )
        intra[JOINT] = batch.contrast(JOINT, joint, self.contrast)
        total: Tensor = self.weights["intra"](intra) + self.distillation_weight * self.weights["inter"](inter)
        return total


@dataclass(kw_only=True, eq=False, repr=False)
class MCLEA(TrainedAligner):
    """MCLEA, trained on seeds with an intra-modal and an inter-modal contrastive loss.

    Intra-modal (ICL): InfoNCE with same-side negatives on every modality and on the joint embedding,
    weighted by learned uncertainty. Inter-modal (IAL): the modalities learn the joint embedding's
    matches. What differs from the authors' code: an entity without a modality is masked (they fill in
    noise); inputs are centred per side; matches in the inter-modal loss are softmax shares among the ends of
    the other side (theirs are among those of both, and the mean is over all cells).

    Parameters
    ----------
    structure_dim, modality_dim
        Widths of the structure embedding and of every other modality's.
    temperature
        Of the intra-modal loss.
    distillation_temperature, distillation_weight
        Of the inter-modal loss.
    **
        Those of :class:`~psqe.aligners.trained.TrainedAligner`.
    """

    structure_dim: int = 300
    modality_dim: int = 100
    temperature: float = 0.1
    distillation_temperature: float = 4.0
    distillation_weight: float = 0.1

    name: ClassVar[str] = "mclea"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "structure_dim": 64, "modality_dim": 64,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip
    POSITIVE: ClassVar[tuple[str, ...]] = (
        "structure_dim", "modality_dim", "temperature", "distillation_temperature",
    )  # fmt: skip
    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ("distillation_weight",)

    def _model(self, inputs: Inputs) -> MCLEAModel:
        return MCLEAModel(inputs, self)
