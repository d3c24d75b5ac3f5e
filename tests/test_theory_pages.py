"""What the pages of a wrong seed and of propagation compute, beyond the closed forms of test_theory."""

import numpy as np
import pytest
import torch
from batches import batches, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.adjacency import joint_adjacency, normalised_adjacency, walk
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.features.fusion import fuse
from psqe.seeds import SeedSet
from psqe.theory.batch import Batch, loss
from psqe.theory.propagation import (
    LinearEncoder,
    attention_model,
    attention_step,
    lengths,
    reach,
    train_attention,
    turn,
    unit_gradient,
)
from psqe.theory.split import mass
from psqe.theory.wrong import (
    descended,
    expected,
    rince_expected,
    rince_losses,
    rince_pull,
    rince_pull_at,
    rince_ratio,
    rince_simulated,
    seed_table,
    swapped,
    under_noise,
)
from psqe.training.losses import info_nce

EXACT = 1e-10
many = settings(max_examples=30, deadline=None)


# P3


def test_two_seeds_are_swapped_and_all_others_right():
    batch = swapped(np.random.default_rng(0), 0.1, cosine=0.7, n_batch=20, dim=9)
    cosines = batch.left @ batch.right.T
    np.testing.assert_allclose(cosines.diagonal()[2:], 0.7)
    np.testing.assert_allclose(cosines[[0, 1], [1, 0]], 0.7)


def test_descent_lowers_the_loss_and_learns_the_wrong_seed_by_heart():
    batch = swapped(np.random.default_rng(0), 0.1, n_batch=40, dim=16)
    later = descended(batch, 60, learning_rate=0.1)
    assert loss(later) < loss(descended(batch, 1, learning_rate=0.1)) < loss(batch)
    np.testing.assert_allclose(np.linalg.norm(later.left, axis=1), 1)
    margins = [(b.left[0] * (b.right[1] - b.right[0])).sum() for b in (batch, later)]
    assert margins[0] > 0.3 and margins[1] < 0
    assert descended(batch, 0, learning_rate=0.1) is batch


@pytest.mark.parametrize("same_side", [False, True])
def test_seeds_of_a_task_are_told_apart_and_measured(same_side):
    task, features = planted_pair(60, 2, 12, noise=0.4, random_state=0)
    links = task.links[:30].copy()
    pairs = links.copy()
    pairs[[0, 1], 1] = links[[1, 0], 1]  # swapped: the truth of each is in the batch
    pairs[2, 1] = task.links[40, 1]  # the truth is not in the batch
    dangling = np.setdiff1d(task.left.candidates, task.links[:, 0])
    assert len(dangling)
    pairs[3, 0] = dangling[0]
    seeds = SeedSet(pairs, np.zeros(30, dtype=np.float32), ("given",) * 30)
    table = seed_table(seeds, task, features, temperatures=[0.1, 1.0], same_side=same_side)
    assert len(table) == 2 * 2 * 30
    one = table[(table["temperature"] == 0.1) & (table["side"] == "left")].reset_index(drop=True)
    assert one["kind"].tolist() == ["wrong"] * 3 + ["dangling"] + ["correct"] * 26
    assert one["on_truth"].notna().tolist() == [True, True] + [False] * 28
    back = table[(table["temperature"] == 0.1) & (table["side"] == "right")].reset_index(drop=True)
    assert back["on_truth"].notna().tolist() == [True, True] + [False] * 28
    np.testing.assert_allclose(one["cosine"], back["cosine"], atol=1e-6)

    left, right = fuse(features, task.left.candidates, task.right.candidates)
    place = [np.searchsorted(g.candidates, pairs[:, i]) for i, g in enumerate((task.left, task.right))]
    batch = Batch(left[place[0]], right[place[1]], 0.1, same_side)
    np.testing.assert_allclose(one["pull"], mass(batch) * 0.1)
    np.testing.assert_allclose(one["on_truth"][0], batch.p[0, 1] / (1 - batch.p[0, 0]))
    # What a target drawn among the others would pull, one by one: neither the target nor the truth.
    np.testing.assert_allclose(one["chance"][0], np.mean([1 - batch.p[0, v] for v in range(2, 30)]))
    np.testing.assert_allclose(one["chance"][2], np.mean([1 - batch.p[2, v] for v in range(30) if v != 2]))
    np.testing.assert_allclose(one["others"][5], np.delete(batch.s[5, :30], 5).mean())
    np.testing.assert_allclose(one["others_squared"][5], (np.delete(batch.s[5, :30], 5) ** 2).mean())


@many
@given(batches(), st.floats(0.05, 1), st.floats(0.01, 1))
def test_rince_pulls_by_similarity_and_share_alone(batch, q, weight):
    found = rince_pull_at(batch.s[batch.is_target], batch.p_target, batch.temperature, q=q, weight=weight)
    truth = batch.temperature * rince_pull(batch, q=q, weight=weight)
    # Where weight is one and the target has nearly all, the pull is a difference of nearly equal numbers.
    size = np.exp(q * batch.s[batch.is_target] / batch.temperature)
    assert (np.abs(found - truth) / size).max() < 1e-9
    plain = rince_pull_at(batch.s[batch.is_target], batch.p_target, batch.temperature, q=0, weight=weight)
    np.testing.assert_allclose(plain, 1 - batch.p_target)


def test_rince_without_power_is_what_info_nce_is_expected_to_do():
    for temperature in (0.08, 0.3, 1.0):
        ratio = rince_ratio(temperature, q=0, weight=0.3)
        assert ratio == pytest.approx(expected(temperature).pull, rel=1e-3)


def test_rince_is_simulated_as_predicted():
    qs, cosines = (0.0, 0.1, 1.0), (0.2, 0.6)
    drawn = rince_simulated(0.1, qs=qs, weight=0.01, cosines=cosines, n_batch=256, n_draws=12)
    assert len(drawn) == 12 * 3 * 3
    for (q, cosine), rows in drawn.groupby(["q", "cosine"], dropna=False):
        if np.isnan(cosine):
            value = rince_ratio(0.1, q=q, weight=0.01, n_batch=256)
        else:
            one, usual = rince_expected([cosine, 0.8], 0.1, q=q, weight=0.01, n_batch=256)
            value = one / usual
        # Means stand in for sums: that is off by a few percent where negatives are few.
        assert abs(rows["pull"].mean() - value) < 5 * rows["pull"].sem() + 0.03 * value
    with pytest.raises(ParameterError, match="more than 18"):
        rince_simulated(0.1, qs=qs, weight=0.01, cosines=cosines, n_batch=18)


@many
@given(st.floats(0, 0.6), st.floats(0.1, 1), st.integers(4, 12))
def test_blind_noise_changes_no_more_than_the_weight_at_full_power(noise, weight, n):
    batch = swapped(np.random.default_rng(n), 0.4, n_batch=n, dim=5)
    if weight <= noise / (n - 1):
        with pytest.raises(ParameterError, match="the weight above"):
            under_noise(weight, noise=noise, n_batch=n)
        return
    factor, other = under_noise(weight, noise=noise, n_batch=n)

    def losses(shift, weight, q=1.0):
        shifted = Batch(batch.left, np.roll(batch.right, shift, axis=0), 0.4, same_side=False)
        return rince_losses(shifted, q=q, weight=weight)

    wrong = sum(losses(shift, weight) for shift in range(1, n)) / (n - 1)
    found = (1 - noise) * losses(0, weight) + noise * wrong
    assert relative_error(found, factor * losses(0, other)) < EXACT


def test_noise_that_hides_the_truth_is_refused():
    with pytest.raises(ParameterError, match="noise must lie below"):
        under_noise(1.0, noise=0.8, n_batch=5)


# P5


@pytest.fixture(scope="module")
def planted():
    return planted_pair(40, 2, 4, random_state=0)[0]


@pytest.fixture(scope="module")
def adjacency(planted):
    return joint_adjacency(planted)


@pytest.fixture(scope="module")
def pairs(planted):
    """Twelve true links as nodes of the joint graph."""
    return planted.links[:12] + np.array([0, planted.left.n_entities])


@pytest.mark.parametrize("n_layers", [1, 2])
def test_an_encoder_that_is_not_symmetric_sends_gradients_back_the_transposed_way(adjacency, n_layers):
    rng, steps = np.random.default_rng(n_layers), walk(adjacency)
    n = steps.shape[0]
    encoder = LinearEncoder(steps, rng.standard_normal((n, 6)), rng.standard_normal((6, 5)), n_layers)
    x, w = (torch.tensor(v, requires_grad=True) for v in (encoder.inputs, encoder.weights))
    power = torch.tensor(np.linalg.matrix_power(steps.toarray(), n_layers))
    z = power @ x @ w
    pairs = rng.permutation(n)[:12].reshape(6, 2)
    z.retain_grad()
    unit = torch.nn.functional.normalize(z, dim=1)
    info_nce(unit[pairs[:, 0]], unit[pairs[:, 1]], temperature=0.3).backward()
    at_z = unit_gradient(encoder.embeddings(), pairs, 0.3)
    assert relative_error(at_z, z.grad) < EXACT
    by_weights, by_inputs = encoder.change_by_weights(at_z), encoder.change_by_inputs(at_z)
    assert relative_error(by_weights, -power @ x.detach() @ w.grad) < EXACT
    assert relative_error(by_inputs, -power @ x.grad @ w.detach()) < EXACT


def test_the_part_of_the_graph_is_all_there_is_when_inputs_have_nothing_in_common(adjacency):
    rng = np.random.default_rng(0)
    n = adjacency.shape[0]
    at_z = np.zeros((n, 3))
    at_z[:5] = rng.standard_normal((5, 3))
    apart = LinearEncoder(adjacency, np.diag(rng.uniform(1, 2, n)), rng.standard_normal((n, 3)), 2)
    np.testing.assert_allclose(apart.change_by_graph(at_z), apart.change_by_weights(at_z), atol=1e-12)
    alike = LinearEncoder(adjacency, np.ones((n, 1)), rng.standard_normal((1, 3)), 2)
    assert relative_error(alike.change_by_graph(at_z), alike.change_by_weights(at_z)) > 0.1


def test_reach_of_a_walk_is_the_chance_to_meet(adjacency):
    steps, seeds = walk(adjacency), np.array([3, 5])
    two = np.linalg.matrix_power(steps.toarray(), 2)
    np.testing.assert_allclose(reach(steps, seeds, 2), (two @ two[seeds].T).sum(axis=1))
    # With many layers everybody in a part of the graph gets the same.
    far = reach(steps, np.array([3]), 3000)
    together = far > 1e-12
    assert np.ptp(far[together]) < 1e-9 and together.sum() > 10
    degree = 1 / adjacency.diagonal()[together]
    np.testing.assert_allclose(far[together], (degree**2).sum() / degree.sum() ** 2, rtol=1e-9)


def test_lengths_are_those_of_independent_inputs(adjacency):
    n = adjacency.shape[0]
    inputs = np.random.default_rng(0).standard_normal((n, 20_000))
    for n_layers in (0, 2):
        found = LinearEncoder(adjacency, inputs, np.eye(1), n_layers)
        drawn = np.sqrt((found.adjacency @ (found.adjacency @ inputs) if n_layers else inputs).var(axis=1))
        np.testing.assert_allclose(lengths(adjacency, n_layers), drawn, rtol=0.05)
    np.testing.assert_allclose(
        lengths(adjacency, 1) ** 2, [reach(adjacency, np.array([u]), 1)[u] for u in range(n)]
    )


def test_a_factor_of_a_row_changes_its_length_but_not_how_far_it_turns():
    rng = np.random.default_rng(0)
    z, change = rng.standard_normal((2, 7, 4))
    factor = rng.uniform(0.5, 3, (7, 1))
    np.testing.assert_allclose(turn(factor * change, factor * z), turn(change, z))
    small = 1e-6
    after = z + small * change
    cosine = (after * z).sum(axis=1) / np.linalg.norm(after, axis=1) / np.linalg.norm(z, axis=1)
    sine = np.sqrt(1 - cosine**2)
    np.testing.assert_allclose(turn(change, z), sine / small, rtol=1e-3)
    np.testing.assert_allclose(turn(z, z), 0, atol=1e-12)


def test_degree_is_length_under_the_symmetric_encoder_and_nothing_else(planted):
    adjacency = normalised_adjacency(planted.left)
    root = np.sqrt(1 / adjacency.diagonal())[:, None]
    rng = np.random.default_rng(0)
    n = len(root)
    inputs, at_z = rng.standard_normal((2, n, 4))
    symmetric = LinearEncoder(adjacency, inputs, np.eye(4), 2)
    mean = LinearEncoder(walk(adjacency), inputs / root, np.eye(4), 2)
    np.testing.assert_allclose(symmetric.embeddings(), root * mean.embeddings())
    turned = turn(symmetric.change_by_inputs(at_z), symmetric.embeddings())
    np.testing.assert_allclose(turned, turn(symmetric.change_by_inputs(at_z) / root, mean.embeddings()))


def test_attention_with_its_first_weights_is_the_mean_over_neighbours(planted, adjacency, pairs):
    model = attention_model(planted, dim=8, random_state=3)
    # Longer vectors would already attend unevenly: the claim is about short ones.
    with torch.no_grad():
        model.entity.mul_(1e-3)
    before = [p.detach().clone().double() for p in model.parameters()]
    step = attention_step(model, pairs, temperature=0.1)
    for p, q in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(p.detach(), q, rtol=1e-12, atol=1e-18)
    assert relative_error(unit_gradient(step.embeddings, pairs, 0.1), step.gradient) < EXACT
    linear = LinearEncoder(walk(adjacency), model.entity.detach().numpy(), np.eye(8), 2)
    assert relative_error(step.embeddings, linear.embeddings()) < 0.01
    assert relative_error(step.change["inputs"], linear.change_by_inputs(step.gradient)) < 0.01
    both = step.change["inputs"] + step.change["shared"]
    assert relative_error(step.change["all"], both) < 1e-5
    assert relative_error(step.change["adam"], step.change["all"]) > 0.1


def test_a_measured_step_is_the_step_that_training_makes(planted, pairs):
    model = attention_model(planted, dim=8, random_state=1)
    train_attention(model, pairs, n_epochs=20)
    step = attention_step(model, pairs)
    left, right = (torch.nn.functional.normalize(torch.tensor(step.embeddings[pairs[:, i]])) for i in (0, 1))
    trained = info_nce(left, right, temperature=0.1)
    size = 1e-6
    for name, group in (("all", [model.entity, model.graph.diagonal, model.graph.attention]),
                        ("shared", [model.graph.diagonal, model.graph.attention])):  # fmt: skip
        z = model.graph(model.entity, model.inputs.edges)
        unit = torch.nn.functional.normalize(z, dim=1)
        value = info_nce(unit[pairs[:, 0]], unit[pairs[:, 1]], temperature=0.1)
        assert value.item() == pytest.approx(trained.item())
        slopes = torch.autograd.grad(value, group)
        with torch.no_grad():
            for p, slope in zip(group, slopes, strict=True):
                p.sub_(size * slope)
            moved = (model.graph(model.entity, model.inputs.edges) - z).numpy() / size
            for p, slope in zip(group, slopes, strict=True):
                p.add_(size * slope)
        assert relative_error(step.change[name], moved) < 1e-3


def test_training_the_structure_alone_lowers_its_loss_and_is_repeatable(planted, pairs):
    def value(n_epochs):
        model = attention_model(planted, dim=8, random_state=1)
        train_attention(model, pairs, n_epochs=n_epochs)
        z = torch.tensor(attention_step(model, pairs).embeddings)
        unit = torch.nn.functional.normalize(z, dim=1)
        return info_nce(unit[pairs[:, 0]], unit[pairs[:, 1]], temperature=0.1).item()

    assert value(30) < 0.5 * value(0)
    assert value(30) == value(30)
