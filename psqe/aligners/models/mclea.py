"""MCLEA: multi-modal contrastive representation learning for entity alignment (Lin et al., COLING 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from psqe.aligners.model import ConcatenatingModel, SeedBatch
from psqe.aligners.trained import TrainedAligner
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat
from psqe.training.graph_attention import DiagonalGAT
from psqe.training.losses import InfoNCE, UncertaintyWeights, distillation
from psqe.training.modalities import JOINT, STRUCTURE, ModelInputs, unit


class MCLEAModel(ConcatenatingModel):
    """The network of MCLEA: graph attention, a linear map per modality, and two losses on each of them.

    Parameters
    ----------
    inputs
        Both graphs and their vectors.
    aligner
        The aligner whose parameters are used.

    Examples
    --------
    >>> import torch
    >>> from psqe.datasets.synthetic import planted_pair
    >>> inputs = ModelInputs.from_task(*planted_pair(20, random_state=0), dtype=torch.float32)
    >>> len(MCLEAModel(inputs, MCLEA.preset("small")).embeddings()) == inputs.edges.n
    True
    """

    def __init__(self, inputs: ModelInputs, aligner: MCLEA) -> None:
        super().__init__(
            inputs,
            DiagonalGAT,
            structure_dim=aligner.structure_dim,
            dims=dict.fromkeys(inputs.vectors, aligner.modality_dim),
        )
        names = (STRUCTURE, *inputs.vectors)
        self.weights = nn.ModuleDict(
            {"intra": UncertaintyWeights((*names, JOINT)), "inter": UncertaintyWeights(names)}
        )
        self.contrast = InfoNCE(aligner.temperature)
        self.distillation_temperature = aligner.distillation_temperature
        self.distillation_weight = aligner.distillation_weight

    def loss(self, batch: SeedBatch) -> Tensor:
        """Return ``sum_m intra_m + weight * sum_m inter_m``, each sum with its own learned uncertainties."""
        units = {name: unit(part) for name, part in self.encoder(batch.nodes, batch.subgraph).items()}
        joint = batch.pair_embeddings(JOINT, self.side_by_side(units))
        assert joint is not None
        intra, inter = {}, {}
        for name, embedded in units.items():
            student = batch.pair_embeddings(name, embedded)
            if student is None:
                continue
            intra[name] = batch.contrast(name, student, self.contrast)
            teacher = joint.only(student.in_batch)
            inter[name] = distillation(
                (teacher.left, teacher.right),
                (student.left, student.right),
                temperature=self.distillation_temperature,
            )
        intra[JOINT] = batch.contrast(JOINT, joint, self.contrast)
        total: Tensor = self.weights["intra"](intra) + self.distillation_weight * self.weights["inter"](inter)
        return total


@dataclass(kw_only=True, eq=False, repr=False)
class MCLEA(TrainedAligner):
    """MCLEA (Lin et al., COLING 2022), trained with an intra-modal and an inter-modal contrastive loss.

    The intra-modal loss (ICL) is InfoNCE with same-side negatives on every modality and on the joint
    embedding, weighted by learned uncertainty. In the inter-modal loss (IAL) the modalities learn the matches
    of the joint embedding. Three things differ from the authors' code. An entity without a modality is
    masked, where the authors fill in noise. Inputs are centred per side. Matches in the inter-modal loss are
    softmax shares among the entities of the other side, where the authors take those of both sides and the
    mean over all cells.

    Parameters
    ----------
    structure_dim
        Width of the structure embedding.
    modality_dim
        Width of the embedding of every other modality.
    temperature
        Temperature of the intra-modal loss.
    distillation_temperature
        Temperature of the inter-modal loss.
    distillation_weight
        Weight of the inter-modal loss beside the intra-modal one.
    **
        The parameters of :class:`~psqe.aligners.trained.TrainedAligner`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = MCLEA.preset("small", n_epochs=5).fit(task, features, true_links(task, 10))
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    structure_dim: Dimension = 300
    modality_dim: Dimension = 100
    temperature: PositiveFloat = 0.1
    distillation_temperature: PositiveFloat = 4.0
    distillation_weight: NonNegativeFloat = 0.1

    name: ClassVar[str] = "mclea"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "structure_dim": 64, "modality_dim": 64,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip

    def _model(self, inputs: ModelInputs) -> MCLEAModel:
        return MCLEAModel(inputs, self)
