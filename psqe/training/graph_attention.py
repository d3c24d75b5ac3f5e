"""Graph attention on sparse edges, forward and backward: nothing of size N x N."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from psqe.graph import AlignmentTask, IntArray


class Edges:
    """Directed edges ``target <- source`` in CSR order by target, and the same set ordered by source.

    Parameters
    ----------
    targets, sources
        Integer arrays ``(n_edges,)``.
    n
        Number of targets, and of sources unless ``target_index`` says otherwise.
    target_index
        For a layer that maps some nodes to fewer: the place of each target among the sources ``(n,)``.
    n_sources
        Number of sources.
    degree
        How many edges enter each source in the whole graph ``(n_sources,)``; counted when omitted, which is
        right for a whole graph.

    Attributes
    ----------
    targets, sources
        Tensors ``(n_edges,)``, sorted by target, then source.
    degree
        The same as a tensor.
    """

    def __init__(
        self,
        targets: IntArray,
        sources: IntArray,
        n: int,
        *,
        target_index: IntArray | None = None,
        n_sources: int | None = None,
        degree: IntArray | None = None,
    ) -> None:
        order = np.lexsort((sources, targets))
        targets, sources = targets[order], sources[order]
        self.n = n
        self.n_sources = n if n_sources is None else n_sources
        self.target_index = None if target_index is None else torch.from_numpy(target_index)
        self.targets = torch.from_numpy(targets)
        self.sources = torch.from_numpy(sources)
        crow = np.searchsorted(targets, np.arange(n + 1))
        self.crow = torch.from_numpy(crow)
        self.degree = torch.from_numpy(np.diff(crow) if degree is None else degree)
        # The transposed matrix, for the gradient with respect to the source vectors.
        transposed = np.lexsort((targets, sources))
        self.to_transposed = torch.from_numpy(transposed)
        self.transposed_crow = torch.from_numpy(
            np.searchsorted(sources[transposed], np.arange(self.n_sources + 1))
        )
        self.transposed_columns = torch.from_numpy(targets[transposed])

    def __len__(self) -> int:
        return len(self.targets)

    def to(self, device: str) -> Edges:
        """The same edges with their tensors on ``device``; all work on them happens there."""
        moved = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(moved, name, value.to(device))
        return moved

    def reaching(self, nodes: Tensor, n_layers: int) -> Subgraph:
        """What ``n_layers`` layers need to serve ``nodes (m,)``, and no more.

        Outputs and gradients at the nodes are the same as with all edges in every layer.
        """
        device = str(self.targets.device)
        targets, sources = self.targets.cpu().numpy(), self.sources.cpu().numpy()
        degree = self.degree.cpu().numpy()
        wanted = np.unique(nodes.cpu().numpy())
        outputs = torch.full((self.n,), -1, device=device)
        outputs[torch.from_numpy(wanted)] = torch.arange(len(wanted), device=device)
        layers: list[Edges] = []
        for _ in range(n_layers):
            place = np.full(self.n, -1, dtype=np.int64)
            place[wanted] = np.arange(len(wanted))
            used = place[targets] >= 0
            reached = np.unique(np.concatenate([wanted, sources[used]]))
            among = np.full(self.n, -1, dtype=np.int64)
            among[reached] = np.arange(len(reached))
            layer = Edges(
                place[targets[used]], among[sources[used]], len(wanted),
                target_index=among[wanted], n_sources=len(reached), degree=degree[reached],
            )  # fmt: skip
            layers.insert(0, layer.to(device))
            wanted = reached
        return Subgraph(torch.from_numpy(wanted).to(device), tuple(layers), outputs)

    @classmethod
    def joint(cls, task: AlignmentTask) -> Edges:
        """Both graphs of a task as one, without links between them: right entities follow the left ones.

        Undirected, unlabelled, without repetition, with a self loop at every node.
        """
        n_left = task.left.n_entities
        n = n_left + task.right.n_entities
        left = task.left.triples[:, [0, 2]]
        right = task.right.triples[:, [0, 2]] + n_left
        ends = np.concatenate([left, right])
        loops = np.column_stack([np.arange(n), np.arange(n)])
        both = np.unique(np.concatenate([ends, ends[:, ::-1], loops]), axis=0)
        return cls(both[:, 0].astype(np.int64), both[:, 1].astype(np.int64), n)


@dataclass(frozen=True, eq=False)
class Subgraph:
    """The part of a graph that some nodes see through a few layers of attention.

    Attributes
    ----------
    nodes
        The nodes whose vectors go into the first layer ``(m_0,)``, ascending.
    layers
        Edges of each layer, from the rows of the one before to its own.
    outputs
        Row of each node of the graph in what comes out of the last layer ``(n,)``; -1 for the others.
    """

    nodes: Tensor
    layers: tuple[Edges, ...]
    outputs: Tensor


def _sparse(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """A sparse matrix from its CSR parts."""
    with warnings.catch_warnings():
        # torch says once per process that CSR tensors are in beta: nothing a user could act on.
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(rows, columns, values, shape, check_invariants=False)


class _WeightedSum(torch.autograd.Function):
    """``out[t] = sum over edges (t <- s) of weight[t <- s] * x[s]`` with a gradient on edges only."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, x: Tensor, edges: Edges) -> Tensor:
        ctx.save_for_backward(weights, x)
        ctx.edges = edges
        return _sparse(edges.crow, edges.sources, weights, (edges.n, edges.n_sources)) @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (grad,) = grads
        weights, x = ctx.saved_tensors
        edges: Edges = ctx.edges
        grad_weights = grad_x = None
        if ctx.needs_input_grad[0]:
            # A sampled product: <grad[t], x[s]> for the edges there are, and no others.
            shape = edges.n, edges.n_sources
            pattern = _sparse(edges.crow, edges.sources, torch.zeros_like(weights), shape)
            grad_weights = torch.sparse.sampled_addmm(pattern, grad.contiguous(), x.T, beta=0.0).values()
        if ctx.needs_input_grad[1]:
            matrix = _sparse(
                edges.transposed_crow,
                edges.transposed_columns,
                weights[edges.to_transposed],
                (edges.n_sources, edges.n),
            )
            grad_x = matrix @ grad.contiguous()
        return grad_weights, grad_x, None


def weighted_sum(weights: Tensor, x: Tensor, edges: Edges) -> Tensor:
    """Sum of neighbours' vectors, one weight per edge: ``(n_edges,)``, ``(n_sources, d)`` -> ``(n, d)``."""
    result: Tensor = _WeightedSum.apply(weights, x, edges)  # type: ignore[no-untyped-call]
    return result


def edge_softmax(scores: Tensor, edges: Edges) -> Tensor:
    """Softmax of edge scores ``(n_edges,)`` over the edges that enter a node."""
    peak = torch.full((edges.n,), -torch.inf, dtype=scores.dtype, device=scores.device)
    peak = peak.scatter_reduce(0, edges.targets, scores.detach(), "amax")
    shifted = torch.exp(scores - peak.index_select(0, edges.targets))
    total = torch.zeros(edges.n, dtype=scores.dtype, device=scores.device)
    total = total.index_add(0, edges.targets, shifted)
    return shifted / total.index_select(0, edges.targets)


class DiagonalGAT(nn.Module):
    """Graph attention with a diagonal weight per head, heads averaged (Velickovic et al. 2018; MCLEA).

    For head k: ``h = x * w_k``; ``e(t <- s) = LeakyReLU(a_k . h_t + b_k . h_s)``; softmax over the edges
    into t; the output is the mean over heads of the weighted sums, with ELU between layers.

    Shapes: input ``(n, d)``, output ``(n, d)``.

    Parameters
    ----------
    dim
        Width ``d`` of every layer.
    n_layers, n_heads
        Layers, and heads per layer.
    slope
        Negative slope of the LeakyReLU.
    """

    def __init__(self, dim: int, *, n_layers: int = 2, n_heads: int = 2, slope: float = 0.2) -> None:
        super().__init__()
        self.slope = slope
        self.diagonal = nn.Parameter(torch.ones(n_layers, n_heads, dim))
        self.attention = nn.Parameter(torch.empty(n_layers, n_heads, 2, dim))
        nn.init.xavier_uniform_(self.attention)

    def forward(self, x: Tensor, edges: Edges | Sequence[Edges]) -> Tensor:
        """Apply all layers to ``x (n, d)``, over the same edges or over one set of edges per layer."""
        n_layers, n_heads, _ = self.diagonal.shape
        by_layer = [edges] * n_layers if isinstance(edges, Edges) else edges
        for layer, edges in enumerate(by_layer):
            # A diagonal map commutes with a weighted sum over rows, so it is applied to the sums, which are
            # fewer, and h = x * w is never made: a . h = (w * a) . x.
            diagonal = self.diagonal[layer]
            maps = (diagonal[:, None] * self.attention[layer]).flatten(0, 1)
            ends = x @ maps.T
            out = x.new_zeros(())
            for head in range(n_heads):
                # Not ends[...]: the gradient of indexing adds up in the order in which threads happen to run.
                of_target, of_source = ends[:, 2 * head], ends[:, 2 * head + 1]
                if edges.target_index is not None:
                    of_target = of_target.index_select(0, edges.target_index)
                scores = nn.functional.leaky_relu(
                    of_target.index_select(0, edges.targets) + of_source.index_select(0, edges.sources),
                    self.slope,
                )
                out = out + weighted_sum(edge_softmax(scores, edges), x, edges) * diagonal[head]
            x = out / n_heads
            if layer + 1 < n_layers:
                x = nn.functional.elu(x)
        return x
