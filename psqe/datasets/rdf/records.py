"""Nodes of dumps that are records of an entity: statements, values, pages and the predicates of properties.

Wikidata is a Wikibase, whose dumps say each fact twice: as a triple of the item, and by a node for the
statement, with nodes for its value and its references. Other nodes are the record of the item, the pages
about the item and the predicates of a property. DBpedia has nodes for pages, too. None of these nodes is a
thing that another graph describes.

Source: https://www.mediawiki.org/wiki/Wikibase/Indexing/RDF_Dump_Format
"""

from __future__ import annotations

from collections.abc import Set

WIKIBASE = "http://wikiba.se/ontology#"

RECORD_TYPES = frozenset(
    WIKIBASE + name
    for name in (
        "Statement",
        "BestRank",
        "Reference",
        "Value",
        "QuantityValue",
        "TimeValue",
        "GlobecoordinateValue",
        "Dump",
    )
)
"""Types of nodes that are records."""

_ENTITY_TYPES = frozenset(
    WIKIBASE + name for name in ("Item", "Property", "Lexeme", "Form", "Sense", "MediaInfo")
)
_PREDICATES = frozenset(
    WIKIBASE + name
    for name in (
        "directClaim",
        "directClaimNormalized",
        "claim",
        "statementProperty",
        "statementValue",
        "statementValueNormalized",
        "qualifier",
        "qualifierValue",
        "qualifierValueNormalized",
        "reference",
        "referenceValue",
        "referenceValueNormalized",
        "novalue",
    )
)
_ENTITIES = ("http://www.wikidata.org/entity/", "https://www.wikidata.org/entity/")
_ABOUT = frozenset({"http://schema.org/about", "https://schema.org/about"})
_PRIMARY_TOPIC = "http://xmlns.com/foaf/0.1/primaryTopic"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


class Records:
    """The records among the nodes of one side, found while its statements are read.

    A page is a record if it is about an entity of a Wikibase, or if it has no name of its own and something
    described in the file is its ``foaf:primaryTopic``. Articles about topics in other data remain entities.

    Examples
    --------
    >>> records = Records()
    >>> records.add(0, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", 1, WIKIBASE + "Statement")
    >>> records.add(2, "http://schema.org/about", 3, "http://www.wikidata.org/entity/Q64")
    >>> sorted(records.found(subjects={0, 2, 3}, named={3}))
    [0, 2]
    """

    def __init__(self) -> None:
        self._records: set[int] = set()
        self._entities: set[int] = set()
        self._about: list[tuple[int, int]] = []
        self._topics: list[tuple[int, int]] = []

    def add(self, subject: int, predicate: str, value: int, iri: str) -> None:
        """Add a statement whose object is a node.

        Parameters
        ----------
        subject
            Number of the subject.
        predicate
            IRI of the predicate.
        value
            Number of the object.
        iri
            IRI of the object.
        """
        if predicate == _TYPE:
            if iri in RECORD_TYPES:
                self._records.add(subject)
            elif iri in _ENTITY_TYPES:
                self._entities.add(subject)
        elif predicate in _PREDICATES:
            self._records.add(value)
        elif predicate in _ABOUT:
            if iri.startswith(_ENTITIES):
                self._records.add(subject)
            else:
                self._about.append((subject, value))
        elif predicate == _PRIMARY_TOPIC:
            self._topics.append((subject, value))

    def add_group(self, subject: int, predicate: str) -> None:
        """Add a statement whose object is a literal; by ``wikibase:wikiGroup``, its subject is a web site."""
        if predicate == f"{WIKIBASE}wikiGroup":
            self._records.add(subject)

    def found(self, *, subjects: Set[int], named: Set[int]) -> set[int]:
        """Return the numbers of all records, when every statement has been added.

        Parameters
        ----------
        subjects
            Numbers of what the file describes.
        named
            Numbers of what has a name.
        """
        pages = {page for page, entity in self._about if entity in self._entities}
        pages |= {page for page, topic in self._topics if topic in subjects and page not in named}
        return (self._records | pages) - self._entities
