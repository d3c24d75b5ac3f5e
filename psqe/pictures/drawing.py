"""Vector drawings (SVG) of strangers: read in any encoding, bounded, and without references to other files.

A drawing may name other files: pictures in it, style sheets, parts of other drawings. None of them is read,
so that no file of this machine gets into a report, and nothing is asked of the network. Pictures that a
drawing brings along as ``data:`` references are kept.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from psqe.pictures.content import OR_WITHOUT, NoPictureError

MOST_BYTES = 16 * 2**20
"""Number of bytes of the largest drawing, uncompressed."""

MOST_ELEMENTS = 200_000
MOST_CHARACTERS = 4 * MOST_BYTES
"""Number of characters of text and attributes, after entities are replaced by what they stand for."""

DEEPEST = 500
"""Number of elements inside one another."""

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
PICTURES = ("image", "feImage")
LINK = "a"
"""The element whose reference is a link for readers; nothing is loaded for it."""

_ADDRESS = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)]*))\s*\)""", re.IGNORECASE)
_BEGINNING = re.compile(rb"<(?:[?!]|[a-z_][\w.-]*(?::[\w.-]+)?[\s/>])")
_IMPORT = re.compile(r"@import[^;]*(?:;|$)", re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")


@dataclass(frozen=True)
class Drawing:
    """A drawing that can be rendered.

    Parameters
    ----------
    text
        The SVG document. It is as it was in the file, unless it had to be changed.
    has_text
        Whether fonts are needed.
    references
        The references to other files that were taken out, in the order of the document.

    Examples
    --------
    >>> parse_drawing(b'<svg xmlns="http://www.w3.org/2000/svg"><use href="icons.svg#a"/></svg>').references
    ('icons.svg#a',)
    """

    text: str
    has_text: bool = False
    references: tuple[str, ...] = ()


def is_drawing(data: bytes) -> bool:
    """Return whether the bytes may be a drawing: XML that is no web page, perhaps compressed by gzip.

    Examples
    --------
    >>> is_drawing(b"<svg/>"), is_drawing(b"<html><svg/></html>")
    (True, False)
    """
    start = data[:256]
    if data.startswith(b"\x1f\x8b"):
        try:
            start = zlib.decompressobj(31).decompress(data[:4096], 256)
        except zlib.error:
            return False
    start = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return bool(_BEGINNING.match(start)) and not start.startswith((b"<!doctype html", b"<html"))


def parse_drawing(data: bytes) -> Drawing:
    """Read a drawing, and take references to other files out of it.

    Parameters
    ----------
    data
        The content of a file: SVG in any encoding that it declares, or compressed by gzip. Text that is not
        in the encoding that it declares is taken for Latin-1.

    Raises
    ------
    NoPictureError
        If it is no SVG, or larger or deeper than what is rendered.
    """
    return _parsed(_uncompressed(data), depth=0)


def _parsed(data: bytes, depth: int) -> Drawing:
    data = data.lstrip(b" \t\r\n")
    root = _tree(data)
    changed = _needs_writing(data)
    if not root.tag.startswith("{"):  # cut out of a web page, where no name of the language is needed
        changed = True
        for element in root.iter():
            if isinstance(element.tag, str) and not element.tag.startswith("{"):
                element.tag = f"{{{SVG}}}{element.tag}"
    if root.tag != f"{{{SVG}}}svg":
        raise NoPictureError(f"is XML, but no SVG (it begins with {_local(root)!r})", remedy=_remedy())
    references: list[str] = []
    for element in root.iter():
        changed |= _clean(element, references, depth)
    has_text = any(_local(element) == "text" for element in root.iter())
    text = ElementTree.tostring(root, encoding="unicode") if changed else data.decode("utf-8-sig")
    return Drawing(text, has_text, tuple(references))


def _remedy() -> str:
    return f"save it as PNG, {OR_WITHOUT}"


def _uncompressed(data: bytes) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        try:
            inside = zlib.decompressobj(31)
            data = inside.decompress(data, MOST_BYTES + 1)
        except zlib.error as error:
            raise NoPictureError(f"cannot be uncompressed ({error})", remedy=_remedy()) from error
    if len(data) > MOST_BYTES:
        raise NoPictureError(
            f"is a drawing of more than {MOST_BYTES:,} bytes, which is not rendered", remedy=_remedy()
        )
    return data


class _Bounded(ElementTree.TreeBuilder):
    """A builder of trees that stops where a tree gets too large or too deep."""

    def __init__(self) -> None:
        super().__init__()
        self.n_elements = self.n_characters = self.depth = 0

    def start(self, tag: Any, attributes: Any) -> Any:
        self.n_elements += 1
        self.depth += 1
        self._count(sum(map(len, attributes.values())))
        if self.n_elements > MOST_ELEMENTS or self.depth > DEEPEST:
            what = f"{MOST_ELEMENTS:,} elements" if self.depth <= DEEPEST else f"{DEEPEST} nested elements"
            raise NoPictureError(f"is a drawing of more than {what}, which is not rendered", remedy=_remedy())
        return super().start(tag, attributes)

    def end(self, tag: Any) -> Any:
        self.depth -= 1
        return super().end(tag)

    def data(self, data: Any) -> Any:
        self._count(len(data))
        return super().data(data)

    def _count(self, n: int) -> None:
        self.n_characters += n
        if self.n_characters > MOST_CHARACTERS:
            raise NoPictureError(
                f"is a drawing of more than {MOST_CHARACTERS:,} characters, which is not rendered",
                remedy=_remedy(),
            )


def _tree(data: bytes) -> Any:
    """Parse XML. The parser reads no other file, and its entities are bounded by expat and by the builder."""
    try:
        return _fed(data, None)
    except ElementTree.ParseError as error:
        if "invalid token" not in str(error) and "encoding" not in str(error):
            raise _no_xml(error) from error
    except (ValueError, LookupError):  # an encoding of several bytes, or one that the parser does not know
        data = _in_utf8(data)
    try:
        return _fed(data, "utf-8" if data.startswith(_IN_UTF8) else "iso-8859-1")
    except ElementTree.ParseError as error:
        raise _no_xml(error) from error


_IN_UTF8 = b"<?xml version='1.0' encoding='utf-8'?>"


def _in_utf8(data: bytes) -> bytes:
    """Return a drawing in UTF-8 whose encoding the parser does not read, such as Shift_JIS."""
    declared = _ENCODING.match(data)
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        text = data.decode(name)
    except (LookupError, UnicodeError) as error:
        what = f"cannot be read as a drawing (its text is not in the encoding {name} that it declares)"
        raise NoPictureError(what, remedy=_remedy()) from error
    return _IN_UTF8 + text.partition("?>")[2].encode()


def _fed(data: bytes, encoding: str | None) -> Any:
    parser = ElementTree.XMLParser(target=_Bounded(), encoding=encoding)
    parser.feed(data)
    return parser.close()


def _no_xml(error: ElementTree.ParseError) -> NoPictureError:
    return NoPictureError(f"cannot be read as a drawing ({error})", remedy=_remedy())


def _needs_writing(data: bytes) -> bool:
    """Return whether a drawing cannot be handed on as it is: for its encoding, or for its own entities."""
    declared = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    if b"<!ENTITY" in data or (declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")):
        return True
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return True
    return b"\x00" in data


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _clean(element: Any, references: list[str], depth: int) -> bool:
    """Take the references to other files out of one element; return whether it was changed."""
    changed = False
    kind = _local(element)
    for key in ("href", f"{{{XLINK}}}href"):
        value = element.get(key)
        if value is None or kind == LINK or value.strip().startswith("#"):
            continue
        kept = _embedded(value.strip(), depth) if kind in PICTURES else None
        if kept is None:
            references.append(value.strip())
            del element.attrib[key]
            changed = True
        elif kept != value.strip():
            element.set(key, kept)
            changed = True
    for key, value in element.attrib.items():
        if "(" in value and (clean := _without_addresses(value, references)) != value:
            element.set(key, clean)
            changed = True
    if kind == "style" and element.text:
        clean = _without_addresses(_IMPORT.sub("", element.text), references)
        if clean != element.text:
            references.extend(match.strip() for match in _IMPORT.findall(element.text))
            element.text = clean
            changed = True
    return changed


def _without_addresses(style: str, references: list[str]) -> str:
    """Return a style without the addresses of other files."""

    def replaced(match: re.Match[str]) -> str:
        address = next(filter(None, match.groups()), "").strip()
        if address.startswith(("#", "data:")):
            return match[0]
        references.append(address)
        return "none"

    return _ADDRESS.sub(replaced, style)


def _embedded(reference: str, depth: int) -> str | None:
    """Return a ``data:`` reference as it may stay; ``None`` for any other and for what is no picture."""
    head, comma, body = reference.partition(",")
    if not comma or not head.lower().startswith("data:"):
        return None
    try:
        data = unquote_to_bytes(body)
        if head.lower().rstrip().endswith(";base64"):
            data = base64.b64decode(b"".join(data.split()), validate=False)
        if is_drawing(data):
            if depth:
                return None
            inner = _parsed(_uncompressed(data), depth + 1)
            coded = base64.b64encode(inner.text.encode()).decode("ascii")
            return f"data:image/svg+xml;base64,{coded}"
        from psqe.pictures.raster import MOST_PIXELS, open_header

        picture = open_header(io.BytesIO(data))
    except (NoPictureError, ValueError, binascii.Error, zlib.error):
        return None
    return reference if picture.width * picture.height <= MOST_PIXELS else None
