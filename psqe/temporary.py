"""Temporary files and folders beside what is to be written, and the removal of those of killed processes.

A process that is killed cannot remove its temporary files. Each of them is therefore locked as long as its
process lives: a file of this kind that nobody has locked is abandoned, and the next process that writes into
the same folder removes it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

MARK = "psqe-"
"""What marks the names of temporary files and folders, which are ``.NAME.psqe-XXXXXXXX``."""

_NAME = re.compile(rf"\..*\.{MARK}[a-z0-9_]{{8}}(?:\..*)?", re.DOTALL)


@contextmanager
def temporary_file(target: Path, folder: Path | None = None) -> Iterator[Path]:
    """Yield an empty file with a name of its own, and remove it when the block ends.

    Parameters
    ----------
    target
        The file that the caller replaces with it, or writes from it. The name of the temporary file begins
        with a full stop and the name of ``target``, and has the same suffix.
    folder
        The folder that it is made in; that of ``target`` by default.

    Yields
    ------
    pathlib.Path
        The temporary file.

    Raises
    ------
    OSError
        If it cannot be made.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with temporary_file(Path(folder, "links.tsv")) as path:
    ...         path.name[:12], path.suffix, path.stat().st_size
    ...     list(Path(folder).iterdir())
    ('.links.psqe-', '.tsv', 0)
    []
    """
    place = target.parent if folder is None else folder

    def make() -> str:
        handle, name = tempfile.mkstemp(dir=place, prefix=_prefix(target.stem), suffix=target.suffix)
        os.close(handle)
        return name

    with _held(make, place) as path:
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``target``, and remove it with all that is in it when the block ends.

    Parameters
    ----------
    target
        The file or folder that the caller makes in it. The name of the temporary folder begins with a full
        stop and the name of ``target``.

    Yields
    ------
    pathlib.Path
        The temporary folder.

    Raises
    ------
    OSError
        If it cannot be made.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with temporary_folder(Path(folder, "pair")) as path:
    ...         path.name[:11], path.is_dir()
    ...     list(Path(folder).iterdir())
    ('.pair.psqe-', True)
    []
    """
    with _held(
        lambda: tempfile.mkdtemp(dir=target.parent, prefix=_prefix(target.name)), target.parent
    ) as path:
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def _prefix(name: str) -> str:
    return f".{name[:40]}.{MARK}"  # a name has at most 255 bytes


@contextmanager
def _held(make: Callable[[], str], folder: Path) -> Iterator[Path]:
    """Make a file or a folder and lock it inside the block; first remove what others have abandoned."""
    _remove_abandoned(folder.absolute())
    path, holder = None, -1
    while path is None:
        path = Path(make())
        try:
            holder = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # another process took it for abandoned before it was locked
            path = None
            continue
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked = True
        except OSError as error:
            locked = not isinstance(error, BlockingIOError)  # some file systems have no locks
        if not locked or not path.exists():
            os.close(holder)
            path = None
    try:
        yield path
    finally:
        os.close(holder)


@cache  # once for each process, because a folder can have many files
def _remove_abandoned(folder: Path) -> None:
    """Remove the temporary files and folders that no living process has locked."""
    try:
        names = [entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)]
    except OSError:  # the folder does not exist, or may not be read
        return
    for name in names:
        with suppress(OSError):  # it is in use, or another user's
            path = folder / name
            holder = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
            finally:
                os.close(holder)
