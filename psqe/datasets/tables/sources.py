"""The text of a file, whatever compresses it and whatever Unicode encoding it has, line by line."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from psqe.datasets.faults import Faults
from psqe.datasets.packed import UNREADABLE, unpacked

HEAD = 1 << 18
"""Number of bytes by which the form of a file is recognised."""

_STRANGE = (
    (b"PK\x03\x04", "is a spreadsheet or a zip archive", "unpack it, or save the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet of an old form", "save the sheet as CSV in UTF-8"),
    (b"PAR1", "is a Parquet file", "let its name end in .parquet"),
    (b"SQLite format 3", "is a database", "export the table as CSV in UTF-8"),
    (b"<!doctype html", "is a web page", "save the table itself, not the page that shows it"),
    (b"<html", "is a web page", "save the table itself, not the page that shows it"),
    (b"version https://git-lfs", "is a pointer of Git LFS", "fetch the file itself, as by git lfs pull"),
)
_JSON = re.compile(r'\s*(?:\[\s*)?\{\s*"')
_RDF = re.compile(r"(?:\s|#[^\n]*\n)*(?:@prefix\s|@base\s|prefix\s+\S*:\s*<|<\?xml|<rdf:RDF)", re.IGNORECASE)
_SQL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/;?|(?:SET|BEGIN|PRAGMA|DROP)\b[^;]*;)*"
    r"(?:CREATE\s+(?:\w+\s+)?TABLE\b|INSERT\s+INTO\b|COPY\s+\S+.*\bFROM\s+stdin)",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP = re.compile(
    r"\s*<(?:table|thead|tbody|tr|div|body|rows?|records?|data|root|list)\b[^>]*>", re.IGNORECASE
)
_OTHER_TEXTS = (
    (_SQL, "has commands of SQL and no table", "load it into its database, and export the table as CSV"),
    (_MARKUP, "is HTML or XML and no table", "write it as CSV or Parquet, one row for each entity"),
    (_JSON, "is JSON and no table", "write it as CSV or Parquet, one row for each entity"),
    (
        _RDF,
        "is RDF or XML and no table",
        "give psqe align a folder in which the RDF files of the two sides are called left and right, such as "
        "left.ttl and right.ttl",
    ),
)
"""How text begins that is no table, what it is, and what can be done."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextSource:
    """The lines of a text file, which may be read several times.

    Parameters
    ----------
    path
        The file: text in UTF-8, with or without a byte order mark, or in UTF-16 or UTF-32 with one; as it is
        or compressed by gzip, bzip2, xz or Zstandard. A newline ends a line, and a carriage return before it
        does not count; where a file has carriage returns alone, they end the lines.
    faults
        Receives a file that cannot be read or is something else than text.

    Attributes
    ----------
    usable
        Whether there is text to read; otherwise ``faults`` has the reason.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path = path
        self._encoding = "utf-8"
        self._returns = False
        self.usable = False
        if path.exists() and not path.is_file():
            faults.add("is no file", path=path, remedy="give a file with a table in it")
            return
        try:
            with unpacked(path) as stream:
                head = stream.read(HEAD)
        except UNREADABLE as error:
            self._unreadable(error, faults)
            return
        for magic, what, remedy in _STRANGE:
            if head[: len(magic)].lower() == magic.lower():
                faults.add(what, path=path, remedy=remedy)
                return
        self._encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
        if self._encoding == "utf-8" and head[:4].count(0) > 1:
            faults.add(
                "is text in UTF-16 without a mark that says so", path=path, remedy="save the file as UTF-8"
            )
            return
        text = head.decode(self._encoding, "replace")
        for beginning, what, remedy in _OTHER_TEXTS:
            if beginning.match(text.removeprefix("\ufeff")):
                faults.add(what, path=path, remedy=remedy)
                return
        self._returns = "\n" not in text and "\r" in text[:-1]
        self.usable = True

    def _unreadable(self, error: Exception, faults: Faults) -> None:
        if isinstance(error, OSError) and error.strerror:
            faults.add(
                f"cannot be read ({error.strerror})",
                path=self.path,
                remedy=f"put {self.path.name} there, and make it readable",
            )
        else:
            faults.add("is compressed and broken", path=self.path, remedy="fetch or compress the file again")

    def has(self, character: str) -> bool:
        """Return whether an ASCII character occurs anywhere in the file."""
        wanted = character.encode()
        try:
            with unpacked(self.path) as stream:
                while block := stream.read(1 << 20):
                    if wanted in block:
                        return True
        except UNREADABLE:
            return True  # the lines tell what is wrong
        return False

    def lines(self, faults: Faults | None = None) -> Iterator[tuple[int, str]]:
        """Yield the number (from 1) and the text of each line, without its end.

        Parameters
        ----------
        faults
            Receives lines that cannot be decoded or have a zero byte, which are left out. When omitted, they
            are decoded with replacement characters.
        """
        quiet = Faults(gather=True) if faults is None else faults
        try:
            with unpacked(self.path) as stream:
                if self._encoding in ("utf-8", "utf-8-sig") and not self._returns:
                    yield from self._bytewise(stream, quiet, replace=faults is None)
                else:
                    text = io.TextIOWrapper(stream, encoding=self._encoding, newline=None)
                    yield from ((i, line.rstrip("\n")) for i, line in enumerate(text, 1))
        except UnicodeDecodeError:
            quiet.add(
                f"is not text in {self._encoding.upper()}", path=self.path, remedy="save the file as UTF-8"
            )
        except UNREADABLE as error:
            self._unreadable(error, quiet)

    def _bytewise(self, stream: IO[bytes], faults: Faults, *, replace: bool) -> Iterator[tuple[int, str]]:
        for line, content in enumerate(stream, 1):
            if b"\0" in content and not replace:
                faults.add(
                    "has a zero byte, which is no text",
                    path=self.path,
                    line=line,
                    remedy="remove this byte, or write the file again, as UTF-8",
                )
                continue
            try:
                # Files that were put together have a byte order mark where each of them begins.
                yield line, content.decode("utf-8-sig").rstrip("\r\n")
            except UnicodeDecodeError:
                if replace:
                    yield line, content.decode("utf-8", "replace").rstrip("\r\n")
                else:
                    faults.add("is not UTF-8", path=self.path, line=line, remedy=_encoding_remedy(content))


def _encoding_remedy(content: bytes) -> str:
    """Return what to do with a line that is not UTF-8; Windows-1252 is named where it gives letters."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return "save the file as UTF-8"
    strange = [character for character in text if ord(character) > 127]
    if strange and all(character.isalpha() or character in "’‘“”–—…€°" for character in strange):
        return "save the file as UTF-8; its encoding is probably Windows-1252, which is also called ANSI"
    return "save the file as UTF-8"
