"""What statements say of the files rather than of the world: ontology headers, declarations and labels."""

from __future__ import annotations

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
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


def is_vocabulary(iri: str) -> bool:
    """Return whether an IRI is a term of RDF, RDFS, OWL or XML Schema, which is the same in every file.

    Examples
    --------
    >>> is_vocabulary("http://www.w3.org/2002/07/owl#Thing"), is_vocabulary("http://a.example/Thing")
    (True, False)
    """
    return iri.startswith(_NAMESPACES)
