"""EVA: visual pivoting for (unsupervised) entity alignment (Liu et al., AAAI 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor

from psqe.aligners.model import ConcatenatingModel, SeedBatch
from psqe.aligners.trained import N_LAYERS, TrainedAligner
from psqe.training.graph_convolution import GCN
from psqe.training.loop import TrainingConfig
from psqe.training.losses import NCA
from psqe.training.modalities import JOINT, STRUCTURE, Inputs, unit


class EVAModel(ConcatenatingModel):
    """Graph convolutions and a linear map a modality, side by side; NCA on each of them."""

    def __init__(self, inputs: Inputs, of: EVA) -> None:
        hidden, output = of.structure_dim, of.structure_output_dim
        super().__init__(
            inputs,
            lambda dim: GCN((dim, *[hidden] * (N_LAYERS - 1), output)),
            structure_dim=of.structure_dim,
            dims={name: of.image_dim if name == "image" else of.modality_dim for name in inputs.vectors},
        )
        self.of_structure = NCA(of.structure_scale, of.attraction)
        self.of_others = NCA(of.scale, of.attraction)

    def loss(self, batch: SeedBatch) -> Tensor:
        """The sum of NCA over all modalities and the joint embedding.

        The joint one teaches the weights of the modalities and nothing else: what is joined is detached.
        """
        units = {name: unit(part) for name, part in self.encoder(batch.nodes, batch.subgraph).items()}
        fixed = {name: embedded.detach() for name, embedded in units.items()}
        joint = batch.ends(JOINT, self.side_by_side(fixed))
        assert joint is not None
        total = batch.contrast(JOINT, joint, self.of_others)
        for name, embedded in units.items():
            ends = batch.ends(name, embedded)
            if ends is not None:
                total = total + batch.contrast(
                    name, ends, self.of_structure if name == STRUCTURE else self.of_others
                )
        return total


@dataclass(kw_only=True, eq=False, repr=False)
class EVA(TrainedAligner):
    """EVA, trained on seeds with NCA on every modality and on the joint embedding.

    The gradients of all batches of an epoch make one step, as in the authors' code. What differs from it: an
    entity without a modality is masked (they fill in noise); inputs are centred per side; an edge counts once
    however many relations there are between its ends (they count relations).

    Parameters
    ----------
    structure_dim, structure_output_dim
        Widths of the entity vectors and of the hidden layer, and of the structure embedding.
    image_dim, modality_dim
        Widths of the image embedding and of every other modality's.
    structure_scale, scale
        ``alpha`` of the loss on structure, and of the others.
    attraction
        ``beta`` of all of them.
    **
        Those of :class:`~psqe.aligners.trained.TrainedAligner`.
    """

    batch_size: int = 7500
    structure_dim: int = 400
    structure_output_dim: int = 200
    image_dim: int = 200
    modality_dim: int = 100
    structure_scale: float = 5.0
    scale: float = 15.0
    attraction: float = 10.0

    name: ClassVar[str] = "eva"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "structure_dim": 64, "structure_output_dim": 64, "image_dim": 64, "modality_dim": 64,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip
    POSITIVE: ClassVar[tuple[str, ...]] = (
        "structure_dim", "structure_output_dim", "image_dim", "modality_dim", "structure_scale", "scale",
    )  # fmt: skip
    NOT_NEGATIVE: ClassVar[tuple[str, ...]] = ("attraction",)

    def _config(self) -> TrainingConfig:
        return replace(super()._config(), accumulate=True)

    def _model(self, inputs: Inputs) -> EVAModel:
        return EVAModel(inputs, self)
