"""Bytes of RDF files: compressed or not, in any encoding of Unicode, whatever the ending of the file says."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from psqe.datasets.packed import CHUNK, reader_above, stream_of, unpacked

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


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
    stream = unpacked(path)
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

    return reader_above(stream, stream_of(chunks()))
