"""NumPy's files, read after a look at their headers, as a small file can claim arrays of any size."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from psqe.errors import DataError
from psqe.files import open_file

SMALL = 1 << 26
"""Number of bytes that an array may always have."""

LARGEST_RATIO = 100
"""How many times as large as its compressed form an array may be; vectors compress less than ten times."""

SAVE_AGAIN = "save it with numpy.savez(path, image_left=..., image_right=...)"


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of an ``.npy`` file.

    Raises
    ------
    DataError
        If the file cannot be read, is cut off, or holds Python objects.
    """
    try:
        with open_file(path) as stream:
            return _array(stream, path.stat().st_size, path, path.name)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise _unreadable(path, error, "save it with numpy.save(path, array)") from error


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` file by their names.

    Raises
    ------
    DataError
        If the file cannot be read, is cut off, holds Python objects, or would expand to far more than vectors
        do.
    """
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                key = member.filename.removesuffix(".npy")
                if key in arrays or key == member.filename:
                    what = f"holds {member.filename!r:.60}, which is no array or is there twice"
                    raise DataError(what, path=path, remedy=SAVE_AGAIN)
                if member.file_size > max(SMALL, LARGEST_RATIO * member.compress_size):
                    raise DataError(
                        f"expands from {member.compress_size:,} bytes to {member.file_size:,} for array "
                        f"{key!r}, "
                        "as no vectors do",
                        path=path,
                        remedy="leave rows without a vector out, or save it uncompressed with numpy.savez",
                    )
                with archive.open(member) as stream:
                    arrays[key] = _array(stream, member.file_size, path, key)
    except DataError:
        raise
    except Exception as error:  # zipfile and NumPy raise many kinds of errors for a broken file
        raise _unreadable(path, error, SAVE_AGAIN) from error
    return arrays


def _array(stream: IO[bytes], n_bytes: int, path: Path, key: str) -> NDArray[Any]:
    """Read an array from a stream of a known length, unless the header of the array claims another length."""
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, kind = header(stream)  # NumPy has no public reader of version 3, which is as version 2
    if kind.hasobject:
        raise DataError(
            f"array {key!r} holds Python objects, which are not read",
            path=path,
            remedy="save numbers as .astype('float32') and identifiers as .astype(str)",
        )
    size = math.prod(shape) * kind.itemsize
    if size != n_bytes - stream.tell():
        raise ValueError(f"array {key!r} needs {size} bytes, and {n_bytes - stream.tell()} are there")
    content = stream.read(size)
    if len(content) < size:
        raise EOFError(f"array {key!r} is cut off")
    return np.frombuffer(content, dtype=kind).reshape(shape, order="F" if fortran else "C")


def _unreadable(path: Path, error: Exception, remedy: str) -> DataError:
    why = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.strerror:
        why, remedy = error.strerror, "give a file that exists and can be read"
    if isinstance(error, MemoryError):
        why, remedy = "there is too little memory", "save fewer dimensions"
    return DataError(f"cannot be read as a feature file ({why})", path=path, remedy=remedy)
