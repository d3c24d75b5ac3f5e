"""What statements say of the files rather than of the world: ontology headers, declarations and labels."""

from __future__ import annotations

import re

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
PLAIN_LITERAL = "http://www.w3.org/1999/02/22-rdf-syntax-ns#PlainLiteral"
LITERAL_FORM = "http://www.w3.org/2008/05/skos-xl#literalForm"

_OWL = "http://www.w3.org/2002/07/owl#"
NO_CANDIDATES = frozenset(
    {
        f"{_OWL}Ontology",
        f"{_OWL}AnnotationProperty",
        f"{_OWL}OntologyProperty",
        f"{_OWL}Axiom",
        f"{_OWL}Annotation",
        f"{_OWL}Restriction",
        f"{_OWL}AllDifferent",
        f"{_OWL}AllDisjointClasses",
        f"{_OWL}AllDisjointProperties",
        f"{_OWL}NegativePropertyAssertion",
        "http://www.w3.org/2000/01/rdf-schema#Datatype",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#List",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement",
        "http://www.w3.org/2008/05/skos-xl#Label",
        "http://rdfs.org/ns/void#Dataset",
    }
)
"""Types of what describes the data: such things are entities, but never get a link."""

_NAMESPACES = (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://www.w3.org/2000/01/rdf-schema#",
    _OWL,
    "http://www.w3.org/2001/XMLSchema#",
)


PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": _OWL,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "skosxl": "http://www.w3.org/2008/05/skos-xl#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "http://schema.org/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "dbo": "http://dbpedia.org/ontology/",
    "dbr": "http://dbpedia.org/resource/",
    "dbp": "http://dbpedia.org/property/",
    "wd": "http://www.wikidata.org/entity/",
    "wdt": "http://www.wikidata.org/prop/direct/",
}
"""The prefixes that everyone gives the same meaning, so that files often do not declare them."""

_SKOLEM = re.compile(r"https?://[^/?#]+/\.well-known/genid/|nodeid://|urn:bnode:", re.IGNORECASE)


def is_skolem(iri: str) -> bool:
    """Return whether an IRI stands for a blank node, as the *Skolem IRIs* of RDF 1.1 and Virtuoso's do.

    Examples
    --------
    >>> is_skolem("http://a.example/.well-known/genid/b1"), is_skolem("nodeID://b1"), is_skolem("http://a/b1")
    (True, True, False)
    """
    return _SKOLEM.match(iri) is not None


def is_vocabulary(iri: str) -> bool:
    """Return whether an IRI is a term of RDF, RDFS, OWL or XML Schema, which is the same in every file.

    Examples
    --------
    >>> is_vocabulary("http://www.w3.org/2002/07/owl#Thing"), is_vocabulary("http://a.example/Thing")
    (True, False)
    """
    return iri.startswith(_NAMESPACES)
