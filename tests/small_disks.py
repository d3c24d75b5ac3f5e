"""Disks in memory that are small, full or read-only, for the processes of :mod:`killing`.

A disk is mounted in a namespace of the process, in which an ordinary user may do so on most systems, and
nobody else sees it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE = 1, 32, 16384, 1 << 18

DISK, AFTER = "disk", "after"
"""The folder in which the disk is, and the one in which its content is after the command."""


@dataclass(frozen=True)
class SmallDisk:
    """A function that mounts a disk as the folder :data:`DISK` of the working directory.

    Attributes
    ----------
    size
        Number of bytes of the disk.
    free
        Number of bytes that are left when the command begins; all by default.
    inodes
        Number of files that can be made; not limited by default.
    read_only
        Whether nothing can be written. What is in the folder is copied to the disk first.
    then
        A function that is called when the disk is there.
    """

    size: int = 1 << 20
    free: int | None = None
    inodes: int | None = None
    read_only: bool = False
    then: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Mount it."""
        there = [*Path(DISK).iterdir()] if Path(DISK).is_dir() else []
        content = Path("content")
        content.mkdir()
        for path in there:
            shutil.move(path, content)
        Path(DISK).mkdir(exist_ok=True)
        _new_namespace()
        options = f"size={self.size}" + (f",nr_inodes={self.inodes}" if self.inodes else "")
        _mount(DISK, options=options)
        shutil.copytree(content, DISK, dirs_exist_ok=True)
        if self.free is not None:
            disk = os.statvfs(DISK)
            with Path(DISK, "filler").open("wb") as stream:
                stream.write(bytes(disk.f_bavail * disk.f_frsize - self.free))
        if self.read_only:
            _mount(DISK, flags=MS_REMOUNT | MS_RDONLY)
        if self.then is not None:
            self.then()


def keep() -> None:
    """Copy what is on the disk into the folder :data:`AFTER`."""
    shutil.copytree(DISK, AFTER, ignore=shutil.ignore_patterns("filler"))


def _new_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    _checked(_libc().unshare(CLONE_NEWNS | (CLONE_NEWUSER if user else 0)))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _mount("/", flags=MS_REC | MS_PRIVATE)


def _mount(folder: str, *, options: str = "", flags: int = 0) -> None:
    kind = b"tmpfs" if not flags & (MS_REC | MS_REMOUNT) else None
    _checked(_libc().mount(b"tmpfs", os.fsencode(folder), kind, flags, options.encode()))


def _checked(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
