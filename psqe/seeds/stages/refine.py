"""Stage 2, contrastive refinement: learn from the seeds what a match looks like, then match again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from psqe.features.fusion import modality_vectors, unit_rows
from psqe.kg import FloatArray
from psqe.matching import Dot, Sum, greedy_one_to_one
from psqe.neural.graph_attention import DiagonalGAT, Edges
from psqe.neural.losses import info_nce
from psqe.neural.training import seeded, train
from psqe.seeds.stages.base import Pool, Space, Stage
from psqe.seeds.stages.choose import filtered, propose, take, within_quotas

BATCH_SIZE = 2000
"""Seeds in a batch, as released."""


class RefinementEncoder(nn.Module):
    """A linear map per modality, and graph attention over the sum of some of them.

    Parameters
    ----------
    edges
        Both graphs as one, ``n`` nodes.
    inputs
        For each modality the nodes that have it ``(m,)`` and their vectors ``(m, d_m)``; right entities
        follow the left ones.
    structural
        The modalities that graph attention reads.
    separate
        The modalities that are embeddings of their own, too.
    dim
        Width of every embedding.
    bias
        Whether the linear maps have one.
    """

    def __init__(
        self,
        edges: Edges,
        inputs: dict[str, tuple[Tensor, Tensor]],
        *,
        structural: Sequence[str],
        separate: Sequence[str],
        dim: int,
        bias: bool,
    ) -> None:
        super().__init__()
        self.edges = edges
        self.inputs = inputs
        self.structural = structural
        self.separate = separate
        self.dim = dim
        self.linear = nn.ModuleDict(
            {name: nn.Linear(x.shape[1], dim, bias=bias) for name, (_, x) in inputs.items()}
        )
        self.gat = DiagonalGAT(dim) if structural else None

    def forward(self, ends: Ends | None = None) -> dict[str, Tensor]:
        """Embeddings ``(n, dim)`` by modality, and ``structure``; zero rows where absent.

        With ``ends``, right at those nodes only.
        """
        mapped = {}
        for name, (nodes, x) in self.inputs.items():
            # Only who has a modality is mapped, and only who is needed: pictures are wide, nodes many.
            if ends is not None:
                nodes, x = ends.inputs[name]
            empty = x.new_zeros(self.edges.n, self.dim)
            mapped[name] = empty.index_copy(0, nodes, self.linear[name](x))
        parts = {name: mapped[name] for name in self.separate}
        if self.gat is not None:
            total = torch.stack([mapped[name] for name in self.structural]).sum(dim=0)
            parts["structure"] = self.gat(total, self.edges if ends is None else ends.edges)
        return parts


class Ends:
    """What an encoder needs to embed some nodes ``(m,)`` only: edges by layer, and inputs by modality."""

    def __init__(self, encoder: RefinementEncoder, nodes: Tensor) -> None:
        self.edges = encoder.edges.reaching(nodes, n_layers=2)
        wanted = torch.zeros(encoder.edges.n, dtype=torch.bool, device=nodes.device)
        wanted[nodes] = True
        reached = wanted.clone()
        reached[self.edges[0].sources] = True
        self.inputs = {}
        for name, (own, x) in encoder.inputs.items():
            used = (reached if name in encoder.structural else wanted)[own]
            self.inputs[name] = own[used], x[used]


@dataclass(frozen=True, eq=False)
class RefineStage(Stage):
    """Train an encoder on the seeds, and match again with what it learned.

    The encoder sees the graph, which the features do not. The similarity of a pair is a weighted mean of
    the features' and the learned cosine (rule ``learned_weight``). Fewer than two seeds teach nothing:
    then pairs are matched by what they were compared by before.

    Parameters
    ----------
    learning_rate
        Of AdamW, on InfoNCE with same-side negatives, summed over the embeddings.
    """

    learning_rate: float = 1e-2

    name = "refine"
    note = "contrastive encoder over modalities and graph"

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`."""
        for _ in range(space.rules.rounds):
            pool = self._round(space, pool)
        return pool

    def _round(self, space: Space, pool: Pool) -> Pool:
        rules = space.rules
        if len(pool) > 1:
            learned = self._learn(space, pool)
            scaled = [space.weights.get(name, 1.0) * z for name, z in learned.items() if name != "structure"]
            if "structure" in learned:  # stands for the pictures, where those do not match by themselves
                weight = space.weights.get("image", 1.0) if rules.match_modalities == "text" else 1.0
                scaled.append(weight * learned["structure"])
            together = unit_rows(np.hstack(scaled).astype(np.float32))
            n_left = space.task.left.n_entities
            of_pairs = Dot(together[:n_left][space.left], together[n_left:][space.right], space.device)
            weight = rules.learned_weight
            similarity = of_pairs if weight == 1 else Sum((space.similarity, of_pairs), (1 - weight, weight))
            pool = replace(pool, similarity=similarity, learned=learned)
        proposals = propose(pool.similarity, space.n_seeds, rules)
        if rules.replace:
            chosen = within_quotas(space, proposals)
        else:
            chosen = greedy_one_to_one(proposals.rows, proposals.columns, space.n_seeds)
        return filtered(space, take(space, pool, proposals, chosen, self.name))

    def _inputs(self, space: Space) -> dict[str, tuple[Tensor, Tensor]]:
        """Per modality the nodes that have it and their vectors, by the rules."""
        everyone = np.arange(space.task.left.n_entities), np.arange(space.task.right.n_entities)
        inputs = {}
        for name, modality in space.features.items():
            nodes = np.flatnonzero(np.concatenate([modality.left_present, modality.right_present]))
            if space.rules.normalise:
                vectors = np.vstack(modality_vectors(space.features, name, *everyone))[nodes]
            else:
                vectors = np.vstack([modality.left, modality.right])[nodes]
            width = space.rules.n_components
            if width is not None and width < min(vectors.shape):
                vectors = _principal_components(vectors, width)
            inputs[name] = (
                torch.from_numpy(nodes).to(space.device), torch.from_numpy(vectors).to(space.device)
            )  # fmt: skip
        return inputs

    def _learn(self, space: Space, pool: Pool) -> dict[str, FloatArray]:
        """Learned unit vectors of all entities by modality, ``(n, dim)`` each."""
        rules, n_left = space.rules, space.task.left.n_entities
        split = rules.match_modalities == "text"
        with seeded(space.random_state):
            encoder = RefinementEncoder(
                Edges.joint(space.task).to(space.device),
                self._inputs(space),
                structural=[m for m in space.features if not split or m == "image"],
                separate=[m for m in space.features if not split or m != "image"],
                dim=rules.dim,
                bias=not rules.normalise,  # what is not centred needs one
            ).to(space.device)
            seeds = torch.from_numpy(pool.pairs(space)).to(space.device)
            ends = Ends(encoder, torch.cat([seeds[:, 0], seeds[:, 1] + n_left]))

            def loss(batch: Tensor) -> Tensor:
                total = torch.zeros((), device=space.device)
                for z in encoder(ends).values():
                    if rules.normalise:
                        z = nn.functional.normalize(z, dim=1)
                    left, right = z[batch[:, 0]], z[batch[:, 1] + n_left]
                    # A zero row is an absent modality: such a seed says nothing about it.
                    both = left.any(dim=1) & right.any(dim=1)
                    if int(both.sum()) > 1:
                        total = total + info_nce(left[both], right[both], temperature=rules.temperature)
                return total

            train(
                encoder,
                loss,
                seeds,
                n_epochs=rules.n_epochs,
                batch_size=BATCH_SIZE,
                learning_rate=self.learning_rate,
                shuffle=rules.order == "confidence",
                description="PSQE refinement",
            )
            with torch.inference_mode():
                return {name: unit_rows(z.cpu().numpy()) for name, z in encoder().items()}


def _principal_components(vectors: FloatArray, n: int) -> FloatArray:
    """Coordinates ``(m, n)`` of rows ``(m, d)`` along their ``n`` principal axes, unit rows again."""
    # The sign and the last bits of an axis depend on nothing but the rows, in canonical order.
    model = PCA(n, svd_solver="covariance_eigh")
    return unit_rows(np.ascontiguousarray(model.fit_transform(vectors), dtype=np.float32))
