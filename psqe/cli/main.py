"""The command line ``psqe``. Whatever ends a command is one line on standard error, and no traceback.

This module loads nothing that takes time or memory, so that Ctrl-C and a limit of the process are told from
the beginning. The commands are in :mod:`psqe.cli.program`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from psqe.cli.streams import lasting_streams
from psqe.errors import PsqeError
from psqe.files import finished
from psqe.process_limits import check_memory, exhausted
from psqe.signals import Stopped, stopping_signals

AT_THE_END = (
    "seeds",
    "align",
    "align-all",
    "dedupe",
    "describe",
    "data list",
    "data info",
    "data check",
    "data convert",
    "data export",
    "teach",
)
"""The commands that keep nothing but files which :mod:`psqe.files` writes, most of them at the end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The arguments after ``psqe``; those of the process when ``None``. Signals are handled only then, since
        a program that calls this function handles them in its own way.

    Returns
    -------
    The exit code: 0; 2 for a mistake of the user or a limit of the machine; 128 and the number of the signal
    that stopped the command, which is 130 after Ctrl-C.
    """
    with stopping_signals(active=arguments is None), lasting_streams():
        code = _run(arguments)
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except PsqeError as error:
            print(f"psqe: {error}", file=sys.stderr)
            return 2
    return code


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command and print in one line why it failed; return the exit code."""
    finished.clear()
    try:
        check_memory()
        from psqe.cli.program import run_command

        return run_command(arguments)
    except (KeyboardInterrupt, Stopped) as error:
        stopped = Stopped() if isinstance(error, KeyboardInterrupt) else error
        print(f"psqe: {stopped}; {_kept(arguments)}", file=sys.stderr)
        return stopped.exit_code
    except Exception as error:
        told = exhausted(error)
        if told is None and isinstance(error, PsqeError):
            told = error
        if told is None:  # a fault of psqe, which keeps its traceback
            raise
        print(f"psqe: {told}", file=sys.stderr)
        return 2


def _kept(arguments: Sequence[str] | None) -> str:
    """Return what a command that was stopped leaves behind, in words."""
    command = " ".join(sys.argv[1:] if arguments is None else arguments) + " "
    if any(command.startswith(f"{name} ") for name in AT_THE_END) and not any(
        path.exists() for path in finished
    ):
        return "nothing was written"
    return "what was finished is kept"


if __name__ == "__main__":
    sys.exit(main())
