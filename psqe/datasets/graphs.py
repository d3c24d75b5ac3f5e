"""Graphs from labelled records, independent of the order of the records."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.labels import LONGEST_NAME, NAME_REMEDY, name_in, readable_names
from psqe.graph import FileOrder, IntArray, KnowledgeGraph, counted, positions
from psqe.identifiers import composed

Attribute = tuple[str, str | None]

LONGEST_VALUE = 1000
"""Number of characters of the longest attribute value that a graph keeps; :mod:`psqe.features.text` reads no
more of a value either."""

MOST_TRIPLES = 2_000_000
"""Number of triples after which a draft looks for repeated ones for the first time."""


@dataclass
class Table:
    """A table of a side, and which entities it brought.

    Attributes
    ----------
    name
        Name of the table: ``triples``, ``attributes``, ``names``, ``images`` or ``candidates``.
    path
        The file, or what messages call the table.
    first
        Numbers of the entities of its first record, which may be an unknown header; empty after a known one.
    mark
        The bit that the table sets in :attr:`GraphDraft.marks` of each of its entities.

    Examples
    --------
    >>> Table("names", "left/names.tsv", mark=2).first
    []
    """

    name: str
    path: str | Path
    mark: int
    first: list[int] = field(default_factory=list)


class GraphDraft:
    """A graph under construction. Records that are added twice count once.

    Identifiers that differ only in the form of their accents (NFC and NFD) are one entity, see
    :mod:`psqe.identifiers`. The graph keeps the composed spelling if a file has it.

    Attributes
    ----------
    index
        The number of each entity by its identifier in NFC, in the order in which the entities were added.
    names, images
        The name and the image of an entity, by its number.
    listed
        Numbers of the entities that have a record in a table of names, even if the name is empty, as keys in
        the order of the records.
    other_list
        Name of another file that lists as many entities in another order; ``None`` if there is none.
    n_cut_names
        Number of the names of which only the beginning was kept.
    name_remedy
        What a note about identifiers that give no names says can be done.
    attributes
        The attributes of an entity, by its number.
    tables
        The tables that were begun with :meth:`begin`.
    marks, occurrences
        The tables of each entity, one bit for each, and how often it occurs in all of them, up to 255.

    Examples
    --------
    >>> draft = GraphDraft()
    >>> draft.add_triple(draft.entity("rome"), "capital of", draft.entity("italy"))
    >>> draft.build("cities", Faults()).entities
    ('italy', 'rome')
    """

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.listed: dict[int, None] = {}
        self.other_list: str | None = None
        self.name_remedy = NAME_REMEDY
        self.images: dict[int, Path] = {}
        self.attributes: dict[int, set[Attribute]] = {}
        self.tables: list[Table] = []
        self.marks, self.occurrences = array("B"), array("B")
        self._mark, self._first = 0, 0
        self._spelt: dict[int, set[str]] = {}
        self._relations: dict[str, int] = {}
        self._triples = array("q")
        self._most_numbers = 3 * MOST_TRIPLES
        # Some thousand attributes make hundreds of thousands of pairs: equal pairs share one object.
        self._pairs: dict[Attribute, Attribute] = {}
        self._n_cut = 0
        self.n_cut_names = 0

    def begin(self, name: str, path: str | Path) -> None:
        """Begin to read a table: the entities that follow are those of its records.

        Parameters
        ----------
        name
            ``triples``, whose records have two entities, ``attributes``, ``names``, ``images`` or
            ``candidates``.
        path
            The file, or what messages call the table.
        """
        self.tables.append(Table(name, path, 1 << len(self.tables)))
        self._mark, self._first = self.tables[-1].mark, 2 if name == "triples" else 1

    def pass_header(self) -> None:
        """Take the header of the table that was begun for known, so that its first record is none."""
        self._first = 0

    def entity(self, label: str) -> int:
        """Return the number of an entity; an unknown identifier gets the next number."""
        key = composed(label)
        number = self.index.setdefault(key, len(self.index))
        if not label.isascii():
            self._spelt.setdefault(number, set()).add(label)
        if number == len(self.marks):
            self.marks.append(0)
            self.occurrences.append(0)
        self.marks[number] |= self._mark
        if self.occurrences[number] < 255:
            self.occurrences[number] += 1
        if self._first:
            self.tables[-1].first.append(number)
            self._first -= 1
        return number

    def find(self, label: str) -> int | None:
        """Return the number of an entity that was added; ``None`` for an unknown identifier."""
        return self.index.get(composed(label))

    def add_name(self, entity: int, name: str) -> None:
        """Add the name of an entity as :func:`psqe.datasets.labels.name_in` says; an empty name is none."""
        self.listed[entity] = None
        words, cut = name_in(name)
        self.n_cut_names += cut
        if words:
            self.names[entity] = words

    def add_triple(self, head: int, relation: str, tail: int) -> None:
        """Add a triple between two entities, given by number."""
        self._triples.extend((head, self._relations.setdefault(relation, len(self._relations)), tail))
        if len(self._triples) >= self._most_numbers:
            self._drop_repeated_triples()

    def _drop_repeated_triples(self) -> None:
        """Keep the first of equal triples, so that memory does not grow with those that are repeated."""
        triples = self.triples()
        first = np.sort(np.unique(triples, axis=0, return_index=True)[1])
        self._triples = array("q", triples[first].tobytes())
        self._most_numbers = max(3 * MOST_TRIPLES, 2 * len(self._triples))

    def add_attribute(self, entity: int, attribute: str, value: str) -> None:
        """Add an attribute of an entity. Blanks around the value are removed; an empty value is ``None``.

        Of a value longer than :data:`LONGEST_VALUE` characters only the beginning is kept, because no encoder
        reads more, and all values stay in memory as long as the graph does.
        """
        value = value.strip()
        if len(value) > LONGEST_VALUE:
            value = value[:LONGEST_VALUE].rstrip()
            self._n_cut += 1
        pair = (attribute, value or None)
        self.attributes.setdefault(entity, set()).add(self._pairs.setdefault(pair, pair))

    def attribute_pairs(self) -> Set[Attribute]:
        """Return the distinct pairs of an attribute and a value that were added."""
        return self._pairs.keys()

    def triples(self) -> IntArray:
        """Return head, relation and tail of every triple added so far, by number: ``(n_triples, 3)``."""
        return np.array(self._triples, dtype=np.int64).reshape(-1, 3)

    def relations(self) -> tuple[str, ...]:
        """Return the relations added so far, by number."""
        return tuple(self._relations)

    def described(self) -> set[int]:
        """Return the numbers of all entities but those that are only tails of triples."""
        heads = self.triples()[:, 0].tolist()
        return {*heads, *self.listed, *self.names, *self.attributes, *self.images}

    def rename(self, labels: dict[int, str]) -> None:
        """Give entities other identifiers, by number."""
        self.index = {labels.get(i, label): i for label, i in self.index.items()}

    def relation_frequencies(self) -> IntArray:
        """Return the number of triples of each relation, by the number of the relation."""
        return np.bincount(self.triples()[:, 1], minlength=len(self._relations)).astype(np.int64)

    def spelling(self, label: str, number: int) -> str:
        """Return the spelling of an identifier that the graph keeps: one that a file has, NFC if possible."""
        spelt = self._spelt.get(number)
        return label if spelt is None or label in spelt else min(spelt)

    def build(
        self,
        name: str,
        faults: Faults,
        *,
        readable: Callable[[str], str | None] | None = None,
        candidates: set[int] | None = None,
        language: str | None = None,
        catalogues: bool = True,
        listed_in: str | None = None,
    ) -> KnowledgeGraph:
        """Return the graph, its entities and relations in the order of their identifiers.

        Parameters
        ----------
        name, language
            Name and language of the graph.
        faults
            Receives the notes that identifiers are codes and that long values were cut.
        readable
            Function from an identifier to a name, used instead of :attr:`names` when given, unless the
            identifiers are codes (:func:`psqe.datasets.labels.readable_names`).
        candidates
            Numbers of the candidates; all entities when omitted.
        catalogues
            Whether to note identifiers that are numbers of catalogues, too, as benchmarks have them.
        listed_in
            Name of the file that lists the entities in the order of :attr:`listed`; ``None`` if none does.
        """
        self._note_cut(name, faults)
        spelt = sorted((self.spelling(label, i), i) for label, i in self.index.items())
        labels, old = [label for label, _ in spelt], [i for _, i in spelt]
        new = positions(np.array(old, dtype=np.int64), len(old))
        relations = sorted(self._relations)
        numbers = np.array([self._relations[relation] for relation in relations], dtype=np.int64)
        heads, kinds, tails = self.triples().T
        triples = np.column_stack([new[heads], positions(numbers, len(relations))[kinds], new[tails]])
        return KnowledgeGraph(
            name,
            tuple(labels),
            tuple(relations),
            triples,
            candidates=None if candidates is None else new[sorted(candidates)],  # type: ignore[arg-type]
            names=readable_names(
                labels, name, faults, readable=readable, catalogues=catalogues, remedy=self.name_remedy
            )
            if readable
            else tuple(self.names.get(i) for i in old),
            attributes=tuple(tuple(sorted(self.attributes.get(i, ()), key=_by_label)) for i in old),
            images=tuple(self.images.get(i) for i in old),
            language=language,
            file_order=None if listed_in is None else self._order(listed_in, old),
        )

    def _note_cut(self, name: str, faults: Faults) -> None:
        """Tell how many texts are longer than what the graph keeps of them."""
        if self._n_cut:
            faults.note(
                f"graph {name!r}: {counted(self._n_cut, 'value')} of attributes longer than "
                f"{LONGEST_VALUE:,} characters, of which only the beginning is kept",
                remedy="nothing needs to be done, unless the values differ only after their beginning",
            )
        if self.n_cut_names:
            faults.note(
                f"graph {name!r}: {counted(self.n_cut_names, 'name')} longer than {LONGEST_NAME:,} "
                "characters, of which only the beginning is kept",
                remedy="write long texts into attributes, unless they are the names that are meant",
            )

    def _order(self, file: str, entities: list[int]) -> FileOrder:
        """Return the order of the entities in the table of names."""
        row = {entity: i for i, entity in enumerate(self.listed)}
        rows = np.array([row.get(entity, -1) for entity in entities], dtype=np.int64)
        return FileOrder(file, rows, len(row), other_file=self.other_list)


def _by_label(pair: Attribute) -> tuple[str, str]:
    return pair[0], pair[1] or ""
