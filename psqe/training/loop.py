"""The training loop: AdamW over batches of seeds, with callbacks and a checkpoint."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from psqe.errors import ParameterError, PsqeWarning
from psqe.training.callback import Callback
from psqe.training.checkpoint import Checkpoint
from psqe.training.interrupt import DeferredInterrupt

Schedule = Literal["constant", "cosine"]


@contextmanager
def seeded(random_state: int, device: str = "cpu") -> Iterator[None]:
    """Seed torch's random generators inside a ``with`` block and restore them after it.

    Parameters
    ----------
    random_state
        The seed.
    device
        ``cpu`` (the default) or a GPU, whose generator is then seeded and restored too.
    """
    with torch.random.fork_rng(devices=[] if torch.device(device).type == "cpu" else [device]):
        torch.manual_seed(random_state)
        yield


def check_device(name: str) -> None:
    """Check that torch can compute on a device.

    Parameters
    ----------
    name
        ``cpu``, ``cuda`` or ``cuda:1`` and the like.

    Raises
    ------
    ParameterError
        If the name is that of no CPU or GPU, or the device is not there.
    """
    if str(name).split(":")[0] not in ("cpu", "cuda"):
        raise ParameterError(f"device is {name!r}", remedy="choose cpu or cuda")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ParameterError(f"there is no device {name!r} ({reason})", remedy="use cpu") from error


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of a training with AdamW (Loshchilov and Hutter 2019) over batches of seeds.

    The learning rate is computed here and not by ``torch.optim.lr_scheduler``: it is a function of the share
    of the training that is over in the middle of a step (or at its start, see ``rate_at``), which those
    schedulers, counting finished steps, do not know where an epoch's number of batches changes with its
    seeds.

    Parameters
    ----------
    n_epochs
        Number of passes over the seeds.
    batch_size
        Largest number of seeds in a batch.
    learning_rate
        Learning rate of AdamW.
    weight_decay
        Weight decay of AdamW; 0 by default.
    schedule
        ``"constant"`` (the default), or ``"cosine"``: the learning rate falls to zero along half a cosine.
    warmup
        Share of the training in [0, 1) during which the learning rate rises from zero; 0 by default.
    clip
        Largest Euclidean norm of the gradient; ``None`` (the default) for no limit.
    shuffle
        Whether seeds are shuffled before every epoch (the default); otherwise batches follow their order.
    accumulate
        Whether the gradients of all batches of an epoch are added up for one step of the optimiser; by
        default every batch makes a step.
    even
        Whether the sizes of an epoch's batches differ by one at most (the default), so that no seed is ever
        alone in a batch without negatives. Otherwise all batches but the last one have ``batch_size`` seeds.
    rate_at
        Where in a step its learning rate is computed: in the ``"middle"`` (the default), or at the
        ``"start"``, as the schedulers of public codes do, whose first step with a warmup has rate zero. They
        also round the number of steps of the warmup down.

    Examples
    --------
    >>> config = TrainingConfig(n_epochs=10, batch_size=4, learning_rate=0.1, schedule="cosine")
    >>> config.n_batches(10), round(config.rate(0.5), 6)
    (3, 0.05)
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
    even: bool = True
    rate_at: Literal["middle", "start"] = "middle"

    def n_batches(self, n_seeds: int) -> int:
        """Return how many batches an epoch of ``n_seeds`` seeds has.

        They are as few as the batch size allows, but, if they are even, never so many that one would hold a
        single seed.
        """
        if not self.even:
            return -(-n_seeds // self.batch_size)
        return min(-(-n_seeds // self.batch_size), n_seeds // 2)

    def rate(self, done: float, *, n_steps: int | None = None) -> float:
        """Return the learning rate at a point of the training.

        Parameters
        ----------
        done
            The share of the training that is over, in [0, 1].
        n_steps
            The number of steps of the training, if the warmup is a whole number of them, rounded down; by
            default it is not rounded.
        """
        warmup = self.warmup if n_steps is None else int(n_steps * self.warmup) / n_steps
        if done < warmup:
            return self.learning_rate * done / warmup
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2


@dataclass(frozen=True)
class Restart:
    """A point between two epochs from which on a new optimiser follows the schedule from its beginning.

    Attributes
    ----------
    epoch
        Number of finished epochs at this point; 0 for the beginning of the training.
    factor
        Factor of the learning rate from this point on.
    n_epochs
        Number of epochs that the schedule of the learning rate is stretched over from this point on.
    """

    epoch: int
    factor: float
    n_epochs: int


class Training:
    """A training that minimises a loss over batches of seeds.

    Parameters
    ----------
    module
        The network whose parameters are trained.
    loss
        A function from a batch of seeds ``(B, 2)`` to a scalar tensor.
    seeds
        Integer tensor ``(n, 2)`` with ``n >= 2``: left and right entities.
    config
        Number of epochs, size of batches, learning rate and the like.
    description
        Label of the progress bar, which is shown on a terminal only; ``"training"`` by default.
    callbacks
        Callbacks, called in this order; none by default.
    checkpoint
        File that keeps the state between epochs and from which an interrupted training is resumed; no such
        file by default.

    Attributes
    ----------
    epoch
        Number of finished epochs.
    history
        Mean loss of each finished epoch.
    seeds
        The seeds that the next epoch trains on ``(n, 2)``.

    Examples
    --------
    >>> import torch
    >>> line = torch.nn.Linear(2, 1, bias=False)
    >>> config = TrainingConfig(n_epochs=3, batch_size=2, learning_rate=0.1)
    >>> def loss(batch):
    ...     return line(batch.float()).square().mean()
    >>> len(Training(line, loss, torch.tensor([[0, 0], [1, 1], [2, 3]]), config).run())
    3
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Callable[[Tensor], Tensor],
        seeds: Tensor,
        config: TrainingConfig,
        *,
        description: str = "training",
        callbacks: Sequence[Callback] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.module, self.seeds, self.config = module, seeds, config
        self.epoch, self.history = 0, list[float]()
        self._loss, self._description = loss, description
        self._callbacks, self._checkpoint = callbacks, checkpoint
        self._step, self._stopped = 0, False
        self._restart = Restart(0, 1.0, config.n_epochs)
        self._optimiser = self._new_optimiser()

    def _new_optimiser(self) -> torch.optim.Optimizer:
        """Make an optimiser without running means."""
        return torch.optim.AdamW(
            self.module.parameters(), lr=self.config.learning_rate, weight_decay=self.config.weight_decay
        )

    def run(self) -> list[float]:
        """Train to the end, from the checkpoint if its file exists, and return the history.

        With a checkpoint, Ctrl-C, SIGTERM and the other signals of :data:`psqe.signals.STOPPING` stop the
        training after the current epoch, whose state is kept; a second one stops it at once. A checkpoint
        that cannot be written ends no training.

        Returns
        -------
        The mean loss of each epoch.

        Raises
        ------
        DataError
            If the checkpoint is not that of this training (:meth:`psqe.training.checkpoint.Checkpoint.load`).

        Warns
        -----
        PsqeWarning
            If the training is resumed and a callback has no state in the checkpoint. Such a callback is not
            called for the steps before the checkpoint; the message says from which step on it is called. Also
            if the checkpoint cannot be written during the training.
        """
        state = None if self._checkpoint is None else self._checkpoint.load()
        if state is not None and not self._restore(state):
            steps = "no step, for the training is done" if self._done else f"the steps from {self._step} on"
            warnings.warn(
                f"{self._description}: the training goes on from its checkpoint after epoch {self.epoch}; "
                f"the callback observes {steps}",
                PsqeWarning,
                stacklevel=2,
            )
        self.module.train()
        bar = tqdm(
            total=self.config.n_epochs, initial=self.epoch, desc=self._description, disable=None, leave=False
        )
        with bar, DeferredInterrupt(active=self._checkpoint is not None) as interrupt:
            while not self._done:
                self.history.append(self._pass())
                self.epoch += 1
                for callback in self._callbacks:
                    callback.epoch_ends(self)
                bar.update()
                bar.set_postfix(loss=f"{self.history[-1]:.4g}", seeds=len(self.seeds), refresh=False)
                if self._checkpoint is not None:
                    now = self._done or interrupt.requested is not None
                    self._checkpoint.save(self._state, now=now)
                interrupt.deliver()
        self.module.eval()
        return self.history

    def replace_seeds(self, seeds: Tensor) -> None:
        """Train on other seeds ``(n, 2)`` from the next epoch on; the optimiser keeps its running means."""
        self.seeds = seeds

    def restart(self, *, factor: float, n_epochs: int) -> None:
        """Go on with a new optimiser, whose running means are empty, from the beginning of the schedule.

        Parameters
        ----------
        factor
            Factor of the learning rate of the configuration from now on.
        n_epochs
            Number of epochs that the schedule of the learning rate is stretched over from now on. The
            training ends when its configuration says, however far the schedule is.
        """
        self._restart = Restart(self.epoch, factor, n_epochs)
        self._optimiser = self._new_optimiser()

    def stop(self) -> None:
        """Make this epoch the last."""
        self._stopped = True

    @property
    def _done(self) -> bool:
        """Whether the last epoch is over."""
        return self._stopped or self.epoch == self.config.n_epochs

    def _pass(self) -> float:
        """Train for one epoch and return the mean loss over its seeds."""
        config, total = self.config, 0.0
        n = len(self.seeds)
        order = torch.randperm(n) if config.shuffle else torch.arange(n)
        order = order.to(self.seeds.device)
        batches = (
            order.tensor_split(config.n_batches(n)) if config.even else torch.split(order, config.batch_size)
        )
        self._optimiser.zero_grad(set_to_none=True)
        for i, batch in enumerate(batches):
            for callback in self._callbacks:
                callback.batch_begins(self._step)
            self._step += 1
            value = self._loss(self.seeds[batch])
            value.backward()  # type: ignore[no-untyped-call]
            total += float(value.detach()) * len(batch)
            if not config.accumulate:
                self._descend(i, len(batches))
        if config.accumulate:
            self._descend(0, 1)
        return total / n

    def _descend(self, step: int, n_steps: int) -> None:
        """Take step number ``step`` from 0 of an epoch of ``n_steps`` steps of the optimiser.

        Its learning rate is that in the middle of the step, as a rule, because a rate that falls to zero is
        zero at the end of the last step.
        """
        config, since = self.config, self._restart
        if config.clip is not None:
            nn.utils.clip_grad_norm_(self.module.parameters(), config.clip)
        if config.rate_at == "middle":
            rate = config.rate((self.epoch - since.epoch + (step + 0.5) / n_steps) / since.n_epochs)
        else:
            done = (self.epoch - since.epoch + step / n_steps) / since.n_epochs
            rate = config.rate(min(done, 1.0), n_steps=n_steps * since.n_epochs)
        for group in self._optimiser.param_groups:
            group["lr"] = since.factor * rate
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def _state(self) -> dict[str, Any]:
        """Return all that a resumed training needs: tensors and plain values, by name."""
        device = self.seeds.device
        return {
            "epoch": self.epoch,
            "step": self._step,
            "stopped": self._stopped,
            "restart": astuple(self._restart),
            "history": self.history,
            "seeds": self.seeds,
            "module": self.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": torch.get_rng_state(),
            "device_generator": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "callbacks": {
                type(callback).__name__: kept for callback in self._callbacks if (kept := callback.state())
            },
        }

    def _restore(self, state: dict[str, Any]) -> bool:
        """Go on from ``state``; return whether the state of every callback was in it."""
        device = self.seeds.device
        self.epoch, self._step, self._stopped = state["epoch"], state["step"], state["stopped"]
        self.history, self._restart = state["history"], Restart(*state["restart"])
        self.seeds = state["seeds"].to(device)
        self.module.load_state_dict(state["module"])
        self._optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["generator"])
        if state["device_generator"] is not None:
            torch.cuda.set_rng_state(state["device_generator"], device)
        by_name = {type(callback).__name__: callback for callback in self._callbacks}
        for name, kept in state["callbacks"].items():
            by_name[name].restore(kept)
        return set(by_name) <= set(state["callbacks"])
