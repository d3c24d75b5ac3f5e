"""The exceptions that a mistake of the user can cause. All of them are :class:`PsqeError`.

Every message says what is wrong, where it is, and how to repair it. The command line prints the message in
one line and ends with exit code 2. An exception that is not a :class:`PsqeError` is a fault of psqe and keeps
its traceback.
"""

from __future__ import annotations

from pathlib import Path


class PsqeError(Exception):
    """A fault in something that the user gave: data, a parameter, a file or a folder.

    Parameters
    ----------
    what
        What is wrong, as a sentence without its full stop. After a path, the path is its subject.
    remedy
        How to repair it, as a sentence without its full stop; empty when there is no remedy.
    path, line
        The file and the line (from 1) of the fault; ``None`` when it is in no file or in no line.

    Examples
    --------
    >>> str(PsqeError("is empty", path="names.tsv", remedy="delete it"))
    'names.tsv: is empty; delete it'
    """

    def __init__(
        self, what: str, *, remedy: str = "", path: str | Path | None = None, line: int | None = None
    ) -> None:
        self.what = what
        self.remedy = remedy
        self.path = None if path is None else Path(path)
        self.line = line
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        message = f"{where}{what}" + (f"; {remedy}" if remedy else "")
        super().__init__(" ".join(message.split()))


class DataError(PsqeError):
    """A graph, a link file or a feature array that cannot be used."""


class ParameterError(PsqeError):
    """A parameter with an unknown name, a wrong type or an impossible value."""


class CacheError(PsqeError):
    """A cache file that is broken, or a cache folder that cannot be written."""


class PsqeWarning(UserWarning):
    """The category of warnings that a result differs from what was asked for, and by how much."""
