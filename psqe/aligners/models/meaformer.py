"""MEAformer: a meta-modality hybrid for multi-modal entity alignment (Chen et al., ACM MM 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from psqe.aligners.model import Model, SeedBatch
from psqe.aligners.trained import TrainedAligner
from psqe.aligners.variants import AttentionRules, TrainedRules
from psqe.errors import ParameterError
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat, PositiveInt, ShareBelowOne
from psqe.switches import switch
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
        rules = aligner.rules
        super().__init__(
            inputs,
            partial(DiagonalGAT, negated=rules.negated_attention, start="uniform"),
            structure_dim=aligner.dim,
            dims=dict.fromkeys(inputs.vectors, aligner.dim),
        )
        self.attention = ModalityAttention(
            aligner.dim,
            n_heads=aligner.n_heads,
            hidden_dim=aligner.hidden_dim,
            dropout=aligner.dropout,
        )
        names = (STRUCTURE, *inputs.vectors)
        self.weights = UncertaintyWeights(names, n_idle=rules.n_idle(len(names)))
        self.late_names = misplaced(names) if rules.late_weights == "misplaced" else {}
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
        for prefix, units, weight_of in (("", early, {}), (LATE, late, self.late_names)):
            losses = {}
            for name, embedded in units.items():
                pairs = batch.pair_embeddings(name, embedded)
                if pairs is not None:
                    losses[weight_of.get(name, name)] = batch.contrast(prefix + name, pairs, self.contrast)
            total = total + self.weights(losses)
        return total


def misplaced(names: Sequence[str]) -> dict[str, str]:
    """Return whose learned weight the late loss of each modality has in the authors' code.

    The code stacks pictures, attributes, relations and structure in this order, and names what comes out of
    the attention structure, relations, attributes and pictures.

    Parameters
    ----------
    names
        The modalities, structure among them.

    Examples
    --------
    >>> misplaced(["structure", "image", "name"])
    {'image': 'structure', 'structure': 'image', 'name': 'name'}
    """
    stacked = [name for name in ("image", "attribute", "relation", STRUCTURE) if name in names]
    called = [name for name in (STRUCTURE, "relation", "attribute", "image") if name in names]
    return {**dict(zip(stacked, called, strict=True)), **{n: n for n in names if n not in stacked}}


@dataclass(frozen=True)
class MEAformerRules(AttentionRules):
    """The switches of MEAformer (Chen et al. 2023, the public code). Defaults are our repairs.

    Examples
    --------
    >>> MEAformerRules.from_variant("released").late_weights
    'misplaced'
    """

    restart: Literal["never", "once", "every epoch"] = switch(
        "never",
        released="once",
        theirs="When iterative learning begins, there is a new optimiser with a fifth of the rate, and the "
        "schedule begins again, stretched over three times the epochs that are left.",
        does="The optimiser keeps its running means and its schedule.",
    )
    proposals: Literal["replacing", "blocks", "half blocks"] = switch(
        "replacing",
        released="half blocks",
        theirs="Pairs of any entities in no seed are proposed. The ones that are proposed at every round of "
        "the second half of a block of rounds become seeds at its end, and no seed is ever replaced.",
        does="Pairs of candidates are proposed, also against seeds; the more similar pair stays.",
    )
    late_weights: Literal["own", "misplaced"] = switch(
        "own",
        released="misplaced",
        theirs="After attention, pictures are taken for structure and attributes for relations, and the "
        "other way round, so that their losses have one another's learned weights.",
        does="The loss after attention has the learned weight of its own modality.",
    )
    rate_at: Literal["middle", "start"] = switch(
        "middle",
        released="start",
        theirs="The rate of a step is that at its start, so that the first step changes nothing.",
        does="It is that in the middle of the step.",
    )


@dataclass(kw_only=True, eq=False, repr=False)
class MEAformer(TrainedAligner):
    """MEAformer (Chen et al., ACM MM 2023), trained with InfoNCE before and after attention.

    One layer of attention among the modalities of an entity says how much each counts for it. The joint
    embedding is the concatenation of the unit vectors before attention under these weights. InfoNCE is
    computed on every modality before and after attention and on the joint embedding. The learning rate rises
    for 15 % of the training and falls along a cosine. :class:`MEAformerRules` has every difference from the
    authors' code as a switch, but for one: the last epoch is kept, where the authors keep the one that is
    best on the test links. The paper also weights the loss of a seed by the attention, but neither the
    authors' code nor this class does so.

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
            "n_epochs": 40, "batch_size": 1000, "learning_rate": 1e-3, "iterative_rounds": 3,
        },
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.n_heads:
            raise ParameterError(f"n_heads is {self.n_heads}; it must divide dim, which is {self.dim}")

    RULES: ClassVar[type[TrainedRules]] = MEAformerRules

    @cached_property
    def rules(self) -> MEAformerRules:
        """The value of every switch."""
        return MEAformerRules.from_variant(self.variant, self.switches)

    def _config(self) -> TrainingConfig:
        return replace(
            super()._config(),
            schedule="cosine",
            warmup=self.warmup,
            clip=self.clip,
            rate_at=self.rules.rate_at,
        )

    def _model(self, inputs: ModelInputs) -> MEAformerModel:
        return MEAformerModel(inputs, self)
