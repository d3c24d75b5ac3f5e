"""MCLEA: multi-modal contrastive representation learning for entity alignment (Lin et al., COLING 2022)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from psqe.aligners.base import Aligner
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import modality_vectors
from psqe.kg import AlignmentTask, FloatArray, IntArray
from psqe.neural.graph_attention import DiagonalGAT, Edges, Field
from psqe.neural.losses import UncertaintyWeights, distillation, info_nce
from psqe.neural.training import seeded, train
from psqe.neural.watch import Watch
from psqe.seeds.base import positive

STRUCTURE, JOINT = "structure", "joint"


class MCLEAModule(nn.Module):
    """The network: one embedding per modality, and their weighted concatenation.

    Structure is a graph attention network over learned entity vectors; every other modality is one
    linear map. The joint embedding is the concatenation of the unit embeddings, each scaled by a softmax
    weight that all entities share.

    Parameters
    ----------
    edges
        Both graphs as one.
    inputs
        Vectors ``(n, d_m)`` of each modality, right entities after the left ones; zero rows if absent.
    present
        Masks ``(n,)``.
    structure_dim, modality_dim
        Widths of the embeddings.
    """

    def __init__(
        self,
        edges: Edges,
        inputs: dict[str, Tensor],
        present: dict[str, Tensor],
        *,
        structure_dim: int,
        modality_dim: int,
    ) -> None:
        super().__init__()
        self.edges = edges
        self.inputs = inputs
        self.present = present
        self.entity = nn.Parameter(torch.randn(edges.n, structure_dim) / edges.n**0.5)
        self.gat = DiagonalGAT(structure_dim)
        self.linear = nn.ModuleDict({name: nn.Linear(x.shape[1], modality_dim) for name, x in inputs.items()})
        self.fusion = nn.Parameter(torch.ones(1 + len(inputs)))

    def forward(self, nodes: Tensor | None = None, field: Field | None = None) -> dict[str, Tensor]:
        """Unit embeddings by modality and the joint one, for the listed nodes ``(B,)`` or for all.

        Rows of an absent modality are zero, in its own embedding and in the joint one. A ``field`` that
        reaches the nodes (:meth:`Edges.reaching`) spares what they do not need.
        """
        if field is None:
            structure = self.gat(self.entity, self.edges)
            parts = {STRUCTURE: structure if nodes is None else structure[nodes]}
        else:
            assert nodes is not None
            structure = self.gat(self.entity.index_select(0, field.nodes), field.layers)
            parts = {STRUCTURE: structure.index_select(0, field.outputs[nodes])}
        for name, x in self.inputs.items():
            mask = self.present[name]
            x, mask = (x, mask) if nodes is None else (x[nodes], mask[nodes])
            parts[name] = self.linear[name](x) * mask[:, None]
        parts = {name: nn.functional.normalize(part, dim=1) for name, part in parts.items()}
        weights = self.fusion.softmax(dim=0)
        joint = torch.cat(
            [weight * part for weight, part in zip(weights, parts.values(), strict=True)], dim=1
        )
        return {**parts, JOINT: nn.functional.normalize(joint, dim=1)}


class MCLEA(Aligner):
    """MCLEA, trained on seeds with an intra-modal and an inter-modal contrastive loss.

    Intra-modal (ICL): InfoNCE with same-side negatives on every modality and on the joint embedding,
    weighted by learned uncertainty. Inter-modal (IAL): the modalities learn the joint embedding's
    matches. Two things differ from the authors' code: an entity without a modality is masked (they fill
    in noise), and inputs are centred per side.

    Parameters
    ----------
    structure_dim, modality_dim
        Widths of the structure embedding and of every other modality's.
    temperature
        Of the intra-modal loss.
    distillation_temperature, distillation_weight
        Of the inter-modal loss.
    n_epochs, batch_size, learning_rate, weight_decay
        Of the training.
    random_state
        Seed of initial weights and of batches.
    """

    name = "mclea"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {
            "structure_dim": 64, "modality_dim": 64,
            "n_epochs": 100, "batch_size": 1000, "learning_rate": 1e-2,
        },
    }  # fmt: skip

    def __init__(
        self,
        *,
        structure_dim: int = 300,
        modality_dim: int = 100,
        temperature: float = 0.1,
        distillation_temperature: float = 4.0,
        distillation_weight: float = 0.1,
        n_epochs: int = 1000,
        batch_size: int = 512,
        learning_rate: float = 5e-4,
        weight_decay: float = 1e-2,
        random_state: int = 0,
    ) -> None:
        for key, value in (
            ("structure_dim", structure_dim), ("modality_dim", modality_dim), ("temperature", temperature),
            ("distillation_temperature", distillation_temperature), ("n_epochs", n_epochs),
            ("learning_rate", learning_rate),
        ):  # fmt: skip
            positive(key, value)
        if batch_size < 2:
            raise ParameterError(f"batch_size is {batch_size}; a contrastive batch needs at least 2 seeds")
        self.structure_dim = structure_dim
        self.modality_dim = modality_dim
        self.temperature = temperature
        self.distillation_temperature = distillation_temperature
        self.distillation_weight = distillation_weight
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.random_state = random_state

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, watch: Watch | None
    ) -> tuple[FloatArray, FloatArray]:
        n_left, n_right = task.left.n_entities, task.right.n_entities
        everyone = np.arange(n_left), np.arange(n_right)
        inputs = {
            name: torch.from_numpy(np.vstack(modality_vectors(features, name, *everyone)))
            for name in features
        }
        present = {
            name: torch.from_numpy(np.concatenate([m.left_present, m.right_present]))
            for name, m in features.items()
        }
        with seeded(self.random_state):
            module = MCLEAModule(
                Edges.joint(task), inputs, present,
                structure_dim=self.structure_dim, modality_dim=self.modality_dim,
            )  # fmt: skip
            weights = nn.ModuleDict(
                {
                    "intra": UncertaintyWeights((STRUCTURE, *inputs, JOINT)),
                    "inter": UncertaintyWeights((STRUCTURE, *inputs)),
                }
            )
            seeds = torch.from_numpy(pairs)
            field = module.edges.reaching(torch.cat([seeds[:, 0], seeds[:, 1] + n_left]), n_layers=2)

            def loss(batch: Tensor) -> Tensor:
                n = len(batch)
                left_nodes, right_nodes = batch[:, 0], batch[:, 1] + n_left
                embedded = module(torch.cat([left_nodes, right_nodes]), field)
                ends = {name: (z[:n], z[n:]) for name, z in embedded.items()}
                intra, inter = {}, {}
                for name, (left, right) in ends.items():
                    teacher, shown = ends[JOINT], batch
                    if name in present:
                        # A seed says something about a modality when both of its ends have it.
                        both = present[name][left_nodes] & present[name][right_nodes]
                        left, right = left[both], right[both]
                        teacher = teacher[0][both], teacher[1][both]
                        shown = batch[both]
                    if len(left) < 2:
                        continue
                    intra[name] = info_nce(left, right, temperature=self.temperature)
                    if watch is not None:
                        watch.contrast(
                            name, shown.numpy(), left, right, temperature=self.temperature, same_side=True
                        )
                    if name != JOINT:
                        inter[name] = distillation(
                            teacher, (left, right), temperature=self.distillation_temperature
                        )
                total: Tensor = weights["intra"](intra) + self.distillation_weight * weights["inter"](inter)
                return total

            self.history_ = train(
                nn.ModuleList([module, weights]),
                loss,
                seeds,
                n_epochs=self.n_epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                description=self.name,
                watch=watch,
            )
            with torch.inference_mode():
                joint: FloatArray = module()[JOINT].numpy()
        return joint[:n_left], joint[n_left:]
