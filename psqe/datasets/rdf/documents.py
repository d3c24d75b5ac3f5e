"""Checks of whole documents in XML and JSON, before a parser for RDF sees them.

They find what is not well-formed, with its line, and what would cost more than the file is worth: nesting
without end, and entities of XML that grow or that fetch another file.
"""

from __future__ import annotations

import json
import re
from typing import IO, Any
from xml.parsers import expat

CHUNK = 1 << 18
MAX_DEPTH = 500
"""How deep a document may be nested."""
MAX_ENTITY = 4096
"""The greatest length of an entity of XML once it is expanded; those of ontologies are namespaces."""

SCHEMA = re.compile(r"(?:https?:)?(?://)?(?:www\.)?schema\.org/?(?:docs/jsonldcontext\.json(?:ld)?)?")
SCHEMA_CONTEXT = {
    "@vocab": "http://schema.org/",
    "id": "@id",
    "type": "@type",
    "sameAs": {"@type": "@id"},
    "url": {"@type": "@id"},
}
"""What the context of schema.org says that matters here; nearly all web pages with JSON-LD name it."""


class DocumentError(ValueError):
    """A document that cannot be read: what is wrong, the line where there is one, and what to do."""

    def __init__(self, what: str, remedy: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, line


class _XmlCheck:
    """The handlers of expat, which count depth and measure entities."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity
        self.depth = 0
        self.entities: dict[str, int] = {}

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DocumentError(
                f"nests more than {MAX_DEPTH} elements",
                "write the statements as N-Triples or Turtle",
                self.parser.CurrentLineNumber,
            )

    def _end(self, _name: str) -> None:
        self.depth -= 1

    def _entity(
        self, name: str, _parameter: int, value: str | None, _base: Any, _system: Any, _public: Any, _of: Any
    ) -> None:
        line = self.parser.CurrentLineNumber
        if value is None:
            raise DocumentError(
                f"has the entity {name!r}, which would fetch another file",
                "delete its declaration, and write what it stands for in its place",
                line,
            )
        inner = sum(self.entities.get(found, 0) for found in re.findall(r"&([\w.-]+);", value))
        self.entities[name] = len(re.sub(r"&[\w.-]+;", "", value)) + inner
        if self.entities[name] > MAX_ENTITY:
            raise DocumentError(
                f"has the entity {name!r}, which grows to {self.entities[name]:,} characters",
                "delete its declaration, and write what it stands for in its place",
                line,
            )


def check_xml(stream: IO[bytes]) -> set[str]:
    """Check a document in XML.

    Parameters
    ----------
    stream
        The document, in UTF-8.

    Returns
    -------
    set of str
        Names of the entities that it declares.

    Raises
    ------
    DocumentError
        If the document is not well-formed, nests more than :data:`MAX_DEPTH` elements, or has an entity of
        another file or of more than :data:`MAX_ENTITY` characters.

    Examples
    --------
    >>> import io
    >>> check_xml(io.BytesIO(b"<!DOCTYPE r [<!ENTITY owl 'http://owl#'>]><r>&owl;a</r>"))
    {'owl'}
    """
    check = _XmlCheck()
    try:
        while chunk := stream.read(CHUNK):
            check.parser.Parse(chunk, False)
        check.parser.Parse(b"", True)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise MalformedXmlError(what, error.lineno, set(check.entities)) from error
    return set(check.entities)


class MalformedXmlError(DocumentError):
    """XML that is not well-formed."""

    def __init__(self, what: str, line: int, entities: set[str]) -> None:
        super().__init__(f"is no well-formed XML: {what}", "correct it, or write the file again", line)
        self.entities = entities


def check_json(text: bytes) -> bytes:
    """Check a document in JSON-LD, and write the context of schema.org into it where it names that.

    Returns
    -------
    bytes
        The document: the same text, unless it names the context of schema.org.

    Raises
    ------
    DocumentError
        If the text is no JSON, nests more than :data:`MAX_DEPTH` values, has another context on the web or
        in a file, or names no entity.

    Examples
    --------
    >>> text = b'{"@id": "http://a.example/rome", "http://a.example/name": "Rome"}'
    >>> check_json(text) == text
    True
    """
    remedy = "correct it, or write the file again"
    try:
        document = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            remedy = (
                "if each line is a document, join them: [ before the first, commas between, ] after the last"
            )
        raise DocumentError(f"is no JSON: {error.msg}", remedy, error.lineno) from error
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise DocumentError("is not UTF-8", "save the file as UTF-8", line) from error
    keys: set[str] = set()
    changed = False
    level = [document]
    for _ in range(MAX_DEPTH):
        for value in level:
            if isinstance(value, dict):
                keys |= {key for key in value if key.startswith("@")}
                changed |= _put_context(value)
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            break
    else:
        raise _too_deep()
    if not keys & {"@id", "@context", "@graph"}:
        raise DocumentError(
            "is JSON, but no JSON-LD: nothing in it has an @id",
            "write it as a table, with one row for each entity, or give its objects an @id",
        )
    return json.dumps(document).encode() if changed else text


def _too_deep() -> DocumentError:
    return DocumentError(f"nests more than {MAX_DEPTH} values", "write the statements as N-Triples or Turtle")


def _put_context(node: dict[str, Any]) -> bool:
    """Put the context of schema.org in the place of its address, and return whether a node names it.

    Any other address is a fault.
    """
    context = node.get("@context")
    parts = context if isinstance(context, list) else [context]
    known = [SCHEMA_CONTEXT if isinstance(p, str) and SCHEMA.fullmatch(p) else p for p in parts]
    for part in known:
        remote = part.get("@import") if isinstance(part, dict) else part
        if isinstance(remote, str):
            raise DocumentError(
                f"has the context {remote}, and contexts are never fetched",
                'write the content of the context into the file in its place, such as {"@vocab": '
                '"https://schema.org/"}, or write the statements as N-Triples',
            )
    if known == parts:
        return False
    node["@context"] = known
    return True
