"""Graph convolution on sparse edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from psqe.training.graph_attention import Edges, weighted_sum


class GCN(nn.Module):
    """Graph convolutions with ReLU between them (Kipf & Welling 2017).

    One layer is ``A x W + b`` with ``A = D^(-1/2) (E + I) D^(-1/2)``; the edges bring their self loops.

    Parameters
    ----------
    dims
        Widths, input first.
    """

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(dims))

    def forward(self, x: Tensor, edges: Edges | Sequence[Edges]) -> Tensor:
        """Apply all layers to ``x (n, d)``, over the same edges or over one set of edges per layer."""
        by_layer = [edges] * len(self.layers) if isinstance(edges, Edges) else edges
        for i, (layer, edges) in enumerate(zip(self.layers, by_layer, strict=True)):
            assert isinstance(layer, nn.Linear)
            root = edges.degree.to(x.dtype).rsqrt()
            of_target = root if edges.target_index is None else root.index_select(0, edges.target_index)
            weights = of_target.index_select(0, edges.targets) * root.index_select(0, edges.sources)
            # Of A x and x W, the narrower is propagated.
            if layer.in_features <= layer.out_features:
                x = layer(weighted_sum(weights, x, edges))
            else:
                x = weighted_sum(weights, x @ layer.weight.T, edges) + layer.bias
            if i + 1 < len(self.layers):
                x = torch.relu(x)
        return x
