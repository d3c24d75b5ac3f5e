"""Jobs that run side by side, each in a process of its own, in an order that respects who waits for whom.

A process that dies fails its own job and no other. Nothing outlives the process that calls
:func:`run_jobs`, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from psqe.errors import PsqeError
from psqe.signals import STOPPING, Stopped, stop
from psqe.study.book.lifeline import stop_with_starter

JOBS = 3
"""How many jobs run at the same time, each on one thread. Three keep two cores busy, since a notebook waits
while its kernel starts."""

_SERVER = "psqe.study.book._forkserver"

PATIENCE = 5.0
"""Seconds that jobs have to tidy up when they are stopped, before they are killed."""


def run_jobs(
    order: TopologicalSorter[str],
    start: Callable[[str], Callable[[], Any]],
    *,
    jobs: int,
    done: Callable[[str, Any], None] = lambda name, result: None,
) -> None:
    """Run each job once those before it are done, at most ``jobs`` at the same time.

    When a job fails, those that are running finish, and no other one begins. When this process is
    interrupted, those that are running are stopped.

    Parameters
    ----------
    order
        The names of the jobs and of those that each of them waits for.
    start
        A function that returns the job of a name when its time has come: what is called, without arguments,
        in a process to which it is sent.
    jobs
        The number of jobs that run at the same time.
    done
        A function that is called with the name and the result of each job that has succeeded.

    Raises
    ------
    PsqeError
        If a job raises it, or a process dies. Where several jobs fail, the others are named.
    Exception
        If a job raises another one, with the traceback from its process as a note.
    """
    context = multiprocessing.get_context("forkserver")
    start_server()
    order.prepare()
    ready: list[str] = []
    running: dict[Any, tuple[str, ForkServerProcess]] = {}
    failed: dict[str, BaseException] = {}
    try:
        while running or (order.is_active() and not failed):
            ready += order.get_ready()
            while ready and len(running) < jobs and not failed:
                name = ready.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=_work, args=(theirs, start(name), warnings.formatwarning), name=name, daemon=True
                )
                process.start()
                theirs.close()
                running[ours] = name, process
            ended: list[Any] = wait(list(running))
            for connection in ended:
                name, process = running.pop(connection)
                try:
                    done(name, _result(name, connection, process))
                    order.done(name)
                except Exception as error:
                    failed[name] = error
    finally:
        _stop([process for _, process in running.values()])
    if failed:
        raise _first(failed)


def run_alone(name: str, job: Callable[[], Any]) -> Any:
    """Run one job in a process of its own; return its result.

    Parameters
    ----------
    name
        What the job is called in an error.
    job
        What is called, without arguments.

    Returns
    -------
    object
        What the job returns.

    Raises
    ------
    Exception
        As :func:`run_jobs`.
    """
    results: list[Any] = []
    run_jobs(
        TopologicalSorter({name: ()}), lambda _: job, jobs=1, done=lambda _, result: results.append(result)
    )
    return results[0]


def start_server(preload: Sequence[str] = (), *, environment: Mapping[str, str] | None = None) -> None:
    """Start the process that all jobs are copies of, unless it runs: with modules that take long to load.

    It is deaf to Ctrl-C, as its copies then are, too: a terminal sends Ctrl-C to every process, and the one
    that runs the jobs decides alone what to do.

    Parameters
    ----------
    preload
        Names of modules that are loaded; none by default.
    environment
        Variables of its environment, beside those of this process; none by default.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    variables = dict(os.environ)
    os.environ.update(environment or {})
    multiprocessing.get_context("forkserver").set_forkserver_preload([_SERVER, *preload])
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(variables)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _result(name: str, connection: Connection, process: ForkServerProcess) -> Any:
    """Receive what a process sends at its end.

    Raises
    ------
    Exception
        What the job raised.
    PsqeError
        If the process died before.
    """
    try:
        succeeded, result = connection.recv()
    except EOFError:
        process.join()
        raise PsqeError(
            f"the process of {name} died ({_exit(process.exitcode)})",
            remedy="read what it printed above; if that is nothing, memory may have run out",
        ) from None
    process.join()
    if not succeeded:
        raise result
    return result


def _exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name


def _first(failed: dict[str, BaseException]) -> BaseException:
    """Return the error to raise: the first one, with the names of other jobs that failed."""
    error, *others = failed.values()
    if others and isinstance(error, PsqeError):
        return PsqeError(f"{error} ({' and '.join(list(failed)[1:])} failed, too)")
    return error


def _stop(processes: list[ForkServerProcess]) -> None:
    """Stop processes, and kill those that do not end in time."""
    for process in processes:
        process.terminate()
    end = time.monotonic() + PATIENCE
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _work(connection: Connection, job: Callable[[], Any], formatwarning: Callable[..., str]) -> None:
    """Do a job in a process of its own and send its result, or what it raised.

    Warnings are written as in the process that runs the jobs.
    """
    warnings.formatwarning = formatwarning
    try:
        for number in STOPPING:
            signal.signal(number, stop)
        stop_with_starter()
        try:
            result = True, job()
        except Exception as error:
            result = False, _sendable(error)
        connection.send(result)
    except (Stopped, KeyboardInterrupt):
        os._exit(1)  # everything is tidied up, and an interpreter with many libraries takes seconds to end


def _sendable(error: Exception) -> Exception:
    """Return an error with its traceback as a note, or, where it cannot be sent, one with the same words."""
    if not isinstance(error, PsqeError):
        error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        other = RuntimeError(f"{type(error).__name__}: {error}")
        other.add_note(traceback.format_exc())
        return other
    return error
