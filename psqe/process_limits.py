"""Limits of the process and of the machine, which libraries report in their own words, told in one line."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator, Mapping

from psqe.errors import PsqeError

LEAST_MEMORY = {"v": 256 * 2**20, "d": 256 * 2**20}
"""Number of bytes below which libraries end the process while they are loaded, by the option of ``ulimit``:
``v`` for all addresses and ``d`` for data alone."""

MEMORY_TO_COMPUTE = {"v": 1200 * 2**20, "d": 900 * 2**20}
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


def memory_limits() -> dict[str, int]:
    """Return the limits of the memory of this process in bytes, by the option of ``ulimit`` for each."""
    kinds = {"v": resource.RLIMIT_AS, "d": resource.RLIMIT_DATA}
    limits = {option: resource.getrlimit(kind)[0] for option, kind in kinds.items()}
    return {option: limit for option, limit in limits.items() if limit != resource.RLIM_INFINITY}


def check_memory(least: Mapping[str, int] = LEAST_MEMORY) -> None:
    """Raise an error now if libraries would end the process without a word, since its memory is limited.

    Parameters
    ----------
    least
        Number of bytes that are needed to load them, by the option of ``ulimit``; :data:`LEAST_MEMORY` by
        default.

    Raises
    ------
    PsqeError
        If a limit is below ``least``.
    """
    for option, limit in memory_limits().items():
        if limit < least[option]:
            raise PsqeError(
                f"the memory of this process is limited to {limit // 2**20:,} MiB, which does not suffice",
                remedy=f"allow it some 4,000 MiB, for example by ulimit -{option} 4000000",
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
            more = "more memory"
            if limits := memory_limits():
                option, limit = min(limits.items(), key=lambda item: item[1])
                more = f"allow this process more than {limit // 2**20:,} MiB (ulimit -{option})"
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
