"""The process that builds the site: Jupyter Book, which never outlives its parent.

The study starts it as ``python -P -m psqe.study.book.site_process``, with the arguments of ``jupyter-book``.
"""

from __future__ import annotations

import os
from functools import partial

from psqe.study.book.lifeline import end_with_parent

PARENT = "PSQE_SITE_PARENT"
"""The environment variable with the number of the process that starts this one."""


def main() -> None:
    """Run ``jupyter-book``."""
    end_with_parent(int(os.environ[PARENT]))
    # Sphinx reads and writes pages in copies of this process.
    os.register_at_fork(after_in_child=lambda: end_with_parent(os.getppid()))
    import jupyter_book.sphinx
    from jupyter_book.cli.main import main as jupyter_book_main

    # The command has no option for the number of processes.
    jupyter_book.sphinx.build_sphinx = partial(jupyter_book.sphinx.build_sphinx, jobs=2)
    jupyter_book_main()


if __name__ == "__main__":
    main()
