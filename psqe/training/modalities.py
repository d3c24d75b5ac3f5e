"""From what is known of an entity to one vector per modality, and from these to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from psqe.errors import DataError
from psqe.features.base import Features
from psqe.features.fusion import modality_vectors
from psqe.graph import AlignmentTask
from psqe.training.graph_attention import Edges, Subgraph

STRUCTURE, JOINT = "structure", "joint"
"""The embeddings of an entity's place in the graph, which everybody has, and of all it has."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What trained aligners read of a task, right entities after the left ones.

    Attributes
    ----------
    edges
        Both graphs as one.
    vectors
        Vectors ``(n, d_m)`` by modality, centred per side, with unit rows; zero rows if absent.
    present
        Masks ``(n,)`` by modality.
    n_left
        Number of left entities.
    """

    edges: Edges
    vectors: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    n_left: int

    @classmethod
    def from_task(
        cls, task: AlignmentTask, features: Features, *, device: str = "cpu", dtype: torch.dtype
    ) -> Inputs:
        """Those of a task and its features, on a device.

        Raises
        ------
        DataError
            If a modality has the name of what is no modality, :data:`STRUCTURE` or :data:`JOINT`.
        """
        for name in (STRUCTURE, JOINT):
            if name in features:
                raise DataError(
                    f"a modality is called {name!r}, as an embedding of every aligner is",
                    remedy="give it another name",
                )
        everyone = np.arange(task.left.n_entities), np.arange(task.right.n_entities)
        vectors = {name: modality_vectors(features, name, *everyone) for name in features}

        def on_device(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(device)

        return cls(
            Edges.joint(task).to(device),
            {name: on_device(np.vstack(x)).to(dtype) for name, x in vectors.items()},
            {
                name: on_device(np.concatenate([m.left.present, m.right.present]))
                for name, m in features.items()
            },
            task.left.n_entities,
        )

    def nodes(self, seeds: Tensor) -> Tensor:
        """The ends of seeds ``(B, 2)`` among all entities, left ends first: ``(2B,)``."""
        return torch.cat([seeds[:, 0], seeds[:, 1] + self.n_left])


class ModalityEncoder(nn.Module):
    """One vector per entity and modality: a graph network over learned entity vectors, and linear maps.

    Parameters
    ----------
    inputs
        What to read.
    graph
        Builds the graph network for a width: from entity vectors ``(n, d)`` and edges to structure vectors.
    structure_dim
        Width of the entity vectors.
    dims
        Width of what the linear map of each modality gives.
    """

    def __init__(
        self,
        inputs: Inputs,
        graph: Callable[[int], nn.Module],
        *,
        structure_dim: int,
        dims: Mapping[str, int],
    ) -> None:
        super().__init__()
        self.inputs = inputs
        n = inputs.edges.n
        self.entity = nn.Parameter(torch.randn(n, structure_dim) / n**0.5)
        self.graph = graph(structure_dim)
        # A list, because torch forbids some names of modalities as names of modules.
        self.linear = nn.ModuleList(nn.Linear(x.shape[1], dims[name]) for name, x in inputs.vectors.items())

    def forward(self, nodes: Tensor | None = None, subgraph: Subgraph | None = None) -> dict[str, Tensor]:
        """Vectors by modality, :data:`STRUCTURE` first, of the listed nodes ``(B,)`` or of all.

        Rows of an absent modality are zero. A ``subgraph`` that reaches the nodes (:meth:`Edges.reaching`)
        spares the graph network what they do not need.
        """
        edges = self.inputs.edges
        if subgraph is None:
            structure = self.graph(self.entity, edges)
            parts = {STRUCTURE: structure if nodes is None else structure.index_select(0, nodes)}
        else:
            assert nodes is not None
            structure = self.graph(self.entity.index_select(0, subgraph.nodes), subgraph.layers)
            parts = {STRUCTURE: structure.index_select(0, subgraph.outputs[nodes])}
        for linear, (name, x) in zip(self.linear, self.inputs.vectors.items(), strict=True):
            mask = self.inputs.present[name]
            x, mask = (x, mask) if nodes is None else (x[nodes], mask[nodes])
            parts[name] = linear(x) * mask[:, None]
        return parts


def unit(x: Tensor) -> Tensor:
    """Rows ``(n, d)`` scaled to unit length; rows of zeros stay zero."""
    return nn.functional.normalize(x, dim=1)


def joined(parts: Mapping[str, Tensor], weights: Tensor) -> Tensor:
    """One unit vector per entity: the unit vectors of its modalities, weighted and side by side.

    Parameters
    ----------
    parts
        Unit vectors ``(n, d_m)`` by modality.
    weights
        ``(M,)`` for all entities alike, or ``(n, M)``.

    Returns
    -------
    ``(n, d)``: the sum of all widths. The dot product of two is a weighted mean of the cosines of their
    modalities.
    """
    by_modality = zip(weights.unbind(dim=-1), parts.values(), strict=True)
    return unit(torch.cat([weight[..., None] * part for weight, part in by_modality], dim=1))


class ModalityAttention(nn.Module):
    """One layer of self-attention among the modalities of an entity (MEAformer, Chen et al. 2023).

    Attention, a residual and layer normalisation; then a hidden layer with GELU, a residual and layer
    normalisation, as in BERT (Devlin et al. 2019).

    Parameters
    ----------
    dim
        Width ``d`` of every modality's vector.
    n_heads
        Heads of the attention; divides ``dim``.
    hidden_dim
        Width of the hidden layer.
    dropout
        Share of attention and of outputs that is dropped while training.
    """

    def __init__(self, dim: int, *, n_heads: int = 1, hidden_dim: int = 400, dropout: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, n_heads, dropout=dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim), nn.Dropout(dropout)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Let the modalities of each entity look at each other.

        Parameters
        ----------
        tokens
            ``(n, M, d)``.
        present
            Mask ``(n, M)``: what an entity lacks is not looked at and looks at nothing. Everybody has one.

        Returns
        -------
        Vectors after attention ``(n, M, d)``, zero where absent, and weights ``(n, M)`` that add up to one:
        a softmax over what each modality receives of all modalities' attention, divided by
        ``sqrt(M * heads)``; zero where absent.
        """
        n_modalities = tokens.shape[1]
        heads = self.attention.num_heads
        seen, shares = self.attention(
            tokens, tokens, tokens, key_padding_mask=~present, average_attn_weights=False
        )
        hidden = self.norms[0](tokens + self.dropout(seen))
        hidden = self.norms[1](hidden + self.feed_forward(hidden)) * present[..., None]
        received = (shares * present[:, None, :, None]).sum(dim=(1, 2))
        scores = received / (n_modalities * heads) ** 0.5
        return hidden, scores.masked_fill(~present, -torch.inf).softmax(dim=1)
