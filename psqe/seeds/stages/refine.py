"""Stage 2, contrastive refinement: learn from the seeds what a match looks like, then match again."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from psqe.features.fusion import modality_vectors, unit_rows
from psqe.kg import FloatArray
from psqe.matching import Dot
from psqe.neural.graph_attention import DiagonalGAT, Edges
from psqe.neural.losses import info_nce
from psqe.neural.training import seeded, train
from psqe.seeds.base import positive
from psqe.seeds.stages.base import Pool, Space, Stage, ranked_pairs, within_quotas


class RefinementEncoder(nn.Module):
    """A linear map per modality, and graph attention over the sum of them all.

    Parameters
    ----------
    edges
        Both graphs as one.
    inputs
        Vectors ``(n, d_m)`` of each modality, right entities after the left ones; zero rows if absent.
    dim
        Width of every embedding.
    """

    def __init__(self, edges: Edges, inputs: dict[str, Tensor], dim: int) -> None:
        super().__init__()
        self.edges = edges
        self.inputs = inputs
        self.linear = nn.ModuleDict(
            {name: nn.Linear(x.shape[1], dim, bias=False) for name, x in inputs.items()}
        )
        self.gat = DiagonalGAT(dim)

    def forward(self) -> dict[str, Tensor]:
        """Unit embeddings ``(n, dim)`` by modality, and ``structure``; zero rows where absent."""
        parts = {name: self.linear[name](x) for name, x in self.inputs.items()}
        structure = self.gat(torch.stack(list(parts.values())).sum(dim=0), self.edges)
        return {
            name: nn.functional.normalize(part, dim=1) for name, part in {**parts, "structure": structure}.items()
        }


class RefineStage(Stage):
    """Train an encoder on the seeds, add what it learned to the features, choose the seeds afresh.

    The encoder sees the graph, which the features do not. Its score and the features' score of a pair
    are averaged: the features keep what they knew before any seed was wrong.

    Parameters
    ----------
    n_epochs, learning_rate, temperature, dim
        Of the encoder and its training on InfoNCE with same-side negatives.
    weight
        Share of the learned similarity in the score, in ``(0, 1)``.
    """

    name = "refine"
    note = "contrastive encoder over modalities and graph, chosen afresh"

    def __init__(
        self,
        *,
        n_epochs: int = 40,
        learning_rate: float = 1e-2,
        temperature: float = 0.1,
        dim: int = 64,
        weight: float = 0.5,
    ) -> None:
        for key, value in (("n_epochs", n_epochs), ("temperature", temperature), ("dim", dim)):
            positive(key, value)
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.temperature = temperature
        self.dim = dim
        self.weight = weight

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`; a pool of fewer than two seeds has nothing to learn from."""
        if len(pool) < 2:
            return pool
        learned = self._learn(space, pool)
        vectors = tuple(
            np.hstack([np.float32((1 - self.weight) ** 0.5) * fused, np.float32(self.weight**0.5) * z])
            for fused, z in zip(pool.vectors, learned, strict=True)
        )
        rows, columns, scores = ranked_pairs(Dot(*vectors))
        kept = within_quotas(space, rows, columns, scores)
        return pool.replaced(rows[kept], columns[kept], scores[kept], self.name, vectors)

    def _learn(self, space: Space, pool: Pool) -> tuple[FloatArray, FloatArray]:
        """Learned unit vectors of the candidates: ``(m_left, d)`` and ``(m_right, d)``."""
        n_left, n_right = space.task.left.n_entities, space.task.right.n_entities
        everyone = np.arange(n_left), np.arange(n_right)
        inputs = {
            name: torch.from_numpy(np.vstack(modality_vectors(space.features, name, *everyone)))
            for name in space.features
        }
        with seeded(space.random_state):
            encoder = RefinementEncoder(Edges.joint(space.task), inputs, self.dim)

            def loss(batch: Tensor) -> Tensor:
                total = torch.zeros(())
                for z in encoder().values():
                    left, right = z[batch[:, 0]], z[batch[:, 1] + n_left]
                    # A zero row is an absent modality: such a seed says nothing about it.
                    both = left.any(dim=1) & right.any(dim=1)
                    if int(both.sum()) > 1:
                        total = total + info_nce(left[both], right[both], temperature=self.temperature)
                return total

            train(
                encoder,
                loss,
                torch.from_numpy(pool.pairs(space)),
                n_epochs=self.n_epochs,
                batch_size=2000,
                learning_rate=self.learning_rate,
                description="PSQE refinement",
            )
            with torch.inference_mode():
                embedded = torch.cat(list(encoder().values()), dim=1).numpy()
        return unit_rows(embedded[:n_left][space.left]), unit_rows(embedded[n_left:][space.right])
