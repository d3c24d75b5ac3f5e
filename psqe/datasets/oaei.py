"""Reader of the alignment format of OAEI, the XML that tools for matching ontologies exchange.

An alignment has cells, each with ``entity1``, ``entity2``, ``relation`` and ``measure``
(J. David, J. Euzenat, F. Scharffe, C. Trojahn, "The Alignment API 4.0", Semantic Web 2(1), 2011). Tools write
different namespaces, so that only the last parts of the names of elements count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urljoin
from xml.parsers.expat import XML_PARAM_ENTITY_PARSING_NEVER
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException, ExternalReferenceForbidden
from defusedxml.expatreader import DefusedExpatParser

from psqe.datasets.faults import Faults

SAME = frozenset(
    {"", "=", "==", "eq", "equiv", "equivalence", "equivalent", "equivrelation", "equivalentclass",
     "equivalentproperty", "exactmatch", "sameas", "\u2261"}
)  # fmt: skip
"""What is written for two entities that are the same, without its namespace, prefix or package. A cell
without a relation says it, too."""

EXPRESSION = "an expression in the place of an entity"
"""What a cell says whose entity is made of several, as EDOAL does it."""

_BLOCK = 1 << 16
_LONGEST_REFERENCE = 128
_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);|#)[\w.:-]+;")
"""A reference to an entity that a document has to declare."""


_XML = re.compile(rb"\s*<(\?xml|!|([\w.-]+:)?(rdf|alignment)[\s>])", re.IGNORECASE)
_ALIGNMENT = re.compile(rb"heterogeneity/alignment|<([\w.-]+:)?(alignment|entity1)[\s>/]", re.IGNORECASE)


def looks_like_alignment(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of the alignment format.

    Examples
    --------
    >>> looks_like_alignment(b"<rdf:RDF><align:Alignment>"), looks_like_alignment(b"<http://x> <http://y>")
    (True, False)
    """
    return _XML.match(head) is not None and _ALIGNMENT.search(head) is not None


class _Cells(ContentHandler):
    """The handler of the parser: gathers the cells that are complete, with their lines."""

    def __init__(self, line: Callable[[], int]) -> None:
        super().__init__()
        self._line_now = line
        self.cells: list[tuple[int, dict[str, str]]] = []
        self.base: list[str] = [""]
        self._cell: dict[str, str] | None = None
        self._line = 0
        self._part = ""
        self._depth = 0
        self._text: list[str] = []

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - called so by SAX
        local = _local(name)
        given = {_local(key): value for key, value in attrs.items()}
        self.base.append(urljoin(self.base[-1], given.get("base", "")))
        if local == "cell":
            self._cell, self._part = {}, ""
            self._line = self._line_now()
        elif self._cell is not None:
            known = local in ("entity1", "entity2", "relation", "measure") and local not in self._cell
            if known and not self._part:  # EDOAL has an element Relation in the place of an entity
                self._part, self._text, self._depth = local, [], 0
            else:
                self._depth += bool(self._part)
            named = given.get("resource", given.get("about"))
            if named is not None and self._part.startswith("entity"):
                self._name(urljoin(self.base[-1], named) if self.base[-1] else named, self._cell)

    def _name(self, entity: str, cell: dict[str, str]) -> None:
        """Take the entity of an element that is the part of the cell, or is in it.

        Further names, and names deeper inside, are of the parts of an expression.
        """
        if self._depth < 2 and cell.setdefault(self._part, entity) == entity:
            return
        if self._depth < 2 or self._part not in cell:
            cell["expression"] = self._part

    def characters(self, content: str) -> None:
        if self._part:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - called so by SAX
        self.base.pop()
        local = _local(name)
        if local == "cell" and self._cell is not None:
            self.cells.append((self._line, self._cell))
            self._cell = None
        elif self._cell is not None and self._part and self._depth:
            self._depth -= 1
        elif self._cell is not None and local == self._part:
            self._cell.setdefault(local, "".join(self._text).strip())
            self._part = ""


class _Parser(DefusedExpatParser):  # type: ignore[misc]  # defusedxml has no types
    """A parser that never reads another file, and knows whether the document names one with declarations."""

    def __init__(self) -> None:
        self.external = False
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self._parser.SetParamEntityParsing(XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartDoctypeDeclHandler = self._see_doctype
        self._parser.EntityDeclHandler = self._see_entity

    def _see_doctype(self, _name: str, system: str | None, _public: str | None, _inside: bool) -> None:
        self.external |= system is not None

    def _see_entity(self, _name: str, is_parameter: bool, *_: object) -> None:
        self.external |= bool(is_parameter)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def alignment_cells(stream: IO[bytes], path: Path, faults: Faults) -> Iterator[tuple[int, str, str]]:
    """Yield the line and both entities of each cell that says that two entities are the same.

    Parameters
    ----------
    stream
        The content, decompressed.
    path
        The file, for messages.
    faults
        Receives XML that is broken or refers to other files, and cells without an entity. A note counts the
        cells with another relation, with the measure 0, or with an expression in the place of an entity.
    """
    others = Counter[str]()
    parser = _Parser()
    handler = _Cells(parser.getLineNumber)
    parser.forbid_entities = False  # Namespaces are often entities; expat limits how far they expand.
    parser.setContentHandler(handler)
    last = b""
    try:
        while True:
            block = stream.read(_BLOCK)
            if block:
                parser.feed(block)
                if parser.external and _REFERENCE.search(last + block):
                    raise ExternalReferenceForbidden(None, None, None, None)  # what it means is not here
                last = block[-_LONGEST_REFERENCE:]
            else:
                parser.close()
            for line, cell in handler.cells:
                if says_same(cell, others):
                    if cell.get("entity1") and cell.get("entity2"):
                        yield line, cell["entity1"], cell["entity2"]
                    else:
                        faults.add(
                            "a cell does not name two entities", path=path, line=line,
                            remedy="give entity1 and entity2 the attribute rdf:resource, or delete the cell",
                        )  # fmt: skip
            handler.cells.clear()
            if not block:
                break
    except SAXParseException as error:
        faults.add(
            f"is broken XML ({error.getMessage()})", path=path, line=error.getLineNumber(),
            remedy="correct this line; the rest was not read",
        )  # fmt: skip
    except (SAXException, DefusedXmlException):
        faults.add(
            "refers to another file by an entity", path=path,
            remedy="write out what its entities stand for, and delete its DOCTYPE",
        )  # fmt: skip
    tell_other_cells(others, path, faults)


def tell_other_cells(others: Counter[str], path: Path, faults: Faults) -> None:
    """Tell how many cells of a file say something else than that two entities are the same."""
    if others:
        counts = ", ".join(f"{n:,} with {what}" for what, n in others.most_common())
        faults.note(
            f"cells that do not say that two entities are the same, and are no links: {counts}",
            path=path,
            remedy="write the relation = and a measure above 0 into those that are links",
        )


def says_same(cell: Mapping[str, str], others: Counter[str]) -> bool:
    """Return whether a cell is a link; otherwise count in ``others`` what it says instead.

    Parameters
    ----------
    cell
        Its ``relation`` and its ``measure``, as far as it has them, and ``expression`` if an entity is one.
    others
        Counts what cells say that are no links.
    """
    relation = cell.get("relation", "")
    if "expression" in cell:
        others[EXPRESSION] += 1
        return False
    if re.split("[.#/:]", relation)[-1].strip().lower() not in SAME:
        others[f"the relation {relation}"] += 1
        return False
    try:
        measure = float(cell.get("measure") or 1)
    except ValueError:
        measure = 1.0
    if measure <= 0:
        others["a measure of 0"] += 1
        return False
    return True
