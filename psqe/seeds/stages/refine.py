"""Stage 2, contrastive refinement: learn from the seeds what a match looks like, then match again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from psqe.features.axes import main_axes
from psqe.features.fusion import modality_vectors, unit_rows
from psqe.graph import FloatArray
from psqe.seeds.stages.base import Learned, Pool, Space, Stage
from psqe.seeds.stages.choose import filtered, propose, take, within_quotas
from psqe.similarity import Dot, Sum, greedy_one_to_one
from psqe.training.graph_attention import DiagonalGAT, Edges
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import info_nce

BATCH_SIZE = 2000
"""Seeds in a batch, as released."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """The vectors of one modality, of those nodes that have it.

    Attributes
    ----------
    nodes
        Numbers ``(m_left + m_right,)``, ascending; right entities follow the left ones.
    sides
        Vectors ``(m_left, d)`` and ``(m_right, d)``: apart, for together they would be a copy.
    """

    nodes: Tensor
    sides: tuple[Tensor, Tensor]

    @property
    def width(self) -> int:
        """Dimensions ``d``."""
        return int(self.sides[0].shape[1])

    def take(self, used: Tensor) -> Tensor:
        """The vectors under a mask ``(m_left + m_right,)`` over the nodes."""
        n_left = len(self.sides[0])
        return torch.cat([self.sides[0][used[:n_left]], self.sides[1][used[n_left:]]])

    def mapped(self, linear: nn.Module) -> Tensor:
        """All vectors through a map ``(m_left + m_right, dim)``."""
        return torch.cat([linear(side) for side in self.sides])


class RefinementEncoder(nn.Module):
    """A linear map per modality, and graph attention over the sum of some of them.

    Parameters
    ----------
    edges
        Both graphs as one, ``n`` nodes.
    inputs
        Of each modality.
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
        inputs: dict[str, Inputs],
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
        # A list, because torch forbids some names of modalities as names of modules.
        self.maps = nn.ModuleList(nn.Linear(given.width, dim, bias=bias) for given in inputs.values())
        self.gat = DiagonalGAT(dim) if structural else None

    def forward(self, ends: SeedNodes | None = None) -> Learned[Tensor]:
        """Embeddings; zero rows where a modality is absent.

        Of all nodes ``(n, dim)`` or, with ``ends``, of those ``(m, dim)``.
        """
        parts = {}
        total: Tensor | None = None
        for linear, (name, given) in zip(self.maps, self.inputs.items(), strict=True):
            if ends is None:
                own = mapped = _spread(given.mapped(linear), given.nodes, self.edges.n)
            else:
                own, mapped = ends.mapped(name, linear, name in self.structural)
            if name in self.separate:
                parts[name] = own
            if name in self.structural:
                total = mapped if total is None else total + mapped
        structure = None
        if self.gat is not None and total is not None:
            structure = self.gat(total, self.edges if ends is None else ends.subgraph.layers)
        return Learned(parts, structure)


class SeedNodes:
    """What an encoder needs to embed some nodes ``(m,)`` only, each of them once.

    Pictures are wide and nodes many: only those within reach are mapped, and only who has a modality.
    """

    def __init__(self, encoder: RefinementEncoder, nodes: Tensor) -> None:
        self.subgraph = encoder.edges.k_hop_subgraph(nodes, n_layers=2)
        self.inputs = {}
        for name, given in encoder.inputs.items():
            wanted = self.subgraph.nodes if name in encoder.structural else torch.unique(nodes)
            place = torch.full((encoder.edges.n,), -1, device=nodes.device)
            place[wanted] = torch.arange(len(wanted), device=nodes.device)
            used = place[given.nodes] >= 0
            self.inputs[name] = place[given.nodes[used]], given.take(used), len(wanted)
        ordered = torch.unique(nodes)
        reached = torch.full((encoder.edges.n,), -1, device=nodes.device)
        reached[self.subgraph.nodes] = torch.arange(len(self.subgraph.nodes), device=nodes.device)
        self.among_reached = reached[ordered]

    def mapped(self, name: str, linear: nn.Module, structural: bool) -> tuple[Tensor, Tensor]:
        """One modality's embeddings at the ends, and, if ``structural``, at all nodes in reach."""
        place, x, n = self.inputs[name]
        rows = _spread(linear(x), place, n)
        return (rows.index_select(0, self.among_reached) if structural else rows), rows


def _spread(rows: Tensor, nodes: Tensor, n: int) -> Tensor:
    """Rows of ascending ``nodes (m,)`` among ``n``: ``(n, dim)``; zeros for who lacks the modality."""
    return rows if len(rows) == n else rows.new_zeros(n, rows.shape[1]).index_copy(0, nodes, rows)


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
            scaled = [space.weights.get(name, 1.0) * z for name, z in learned.modalities.items()]
            if learned.structure is not None:
                # It stands for the pictures, where those do not match by themselves.
                weight = space.weights.get("image", 1.0) if rules.match_modalities == "text" else 1.0
                scaled.append(weight * learned.structure)
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

    def _inputs(self, space: Space) -> dict[str, Inputs]:
        """What the encoder reads, by the rules."""
        everyone = np.arange(space.task.left.n_entities), np.arange(space.task.right.n_entities)
        inputs = {}
        for name, modality in space.features.items():
            sides = modality.left.values, modality.right.values
            if space.rules.normalise:
                sides = modality_vectors(space.features, name, *everyone)
            width = space.rules.n_components
            if width is not None and width < modality.dim:
                axes = main_axes(sides, width, fix_signs=True)
                sides = unit_rows(sides[0] @ axes), unit_rows(sides[1] @ axes)
            present = modality.left.present, modality.right.present
            kept = [x if own.all() else x[own] for x, own in zip(sides, present, strict=True)]
            left, right = (torch.from_numpy(x).to(space.device) for x in kept)
            nodes = torch.from_numpy(np.flatnonzero(np.concatenate(present))).to(space.device)
            inputs[name] = Inputs(nodes, (left, right))
        return inputs

    def _learn(self, space: Space, pool: Pool) -> Learned[FloatArray]:
        """Learned unit vectors of all entities, ``(n, dim)`` each."""
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
            nodes = torch.cat([seeds[:, 0], seeds[:, 1] + n_left])
            ends = SeedNodes(encoder, nodes)
            rows = ends.subgraph.outputs[nodes].view(2, -1).T  # of a seed's ends in what the encoder returns

            def loss(batch: Tensor) -> Tensor:
                total = torch.zeros((), device=space.device)
                for z in encoder(ends):
                    if rules.normalise:
                        z = nn.functional.normalize(z, dim=1)
                    left, right = z[batch[:, 0]], z[batch[:, 1]]
                    # A zero row is an absent modality: such a seed says nothing about it.
                    both = left.any(dim=1) & right.any(dim=1)
                    if int(both.sum()) > 1:
                        total = total + info_nce(left[both], right[both], temperature=rules.temperature)
                return total

            config = TrainingConfig(
                n_epochs=rules.n_epochs,
                batch_size=BATCH_SIZE,
                learning_rate=self.learning_rate,
                weight_decay=1e-2,  # as released, which leaves it to torch
                shuffle=rules.order == "confidence",
                accumulate=rules.order == "file",
            )
            Training(encoder, loss, rows, config, description="PSQE refinement").run()
            with torch.inference_mode():
                found: Learned[Tensor] = encoder()
                return found.map(lambda z: unit_rows(z.cpu().numpy()))
