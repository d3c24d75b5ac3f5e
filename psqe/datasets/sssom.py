"""Reader of SSSOM, the Simple Standard for Sharing Ontological Mappings, in tables.

A table may begin with lines that start with ``#`` and hold YAML; ``curie_map`` in it says what the prefixes
of identifiers stand for. The columns that count are ``subject_id``, ``predicate_id``, ``predicate_modifier``
and ``object_id``. Source: https://mapping-commons.github.io/sssom
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import yaml

from psqe.datasets.faults import Faults

SAME = frozenset(
    {"skos:exactMatch", "owl:sameAs", "owl:equivalentClass", "owl:equivalentProperty", "schema:sameAs"}
)
"""The predicates of a mapping that says that two entities are the same."""

NOTHING_FOUND = "sssom:NoTermFound"
"""What stands for an entity where a curator found none."""

PREFIXES = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sssom": "https://w3id.org/sssom/",
    "schema": "http://schema.org/",
}
"""The prefixes that a table need not declare."""

OBO = re.compile(r"[A-Za-z]+:\d{7,8}")
"""Identifiers of OBO ontologies, whose prefixes tables often leave undeclared."""

_LONGEST_HEADER = 1 << 20


def looks_like_sssom(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of an SSSOM table."""
    for line in head.decode("utf-8-sig", errors="replace").splitlines():
        if not line.startswith("#"):
            return {"subject_id", "object_id"} <= _columns(line)
    return False


def _columns(line: str) -> set[str]:
    separator = "\t" if "\t" in line else ","
    return {cell.strip().strip('"') for cell in line.split(separator)}


class Curies:
    """The full identifiers that abbreviated ones stand for.

    Examples
    --------
    >>> Curies({"ex": "http://example.org/"}).expanded("ex:a")
    'http://example.org/a'
    """

    def __init__(self, prefixes: dict[str, str]) -> None:
        self._prefixes = {**PREFIXES, **prefixes}

    def expanded(self, identifier: str) -> str:
        """Return the identifier in full; an identifier without a known prefix stays as it is.

        A prefix of the OBO ontologies needs no declaration: ``GO:0008150`` has one form in full.
        """
        prefix, colon, rest = identifier.partition(":")
        if colon and not rest.startswith("//") and prefix in self._prefixes:
            return self._prefixes[prefix] + rest
        if OBO.fullmatch(identifier):
            return f"http://purl.obolibrary.org/obo/{prefix}_{rest}"
        return identifier


def sssom_mappings(
    stream: IO[bytes], path: Path, faults: Faults
) -> Iterator[tuple[int, tuple[str, str], tuple[str, str]]]:
    """Yield the line and both entities of each mapping that says that two entities are the same.

    An entity is a pair: the identifier as it is written, and in full.

    Parameters
    ----------
    stream
        The content, decompressed.
    path
        The file, for messages.
    faults
        Receives a header that is no YAML, text that is not UTF-8, rows of another length and rows without an
        entity. A note counts mappings with another predicate.
    """
    others: Counter[str] = Counter()
    try:
        lines = (line.decode("utf-8") for line in stream)
        header, first, n_header = _header(lines)
        curies = _curies(header or _beside(path), path, faults)
        columns = next(csv.reader([first], delimiter="\t" if "\t" in first else ","))
        columns = [column.strip() for column in columns]
        rows = csv.reader(lines, delimiter="\t" if "\t" in first else ",")
        for cells in rows:
            line = n_header + rows.line_num
            if not any(cell.strip() for cell in cells) or (cells[0].startswith("#") and len(cells) == 1):
                continue
            if len(cells) != len(columns):
                faults.add(
                    f"expected {len(columns)} columns, found {len(cells)}", path=path, line=line,
                    remedy="write as many as the header has",
                )  # fmt: skip
                continue
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            said = _said_instead(row, curies)
            if said:
                others[said] += 1
            elif not row["subject_id"] or not row["object_id"]:
                faults.add("names no entity", path=path, line=line, remedy="fill subject_id and object_id")
            else:
                first, second = row["subject_id"], row["object_id"]
                yield line, (first, curies.expanded(first)), (second, curies.expanded(second))
    except UnicodeDecodeError:
        faults.add("is not UTF-8", path=path, remedy="save the file as UTF-8")
    except csv.Error as error:
        faults.add(
            f"cannot be read ({error})", path=path, remedy="write a table with tabs between its columns"
        )
    if others:
        counts = ", ".join(f"{name} {n:,}" for name, n in others.most_common())
        faults.note(
            f"mappings that do not say that two entities are the same, and are no links: {counts}",
            path=path,
            remedy="write skos:exactMatch into those that are links",
        )


def _header(lines: Iterator[str]) -> tuple[str, str, int]:
    """Return the YAML of the first lines, the line with the names of the columns, and its number."""
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.removeprefix("\ufeff")
        if not text.startswith("#"):
            return "".join(header)[:_LONGEST_HEADER], text.rstrip("\r\n"), number
        header.append(text[1:])
    return "".join(header), "", len(header)


def _beside(path: Path) -> str:
    """Return the metadata of ``x.sssom.tsv`` that some tools write to a file of its own, ``x.sssom.yml``."""
    for ending in (".yml", ".yaml"):
        metadata = path.with_suffix(ending)
        if metadata.is_file() and metadata.stat().st_size < _LONGEST_HEADER:
            return metadata.read_text(encoding="utf-8-sig", errors="replace")
    return ""


def _curies(header: str, path: Path, faults: Faults) -> Curies:
    """Read the prefixes of the header, which some tools indent by a blank."""
    try:
        content: Any = yaml.safe_load(header)
    except (yaml.YAMLError, RecursionError, ValueError):
        faults.add(
            "the lines that begin with # are no YAML", path=path, line=1,
            remedy="correct them, or delete all but the lines of curie_map",
        )  # fmt: skip
        content = None
    prefixes = content.get("curie_map") if isinstance(content, dict) else None
    known = prefixes.items() if isinstance(prefixes, dict) else ()
    return Curies({str(prefix): str(full) for prefix, full in known})


def _said_instead(row: dict[str, str], curies: Curies) -> str:
    """Return what a mapping says, if not that two entities are the same; empty if it says that."""
    predicate = row.get("predicate_id", "") or "skos:exactMatch"
    if row.get("predicate_modifier"):
        return f"{row['predicate_modifier']} {predicate}"
    if NOTHING_FOUND in (row["subject_id"], row["object_id"]):
        return NOTHING_FOUND
    full = curies.expanded(predicate).replace("https://schema.org/", PREFIXES["schema"])
    return "" if full in {curies.expanded(same) for same in SAME} else predicate
