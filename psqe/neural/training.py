"""The one training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from tqdm import tqdm

from psqe.errors import ParameterError
from psqe.neural.watch import Watch


@contextmanager
def seeded(random_state: int) -> Iterator[None]:
    """Seed torch inside the block and give its generator back unchanged after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_state)
        yield


def check_device(name: str) -> None:
    """Raise :class:`ParameterError` unless torch can compute on the device ``name``."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ParameterError(f"there is no device {name!r} ({reason})", remedy="use cpu") from error


def train(
    module: nn.Module,
    loss: Callable[[Tensor], Tensor],
    pairs: Tensor,
    *,
    n_epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float = 0.0,
    shuffle: bool = True,
    accumulate: bool = False,
    description: str = "training",
    watch: Watch | None = None,
) -> list[float]:
    """Minimise ``loss`` over batches of ``pairs`` with AdamW (Loshchilov & Hutter 2019).

    Batches are of equal size up to one, so that no seed is ever alone in a batch without negatives.

    Parameters
    ----------
    module
        What holds the parameters.
    loss
        From a batch of pairs ``(B, 2)`` to a scalar.
    pairs
        Seeds ``(n, 2)``, at least two.
    n_epochs, batch_size, learning_rate, weight_decay
        The usual.
    shuffle
        Whether seeds are shuffled before every epoch; else batches follow their order.
    accumulate
        Whether the gradients of all batches are added up for one step an epoch, instead of a step each.
    description
        Label of the progress bar, which shows on a terminal only.
    watch
        Told of every batch before it is computed.

    Returns
    -------
    The mean loss of each epoch.
    """
    optimiser = torch.optim.AdamW(module.parameters(), lr=learning_rate, weight_decay=weight_decay)
    # As few as the batch size allows, but never so many that one would hold a single seed.
    n_batches = min(-(-len(pairs) // batch_size), len(pairs) // 2)
    history = []
    step = 0
    module.train()
    for _ in tqdm(range(n_epochs), description, disable=None, leave=False):
        total = 0.0
        order = torch.randperm(len(pairs)) if shuffle else torch.arange(len(pairs))
        optimiser.zero_grad(set_to_none=True)
        for batch in order.to(pairs.device).tensor_split(n_batches):
            if watch is not None:
                watch.begins(step)
            step += 1
            value = loss(pairs[batch])
            value.backward()  # type: ignore[no-untyped-call]
            total += float(value.detach()) * len(batch)
            if not accumulate:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
        if accumulate:
            optimiser.step()
        history.append(total / len(pairs))
    module.eval()
    return history
