"""The one family of exceptions that a user of :mod:`psqe` can cause.

Every message says what is wrong, where, and what to do about it. The command line prints it in one
line and ends with exit code 2; anything that is not a :class:`PsqeError` is a fault of ours and keeps
its traceback.
"""

from __future__ import annotations

from pathlib import Path


class PsqeError(Exception):
    """A fault in what the user gave: data, a parameter, a file or a folder.

    Parameters
    ----------
    what
        What is wrong, as a sentence without its full stop.
    remedy
        What to do about it, as a sentence without its full stop.
    path, line
        The file and the line (from 1) the fault was found in, where there is one.
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
    """Something was done otherwise than asked; the text names what and how much."""
