"""Random changes to sound pairs of files in every form, and a verdict on what is made of the changed files.

A changed pair may be refused in one line, or be read. What is read without a word must equal what an
independent reader finds in the same files; these readers are written here, as simply as they can be.
"""

import csv
import io
import json
import random
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from cities import HEADERS, LEFT, LINKS, RIGHT, Rows, delimited, tsv
from folders import JAPE, OPENEA, RDF, SAYS, Files, Said, of_task, write

from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import PsqeError, PsqeWarning

Says = Callable[[Files], tuple[Said, Said, set[tuple[str, str]] | None]]


@dataclass(frozen=True)
class Form:
    """A sound pair of files, the name that its folder needs, and an independent reader of such files."""

    files: Files
    says: Says
    folder: str = "pair"


# ---- independent readers


def _graph_said(tables: Mapping[str, list[list[str]]]) -> Said:
    """What the tables of a side say; every entity is a candidate unless it is only a tail."""
    triples = {(h, r, t) for h, r, t in tables.get("triples", [])}
    attributes = {(e, a, v.strip() or None) for e, a, v in tables.get("attributes", [])}
    named = {e for e, name in tables.get("names", []) if name.strip()}
    described = (
        {h for h, _, _ in triples} | {e for e, _, _ in attributes} | {e for e, _ in tables.get("names", [])}
    )
    entities = described | {t for _, _, t in triples}
    return {
        "entities": entities,
        "candidates": described if named or "names" in tables else entities,
        "triples": triples,
        "attributes": attributes,
        "images": {},
    }


def _words(cells: list[str]) -> tuple[str, ...]:
    """Return the cells in small letters without blanks and signs, as a header may be written."""
    return tuple("".join(c for c in cell.lower() if c.isalnum()) for cell in cells)


def _csv_says(delimiter: str, encoding: str, ending: str) -> Says:
    widths = {"triples": 3, "attributes": 3, "names": 2, "links": 2}

    def says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
        tables: dict[str, list[list[str]]] = {}
        for name, content in files.items():
            text = content.decode(encoding).removeprefix("\ufeff")
            rows = [
                row
                for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
                if row
            ]
            table = name.rpartition("/")[2].removesuffix(ending)
            if any(len(row) != widths[table] for row in rows):
                raise ValueError("a row of another width")
            first = 1 if rows and _words(rows[0]) == HEADERS[table] else 0
            tables[name.removesuffix(ending)] = rows[first:]
        left, right = (
            _graph_said({key.partition("/")[2]: rows for key, rows in tables.items() if key.startswith(side)})
            for side in ("left/", "right/")
        )
        links = {(a, b) for a, b in tables["links"]} if "links" in tables else None
        return left, right, links

    return says


BASE = "folder:///"
"""Relative IRIs are identifiers as they are written."""

SAME = "http://www.w3.org/2002/07/owl#sameAs"
NAME = "http://www.w3.org/2000/01/rdf-schema#label"


def _rdf_says(ending: str, kind: Any) -> Says:
    def says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
        sides = []
        for side in ("left", "right"):
            triples, attributes, subjects = set(), set(), set()
            for q in ox.parse(files[side + ending], kind, base_iri=BASE):
                if isinstance(q.subject, ox.BlankNode) or isinstance(q.object, ox.BlankNode | ox.Triple):
                    raise ValueError("a blank node")
                subject, predicate, value = (
                    term.value.removeprefix(BASE) for term in (q.subject, q.predicate, q.object)
                )
                subjects.add(subject)
                if isinstance(q.object, ox.NamedNode):
                    triples.add((subject, predicate, value))
                elif predicate != NAME:
                    attributes.add((subject, predicate, value.strip() or None))
            sides.append(
                {
                    "entities": subjects | {t for _, _, t in triples},
                    "candidates": subjects,
                    "triples": triples,
                    "attributes": attributes,
                    "images": {},
                }
            )
        links = {
            (q.subject.value, q.object.value) for q in ox.parse(files["links.nt"], ox.RdfFormat.N_TRIPLES)
        }
        turned = {(a, b) if a in sides[0]["entities"] else (b, a) for a, b in links}
        return sides[0], sides[1], turned

    return says


# ---- the forms


def _tables(write_rows: Callable[[Rows], bytes], ending: str) -> Files:
    files = {
        f"{side}/{table}{ending}": write_rows([HEADERS[table], *rows])
        for side, tables in (("left", LEFT), ("right", RIGHT))
        for table, rows in tables.items()
    }
    return {**files, f"links{ending}": write_rows([HEADERS["links"], *LINKS])}


def _quads(tables: Mapping[str, Rows], base: str) -> list[Any]:
    """The statements of one side."""

    def node(text: str) -> Any:
        return ox.NamedNode(base + "".join(c if c.isascii() and c.isalnum() else "_" for c in text))

    rows = [ox.Quad(node(h), node(r), node(t)) for h, r, t in tables["triples"]]
    rows += [ox.Quad(node(e), node(a), ox.Literal(v)) for e, a, v in tables["attributes"]]
    return [*rows, *(ox.Quad(node(e), ox.NamedNode(NAME), ox.Literal(n)) for e, n in tables["names"])]


def _statements(ending: str, kind: Any) -> Files:
    def told(quads: list[Any]) -> bytes:
        stream = io.BytesIO()
        ox.serialize(quads if kind.supports_datasets else [q.triple for q in quads], stream, kind)
        return stream.getvalue()

    links = "".join(f"<http://l.example/{a}> <{SAME}> <http://r.example/{b}> .\n" for a, b in LINKS).encode()
    return {
        f"left{ending}": told(_quads(LEFT, "http://l.example/")),
        f"right{ending}": told(_quads(RIGHT, "http://r.example/")),
        "links.nt": links,
    }


_FORMATS = {
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".ttl": ox.RdfFormat.TURTLE,
    ".nq": ox.RdfFormat.N_QUADS,
    ".trig": ox.RdfFormat.TRIG,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".n3": ox.RdfFormat.N3,
}
_DIALECTS = {
    "tsv": (tsv, "\t", "utf-8", ".tsv"),
    "csv": (delimited(","), ",", "utf-8", ".csv"),
    "quoted csv": (delimited(",", quote_all=True), ",", "utf-8", ".csv"),
    "semicolons": (delimited(";"), ";", "utf-8", ".csv"),
    "utf-16": (delimited("\t", encoding="utf-16"), "\t", "utf-16", ".tsv"),
}
FORMS: dict[str, Form] = {
    "jape": Form(JAPE, SAYS["jape"], "zh_en"),
    "openea": Form(OPENEA, SAYS["openea"]),
    "statements": Form(RDF, SAYS["rdf"]),
    **{
        name: Form(_tables(write_rows, ending), _csv_says(delimiter, encoding, ending))
        for name, (write_rows, delimiter, encoding, ending) in _DIALECTS.items()
    },
    **{
        f"rdf{ending}": Form(_statements(ending, kind), _rdf_says(ending, kind))
        for ending, kind in _FORMATS.items()
    },
}

# ---- the changes

HOSTILE = [
    b"", b"\t", b'"', b"'", b"\\", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\n", b",", b";", b"|", b"<",
    b">", b"nan", b"NULL", b"#N/A", b"0", b"1e400", b"-1", b"007", b"100.0", b"_:", b"<a", b"@en", b"^^<x>",
    b"&lt;", b"<!DOCTYPE x>", b"{", b"[", b"]}", b"../..", b"/etc/passwd", b"x" * 5000,
    *(text.encode() for text in ("\u00e9", "e\u0301", "\u200b", "\u202e")),
]  # fmt: skip


def changed(files: Files, rng: random.Random) -> tuple[Files, str]:
    """Return the files with one to three random changes, and the changes in words."""
    files, told = dict(files), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(sorted(files))
        content = files[name]
        kind = rng.choice(("bytes", "hostile", "line", "cell", "file", "truncate", "spelling"))
        told.append(f"{kind} of {name}")
        place = rng.randrange(len(content) + 1)
        lines = content.split(b"\n")
        if kind == "bytes":
            changes = bytes(rng.randrange(256) for _ in range(rng.choice((1, 1, 2, 4))))
            content = content[:place] + changes + content[place + rng.choice((0, 1, len(changes))) :]
        elif kind == "hostile":
            content = content[:place] + rng.choice(HOSTILE) + content[place + rng.choice((0, 0, 1, 5)) :]
        elif kind == "line":
            at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
            how = rng.choice(("delete", "double", "swap", "shuffle", "blank"))
            if how == "delete":
                del lines[at]
            elif how == "double":
                lines.insert(at, lines[other])
            elif how == "swap":
                lines[at], lines[other] = lines[other], lines[at]
            elif how == "shuffle":
                rng.shuffle(lines)
            else:
                lines.insert(at, b"")
            content = b"\n".join(lines)
        elif kind == "cell":
            delimiter = rng.choice((b"\t", b",", b" ", b";"))
            at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
            cells, cells_there = lines[at].split(delimiter), lines[other].split(delimiter)
            cells[rng.randrange(len(cells))] = rng.choice((rng.choice(cells_there), rng.choice(HOSTILE)))
            lines[at] = delimiter.join(cells)
            content = b"\n".join(lines)
        elif kind == "file":
            other_name = rng.choice(sorted(files))
            how = rng.choice(("delete", "empty", "swap", "copy"))
            told[-1] += f": {how}"
            if how == "delete":
                files.pop(name)
                continue
            if how == "swap":
                files[name], files[other_name] = files[other_name], files[name]
                continue
            content = b"" if how == "empty" else files[other_name]
        elif kind == "truncate":
            content = content[:place]
        else:
            text = content.decode("utf-8", "surrogateescape")
            how = rng.choice(
                (
                    str.upper,
                    str.lower,
                    lambda t: unicodedata.normalize("NFD", t),
                    lambda t: t.replace("e", "e ", 1),
                )
            )
            at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
            content = (text[:at] + how(text[at : min(to, at + 40)]) + text[min(to, at + 40) :]).encode(
                "utf-8", "surrogateescape"
            )
        files[name] = content
        if not files:
            break
    return files, ", ".join(told)


# ---- the verdict


def _plain(said: tuple[Said, Said, set[tuple[str, str]] | None]) -> Any:
    """Put what is said in one form, in which composed and decomposed letters are the same."""

    def listed(values: Any) -> list[Any]:
        return sorted((list(v) if isinstance(v, tuple) else v for v in values), key=repr)

    sides = [
        {key: dict(sorted(v.items())) if isinstance(v, dict) else listed(v) for key, v in side.items()}
        for side in said[:2]
    ]
    links = None if said[2] is None else listed(said[2])
    return json.loads(unicodedata.normalize("NFC", json.dumps([*sides, links], ensure_ascii=False)))


def verdict(form: Form, files: Files, folder: Path) -> str:
    """Read the files and say what came of it.

    Returns ``refused``, ``told`` (read with a warning), ``equal``, ``skipped`` where the independent reader
    cannot read the files, or a sentence that begins with ``FAULT``.
    """
    write(folder, files)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            task = read_in_order(folder)
        except PsqeError as error:
            message = str(error)
            if "\n" in message or not error.remedy:
                return f"FAULT: {message!r} is not one line with a remedy"
            return "refused"
        except Exception as error:
            return f"FAULT: {type(error).__name__}: {error}"
    others = [w for w in caught if not issubclass(w.category, PsqeWarning)]
    if others:
        return f"FAULT: warning {others[0].message}"
    if task is None:
        return "FAULT: neither a task nor a fault"
    if caught:
        return "told"
    try:
        faults = check_folder(folder)
    except PsqeError as error:
        return f"FAULT: the check refuses what is read: {error}"
    if any("the image" not in str(fault) and ".png" not in str(fault) for fault in faults.shown):
        return f"FAULT: the check finds what reading does not tell: {faults.shown[0]}"
    try:
        said = form.says(files)
        expected = _plain(said)
    except Exception as error:  # the simple readers cannot read every file
        return f"skipped {type(error).__name__}"
    found = _plain(of_task(task, folder))
    if found == expected:
        return "equal"

    def both(one: Any, two: Any) -> list[tuple[Any, Any]]:
        return [(one, two), (two, one)]

    parts = [
        f"{side} {key}: {[[x for x in one if x not in two][:2] for one, two in both(a[key], b[key])]}"
        for side, a, b in zip(("left", "right"), found, expected, strict=False)
        for key in a
        if a[key] != b[key]
    ]
    return f"FAULT: what is read differs from the files: {'; '.join(parts) or 'links'}"
