"""Records of executed notebooks: what decided their bytes, and which files belong to them.

``NAME.run.json`` is written last. A notebook without it has not been run, whatever files there are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import field_validator

from psqe.errors import ParameterError, PsqeError
from psqe.files import content_hash, write_text
from psqe.options import Options
from psqe.study.book.notebook import Notebook

SUFFIX = ".run.json"
"""What the name of a record ends with."""


class Record(Options):
    """What is known of one executed notebook.

    Parameters
    ----------
    notebook
        The name of the notebook.
    profile
        The profile that it ran with.
    parameters
        The value of every parameter.
    key
        A hash of everything that decided the files, see :func:`key_of`; empty if something of that changed
        while the notebook ran, so that nobody knows what it read.
    files
        The hash of the content of each file that the notebook wrote, by its path in the folder of the
        record; the executed notebook is one of them.
    seconds
        How long it ran, in seconds.
    peak_mb
        The largest amount of memory that its kernel took, in MiB.
    machine, revision, versions
        Where it ran, see :mod:`psqe.provenance`.
    left_out
        Why the notebook was left out and has not run; empty if it has.

    Examples
    --------
    >>> Record(notebook="a", profile="smoke", parameters={}, key="", files={}, seconds=1.0, peak_mb=90,
    ...        machine="", revision="", versions={}).peak_mb
    90
    """

    notebook: str
    profile: str
    parameters: dict[str, Any]
    key: str
    files: dict[str, str]
    seconds: float
    peak_mb: int
    machine: str
    revision: str
    versions: dict[str, str]
    left_out: str = ""

    @field_validator("files")
    @classmethod
    def _inside(cls, files: dict[str, str]) -> dict[str, str]:
        """Refuse a path that leads out of the folder, since files of older runs are removed."""
        paths = [PurePosixPath(file) for file in files]
        if any(path.is_absolute() or ".." in path.parts for path in paths):
            raise ValueError("a file is outside the folder")
        return files

    def write(self, folder: Path) -> None:
        """Write the record into the folder of its files.

        Parameters
        ----------
        folder
            The folder.

        Raises
        ------
        PsqeError
            If the folder cannot be written.
        """
        write_text(folder / f"{self.notebook}{SUFFIX}", self.model_dump_json(indent=1) + "\n")


def key_of(
    notebook: Notebook,
    values: Mapping[str, Any],
    profile: str,
    inputs: str,
    before: Mapping[str, str],
    left_out: str = "",
) -> str:
    """Hash everything that decides what a notebook writes.

    Parameters
    ----------
    notebook
        The notebook.
    values
        The value of every parameter.
    profile
        The profile.
    inputs
        The hash of what every notebook can read, :attr:`psqe.study.book.inputs.Inputs.digest`.
    before
        The hash of the record of each notebook that it waits for, by name.
    left_out
        Why the notebook is left out; empty, the default, if it is not.

    Returns
    -------
    str
        The hash, in hexadecimal digits.
    """
    decided = {
        "values": dict(values), "profile": profile, "inputs": inputs, "before": dict(before),
        "left_out": left_out,
    }  # fmt: skip
    return content_hash(notebook.name, notebook.text, json.dumps(decided, sort_keys=True))


def read_record(path: Path) -> Record:
    """Read a record.

    Parameters
    ----------
    path
        The file, ``NAME.run.json``.

    Returns
    -------
    Record
        What the file says.

    Raises
    ------
    PsqeError
        If it cannot be read, or another version of psqe wrote it.
    """
    try:
        return Record(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, ParameterError) as error:
        what = f"is no record of a run ({error})"
        raise PsqeError(what, path=path, remedy="run psqe study again") from error


def read_records(folder: str | Path = ".") -> list[Record]:
    """Read all records in a folder.

    Parameters
    ----------
    folder
        The folder of the executed notebooks; the working directory by default.

    Returns
    -------
    The records in the order of their names.

    Raises
    ------
    PsqeError
        If one of them cannot be read.
    """
    return [read_record(path) for path in sorted(Path(folder).glob(f"*{SUFFIX}"))]


def whole_record(folder: Path, name: str) -> Record | None:
    """Read the record of a notebook if there is one and all its files are there, as they were written.

    Parameters
    ----------
    folder
        The folder of the executed notebooks.
    name
        The name of the notebook.

    Returns
    -------
    Record or None
        The record; ``None`` if there is none, it cannot be read, or a file is missing or has changed.
    """
    try:
        record = read_record(folder / f"{name}{SUFFIX}")
        kept = all(
            content_hash((folder / file).read_bytes()) == hash_ for file, hash_ in record.files.items()
        )
    except (PsqeError, OSError):
        return None
    return record if kept and record.notebook == name and f"{name}.ipynb" in record.files else None


def digest(folder: Path, name: str) -> str:
    """Hash the record of a notebook, which has the hashes of its files.

    Parameters
    ----------
    folder
        The folder of the executed notebooks.
    name
        The name of the notebook, which has a record there.

    Returns
    -------
    str
        The hash, in hexadecimal digits.

    Raises
    ------
    OSError
        If the record cannot be read.
    """
    return content_hash((folder / f"{name}{SUFFIX}").read_bytes())


def copy_run(record: Record, source: Path, target: Path, *, links: bool = False) -> None:
    """Copy the files of a record, and the record after them, with their times.

    Parameters
    ----------
    record
        The record, all of whose files are there.
    source, target
        The folders. Older files of the same notebook in ``target`` are removed before.
    links
        Whether to make hard links where the disk allows, which take no room. What changes a linked file
        would change both, so that they are for files which are only ever replaced.

    Raises
    ------
    PsqeError
        If the folder cannot be written.
    """
    remove_run(target, record.notebook)
    for file in record.files:
        with _told(target / file):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            if not (links and _linked(source / file, target / file)):
                shutil.copy2(source / file, target / file)
    record.write(target)


def _linked(source: Path, target: Path) -> bool:
    """Make a hard link; return whether the disk allows it."""
    try:
        os.link(source, target)
    except OSError:  # the files are on two disks, or on one without links
        return False
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name a file that cannot be written."""
    try:
        yield
    except OSError as error:
        raise PsqeError(
            f"cannot be written ({error.strerror})",
            path=path,
            remedy="free some space there and make the folder writable, and run it again",
        ) from error


def move_run(record: Record, source: Path, target: Path) -> None:
    """Move the files of a record into a folder and write the record there after them.

    Parameters
    ----------
    record
        The record, which is not in ``source`` yet.
    source, target
        The folders, on one disk. Older files of the same notebook in ``target`` are removed before.

    Raises
    ------
    PsqeError
        If a file is there already that belongs to another notebook, or the folder cannot be written.
    """
    for other in read_records(target):
        if other.notebook != record.notebook and (both := sorted(other.files.keys() & record.files.keys())):
            raise PsqeError(
                f"{record.notebook} and {other.notebook} both write it",
                path=target / both[0],
                remedy="give one of the files another name",
            )
    remove_run(target, record.notebook)
    for file in record.files:
        with _told(target / file):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            (source / file).replace(target / file)
    record.write(target)


def remove_run(folder: Path, name: str) -> None:
    """Remove the record of a notebook, and then the files that it names.

    Parameters
    ----------
    folder
        The folder of the executed notebooks.
    name
        The name of the notebook. It need not have a record.
    """
    path = folder / f"{name}{SUFFIX}"
    try:
        files = list(read_record(path).files)
    except PsqeError:
        files = []
    for file in (path.name, f"{name}.ipynb", *files):
        (folder / file).unlink(missing_ok=True)


def files_of(folder: Path, names: Iterable[str]) -> set[Path]:
    """Return the paths of the records of some notebooks and of all their files.

    Parameters
    ----------
    folder
        The folder of the files.
    names
        The names of the notebooks, which have whole records there.

    Returns
    -------
    set of pathlib.Path
        The paths, which begin with that of the folder.

    Raises
    ------
    PsqeError
        If a record cannot be read.
    """
    paths = {folder / f"{name}{SUFFIX}" for name in names}
    return paths | {folder / file for path in paths for file in read_record(path).files}


def remove_all_but(folder: Path, names: Iterable[str]) -> None:
    """Remove everything from a folder but the files of some notebooks.

    Parameters
    ----------
    folder
        The folder of the executed notebooks.
    names
        The names of the notebooks that stay, which have whole records there.
    """
    kept = files_of(folder, names)
    for path in sorted(folder.rglob("*"), reverse=True):  # files before the folders that they are in
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()
