"""The network of a trained aligner, and the batch of seeds that its loss is computed on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from psqe.graph import FloatArray
from psqe.training.callback import Callback
from psqe.training.graph_attention import Subgraph
from psqe.training.losses import ContrastiveLoss
from psqe.training.modalities import ModalityEncoder, ModelInputs, joined, unit

BLOCK_ENTITIES = 8192
"""Number of entities whose modalities are joined at a time when no derivatives are needed."""


@dataclass(frozen=True, eq=False)
class PairEmbeddings:
    """Embeddings of the left and the right entities of some seeds of a batch.

    Attributes
    ----------
    left, right
        Embeddings ``(m, d)``, row by row the two entities of a seed.
    in_batch
        Mask ``(B,)`` over the batch: which of its seeds these ``m`` are.

    Examples
    --------
    >>> import torch
    >>> everything = PairEmbeddings(torch.eye(3), torch.eye(3), torch.ones(3, dtype=torch.bool))
    >>> everything.only(torch.tensor([True, False, True])).left.shape
    torch.Size([2, 3])
    """

    left: Tensor
    right: Tensor
    in_batch: Tensor

    def only(self, in_batch: Tensor) -> PairEmbeddings:
        """Return the embeddings of the seeds in a mask ``(B,)``; these must be those of the whole batch."""
        return PairEmbeddings(self.left[in_batch], self.right[in_batch], in_batch)


@dataclass(frozen=True, eq=False)
class SeedBatch:
    """A batch of seeds that a loss is computed on.

    Attributes
    ----------
    seeds
        Left and right entities ``(B, 2)``.
    nodes
        Their rows among the entities of both sides, left entities first ``(2B,)``.
    subgraph
        The k-hop subgraph around at least these nodes.
    present
        By modality, which entities of both sides have it ``(n,)``.
    callbacks
        Callbacks that observe contrastive losses.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> inputs = ModelInputs.from_task(*planted_pair(20, random_state=0), dtype=torch.float32)
    >>> seeds = torch.tensor([[0, 0], [1, 1]])
    >>> nodes = inputs.nodes(seeds)
    >>> batch = SeedBatch(seeds, nodes, inputs.edges.k_hop_subgraph(nodes, 2), inputs.present, ())
    >>> batch.pair_embeddings("joint", torch.ones(4, 3)).left.shape
    torch.Size([2, 3])
    """

    seeds: Tensor
    nodes: Tensor
    subgraph: Subgraph
    present: Mapping[str, Tensor]
    callbacks: Sequence[Callback]

    def pair_embeddings(self, name: str, embedded: Tensor) -> PairEmbeddings | None:
        """Return the embeddings of the seeds both of whose entities have a modality.

        Parameters
        ----------
        name
            The modality, or the name of an embedding that every entity has.
        embedded
            Embeddings ``(2B, d)`` of :attr:`nodes`.

        Returns
        -------
        The embeddings, or ``None`` if only some seeds are such, and fewer than two: a contrastive loss needs
        two.
        """
        n = len(self.seeds)
        if name not in self.present:
            return PairEmbeddings(
                embedded[:n], embedded[n:], torch.ones(n, dtype=torch.bool, device=embedded.device)
            )
        has = self.present[name][self.nodes]
        both = has[:n] & has[n:]
        if int(both.sum()) < 2 and not bool(both.all()):
            return None
        return PairEmbeddings(embedded[:n][both], embedded[n:][both], both)

    def contrast(self, name: str, pairs: PairEmbeddings, loss: ContrastiveLoss) -> Tensor:
        """Compute a contrastive loss, a scalar; callbacks observe it under ``name``."""
        for callback in self.callbacks:
            seeds = self.seeds[pairs.in_batch].cpu().numpy()
            callback.contrast(name, seeds, pairs.left, pairs.right, loss)
        return loss(pairs.left, pairs.right)


class Model(nn.Module):
    """Base class of the networks of trained aligners: an encoder of modalities, a joint embedding, a loss.

    Parameters
    ----------
    inputs, graph, structure_dim, dims
        As for :class:`~psqe.training.modalities.ModalityEncoder`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.training.graph_attention import DiagonalGAT
    >>> from psqe.training.losses import InfoNCE
    >>> class StructureModel(Model):
    ...     def join(self, parts, nodes):
    ...         return unit(parts["structure"])
    ...
    ...     def loss(self, batch):
    ...         joint = self.join(self.encoder(batch.nodes, batch.subgraph), batch.nodes)
    ...         return batch.contrast("joint", batch.pair_embeddings("joint", joint), InfoNCE(0.1))
    >>> task, _ = planted_pair(20, random_state=0)
    >>> inputs = ModelInputs.from_task(task, {}, dtype=torch.float32)
    >>> StructureModel(inputs, DiagonalGAT, structure_dim=4, dims={}).embeddings().shape[1]
    4
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
        self.encoder = ModalityEncoder(inputs, graph, structure_dim=structure_dim, dims=dims)

    @abstractmethod
    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """Return unit joint embeddings ``(B, d)`` from the encoder's vectors of ``nodes (B,)``."""

    @abstractmethod
    def loss(self, batch: SeedBatch) -> Tensor:
        """Return the loss of a batch of seeds, a scalar."""

    def embeddings(self) -> FloatArray:
        """Return the joint embeddings of all entities ``(n, d)``, without dropout."""
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
        embeddings: FloatArray = np.concatenate(blocks)
        return embeddings


class ConcatenatingModel(Model):
    """Base class of networks that concatenate the modalities, each under a weight that all entities share.

    The weights are a softmax over one learned number per modality (Liu et al. 2021, eq. 6).

    Parameters
    ----------
    inputs, graph, structure_dim, dims
        As for :class:`~psqe.training.modalities.ModalityEncoder`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.training.graph_attention import DiagonalGAT
    >>> inputs = ModelInputs.from_task(*planted_pair(20, random_state=0), dtype=torch.float32)
    >>> dims = dict.fromkeys(inputs.vectors, 3)
    >>> ConcatenatingModel(inputs, DiagonalGAT, structure_dim=4, dims=dims).embeddings().shape[1]
    10
    """

    def __init__(
        self,
        inputs: ModelInputs,
        graph: Callable[[int], nn.Module],
        *,
        structure_dim: int,
        dims: Mapping[str, int],
    ) -> None:
        super().__init__(inputs, graph, structure_dim=structure_dim, dims=dims)
        self.fusion = nn.Parameter(torch.ones(1 + len(inputs.vectors)))

    def side_by_side(self, units: Mapping[str, Tensor]) -> Tensor:
        """Return unit joint embeddings ``(B, d)`` from unit vectors by modality."""
        return joined(units, self.fusion.softmax(dim=0))

    def join(self, parts: Mapping[str, Tensor], nodes: Tensor) -> Tensor:
        """Return unit joint embeddings ``(B, d)``, as :meth:`Model.join` says."""
        return self.side_by_side({name: unit(part) for name, part in parts.items()})
