"""Signals that ask the process to end, as exceptions, so that nothing half-written stays behind."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU") if hasattr(signal, name)
)
"""Ctrl-C, and the signals of job schedulers, of a closed terminal, and of a limit of computing time."""


class Stopped(BaseException):
    """The process was asked to end by a signal. As for Ctrl-C, no ``except Exception`` catches it.

    Parameters
    ----------
    number
        The number of the signal; that of Ctrl-C by default.

    Examples
    --------
    >>> str(Stopped(signal.SIGTERM)), Stopped(signal.SIGTERM).exit_code
    ('stopped by SIGTERM', 143)
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        self.number = number
        name = signal.Signals(number).name
        super().__init__("interrupted" if number == signal.SIGINT else f"stopped by {name}")

    @property
    def exit_code(self) -> int:
        """The exit code by which shells name a signal: 128 and its number."""
        return 128 + self.number


def stop(number: int, frame: object) -> None:
    """Handle a signal by an exception: :class:`KeyboardInterrupt` for Ctrl-C, :class:`Stopped` for others."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Stopped(number)


def is_plain(handler: object) -> bool:
    """Return whether a handler of a signal only ends what runs, so that a block may put it off."""
    return handler in (signal.default_int_handler, signal.SIG_DFL, stop)


@contextmanager
def stopping_signals(*, active: bool = True) -> Iterator[None]:
    """Let the signals that ask a process to end raise exceptions inside the ``with`` block.

    After the block, the process is about to end, and each of them ends it at once and silently. A signal
    that the process was started to ignore, as by ``nohup``, stays ignored.

    Parameters
    ----------
    active
        Whether to do anything; ``True`` by default.
    """
    if not active or threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [number for number in STOPPING if is_plain(signal.getsignal(number))]
    before, sys.unraisablehook = sys.unraisablehook, _deliver_later
    try:
        for number in handled:
            signal.signal(number, stop)
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
        sys.unraisablehook = before


def _deliver_later(lost: Any) -> None:
    """Send a signal again that arrived where Python drops exceptions, such as in a callback of an import."""
    error = lost.exc_value
    if not isinstance(error, KeyboardInterrupt | Stopped):
        sys.__unraisablehook__(lost)
        return
    number = error.number if isinstance(error, Stopped) else signal.SIGINT
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    again = threading.Timer(0.05, signal.pthread_kill, (main_thread, number))
    again.daemon = True
    again.start()
