"""Bytes of RDF files: compressed or not, in any encoding of Unicode, whatever the ending of the file says."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from psqe.files import open_file

CHUNK = 1 << 16
_PACKED_CHUNK = 1 << 12  # a few bytes of Zstandard can stand for megabytes
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What reading a file raises that is missing, cut short or damaged."""


def _zstandard(stream: IO[bytes]) -> io.BufferedReader:
    """Return what Zstandard packed; its own reader says nothing of a file that was cut short."""

    def chunks() -> Iterator[bytes]:
        frame = None
        while packed := stream.read(_PACKED_CHUNK):
            while packed:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(packed)
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
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


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


def _above(source: IO[bytes], raw: Any) -> io.BufferedReader:
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


def opened(path: Path) -> io.BufferedReader:
    """Open a file for reading as UTF-8 without a byte order mark.

    What is compressed by gzip, bzip2, xz or Zstandard is unpacked, as its first bytes say and not its
    ending. UTF-16 and UTF-32 with a byte order mark, and XML that declares another encoding, become UTF-8.

    Parameters
    ----------
    path
        The file.

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
    stream = file if unpack is None else _above(file, unpack(file))
    head = stream.peek(256)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            stream.read(len(mark))
            return stream if encoding == "utf-8" else _in_utf8(stream, encoding)
    declared = _DECLARED.match(head)
    if declared and not _is_utf8(declared[1].decode()):
        return _in_utf8(stream, declared[1].decode())
    return stream


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "ascii") or encoding.lower().startswith("utf-16")
    except LookupError:
        return True  # an encoding that nobody knows: bytes that are not UTF-8 will be told


def _in_utf8(stream: IO[bytes], encoding: str) -> io.BufferedReader:
    def chunks() -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        first = True
        while chunk := stream.read(CHUNK):
            text = decoder.decode(chunk)
            if first:
                text = re.sub(r"""(\A\s*<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']""", r"\1", text)
                first = False
            yield text.encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")

    return _above(stream, _Chunks(chunks()))
