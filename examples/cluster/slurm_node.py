"""Run a command inside a Slurm cluster of one node, this machine, which ends with the command.

``python examples/cluster/slurm_node.py -- sinfo`` starts munged, slurmctld and slurmd of Debian's packages,
with their files in a temporary folder and on ports that are free, waits until the node is idle, runs the
command, and ends what it has started, whatever happens. The exit code is that of the command. ``--install``
installs the packages first, by apt-get. It needs to be root.

It is there to try what runs on Slurm, and is no way to set up a cluster: nothing is accounted for, and a job
may take more than it was given.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
"""The packages of Debian and Ubuntu that are needed."""

CONFIGURATION = """\
ClusterName=one-node
SlurmctldHost={host}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# Processes are followed by the list of processes, and not by control groups, which a container has none of.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# squeue tells of a job that has ended for so many seconds.
MinJobAge=600
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
"""The file slurm.conf."""


class SlurmError(Exception):
    """Slurm cannot be started; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start Slurm, run the command, end Slurm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--install", action="store_true", help=f"install {', '.join(PACKAGES)}")
    parser.add_argument("--cpus", type=int, default=os.cpu_count(), help="of the node; those of the machine")
    parser.add_argument(
        "--memory", type=int, default=_memory(), help="of the node, in MiB; nine tenths of it"
    )
    parser.add_argument("command", nargs="+", help="after --")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        if given.install:
            subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES], check=True)
        with slurm_node(given.cpus, given.memory) as environment:
            return subprocess.run(given.command, env=environment).returncode
    except (SlurmError, subprocess.CalledProcessError) as error:
        print(f"slurm_node.py: {error}", file=sys.stderr)
        return 2


@contextmanager
def slurm_node(cpus: int, memory: int) -> Iterator[dict[str, str]]:
    """Have a Slurm cluster of one node while a ``with`` block runs.

    Parameters
    ----------
    cpus
        The number of processors that jobs can have.
    memory
        The memory that jobs can have, in MiB.

    Yields
    ------
    dict
        The environment in which Slurm's commands reach the cluster.

    Raises
    ------
    SlurmError
        If a package is missing, the user is not root, or the node is not idle after half a minute.
    """
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sinfo") if shutil.which(name) is None]
    if missing:
        raise SlurmError(
            f"{', '.join(missing)} cannot be found; install {' '.join(PACKAGES)}, or give --install"
        )
    if os.geteuid() != 0:
        raise SlurmError("Slurm's daemons need to be started by root; use sudo")
    host = socket.gethostname().partition(".")[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-node-")))
        for name in ("state", "spool"):
            (folder / name).mkdir()
        ports = _free_ports(2)
        values = {"host": host, "folder": folder, "cpus": cpus, "memory": memory}
        values |= {"controller_port": ports[0], "node_port": ports[1]}
        configuration = folder / "slurm.conf"
        configuration.write_text(CONFIGURATION.format(**values), encoding="utf-8")
        path = f"{_shim(folder, configuration)}:{os.environ['PATH']}"
        environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": path}
        for command in (_munged(folder), ["slurmctld", "-D"], ["slurmd", "-D", "-N", host]):
            log = stack.enter_context((folder / f"{command[0]}.out").open("wb"))
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(_end, process)
        _wait_for_idle(environment, folder)
        stack.callback(_cancel, environment)
        yield environment


def _shim(folder: Path, configuration: Path) -> Path:
    """Make a folder with an ``srun`` that finds the configuration.

    Snakemake's plugin hides the variables of Slurm from ``srun``, the one that names the configuration too.
    """
    srun = folder / "bin" / "srun"
    srun.parent.mkdir()
    text = f'#!/bin/sh\nSLURM_CONF={configuration} exec {shutil.which("srun")} "$@"\n'
    srun.write_text(text, encoding="utf-8")
    srun.chmod(0o755)
    return srun.parent


def _cancel(environment: dict[str, str], seconds: float = 15.0) -> None:
    """Cancel all jobs, which would outlive the daemons, and wait until they have ended."""
    subprocess.run(["scancel", "--user", "root"], env=environment, check=False)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked = subprocess.run(["squeue", "--noheader"], env=environment, capture_output=True, text=True)
        if not asked.stdout.strip():
            return
        time.sleep(0.2)


def _munged(folder: Path) -> list[str]:
    """The command of the daemon that signs messages, with a key of its own."""
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]
    return ["munged", "--foreground", "--force", *options]


def _free_ports(n: int) -> list[int]:
    """Numbers of ports that no process listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for each in sockets:
            each.bind(("", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_for_idle(environment: dict[str, str], folder: Path, seconds: float = 30.0) -> None:
    """Wait until the node takes jobs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=environment, capture_output=True, text=True
        )
        if asked.stdout.split() == ["idle"]:
            return
        time.sleep(0.2)
    logs = [path for name in ("slurmctld", "slurmd", "munged") for path in sorted(folder.glob(f"{name}.*"))]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in logs)
    raise SlurmError(f"the node is {asked.stdout.strip() or 'not there'} after {seconds:.0f} s\n{text}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a daemon: it is asked to, and killed after ten seconds."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _memory() -> int:
    """Nine tenths of the memory of this machine, in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10


if __name__ == "__main__":
    raise SystemExit(main())
