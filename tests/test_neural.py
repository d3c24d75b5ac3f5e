"""Attention and losses against dense, plain references in float64."""

import math
import resource

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import graph

from psqe.kg import AlignmentTask
from psqe.neural.graph_attention import DiagonalGAT, Edges, edge_softmax, weighted_sum
from psqe.neural.losses import UncertaintyWeights, distillation, info_nce
from psqe.neural.training import Recipe, Training, seeded


def random_edges(n: int, n_edges: int, seed: int = 0, *, loops: bool = True) -> Edges:
    """Edges without repetition; with ``loops`` every node has one."""
    rng = np.random.default_rng(seed)
    cells = rng.choice(n * n, min(n_edges, n * n), replace=False)
    targets, sources = cells // n, cells % n
    if loops:
        both = np.unique(
            np.column_stack([np.r_[targets, np.arange(n)], np.r_[sources, np.arange(n)]]), axis=0
        )
        targets, sources = both.T
    order = rng.permutation(len(targets))  # Edges sorts by itself
    return Edges(targets[order], sources[order], n)


def dense(weights: torch.Tensor, edges: Edges) -> torch.Tensor:
    matrix = torch.zeros(edges.n, edges.n, dtype=weights.dtype)
    matrix[edges.targets, edges.sources] = weights
    return matrix


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 40), st.integers(0, 99), st.integers(1, 3))
def test_weighted_sum_and_its_gradients_are_the_dense_ones(n, n_edges, seed, dim):
    edges = random_edges(n, n_edges, seed, loops=False)
    torch.manual_seed(seed)
    weights = torch.randn(len(edges), dtype=torch.float64, requires_grad=True)
    x = torch.randn(n, dim, dtype=torch.float64, requires_grad=True)
    out = torch.randn(n, dim, dtype=torch.float64)
    found, wanted = weighted_sum(weights, x, edges), dense(weights, edges) @ x
    torch.testing.assert_close(found, wanted)
    for a, b in zip(
        torch.autograd.grad((found * out).sum(), (weights, x)),
        torch.autograd.grad((wanted * out).sum(), (weights, x)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_gradcheck():
    edges = random_edges(6, 12)
    torch.manual_seed(0)
    weights = torch.randn(len(edges), dtype=torch.float64, requires_grad=True)
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w, v: weighted_sum(w, v, edges), (weights, x))
    assert torch.autograd.gradcheck(lambda w: edge_softmax(w, edges), (weights,))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 99))
def test_edge_softmax_is_the_masked_softmax(n, n_edges, seed):
    edges = random_edges(n, n_edges, seed)
    torch.manual_seed(seed)
    scores = 50 * torch.randn(len(edges), dtype=torch.float64)
    found = edge_softmax(scores, edges)
    table = torch.full((n, n), -torch.inf, dtype=torch.float64)
    table[edges.targets, edges.sources] = scores
    torch.testing.assert_close(dense(found, edges), table.softmax(dim=1))
    sums = torch.zeros(n, dtype=torch.float64).index_add(0, edges.targets, found)
    torch.testing.assert_close(sums, torch.ones(n, dtype=torch.float64))


def test_edge_softmax_of_huge_scores_is_finite():
    edges = random_edges(4, 8)
    assert torch.isfinite(edge_softmax(torch.full((len(edges),), 1e4), edges)).all()


def dense_gat(gat: DiagonalGAT, x: torch.Tensor, edges: Edges) -> torch.Tensor:
    """The formula of the docstring on full matrices."""
    mask = torch.zeros(edges.n, edges.n, dtype=torch.bool)
    mask[edges.targets, edges.sources] = True
    n_layers, n_heads, _ = gat.diagonal.shape
    for layer in range(n_layers):
        heads = []
        for head in range(n_heads):
            h = x * gat.diagonal[layer, head]
            a, b = gat.attention[layer, head]
            scores = torch.nn.functional.leaky_relu((h @ a)[:, None] + (h @ b)[None, :], gat.slope)
            heads.append(scores.masked_fill(~mask, -torch.inf).softmax(dim=1) @ h)
        x = sum(heads) / n_heads
        if layer + 1 < n_layers:
            x = torch.where(x > 0, x, torch.exp(x) - 1)
    return x


@pytest.mark.parametrize(("n_layers", "n_heads"), [(1, 1), (2, 2), (3, 1)])
def test_gat_is_the_dense_formula_forward_and_backward(n_layers, n_heads):
    edges = random_edges(9, 25)
    torch.manual_seed(0)
    gat = DiagonalGAT(4, n_layers=n_layers, n_heads=n_heads).double()
    torch.nn.init.normal_(gat.diagonal)
    x = torch.randn(9, 4, dtype=torch.float64, requires_grad=True)
    inputs = (x, gat.diagonal, gat.attention)
    found, wanted = gat(x, edges), dense_gat(gat, x, edges)
    torch.testing.assert_close(found, wanted)
    for a, b in zip(
        torch.autograd.grad((found**2).sum(), inputs),
        torch.autograd.grad((wanted**2).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_gat_does_not_depend_on_the_numbering():
    rng = np.random.default_rng(0)
    edges = random_edges(12, 30)
    new = rng.permutation(12)
    moved = Edges(new[edges.targets.numpy()], new[edges.sources.numpy()], 12)
    torch.manual_seed(0)
    gat, x = DiagonalGAT(3).double(), torch.randn(12, 3, dtype=torch.float64)
    shuffled = torch.empty_like(x)
    shuffled[torch.from_numpy(new)] = x
    torch.testing.assert_close(gat(shuffled, moved)[torch.from_numpy(new)], gat(x, edges))


def test_joint_edges():
    task = AlignmentTask("t", graph("l", 3, [(0, 1), (1, 0), (0, 0)]), graph("r", 2, [(1, 0)]))
    edges = Edges.joint(task)
    pairs = list(zip(edges.targets.tolist(), edges.sources.tolist(), strict=True))
    assert pairs == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (3, 3), (3, 4), (4, 3), (4, 4)]
    assert edges.n == 5 and len(edges) == 9


def test_fifty_thousand_nodes_need_no_dense_matrix():
    """N x N in float32 would be 10 GB, forward or backward."""
    n = 50_000
    rng = np.random.default_rng(0)
    edges = Edges(rng.integers(n, size=200_000), rng.integers(n, size=200_000), n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gat, x = DiagonalGAT(8), torch.randn(n, 8, requires_grad=True)
    gat(x, edges).sum().backward()
    assert torch.isfinite(x.grad).all() and torch.isfinite(gat.attention.grad).all()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # KiB: 1 GiB


def test_gradients_are_the_same_in_every_run_on_several_threads():
    n = 20_000
    rng = np.random.default_rng(0)
    edges = Edges(rng.integers(n, size=100_000), rng.integers(n, size=100_000), n)
    torch.manual_seed(0)
    gat, x = DiagonalGAT(8, n_layers=1, n_heads=1), torch.randn(n, 8, requires_grad=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        runs = [torch.autograd.grad((gat(x, edges) ** 2).sum(), (x, gat.attention)) for _ in range(4)]
    finally:
        torch.set_num_threads(threads)
    for run in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(run, runs[0], strict=True))


def unit(n: int, dim: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, dim, dtype=torch.float64, generator=generator), dim=1)


def plain_info_nce(left, right, temperature: float, same_side: bool) -> float:
    left, right = left.tolist(), right.tolist()

    def s(x, y):
        return math.exp(sum(a * b for a, b in zip(x, y, strict=True)) / temperature)

    total = 0.0
    for anchors, others in ((left, right), (right, left)):
        for k, a in enumerate(anchors):
            below = sum(s(a, b) for b in others)
            if same_side:
                below += sum(s(a, c) for j, c in enumerate(anchors) if j != k)
            total -= math.log(s(a, others[k]) / below) / len(anchors)
    return total / 2


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(0, 99), st.sampled_from([0.05, 0.1, 1.0]), st.booleans())
def test_info_nce_term_by_term(n, seed, temperature, same_side):
    left, right = unit(n, 4, seed), unit(n, 4, seed + 1000)
    found = info_nce(left, right, temperature=temperature, same_side=same_side)
    assert float(found) == pytest.approx(plain_info_nce(left, right, temperature, same_side), abs=1e-9)
    assert float(info_nce(right, left, temperature=temperature, same_side=same_side)) == pytest.approx(
        float(found), abs=1e-12
    )


def test_info_nce_gradients():
    left, right = (unit(5, 3, seed).requires_grad_() for seed in (0, 1))
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, temperature=0.1), (left, right))


def plain_distillation(teacher, student, temperature: float) -> float:
    def matches(left, right, i):
        e = [math.exp(float(left[i] @ r) / temperature) for r in right]
        return [x / sum(e) for x in e]

    total = 0.0
    for side in (0, 1):
        n = len(teacher[0])
        for i in range(n):
            p = matches(teacher[side], teacher[1 - side], i)
            q = matches(student[side], student[1 - side], i)
            total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)) / n
    return total / 2


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 99), st.sampled_from([0.1, 4.0]))
def test_distillation_term_by_term(n, seed, temperature):
    teacher, student = (tuple(unit(n, 3, seed + k + side) for side in (0, 500)) for k in (0, 1000))
    found = float(distillation(teacher, student, temperature=temperature))
    assert found == pytest.approx(plain_distillation(teacher, student, temperature), abs=1e-9)
    assert found >= -1e-12
    assert float(distillation(teacher, teacher, temperature=temperature)) == pytest.approx(0, abs=1e-12)


def test_distillation_teaches_the_student_only():
    teacher, student = (tuple(unit(4, 3, k + side).requires_grad_() for side in (0, 9)) for k in (0, 50))
    distillation(teacher, student, temperature=0.1).backward()
    assert all(t.grad is None for t in teacher)
    assert all(s.grad.abs().sum() > 0 for s in student)


def test_uncertainty_weights():
    weights = UncertaintyWeights(["a", "b"])
    losses = {"a": torch.tensor(3.0), "b": torch.tensor(5.0)}
    assert weights(losses).item() == 8
    with torch.no_grad():
        weights.log_variance["a"].fill_(1.0)
        weights.log_variance["b"].fill_(-2.0)
    assert weights(losses).item() == pytest.approx(3 * math.exp(-1) + 1 + 5 * math.exp(2) - 2, rel=1e-6)
    weights({"a": losses["a"]}).backward()
    assert weights.log_variance["b"].grad is None


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 30), st.integers(0, 99), st.integers(1, 3))
def test_the_reaching_edges_serve_their_nodes_as_all_edges_do(n, n_edges, seed, n_layers):
    """Same outputs and same gradients at the wanted nodes; no edge more than the layers need."""
    edges = random_edges(n, n_edges, seed)
    torch.manual_seed(seed)
    gat = DiagonalGAT(4, n_layers=n_layers).double()
    x = torch.randn(n, 4, dtype=torch.float64, requires_grad=True)
    nodes = torch.randperm(n)[: 1 + n // 3]
    field = edges.reaching(nodes, n_layers)
    sizes = [len(layer) for layer in field.layers]
    assert len(sizes) == n_layers and sizes == sorted(sizes, reverse=True)
    assert field.nodes.tolist() == sorted(set(field.nodes.tolist())) and set(nodes.tolist()) <= set(
        field.nodes.tolist()
    )
    assert field.layers[0].n_sources == len(field.nodes) and field.layers[-1].n == len(nodes)
    assert set(torch.where(field.outputs >= 0)[0].tolist()) == set(nodes.tolist())
    whole, part = gat(x, edges)[nodes], gat(x[field.nodes], field.layers)[field.outputs[nodes]]
    torch.testing.assert_close(part, whole, rtol=1e-12, atol=1e-12)
    inputs = [x, *gat.parameters()]
    for a, b in zip(
        torch.autograd.grad(whole.square().sum(), inputs), torch.autograd.grad(part.square().sum(), inputs),
        strict=True,
    ):  # fmt: skip
        torch.testing.assert_close(b, a, rtol=1e-10, atol=1e-10)


def test_training_loop():
    """Batches are equal up to one, cover the pairs once an epoch, and the history is their mean."""
    module = torch.nn.Linear(1, 1)
    seen: list[list[int]] = []

    def loss(batch):
        seen.append(batch[:, 0].tolist())
        return (module(batch[:, :1].float()) - 1).square().mean()

    pairs = torch.arange(22).reshape(11, 2)
    with seeded(0):
        history = Training(module, loss, pairs, Recipe(n_epochs=3, batch_size=4, learning_rate=0.01)).run()
    assert len(history) == 3 and len(seen) == 9
    for epoch in range(3):
        batches = seen[3 * epoch : 3 * epoch + 3]
        assert sorted(map(len, batches)) == [3, 4, 4]
        assert sorted(x for batch in batches for x in batch) == pairs[:, 0].tolist()
    assert seen[:3] != seen[3:6]
    assert not module.training and history[-1] < history[0]


def test_seeded_repeats_and_leaves_the_generator():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        with seeded(3):
            draws.append(torch.randn(4))
    assert torch.equal(*draws) and torch.equal(torch.get_rng_state(), before)


def test_no_batch_holds_a_single_seed():
    sizes: list[int] = []
    module = torch.nn.Linear(1, 1)

    def loss(batch):
        sizes.append(len(batch))
        return module(torch.ones(1, 1)).sum()

    for n in (2, 3, 5, 7):
        recipe = Recipe(n_epochs=1, batch_size=2, learning_rate=0.1)
        Training(module, loss, torch.zeros(n, 2, dtype=torch.int64), recipe).run()
    assert min(sizes) == 2 and sum(sizes) == 2 + 3 + 5 + 7
