"""The state of a training in a file, so that it can go on where it was interrupted."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from psqe.errors import DataError
from psqe.files import atomic_path, check_writable


def versions() -> str:
    """Of what a training's steps depend on beside its settings, as ``psqe 0.1.0 and torch 2.8.0``."""
    found = []
    for package in ("psqe", "torch"):
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:  # a source tree that is not installed
            found.append(f"{package} of no version")
    return " and ".join(found)


class Checkpoint:
    """A file that holds the state of one training between two epochs.

    It is written to a temporary name and renamed, so that there is always a whole one. When it is written
    changes nothing about the result: a training resumed from an older state takes the same steps again.
    Other versions of psqe or torch may take other ones, so theirs are refused, and their file stays.

    Parameters
    ----------
    path
        The file. Reading it runs no code of whoever wrote it.
    fingerprint
        Of everything that the training depends on. A file of another training is refused.
    every_s
        Least time between two writings, in seconds.

    Raises
    ------
    PsqeError
        If the file could not be written: better now than after a minute of training.
    """

    def __init__(self, path: str | Path, fingerprint: str, *, every_s: float = 60.0) -> None:
        self.path = Path(path)
        check_writable(self.path)
        # Now: packages may be replaced on the disk while they train.
        self._fingerprint, self._versions, self._every_s = fingerprint, versions(), every_s
        self._written = time.monotonic()

    def save(self, state: Callable[[], dict[str, Any]], *, now: bool = False) -> None:
        """Write what ``state`` gives if it is time to, or ``now``."""
        if now or time.monotonic() - self._written >= self._every_s:
            with atomic_path(self.path) as temporary:
                own = {"fingerprint": self._fingerprint, "versions": self._versions}
                torch.save({**own, **state()}, temporary)
            self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The state that was kept; ``None`` when there is no file yet.

        Raises
        ------
        DataError
            If the file cannot be read, is no checkpoint, was written by other versions, or is that of a
            training with other parameters, data or seeds.
        """
        if not self.path.exists():
            return None
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise DataError(
                f"cannot be read ({error.strerror})", path=self.path, remedy="name another file"
            ) from error
        try:
            with stream, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what torch thinks of a foreign file, before it raises
                kept = torch.load(stream, map_location="cpu", weights_only=True)
            fingerprint, writer = kept.pop("fingerprint"), kept.pop("versions")
        except Exception as error:  # torch.load raises half a dozen kinds for a file that is not its own
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
        state: dict[str, Any] = kept
        return state
