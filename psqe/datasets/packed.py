"""Files that are read unpacked, whatever compresses them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from psqe.files import open_file

PACKED = (".gz", ".bz2", ".xz", ".zst")
"""The endings of compressed files. What a file is, its first bytes decide."""

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a file raises that is missing, cut short or damaged."""

CHUNK = 1 << 16
_PACKED_CHUNK = 1 << 12  # a few bytes of Zstandard can stand for megabytes


class _Chunks(io.RawIOBase):
    """A stream of bytes from an iterator of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class _Reader(io.BufferedReader):
    """A reader that closes the readers below it when it is closed."""

    below: tuple[IO[bytes], ...] = ()

    def close(self) -> None:
        super().close()
        for reader in self.below:
            reader.close()


def reader_above(source: IO[bytes], raw: Any) -> io.BufferedReader:
    """Return a reader of ``raw``, which closes ``source``, too."""
    reader = _Reader(raw, CHUNK)
    reader.below = (source,)
    return reader


def stream_of(chunks: Iterator[bytes]) -> io.BufferedReader:
    """Return the stream of bytes that some chunks make.

    Examples
    --------
    >>> stream_of(iter([b"two ", b"chunks"])).read()
    b'two chunks'
    """
    return io.BufferedReader(_Chunks(chunks), CHUNK)


def _zstandard(stream: IO[bytes]) -> io.BufferedReader:
    """Return what Zstandard packed; its own reader says nothing of a file that was cut short.

    The package is imported here, so that miners and aligners can be used without it.
    """
    import zstandard

    def chunks() -> Iterator[bytes]:
        frame = None
        while packed := stream.read(_PACKED_CHUNK):
            while packed:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                try:
                    plain = frame.decompress(packed)
                except zstandard.ZstdError as error:
                    raise OSError(str(error)) from error
                yield plain
                packed = frame.unused_data
                frame = None if frame.eof else frame
        if frame is not None:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    return stream_of(chunks())


_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", _zstandard),
)


def unpacked(path: Path) -> io.BufferedReader:
    """Open a file for reading bytes, unpacked if its first bytes say that it is compressed.

    Parameters
    ----------
    path
        The file: as it is, or compressed by gzip, bzip2, xz or Zstandard, whatever its ending says.

    Returns
    -------
    io.BufferedReader
        The stream, to be closed by the caller.

    Raises
    ------
    OSError
        If the file cannot be opened. Reading may raise any of :data:`UNREADABLE`.
    """
    file = open_file(path)
    head = file.peek(8)
    unpack = next((unpack for magic, unpack in _PACKED if head.startswith(magic)), None)
    return file if unpack is None else reader_above(file, unpack(file))
