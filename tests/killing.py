"""Commands in processes of their own that are killed at a moment, for tests of what is left then.

The processes are forked from one that has loaded the libraries already, so that a run takes what its work
takes. A process that is killed while libraries are loaded has not written anything.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["killing", "psqe.cli.align", "psqe.cli.seeds", "psqe.links.report", "psqe.study.run"]
)

CHANGES = {
    "os.rename": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.chmod": 0,
    "os.link": 1,
    "os.truncate": 0,
}
"""The events of Python that change what is on the disk, and which of their arguments is the path."""


@dataclass(frozen=True)
class Command:
    """A command of ``psqe`` in a folder.

    Attributes
    ----------
    arguments
        The arguments of the command.
    folder
        The working directory; paths in the arguments are relative to it.
    setup
        A function of a test module, which is called in the process before the command.
    environment
        Further variables of the environment.
    teardown
        A function of a test module, which is called in the process after the command, if it ends by itself.
    """

    arguments: tuple[str, ...]
    folder: Path
    setup: Callable[[], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    teardown: Callable[[], None] | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code
        Its exit code; the negative number of the signal that killed it.
    seconds
        How long it lived.
    told
        What it wrote to standard error.
    """

    code: int
    seconds: float
    told: str


def run(
    command: Command,
    *,
    number: int = signal.SIGKILL,
    after: float | None = None,
    at_change: int | None = None,
) -> Ended:
    """Run a command, and send it a signal at a moment, if it has not ended by then.

    Parameters
    ----------
    command
        The command.
    number
        The signal.
    after
        Seconds after its beginning.
    at_change
        The number, from 0, of the change of a file before which the process kills itself.
    """
    log = command.folder.parent / f"{command.folder.name}.log"
    process = CONTEXT.Process(target=_work, args=(command, log, at_change))
    begun = time.monotonic()
    process.start()
    process.join(after)
    if process.is_alive():
        assert process.pid is not None
        os.kill(process.pid, number)
    process.join(120)
    assert process.exitcode is not None, f"{command.arguments} goes on after a signal"
    return Ended(process.exitcode, time.monotonic() - begun, log.read_text() if log.exists() else "")


def n_changes(command: Command) -> int:
    """The number of changes of files that the last run of a command has made, which it counts at its end."""
    return int((command.folder.parent / f"{command.folder.name}.changes").read_text())


def _work(command: Command, log: Path, at_change: int | None) -> None:
    """Run the command in this process, as if it had been started from a shell."""
    multiprocessing.set_start_method(None, force=True)
    command.folder.mkdir(exist_ok=True)
    os.chdir(command.folder)
    os.environ.update(command.environment)
    with log.open("w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["psqe", *command.arguments]
    from psqe.cli.main import main

    if command.setup is not None:
        command.setup()
    changes = _Changes(command.folder, at_change)
    sys.addaudithook(changes)
    code = main()
    changes.active = False
    if command.teardown is not None:
        command.teardown()
    (command.folder.parent / f"{command.folder.name}.changes").write_text(str(changes.n))
    os._exit(code)


class _Changes:
    """Counts the changes of files below a folder, and kills the process before one of them."""

    def __init__(self, folder: Path, last: int | None) -> None:
        self.folder, self.last, self.n, self.active = str(folder), last, 0, True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "open":
            path, flags = arguments[0], arguments[2]
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event in CHANGES:
            path = arguments[CHANGES[event]]
        else:
            return
        if isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(self.folder):  # noqa: PTH100
            if self.n == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
            self.n += 1
