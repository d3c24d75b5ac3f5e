"""Graph attention on sparse edges, whose memory grows with the edges and never with the pairs of entities."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from psqe.adjacency import undirected_edges
from psqe.graph import AlignmentTask, IntArray


class Edges:
    """Directed edges ``target <- source``, sorted by target, and the same edges sorted by source.

    Parameters
    ----------
    targets, sources
        Integer arrays ``(n_edges,)``: the nodes that each edge enters and leaves.
    n
        Number of targets.
    target_index
        The index of each target among the sources ``(n,)``, for a layer whose outputs are fewer nodes than
        its inputs; by default targets and sources are the same nodes.
    n_sources
        Number of sources; ``n`` by default.
    degree
        Number of edges that enter each source in the whole graph ``(n_sources,)``. By default they are
        counted, which is correct if these edges are the whole graph.
    counts
        How many times each edge is counted ``(n_edges,)``, also in the degree; once by default.

    Attributes
    ----------
    targets, sources
        Tensors ``(n_edges,)``, sorted by target, then by source.
    degree
        Tensor ``(n_sources,)``.
    counts
        Tensor ``(n_edges,)`` in the order of ``targets``; ``None`` if every edge counts once.

    Examples
    --------
    >>> import numpy as np
    >>> edges = Edges(np.array([1, 0, 1]), np.array([0, 0, 1]), n=2)
    >>> edges.targets.tolist(), edges.sources.tolist(), edges.degree.tolist()
    ([0, 1, 1], [0, 0, 1], [1, 2])
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
        counts: IntArray | None = None,
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
        self.counts = None if counts is None else torch.from_numpy(counts[order])
        if degree is None and counts is not None:
            degree = np.bincount(targets, weights=counts[order], minlength=n).astype(np.int64)
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
        """Return the same edges with their tensors on ``device``."""
        moved = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(moved, name, value.to(device))
        return moved

    def k_hop_subgraph(self, nodes: Tensor, n_layers: int) -> Subgraph:
        """Return the edges that ``n_layers`` layers need for their outputs at some nodes, and no others.

        Outputs and gradients at the nodes are the same as with all edges in every layer.

        Parameters
        ----------
        nodes
            The nodes whose outputs are wanted ``(m,)``.
        n_layers
            Number of layers, and so of hops.
        """
        device = str(self.targets.device)
        targets, sources = self.targets.cpu().numpy(), self.sources.cpu().numpy()
        degree = self.degree.cpu().numpy()
        counts = None if self.counts is None else self.counts.cpu().numpy()
        wanted = np.unique(nodes.cpu().numpy())
        outputs = torch.full((self.n,), -1, device=device)
        outputs[torch.from_numpy(wanted)] = torch.arange(len(wanted), device=device)
        layers: list[Edges] = []
        for _ in range(n_layers):
            output_index = np.full(self.n, -1, dtype=np.int64)
            output_index[wanted] = np.arange(len(wanted))
            used = output_index[targets] >= 0
            reached = np.unique(np.concatenate([wanted, sources[used]]))
            input_index = np.full(self.n, -1, dtype=np.int64)
            input_index[reached] = np.arange(len(reached))
            layer = Edges(
                output_index[targets[used]], input_index[sources[used]], len(wanted),
                target_index=input_index[wanted], n_sources=len(reached), degree=degree[reached],
                counts=None if counts is None else counts[used],
            )  # fmt: skip
            layers.insert(0, layer.to(device))
            wanted = reached
        return Subgraph(torch.from_numpy(wanted).to(device), tuple(layers), outputs)

    @classmethod
    def joint(cls, task: AlignmentTask, *, count_triples: bool = False) -> Edges:
        """Return the edges of both graphs of a task as one graph, right entities after the left ones.

        Every triple gives an edge in both directions, every node has a self loop, and no edge joins the two
        graphs.

        Parameters
        ----------
        task
            The two graphs.
        count_triples
            Whether an edge counts once for every triple that joins its two entities, in whichever direction;
            by default repeated edges count once. Self loops count once in any case.
        """
        n_left = task.left.n_entities
        n = n_left + task.right.n_entities
        left = task.left.triples[:, [0, 2]]
        right = task.right.triples[:, [0, 2]] + n_left
        ends = np.concatenate([left, right])
        both = undirected_edges(ends, n_loops=n)
        targets, sources = both[:, 0].astype(np.int64), both[:, 1].astype(np.int64)
        if not count_triples:
            return cls(targets, sources, n)
        joining = ends[ends[:, 0] != ends[:, 1]].astype(np.int64)
        keys = np.concatenate([joining @ [n, 1], joining @ [1, n], np.arange(n) * (n + 1)])
        _, counts = np.unique(keys, return_counts=True)  # ascending, as the edges are
        return cls(targets, sources, n, counts=counts)


@dataclass(frozen=True, eq=False)
class Subgraph:
    """The k-hop subgraph around some nodes: all that a graph network needs for its outputs at them.

    Attributes
    ----------
    nodes
        The nodes whose vectors are the input of the first layer ``(m_0,)``, ascending.
    layers
        The edges of each layer, from rows of the layer before to rows of this one.
    outputs
        The row of each node of the graph in the output of the last layer ``(n,)``; -1 for nodes without one.

    Examples
    --------
    >>> import numpy as np, torch
    >>> path = Edges(np.array([0, 1, 2, 1, 2]), np.array([0, 1, 2, 0, 1]), n=3)
    >>> around = path.k_hop_subgraph(torch.tensor([1]), n_layers=1)
    >>> around.nodes.tolist(), around.outputs.tolist()
    ([0, 1], [-1, 0, -1])
    """

    nodes: Tensor
    layers: tuple[Edges, ...]
    outputs: Tensor


def _sparse(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return a sparse matrix from its CSR parts."""
    with warnings.catch_warnings():
        # torch warns once per process that CSR tensors are in beta, about which a user can do nothing.
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
            # A sampled product: <grad[t], x[s]> is computed for the edges only.
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
    """Add up the vectors of neighbours, each under the weight of its edge.

    Parameters
    ----------
    weights
        One weight per edge ``(n_edges,)``.
    x
        Vectors of the sources ``(n_sources, d)``.
    edges
        The edges.

    Returns
    -------
    Sums at the targets ``(n, d)``.
    """
    result: Tensor = _WeightedSum.apply(weights, x, edges)  # type: ignore[no-untyped-call]
    return result


def edge_softmax(scores: Tensor, edges: Edges) -> Tensor:
    """Return the softmax of edge scores ``(n_edges,)`` over the edges that enter each node."""
    peak = torch.full((edges.n,), -torch.inf, dtype=scores.dtype, device=scores.device)
    peak = peak.scatter_reduce(0, edges.targets, scores.detach(), "amax")
    shifted = torch.exp(scores - peak.index_select(0, edges.targets))
    total = torch.zeros(edges.n, dtype=scores.dtype, device=scores.device)
    total = total.index_add(0, edges.targets, shifted)
    return shifted / total.index_select(0, edges.targets)


AttentionStart = Literal["xavier", "uniform"]
"""How the attention vectors of :class:`DiagonalGAT` are drawn before training."""


class DiagonalGAT(nn.Module):
    """Graph attention with a diagonal weight matrix per head, averaged over heads.

    It is the attention of Velickovic et al. (2018) with the diagonal matrices of MCLEA (Lin et al. 2022).
    Head ``k`` maps the vectors to ``h = x * w_k`` and scores an edge by ``e(t <- s) = LeakyReLU(a_k . h_t +
    b_k . h_s)``. A softmax over the edges into ``t`` gives the weights of a sum of the ``h_s``. A layer is
    the mean of its heads, with ELU between layers. The public code of MCLEA, which that of PSQE shares,
    differs in two details: the softmax is that of the negative scores, and the attention vectors are drawn
    from another interval. Both are parameters here.

    Parameters
    ----------
    dim
        Width ``d`` of the vectors before and after every layer.
    n_layers
        Number of layers; 2 by default.
    n_heads
        Number of heads per layer; 2 by default.
    slope
        Negative slope of the LeakyReLU; 0.2 by default.
    negated
        Whether the softmax is taken of ``-e``, as in the public code, and not of ``e``; ``False`` by default.
    start
        The interval around zero from which the numbers of ``a_k`` and ``b_k`` are drawn: ``"xavier"`` (the
        default; Glorot and Bengio 2010), or ``"uniform"``, which reaches to ``1 / sqrt(2 d)``, as in the
        public code.

    Examples
    --------
    >>> import numpy as np, torch
    >>> loops = Edges(np.arange(3), np.arange(3), n=3)
    >>> DiagonalGAT(4)(torch.ones(3, 4), loops).tolist()[0]
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        dim: int,
        *,
        n_layers: int = 2,
        n_heads: int = 2,
        slope: float = 0.2,
        negated: bool = False,
        start: AttentionStart = "xavier",
    ) -> None:
        super().__init__()
        self.slope = slope
        self.negated = negated
        self.diagonal = nn.Parameter(torch.ones(n_layers, n_heads, dim))
        self.attention = nn.Parameter(torch.empty(n_layers, n_heads, 2, dim))
        if start == "xavier":
            nn.init.xavier_uniform_(self.attention)
        else:
            bound = (2 * dim) ** -0.5
            nn.init.uniform_(self.attention, -bound, bound)

    def forward(self, x: Tensor, edges: Edges | Sequence[Edges]) -> Tensor:
        """Apply all layers.

        Parameters
        ----------
        x
            Vectors of the nodes ``(n, d)``, or of the first layer's sources.
        edges
            The edges of all layers, or one set of edges per layer (:attr:`Subgraph.layers`).

        Returns
        -------
        Vectors ``(n, d)`` of the last layer's targets.
        """
        n_layers, n_heads, _ = self.diagonal.shape
        by_layer = [edges] * n_layers if isinstance(edges, Edges) else edges
        for layer, edges in enumerate(by_layer):
            # A diagonal map commutes with a weighted sum over rows. So it is applied to the sums, which are
            # fewer, and h = x * w is never computed: a . h = (w * a) . x.
            diagonal = self.diagonal[layer]
            maps = (diagonal[:, None] * self.attention[layer]).flatten(0, 1)
            parts = x @ maps.T
            out = x.new_zeros(())
            for head in range(n_heads):
                # index_select, because the gradient of indexing with [...] depends on the order of threads.
                of_target, of_source = parts[:, 2 * head], parts[:, 2 * head + 1]
                if edges.target_index is not None:
                    of_target = of_target.index_select(0, edges.target_index)
                scores = nn.functional.leaky_relu(
                    of_target.index_select(0, edges.targets) + of_source.index_select(0, edges.sources),
                    self.slope,
                )
                weights = edge_softmax(-scores if self.negated else scores, edges)
                out = out + weighted_sum(weights, x, edges) * diagonal[head]
            x = out / n_heads
            if layer + 1 < n_layers:
                x = nn.functional.elu(x)
        return x
