"""The format of an RDF file: what its first kilobytes are, and its ending where these leave a choice."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox

from psqe.errors import DataError

FORMATS = {
    ".nt": "lines",
    ".ntriples": "lines",
    ".nq": "lines",
    ".nquads": "lines",
    ".ttl": "turtle",
    ".turtle": "turtle",
    ".trig": "turtle",
    ".n3": "n3",
    ".rdf": "xml",
    ".owl": "xml",
    ".rdfs": "xml",
    ".xml": "xml",
    ".jsonld": "json",
    ".json": "json",
}
"""What each ending promises; ``lines`` are N-Triples and N-Quads, and TriG is Turtle with named graphs."""

COMPRESSIONS = ("", ".gz", ".bz2", ".xz", ".zst")
SUFFIXES = tuple(f"{ending}{packed}" for ending in FORMATS for packed in COMPRESSIONS)
"""Every ending of an RDF file."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar")
"""Endings of archives, which hold any number of files: the user must unpack them."""

PARSERS = {
    "lines": ox.RdfFormat.N_QUADS,
    "turtle": ox.RdfFormat.TRIG,
    "n3": ox.RdfFormat.N3,
    "xml": ox.RdfFormat.RDF_XML,
    "json": ox.RdfFormat.JSON_LD,
}
"""The parser of each format. N-Quads and TriG are N-Triples and Turtle with named graphs."""

HEAD = 1 << 16
"""Number of bytes that decide."""

_TERM = r"(?:<[^>]*>|_:\S+)"
_LINE = re.compile(rf"\s*{_TERM}\s*<[^>]*>\s*(?:{_TERM}|\".*\"\S*)\s*(?P<graph>{_TERM})?\s*\.\s*(?:#.*)?")
_DIRECTIVE = re.compile(
    r"^\s*(?:@prefix|@base|@keywords|prefix\s+[^\s:]*:|base\s+<)", re.IGNORECASE | re.MULTILINE
)
_GOES_ON = re.compile(
    rf"^\s*(?:{_TERM}\s*)?<[^>]*>\s*(?:{_TERM}|\".*\"\S*)\s*[;,]\s*$|^\s*{_TERM}\s*\{{\s*$", re.MULTILINE
)
_XML = re.compile(r"\s*(?:<\?xml|<!DOCTYPE|<!--|<(?:[\w.-]+:)?[\w.-]+\s[^>]*xmlns|<html)", re.IGNORECASE)
_JSON = re.compile(r"\s*(?:\{\s*\"|\[\s*[{\"])")
_SAVED = "save it as Turtle or RDF/XML first, in Protégé or with ROBOT"
_NO_RDF: tuple[tuple[str, str, str], ...] = (
    (r"\s*(?:<!doctype html|<html)", "is a web page, not RDF", "download the data that the page speaks of"),
    (r"version https://git-lfs", "is only the pointer of a file in Git LFS", "run git lfs pull"),
    (r"\s*format-version:", "is in the OBO format, not RDF", _SAVED),
    (r"\s*(?:Prefix|Ontology)\s*\(", "is in OWL's functional syntax, not RDF", _SAVED),
    (r"\s*(?:Prefix|Ontology):", "is in OWL's Manchester syntax, not RDF", _SAVED),
    (r"\$HDT", "is HDT", "write its statements as N-Triples first: hdt2rdf FILE FILE.nt"),
)
_NO_RDF_XML: tuple[tuple[str, str, str], ...] = (
    (r"(?:\w+:)?Ontology\b(?![^>]*\brdf:about)(?=[^>]*owl#)", "is OWL/XML, not RDF", _SAVED),
    (r"(?:html|svg)\b", "is a web page or a picture, not RDF", "download the data themselves"),
    (r"sparql\b", "holds the results of a SPARQL query", "let a CONSTRUCT query write N-Triples"),
    (r"(?:\w+:)?graphml\b", "is GraphML, not RDF", "write its edges as N-Triples"),
)
_ROOT = re.compile(r"(?:\s|<\?[^>]*\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*<", re.DOTALL)


def archive_remedy(part: str) -> str:
    """Return what to do about an archive in the place of a file of RDF."""
    return f"unpack it, and call the file in it {part}.nt, {part}.ttl or {part}.rdf, according to its format"


def format_of(head: bytes, path: Path) -> str:
    """Return the format of a file, one of the keys of :data:`PARSERS`.

    Parameters
    ----------
    head
        The first :data:`HEAD` bytes of the file, in UTF-8 and not compressed.
    path
        The file, whose ending decides where several formats fit.

    Returns
    -------
    str
        The format.

    Raises
    ------
    DataError
        If the file is certainly no RDF: an archive, a web page, a form of OWL that is no RDF, binary data.

    Examples
    --------
    >>> format_of(b"@prefix a: <http://a/> . a:b a a:C .", Path("left.owl"))
    'turtle'
    """
    if head.startswith((b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!")) or head[257:262] == b"ustar":
        raise DataError("is an archive", path=path, remedy=archive_remedy(path.name.partition(".")[0]))
    if b"\0" in head:
        raise DataError("is binary, not RDF", path=path, remedy="write the statements as N-Triples or Turtle")
    text = head.decode("utf-8", "replace")
    for pattern, what, remedy in _NO_RDF:
        if re.match(pattern, text, re.IGNORECASE):
            raise DataError(what, path=path, remedy=remedy)
    if _XML.match(text):
        root = _ROOT.match(text)
        for pattern, what, remedy in _NO_RDF_XML:
            if root and re.compile(pattern).match(text, root.end()):
                raise DataError(what, path=path, remedy=remedy)
        return "xml"
    promised = next((FORMATS[s] for s in map(str.lower, path.suffixes[::-1]) if s in FORMATS), "turtle")
    if _JSON.match(text) or (promised == "json" and text.lstrip()[:1] in ("{", "[")):
        return "json"
    directive = _DIRECTIVE.search(text)
    if promised == "n3":
        return "n3"
    lines = _lines(text)
    if promised == "lines":
        return "turtle" if directive or _GOES_ON.search(text) else "lines"
    a_line_each = not directive and lines and all(lines)
    with_graphs = any(line and line["graph"] for line in lines)
    return "lines" if a_line_each and (promised != "turtle" or with_graphs) else "turtle"


def _lines(text: str) -> list[re.Match[str] | None]:
    """Return for every whole line whether it is a statement of its own, without blank lines and comments."""
    lines = text.split("\n")
    if len(text) >= HEAD // 2 and len(lines) > 1:
        lines.pop()
    said = (line.strip() for line in lines)
    return [_LINE.fullmatch(line) for line in said if line and not line.startswith("#")]
