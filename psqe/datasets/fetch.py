"""The files of the published benchmarks: fetched from the repositories that hold them, and verified.

``sources.json`` beside this module pins every file: repository, commit, path in it, size, sha256 and licence.
``scripts/pack_sources.py`` writes it. Files that were assembled from others cannot be fetched; the
table says what they were made from and what a task lacks without them.

A file is downloaded into ``<file>.part`` beside it, gets its name when size and hash are correct, and is
never downloaded again. An interrupted download is continued. The environment variable ``PSQE_MIRROR`` names
another server that holds ``<repository>/<commit>/<path in it>``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pooch
from filelock import FileLock

from psqe.datasets import emoji, han
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.download import download, remove_part
from psqe.errors import DataError, ParameterError
from psqe.files import check_writable

SOURCES = Path(__file__).with_name("sources.json")
HOST = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class PinnedFile:
    """One file of a benchmark.

    Attributes
    ----------
    file
        Path of the file, relative to the data root.
    size
        Size in bytes.
    sha256
        SHA-256 hash, 64 hexadecimal digits.
    repository, commit, path
        Source of the file; empty for a derived file.
    licence
        Licence of the repository.

    Examples
    --------
    >>> PinnedFile("a/b", 3, "0" * 64, "owner/project", "main", "data/b").url("https://example.org")
    'https://example.org/owner/project/main/data/b'
    """

    file: str
    size: int
    sha256: str
    repository: str = ""
    commit: str = ""
    path: str = ""
    licence: str = ""

    def url(self, host: str) -> str:
        """Return the address of the file on a host."""
        return f"{host}/{self.repository}/{self.commit}/{quote(self.path)}"


@dataclass(frozen=True)
class Derived:
    """Files that were assembled from others and cannot be fetched.

    Attributes
    ----------
    files
        The files.
    made_from
        The files they were made from, in words.
    without
        What the task lacks without them, as the end of a sentence that begins with the task.
    needed
        Whether the task cannot be read without them.
    instead
        Files under the data root that serve the same purpose.
    """

    files: tuple[PinnedFile, ...]
    made_from: str
    without: str
    needed: bool
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pinned:
    """All files of one benchmark: the files that can be fetched, and the derived files if there are any.

    Examples
    --------
    >>> len(pinned("dbp15k/zh_en").files) > 5
    True
    """

    files: tuple[PinnedFile, ...]
    derived: Derived | None = None


def pinned(name: str) -> Pinned:
    """Return the pinned files of the benchmark ``name``.

    Raises
    ------
    ParameterError
        If there is no such benchmark, or nothing to be fetched for it.
    """
    if name in (*emoji.names(), *han.names()):
        raise ParameterError(f"{name} is there already", remedy="it comes with the packages of psqe")
    if name not in BENCHMARKS:
        raise ParameterError(
            f"{name!r} is no benchmark that can be fetched", remedy=f"choose from {', '.join(BENCHMARKS)}"
        )
    entry: dict[str, Any] = json.loads(SOURCES.read_text(encoding="utf-8"))[name]
    derived = entry.get("derived")
    if derived is not None:
        more = {"files": _files(derived["files"]), "instead": tuple(derived["instead"])}
        derived = Derived(**{**derived, **more})
    return Pinned(_files(entry["files"]), derived)


def _files(records: list[dict[str, Any]]) -> tuple[PinnedFile, ...]:
    return tuple(PinnedFile(**record) for record in records)


def fetch(
    name: str, *, data_root: str | Path | None = None, say: Callable[[str], None] = lambda line: None
) -> Path:
    """Fetch the files of a benchmark that are missing.

    Processes that run at the same time share the work. A progress bar is shown on standard error if that is
    a terminal.

    Parameters
    ----------
    name
        Name of a benchmark such as ``dbp15k/zh_en``, see :data:`psqe.datasets.benchmarks.BENCHMARKS`.
    data_root
        Folder in which the folder of the benchmark is, or is made; ``PSQE_DATA``, else the user's data
        folder, when omitted.
    say
        Function that receives one line for each source and its licence, for derived files, and for each
        file; by default the lines are discarded.

    Returns
    -------
    Path
        The folder of the benchmark.

    Raises
    ------
    ParameterError
        If there is no such benchmark, or ``PSQE_MIRROR`` is no address.
    DataError
        Before anything is downloaded: if a file exists with other content, or if the benchmark cannot be
        read without a derived file that is missing. Afterwards: if a file cannot be fetched, or differs from
        the pinned file. Finished files stay, and so does the beginning of an interrupted download.
    PsqeError
        If the folder cannot be written.
    """
    wanted = pinned(name)
    root = default_data_dir() if data_root is None else Path(data_root)
    host = _host()
    there = {file: _is_there(root, file) for file in wanted.files}
    if wanted.derived is not None:
        _check_derived(name, root, wanted.derived)
    for line in _licences(wanted.files):
        say(line)
    if wanted.derived is not None:
        say(_derived_line(root, wanted.derived))
    folder = root / BENCHMARKS[name].folder
    for file in wanted.files:
        outcome = "there already"
        if not there[file]:
            check_writable(folder / "lock")
            with FileLock(folder / ".fetch.lock"):
                if not _is_there(root, file):  # another run may have fetched it meanwhile
                    _download(file, root, host)
                    outcome = "fetched"
        remove_part(root / file.file)  # a process that was killed may have left it
        say(f"{file.file}: {outcome}, {file.size:,} bytes")
    say(f"{name}: all {len(wanted.files)} files are in {root}, with the pinned content")
    return folder


def _host() -> str:
    host = os.environ.get("PSQE_MIRROR") or HOST
    if not host.startswith(("http://", "https://")):
        raise ParameterError(
            f"PSQE_MIRROR is {host!r}, which is no address", remedy="begin it with https:// or http://"
        )
    return host.rstrip("/")


def _is_there(root: Path, file: PinnedFile) -> bool:
    """Return whether a file exists.

    Raises
    ------
    DataError
        If the file exists, but is not the pinned one.
    """
    path = root / file.file
    there = _size_and_hash(path)
    if there is None or there == (file.size, file.sha256):
        return there is not None
    size, sha256 = there
    raise DataError(
        f"is there with other content: {size:,} bytes, sha256 {sha256}; "
        f"pinned are {file.size:,} bytes, sha256 {file.sha256}",
        path=path,
        remedy="move it away to fetch the pinned file",
    )


def _size_and_hash(path: Path) -> tuple[int, str] | None:
    """Return size and hash of a file; ``None`` if there is no file."""
    try:
        return path.stat().st_size, pooch.file_hash(str(path), alg="sha256")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror})", path=path, remedy="move it away or make it readable"
        ) from error


def _licences(files: tuple[PinnedFile, ...]) -> list[str]:
    """Return one line for each source: its number of files and its licence."""
    sources: dict[tuple[str, str, str], int] = {}
    for file in files:
        key = (file.repository, file.commit, file.licence)
        sources[key] = sources.get(key, 0) + 1
    return [
        f"source: {repository} at {commit}; files: {count}; licence: {licence}"
        for (repository, commit, licence), count in sources.items()
    ]


def _check_derived(name: str, root: Path, derived: Derived) -> None:
    """Raise :class:`DataError` if the benchmark could not be read after the fetch."""
    enough = [*(file.file for file in derived.files), *derived.instead]
    if not derived.needed or any((root / file).is_file() for file in enough):
        return
    raise DataError(
        f"is missing and cannot be fetched: it was made from {derived.made_from}; "
        f"without it, {name} {derived.without}",
        path=root / enough[0],
        remedy=f"put {' or '.join(enough)} into the data root and fetch again",
    )


def _derived_line(root: Path, derived: Derived) -> str:
    states = []
    for file in derived.files:
        there = _size_and_hash(root / file.file)
        state = "not there" if there is None else "there"
        if there is not None and there != (file.size, file.sha256):
            state = "there, with other content than pinned"
        states.append(f"{file.file} ({state})")
    return (
        f"derived, never fetched: {', '.join(states)}; made from {derived.made_from}; "
        f"without them the task {derived.without}"
    )


def _download(file: PinnedFile, root: Path, host: str) -> None:
    download(
        file.url(host),
        root / file.file,
        size=file.size,
        sha256=file.sha256,
        otherwise=f"name a folder that has {file.file} with --data-root or PSQE_DATA",
    )
