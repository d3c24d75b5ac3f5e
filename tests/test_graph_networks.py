"""Graph networks and attention among modalities against plain forms in float64."""

import resource

import numpy as np
import plain
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import graph

from psqe.graph import AlignmentTask
from psqe.training.graph_attention import DiagonalGAT, Edges, edge_softmax, weighted_sum
from psqe.training.graph_convolution import GCN
from psqe.training.modalities import ModalityAttention


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


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 40), st.integers(0, 99), st.integers(1, 3))
def test_weighted_sum_and_its_gradients_are_the_dense_ones(n, n_edges, seed, dim):
    edges = random_edges(n, n_edges, seed, loops=False)
    torch.manual_seed(seed)
    weights = torch.randn(len(edges), dtype=torch.float64, requires_grad=True)
    x = torch.randn(n, dim, dtype=torch.float64, requires_grad=True)
    out = torch.randn(n, dim, dtype=torch.float64)
    found, wanted = weighted_sum(weights, x, edges), plain.dense(weights, edges) @ x
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
    torch.testing.assert_close(plain.dense(found, edges), table.softmax(dim=1))
    sums = torch.zeros(n, dtype=torch.float64).index_add(0, edges.targets, found)
    torch.testing.assert_close(sums, torch.ones(n, dtype=torch.float64))


def test_edge_softmax_of_huge_scores_is_finite():
    edges = random_edges(4, 8)
    assert torch.isfinite(edge_softmax(torch.full((len(edges),), 1e4), edges)).all()


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize(("n_layers", "n_heads"), [(1, 1), (2, 2), (3, 1)])
def test_gat_is_the_dense_formula_forward_and_backward(n_layers, n_heads, negated):
    edges = random_edges(9, 25)
    torch.manual_seed(0)
    gat = DiagonalGAT(4, n_layers=n_layers, n_heads=n_heads, negated=negated).double()
    torch.nn.init.normal_(gat.diagonal)
    x = torch.randn(9, 4, dtype=torch.float64, requires_grad=True)
    inputs = (x, gat.diagonal, gat.attention)
    sign = -1 if negated else 1
    found = gat(x, edges)
    wanted = plain.gat(x, gat.diagonal, gat.attention, edges, gat.slope, sign=sign)
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


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 30), st.integers(0, 99), st.integers(1, 3))
def test_the_reaching_edges_serve_their_nodes_as_all_edges_do(n, n_edges, seed, n_layers):
    """Same outputs and same gradients at the wanted nodes; no edge more than the layers need."""
    edges = random_edges(n, n_edges, seed)
    torch.manual_seed(seed)
    networks = [DiagonalGAT(4, n_layers=n_layers).double(), GCN([4, *[3, 5, 4][:n_layers]]).double()]
    x = torch.randn(n, 4, dtype=torch.float64, requires_grad=True)
    nodes = torch.randperm(n)[: 1 + n // 3]
    subgraph = edges.k_hop_subgraph(nodes, n_layers)
    sizes = [len(layer) for layer in subgraph.layers]
    assert len(sizes) == n_layers and sizes == sorted(sizes, reverse=True)
    assert subgraph.nodes.tolist() == sorted(set(subgraph.nodes.tolist())) and set(nodes.tolist()) <= set(
        subgraph.nodes.tolist()
    )
    assert subgraph.layers[0].n_sources == len(subgraph.nodes) and subgraph.layers[-1].n == len(nodes)
    assert set(torch.where(subgraph.outputs >= 0)[0].tolist()) == set(nodes.tolist())
    for network in networks:
        whole, part = (
            network(x, edges)[nodes],
            network(x[subgraph.nodes], subgraph.layers)[subgraph.outputs[nodes]],
        )
        torch.testing.assert_close(part, whole, rtol=1e-12, atol=1e-12)
        inputs = [x, *network.parameters()]
        for a, b in zip(
            torch.autograd.grad(whole.square().sum(), inputs),
            torch.autograd.grad(part.square().sum(), inputs),
            strict=True,
        ):
            torch.testing.assert_close(b, a, rtol=1e-10, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(0, 40),
    st.integers(0, 99),
    st.lists(st.integers(1, 6), min_size=2, max_size=4),
)
def test_gcn_is_the_dense_formula_forward_and_backward(n, n_edges, seed, dims):
    """Undirected edges with self loops, as the joint graph has them; layers that widen and that narrow."""
    ends = np.random.default_rng(seed).integers(n, size=(n_edges, 2))
    loops = np.arange(n)[:, None].repeat(2, axis=1)
    both = np.unique(np.concatenate([ends, ends[:, ::-1], loops]), axis=0)
    edges = Edges(both[:, 0], both[:, 1], n)
    torch.manual_seed(seed)
    gcn, x = GCN(dims).double(), torch.randn(n, dims[0], dtype=torch.float64, requires_grad=True)
    layers = [(layer.weight, layer.bias) for layer in gcn.layers]
    found, wanted = gcn(x, edges), plain.gcn(x, layers, edges)
    torch.testing.assert_close(found, wanted)
    out, inputs = torch.randn_like(found), (x, *gcn.parameters())
    for a, b in zip(
        torch.autograd.grad((found * out).sum(), inputs),
        torch.autograd.grad((wanted * out).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def attention_scene(n_heads: int, *, n: int = 6, dim: int = 4, seed: int = 0, dropout: float = 0.0):
    """A layer with random weights in double precision, tokens, and who has what: the first modality, all."""
    torch.manual_seed(seed)
    layer = ModalityAttention(dim, n_heads=n_heads, hidden_dim=5, dropout=dropout).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn_like(parameter))
    present = torch.rand(n, 3) < 0.5
    present[:, 0] = True
    present[0], present[1] = True, torch.tensor([True, False, False])
    return layer, torch.randn(n, 3, dim, dtype=torch.float64), present


@pytest.mark.parametrize("n_heads", [1, 2])
def test_modality_attention_is_the_plain_formula_over_what_an_entity_has(n_heads):
    layer, tokens, present = attention_scene(n_heads)
    tokens.requires_grad_()
    late, weights = layer(tokens, present)
    weighed = torch.zeros_like(weights)
    after = torch.zeros_like(late)
    for i, has in enumerate(present):
        own = torch.where(has)[0]
        vectors, shares = plain.modality_attention(
            [tokens[i, m] for m in own], 3, n_heads, dict(layer.named_parameters())
        )
        after = after.index_put((torch.full_like(own, i), own), torch.stack(vectors))
        weighed = weighed.index_put((torch.full_like(own, i), own), torch.stack(shares))
    torch.testing.assert_close(late, after)
    torch.testing.assert_close(weights, weighed)
    out, inputs = torch.randn_like(late), (tokens, *layer.parameters())
    for a, b in zip(
        torch.autograd.grad((late * out).sum() + weights[:, 0].square().sum(), inputs),
        torch.autograd.grad((after * out).sum() + weighed[:, 0].square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("n_heads", [1, 2])
def test_absent_modalities_neither_look_nor_are_looked_at(n_heads):
    layer, tokens, present = attention_scene(n_heads)
    late, weights = layer(tokens, present)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(weights), dtype=torch.float64))
    assert not weights[~present].any() and not late[~present].any() and (weights[present] > 0).all()
    assert weights[1].tolist() == [1, 0, 0]  # nothing but structure
    others = torch.where(present[..., None], tokens, 1e3).requires_grad_()
    moved = layer(others, present)
    torch.testing.assert_close(moved, (late, weights))
    (moved[0].sum() + moved[1].square().sum()).backward()
    assert not others.grad[~present].any() and others.grad[present].abs().sum() > 0


def test_modality_attention_drops_in_training_only():
    """Without dropout both modes agree, on torch's fast path without gradients, too."""
    layer, tokens, present = attention_scene(2)
    trained = layer(tokens, present)
    layer.eval()
    torch.testing.assert_close(layer(tokens, present), trained)
    with torch.inference_mode():
        torch.testing.assert_close(layer(tokens, present), trained)
    layer, tokens, present = attention_scene(2, dropout=0.5)
    assert not torch.equal(layer(tokens, present)[0], layer(tokens, present)[0])
    layer.eval()
    torch.testing.assert_close(layer(tokens, present), trained)
