"""Stage 2, contrastive refinement: learn from the seeds what a match looks like, then match again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from psqe.errors import ParameterError
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
        Both graphs as one, ``n`` nodes.
    inputs
        For each modality the nodes that have it ``(m,)`` and their vectors ``(m, d_m)``; right entities
        follow the left ones.
    dim
        Width of every embedding.
    """

    def __init__(self, edges: Edges, inputs: dict[str, tuple[Tensor, Tensor]], dim: int) -> None:
        super().__init__()
        self.edges = edges
        self.inputs = inputs
        self.dim = dim
        self.linear = nn.ModuleDict(
            {name: nn.Linear(x.shape[1], dim, bias=False) for name, (_, x) in inputs.items()}
        )
        self.gat = DiagonalGAT(dim)

    def forward(self, edges: Sequence[Edges] | None = None) -> dict[str, Tensor]:
        """Unit embeddings ``(n, dim)`` by modality, and ``structure``; zero rows where absent.

        With ``edges`` of :meth:`Edges.reaching`, ``structure`` is right at the nodes they reach only.
        """
        parts = {}
        for name, (nodes, x) in self.inputs.items():
            # Only who has a modality is mapped: pictures are wide and few, nodes are many.
            empty = x.new_zeros(self.edges.n, self.dim)
            parts[name] = empty.index_copy(0, nodes, self.linear[name](x))
        parts["structure"] = self.gat(torch.stack(list(parts.values())).sum(dim=0), edges or self.edges)
        return {name: nn.functional.normalize(part, dim=1) for name, part in parts.items()}


class RefineStage(Stage):
    """Train an encoder on the seeds, add what it learned to the features, choose the seeds afresh.

    The encoder sees the graph, which the features do not. The score of a pair is a weighted mean of its
    cosine and the features': the features keep what they knew before any seed was wrong.

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
        n_epochs: int = 20,
        learning_rate: float = 1e-2,
        temperature: float = 0.1,
        dim: int = 64,
        weight: float = 0.3,
    ) -> None:
        positive("n_epochs", n_epochs)
        positive("learning_rate", learning_rate)
        positive("temperature", temperature)
        positive("dim", dim)
        if not 0 < weight < 1:
            raise ParameterError(f"weight is {weight}; it must lie between 0 and 1")
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
        old, new = np.float32((1 - self.weight) ** 0.5), np.float32(self.weight**0.5)
        vectors = (
            np.hstack([old * pool.vectors[0], new * learned[0]]),
            np.hstack([old * pool.vectors[1], new * learned[1]]),
        )
        rows, columns, scores = ranked_pairs(Dot(*vectors))
        kept = within_quotas(space, rows, columns, scores)
        return pool.replaced(rows[kept], columns[kept], scores[kept], self.name, vectors)

    def _learn(self, space: Space, pool: Pool) -> tuple[FloatArray, FloatArray]:
        """Learned unit vectors of the candidates: ``(m_left, d)`` and ``(m_right, d)``."""
        n_left, n_right = space.task.left.n_entities, space.task.right.n_entities
        everyone = np.arange(n_left), np.arange(n_right)
        inputs = {}
        for name, modality in space.features.items():
            nodes = np.flatnonzero(np.concatenate([modality.left_present, modality.right_present]))
            vectors = np.vstack(modality_vectors(space.features, name, *everyone))
            inputs[name] = torch.from_numpy(nodes), torch.from_numpy(vectors[nodes])
        with seeded(space.random_state):
            encoder = RefinementEncoder(Edges.joint(space.task), inputs, self.dim)
            seeds = torch.from_numpy(pool.pairs(space))
            field = encoder.edges.reaching(torch.cat([seeds[:, 0], seeds[:, 1] + n_left]), n_layers=2)

            def loss(batch: Tensor) -> Tensor:
                total = torch.zeros(())
                for z in encoder(field).values():
                    left, right = z[batch[:, 0]], z[batch[:, 1] + n_left]
                    # A zero row is an absent modality: such a seed says nothing about it.
                    both = left.any(dim=1) & right.any(dim=1)
                    if int(both.sum()) > 1:
                        total = total + info_nce(left[both], right[both], temperature=self.temperature)
                return total

            train(
                encoder,
                loss,
                seeds,
                n_epochs=self.n_epochs,
                batch_size=2000,
                learning_rate=self.learning_rate,
                description="PSQE refinement",
            )
            with torch.inference_mode():
                embedded = torch.cat(list(encoder().values()), dim=1).numpy()
        return unit_rows(embedded[:n_left][space.left]), unit_rows(embedded[n_left:][space.right])
