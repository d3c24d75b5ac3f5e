"""The process of a notebook's kernel: ipykernel, which never outlives its parent and knows no Ctrl-C.

The runner starts it as ``python -P -m psqe.study.book.kernel_process``, with the arguments of ipykernel.
"""

from __future__ import annotations

import os
import signal
import sys

from psqe.study.book.lifeline import end_with_parent


def main() -> None:
    """Run the kernel until it is told to end, or its parent ends."""
    # Ctrl-C is meant for the runner, which ends the kernel. A kernel that is interrupted prints a line.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    end_with_parent(int(os.environ["JPY_PARENT_PID"]))
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(sys.argv[1:])


if __name__ == "__main__":
    main()
