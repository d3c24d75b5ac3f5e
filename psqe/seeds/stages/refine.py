"""Stage 2, contrastive refinement: an encoder is trained on the seeds, and its embeddings match again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from psqe.features.fusion import side_vectors, to_unit_rows, unit_rows
from psqe.features.principal_axes import main_axes
from psqe.graph import FloatArray, Vectors
from psqe.seeds.stages.base import LearnedEmbeddings, Pool, Space, Stage
from psqe.seeds.stages.choose import filtered, propose, take, within_quotas
from psqe.similarity import Dot, Sum, greedy_one_to_one
from psqe.training.graph_attention import DiagonalGAT, Edges
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import info_nce

BATCH_SIZE = 2000
"""Number of seeds in a batch, as released."""

MOST_TRAINED = 12_000
"""Number of seeds that the encoder is trained on at most; a sample of more, of which each step embeds its own
batch only. The steps of a training grow with the seeds, and what a step embeds grows with them as well, so
that the time would grow with their square. The encoder has few parameters, which more seeds do not determine
better."""


@dataclass(frozen=True, eq=False)
class ModalityInput:
    """The vectors of one modality for the nodes that have it.

    Nodes are the entities of both graphs; right entities follow the left ones.

    Parameters
    ----------
    nodes
        The nodes that have the modality ``(m_left + m_right,)``, ascending.
    sides
        Their vectors ``(m_left, d)`` and ``(m_right, d)``. One array of both would be a copy.

    Examples
    --------
    >>> given = ModalityInput(torch.arange(3), (torch.zeros(2, 4), torch.ones(1, 4)))
    >>> given.take(torch.tensor([True, False, True])).sum(dim=1).tolist()
    [0.0, 4.0]
    """

    nodes: Tensor
    sides: tuple[Tensor, Tensor]

    @property
    def width(self) -> int:
        """Number of dimensions ``d``."""
        return int(self.sides[0].shape[1])

    def take(self, used: Tensor) -> Tensor:
        """Return the vectors of the nodes where the mask ``used (m_left + m_right,)`` is true."""
        n_left = len(self.sides[0])
        return torch.cat([self.sides[0][used[:n_left]], self.sides[1][used[n_left:]]])

    def mapped(self, linear: nn.Module) -> Tensor:
        """Return all vectors mapped by ``linear``: ``(m_left + m_right, dim)``."""
        return torch.cat([linear(side) for side in self.sides])


class EncoderInputs(Mapping[str, ModalityInput]):
    """The vectors of all nodes that the encoder reads, by modality, prepared whenever they are read.

    They are read before and after the training. Kept in between, they would take as much memory as the
    training itself.

    Parameters
    ----------
    space
        The candidates, with the rules and the features of all nodes.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._axes: dict[str, FloatArray] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._space.features)

    def __len__(self) -> int:
        return len(self._space.features)

    def __getitem__(self, name: str) -> ModalityInput:
        modality, device = self._space.features[name], self._space.device
        width = self.width(name)
        if width < modality.dim and name not in self._axes:
            # The sides are made one after the other, here and below, so that only one is there at a time.
            self._axes[name] = main_axes(map(self._scaled, modality), width, fix_signs=True)

        def of_side(vectors: Vectors) -> Tensor:
            x = self._scaled(vectors)
            if width < modality.dim:
                x = to_unit_rows(x @ self._axes[name])
            return torch.from_numpy(x if vectors.present.all() else x[vectors.present]).to(device)

        left, right = modality.map(of_side)
        present = np.concatenate([vectors.present for vectors in modality])
        return ModalityInput(torch.from_numpy(np.flatnonzero(present)).to(device), (left, right))

    def width(self, name: str) -> int:
        """Return the number of dimensions of the prepared vectors of a modality."""
        dim, n_components = self._space.features[name].dim, self._space.rules.n_components
        return dim if n_components is None else min(dim, n_components)

    def _scaled(self, vectors: Vectors) -> FloatArray:
        """Return the vectors of one side ``(n, d)``, scaled by the rules."""
        if self._space.rules.normalise:
            return side_vectors(vectors.take(np.arange(len(vectors))))
        return vectors.values


class RefinementEncoder(nn.Module):
    """A linear map for each modality, and graph attention over the sum of some of them.

    Parameters
    ----------
    edges
        The edges of both graphs as one, with ``n`` nodes.
    inputs
        The vectors of each modality, by its name.
    structural
        Names of the modalities that graph attention reads.
    separate
        Names of the modalities whose mapped vectors are embeddings, too.
    dim
        Width of every embedding.
    bias
        Whether the linear maps have a bias.
    attention
        What makes the graph attention of a given width; :class:`DiagonalGAT` by default.
    """

    def __init__(
        self,
        edges: Edges,
        inputs: Mapping[str, ModalityInput],
        *,
        structural: Sequence[str],
        separate: Sequence[str],
        dim: int,
        bias: bool,
        attention: Callable[[int], DiagonalGAT] = DiagonalGAT,
    ) -> None:
        super().__init__()
        self.edges = edges
        self.inputs = inputs
        self.structural = structural
        self.separate = separate
        self.dim = dim
        # A list, because torch forbids some names of modalities as names of modules.
        self.maps = nn.ModuleList(nn.Linear(given.width, dim, bias=bias) for given in inputs.values())
        self.gat = attention(dim) if structural else None

    def forward(self, ends: SeedNodes | None = None) -> LearnedEmbeddings[Tensor]:
        """Embed all nodes ``(n, dim)`` or, if given, the nodes ``ends (m, dim)`` only.

        Rows are zero where a modality is absent.
        """
        parts = {}
        total: Tensor | None = None
        for linear, name in zip(self.maps, self.inputs, strict=True):
            if ends is None:
                given = self.inputs[name]
                embedding = mapped = _spread(given.mapped(linear), given.nodes, self.edges.n)
            else:
                embedding, mapped = ends.mapped(name, linear, name in self.structural)
            if name in self.separate:
                parts[name] = embedding
            if name in self.structural:
                total = mapped if total is None else total + mapped
        structure = None
        if self.gat is not None and total is not None:
            structure = self.gat(total, self.edges if ends is None else ends.subgraph.layers)
        return LearnedEmbeddings(parts, structure)


class SeedNodes:
    """What an encoder needs to embed some nodes only, each of them once.

    Image vectors are wide and there are many nodes, so only nodes within reach of graph attention are
    mapped, and only those that have the modality.

    Parameters
    ----------
    encoder
        The encoder.
    nodes
        The nodes to embed ``(m,)``.
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
        """Map one modality: at the nodes to embed, and, if ``structural``, at all nodes within reach."""
        place, x, n = self.inputs[name]
        rows = _spread(linear(x), place, n)
        return (rows.index_select(0, self.among_reached) if structural else rows), rows


def _spread(rows: Tensor, nodes: Tensor, n: int) -> Tensor:
    """Put rows of ascending ``nodes (m,)`` in their places among ``n`` nodes ``(n, dim)``; else zeros."""
    return rows if len(rows) == n else rows.new_zeros(n, rows.shape[1]).index_copy(0, nodes, rows)


@dataclass(frozen=True, eq=False)
class RefineStage(Stage):
    """Train an encoder on the seeds, and match again with its embeddings (Hong et al. 2026, stage 2).

    The encoder uses the edges of the graph, which the features do not contain. The similarity of a pair is a
    weighted mean of the cosine of features and the cosine of embeddings (rule ``learned_weight``). A
    contrastive loss needs two seeds; with fewer, pairs are matched by the similarity of the stage before. Of
    more than :data:`MOST_TRAINED` seeds a sample trains the encoder, with the rule ``order`` by confidence.

    The loss is InfoNCE with same-side negatives, summed over the embeddings.

    Parameters
    ----------
    learning_rate
        Learning rate of AdamW.
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
                # The structure embedding stands for images where images are not matched themselves.
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

    def _learn(self, space: Space, pool: Pool) -> LearnedEmbeddings[FloatArray]:
        """Train an encoder and return its unit embeddings of all entities, ``(n, dim)`` each."""
        rules = space.rules
        split = rules.match_modalities == "text"
        with seeded(space.random_state):
            pairs, inputs = pool.pairs(space), EncoderInputs(space)
            sampled = rules.order == "confidence" and len(pairs) > MOST_TRAINED
            if sampled:
                rng = np.random.default_rng(space.random_state)
                pairs = pairs[np.sort(rng.choice(len(pairs), MOST_TRAINED, replace=False))]
            encoder = RefinementEncoder(
                Edges.joint(space.task).to(space.device),
                dict(inputs) if sampled else inputs,  # every step reads them
                structural=[m for m in space.features if not split or m == "image"],
                separate=[m for m in space.features if not split or m != "image"],
                dim=rules.dim,
                bias=not rules.normalise,  # vectors that are not centred need a bias
                attention=partial(DiagonalGAT, negated=rules.negated_attention, start=rules.attention_start),
            ).to(space.device)
            self._train(encoder, space, torch.from_numpy(pairs).to(space.device), by_batch=sampled)
            with torch.inference_mode():
                embeddings: LearnedEmbeddings[Tensor] = encoder()
                return embeddings.map(lambda z: unit_rows(z.cpu().numpy()))

    def _train(self, encoder: RefinementEncoder, space: Space, seeds: Tensor, *, by_batch: bool) -> None:
        """Train an encoder on seeds ``(n, 2)``. What only the training needs is freed at the end.

        A step embeds the ends of all seeds or, with ``by_batch``, those of its own batch.
        """
        rules = space.rules
        seeds = seeds + torch.tensor([0, space.task.left.n_entities], device=seeds.device)
        if not by_batch:
            ends = SeedNodes(encoder, seeds.T.flatten())
            seeds = ends.subgraph.outputs[seeds]  # rows in what the encoder returns

        def loss(batch: Tensor) -> Tensor:
            total = torch.zeros((), device=space.device)
            own = SeedNodes(encoder, batch.flatten()) if by_batch else ends
            batch = own.subgraph.outputs[batch] if by_batch else batch
            embeddings = list(encoder(own))
            for z in embeddings:
                if rules.normalise:
                    z = nn.functional.normalize(z, dim=1)
                left, right = z[batch[:, 0]], z[batch[:, 1]]
                # A zero row is an absent modality: such a seed says nothing about it.
                both = left.any(dim=1) & right.any(dim=1)
                if int(both.sum()) > 1:
                    total = total + info_nce(left[both], right[both], temperature=rules.temperature)
            # A batch without two seeds to compare, such as a last block of one, changes nothing.
            return total if total.requires_grad else 0 * embeddings[0].sum()

        config = TrainingConfig(
            n_epochs=rules.n_epochs,
            batch_size=BATCH_SIZE,
            learning_rate=self.learning_rate,
            weight_decay=1e-2,  # as released, which leaves it to torch
            shuffle=rules.order == "confidence",
            accumulate=rules.order == "file",
            even=rules.order == "confidence",
        )
        Training(encoder, loss, seeds, config, description="PSQE refinement").run()
