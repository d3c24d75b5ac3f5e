"""What every notebook can read: the package, the results store, examples, benchmarks, and other packages.

A hash of all this, with the notebook itself, decides whether a notebook has to run again. It is coarse: a
change anywhere counts for every notebook, even for one that does not read what has changed.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.layouts import layout_name
from psqe.errors import DataError
from psqe.files import content_hash, files_below, hash_of

PACKAGE = Path(__file__).resolve().parents[2]
"""The folder of the package ``psqe``."""

READ = ("results/store", "examples")
"""The folders of a checkout that notebooks read."""

NOT_USED = ("dev", "workflow")
"""The extras whose packages no notebook uses."""

PLUGINS = "psqe."
"""How the groups of entry points begin by which other packages extend psqe."""


@dataclass(frozen=True)
class Inputs:
    """What notebooks can read, at one moment.

    Attributes
    ----------
    root
        The checkout.
    further
        Folders outside the checkout, such as the data of a task.
    digest
        The hash of the content.
    stamp
        A hash of the sizes of the files and of the times when they were changed last, which is fast.
    """

    root: Path
    further: tuple[Path, ...]
    digest: str
    stamp: str

    @classmethod
    def of(cls, root: Path, further: Iterable[Path] = ()) -> Inputs:
        """Look at what the notebooks of a checkout can read now.

        Parameters
        ----------
        root
            The checkout.
        further
            Further folders. As those of benchmarks, which are large, they count by the names, sizes and times
            of their files. There are none by default.

        Returns
        -------
        Inputs
            What notebooks can read at this moment.

        Raises
        ------
        PsqeError
            If a file cannot be read.
        """
        further = tuple(further)
        stamp = _stamp(root, further)  # before the content, so that no change is missed
        content = hash_of(root / name for name in READ)
        return cls(root, further, content_hash(code(), content, _stamp_of(_outside(further))), stamp)

    def unchanged(self) -> bool:
        """Return whether nothing has changed since."""
        if _stamp(self.root, self.further) == self.stamp:
            return True
        return Inputs.of(self.root, self.further).digest == self.digest


def code() -> str:
    """Hash the sources of psqe and the versions of Python and of all packages that psqe needs.

    Raises
    ------
    PsqeError
        If a file cannot be read.
    """
    versions = (f"{name} {version}" for name, version in _packages())
    return content_hash(platform.python_version(), *versions, hash_of([PACKAGE]))


def folders_among(values: Iterable[Any], root: Path) -> list[Path]:
    """Find the folders with pairs of graphs that the values of parameters name.

    Parameters
    ----------
    values
        The values; texts, and lists of texts, are looked at. Relative paths begin at the checkout.
    root
        The checkout. What lies in its folders :data:`READ`, or in the package, is left out, since the content
        of these is hashed anyway.

    Returns
    -------
    list of Path
        The folders that have a layout, sorted.
    """
    texts = {text for value in values for text in (value if isinstance(value, list) else [value])}
    paths = {root / text for text in texts if isinstance(text, str) and text}
    hashed = [PACKAGE, *((root / name).resolve() for name in READ)]
    return sorted(
        path for path in paths if _is_pair(path) and not any(map(path.resolve().is_relative_to, hashed))
    )


def _is_pair(path: Path) -> bool:
    """Whether a path is a folder with a pair of graphs."""
    if not os.path.isdir(path):  # noqa: PTH112 (Path refuses long texts)
        return False
    try:
        layout_name(path)
    except DataError:
        return False
    return True


def _outside(further: Iterable[Path]) -> list[Path]:
    names = {benchmark.folder for benchmark in BENCHMARKS.values()}
    return [*sorted(default_data_dir() / name for name in names), *further]


def _stamp(root: Path, further: Iterable[Path]) -> str:
    return _stamp_of([PACKAGE, *(root / name for name in READ), *_outside(further)])


def _stamp_of(folders: Iterable[Path]) -> str:
    parts = []
    for folder, file in files_below(folders):
        try:
            status = file.stat()
        except OSError:  # it has gone since, or is a link to nothing
            continue
        parts += [file.relative_to(folder).as_posix(), f"{status.st_size} {status.st_mtime_ns}"]
    return content_hash(*parts)


@cache
def _packages() -> tuple[tuple[str, str], ...]:
    """Return the packages that psqe and its plugins need, and all that those need, with their versions."""
    try:
        extras = metadata.distribution("psqe").metadata.get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:  # a checkout that was not installed: every package may be needed
        return tuple(sorted((found.name, found.version) for found in metadata.distributions()))
    roots = [("psqe", frozenset(extras) - {*NOT_USED})]
    roots += [
        (found.name, frozenset[str]())
        for found in metadata.distributions()
        if any(entry.group.startswith(PLUGINS) for entry in found.entry_points)
    ]
    return tuple(sorted(_closure(roots).items()))


def _closure(roots: list[tuple[str, frozenset[str]]]) -> dict[str, str]:
    """Return the versions of packages with some extras and of all that they need and that is installed."""
    versions: dict[str, str] = {}
    waiting, seen = list(roots), set()
    while waiting:
        asked = waiting.pop()
        if asked in seen:
            continue
        seen.add(asked)
        name, extras = asked
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        versions[canonicalize_name(name)] = distribution.version
        for text in distribution.requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return versions
