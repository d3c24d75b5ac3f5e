"""Files that are written whole or not at all, and hashes of content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from psqe.errors import CacheError, PsqeError
from psqe.temporary import temporary_file, temporary_folder

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""The numbers of errors that a full or a broken disk causes while a file is written."""

Made = TypeVar("Made")

finished: set[Path] = set()
"""The paths of the files and folders that this process has written to their end."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The parent folders are made. When the block raises, the temporary file is removed and an older
    ``path`` stays as it was. A link is followed. A stream (:func:`is_stream`) stays what it is: the content
    is written into it when the block ends.

    Parameters
    ----------
    path
        The file to write.

    Yields
    ------
    pathlib.Path
        The temporary file, empty, with the suffix of ``path``.

    Raises
    ------
    PsqeError
        If the folder cannot be made or written, ``path`` is a folder or another thing that is no file, or the
        disk is full.
    """
    target, stream = Path(path), is_stream(path)
    with ExitStack() as stack:
        try:
            if stream:
                temporary = stack.enter_context(temporary_file(target, Path(tempfile.gettempdir())))
            else:
                target = _followed(target)
                temporary = _in_folder(target.parent, lambda: stack.enter_context(temporary_file(target)))
        except OSError as error:
            raise _unwritable(target, error) from error
        try:
            yield temporary
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise PsqeError(
                f"cannot be written ({os.strerror(error.errno)})",
                path=target,
                remedy="free some space there, or choose a file on another disk",
            ) from error
        # Temporary files are private; give them the mode an ordinary open() would have given.
        mask = os.umask(0)
        os.umask(mask)
        with suppress(OSError):  # some file systems have no modes
            temporary.chmod(0o666 & ~mask)
        try:
            if stream:
                with target.open("ab") as out, temporary.open("rb") as content:
                    shutil.copyfileobj(content, out)
            else:
                temporary.replace(target)
            finished.add(target.absolute())
        except OSError as error:
            raise PsqeError(
                f"cannot be written ({error.strerror})",
                path=target,
                remedy="choose another name for the file",
            ) from error


@contextmanager
def atomic_files(folder: str | Path, *, last: str = "") -> Iterator[Path]:
    """Yield a temporary folder in ``folder``, whose files move there when the block ends without an error.

    Files that belong together are thus written all or not at all, also if the disk is full after some of
    them. When the block raises, older files of the folder stay as they were, and a folder that was not there
    is not made. Only a process that is stopped in the moment in which the finished files move can leave some
    of them behind.

    Parameters
    ----------
    folder
        The folder to write to; it is made if it is missing.
    last
        The name of the file that moves last, by which a reader can tell that the others are there.

    Yields
    ------
    pathlib.Path
        The temporary folder, empty. It must get files only.

    Raises
    ------
    PsqeError
        If the folder cannot be made or written, or the disk is full. An error of the block that names a file
        of the temporary folder names the one in ``folder`` in its place.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_files(f"{folder}/run") as place:
    ...         write_text(place / "links.tsv", "a")
    ...     [path.name for path in Path(folder, "run").iterdir()]
    ['links.tsv']
    """
    target = Path(folder)
    missing = _missing_folders(target)
    try:
        with ExitStack() as stack:
            try:
                place = _in_folder(target, lambda: stack.enter_context(temporary_folder(target / "files")))
            except OSError as error:
                raise _unwritable(target / "files", error) from error
            try:
                yield place
            except PsqeError as error:
                if error.path is None or not error.path.is_relative_to(place):
                    raise
                path = target / error.path.relative_to(place)
                raise type(error)(error.what, remedy=error.remedy, path=path, line=error.line) from error
            paths = sorted(place.iterdir())
            for path in paths:
                check_writable(target / path.name, streams=False)
            # Links are followed. What is elsewhere is copied first, because its disk may be full.
            paths.sort(key=lambda path: (not (target / path.name).is_symlink(), path.name == last, path.name))
            for path in paths:
                final = _followed(target / path.name)
                if final.parent == target:
                    try:
                        path.replace(final)
                    except OSError as error:
                        raise PsqeError(
                            f"cannot be written ({error.strerror})",
                            path=final,
                            remedy="choose another folder",
                        ) from error
                else:
                    with atomic_path(final) as copy:
                        shutil.copyfile(path, copy)
                finished.add((target / path.name).absolute())
    except BaseException:
        _remove_empty(missing)
        raise


def _in_folder(folder: Path, act: Callable[[], Made]) -> Made:
    """Make a folder and do something in it; again if another process has removed the empty folder."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            return act()
    folder.mkdir(parents=True, exist_ok=True)
    return act()


def _missing_folders(folder: Path) -> list[Path]:
    """Return those of a folder and the folders above it that do not exist, the innermost one first."""
    return [each for each in (folder, *folder.parents) if not is_there(each)]


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders in their order as far as they are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def cache_folder(kind: str) -> Path:
    """Return the folder of what is made once and kept, under ``PSQE_CACHE`` or the user's cache folder.

    Parameters
    ----------
    kind
        What is kept there, such as ``features`` or ``pictures``: the name of the folder.

    Raises
    ------
    CacheError
        If ``PSQE_CACHE`` begins with the home folder of a user whom the machine does not know.
    """
    root = os.environ.get("PSQE_CACHE")
    if root:
        try:
            return Path(root).expanduser() / kind
        except RuntimeError as error:
            raise CacheError(
                "the cache folder cannot be found (there is no such home folder)",
                path=root,
                remedy="set PSQE_CACHE to the path of a folder that you may write to",
            ) from error
    import platformdirs

    return Path(platformdirs.user_cache_dir("psqe", appauthor=False)) / kind


def is_there(path: str | Path) -> bool:
    """Return whether a folder has an entry of this name, even a link to a file that is missing.

    What is there and is no file must be reported and not passed over, or data would be lost in silence.
    """
    return os.path.lexists(path)


def open_file(path: str | Path) -> BufferedReader:
    """Open a file to read bytes. A pipe, which might wait for ever, and a device are not opened.

    Parameters
    ----------
    path
        The file, or a link to it.

    Returns
    -------
    io.BufferedReader
        The stream, to be closed by the caller.

    Raises
    ------
    OSError
        If it is no file or cannot be read; ``strerror`` has the reason.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if not path.is_symlink():
            raise
        what = f"it is a link to {path.readlink()}, which is missing"
        raise FileNotFoundError(errno.ENOENT, what, str(path)) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, and no file", str(path))
    return path.open("rb")


def is_stream(path: str | Path) -> bool:
    """Return whether bytes go into ``path`` one after the other: a device such as a terminal, a pipe, or
    whatever an open file of this process is, as in ``/dev/stdout``.

    Raises
    ------
    PsqeError
        If ``path`` is neither a stream nor a file nor free: a folder, a disk or a socket.
    """
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except OSError:  # nothing is there, or making the folder reports why
        return False
    if stat.S_ISDIR(mode):
        raise PsqeError("is a folder", path=target, remedy="choose another name for the file")
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise PsqeError("is no file", path=target, remedy="choose another name for the file")
    opened = target.is_symlink() and str(target.readlink()).startswith("/proc/")
    return not stat.S_ISREG(mode) or opened or str(target.parent.resolve()).startswith("/proc/")


def check_writable(path: str | Path, *, streams: bool = True) -> None:
    """Raise now the error that :func:`atomic_path` would raise later, after the work was done.

    Folders that have to be made for it are removed again, so that nothing is left if the work fails.

    Parameters
    ----------
    path
        The file to write.
    streams
        Whether ``path`` may be a stream, see :func:`is_stream`; it may by default.

    Raises
    ------
    PsqeError
        If the folder of ``path`` cannot be made or written, or ``path`` is a folder, a disk or a socket.
    """
    target = Path(path)
    if is_stream(target):
        if not streams:
            raise PsqeError("is no file", path=target, remedy="choose another name for the file")
        if not os.access(target, os.W_OK):
            raise PsqeError("cannot be written", path=target, remedy="choose another name for the file")
        return
    missing: list[Path] = []
    try:
        target = _followed(target)
        missing = _missing_folders(target.parent)
        _in_folder(target.parent, lambda: tempfile.TemporaryFile(dir=target.parent).close())
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        _remove_empty(missing)


def _followed(target: Path) -> Path:
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _unwritable(target: Path, error: OSError) -> PsqeError:
    full = error.errno in NO_ROOM - {errno.EROFS}
    return PsqeError(
        f"the folder cannot be written ({error.strerror})",
        path=target.parent,
        remedy="free some space there, or choose a folder on another disk"
        if full
        else "choose a folder that you may write to",
    )


def reason(error: BaseException) -> str:
    r"""Return why something could not be written or read, in the words of the system where it has some.

    Parameters
    ----------
    error
        What was raised. What it was raised from is looked at, too, because libraries raise errors of their
        own that do not say that the disk is full.

    Examples
    --------
    >>> reason(OSError(errno.ENOSPC, "No space left on device")), reason(ValueError("is\nbroken"))
    ('No space left on device', 'is')
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return error.what if isinstance(error, PsqeError) else str(error).partition("\n")[0]


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically. Halves of characters, as in names of files, are escaped.

    Raises
    ------
    PsqeError
        If the folder cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_tsv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table as tab-separated UTF-8 text with a header line, atomically.

    Parameters
    ----------
    path
        The file to write.
    header
        The names of the columns.
    rows
        The cells of each row, in the order of the columns.

    Raises
    ------
    PsqeError
        If the folder cannot be written.
    """
    write_text(path, "".join("\t".join(cells) + "\n" for cells in (header, *rows)))


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as indented JSON in UTF-8, atomically.

    Raises
    ------
    PsqeError
        If the folder cannot be written.
    ValueError
        If a number is not finite.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def content_hash(*parts: bytes | str) -> str:
    """Hash a sequence of byte or text strings, their boundaries included.

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> content_hash("ab", "c") == content_hash("a", "bc")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def hash_of(folders: Iterable[Path]) -> str:
    """Hash the names and the content of all files in some folders, but for hidden files and byte code.

    Parameters
    ----------
    folders
        The folders. The names of files count from their folder on.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    PsqeError
        If a file cannot be read.
    """
    parts = []
    for folder, file in files_below(folders):
        try:
            parts += [file.relative_to(folder).as_posix(), content_hash(file.read_bytes())]
        except OSError as error:
            raise PsqeError(f"cannot be read ({error.strerror})", path=file) from error
    return content_hash(*parts)


def files_below(folders: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """List the files below folders in order, each after its folder, without hidden files and byte code.

    Parameters
    ----------
    folders
        The folders; one that does not exist has no files.

    Yields
    ------
    tuple of Path
        The folder and the file.
    """
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder).parts
            if path.is_file() and "__pycache__" not in inside and not any(p.startswith(".") for p in inside):
                yield folder, path
