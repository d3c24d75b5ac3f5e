"""The closed forms of the theory against automatic differentiation, in float64."""

import numpy as np
import pytest
import torch
from batches import batches, random_batch, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.adjacency import joint_adjacency
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.theory.batch import Batch, gradient, loss
from psqe.theory.membership import masses, membership
from psqe.theory.propagation import (
    LinearEncoder,
    limit,
    propagated,
    reach,
)
from psqe.theory.sphere import log_mean_exp, near, uniform
from psqe.theory.split import (
    attraction,
    effective_negatives,
    lead,
    lengths,
    mass,
    repulsion,
    repulsion_coefficients,
    shares_by_rank,
    tangent,
)
from psqe.theory.wrong import (
    expected,
    margin_change,
    margin_change_parts,
    rince_coefficients,
    rince_losses,
    rince_pull,
    simulated,
)
from psqe.training.losses import info_nce

EXACT = 1e-10
many = settings(max_examples=40, deadline=None)


def tensors(batch, *, grad=True):
    return [torch.tensor(z, requires_grad=grad) for z in (batch.left, batch.right)]


def anchor_logits(batch, anchors):
    """Logits of movable anchors against candidates that stand still."""
    logits = anchors @ torch.tensor(batch.candidates).T / batch.temperature
    return logits.masked_fill(~torch.tensor(batch.is_candidate), -torch.inf)


def by_anchor(batch, of_logits, left=None):
    """``grad_{z_{a_k}}`` of the sum of losses, which is that of ``l_k`` since each has its own anchor."""
    anchors = torch.tensor(batch.left if left is None else left, requires_grad=True)
    of_logits(anchor_logits(batch, anchors)).sum().backward()
    return anchors.grad.numpy()


def info_nce_of(logits):
    return torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)), reduction="none")


# P1


@many
@given(batches())
def test_loss_and_gradient_are_those_of_the_loss_that_models_train_on(batch):
    left, right = tensors(batch)
    value = info_nce(left, right, temperature=batch.temperature, same_side=batch.same_side)
    value.backward()
    assert loss(batch) == pytest.approx(value.item(), rel=EXACT)
    by_left, by_right = gradient(batch)
    assert relative_error(by_left, left.grad, batch=batch) < EXACT
    assert relative_error(by_right, right.grad, batch=batch) < EXACT


@many
@given(batches())
def test_attraction_and_repulsion_add_up_to_the_gradient_of_the_anchor(batch):
    parts = attraction(batch) + repulsion(batch)
    assert relative_error(parts, by_anchor(batch, info_nce_of), batch=batch) < EXACT


@many
@given(batches())
def test_the_two_masses_balance(batch):
    pulls = (1 - batch.p_target) / batch.temperature
    pushes = repulsion_coefficients(batch).sum(axis=1)
    np.testing.assert_allclose(mass(batch), pushes, atol=1e-12)
    np.testing.assert_allclose(pulls, pushes, atol=1e-12 / batch.temperature)
    np.testing.assert_allclose(np.linalg.norm(attraction(batch), axis=1),
                               mass(batch) * np.linalg.norm(batch.right, axis=1), rtol=1e-12)  # fmt: skip


@many
@given(batches(unit=True), st.floats(0.1, 10))
def test_along_the_sphere_the_gradient_by_unnormalised_vectors_follows(batch, length):
    raw = torch.tensor(batch.left * length, requires_grad=True)
    info_nce_of(anchor_logits(batch, torch.nn.functional.normalize(raw, dim=1))).sum().backward()
    along = tangent(attraction(batch) + repulsion(batch), batch.left)
    assert relative_error(along / length, raw.grad, batch=batch) < EXACT
    assert np.abs((along * batch.left).sum(axis=1)).max() < 1e-12 / batch.temperature


@many
@given(batches())
def test_info_nce_is_the_decoupled_loss_damped_by_one_minus_p(batch):
    def decoupled(logits):
        own = torch.eye(*logits.shape, dtype=torch.bool)
        return logits.masked_fill(own, -torch.inf).logsumexp(dim=1) - logits[own]

    damped = (1 - batch.p_target)[:, None] * by_anchor(batch, decoupled)
    assert relative_error(damped, attraction(batch) + repulsion(batch), batch=batch) < EXACT


@many
@given(batches())
def test_the_lead_bounds_the_pull_that_is_left(batch):
    # One negative is at -lead from the target, and none of the 2B - 2 others is nearer.
    odds = np.exp(-lead(batch) / batch.temperature)
    n_negatives = batch.is_candidate.sum(axis=1) - 1
    miss = 1 - batch.p_target
    assert (odds / (1 + odds) <= miss + 1e-12).all()
    assert (miss <= n_negatives * odds / (1 + n_negatives * odds) + 1e-12).all()


def test_effective_negatives_lie_between_one_and_all():
    batch = random_batch(8, 6, 0.1)
    assert ((effective_negatives(batch) >= 1) & (effective_negatives(batch) <= 14)).all()
    cold, warm = (effective_negatives(random_batch(8, 6, t)).mean() for t in (0.02, 50.0))
    assert cold < 3 and warm == pytest.approx(14, rel=1e-3)


def test_lengths_are_for_a_unit_of_mass():
    found = lengths(random_batch(6, 5, 0.2))
    assert found["attraction"] == pytest.approx(1)
    assert (
        found["attraction, along the sphere"] < 1
        and found["repulsion, along the sphere"] < found["repulsion"] < 1
    )
    # Anchors on the first axis, all else on axes of its own: exactly orthogonal.
    axes = np.eye(6)
    batch = Batch(np.repeat(axes[:1], 5, axis=0), axes[1:], 0.3, same_side=False)
    exact = lengths(batch)
    assert exact["repulsion"] == pytest.approx(0.5) and exact["orthogonal"] == pytest.approx(0.5)
    assert exact["repulsion, along the sphere"] == pytest.approx(0.5)


def test_a_small_temperature_loads_the_hardest_negative():
    means = [shares_by_rank(t, n_draws=400)[:, 0].mean() for t in (1.0, 0.1, 0.05)]
    assert means[0] == pytest.approx(0.021, abs=0.002)
    assert means[1] == pytest.approx(0.15, abs=0.02)
    assert means[2] == pytest.approx(0.40, abs=0.04)
    assert shares_by_rank(0.1, n_negatives=1).tolist() == [[1]] * 200


def test_shares_by_rank_fall_and_are_those_of_a_batch():
    shares = shares_by_rank(0.2, n_negatives=5, dim=8, n_draws=30)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (np.diff(shares, axis=1) <= 0).all() and shares[:, 0].std() > 0.01
    # The same negatives, around an anchor that is the first axis; their order is that of the shares.
    negatives = uniform(np.random.default_rng(0), 150, 8)[:5]
    anchor = np.eye(8)[:1]
    batch = Batch(np.repeat(anchor, 6, axis=0), np.vstack([anchor, negatives]), 0.2, same_side=False)
    expected_shares = (repulsion_coefficients(batch)[0] / mass(batch)[0])[1:6]
    np.testing.assert_allclose(shares[0], -np.sort(-expected_shares))
    with pytest.raises(ParameterError, match="at least one negative"):
        shares_by_rank(0.1, n_negatives=0)


# P2


@many
@given(batches(least=3), st.data())
def test_leaving_a_seed_out_takes_both_its_parts(batch, data):
    seed = data.draw(st.integers(0, len(batch) - 1))
    rest = np.arange(len(batch)) != seed
    full, without = ([2 * len(b) * part for part in gradient(b)] for b in (batch, batch.keep(rest)))
    total = membership(batch, seed).total
    for found, whole, other in zip((total.left, total.right), full, without, strict=True):
        # Added, and not subtracted: a difference of nearly equal gradients has few digits to compare.
        together = found.copy()
        together[rest] += other
        assert relative_error(together, whole, batch=batch) < EXACT


@many
@given(batches(least=3), st.data())
def test_each_part_is_the_gradient_of_its_own_loss(batch, data):
    seed = data.draw(st.integers(0, len(batch) - 1))
    found = membership(batch, seed)
    for part, of in (("as_target", own_losses), ("as_candidate", added_to_others)):
        left, right = tensors(batch)
        of(left, right, batch, seed).backward()
        assert relative_error(getattr(found, part).left, left.grad, batch=batch) < EXACT
        assert relative_error(getattr(found, part).right, right.grad, batch=batch) < EXACT


def all_losses(left, right, batch):
    """The losses of the left and of the right ends as anchors, ``(2, B)``."""
    found = []
    for anchors, targets in ((left, right), (right, left)):
        logits = anchors @ torch.cat([targets, anchors]).T / batch.temperature
        logits = logits.masked_fill(~torch.tensor(batch.is_candidate), -torch.inf)
        found.append(info_nce_of(logits))
    return torch.stack(found)


def own_losses(left, right, batch, seed):
    return all_losses(left, right, batch)[:, seed].sum()


def added_to_others(left, right, batch, seed):
    rest = torch.arange(len(batch)) != seed
    without = all_losses(left[rest], right[rest], batch.keep(rest.numpy())).sum()
    return all_losses(left, right, batch)[:, rest].sum() - without


def test_a_candidate_repels_and_relieves_by_the_same_mass():
    batch = random_batch(6, 5, 0.2)
    part = membership(batch, 2).as_candidate
    assert np.abs(part.left).max() > 0.01
    assert part.norm == pytest.approx(np.linalg.norm(np.vstack([part.left, part.right])))
    with pytest.raises(ParameterError):
        membership(batch, 6)
    with pytest.raises(ParameterError):
        membership(batch.keep([0, 1]), 0)


def test_a_hub_that_takes_all_at_a_tiny_temperature_has_the_gradient_of_its_loss():
    hub = np.full(8, 8**-0.5)
    left, right = (np.vstack([sign * np.eye(8)[:6], hub]) for sign in (1, -1))
    batch = Batch(left, right, 2e-4)
    assert batch.p[:6, :6].max() == 0  # e^(-1768) in float64
    ends = tensors(batch)
    added_to_others(*ends, batch, 6).backward()
    found = membership(batch, 6).as_candidate
    assert relative_error(found.left, ends[0].grad, batch=batch) < EXACT
    assert relative_error(found.right, ends[1].grad, batch=batch) < EXACT


@many
@given(batches(least=3))
def test_masses_of_the_parts_are_those_of_the_coefficients_and_balance_over_the_batch(batch):
    found = masses(batch)
    n = len(batch)
    for seed in range(n):
        rest = np.arange(n) != seed
        pulls = pushes = 0.0
        for side in (batch, batch.flipped):
            pulls += (1 - side.p_target[seed]) / batch.temperature
            pushes += side.p[rest][:, [seed, n + seed]].sum() / batch.temperature
        assert found.as_target[seed] == pytest.approx(pulls, rel=1e-9, abs=1e-12 / batch.temperature)
        assert found.as_candidate[seed] == pytest.approx(pushes, rel=1e-9, abs=1e-12 / batch.temperature)
    assert found.as_target.sum() == pytest.approx(found.as_candidate.sum(), rel=EXACT)


# P3


@many
@given(batches(least=3, unit=True), st.booleans())
def test_the_margin_of_the_truth_falls_as_the_closed_form_says(batch, inside):
    # Seed 0 is wrong. Its true counterpart is the right end of seed 1, or stands nowhere.
    truth = batch.right[1] if inside else near(np.random.default_rng([7, 1]), batch.left[:1], 0.5)[0]
    anchor = torch.tensor(batch.left, requires_grad=True)
    info_nce_of(anchor_logits(batch, anchor))[0].backward()
    slope = -float(anchor.grad[0].numpy() @ (truth - batch.right[0]))
    own, others = margin_change_parts(batch, 0, truth, 1 if inside else None)
    assert margin_change(batch, 0, truth) == pytest.approx(slope, rel=EXACT, abs=1e-12)
    assert own + others == pytest.approx(slope, rel=1e-9, abs=1e-11)
    assert own <= 0
    with pytest.raises(ParameterError, match="not the true counterpart"):
        margin_change_parts(batch, 0, -batch.right[2], 2)


@pytest.mark.parametrize(
    ("temperature", "pull", "on_truth"), [(0.1, 3.7, 0.73), (1.0, 1.00, 0.0043)], ids=["cold", "warm"]
)
def test_a_wrong_seed_pulls_harder_when_the_temperature_is_low(temperature, pull, on_truth):
    predicted = expected(temperature)
    assert predicted.pull == pytest.approx(pull, rel=0.005)
    assert predicted.on_truth == pytest.approx(on_truth, rel=0.01)
    drawn = simulated(temperature, n_draws=20)
    for name in ("pull", "on_truth"):
        values = np.array([getattr(one, name) for one in drawn])
        half = 4 * values.std(ddof=1) / len(values) ** 0.5 + 1e-4 * values.mean()
        # The prediction has means inside the ratio, so it is off by what the negatives vary: 1 % is ample.
        assert abs(values.mean() - getattr(predicted, name)) < half + 0.01 * getattr(predicted, name)


@many
@given(batches(), st.floats(0.05, 1), st.floats(0.01, 1))
def test_rince_is_differentiated_rightly(batch, q, weight):
    def rince(logits):
        own = torch.eye(*logits.shape, dtype=torch.bool)
        return (-torch.exp(q * logits[own]) + (weight * torch.exp(logits).sum(dim=1)) ** q) / q

    value = rince(anchor_logits(batch, torch.tensor(batch.left)))
    # Two terms that may be huge and nearly equal: of their difference no more digits are known than of them.
    logits = batch.s / batch.temperature
    terms = np.exp(q * logits[batch.is_target]) + (weight * np.exp(logits).sum(axis=1)) ** q
    assert (np.abs(rince_losses(batch, q=q, weight=weight) - value.numpy()) <= 1e-12 * terms / q).all()
    found = rince_coefficients(batch, q=q, weight=weight) @ batch.candidates
    size = terms * np.abs(batch.candidates).max() / batch.temperature
    assert (np.abs(found - np.asarray(by_anchor(batch, rince))) <= 1e-12 * size[:, None]).all()


def test_rince_turns_the_pull_of_a_wrong_seed_around():
    rng = np.random.default_rng(0)
    left = uniform(rng, 64, 32)
    right = near(rng, left, 0.8)
    right[[0, 1]] = right[[1, 0]]
    batch = Batch(left, right, 0.1, same_side=False)
    plain = mass(batch)
    pulls = {q: rince_pull(batch, q=q, weight=0.01) for q in (0.01, 1.0)}
    ratio = {q: pull[:2].mean() / pull[2:].mean() for q, pull in pulls.items()}
    assert plain[:2].mean() > 2 * plain[2:].mean()
    assert ratio[1.0] < 0.01 < 1 < ratio[0.01]


# The sphere


@pytest.mark.parametrize("dim", [2, 3, 8, 64, 2048])
@pytest.mark.parametrize("temperature", [0.05, 0.3, 1.0, 40.0])
def test_the_mean_exponential_of_a_random_cosine_is_the_integral(dim, temperature):
    if dim == 2048 and temperature == 40:  # where the Bessel function underflows
        assert log_mean_exp(temperature, dim) == pytest.approx(1 / (2 * dim * temperature**2), rel=1e-3)
    angle = np.linspace(0, np.pi, 200_001)
    density = np.sin(angle) ** (dim - 2)
    weights = density / density.sum()
    truth = np.log((weights * np.exp((np.cos(angle) - 1) / temperature)).sum()) + 1 / temperature
    assert log_mean_exp(temperature, dim) == pytest.approx(truth, rel=1e-4, abs=1e-7)


def test_vectors_of_a_given_cosine_are_unit_and_have_it():
    rng = np.random.default_rng(0)
    vectors = uniform(rng, 50, 7)
    other = near(rng, vectors, -0.3)
    np.testing.assert_allclose((vectors * other).sum(axis=1), -0.3, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(other, axis=1), 1)
    with pytest.raises(ParameterError):
        near(rng, vectors, 1.2)


# P5


@pytest.fixture(scope="module")
def adjacency():
    return joint_adjacency(planted_pair(40, 2, 4, random_state=0)[0])


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
def test_a_step_changes_the_embeddings_of_a_linear_encoder_as_the_closed_form_says(adjacency, n_layers):
    rng = np.random.default_rng(n_layers)
    n = adjacency.shape[0]
    encoder = LinearEncoder(adjacency, rng.standard_normal((n, 6)), rng.standard_normal((6, 5)), n_layers)
    x, w = (torch.tensor(v, requires_grad=True) for v in (encoder.inputs, encoder.weights))
    power = torch.tensor(np.linalg.matrix_power(adjacency.toarray(), n_layers))
    seeds = rng.permutation(n)[:12].reshape(2, 6)
    z = power @ x @ w
    info_nce(z[seeds[0]], z[seeds[1]], temperature=0.7).backward()
    np.testing.assert_allclose(encoder.embeddings(), z.detach(), rtol=1e-10, atol=1e-12)

    by_left, by_right = gradient(Batch(*encoder.embeddings()[seeds], 0.7))
    at_z = np.zeros((n, 5))
    at_z[seeds[0]], at_z[seeds[1]] = by_left, by_right
    for found, change in (
        (encoder.change_by_weights(at_z), -power @ x.detach() @ w.grad),
        (encoder.change_by_inputs(at_z), -power @ x.grad @ w.detach()),
    ):
        assert relative_error(found, change) < EXACT


def test_reach_is_a_walk_times_the_root_of_the_degrees(adjacency):
    dense = adjacency.toarray()
    np.testing.assert_allclose(dense, dense.T)
    degree = 1 / dense.diagonal()
    walk = dense * np.sqrt(degree)[None, :] / np.sqrt(degree)[:, None]
    np.testing.assert_allclose(walk.sum(axis=1), 1)
    seeds = np.array([3, 5, 5])
    there = np.linalg.matrix_power(walk, 4)[:, seeds] * np.sqrt(degree[:, None] / degree[seeds])
    np.testing.assert_allclose(reach(adjacency, seeds, 2), there.sum(axis=1))
    np.testing.assert_allclose(reach(adjacency, seeds, 4000), limit(adjacency, seeds), atol=1e-9)


def test_fewer_than_no_layers_are_refused(adjacency):
    with pytest.raises(ParameterError):
        propagated(adjacency, np.ones(adjacency.shape[0]), -1)


@pytest.mark.parametrize(
    ("left", "right", "temperature"),
    [(np.ones((2, 3)), np.ones((3, 3)), 1.0), (np.ones((1, 3)), np.ones((1, 3)), 1.0),
     (np.eye(3), np.eye(3), 0.0), (np.ones(3), np.ones(3), 1.0)],
    ids=["shapes", "one seed", "no temperature", "vectors"],
)  # fmt: skip
def test_a_batch_that_is_none_is_refused(left, right, temperature):
    with pytest.raises(ParameterError):
        Batch(left, right, temperature)


def test_a_batch_at_another_temperature_is_the_batch_that_has_it():
    batch = random_batch(5, 3, 0.5)
    other, new = batch.at(0.1), Batch(batch.left, batch.right, 0.1, batch.same_side)
    assert (other.p == new.p).all() and (other.flipped.p == new.flipped.p).all()
    assert (other.p != batch.p).any()
    with pytest.raises(ParameterError, match="temperature is 0"):
        batch.at(0.0)
