"""The search of large similarities by the workers of a Dask cluster, on one machine or on several.

Inside :func:`search_on`, a search in a similarity is cut into parts, and :func:`map_parts` sends each part to
a worker. How a search is cut decides nothing about its result: the parts are put together exactly as one
process does it, so that the result is the same to the last bit (on processors of one kind) with any number of
workers and with none. What a worker needs, the vectors of both sides, is sent to it for every search.

What goes on while Dask works is left to Dask: a part whose worker ends is given to another one, and a worker
that joins late takes part. What Dask waits for without an end is an error here after a stated time.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import threading
import warnings
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from psqe.errors import ParameterError, PsqeError
from psqe.extras import needs_extra
from psqe.parameters import check_form
from psqe.similarity.base import Similarity

SMALLEST_SENT = 10**8
"""Similarities of fewer pairs are searched by the process itself: that takes about a second, no more than
sending them."""

CONNECT_SECONDS = 15
"""So long a scheduler may take to answer."""

WORKER_SECONDS = 30
"""So long there may be no worker that runs."""

RESULT_SECONDS = 300
"""So long a worker may take to send what it has found, and to take the vectors of both sides."""

MOST_SENT = 3
"""So often a similarity is sent, if all workers that have it end before the search does."""

PACKAGES = ("psqe", "numpy", "scipy", "torch", "faiss-cpu", "dask", "distributed")
"""The packages that must have the same version on all workers."""

T = TypeVar("T")
U = TypeVar("U")


@cache
def versions_of_search() -> dict[str, str]:
    """Return the versions of everything that a search depends on, by package.

    Returns
    -------
    dict
        The version of Python, those of :data:`PACKAGES`, and a digest of the source of this folder, which
        differs between two states of psqe that have the same version.

    Examples
    --------
    >>> sorted(versions_of_search())[-3:]
    ['scipy', 'source of psqe.similarity', 'torch']
    """
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package).partition("+")[0]
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    found["source of psqe.similarity"] = digest.hexdigest()[:12]
    return found


@dataclass(frozen=True, eq=False)
class _Cluster:
    """A connection to the scheduler of a Dask cluster."""

    client: Any
    address: str

    def map(
        self, function: Callable[[Similarity, T], U], similarity: Similarity, parts: Sequence[T]
    ) -> Iterator[U]:
        """Apply a function to parts of a similarity on workers; yield the results in their order."""
        remaining, futures, n_sent = deque(parts), deque[Any](), 0
        try:
            while remaining:
                if not futures:
                    if n_sent == MOST_SENT:
                        raise self._ended()
                    futures.extend(self._submit(function, similarity, remaining))
                    n_sent += 1
                try:
                    found = self._result(futures[0])
                except CancelledError:  # all workers that had the similarity have ended
                    futures.clear()
                    continue
                yield found
                futures.popleft()
                remaining.popleft()
        finally:
            self.client.cancel(list(futures))

    def _submit(
        self, function: Callable[[Similarity, T], U], similarity: Similarity, parts: Iterable[T]
    ) -> list[Any]:
        """Send the similarity to all workers, and let them work on the parts."""
        from distributed import TimeoutError as TookTooLong

        self._wait_for_workers()
        try:
            sent = self.client.scatter(_Sent(similarity), hash=False, broadcast=True, timeout=RESULT_SECONDS)
        except TookTooLong as error:
            raise self._error(f"did not take the vectors of the pair within {RESULT_SECONDS} s") from error
        wanted = versions_of_search()
        return [self.client.submit(_on_worker, function, sent, part, wanted, pure=False) for part in parts]

    def _result(self, future: Any) -> Any:
        """Wait for a result as long as there are workers."""
        import distributed
        from distributed import KilledWorker
        from distributed import TimeoutError as TookTooLong

        wait: Any = distributed.wait
        while True:
            try:
                with self.client.as_current():
                    wait([future], timeout=2)
                break
            except TookTooLong:
                self._wait_for_workers()
        try:
            return future.result(timeout=RESULT_SECONDS)
        except KilledWorker as error:
            raise self._ended() from error
        except ImportError as error:
            raise self._unlike(f"a worker of {self.address}", error) from error
        except MemoryError as error:
            raise PsqeError(
                f"the memory of a worker of {self.address} does not suffice",
                remedy="start fewer workers on a machine, or machines with more memory",
            ) from error
        except TookTooLong as error:
            raise self._error(f"did not send what they found within {RESULT_SECONDS} s") from error

    def _wait_for_workers(self) -> None:
        """Wait until at least one worker runs.

        Raises
        ------
        PsqeError
            If there is none for :data:`WORKER_SECONDS`, or the scheduler has ended.
        """
        from distributed import TimeoutError as TookTooLong

        try:
            self.client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TookTooLong as error:
            raise PsqeError(
                f"the Dask scheduler {self.address} has had no worker that runs for {WORKER_SECONDS} s",
                remedy=f"start some by: dask worker {self.address}",
            ) from error
        except (OSError, CancelledError) as error:
            raise PsqeError(
                f"the Dask scheduler {self.address} no longer answers", remedy="see why it ended; start again"
            ) from error

    def _ended(self) -> PsqeError:
        return PsqeError(
            f"workers of {self.address} ended while they searched",
            remedy="see their output for the reason; give them more memory by dask worker --memory-limit",
        )

    def _error(self, what: str) -> PsqeError:
        return PsqeError(
            f"the workers of {self.address} {what}",
            remedy="see their output for the reason, or leave the scheduler out",
        )

    def check_versions(self) -> None:
        """Compare the versions on all workers with those of this process.

        Raises
        ------
        PsqeError
            If a worker has no psqe, or another version of anything that a search depends on.
        """

        def versions_there() -> dict[str, str]:  # a local function, which is sent whole
            from psqe.similarity.workers import versions_of_search

            return versions_of_search()

        import distributed
        from distributed import TimeoutError as TookTooLong

        wait: Any = distributed.wait
        there = {
            worker: self.client.submit(versions_there, workers=[worker], pure=False)
            for worker in self.client.scheduler_info()["workers"]
        }
        try:
            with self.client.as_current():
                wait(list(there.values()), timeout=CONNECT_SECONDS)
        except TookTooLong:  # a worker that is busy, or ends; every part that is searched compares again
            pass
        for worker, future in there.items():
            if future.status == "finished":
                found = future.result(timeout=CONNECT_SECONDS)
                _check_same(found, versions_of_search(), f"the worker {worker}")
            elif future.status == "error":
                raise self._unlike(f"the worker {worker}", future.exception(timeout=CONNECT_SECONDS))

    def _unlike(self, where: str, error: BaseException) -> BaseException:
        """Return the error to tell if a worker cannot import what it searches with."""
        if not isinstance(error, ImportError | AttributeError):
            return error
        return PsqeError(
            f"{where} has no psqe, or another version of it ({error})",
            remedy="install there what is installed here",
        )


_current: ContextVar[_Cluster | None] = ContextVar("cluster", default=None)


@contextmanager
def search_on(address: str | None) -> Iterator[None]:
    """Let the workers of a Dask cluster search large similarities inside a ``with`` block.

    Results are those of a search without workers. The workers must have the same versions of Python, psqe
    and the libraries that compute.

    Parameters
    ----------
    address
        Address of the scheduler, such as ``tcp://10.0.0.5:8786``; ``None`` changes nothing.

    Raises
    ------
    PsqeError
        If the package distributed is not installed, the scheduler does not answer within
        :data:`CONNECT_SECONDS`, there is no worker for :data:`WORKER_SECONDS`, or a worker has another
        version of something.
    ParameterError
        If the address is no address.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot, top_k
    >>> unit = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> with search_on(None):
    ...     top_k(unit, 1)[0].tolist()
    [[0], [1]]
    """
    check_form("the scheduler", address, str | None, "give its address, such as tcp://10.0.0.5:8786")
    if address is None:
        yield
        return
    with needs_extra("cluster"):
        import distributed  # noqa: F401
    with _silent():
        cluster = _Cluster(_connected(address), address)
        try:
            cluster._wait_for_workers()
            cluster.check_versions()
            token = _current.set(cluster)
            try:
                yield
            finally:
                _current.reset(token)
        finally:
            cluster.client.close(timeout=CONNECT_SECONDS)


def _connected(address: str) -> Any:
    """Connect to a scheduler, in a thread: Dask waits forever for what accepts and says nothing."""
    import distributed

    _check_address(address)
    make: Any = distributed.Client
    outcome: list[Any] = []

    def connect() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other versions, which are compared afterwards
            try:
                if not asyncio.run(_is_scheduler(address)):
                    raise _NoSchedulerError
                outcome.append(make(address, timeout=CONNECT_SECONDS, set_as_default=False))
            except Exception as error:
                outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS + 5)
    client = outcome[0] if outcome else TimeoutError()
    if isinstance(client, OSError):
        raise PsqeError(
            f"no Dask scheduler answers at {address} within {CONNECT_SECONDS} s",
            remedy="start one by: dask scheduler; or leave the scheduler out",
        ) from client
    if isinstance(client, _NoSchedulerError):
        raise PsqeError(
            f"what answers at {address} is no Dask scheduler",
            remedy="give the address that 'dask scheduler' prints when it starts, or leave the scheduler out",
        )
    if isinstance(client, Exception):
        raise _no_address(address, client) from client
    return client


class _NoSchedulerError(Exception):
    """Something answers that is no scheduler."""


async def _is_scheduler(address: str) -> bool:
    """Ask what answers at an address what it is, without a client, whose remains would wait for long.

    Raises
    ------
    OSError
        If nothing answers in time.
    """
    import distributed

    if address.startswith("inproc:"):
        return True
    own: Any = distributed
    remote = own.rpc(address, connection_args=own.Security().get_connection_args("client"))
    try:
        answer = await asyncio.wait_for(remote.identity(), CONNECT_SECONDS)
        return bool(answer["type"] == "Scheduler")
    except (TimeoutError, OSError):
        raise
    except Exception:
        # Dask takes the bytes of other programs for anything, for a length of exabytes among others.
        return False
    finally:
        await remote.close_rpc()


def _check_address(address: str) -> None:
    """Refuse what is no address before a client is made, whose remains would wait for half a minute."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        host, port = (place, None) if scheme == "inproc" else parse_host_port(place)
        if not place or not host:
            raise ValueError("there is no host")
        if port is not None and port >= 2**16:
            raise ValueError(f"a port is less than {2**16:,}")
    except ValueError as error:
        raise _no_address(address, error) from error


def _no_address(address: str, error: Exception) -> ParameterError:
    return ParameterError(
        f"{address!r} is no address of a Dask scheduler ({error})",
        remedy="give what the scheduler prints when it starts, such as tcp://10.0.0.5:8786",
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the loggers of Dask from writing between the lines of a command; errors are told by exceptions."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def is_sent(similarity: Similarity) -> bool:
    """Tell whether workers search a similarity.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> is_sent(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)))
    False
    """
    return _current.get() is not None and enough_to_send(*similarity.shape)


def enough_to_send(n_left: int, n_right: int) -> bool:
    """Tell whether so many entities have so many pairs that it is worth sending them to workers.

    Examples
    --------
    >>> enough_to_send(10_000, 10_000), enough_to_send(10_000, 9_999)
    (True, False)
    """
    return n_left * n_right >= SMALLEST_SENT


def row_ranges(similarity: Similarity, step: int) -> list[slice]:
    """Cut the rows of a similarity that workers search into ranges; leave others in one.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)``.
    step
        Number of rows of a range.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> row_ranges(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)), 1)
    [slice(0, 2, None)]
    """
    n = similarity.shape[0]
    if not is_sent(similarity):
        return [slice(0, n)]
    return [slice(start, min(n, start + step)) for start in range(0, n, step)]


def map_parts(
    function: Callable[[Similarity, T], U], similarity: Similarity, parts: Sequence[T]
) -> Iterator[U]:
    """Apply a function to parts of a similarity, on workers if these search it.

    Parameters
    ----------
    function
        Takes the similarity and a part. The result depends on these only.
    similarity
        The similarity.
    parts
        What tells the parts, such as ranges of rows.

    Yields
    ------
    The results, in the order of the parts.

    Raises
    ------
    PsqeError
        If workers end, or there are none any more.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> unit = Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
    >>> list(map_parts(lambda similarity, row: similarity.rows(row, row + 1).tolist(), unit, [0, 1]))
    [[[1.0, 0.0]], [[0.0, 1.0]]]
    """
    cluster = _current.get()
    if cluster is not None and is_sent(similarity):
        yield from cluster.map(function, similarity, parts)
    else:
        for part in parts:
            yield function(similarity, part)


# ---- what happens on a worker


class _Sent:
    """A similarity that workers get, and what a worker prepares for it and keeps as long as it has it.

    Parameters
    ----------
    similarity
        The similarity.
    """

    def __init__(self, similarity: Similarity) -> None:
        self.similarity = similarity
        self.kept: dict[Hashable, Any] = {}
        self.lock = threading.Lock()

    def __reduce__(self) -> tuple[type[_Sent], tuple[Similarity]]:
        """Leave what was prepared here."""
        return _Sent, (self.similarity,)


_here: ContextVar[_Sent | None] = ContextVar("sent", default=None)


def prepared(similarity: Similarity, key: Hashable, make: Callable[[], U]) -> U:
    """Make what the search of a similarity needs; on a worker, once for all parts that it searches.

    Parameters
    ----------
    similarity
        The similarity.
    key
        What distinguishes it from other things that are made for this similarity.
    make
        Makes it. On a worker, one thread does, and others wait for it.

    Examples
    --------
    >>> import numpy as np
    >>> from psqe.similarity import Dot
    >>> prepared(Dot(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)), "a key", lambda: "made")
    'made'
    """
    sent = _here.get()
    if sent is None or sent.similarity is not similarity:
        return make()
    with sent.lock:
        if key not in sent.kept:
            sent.kept[key] = make()
        found: U = sent.kept[key]
        return found


def _on_worker(function: Callable[[Similarity, T], U], sent: _Sent, part: T, wanted: dict[str, str]) -> U:
    """Search a part; a worker that has joined late may have other versions."""
    _check_same(versions_of_search(), wanted, "a worker that has joined")
    token = _here.set(sent)
    try:
        return function(sent.similarity, part)
    finally:
        _here.reset(token)


def _check_same(there: dict[str, str], here: dict[str, str], where: str) -> None:
    """Raise an error if two places have different versions of something."""
    for package, version in here.items():
        if there.get(package) != version:
            raise PsqeError(
                f"{where} has {package} {there.get(package)}, and this process has {version}",
                remedy="install the same versions everywhere",
            )
