"""The one training loop: AdamW over batches of seeds, watched, changed between epochs, resumed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from psqe.errors import ParameterError, PsqeWarning
from psqe.training.callback import Callback
from psqe.training.checkpoint import Checkpoint

Schedule = Literal["constant", "cosine"]


@contextmanager
def seeded(random_state: int, device: str = "cpu") -> Iterator[None]:
    """Seed torch inside the block and give its generators back unchanged after it."""
    with torch.random.fork_rng(devices=[] if torch.device(device).type == "cpu" else [device]):
        torch.manual_seed(random_state)
        yield


def check_device(name: str) -> None:
    """Raise :class:`ParameterError` unless ``name`` is a CPU or a GPU that torch can compute on."""
    if str(name).split(":")[0] not in ("cpu", "cuda"):
        raise ParameterError(f"device is {name!r}", remedy="choose cpu or cuda")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ParameterError(f"there is no device {name!r} ({reason})", remedy="use cpu") from error


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to descend: AdamW (Loshchilov & Hutter 2019) over batches of seeds.

    Parameters
    ----------
    n_epochs
        Passes over the seeds.
    batch_size
        Most seeds in a batch. Batches are of equal size up to one, so that no seed is ever alone in a batch
        without negatives.
    learning_rate, weight_decay
        Of AdamW.
    schedule
        ``constant``, or ``cosine``: the learning rate falls to zero along half a cosine.
    warmup
        Share of the training during which the learning rate rises from zero.
    clip
        Largest norm of the gradient; ``None`` for any.
    shuffle
        Whether seeds are shuffled before every epoch; else batches follow their order.
    accumulate
        Whether the gradients of all batches are added up for one step an epoch, instead of a step each.
    """

    n_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    warmup: float = 0.0
    clip: float | None = None
    shuffle: bool = True
    accumulate: bool = False

    def n_batches(self, n_seeds: int) -> int:
        """As few as the batch size allows, but never so many that one would hold a single seed."""
        return min(-(-n_seeds // self.batch_size), n_seeds // 2)

    def rate(self, done: float) -> float:
        """The learning rate when the share ``done`` of the training is behind."""
        if done < self.warmup:
            return self.learning_rate * done / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (done - self.warmup) / (1 - self.warmup))) / 2


class Habit(Protocol):
    """What is done after every epoch: changing the seeds, stopping early.

    Whatever it has learned about the training is in :meth:`state`, so that a resumed training goes on as if
    it had never stopped.
    """

    def after_epoch(self, training: Training) -> None:
        """Epoch ``training.epoch`` is done; may replace seeds (:meth:`Training.replace_seeds`) or stop."""

    def state(self) -> dict[str, Any]:
        """Tensors and plain values that :meth:`restore` takes."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""


class Training:
    """Minimises a loss over batches of seeds.

    Parameters
    ----------
    module
        What holds the parameters.
    loss
        From a batch of seeds ``(B, 2)`` to a scalar.
    seeds
        ``(n, 2)``, at least two.
    config
        How.
    description
        Label of the progress bar, which shows on a terminal only.
    watch
        Told of every batch before it is computed; not of those before a checkpoint that is gone on from.
    habits
        Called after every epoch, in this order.
    checkpoint
        Where to keep the state between epochs, and to go on from.

    Attributes
    ----------
    epoch
        Epochs done.
    history
        The mean loss of each.
    seeds
        What the next epoch trains on.
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Callable[[Tensor], Tensor],
        seeds: Tensor,
        config: TrainingConfig,
        *,
        description: str = "training",
        callback: Callback | None = None,
        habits: Sequence[Habit] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.module, self.seeds, self.config = module, seeds, config
        self.epoch, self.history = 0, list[float]()
        self._loss, self._description, self._callback = loss, description, callback
        self._habits, self._checkpoint = habits, checkpoint
        self._step, self._stopped = 0, False
        self._optimiser = torch.optim.AdamW(
            module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )

    def run(self) -> list[float]:
        """Train to the end, from the checkpoint if there is one; return the history.

        Warns
        -----
        PsqeWarning
            If there is one and a callback: of the steps before it the watch hears nothing.
        """
        if self._checkpoint is not None:
            kept = self._checkpoint.load()
            if kept is not None:
                self._restore(kept)
                if self._callback is not None:
                    warnings.warn(self._unheard, PsqeWarning, stacklevel=2)
        self.module.train()
        bar = tqdm(
            total=self.config.n_epochs, initial=self.epoch, desc=self._description, disable=None, leave=False
        )
        with bar:
            while not self._done:
                self.history.append(self._pass())
                self.epoch += 1
                for habit in self._habits:
                    habit.after_epoch(self)
                bar.update()
                bar.set_postfix(loss=f"{self.history[-1]:.4g}", seeds=len(self.seeds), refresh=False)
                if self._checkpoint is not None:
                    self._checkpoint.save(self._state, now=self._done)
        self.module.eval()
        return self.history

    def replace_seeds(self, seeds: Tensor) -> None:
        """Train on other seeds ``(n, 2)`` from the next epoch on. The optimiser keeps its averages."""
        self.seeds = seeds

    def stop(self) -> None:
        """Make this epoch the last."""
        self._stopped = True

    @property
    def _done(self) -> bool:
        """Whether there is no epoch to come."""
        return self._stopped or self.epoch == self.config.n_epochs

    @property
    def _unheard(self) -> str:
        """What a watch is not told of a training that goes on."""
        heard = "of no step, for it is done" if self._done else f"from step {self._step} on"
        return (
            f"{self._description}: the training goes on from its checkpoint after epoch {self.epoch}; "
            f"the callback hears {heard}"
        )

    def _pass(self) -> float:
        """One epoch; the mean loss."""
        config, total = self.config, 0.0
        n = len(self.seeds)
        order = torch.randperm(n) if config.shuffle else torch.arange(n)
        batches = order.to(self.seeds.device).tensor_split(config.n_batches(n))
        self._optimiser.zero_grad(set_to_none=True)
        for i, batch in enumerate(batches):
            if self._callback is not None:
                self._callback.begins(self._step)
            self._step += 1
            value = self._loss(self.seeds[batch])
            value.backward()  # type: ignore[no-untyped-call]
            total += float(value.detach()) * len(batch)
            if not config.accumulate:
                self._descend((self.epoch + (i + 0.5) / len(batches)) / config.n_epochs)
        if config.accumulate:
            self._descend((self.epoch + 0.5) / config.n_epochs)
        return total / n

    def _descend(self, done: float) -> None:
        """One step of the optimiser, in whose middle the share ``done`` of the training is behind.

        The middle, because at the end of the last step a rate that falls to zero is zero.
        """
        if self.config.clip is not None:
            nn.utils.clip_grad_norm_(self.module.parameters(), self.config.clip)
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.rate(done)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def _state(self) -> dict[str, Any]:
        device = self.seeds.device
        return {
            "epoch": self.epoch,
            "step": self._step,
            "stopped": self._stopped,
            "history": self.history,
            "seeds": self.seeds,
            "module": self.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": torch.get_rng_state(),
            "device_generator": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "habits": [habit.state() for habit in self._habits],
        }

    def _restore(self, state: dict[str, Any]) -> None:
        device = self.seeds.device
        self.epoch, self._step, self._stopped = state["epoch"], state["step"], state["stopped"]
        self.history = state["history"]
        self.seeds = state["seeds"].to(device)
        self.module.load_state_dict(state["module"])
        self._optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["generator"])
        if state["device_generator"] is not None:
            torch.cuda.set_rng_state(state["device_generator"], device)
        for habit, kept in zip(self._habits, state["habits"], strict=True):
            habit.restore(kept)
