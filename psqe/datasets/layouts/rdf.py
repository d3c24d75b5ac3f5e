"""The layout of a pair in RDF: one file of statements for each side.

=====================================  =======================================================  ==========
file                                   what it holds                                            there
=====================================  =======================================================  ==========
``left.nt``, ``right.nt``              the statements of a side, in any format of RDF           always
``links.tsv`` or ``links.nt``          left and right IRI, or statements with ``owl:sameAs``;   optionally
                                       see :mod:`psqe.datasets.link_names` for other formats
``psqe.toml``                          which predicates are which, see below                    optionally
=====================================  =======================================================  ==========

A side is a file in N-Triples (``.nt``), Turtle (``.ttl``), RDF/XML (``.rdf``, ``.owl``, ``.xml``), N-Quads
(``.nq``), TriG (``.trig``), N3 (``.n3``) or JSON-LD (``.jsonld``, ``.json``), which may be compressed:
``left.nt.gz``, ``.bz2``, ``.xz`` or ``.zst``. Where content and ending disagree, the content counts. What a
statement becomes:

- Literals of a *label* predicate are names: ``rdfs:label``, ``skos:prefLabel``, ``foaf:name``,
  ``schema:name``.
- Objects of an *image* predicate are images: ``foaf:depiction``, ``schema:image``, ``dbo:thumbnail``. They
  are files in the folder, by a relative path (a literal, or in Turtle an IRI) or by a ``file:`` IRI.
- Any other literal is an attribute, by its lexical value.
- Any other IRI or blank node is the tail of a triple. ``rdf:type`` is a relation like others.

A relative IRI of Turtle is an identifier as it is written. ``psqe.toml`` chooses other predicates::

    labels = ["http://example.org/title"]
    images = []
    languages = {left = "en", right = "fr"}
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from psqe.datasets.agreement import examine_side
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import is_image
from psqe.datasets.labels import bare, readable_name
from psqe.datasets.link_files import read_links
from psqe.datasets.link_names import find_links, link_files
from psqe.datasets.rdf.blank_nodes import name_blank_nodes
from psqe.datasets.rdf.files import files_of, has_files, side_file
from psqe.datasets.rdf.statements import BASE, Statements, label
from psqe.graph import SIDES, AlignmentTask, IntArray, KnowledgeGraph

if TYPE_CHECKING:
    from psqe.datasets.rdf.settings import Settings

DESCRIPTION = "RDF: left.nt and right.nt, or with .ttl, .rdf, .owl, .nq, .trig, .n3, .jsonld"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"


def recognises(folder: Path) -> bool:
    """Return whether a folder has files of this layout, or two files of RDF that need other names."""
    return has_files(folder)


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    sources: dict[str, Path | None] = {part: next(iter(files_of(folder, part)), None) for part in SIDES}
    links: dict[str, Path | None] = {path.name: path for path in link_files(folder)}
    settings = folder / "psqe.toml"
    return {**sources, **(links or {"links": None}), "psqe.toml": settings if settings.is_file() else None}


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        Entities are all IRIs and blank nodes but those that are only predicates, in the order of their
        identifiers, whatever the order of the statements. Candidates are the IRIs that are the subject of a
        statement. Blank nodes get the identifiers of :func:`psqe.datasets.rdf.blank_nodes.name_blank_nodes`.

        If an entity has several names, a name in the preferred language is chosen, else one in a variant of
        it (``en-GB`` for ``en``), else one without a language, else one in any language, by the alphabet;
        among these the predicate that comes first in the settings decides, then the text that sorts first.
        The other names do not become attributes. Where a side has no name at all, names are the words of the
        IRIs (:func:`psqe.datasets.labels.readable_name`). If an entity has several images, the predicate that
        comes first in the settings decides, then the path that sorts first.

        Links are read by :func:`psqe.datasets.link_files.read_links`. ``None`` after gathered faults without
        which there is no graph.

    Raises
    ------
    DataError
        If a file is missing, has no statement or exists in two forms; if a line is no statement, or is a
        statement about a statement; if ``psqe.toml`` has an unknown key or an impossible value; if a side has
        no candidate; or if an image is missing, no image, or outside the folder. The error names the file
        and, where there is one, the line.

    Warns
    -----
    PsqeWarning
        If images are on the web, as they are not fetched; if a link names something that is no candidate; if
        the statements of a side have ``owl:sameAs``. These records are left out.
    """
    from psqe.datasets.rdf.settings import Settings, read_settings

    path = folder / "psqe.toml"
    settings = read_settings(path, faults) if path.exists() else Settings()
    if settings is None:
        return None
    left = _Side(folder, "left", settings, faults).read()
    right = _Side(folder, "right", settings, faults).read()
    if left is None or right is None:
        return None
    return AlignmentTask(name, left, right, _links(folder, left, right, faults))


class _Side:
    """The reader of one side, which chooses names and images when all statements are known."""

    def __init__(self, folder: Path, side: str, settings: Settings, faults: Faults) -> None:
        self.folder, self.side, self.faults = folder, side, faults
        self.language: str | None = getattr(settings.languages, side)
        self.labels = {predicate: i for i, predicate in enumerate(settings.labels)}
        self.image_predicates = {predicate: i for i, predicate in enumerate(settings.images)}
        self.draft = GraphDraft()
        self.candidates: set[int] = set()
        self.names: dict[int, tuple[int, str, int, str]] = {}
        self.images: dict[int, tuple[int, Path]] = {}
        self.checked: dict[Path, bool] = {}
        self.on_the_web: list[str] = []
        self.n_same = 0

    def read(self) -> KnowledgeGraph | None:
        """Return the graph; ``None`` after a fault without which there is no graph."""
        path = side_file(self.folder, self.side, self.faults)
        if path is None:
            return None
        statements = Statements(path, self.faults)
        for line, statement in statements:
            self._add(statement, path, line)
        self._report_left_out(path)
        if statements.broken or not self.draft.index:
            return None
        if not self.candidates:
            self.faults.add(
                "no IRI is the subject of a statement, so nothing can be aligned",
                path=path,
                remedy="give the entities IRIs",
            )
            return None
        self.draft.names = {entity: name[-1] for entity, name in self.names.items()}
        self.draft.images = {entity: image for entity, (_, image) in self.images.items()}
        name_blank_nodes(self.draft)
        examine_side(self.draft, path, self.faults)
        return self.draft.build(
            f"{self.folder.absolute().name}-{self.side}",
            self.faults,
            readable=None if self.names else _readable,
            candidates=self.candidates,
            language=self.language,
        )

    def _add(self, statement: Any, path: Path, line: int | None) -> None:
        predicate, value = statement.predicate.value, statement.object
        if predicate == SAME_AS:
            self.n_same += 1
            return
        if isinstance(value, ox.Triple):
            self.faults.add(
                "has a statement about a statement",
                path=path,
                line=line,
                remedy="delete it, or say it of an entity",
            )
            return
        subject = self.draft.entity(label(statement.subject))
        if isinstance(statement.subject, ox.NamedNode):
            self.candidates.add(subject)
        if predicate in self.image_predicates and not isinstance(value, ox.BlankNode):
            self._add_image(subject, self.image_predicates[predicate], value, path, line)
        elif not isinstance(value, ox.Literal):
            self.draft.add_triple(subject, _label_of(predicate), self.draft.entity(label(value)))
        elif predicate in self.labels:
            self._add_name(subject, self.labels[predicate], value)
        else:
            self.draft.add_attribute(subject, _label_of(predicate), value.value)

    def _add_name(self, entity: int, predicate: int, literal: Any) -> None:
        text, tag = " ".join(literal.value.split()), literal.language or ""
        if not text:
            return
        kind = 3 if tag else 2
        if self.language:
            kind = 0 if tag == self.language else 1 if tag.startswith(f"{self.language}-") else kind
        name = (kind, tag, predicate, text)
        self.names[entity] = min(name, self.names.get(entity, name))

    def _add_image(self, entity: int, predicate: int, value: Any, path: Path, line: int | None) -> None:
        named = value.value.strip()
        relative = _within(self.folder, value)
        if relative is None:
            self.on_the_web.append(named)
            return
        if relative is _OUTSIDE:
            self.faults.add(
                f"the image {named!r} is outside the folder",
                path=path,
                line=line,
                remedy="put it into the folder, and name it by a path relative to that",
            )
            return
        image = self.folder / relative
        if image not in self.checked:
            self.checked[image] = is_image(
                image, self.faults, named=named.removeprefix(BASE), source=path, line=line
            )
        if self.checked[image]:
            self.images[entity] = min((predicate, image), self.images.get(entity, (predicate, image)))

    def _report_left_out(self, path: Path) -> None:
        if self.on_the_web:
            self.faults.leave_out(
                f"images on the web: {len(self.on_the_web):,}, the first {min(self.on_the_web)}",
                path=path,
                remedy="download them into the folder, or write images = [] into psqe.toml",
            )
        if self.n_same:
            self.faults.leave_out(
                f"statements with owl:sameAs, which are links: {self.n_same:,}",
                path=path,
                remedy="move them to links.nt",
            )


_OUTSIDE = Path("..")


def _within(folder: Path, value: Any) -> Path | None:
    """Return the path of an image in the folder, or :data:`_OUTSIDE`; ``None`` if it is on the web."""
    text = value.value.strip()
    if text.startswith(BASE):
        inside = unquote(text.removeprefix(BASE))
    elif text.lower().startswith("file:"):
        parts = urlsplit(text)
        inside = unquote(parts.path) if parts.netloc in ("", "localhost") else ".."
    elif isinstance(value, ox.NamedNode) or re.match("[A-Za-z][A-Za-z0-9+.-]*://|data:", text):
        return None
    else:
        inside = text
    for root in (folder.absolute(), folder.resolve()):
        path = Path(os.path.normpath(root / inside))
        if path.is_relative_to(root):
            return path.relative_to(root)
    return _OUTSIDE


def _label_of(predicate: str) -> str:
    return predicate.removeprefix(BASE)


def _readable(entity: str) -> str | None:
    return None if entity.startswith("_:") else readable_name(entity)


def _links(folder: Path, left: KnowledgeGraph, right: KnowledgeGraph, faults: Faults) -> IntArray | None:
    path = find_links(folder, faults)
    return None if path is None else read_links(path, left, right, faults, label=bare)
