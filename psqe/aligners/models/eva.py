"""EVA: visual pivoting for (unsupervised) entity alignment (Liu et al., AAAI 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from torch import Tensor

from psqe.aligners.model import ConcatenatingModel, SeedBatch
from psqe.aligners.trained import N_LAYERS, TrainedAligner
from psqe.aligners.variants import TrainedRules
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat, PositiveInt
from psqe.switches import switch
from psqe.training.graph_convolution import GCN
from psqe.training.loop import TrainingConfig
from psqe.training.losses import NCA
from psqe.training.modalities import JOINT, STRUCTURE, InputForm, ModelInputs, unit


class EVAModel(ConcatenatingModel):
    """The network of EVA: graph convolutions, a linear map per modality, and NCA on each of them.

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
    >>> len(EVAModel(inputs, EVA.preset("small")).embeddings()) == inputs.edges.n
    True
    """

    def __init__(self, inputs: ModelInputs, aligner: EVA) -> None:
        hidden, output = aligner.structure_dim, aligner.structure_output_dim
        super().__init__(
            inputs,
            lambda dim: GCN((dim, *[hidden] * (N_LAYERS - 1), output)),
            structure_dim=aligner.structure_dim,
            dims=dict.fromkeys(inputs.vectors, aligner.modality_dim) | {"image": aligner.image_dim},
        )
        self.structure_loss = NCA(aligner.structure_scale, aligner.attraction)
        self.modality_loss = NCA(aligner.scale, aligner.attraction)

    def loss(self, batch: SeedBatch) -> Tensor:
        """Return the sum of NCA over all modalities and the joint embedding.

        The loss on the joint embedding trains the weights of the modalities only, for what is joined is
        detached.
        """
        units = {name: unit(part) for name, part in self.encoder(batch.nodes, batch.subgraph).items()}
        fixed = {name: embedded.detach() for name, embedded in units.items()}
        joint = batch.pair_embeddings(JOINT, self.side_by_side(fixed))
        assert joint is not None
        total = batch.contrast(JOINT, joint, self.modality_loss)
        for name, embedded in units.items():
            pairs = batch.pair_embeddings(name, embedded)
            if pairs is not None:
                total = total + batch.contrast(
                    name, pairs, self.structure_loss if name == STRUCTURE else self.modality_loss
                )
        return total


@dataclass(frozen=True)
class EVARules(TrainedRules):
    """The switches of EVA (Liu et al. 2021, the public code). Defaults are our repairs.

    Examples
    --------
    >>> EVARules.from_variant("released").count_triples
    True
    """

    count_triples: bool = switch(
        False,
        released=True,
        theirs="An edge counts once for every triple that joins its two entities.",
        does="An edge counts once, however many triples join its two entities.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class EVA(TrainedAligner):
    """EVA (Liu et al., AAAI 2021), trained with NCA on every modality and on the joint embedding.

    The gradients of all batches of an epoch make one step, as in the authors' code. :class:`EVARules` has
    every difference from that code as a switch.

    Parameters
    ----------
    structure_dim
        Width of the entity vectors and of the hidden layer of the graph network.
    structure_output_dim
        Width of the structure embedding.
    image_dim
        Width of the image embedding.
    modality_dim
        Width of the embedding of every other modality.
    structure_scale
        Scale ``alpha`` of the loss on the structure embedding (:func:`psqe.training.losses.nca`).
    scale
        Scale ``alpha`` of the losses on the other embeddings.
    attraction
        Attraction ``beta`` of all losses.
    **
        The parameters of :class:`~psqe.aligners.trained.TrainedAligner`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = EVA.preset("small", n_epochs=5).fit(task, features, true_links(task, 10))
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    batch_size: PositiveInt = 7500
    structure_dim: Dimension = 400
    structure_output_dim: Dimension = 200
    image_dim: Dimension = 200
    modality_dim: Dimension = 100
    structure_scale: PositiveFloat = 5.0
    scale: PositiveFloat = 15.0
    attraction: NonNegativeFloat = 10.0

    name: ClassVar[str] = "eva"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "structure_dim": 128, "structure_output_dim": 128, "image_dim": 128, "modality_dim": 128,
            "n_epochs": 90, "batch_size": 1000, "learning_rate": 1e-2, "iterative_rounds": 3,
        },
    }  # fmt: skip

    RULES: ClassVar[type[TrainedRules]] = EVARules

    @cached_property
    def rules(self) -> EVARules:
        """The value of every switch."""
        return EVARules.from_variant(self.variant, self.switches)

    def _config(self) -> TrainingConfig:
        return replace(super()._config(), accumulate=True)

    def _form(self) -> InputForm:
        return replace(super()._form(), count_triples=self.rules.count_triples)

    def _model(self, inputs: ModelInputs) -> EVAModel:
        return EVAModel(inputs, self)
