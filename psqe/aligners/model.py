"""The network of a trained aligner, and the batch of seeds that its loss is computed on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from psqe.graph import FloatArray
from psqe.training.callback import Callback
from psqe.training.graph_attention import Subgraph
from psqe.training.losses import ContrastiveLoss
from psqe.training.modalities import Inputs, ModalityEncoder, joined, unit

BLOCK_ENTITIES = 8192
"""Entities whose modalities are joined at a time, where nothing is learned from them."""


@dataclass(frozen=True, eq=False)
class PairEmbeddings:
    """The two ends of some seeds of a batch in one embedding.

    Attributes
    ----------
    left, right
        Embeddings ``(m, d)``.
    which
        Mask ``(B,)`` over the batch: which seeds these are.
    """

    left: Tensor
    right: Tensor
    which: Tensor

    def only(self, which: Tensor) -> PairEmbeddings:
        """Those of a mask ``(B,)``, when these are the ends of the whole batch."""
        return PairEmbeddings(self.left[which], self.right[which], which)


@dataclass(frozen=True, eq=False)
class SeedBatch:
    """Seeds that a loss is computed on.

    Attributes
    ----------
    seeds
        Left and right entities ``(B, 2)``.
    nodes
        Their ends among all entities, left ends first ``(2B,)``.
    field
        The part of the graph that reaches them.
    present
        Masks ``(n,)`` by modality.
    watch
        Who is told of contrastive losses.
    """

    seeds: Tensor
    nodes: Tensor
    subgraph: Subgraph
    present: Mapping[str, Tensor]
    callback: Callback | None

    def ends(self, name: str, embedded: Tensor) -> PairEmbeddings | None:
        """The ends of those seeds that say something about modality ``name``, from all ends ``(2B, d)``.

        A seed says something about a modality when both of its ends have it. ``None`` if fewer than two do:
        then there is nothing to tell apart.
        """
        n = len(self.seeds)
        if name not in self.present:
            return PairEmbeddings(
                embedded[:n], embedded[n:], torch.ones(n, dtype=torch.bool, device=embedded.device)
            )
        has = self.present[name][self.nodes]
        both = has[:n] & has[n:]
        return PairEmbeddings(embedded[:n][both], embedded[n:][both], both) if int(both.sum()) > 1 else None

    def contrast(self, name: str, ends: PairEmbeddings, loss: ContrastiveLoss) -> Tensor:
        """A contrastive loss on some ends; the watch is told of it under ``name``."""
        if self.callback is not None:
            seeds = self.seeds[ends.which].cpu().numpy()
            self.callback.contrast(name, seeds, ends.left, ends.right, loss)
        return loss(ends.left, ends.right)


class Model(nn.Module):
    """Modalities of entities, how they are joined, and a loss.

    Parameters
    ----------
    inputs, graph, structure_dim, dims
        Of :class:`~psqe.training.modalities.ModalityEncoder`.
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
        self.encoder = ModalityEncoder(inputs, graph, structure_dim=structure_dim, dims=dims)

    @abstractmethod
    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """Unit joint embeddings ``(B, d)`` from the encoder's vectors of ``nodes (B,)``."""

    @abstractmethod
    def loss(self, batch: SeedBatch) -> Tensor:
        """The loss of a batch of seeds, a scalar."""

    def embeddings(self) -> FloatArray:
        """Joint embeddings of all entities ``(n, d)``, as they are when nothing is dropped."""
        training = self.training
        self.eval()
        with torch.inference_mode():
            parts = self.encoder()
            everyone = torch.arange(self.encoder.inputs.edges.n, device=self.encoder.entity.device)
            blocks = [
                self.join({name: part[nodes] for name, part in parts.items()}, nodes).float().cpu().numpy()
                for nodes in torch.split(everyone, BLOCK_ENTITIES)
            ]
        self.train(training)
        found: FloatArray = np.concatenate(blocks)
        return found


class ConcatenatingModel(Model):
    """Joins modalities by concatenation, each under a learned weight that all entities share.

    The weights are a softmax over one number per modality (Liu et al. 2021, eq. 6).
    """

    def __init__(
        self,
        inputs: Inputs,
        graph: Callable[[int], nn.Module],
        *,
        structure_dim: int,
        dims: Mapping[str, int],
    ) -> None:
        super().__init__(inputs, graph, structure_dim=structure_dim, dims=dims)
        self.fusion = nn.Parameter(torch.ones(1 + len(inputs.vectors)))

    def side_by_side(self, units: Mapping[str, Tensor]) -> Tensor:
        """Unit joint embeddings ``(B, d)`` from unit vectors by modality."""
        return joined(units, self.fusion.softmax(dim=0))

    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """See :meth:`Model.join`."""
        return self.side_by_side({name: unit(part) for name, part in parts.items()})
