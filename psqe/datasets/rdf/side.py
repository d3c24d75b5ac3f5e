"""One side of a pair in RDF: what its statements become."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from psqe.datasets.agreement import SMALL, examine_side
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import is_image, shortened
from psqe.datasets.labels import code_identifiers
from psqe.datasets.rdf.blank_nodes import name_blank_nodes
from psqe.datasets.rdf.files import side_file
from psqe.datasets.rdf.likely_labels import MOST, likely_label
from psqe.datasets.rdf.literals import unusable
from psqe.datasets.rdf.names import NameDraft, words_of_iri
from psqe.datasets.rdf.records import Records
from psqe.datasets.rdf.statements import BASE, Statements, label
from psqe.datasets.rdf.vocabulary import (
    LITERAL_FORM,
    NO_CANDIDATES,
    PLAIN_LITERAL,
    SAME_AS,
    TYPE,
    is_skolem,
    is_vocabulary,
)
from psqe.graph import KnowledgeGraph, in_number

if TYPE_CHECKING:
    from psqe.datasets.rdf.settings import Settings

LABELS_REMEDY = "give them labels, or name their predicate in psqe.toml: labels = [...]"


class Side:
    """The reader of one side, which chooses names and images when all statements are known."""

    def __init__(self, folder: Path, side: str, settings: Settings, faults: Faults) -> None:
        self.folder, self.side, self.faults = folder, side, faults
        self.labels = {predicate: i for i, predicate in enumerate(settings.labels)}
        self.fallbacks = {predicate: i for i, predicate in enumerate(settings.fallbacks)}
        self.image_predicates = {predicate: i for i, predicate in enumerate(settings.images)}
        self.path = folder
        self.draft = GraphDraft()
        self.draft.name_remedy = LABELS_REMEDY
        self.names = NameDraft()
        self.records = Records()
        self.subjects: set[int] = set()
        self.described: set[int] = set()
        self.images: dict[int, tuple[int, Path]] = {}
        self.checked: dict[Path, bool] = {}
        self.label_predicates: set[str] = set()
        self.on_the_web: list[str] = []
        self.unusable: Counter[str] = Counter()
        self.same: list[tuple[str, str]] = []

    @property
    def candidates(self) -> Set[int]:
        """Numbers of the IRIs that are subjects, without headers, declarations and labels."""
        return self.subjects - self.described or self.subjects

    def read(self) -> bool:
        """Read all statements; false after a fault without which there is no graph."""
        path = side_file(self.folder, self.side, self.faults)
        if path is None:
            return False
        self.path = path
        statements = Statements(path, self.faults)
        for line, statement in statements:
            self._add(statement, path, line)
        self._report_left_out(path)
        if statements.broken or not self.draft.index:
            return False
        if not self.subjects:
            self.faults.add(
                "no IRI is the subject of a statement, so nothing can be aligned",
                path=path,
                remedy="give the entities IRIs",
            )
            return False
        self.described |= self.names.finish()
        self.described |= self.records.found(subjects=self.subjects, named=self.names.named)
        return True

    def likely_label(self) -> str | None:
        """Return a predicate that seems to have the names; ``None`` where most candidates have a label."""
        candidates = self.candidates
        if len(candidates & self.names.named) >= MOST * len(candidates):
            return None
        iris = {entity: iri for iri, entity in self.draft.index.items() if entity in candidates}
        return likely_label(self.draft.attributes, iris, candidates)

    def build(self, language: str | None) -> KnowledgeGraph:
        """Return the graph, with names in a language wherever there are any."""
        candidates = self.candidates
        self.draft.names = self.names.chosen(language)
        self.draft.n_cut_names = self.names.n_cut
        self.draft.images = {entity: image for entity, (_, image) in self.images.items()}
        name_blank_nodes(self.draft)
        examine_side(self.draft, self.path, self.faults)
        named = bool(candidates & self.draft.names.keys())
        if named:
            self._name_others(candidates)
        return self.draft.build(
            f"{self.folder.absolute().name}-{self.side}",
            self.faults,
            readable=None if named else words_of_iri,
            candidates=set(candidates),
            language=language,
        )

    def _name_others(self, candidates: Set[int]) -> None:
        """Give candidates without a label the words of their IRIs, unless these are codes."""
        iris = {entity: iri for iri, entity in self.draft.index.items() if entity in candidates}
        nameless = {entity: iri for entity, iri in iris.items() if entity not in self.draft.names}
        codes = code_identifiers(iris.values()) if nameless else frozenset()
        words = {
            entity: name
            for entity, iri in nameless.items()
            if iri not in codes and (name := words_of_iri(iri)) is not None
        }
        self.draft.names.update(words)
        if nameless and len(iris) >= SMALL:
            example = min(nameless, key=nameless.__getitem__)
            called = f"is named {words[example]!r}" if example in words else "gets no name"
            self.faults.note(
                f"{len(nameless):,} of {len(iris):,} candidates {in_number(len(nameless), 'has')} no "
                f"label, and {len(words):,} of these {in_number(len(words), 'is')} named by "
                f"the words of their IRIs: {nameless[example]!r} {called}",
                path=self.path,
                remedy=LABELS_REMEDY,
            )

    def _add(self, statement: Any, path: Path, line: int | None) -> None:
        predicate, value = statement.predicate.value, statement.object
        if predicate == SAME_AS:
            self.same.append((label(statement.subject), label(value)))
            return
        if isinstance(value, ox.Triple):
            self.faults.leave_out(
                "has a statement about a statement",
                path=path,
                line=line,
                remedy="make an entity its subject, if it matters",
            )
            return
        if predicate in self.labels or predicate in self.fallbacks:
            self.label_predicates.add(predicate)
        subject = self.draft.entity(label(statement.subject))
        if isinstance(statement.subject, ox.NamedNode):
            self.subjects.add(subject)
            if is_vocabulary(statement.subject.value) or is_skolem(statement.subject.value):
                self.described.add(subject)
        if predicate in self.image_predicates and not isinstance(value, ox.BlankNode):
            self._add_image(subject, self.image_predicates[predicate], value, path, line)
        elif isinstance(value, ox.Literal):
            self._add_literal(subject, predicate, value)
        else:
            other = self.draft.entity(label(value))
            self.draft.add_triple(subject, _label_of(predicate), other)
            self.records.add(subject, predicate, other, value.value)
            if predicate == TYPE and value.value in NO_CANDIDATES:
                self.described.add(subject)
            if predicate in self.labels:
                self.names.add_node(subject, other, rank=self.labels[predicate])
            elif predicate in self.fallbacks:
                self.names.add_node(subject, other, rank=self.fallbacks[predicate], fallback=True)

    def _add_literal(self, subject: int, predicate: str, literal: Any) -> None:
        text, tag = literal.value, literal.language or ""
        self.records.add_group(subject, predicate)
        if literal.datatype.value == PLAIN_LITERAL and "@" in text:  # OWL tools write the tag into the text
            text, _, tag = text.rpartition("@")
        if predicate in self.labels:
            self.names.add(subject, text, tag, rank=self.labels[predicate])
            return
        if predicate == LITERAL_FORM:
            self.names.add_form(subject, text, tag)
            return
        if predicate in self.fallbacks:
            self.names.add(subject, text, tag, rank=self.fallbacks[predicate], fallback=True)
        if kind := unusable(text, literal.datatype.value):
            self.unusable[kind] += 1
        else:
            self.draft.add_attribute(subject, _label_of(predicate), text)

    def _add_image(self, entity: int, predicate: int, value: Any, path: Path, line: int | None) -> None:
        named = value.value.strip()
        relative = _within(self.folder, value)
        if relative is None:
            self.on_the_web.append(named)
            return
        if relative is _OUTSIDE:
            self.faults.add(
                f"the image {shortened(named)!r} is outside the folder of the pair",
                path=path,
                line=line,
                remedy="put it into the folder, and name it by a path relative to the folder",
            )
            return
        image = self.folder / relative
        if image not in self.checked:
            self.checked[image] = is_image(
                image, self.faults, named=named.removeprefix(BASE), source=path, line=line, within=self.folder
            )
        if self.checked[image]:
            self.images[entity] = min((predicate, image), self.images.get(entity, (predicate, image)))

    def _report_left_out(self, path: Path) -> None:
        if self.on_the_web:
            self.faults.leave_out(
                f"images on the web: {len(self.on_the_web):,}, the first {shortened(min(self.on_the_web))}",
                path=path,
                remedy="download them into the folder, or write images = [] into psqe.toml",
            )
        if self.unusable:
            kinds = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(self.unusable.items()))
            self.faults.note(
                f"literals that cannot be compared as texts are left out: {kinds}",
                path=path,
                remedy="write coordinates as numbers and long texts as short ones if they matter",
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
