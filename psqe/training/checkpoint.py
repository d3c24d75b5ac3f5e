"""Checkpoints: the state of a training in a file, from which an interrupted training is resumed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from psqe.errors import DataError, PsqeError, PsqeWarning
from psqe.files import atomic_path, check_writable, open_file, reason


def versions() -> str:
    """Return the versions of the packages that a training needs, such as ``psqe 0.1.0 and torch 2.8.0``."""
    names = []
    for package in ("psqe", "torch"):
        try:
            names.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:  # a source tree that is not installed
            names.append(f"{package} of no version")
    return " and ".join(names)


class Checkpoint:
    """A file that holds the state of one training between two epochs.

    The file is written under a temporary name and renamed, so that it is always complete. How often it is
    written changes nothing about the result: a training that is resumed from an older state takes the same
    steps again. Other versions of psqe or torch may take other steps, so a file of theirs is refused, and it
    stays as it is.

    Parameters
    ----------
    path
        The file. Code that somebody has hidden in it is not run when it is read.
    fingerprint
        A digest of everything that the training depends on. A file with another one is refused.
    every_s
        Smallest time between two writings, in seconds; 60 by default.

    Raises
    ------
    PsqeError
        If the file cannot be written, which is checked before any training.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(f"{folder}/training.pt", "digest")
    ...     checkpoint.save(lambda: {"epoch": 3}, now=True)
    ...     checkpoint.load()
    {'epoch': 3}
    """

    def __init__(self, path: str | Path, fingerprint: str, *, every_s: float = 60.0) -> None:
        self.path = Path(path)
        check_writable(self.path, streams=False)  # a state must be read back
        # Versions are read now because packages may be replaced on the disk during a training.
        self._fingerprint, self._versions, self._every_s = fingerprint, versions(), every_s
        self._written = time.monotonic()
        self._failed = False

    def save(self, state: Callable[[], dict[str, Any]], *, now: bool = False) -> None:
        """Write the state if enough time has passed since the last writing.

        A training is worth more than its checkpoint: if the file cannot be written, because the disk is full
        for example, the older file stays, a warning says so once, and the next call tries again.

        Parameters
        ----------
        state
            A function that returns the state: tensors and plain values, by name.
        now
            Whether to write in any case; ``False`` by default.

        Warns
        -----
        PsqeWarning
            If the file cannot be written.
        """
        if now or time.monotonic() - self._written >= self._every_s:
            header = {"fingerprint": self._fingerprint, "versions": self._versions}
            content = {**header, **state()}
            try:
                with atomic_path(self.path) as temporary, temporary.open("wb") as stream:
                    torch.save(content, stream)
            except (PsqeError, OSError, RuntimeError) as error:  # torch raises RuntimeError on a full disk
                if not self._failed:
                    kept = "only from an older state" if self.path.exists() else "only from its beginning"
                    warnings.warn(
                        f"{self.path}: the checkpoint cannot be written ({reason(error)}); as long as that "
                        f"is so, the training can be resumed {kept}",
                        PsqeWarning,
                        stacklevel=2,
                    )
                self._failed = True
            else:
                self._failed = False
            self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Read the state; return ``None`` if the file does not exist yet.

        Raises
        ------
        DataError
            If the file cannot be read, is no checkpoint, was written by other versions, or is that of a
            training with other parameters, data or seeds.
        """
        if not self.path.exists():
            return None
        try:
            stream = open_file(self.path)
        except OSError as error:
            raise DataError(
                f"cannot be read ({error.strerror})", path=self.path, remedy="name another file"
            ) from error
        try:
            with stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns of a foreign file before it raises
                content = torch.load(stream, map_location="cpu", weights_only=True)
            fingerprint, writer = content.pop("fingerprint"), content.pop("versions")
        except Exception as error:  # torch.load raises many kinds of errors for a file that it did not write
            raise DataError(
                "is not a checkpoint of psqe", path=self.path, remedy="remove it, or name another file"
            ) from error
        if writer != self._versions:
            raise DataError(
                f"was written by {writer}, and {self._versions} may train otherwise",
                path=self.path,
                remedy="remove it to begin anew, or go on with the versions that wrote it",
            )
        if fingerprint != self._fingerprint:
            raise DataError(
                "is the checkpoint of a training with other parameters, data or seeds",
                path=self.path,
                remedy="remove it, or name another file",
            )
        state: dict[str, Any] = content
        return state
