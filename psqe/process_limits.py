"""Limits of the process and of the machine, which libraries report in their own words, told in one line."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator

from psqe.errors import PsqeError

LEAST_MEMORY = 256 * 2**20
"""Number of bytes of addresses below which libraries end the process while they are loaded."""

MEMORY_TO_COMPUTE = 1200 * 2**20
"""The same for the libraries that mining and alignment need."""

_MEMORY = (
    "failed to map segment",  # the loader of shared libraries
    "cannot allocate memory",
    "cannot enable executable stack",
    "DefaultCPUAllocator",
    "bad_alloc",
    "bad allocation",
    "Unable to allocate",
    "out of memory",
    "not enough memory",
)
"""Parts of messages about too little memory: those of libraries that raise no MemoryError."""

_TEMPORARY = "No usable temporary directory"


def memory_limit() -> int | None:
    """Return the number of bytes that the addresses of this process may take; ``None`` without a limit."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def check_memory(least: int = LEAST_MEMORY) -> None:
    """Raise an error now if libraries would end the process without a word, since its memory is limited.

    Parameters
    ----------
    least
        Number of bytes of addresses that are needed to load them; :data:`LEAST_MEMORY` by default.

    Raises
    ------
    PsqeError
        If the limit is below ``least``.
    """
    limit = memory_limit()
    if limit is not None and limit < least:
        raise PsqeError(
            f"the memory of this process is limited to {limit // 2**20:,} MiB, which does not suffice",
            remedy="allow it some 4,000 MiB, for example by ulimit -v 4000000",
        )


def exhausted(error: BaseException) -> PsqeError | None:
    """Return the error to tell if an exception means that the machine, or the process, has no more to give.

    Parameters
    ----------
    error
        What was raised. What it was raised from is looked at, too.

    Returns
    -------
    PsqeError or None
        An error about memory, threads, open files or the folder of temporary files; ``None`` for any other
        exception.

    Examples
    --------
    >>> exhausted(ImportError("libtorch.so: failed to map segment from shared object")).what
    'the memory of this machine does not suffice'
    >>> exhausted(ValueError("of another kind")) is None
    True
    """
    if isinstance(error, PsqeError) and "memory" in str(error):  # it knows more, such as the file
        return None
    for cause in _chain(error):
        text = str(cause)
        number = cause.errno if isinstance(cause, OSError) else None
        if "can't start new thread" in text or number == errno.EAGAIN:
            return PsqeError(
                "no further thread or process can be started",
                remedy="raise the limit of processes (ulimit -u) or of memory, or set OMP_NUM_THREADS=1",
            )
        no_memory = isinstance(cause, MemoryError) or number == errno.ENOMEM
        if no_memory or any(part in text for part in _MEMORY):
            limit = memory_limit()
            more = "more memory"
            if limit is not None:
                more = f"allow this process more than {limit // 2**20:,} MiB (ulimit -v)"
            return PsqeError(
                "the memory of this machine does not suffice",
                remedy=f"give a smaller pair, fewer modalities, or {more}",
            )
        if number in (errno.EMFILE, errno.ENFILE):
            return PsqeError(
                f"no further file can be opened ({os.strerror(number)})",
                remedy="raise the limit of open files (ulimit -n), or close other programs",
            )
        if _TEMPORARY in text:
            return PsqeError(
                "no temporary file can be written, in none of the usual folders",
                remedy="free some space, or set TMPDIR to a folder that you may write to",
            )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and those that it was raised from, without errors of ours."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        ours = isinstance(current, PsqeError)
        if not ours:
            yield current
        before = None if ours or current.__suppress_context__ else current.__context__
        current = current.__cause__ or before
