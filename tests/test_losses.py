"""Losses against slow, plain recomputation, their gradients too, and in the limits."""

import math

import plain
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.training.losses import NCA, InfoNCE, UncertaintyWeights, distillation, info_nce, nca

sizes, seeds = st.integers(1, 7), st.integers(0, 99)


def unit(n: int, dim: int, seed: int) -> torch.Tensor:
    """Random unit rows, in need of a gradient."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, dim, dtype=torch.float64, generator=generator)
    return torch.nn.functional.normalize(rows, dim=1).requires_grad_()


def same_with_gradients(found: torch.Tensor, wanted: torch.Tensor, inputs) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    pairs = [torch.autograd.grad(x, inputs, materialize_grads=True) for x in (found, wanted)]
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(sizes, seeds, st.sampled_from([0.05, 0.1, 1.0]), st.booleans())
def test_info_nce_term_by_term(n, seed, temperature, same_side):
    left, right = unit(n, 4, seed), unit(n, 4, seed + 1000)
    found = info_nce(left, right, temperature=temperature, same_side=same_side)
    same_with_gradients(found, plain.info_nce(list(left), list(right), temperature, same_side), (left, right))
    torch.testing.assert_close(info_nce(right, left, temperature=temperature, same_side=same_side), found)
    assert torch.equal(InfoNCE(temperature, same_side)(left, right), found)


@settings(max_examples=25, deadline=None)
@given(sizes, seeds, st.sampled_from([1.0, 5.0, 15.0]), st.sampled_from([0.0, 1.0, 10.0]))
def test_nca_term_by_term(n, seed, scale, attraction):
    left, right = unit(n, 3, seed), unit(n, 3, seed + 1000)
    found = nca(left, right, scale=scale, attraction=attraction)
    same_with_gradients(found, plain.nca(list(left), list(right), scale, attraction), (left, right))
    torch.testing.assert_close(nca(right, left, scale=scale, attraction=attraction), found)
    assert torch.equal(NCA(scale, attraction)(left, right), found)


def test_gradients_by_finite_differences():
    left, right = unit(5, 3, 0), unit(5, 3, 1)
    # A cosine of 0 has no derivative here; none of these is near it.
    assert (left * right).sum(dim=1).abs().min() > 1e-3
    for loss in (InfoNCE(0.1), InfoNCE(0.1, same_side=False), NCA(15.0, 10.0), NCA(5.0, 10.0)):
        assert torch.autograd.gradcheck(loss, (left, right))


def cosines(table) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings whose products are the given table."""
    return torch.tensor(table).requires_grad_(), torch.eye(len(table))


def test_nca_with_one_negative():
    left, right = cosines([[0.5, 0.2], [-0.1, 0.8]])
    wanted = 2 * (math.log1p(math.exp(3 * 0.2)) + math.log1p(math.exp(3 * -0.1))) / 3  # each is met twice
    wanted -= 7 * (math.log1p(0.5) + math.log1p(0.8))
    assert nca(left, right, scale=3.0, attraction=7.0).item() == pytest.approx(wanted / 2, rel=1e-6)


def test_nca_does_not_pull_ends_that_point_away_from_each_other():
    """Published so: the logarithm is of 1 + max(s, 0). They are not pushed either."""
    left, right = cosines([[-0.3, 0.2], [0.1, 0.4]])
    nca(left, right, scale=15.0, attraction=10.0).backward()
    assert left.grad[0, 0] == 0 and left.grad[1, 1] == pytest.approx(-10 / 1.4 / 2)
    assert left.grad[0, 1] > 0 and left.grad[1, 0] > 0


def test_nca_of_a_large_scale_does_not_overflow():
    """e^(alpha s) overflows float32 at alpha s = 89. Then the hardest negative is all that counts."""
    table = [[0.9, 0.7, -0.2], [0.1, 0.8, 0.3], [-0.5, -0.6, 0.9]]
    left, right = cosines(table)
    found = nca(left, right, scale=1e4, attraction=1.0)
    hardest = [max(0.0, *(table[i][j] for j in range(3) if j != i)) for i in range(3)]
    hardest += [max(0.0, *(table[j][i] for j in range(3) if j != i)) for i in range(3)]
    own = sum(math.log1p(table[i][i]) for i in range(3))
    assert found.item() == pytest.approx((sum(hardest) - own) / 3, rel=1e-3)
    found.backward()
    assert torch.isfinite(left.grad).all()


def test_info_nce_of_a_low_temperature_does_not_overflow():
    left, right = cosines([[0.9, 0.7], [0.1, -0.8]])
    found = info_nce(left, right, temperature=1e-4, same_side=False)
    found.backward()
    assert torch.isfinite(found) and torch.isfinite(left.grad).all()


@settings(max_examples=25, deadline=None)
@given(sizes, seeds, st.sampled_from([0.1, 4.0]))
def test_distillation_term_by_term(n, seed, temperature):
    teacher, student = (tuple(unit(n, 3, seed + k + side) for side in (0, 500)) for k in (0, 1000))
    found = distillation(teacher, student, temperature=temperature)
    wanted = plain.distillation(*(tuple(map(list, ends)) for ends in (teacher, student)), temperature)
    same_with_gradients(found, wanted, student)
    assert found.item() >= -1e-12
    assert distillation(teacher, teacher, temperature=temperature).item() == pytest.approx(0, abs=1e-12)


def test_the_mean_over_cells_is_that_over_seeds_by_the_number_of_cells():
    teacher, student = (tuple(unit(5, 3, k + side) for side in (0, 9)) for k in (0, 50))
    by_seeds, by_cells = (
        distillation(teacher, student, temperature=0.5, mean_over=over).item() for over in ("seeds", "cells")
    )
    assert by_seeds > 0 and by_cells == pytest.approx(by_seeds / 10, rel=1e-6)


def test_distillation_teaches_the_student_only():
    teacher, student = (tuple(unit(4, 3, k + side) for side in (0, 9)) for k in (0, 50))
    distillation(teacher, student, temperature=0.1).backward()
    assert all(t.grad is None for t in teacher)
    assert all(s.grad.abs().sum() > 0 for s in student)


def test_uncertainty_weights():
    weights = UncertaintyWeights(["a", "b"])
    losses = {"a": torch.tensor(3.0), "b": torch.tensor(5.0)}
    assert weights(losses).item() == 8
    with torch.no_grad():
        weights.log_variance[0].fill_(1.0)
        weights.log_variance[1].fill_(-2.0)
    wanted = 3 * math.exp(-1) + 1 + 5 * math.exp(2) - 2
    assert weights(losses).item() == pytest.approx(wanted, rel=1e-6)
    assert weights(dict(reversed(losses.items()))).item() == pytest.approx(wanted, rel=1e-6)
    weights({"a": losses["a"]}).backward()
    assert weights.log_variance[1].grad is None


def test_idle_weights_fall_whatever_the_losses_are():
    """Each has a gradient of its own, which grows by one with every batch."""
    weights = UncertaintyWeights(["a"], n_idle=2)
    for n in (1, 2, 3):
        total = weights({"a": torch.tensor(3.0)})
        total.backward()
        assert total.item() == 3 and [float(w.grad) for w in weights.log_variance] == [-2.0 * n, n, n]
