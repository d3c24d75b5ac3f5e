"""Graph attention on sparse edges, forward and backward: nothing of size N x N."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from psqe.kg import AlignmentTask, IntArray


class Edges:
    """Directed edges ``target <- source`` in CSR order by target, and the same set ordered by source.

    Parameters
    ----------
    targets, sources
        Integer arrays ``(n_edges,)``.
    n
        Number of nodes.

    Attributes
    ----------
    targets, sources
        Tensors ``(n_edges,)``, sorted by target, then source.
    """

    def __init__(self, targets: IntArray, sources: IntArray, n: int) -> None:
        order = np.lexsort((sources, targets))
        targets, sources = targets[order], sources[order]
        self.n = n
        self.targets = torch.from_numpy(targets)
        self.sources = torch.from_numpy(sources)
        self.crow = torch.from_numpy(np.searchsorted(targets, np.arange(n + 1)))
        # The transposed matrix, for the gradient with respect to the source vectors.
        transposed = np.lexsort((targets, sources))
        self.to_transposed = torch.from_numpy(transposed)
        self.transposed_crow = torch.from_numpy(np.searchsorted(sources[transposed], np.arange(n + 1)))
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

    def reaching(self, nodes: Tensor, n_layers: int) -> tuple[Edges, ...]:
        """The edges that ``n_layers`` layers need to serve ``nodes (m,)``, those of the first layer first.

        Outputs and gradients at ``nodes`` are the same as with all edges in every layer; other nodes get
        what is left, which may be nothing.
        """
        device = str(self.targets.device)
        wanted = torch.zeros(self.n, dtype=torch.bool, device=device)
        wanted[nodes] = True
        layers: list[Edges] = []
        for _ in range(n_layers):
            used = wanted[self.targets]
            targets, sources = self.targets[used], self.sources[used]
            layers.insert(0, Edges(targets.cpu().numpy(), sources.cpu().numpy(), self.n).to(device))
            wanted[sources] = True
        return tuple(layers)

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


def _sparse(rows: Tensor, columns: Tensor, values: Tensor, n: int) -> Tensor:
    """A sparse matrix ``(n, n)`` from its CSR parts."""
    with warnings.catch_warnings():
        # torch says once per process that CSR tensors are in beta: nothing a user could act on.
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(rows, columns, values, (n, n), check_invariants=False)


class _WeightedSum(torch.autograd.Function):
    """``out[t] = sum over edges (t <- s) of weight[t <- s] * x[s]`` with a gradient on edges only."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, x: Tensor, edges: Edges) -> Tensor:
        ctx.save_for_backward(weights, x)
        ctx.edges = edges
        return _sparse(edges.crow, edges.sources, weights, edges.n) @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (grad,) = grads
        weights, x = ctx.saved_tensors
        edges: Edges = ctx.edges
        grad_weights = grad_x = None
        if ctx.needs_input_grad[0]:
            # A sampled product: <grad[t], x[s]> for the edges there are, and no others.
            pattern = _sparse(edges.crow, edges.sources, torch.zeros_like(weights), edges.n)
            grad_weights = torch.sparse.sampled_addmm(pattern, grad.contiguous(), x.T, beta=0.0).values()
        if ctx.needs_input_grad[1]:
            matrix = _sparse(
                edges.transposed_crow, edges.transposed_columns, weights[edges.to_transposed], edges.n
            )
            grad_x = matrix @ grad.contiguous()
        return grad_weights, grad_x, None


def weighted_sum(weights: Tensor, x: Tensor, edges: Edges) -> Tensor:
    """Sum of neighbours' vectors with one weight per edge: ``(n_edges,)``, ``(n, d)`` -> ``(n, d)``."""
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
            heads = []
            for head in range(n_heads):
                h = x * self.diagonal[layer, head]
                ends = h @ self.attention[layer, head].T
                # Not ends[...]: the gradient of indexing adds up in the order in which threads happen to run.
                of_target = ends[:, 0].index_select(0, edges.targets)
                of_source = ends[:, 1].index_select(0, edges.sources)
                scores = nn.functional.leaky_relu(of_target + of_source, self.slope)
                heads.append(weighted_sum(edge_softmax(scores, edges), h, edges))
            x = torch.stack(heads).mean(dim=0)
            if layer + 1 < n_layers:
                x = nn.functional.elu(x)
        return x
