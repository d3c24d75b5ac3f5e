"""Processes that end with the process that started them, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import wait

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def end_with_parent(parent: int) -> None:
    """Let the system kill this process as soon as its parent ends, which Linux can do and others cannot.

    Parameters
    ----------
    parent
        The number of the process that started this one. If it has ended already, this process ends now.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def stop_with_starter(patience: float = 1.0) -> None:
    """Let this process of :mod:`multiprocessing` stop as soon as the process that started it ends.

    The process that called ``Process.start`` is watched. It is not the parent where a fork server makes the
    processes: then the server is the parent. This process gets the signal SIGTERM, so that it can tidy up.

    Parameters
    ----------
    patience
        Seconds after which this process is killed if it has not ended by then; 1 by default.
    """
    starter = parent_process()
    assert starter is not None, "this process was not started by multiprocessing"
    sentinel = starter.sentinel

    def watch() -> None:
        wait([sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
