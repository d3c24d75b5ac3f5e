"""Graph convolution on sparse edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from psqe.training.graph_attention import Edges, weighted_sum


class GCN(nn.Module):
    """Graph convolutions with ReLU between them (Kipf and Welling 2017).

    One layer is ``A x W + b`` with ``A = D^(-1/2) (E + I) D^(-1/2)``; the edges must contain the self loops.
    An edge that is counted several times (:attr:`Edges.counts`) has that number in ``E`` and in ``D``. The
    first weights and biases are uniform up to ``1 / sqrt(width after the layer)``, as in the public codes of
    Kipf and Welling and of EVA.

    Parameters
    ----------
    dims
        Widths of the vectors: that of the input, then that after each layer.

    Examples
    --------
    >>> import numpy as np, torch
    >>> loops = Edges(np.arange(3), np.arange(3), n=3)
    >>> GCN((4, 8, 2))(torch.ones(3, 4), loops).shape
    torch.Size([3, 2])
    """

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(dims))
        for parameter in self.layers.parameters():  # the first axis is the width after the layer
            bound = len(parameter) ** -0.5
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, edges: Edges | Sequence[Edges]) -> Tensor:
        """Apply all layers.

        Parameters
        ----------
        x
            Vectors of the nodes ``(n, dims[0])``, or of the first layer's sources.
        edges
            The edges of all layers, or one set of edges per layer
            (:attr:`~psqe.training.graph_attention.Subgraph.layers`).

        Returns
        -------
        Vectors ``(n, dims[-1])`` of the last layer's targets.
        """
        by_layer = [edges] * len(self.layers) if isinstance(edges, Edges) else edges
        for i, (layer, edges) in enumerate(zip(self.layers, by_layer, strict=True)):
            assert isinstance(layer, nn.Linear)
            root = edges.degree.to(x.dtype).rsqrt()
            of_target = root if edges.target_index is None else root.index_select(0, edges.target_index)
            weights = of_target.index_select(0, edges.targets) * root.index_select(0, edges.sources)
            if edges.counts is not None:
                weights = weights * edges.counts.to(x.dtype)
            # A (x W) = (A x) W: the graph is applied to the narrower matrix.
            if layer.in_features <= layer.out_features:
                x = layer(weighted_sum(weights, x, edges))
            else:
                x = weighted_sum(weights, x @ layer.weight.T, edges) + layer.bias
            if i + 1 < len(self.layers):
                x = torch.relu(x)
        return x
