"""The tables of the results store that several notebooks read, checked once for all of them.

The server of :mod:`psqe.study.book.jobs` loads this module if it is to run many notebooks, and nothing else
does; the kernels, which are its copies, then have the tables. To check them takes some five seconds of
processor time, which each of these notebooks would spend. A notebook still reads the files: what was checked
here counts only for files that have the same contents (:mod:`psqe.study.store_files`).
"""

from __future__ import annotations

from psqe.errors import PsqeError
from psqe.study.spec import Subject
from psqe.study.store import Store

READ: tuple[Subject, ...] = ("alignment", "seeds", "system", "facts")
"""The subjects whose tables are checked."""

for subject in READ:
    try:
        Store().table(subject)
    except PsqeError:  # a notebook that reads the table says what is wrong with it
        break
