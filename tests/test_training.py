"""The training loop: batches, schedules, clipping, accumulation, generators, devices."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.optimizer import register_optimizer_step_pre_hook

from psqe.errors import ParameterError
from psqe.training.callback import Callback
from psqe.training.loop import Training, TrainingConfig, check_device, seeded


class Line(torch.nn.Module):
    """One parameter."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([start], dtype=torch.float64))


def numbered(n: int) -> torch.Tensor:
    return torch.arange(2 * n).reshape(n, 2)


def positions(config: TrainingConfig, n: int = 4) -> list[float]:
    """The parameter before every step under a constant gradient, of which AdamW makes steps of the rate."""
    line, before = Line(), []

    def loss(batch):
        before.append(line.weight.item())
        return line.weight.sum()

    Training(line, loss, numbered(n), config).run()
    return [*before, line.weight.item()]


def test_rates_are_the_closed_forms():
    constant = TrainingConfig(n_epochs=1, batch_size=2, learning_rate=0.3)
    assert [constant.rate(x) for x in (0.0, 0.01, 0.5, 1.0)] == [0.3] * 4
    rising = TrainingConfig(n_epochs=1, batch_size=2, learning_rate=0.3, warmup=0.2)
    assert [rising.rate(x) for x in (0.0, 0.05, 0.1, 0.2, 0.6, 1.0)] == pytest.approx(
        [0, 0.075, 0.15, 0.3, 0.3, 0.3]
    )
    cosine = TrainingConfig(n_epochs=1, batch_size=2, learning_rate=0.3, schedule="cosine")
    assert [cosine.rate(x) for x in (0.0, 1 / 3, 0.5, 2 / 3, 1.0)] == pytest.approx(
        [0.3, 0.225, 0.15, 0.075, 0], abs=1e-12
    )
    both = TrainingConfig(n_epochs=1, batch_size=2, learning_rate=0.3, schedule="cosine", warmup=0.2)
    assert [both.rate(x) for x in (0.0, 0.1, 0.2, 0.2 + 0.8 / 3, 0.6, 1.0)] == pytest.approx(
        [0, 0.15, 0.3, 0.225, 0.15, 0], abs=1e-12
    )


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_every_step_is_taken_at_its_own_rate(schedule, accumulate):
    """Two batches an epoch; the share that is behind in the middle of a step counts."""
    config = TrainingConfig(
        n_epochs=5, batch_size=2, learning_rate=0.01, schedule=schedule, warmup=0.3, accumulate=accumulate
    )
    taken = -torch.tensor(positions(config)).diff()
    if accumulate:
        wanted = [rate for epoch in range(1, 6) for rate in (0.0, config.rate((epoch - 0.5) / 5))]
    else:
        wanted = [config.rate((step - 0.5) / 10) for step in range(1, 11)]
    torch.testing.assert_close(taken, torch.tensor(wanted), rtol=1e-4, atol=1e-9)


def test_weight_decay_is_decoupled():
    """AdamW: the parameter shrinks by rate times decay a step, whatever the gradient."""
    line = Line(1.0)
    config = TrainingConfig(n_epochs=3, batch_size=2, learning_rate=0.1, weight_decay=0.5)
    Training(line, lambda batch: 0 * line.weight.sum(), numbered(2), config).run()
    assert line.weight.item() == pytest.approx(0.95**3)


@pytest.fixture
def gradients():
    """The gradients of every step of any optimiser, as it sees them."""
    seen: list[list[torch.Tensor]] = []

    def note(optimiser, *_):
        seen.append([p.grad.clone() for group in optimiser.param_groups for p in group["params"]])

    hook = register_optimizer_step_pre_hook(note)
    yield seen
    hook.remove()


def descend(gradients, **options):
    """Least squares on eight points, and the gradients of its steps; the points are their own seeds."""
    gradients.clear()
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 1).double()
    x, y = torch.randn(8, 3, dtype=torch.float64), 9 * torch.randn(8, dtype=torch.float64)

    def loss(batch):
        rows = batch[:, 0]
        return (module(x[rows])[:, 0] - y[rows]).square().mean()

    seeds = torch.arange(8)[:, None].repeat(1, 2)
    given = {"n_epochs": 6, "batch_size": 8, "learning_rate": 0.05, "shuffle": False, **options}
    history = Training(module, loss, seeds, TrainingConfig(**given)).run()
    return history, [p.detach().clone() for p in module.parameters()], [list(step) for step in gradients]


def norm(step) -> float:
    return math.sqrt(sum(float(g.square().sum()) for g in step))


def test_clipping_shortens_the_gradient_and_does_not_turn_it(gradients):
    *_, free = descend(gradients)
    *_, clipped = descend(gradients, clip=0.5)
    assert norm(free[0]) > 2 and len(free) == len(clipped) == 6
    assert all(norm(step) == pytest.approx(0.5, rel=1e-5) for step in clipped)
    for a, b in zip(free[0], clipped[0], strict=True):
        torch.testing.assert_close(a / norm(free[0]), b / norm(clipped[0]), rtol=1e-5, atol=1e-9)
    *_, short = descend(gradients, clip=1e9)
    assert all(torch.equal(a, b) for x, y in zip(free, short, strict=True) for a, b in zip(x, y, strict=True))


def test_accumulated_batches_are_one_big_batch(gradients):
    """Of k equal batches of a mean, the gradients add up to k times that of all; AdamW divides it out."""
    history, whole, of_whole = descend(gradients)
    summed_history, summed, of_summed = descend(gradients, batch_size=2, accumulate=True)
    assert len(of_summed) == len(of_whole) == 6
    for a, b in zip(of_summed[0], of_whole[0], strict=True):
        torch.testing.assert_close(a, 4 * b)
    for a, b in zip(summed, whole, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)
    assert summed_history == pytest.approx(history, rel=1e-6)
    apart = descend(gradients, batch_size=2)
    assert len(apart[2]) == 24 and not torch.allclose(apart[1][0], whole[0], rtol=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(2, 12), st.booleans(), st.booleans())
def test_batches(n, batch_size, shuffle, accumulate):
    """Equal up to one, none of a single seed, none too large, all seeds once an epoch."""
    line, batches = Line(), []

    def loss(batch):
        batches.append(batch[:, 0].tolist())
        return line.weight.sum() * 0 + batch[:, 0].double().mean()

    config = TrainingConfig(
        n_epochs=2, batch_size=batch_size, learning_rate=0.1, shuffle=shuffle, accumulate=accumulate
    )
    with seeded(0):
        history = Training(line, loss, numbered(n), config).run()
    own = numbered(n)[:, 0].tolist()
    lengths = list(map(len, batches))
    assert min(lengths) >= 2 and max(lengths) - min(lengths) <= 1
    # Three seeds cannot be two batches, and so neither can an odd number be pairs.
    assert max(lengths) <= (3 if batch_size == 2 and n % 2 else batch_size)
    half = len(batches) // 2
    for epoch in (batches[:half], batches[half:]):
        seen = [x for batch in epoch for x in batch]
        assert sorted(seen) == own and (shuffle or seen == own)
    assert shuffle is False or n < 6 or batches[:half] != batches[half:]
    # The mean over seeds, not over batches of unequal length.
    assert history == pytest.approx([sum(own) / n] * 2)


@pytest.mark.parametrize("accumulate", [False, True])
def test_uneven_batches_are_blocks_of_the_given_size(accumulate):
    line, lengths = Line(), []

    def loss(batch):
        lengths.append(len(batch))
        return line.weight.sum() * 0

    config = TrainingConfig(n_epochs=1, batch_size=3, learning_rate=0.1, accumulate=accumulate, even=False)
    Training(line, loss, numbered(7), config).run()
    assert lengths == [3, 3, 1] and config.n_batches(7) == len(lengths) and config.n_batches(6) == 2


class Acting(Callback):
    """A callback that does something given after an epoch."""

    def __init__(self, **acts) -> None:
        self.acts = acts

    def epoch_ends(self, training):
        self.acts.get(f"after_{training.epoch}", lambda training: None)(training)


def test_replaced_seeds_are_trained_on_from_the_next_epoch_by_the_same_optimiser(gradients, monkeypatch):
    made = []
    build = torch.optim.AdamW
    monkeypatch.setattr(torch.optim, "AdamW", lambda *a, **k: made.append(build(*a, **k)) or made[-1])
    line, seen = Line(), []

    def loss(batch):
        seen.append(sorted(batch[:, 0].tolist()))
        return line.weight.sum()

    acting = Acting(after_2=lambda training: training.replace_seeds(numbered(3) + 100))
    config = TrainingConfig(n_epochs=4, batch_size=9, learning_rate=0.1)
    Training(line, loss, numbered(2), config, callbacks=[acting]).run()
    assert seen == [[0, 2]] * 2 + [[100, 102, 104]] * 2
    assert len(made) == 1 and made[0].state[line.weight]["step"] == 4


def test_a_stopped_training_ends_with_its_epoch():
    line = Line()
    config = TrainingConfig(n_epochs=9, batch_size=2, learning_rate=0.1)
    acting = Acting(after_3=Training.stop)
    training = Training(line, lambda batch: line.weight.sum(), numbered(4), config, callbacks=[acting])
    assert len(training.run()) == training.epoch == 3
    assert not line.training


def test_a_training_goes_down_and_ends_in_evaluation_mode():
    module = torch.nn.Linear(1, 1)

    def loss(batch):
        assert module.training
        return (module(batch[:, :1].float()) - 1).square().mean()

    with seeded(0):
        config = TrainingConfig(n_epochs=3, batch_size=4, learning_rate=0.01)
        history = Training(module, loss, numbered(11), config).run()
    assert not module.training and history[-1] < history[0]


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_seeded_repeats_and_leaves_the_generator(device):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        with seeded(3, device):
            draws.append(torch.randn(4))
    assert torch.equal(*draws) and torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ZeroDivisionError), seeded(3, device):
        torch.randn(4)
        raise ZeroDivisionError
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["meta", "mps", "tpu", "", "CUDA", "gpu:0"])
def test_what_is_neither_cpu_nor_gpu_is_refused(name):
    with pytest.raises(ParameterError, match=f"^device is '{name}'; choose cpu or cuda$"):
        check_device(name)
    check_device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_no_gpu_is_one_line(name):
    with pytest.raises(ParameterError, match=rf"there is no device '{name}' \(.+\); use cpu") as caught:
        check_device(name)
    assert "\n" not in str(caught.value)
