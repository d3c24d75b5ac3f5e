"""Interrupting a training between two epochs, where its state can be kept."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType

from psqe.signals import STOPPING, is_plain

_SAID = (
    b"\npsqe: the training stops after this epoch, so that its state can be saved; a second signal stops it "
    b"at once\n"
)
"""What a signal prints, in bytes, since no stream may be used while Python handles a signal."""


class DeferredInterrupt:
    """A block in which Ctrl-C and the like are remembered instead of ending the process at once.

    The signals are those of :data:`psqe.signals.STOPPING`. The block asks :attr:`requested` where it can
    stop, and calls :meth:`deliver` there; a signal that arrives later is delivered at its end. A second
    signal acts at once. Nothing is deferred outside the main thread of Python, which alone receives signals,
    or where a program handles the signals in its own way.

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
            for number in STOPPING:
                if is_plain(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if kind is None:
            self.deliver()

    def deliver(self) -> None:
        """Let the signal that was remembered do what it would have done when it arrived; nothing without one.

        Raises
        ------
        KeyboardInterrupt
            If the signal is that of Ctrl-C. Any other one is sent to this process again.
        """
        if self.requested is not None:
            number, self.requested = self.requested, None
            self._restore()
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            os.kill(os.getpid(), number)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.requested = number
        with suppress(OSError):  # standard error may be closed
            os.write(2, _SAID)
        self._restore()

    def _restore(self) -> None:
        """Give the signals back to whatever handled them before."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned
