"""The writer of a pair in RDF: statements of both sides, links as ``owl:sameAs``, and pictures.

Identifiers and labels that are IRIs are written as they are, and files are N-Triples. Others become relative
IRIs, and files are Turtle; characters that no IRI may have are percent-encoded. Names are values of
``rdfs:label``, pictures objects of ``foaf:depiction``, and ``psqe.toml`` says so where there are any. Seeds
become ``seeds.tsv``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyoxigraph as ox

from psqe.datasets.export.options import ExportOptions, Prepared
from psqe.datasets.export.tables import copy_images, keep_entities, links_by_identifier
from psqe.datasets.rdf.settings import FALLBACKS, IMAGES, LABELS
from psqe.errors import DataError
from psqe.graph import SIDES, AlignmentTask, BoolArray, KnowledgeGraph, counted, in_number

DESCRIPTION = "RDF: statements in N-Triples or Turtle, links as owl:sameAs, and pictures"
OPTIONS: frozenset[str] = frozenset()
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
NAME, PICTURE = "urn:psqe:name", "urn:psqe:picture"
"""The predicates of names and pictures where the usual ones are attributes or relations already."""

SAFE = "/:?#[]@!$&'()*+,;=~-._"
BLANK = re.compile(r"_:[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z-])?")
TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


def prepare(task: AlignmentTask, options: ExportOptions, notes: list[str]) -> Prepared:
    """Return the task as this layout can hold it; see :meth:`psqe.datasets.export.Writer.prepare`."""
    left, right = (_renamed(graph, side, notes) for side, graph in zip(SIDES, task.sides, strict=True))
    named = replace(task, left=left, right=right)
    kept = named.sides.map(lambda graph: np.flatnonzero(_in_files(graph)))
    smaller = keep_entities(named, kept, "entities about which something is said", notes)
    return Prepared(_with_possible_links(smaller, notes), named)


def _in_files(graph: KnowledgeGraph) -> BoolArray:
    columns = zip(graph.names, graph.attributes, graph.images, strict=True)
    told = np.array([bool(name or pairs or image) for name, pairs, image in columns], dtype=bool)
    told[graph.degree() > 0] = True
    return told


def _subjects(graph: KnowledgeGraph) -> BoolArray:
    """Return which entities the reader takes for candidates: IRIs that are the subject of a statement."""
    columns = zip(graph.entities, graph.names, graph.attributes, graph.images, strict=True)
    told = np.array([bool(name or pairs or image) for _, name, pairs, image in columns], dtype=bool)
    told[graph.triples[:, 0]] = True
    told[[i for i, entity in enumerate(graph.entities) if entity.startswith("_:")]] = False
    return told


def _with_possible_links(task: AlignmentTask, notes: list[str]) -> AlignmentTask:
    if task.links is None:
        return task
    left, right = task.sides.map(_subjects)
    possible = left[task.links[:, 0]] & right[task.links[:, 1]]
    if not possible.all():
        n = int((~possible).sum())
        notes.append(
            f"{counted(n, 'gold link')} {in_number(n, 'is')} left out, because only entities that are the "
            "subject of a statement are linked when RDF is read"
        )
    return replace(task, links=task.links[possible])


def _renamed(graph: KnowledgeGraph, side: str, notes: list[str]) -> KnowledgeGraph:
    """Return a graph whose identifiers, relations and attributes can be written as IRIs."""
    labels = {label for pairs in graph.attributes for label, _ in pairs}
    new = {text: iri(text) for text in {*graph.relations, *labels}}
    named = tuple(e if BLANK.fullmatch(e) else iri(e) for e in graph.entities)
    changed = [text for text, other in new.items() if text != other]
    changed += [e for e, other in zip(graph.entities, named, strict=True) if e != other]
    if changed:
        notes.append(
            f"{side}: {len(changed):,} of the identifiers and labels are percent-encoded, because no IRI "
            f"may have their characters, for example {min(changed)!r:.80}"
        )
    for before, after in ((graph.entities, named), (labels, [new[label] for label in labels])):
        if len(set(before)) != len(set(after)):
            raise DataError(
                f"the layout rdf cannot hold graph {graph.name!r}: two of its identifiers or labels become "
                "the same IRI where characters are percent-encoded",
                remedy="rename one of them in the data, or export to the layout folder",
            )
    return replace(
        graph,
        entities=named,
        relations=tuple(new[relation] for relation in graph.relations),
        attributes=tuple(tuple((new[a], value) for a, value in pairs) for pairs in graph.attributes),
    )


def iri(text: str) -> str:
    """Return a text as an IRI, absolute or relative, with as few percent-encoded characters as possible.

    Examples
    --------
    >>> iri("http://dbpedia.org/resource/Zürich"), iri("rome"), iri("capital of"), iri("a//b")
    ('http://dbpedia.org/resource/Zürich', 'rome', 'capital%20of', 'a%2F%2Fb')
    """
    if _is_absolute(text):
        return text
    encoded = _encoded(text, SAFE)
    if _is_absolute(encoded):
        return encoded
    segments = re.split("[/?#]", encoded)
    if ":" in segments[0] or "" in segments[:-1] or {".", ".."} & set(segments) or encoded[:1] in "?#":
        encoded = _encoded(text, "~-_") or "%20"  # one segment, which nothing can resolve to something else
        encoded = encoded if encoded.strip(".") else encoded.replace(".", "%2E")
    return encoded


def _encoded(text: str, safe: str) -> str:
    """Percent-encode the characters that are neither safe nor letters and digits of any script."""
    return "".join(c if c in safe or (c.isalnum() and c.isprintable()) else quote(c, safe="") for c in text)


def _is_absolute(text: str) -> bool:
    if not re.match("[A-Za-z][A-Za-z0-9+.-]*:", text) or re.search(r'[\x00-\x20<>"{}|^`\\]', text):
        return False
    try:
        return bool(ox.NamedNode(text).value == text)
    except ValueError:
        return False


def write(prepared: Prepared, folder: Path, options: ExportOptions, notes: list[str]) -> Path:
    """Write a prepared task; see :meth:`psqe.datasets.export.Writer.write`."""
    task = prepared.task
    predicates = _predicates(task)
    ending = "nt" if task.sides.map(_all_absolute).left and _all_absolute(task.right) else "ttl"
    for side, graph in zip(SIDES, task.sides, strict=True):
        images = copy_images(graph, folder, f"images/{side}")
        lines = sorted(set(_statements(graph, images, predicates)))
        (folder / f"{side}.{ending}").write_text("".join(lines), encoding="utf-8", newline="\n")
    links = [
        f"{_term(task.left.entities[left])} <{SAME_AS}> {_term(task.right.entities[right])} .\n"
        for left, right in links_by_identifier(task)
    ]
    if links:
        (folder / f"links.{ending}").write_text("".join(links), encoding="utf-8", newline="\n")
    if settings := _settings(task, predicates):
        (folder / "psqe.toml").write_text("".join(settings), encoding="utf-8")
    if options.seeds is not None:
        options.seeds.save_tsv(folder / "seeds.tsv", prepared.named)
    return folder


def _used(task: AlignmentTask) -> set[str]:
    """Return the predicates of attributes and relations."""
    used = {label for graph in task.sides for pairs in graph.attributes for label, _ in pairs}
    return used | {*task.left.relations, *task.right.relations}


def _settings(task: AlignmentTask, predicates: tuple[str, str]) -> list[str]:
    """Return the lines of ``psqe.toml``, without keys that would say nothing about the statements.

    Where only one side has names, or pictures, the reader finds them by their usual predicate.
    """
    settings = []
    for key, predicate, usual, columns in (
        ("labels", predicates[0], (*LABELS, *FALLBACKS), task.sides.map(lambda graph: graph.names)),
        ("images", predicates[1], IMAGES, task.sides.map(lambda graph: graph.images)),
    ):
        some = [any(column) for column in columns]
        if all(some) or not _used(task).isdisjoint(usual):  # the usual ones would be taken for names
            settings.append(f"{key} = [{json.dumps(predicate) if any(some) else ''}]\n")
    languages = {s: g.language for s, g in zip(SIDES, task.sides, strict=True) if _tag(g)}
    if languages:
        chosen = ", ".join(f"{side} = {json.dumps(language)}" for side, language in languages.items())
        settings.append(f"languages = {{{chosen}}}\n")
    return settings


def _predicates(task: AlignmentTask) -> tuple[str, str]:
    """Return the predicates of names and of pictures, which no attribute and no relation may be."""
    used = _used(task)
    return NAME if LABELS[0] in used else LABELS[0], PICTURE if IMAGES[0] in used else IMAGES[0]


def _all_absolute(graph: KnowledgeGraph) -> bool:
    labels = {label for pairs in graph.attributes for label, _ in pairs}
    entities = (entity for entity in graph.entities if not entity.startswith("_:"))
    return all(map(_is_absolute, (*entities, *graph.relations, *labels)))


def _tag(graph: KnowledgeGraph) -> str | None:
    """Return the language of a graph as a tag of names, if it can be one."""
    return graph.language if graph.language and TAG.fullmatch(graph.language) else None


def _statements(graph: KnowledgeGraph, images: dict[int, str], predicates: tuple[str, str]) -> Iterator[str]:
    terms = [_term(entity) for entity in graph.entities]
    for head, relation, tail in graph.triples.tolist():
        yield f"{terms[head]} <{graph.relations[relation]}> {terms[tail]} .\n"
    for i, pairs in enumerate(graph.attributes):
        for attribute, value in pairs:
            yield f"{terms[i]} <{attribute}> {ox.Literal(value or '')} .\n"
        if name := graph.names[i]:
            yield f"{terms[i]} <{predicates[0]}> {ox.Literal(name, language=_tag(graph))} .\n"
        if i in images:
            yield f"{terms[i]} <{predicates[1]}> {ox.Literal(images[i])} .\n"


def _term(entity: str) -> str:
    return entity if entity.startswith("_:") else f"<{entity}>"
