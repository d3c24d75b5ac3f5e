"""A kernel that is a copy of the process that asks for it, with everything that this process has loaded."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing import resource_tracker
from typing import Any, NoReturn, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from psqe.study.book.kernel_process import main

HIGHEST_DESCRIPTOR = 65_536
"""The number below which the files are that a copy closes, because it has them from the process before."""


class ForkedKernel:
    """A running copy of this process that has become a kernel; it has what Jupyter uses of a ``Popen``.

    Parameters
    ----------
    arguments
        The arguments of ipykernel.
    env
        The whole environment of the kernel. What was read from the environment while modules were loaded
        stays as it is.
    cwd
        The working directory of the kernel.
    output
        The number of the open file that standard output and standard error go to.
    """

    stdin = stdout = stderr = None

    def __init__(self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: str, output: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.returncode: int | None = None
        env = {**env, "JPY_PARENT_PID": str(os.getpid())}
        self.pid = os.fork()
        if not self.pid:
            _become_kernel(arguments, env, cwd, output)

    def poll(self) -> int | None:
        """Return the exit code of the kernel; ``None`` while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """Wait for the end of the kernel and return its exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the kernel if it runs."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end if it runs."""
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel as a copy of this process, where Jupyter would start a command."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel.

        Parameters
        ----------
        cmd
            The arguments of ipykernel.
        **kwargs
            ``env``, ``cwd`` and ``stdout``, as ``Popen`` takes them; standard error goes where standard
            output does.
        """
        kernel = ForkedKernel(cmd, env=kwargs["env"], cwd=kwargs["cwd"], output=kwargs["stdout"].fileno())
        self.process = cast("subprocess.Popen[Any]", kernel)
        self.pid = self.pgid = kernel.pid  # the kernel leads a group of its own
        self.cwd = kwargs["cwd"]
        return self.connection_info


def _become_kernel(arguments: Sequence[str], env: Mapping[str, str], cwd: str, output: int) -> NoReturn:
    """Make a kernel of this process, which was copied a moment ago, and end the process with it."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, source in enumerate((nothing, output, output)):
            os.dup2(source, number)
        os.closerange(3, HIGHEST_DESCRIPTOR)
        _forget_tracker()
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        asyncio.set_event_loop_policy(None)
        sys.argv = ["ipykernel", *arguments]
        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _forget_tracker() -> None:
    """Let multiprocessing start a tracker of resources of its own, since that of the process before is gone.

    It would warn of that on a page. What the kernel leaves to the tracker is told in the kernel's log.
    """
    tracker = cast("Any", resource_tracker)._resource_tracker
    tracker._fd = tracker._pid = None
