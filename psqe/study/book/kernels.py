"""Kernels: the processes that notebooks run in. One that dies before it can be used is started again."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.util import run_sync
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from psqe.errors import PsqeError
from psqe.study.book.forked_kernel import ForkProvisioner

ATTEMPTS = 3
"""How often a kernel is started that dies before it can be used."""

START_TIMEOUT = 120.0
"""Seconds within which a kernel must answer; on a busy machine its imports take many."""

COMMAND = (sys.executable, "-P", "-m", "psqe.study.book.kernel_process")
"""The command that starts a kernel, without the name of its connection file."""

LOADED = "psqe.study.book.loaded"
"""The module with what most notebooks import. The kernel of a job that has loaded it is a copy."""

LONGEST_SOCKET = 100
"""Number of characters that the path of a socket may have: 103 on macOS, 107 on Linux."""

# One thread per kernel: sums then add up in one order, so that results do not depend on the number of
# cores, and notebooks run side by side without getting in each other's way.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""The variables that every kernel has. An interpreter or a library reads some of them when it is loaded."""

_SILENT = logging.getLogger("psqe.kernels")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class KernelError(PsqeError):
    """A kernel did not start. Unlike a failing cell, this is no fault of the notebook."""


class _Manager(AsyncKernelManager):
    """Starts kernels of this interpreter, whatever kernels the user has installed for Jupyter."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command of the kernel, with the place where the name of its connection file goes."""
        # Matplotlib asks for the kernel's shell when it is loaded, and a copy has loaded it before.
        command = ("--matplotlib=inline",) if _is_loaded_copy() else COMMAND
        return KernelSpec(
            argv=[*command, "-f", "{connection_file}"], display_name="Python 3", language="python"
        )


class PsqeEngine(Engine):  # type: ignore[misc]
    """Executes the cells of a notebook in a kernel that is started again if it dies before the first of them.

    Papermill saves the notebook after every cell.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, folder: Path, **options: Any
    ) -> NotebookNode:
        """Execute all cells, up to the first one that fails, with ``folder`` as the working directory."""
        client = PapermillNotebookClient(
            nb_man, kernel_name=kernel_name, timeout=None, startup_timeout=START_TIMEOUT, log=_SILENT
        )
        with tempfile.TemporaryDirectory(prefix="psqe-") as scratch, _kernel(client, Path(scratch), folder):
            client.execute(cleanup_kc=False)  # the kernel is ended with the block
        executed: NotebookNode = client.nb
        return executed


papermill_engines.register("psqe", PsqeEngine)


@contextmanager
def _kernel(client: PapermillNotebookClient, scratch: Path, folder: Path) -> Iterator[None]:
    """Start the kernel of a client; end it, and whatever it started, with the block."""
    try:
        _start(client, scratch, folder)
        yield
        _end(client, now=False)  # it may have files to close
    except BaseException:
        _end(client, now=True)
        raise


def _start(client: PapermillNotebookClient, scratch: Path, folder: Path) -> None:
    """Start a kernel and wait until it answers, several times if it dies.

    Raises
    ------
    KernelError
        If it died each time.
    """
    # Sockets in a folder of our own, and not ports, which another process may take first.
    if len(f"{scratch}/{ATTEMPTS}-ipc-9") > LONGEST_SOCKET:
        raise KernelError(
            "the folder of temporary files has too long a path for the sockets of a kernel",
            path=scratch.parent,
            remedy="set TMPDIR to a folder with a shorter path",
        )
    log, reason = scratch / "kernel.log", ""
    # The user's own IPython profile is left out: its start-up files could change results, and its history
    # file is locked when two kernels start at once.
    environment = {**os.environ, **ENVIRONMENT, "IPYTHONDIR": str(scratch / "ipython")}
    for attempt in range(1, ATTEMPTS + 1):
        client.km = _manager(scratch / f"{attempt}.json")
        try:
            with log.open("wb") as out:
                client.start_new_kernel(env=environment, cwd=str(folder), stdout=out, stderr=out)
            client.start_new_kernel_client()
        except RuntimeError as error:  # it died, or did not answer
            _end(client, now=True)
            reason = _last_line(log) or str(error)
        else:
            return
    raise KernelError(
        f"the notebook's kernel did not start in {ATTEMPTS} attempts ({reason})",
        remedy="look whether memory or room for temporary files ran out, and run the notebook again",
    )


def _manager(connection_file: Path) -> AsyncKernelManager:
    """The manager of a new kernel: a copy of this process where it has loaded what notebooks need."""
    manager = _Manager(transport="ipc", connection_file=str(connection_file), log=_SILENT)
    if _is_loaded_copy():
        manager.provisioner = ForkProvisioner(
            kernel_id=connection_file.stem,
            kernel_spec=manager.kernel_spec,
            parent=manager,
        )
        manager.kernel_id = connection_file.stem
    return manager


def _is_loaded_copy() -> bool:
    """Whether this process is a copy of the server of the jobs, with what most notebooks import."""
    return LOADED in sys.modules and multiprocessing.parent_process() is not None


def _end(client: PapermillNotebookClient, *, now: bool) -> None:
    """End the kernel of a client, politely or ``now``."""

    async def end() -> None:
        if now:
            await _cancel_others()
        kernel, channels = client.km, client.kc
        client.km = client.kc = None
        if channels is not None:
            channels.stop_channels()
        if kernel is not None:
            if await kernel.is_alive():
                await kernel.shutdown_kernel(now=now)
            await kernel.cleanup_resources()

    run_sync(end)()


async def _cancel_others() -> None:
    """Cancel what still waits for the kernel after an interruption, and would complain when it dies."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        done, _ = await asyncio.wait(others, timeout=1)
        for task in done:
            if not task.cancelled():
                task.exception()  # nobody else would look at it


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
