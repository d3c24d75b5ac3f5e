"""Repairs of text that is nearly RDF, where what was meant is plain."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import IO

from psqe.datasets.rdf.vocabulary import PREFIXES

CHUNK = 1 << 18
_TAG = re.compile(rb"(?<=[\"']@)[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]+)*_[A-Za-z0-9_-]*")
_NO_TAG = re.compile(rb"(?<=[\"'])@(?=\s*[.;,\])])")
_ID = re.compile(rb"""(?<=\s)rdf:ID(\s*=\s*["'])""")
_ESCAPE = re.compile(
    rb"\\(?:(?P<good>u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[tbnrf\"'\\~.\-!$&()*+,;=/?#@%_])|(?P<bad>.|\Z))",
    re.DOTALL,
)
_ENTITY = re.compile(rb"&(?:(#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z][\w.-]*);)?")
_LITERAL = re.compile(
    rb"(\s*(?:<[^>]*>|_:\S+)\s*<[^>]*>\s*\")(.*)(\"(?:@[A-Za-z0-9_-]+|\^\^<[^>]*>)?\s*(?:<[^>]*>|_:\S+)?\s*\.?\s*)",
    re.DOTALL,
)


def repaired(text: bytes) -> bytes:
    r"""Return a piece of N-Triples, Turtle or N3 as it was meant.

    Bytes that are not UTF-8 become U+FFFD, underscores in language tags become hyphens, an empty
    tag is no tag, and a backslash before a character that it cannot escape stands for itself.

    Examples
    --------
    >>> repaired(b'"C:\\games"@en_GB').decode()
    '"C:\\\\games"@en-GB'
    """
    text = text.decode("utf-8", "replace").encode()
    text = _NO_TAG.sub(b"", text)
    text = _TAG.sub(lambda tag: tag[0].replace(b"_", b"-").strip(b"-"), text)
    return _ESCAPE.sub(lambda pair: pair[0] if pair["good"] else b"\\\\" + pair["bad"], text)


def with_quotes_escaped(line: bytes) -> bytes:
    r"""Return a line of N-Triples whose literal has quotes in it, with a backslash before each of them.

    Examples
    --------
    >>> with_quotes_escaped(b'<a:a> <a:p> "the "old" town"@en .').decode()
    '<a:a> <a:p> "the \\"old\\" town"@en .'
    """
    parts = _LITERAL.fullmatch(line)
    if not parts:
        return line
    inside = re.sub(rb"(\\.)|\"", lambda match: match[1] or b'\\"', parts[2], flags=re.DOTALL)
    return parts[1] + inside + parts[3]


def repaired_text(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the chunks of a stream of Turtle, TriG or N3, each as :func:`repaired` says.

    Before them come the usual prefixes, which the text itself may declare otherwise.
    """
    yield "".join(f"@prefix {prefix}: <{space}> . " for prefix, space in PREFIXES.items()).encode()
    rest = b""
    while chunk := stream.read(CHUNK):
        rest += chunk
        cut = rest.rfind(b"\n") + 1
        if cut or len(rest) > 16 * CHUNK:
            cut = cut or len(rest)
            yield repaired(rest[:cut])
            rest = rest[cut:]
    yield repaired(rest)


def repaired_xml(stream: IO[bytes], declared: set[str]) -> Iterator[bytes]:
    """Yield the chunks of a stream of XML, each as it was meant.

    Bytes that are not UTF-8 become U+FFFD, control characters are left out, an ampersand that begins no
    entity is escaped, the entities of HTML become characters, and an ``rdf:ID`` may be any text.

    Parameters
    ----------
    stream
        The stream.
    declared
        Names of the entities that the document declares.
    """
    keep = {name.encode() for name in declared} | {b"amp", b"lt", b"gt", b"quot", b"apos"}

    def meant(entity: re.Match[bytes]) -> bytes:
        name = entity[1]
        if name is not None and (name in keep or name.startswith(b"#")):
            return entity[0]
        text = html.unescape(entity[0].decode()) if name is not None else "&"
        return text.encode() if not text.startswith("&") else b"&amp;" + entity[0][1:]

    rest = b""
    while chunk := stream.read(CHUNK):
        rest += chunk
        cut = max(rest.rfind(b"\n"), rest.rfind(b">")) + 1
        if cut or len(rest) > 16 * CHUNK:
            cut = cut or len(rest)
            yield _ID.sub(rb"rdf:about\1#", _ENTITY.sub(meant, _clean(rest[:cut])))
            rest = rest[cut:]
    yield _ID.sub(rb"rdf:about\1#", _ENTITY.sub(meant, _clean(rest)))


def _clean(text: bytes) -> bytes:
    return re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", text.decode("utf-8", "replace").encode())
