"""One study at a time in a checkout: a lock, which ends with the process that has it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from psqe.errors import PsqeError
from psqe.study.project import Project

NAME = "psqe.lock"
"""The file in the folder of what is built. Whether it is locked counts, and not whether it is there."""


@contextmanager
def locked(project: Project, command: str) -> Iterator[None]:
    """Hold the lock of a checkout inside the ``with`` block, whose folders can then be written.

    Parameters
    ----------
    project
        The checkout.
    command
        The command that wants the lock, such as ``psqe study``. A second command names it in its error.

    Yields
    ------
    None
        The block begins when this process has the lock.

    Raises
    ------
    PsqeError
        If another process has the lock, or the folder of the book or of what is built cannot be written.
    """
    path = project.build / NAME
    lock = FileLock(path, blocking=False)
    with _written(project.book):
        tempfile.TemporaryFile(dir=project.book).close()
    try:
        with _written(project.build):
            project.build.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            path.write_text(f"{command} (process {os.getpid()})\n", encoding="utf-8")
        with _written(project.build / "runs"):
            (project.build / "runs").mkdir(exist_ok=True)
            tempfile.TemporaryFile(dir=project.build / "runs").close()
        yield
    except Timeout:
        raise PsqeError(
            f"{_holder(path)} is at work in this checkout",
            path=project.root,
            remedy="wait for it, or stop it",
        ) from None
    finally:
        lock.release()


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Name a folder that cannot be written."""
    try:
        yield
    except OSError as error:
        if isinstance(error, Timeout):  # which is one, too
            raise
        raise PsqeError(
            f"cannot be written ({error.strerror})",
            path=folder,
            remedy="free some space and make it writable, or copy the checkout to another disk",
        ) from error


def _holder(path: Path) -> str:
    """Name the process that has a lock, as it has written it there."""
    return path.read_text(encoding="utf-8").strip() or "another process of psqe"
