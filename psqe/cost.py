"""The cost of a run: wall-clock seconds and peak memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Cost:
    """Cost of a block of code, filled in when it ends.

    Attributes
    ----------
    seconds
        Wall-clock seconds.
    peak_mb
        Largest resident memory of the process so far, in MiB: the memory that the machine must have, and
        not the memory that the block added.
    """

    seconds: float = 0.0
    peak_mb: float = 0.0


def peak_memory_mb() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    return _peak_mb(resource.RUSAGE_SELF)


def peak_memory_of_children_mb() -> float:
    """Return the largest resident memory of any process that this one has started and that has ended, in MiB.

    It is 0 if there was none.

    Examples
    --------
    >>> import subprocess
    >>> done = subprocess.run([sys.executable, "-c", "pass"], check=True)
    >>> peak_memory_of_children_mb() > 1
    True
    """
    return _peak_mb(resource.RUSAGE_CHILDREN)


def _peak_mb(whose: int) -> float:
    peak = resource.getrusage(whose).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure seconds and peak memory of the block of a ``with`` statement.

    Yields
    ------
    Cost
        The cost, which is filled in when the block ends.

    Examples
    --------
    >>> with measured() as cost:
    ...     total = sum(range(1000))
    >>> cost.seconds > 0 and cost.peak_mb > 0
    True
    """
    cost = Cost()
    start = time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        cost.peak_mb = peak_memory_mb()
