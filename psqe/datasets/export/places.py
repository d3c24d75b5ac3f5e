"""The folder of an export, which comes into being whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psqe.errors import PsqeError
from psqe.files import finished
from psqe.temporary import temporary_folder


def check_free(folder: Path, source: Path | None = None) -> None:
    """Raise :class:`PsqeError` if a folder cannot be made where it is wanted.

    Parameters
    ----------
    folder
        The folder to make: something may be there already.
    source
        The folder that is read, which must not get new files; ``None``, the default, for no such folder.
    """
    if source is not None and folder.resolve().is_relative_to(source.resolve()):
        raise PsqeError(
            "is in the folder of the pair that is exported",
            path=folder,
            remedy="give the name of a folder elsewhere",
        )
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise PsqeError("is there already and is no folder", path=folder, remedy="choose another name")
    if folder.absolute() == Path.cwd() or folder.name in ("", ".."):
        raise PsqeError(
            "is a folder that is in use",
            path=folder,
            remedy="give the name of a folder that is not there yet",
        )
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise PsqeError(
                "is there already and is not empty",
                path=folder,
                remedy="choose the name of a folder that is not there yet",
            )
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder, which takes the place of ``target`` when the block ends without an error.

    Parameters
    ----------
    target
        The folder to make. :func:`check_free` must have found it free.

    Yields
    ------
    pathlib.Path
        A folder of the same name elsewhere. When the block raises, it is removed.

    Raises
    ------
    PsqeError
        If a folder or a file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(target) as place:
            temporary = place / target.absolute().name
            temporary.mkdir()
            yield temporary
            if target.is_dir():
                target.rmdir()  # It is empty; renaming onto it works on some systems only.
            temporary.rename(target)
            finished.add(target.absolute())
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(folder: Path, error: OSError) -> PsqeError:
    return PsqeError(
        f"cannot be written ({error.strerror or error})",
        path=folder,
        remedy="choose a folder that you may write to, on a disk that has space",
    )
