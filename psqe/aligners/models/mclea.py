"""MCLEA: multi-modal contrastive representation learning for entity alignment (Lin et al., COLING 2022)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from psqe.aligners.model import ConcatenatingModel, PairEmbeddings, SeedBatch
from psqe.aligners.trained import TrainedAligner
from psqe.aligners.variants import AttentionRules, TrainedRules
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat
from psqe.switches import switch
from psqe.training.graph_attention import DiagonalGAT
from psqe.training.loop import TrainingConfig
from psqe.training.losses import InfoNCE, UncertaintyWeights, distillation_from, log_matches
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
        rules = aligner.rules
        super().__init__(
            inputs,
            partial(DiagonalGAT, negated=rules.negated_attention, start="uniform"),
            structure_dim=aligner.structure_dim,
            dims=dict.fromkeys(inputs.vectors, aligner.modality_dim),
        )
        names = (STRUCTURE, *inputs.vectors)
        n_idle = rules.n_idle(len(names))
        self.weights = nn.ModuleDict(
            {
                "intra": UncertaintyWeights(names, n_idle=n_idle),
                "inter": UncertaintyWeights(names, n_idle=n_idle),
            }
        )
        self.contrast = InfoNCE(aligner.temperature)
        self.distillation_temperature = aligner.distillation_temperature
        self.distil = partial(
            distillation_from,
            temperature=aligner.distillation_temperature,
            mean_over=rules.inter_modal_mean,
        )
        self.distillation_weight = aligner.distillation_weight
        self.inner_weight = aligner.distillation_weight if rules.inter_modal_weights == 2 else 1.0

    def loss(self, batch: SeedBatch) -> Tensor:
        """Return ``joint + sum_m intra_m + weight * sum_m inter_m``; the sums have learned uncertainties."""
        units = {name: unit(part) for name, part in self.encoder(batch.nodes, batch.subgraph).items()}
        joint = batch.pair_embeddings(JOINT, self.side_by_side(units))
        assert joint is not None
        intra, inter = {}, {}
        everyone = self.targets(joint)
        for name, embedded in units.items():
            student = batch.pair_embeddings(name, embedded)
            if student is None:
                continue
            intra[name] = batch.contrast(name, student, self.contrast)
            # Modalities that all seeds of the batch have share the teacher's targets.
            some = not bool(student.in_batch.all())
            targets = self.targets(joint.only(student.in_batch)) if some else everyone
            inter[name] = self.inner_weight * self.distil(targets, (student.left, student.right))
        weighed = self.weights["intra"](intra) + self.distillation_weight * self.weights["inter"](inter)
        total: Tensor = batch.contrast(JOINT, joint, self.contrast) + weighed
        return total

    @torch.no_grad()
    def targets(self, teacher: PairEmbeddings) -> list[Tensor]:
        """Return the shares that the joint embeddings of some seeds teach to a modality."""
        return log_matches(teacher.left, teacher.right, temperature=self.distillation_temperature)


@dataclass(frozen=True)
class MCLEARules(AttentionRules):
    """The switches of MCLEA (Lin et al. 2022, the public code). Defaults are our repairs.

    Examples
    --------
    >>> MCLEARules.from_variant("released").accumulate
    True
    """

    accumulate: bool = switch(
        False,
        released=True,
        theirs="The gradients of all batches of an epoch are added up for one step.",
        does="Every batch makes a step.",
    )
    inter_modal_mean: Literal["seeds", "cells"] = switch(
        "seeds",
        released="cells",
        theirs="The inter-modal loss is the mean over all pairs of a batch, which is close to zero.",
        does="It is the mean of the divergence over the seeds of a batch.",
    )
    inter_modal_weights: Literal[1, 2] = switch(
        1,
        released=2,
        theirs="The weight of the inter-modal loss multiplies each loss, and the weighted sum once more.",
        does="It multiplies the weighted sum only.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class MCLEA(TrainedAligner):
    """MCLEA (Lin et al., COLING 2022), trained with an intra-modal and an inter-modal contrastive loss.

    The intra-modal loss (ICL) is InfoNCE with same-side negatives on every modality, weighted by learned
    uncertainty, and on the joint embedding, without a learned weight. In the inter-modal loss (IAL) every
    modality learns the shares that the joint embedding gives to the entities of both sides. The missing
    weight and the shares over both sides are those of the authors' code. :class:`MCLEARules` has every
    difference from the authors' code as a switch.

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
            "n_epochs": 50, "batch_size": 1000, "learning_rate": 1e-3, "iterative_rounds": 3,
        },
    }  # fmt: skip

    RULES: ClassVar[type[TrainedRules]] = MCLEARules

    @cached_property
    def rules(self) -> MCLEARules:
        """The value of every switch."""
        return MCLEARules.from_variant(self.variant, self.switches)

    def _config(self) -> TrainingConfig:
        return replace(super()._config(), accumulate=self.rules.accumulate)

    def _model(self, inputs: ModelInputs) -> MCLEAModel:
        return MCLEAModel(inputs, self)
