"""Networks and losses as their papers write them: dense, entity by entity, in double precision.

Slow on purpose, and on purpose without a line of the package. All of it can be differentiated.
"""

import torch
from torch import Tensor


def dense(weights: Tensor, edges) -> Tensor:
    """Edge weights as a full matrix, targets in rows."""
    matrix = torch.zeros(edges.n, edges.n, dtype=weights.dtype)
    matrix[edges.targets, edges.sources] = weights
    return matrix


def adjacency(edges) -> Tensor:
    return dense(torch.ones(len(edges), dtype=torch.float64), edges)


def gat(x: Tensor, diagonal: Tensor, attention: Tensor, edges, slope: float = 0.2, sign: int = 1) -> Tensor:
    """Graph attention with diagonal maps (heads averaged, ELU between layers), of scores times ``sign``."""
    mask = adjacency(edges) > 0
    n_layers, n_heads, _ = diagonal.shape
    for layer in range(n_layers):
        heads = []
        for head in range(n_heads):
            h = x * diagonal[layer, head]
            a, b = attention[layer, head]
            scores = sign * torch.nn.functional.leaky_relu((h @ a)[:, None] + (h @ b)[None, :], slope)
            heads.append(scores.masked_fill(~mask, -torch.inf).softmax(dim=1) @ h)
        x = sum(heads) / n_heads
        if layer + 1 < n_layers:
            x = torch.where(x > 0, x, torch.exp(x) - 1)
    return x


def gcn(x: Tensor, layers, edges) -> Tensor:
    """``A x W + b`` with ``A = D^-1/2 (E + I) D^-1/2``, ReLU between layers; pairs (weight, bias)."""
    with_loops = adjacency(edges)
    root = torch.diag(with_loops.sum(dim=1) ** -0.5)
    for i, (weight, bias) in enumerate(layers):
        x = root @ with_loops @ root @ x @ weight.T + bias
        if i + 1 < len(layers):
            x = x.clamp(min=0)
    return x


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    centred = x - x.mean()
    return centred / (centred.square().mean() + 1e-12).sqrt() * scale + shift


def gelu(x: Tensor) -> Tensor:
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def modality_attention(tokens: list[Tensor], n_modalities: int, n_heads: int, p: dict[str, Tensor]):
    """One entity: the vectors ``(d,)`` of the modalities it has, and nothing of those it lacks.

    Returns the vectors after attention, and the weight of each.
    """
    d = len(tokens[0])
    width = d // n_heads
    maps, shifts = p["attention.in_proj_weight"].split(d), p["attention.in_proj_bias"].split(d)
    query, key, value = (
        [linear @ token + shift for token in tokens] for linear, shift in zip(maps, shifts, strict=True)
    )
    received = [torch.zeros((), dtype=torch.float64) for _ in tokens]
    late = []
    for i, token in enumerate(tokens):
        heads = []
        for head in range(n_heads):
            own = slice(head * width, (head + 1) * width)
            scores = torch.stack([query[i][own] @ k[own] / width**0.5 for k in key])
            shares = torch.exp(scores) / torch.exp(scores).sum()
            heads.append(sum(share * v[own] for share, v in zip(shares, value, strict=True)))
            received = [so_far + share for so_far, share in zip(received, shares, strict=True)]
        seen = p["attention.out_proj.weight"] @ torch.cat(heads) + p["attention.out_proj.bias"]
        hidden = layer_norm(token + seen, p["norms.0.weight"], p["norms.0.bias"])
        inner = gelu(p["feed_forward.0.weight"] @ hidden + p["feed_forward.0.bias"])
        further = p["feed_forward.2.weight"] @ inner + p["feed_forward.2.bias"]
        late.append(layer_norm(hidden + further, p["norms.1.weight"], p["norms.1.bias"]))
    e = [torch.exp(one / (n_modalities * n_heads) ** 0.5) for one in received]
    return late, [one / sum(e) for one in e]


def unit(x: Tensor) -> Tensor:
    return x / x.square().sum().sqrt()


def info_nce(left: list[Tensor], right: list[Tensor], temperature: float, same_side: bool = True) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for anchors, others in ((left, right), (right, left)):
        for k, a in enumerate(anchors):
            below = sum(torch.exp(a @ b / temperature) for b in others)
            if same_side:
                below = below + sum(torch.exp(a @ c / temperature) for j, c in enumerate(anchors) if j != k)
            total = total - torch.log(torch.exp(a @ others[k] / temperature) / below) / len(anchors)
    return total / 2


def nca(left: list[Tensor], right: list[Tensor], scale: float, attraction: float) -> Tensor:
    n, total = len(left), 0 * left[0].sum()
    for i in range(n):
        there = sum(torch.exp(scale * (left[i] @ right[j])) for j in range(n) if j != i)
        back = sum(torch.exp(scale * (left[j] @ right[i])) for j in range(n) if j != i)
        own = left[i] @ right[i]
        total = total + torch.log(torch.as_tensor(1.0 + there)) / scale
        total = total + torch.log(torch.as_tensor(1.0 + back)) / scale
        if own > 0:
            total = total - attraction * torch.log(1 + own)
    return total / n


def distillation(teacher, student, temperature: float) -> Tensor:
    """Mean KL of the student's matches from the teacher's, which teach and do not learn."""

    def matches(left, right, i):
        others = [x for j, x in enumerate(left) if j != i]
        e = [torch.exp(left[i] @ x / temperature) for x in [*right, *others]]
        return [x / sum(e) for x in e]

    total = torch.zeros((), dtype=torch.float64)
    for side in (0, 1):
        n = len(teacher[0])
        for i in range(n):
            p = matches(teacher[side], teacher[1 - side], i)
            q = matches(student[side], student[1 - side], i)
            total = total + sum(a.detach() * torch.log(a.detach() / b) for a, b in zip(p, q, strict=True)) / n
    return total / 2
