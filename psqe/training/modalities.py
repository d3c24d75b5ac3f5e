"""Inputs of trained models, encoders of modalities, and how modalities are joined to one vector."""

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
"""Names of two embeddings that every entity has: that of its place in the graph, and the joint one."""


@dataclass(frozen=True)
class InputForm:
    """How vectors and edges are prepared for a trained aligner.

    Attributes
    ----------
    centre
        Whether the mean of each side is subtracted from its vectors.
    not_scaled
        Modalities whose rows keep their lengths; the rows of all others are scaled to unit length.
    count_triples
        Whether an edge counts once for every triple (:meth:`psqe.training.graph_attention.Edges.joint`).
    """

    centre: bool = True
    not_scaled: tuple[str, ...] = ()
    count_triples: bool = False


@dataclass(frozen=True, eq=False)
class ModelInputs:
    """The inputs of a trained aligner: both graphs and all vectors, right entities after the left ones.

    Attributes
    ----------
    edges
        Both graphs as one, without an edge between them.
    vectors
        By modality, vectors ``(n, d_m)``, as a rule centred per side, with unit rows; zero rows for entities
        without it.
    present
        By modality, which entities have it ``(n,)``.
    n_left
        Number of left entities.

    Examples
    --------
    >>> import torch
    >>> from psqe.datasets.synthetic import planted_pair
    >>> inputs = ModelInputs.from_task(*planted_pair(20, dim=6, random_state=0), dtype=torch.float32)
    >>> inputs.vectors["image"].shape[1]
    6
    >>> inputs.nodes(torch.tensor([[1, 2]])).tolist() == [1, inputs.n_left + 2]
    True
    """

    edges: Edges
    vectors: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    n_left: int

    @classmethod
    def from_task(
        cls,
        task: AlignmentTask,
        features: Features,
        *,
        device: str = "cpu",
        dtype: torch.dtype,
        form: InputForm | None = None,
    ) -> ModelInputs:
        """Build the inputs from a task and its features.

        Parameters
        ----------
        task
            The two graphs.
        features
            Vectors of all their entities, by modality.
        device
            Where the tensors are put; ``cpu`` by default.
        dtype
            Floating-point type of the vectors.
        form
            How the vectors are centred and scaled, and how edges are counted; :class:`InputForm` with its
            defaults if omitted.

        Raises
        ------
        DataError
            If a modality has the name of another embedding, :data:`STRUCTURE` or :data:`JOINT`.
        """
        for name in (STRUCTURE, JOINT):
            if name in features:
                raise DataError(
                    f"a modality is called {name!r}, as an embedding of every aligner is",
                    remedy="give it another name",
                )
        form = form or InputForm()
        entities = task.sides.map(lambda graph: np.arange(graph.n_entities))
        vectors = {
            name: modality_vectors(
                features, name, *entities, centre=form.centre, unit=name not in form.not_scaled
            )
            for name in features
        }

        def on_device(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(device)

        return cls(
            Edges.joint(task, count_triples=form.count_triples).to(device),
            {name: on_device(np.vstack(x)).to(dtype) for name, x in vectors.items()},
            {
                name: on_device(np.concatenate([m.left.present, m.right.present]))
                for name, m in features.items()
            },
            task.left.n_entities,
        )

    def nodes(self, seeds: Tensor) -> Tensor:
        """Return the rows of the entities of seeds ``(B, 2)``, left entities first: ``(2B,)``."""
        return torch.cat([seeds[:, 0], seeds[:, 1] + self.n_left])


class ModalityEncoder(nn.Module):
    """A network that gives one vector per entity and modality.

    The structure vector comes from a graph network over learned entity vectors, that of every other modality
    from a linear map of its features.

    Parameters
    ----------
    inputs
        Both graphs and their vectors.
    graph
        A function that builds the graph network for a width; the network maps entity vectors ``(n, d)`` and
        edges to structure vectors.
    structure_dim
        Width of the learned entity vectors.
    dims
        By modality, the width of the linear map's output.

    Examples
    --------
    >>> import torch
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.training.graph_attention import DiagonalGAT
    >>> inputs = ModelInputs.from_task(*planted_pair(20, random_state=0), dtype=torch.float32)
    >>> dims = dict.fromkeys(inputs.vectors, 3)
    >>> encoder = ModalityEncoder(inputs, DiagonalGAT, structure_dim=4, dims=dims)
    >>> {name: part.shape[1] for name, part in encoder().items()}
    {'structure': 4, 'image': 3, 'attribute': 3}
    """

    def __init__(
        self,
        inputs: ModelInputs,
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
        # This is a list because torch forbids some names of modalities as names of modules.
        self.linear = nn.ModuleList(nn.Linear(x.shape[1], dims[name]) for name, x in inputs.vectors.items())

    def forward(self, nodes: Tensor | None = None, subgraph: Subgraph | None = None) -> dict[str, Tensor]:
        """Encode entities.

        Parameters
        ----------
        nodes
            Rows of the entities ``(B,)``; all ``n`` entities by default.
        subgraph
            A k-hop subgraph around at least these nodes (:meth:`Edges.k_hop_subgraph`), to which the graph
            network is then confined; the result is the same. The whole graph by default.

        Returns
        -------
        By modality, :data:`STRUCTURE` first, vectors ``(B, d_m)``; zero rows for entities without it.
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
    """Scale rows ``(n, d)`` to unit length; rows of zeros stay zero."""
    return nn.functional.normalize(x, dim=1)


def joined(parts: Mapping[str, Tensor], weights: Tensor) -> Tensor:
    """Concatenate the weighted vectors of all modalities to one unit vector per entity.

    Parameters
    ----------
    parts
        By modality, unit vectors ``(n, d_m)``.
    weights
        Weights of the modalities, ``(M,)`` for all entities alike or ``(n, M)``.

    Returns
    -------
    Unit vectors ``(n, d)``, where ``d`` is the sum of all widths. The dot product of two of them is a
    weighted mean of the cosines of their modalities.
    """
    by_modality = zip(weights.unbind(dim=-1), parts.values(), strict=True)
    return unit(torch.cat([weight[..., None] * part for weight, part in by_modality], dim=1))


class ModalityAttention(nn.Module):
    """One layer of self-attention among the modalities of an entity (MEAformer, Chen et al. 2023).

    The layer has attention, a residual connection and layer normalisation, then a hidden layer with GELU, a
    residual connection and layer normalisation, as in BERT (Devlin et al. 2019), whose layer normalisation
    adds 1e-12 to a variance. The maps of the attention are first drawn as linear maps of torch are.

    Parameters
    ----------
    dim
        Width ``d`` of every modality's vector.
    n_heads
        Number of heads of the attention, which must divide ``dim``; 1 by default.
    hidden_dim
        Width of the hidden layer; 400 by default.
    dropout
        Share of the attention and of the outputs that is dropped while training; 0.1 by default.

    Examples
    --------
    >>> import torch
    >>> layer = ModalityAttention(4, hidden_dim=8).eval()
    >>> present = torch.tensor([[True, True, False]])
    >>> vectors, weights = layer(torch.ones(1, 3, 4), present)
    >>> vectors.shape, [round(weight, 3) for weight in weights[0].tolist()]
    (torch.Size([1, 3, 4]), [0.5, 0.5, 0.0])
    """

    def __init__(self, dim: int, *, n_heads: int = 1, hidden_dim: int = 400, dropout: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, n_heads, dropout=dropout, batch_first=True)
        for parameter in self.attention.parameters():  # as four linear maps of torch from width d to width d
            nn.init.uniform_(parameter, -(dim**-0.5), dim**-0.5)
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim), nn.Dropout(dropout)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim, eps=1e-12) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Apply attention among the modalities of each entity.

        Parameters
        ----------
        tokens
            Vectors of the ``M`` modalities of each entity ``(n, M, d)``.
        present
            Mask ``(n, M)``: an absent modality neither attends to others nor receives attention. Every entity
            must have at least one modality.

        Returns
        -------
        Vectors after attention ``(n, M, d)``, zero where absent, and the weights ``(n, M)``
        of the modalities, which add up to one over an entity and are zero where absent. They are a softmax
        over the attention that a modality receives from all modalities of its entity, divided by
        ``sqrt(M * heads)``.
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
