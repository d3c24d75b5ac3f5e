"""The bytes of a picture, and what they are where they are no picture."""

from __future__ import annotations

import stat
from pathlib import Path

from psqe.errors import DataError

LARGEST_FILE = 256 * 2**20
"""Number of bytes of the largest file that is read as a picture."""

OR_WITHOUT = "or leave the entity without an image"
"""The end of every remedy: a picture is never needed."""

REMEDY = f"put the image there, {OR_WITHOUT}"


class NoPictureError(DataError):
    """A file that is no picture that can be read; the message has no path, and its subject is the picture.

    Examples
    --------
    >>> str(NoPictureError("is empty", remedy="fetch it again"))
    'is empty; fetch it again'
    """

    def at(self, path: str | Path, *, subject: str = "", line: int | None = None) -> DataError:
        """Return the error as one of a file.

        Parameters
        ----------
        path, line
            The file, and the line in it.
        subject
            The words before the message, such as ``the image``; by default the path is the subject.
        """
        what = f"{subject} {self.what}" if subject else self.what
        return DataError(what, path=path, line=line, remedy=self.remedy)


def check_file(path: Path) -> None:
    """Raise an error unless there is a file of a size that is read. Nothing is opened, so a pipe cannot hang.

    Raises
    ------
    NoPictureError
        If nothing is there, or a folder, a pipe, a socket, a device, or a file above :data:`LARGEST_FILE`.
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise NoPictureError("is missing", remedy=REMEDY) from error
    except (OSError, ValueError) as error:  # a ValueError for a zero byte in the name
        raise _unreadable(error) from error
    if stat.S_ISDIR(status.st_mode):
        raise NoPictureError("is a folder", remedy=REMEDY)
    if not stat.S_ISREG(status.st_mode):
        raise NoPictureError("is a pipe, a socket or a device and no file", remedy=REMEDY)
    if status.st_size > LARGEST_FILE:
        raise NoPictureError(
            f"has {status.st_size:,} bytes, and at most {LARGEST_FILE:,} are read",
            remedy=f"save it smaller, {OR_WITHOUT}",
        )


def picture_bytes(path: Path, n: int = -1) -> bytes:
    """Return the content of a file that may be a picture.

    Parameters
    ----------
    path
        The file.
    n
        Number of bytes to read from its beginning; all of them by default.

    Raises
    ------
    NoPictureError
        If it is none that :func:`check_file` passes, or cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as stream:
            return stream.read(n)
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError | ValueError) -> NoPictureError:
    reason = getattr(error, "strerror", None) or error
    return NoPictureError(f"cannot be read ({reason})", remedy=f"make it readable, {OR_WITHOUT}")


def no_picture(data: bytes) -> NoPictureError:
    """Return the error for bytes that no decoder recognises, with a remedy for what they are.

    Examples
    --------
    >>> no_picture(b"version https://git-lfs.github.com/spec/v1").what
    'is a pointer of Git LFS and no image'
    """
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return NoPictureError("is empty", remedy=REMEDY)
    if head.startswith(b"version https://git-lfs.github.com/"):
        remedy = f"fetch the files by git lfs pull, {OR_WITHOUT}"
        return NoPictureError("is a pointer of Git LFS and no image", remedy=remedy)
    if head.startswith((b"<!doctype html", b"<html")):
        remedy = f"download the image itself, {OR_WITHOUT}"
        return NoPictureError("is a web page and no image", remedy=remedy)
    for name, place, starts in _UNREAD:
        if data[place:].startswith(starts):
            remedy = f"save it as PNG or JPEG, {OR_WITHOUT}"
            return NoPictureError(f"is of the format {name}, which is not read", remedy=remedy)
    return NoPictureError("is no image", remedy=REMEDY)


_UNREAD: tuple[tuple[str, int, tuple[bytes, ...]], ...] = (
    ("HEIC", 4, (b"ftyphei", b"ftyphev", b"ftypmif", b"ftypmsf")),
    ("JPEG XL", 0, (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")),
    ("PDF", 0, (b"%PDF",)),
    ("PostScript", 0, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("ZIP", 0, (b"PK\x03\x04",)),
    ("WMF", 0, (b"\xd7\xcd\xc6\x9a",)),
    ("EMF", 40, (b" EMF",)),
)
"""Formats that Pillow does not read, or reads by starting another program, and where and how they begin."""
