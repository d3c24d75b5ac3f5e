"""Interrupting a training between two epochs, where its state can be kept."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType

from psqe.signals import is_plain

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""The signals that ask a process to end: Ctrl-C, and the one that job schedulers send."""


class DeferredInterrupt:
    """A block in which Ctrl-C and SIGTERM are remembered instead of ending the process at once.

    The block asks :attr:`requested` where it can stop, and calls :meth:`deliver` there. A second signal acts
    at once. Nothing is deferred outside the main thread of Python, which alone receives signals, or where a
    program handles the signals in its own way.

    Parameters
    ----------
    active
        Whether to defer signals at all; ``True`` by default.

    Attributes
    ----------
    requested
        Number of the signal that arrived; ``None`` if none did.

    Examples
    --------
    >>> with DeferredInterrupt() as interrupt:
    ...     interrupt.requested is None  # after Ctrl-C it is signal.SIGINT
    True
    """

    def __init__(self, *, active: bool = True) -> None:
        self._active = active
        self.requested: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> DeferredInterrupt:
        if self._active and threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if is_plain(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def deliver(self) -> None:
        """Let the signal that was remembered do what it would have done when it arrived."""
        if self.requested is not None:
            number, self.requested = self.requested, None
            self._restore()
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            os.kill(os.getpid(), number)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.requested = number
        os.write(2, b"\npsqe: the training stops after this epoch and keeps its state; once more: at once\n")
        self._restore()

    def _restore(self) -> None:
        """Give the signals back to whatever handled them before."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned
