"""Predicted links in the alignment format of OAEI.

Source: J. David, J. Euzenat, F. Scharffe, C. Trojahn, "The Alignment API 4.0", Semantic Web 2(1), 2011.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from psqe.datasets.own_outputs import MARK
from psqe.graph import AlignmentTask
from psqe.links.formats.base import check_iris, link_rows
from psqe.links.predict import Links

TYPES = {"one-to-one": "11", "one-to-many": "?*", "many-to-many": "**"}
"""The type of an alignment by the cardinality of its links: whether they are injective, and then whether
their converse is."""

_START = f"""<?xml version="1.0" encoding="utf-8"?>
<!-- {MARK} -->
<rdf:RDF xmlns="http://knowledgeweb.semanticweb.org/heterogeneity/alignment#"
         xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:xsd="http://www.w3.org/2001/XMLSchema#">
<Alignment>
<xml>yes</xml>
<level>0</level>
<type>TYPE</type>
"""
_END = "</Alignment>\n</rdf:RDF>\n"


class Oaei:
    """The alignment format: a cell with both entities and the confidence as its measure for each link."""

    name = "the alignment format"

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`~psqe.errors.ParameterError` if a candidate has no IRI."""
        check_iris(task, self.name)

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return the alignment."""
        cells = (
            f"<map><Cell>\n"
            f"  <entity1 rdf:resource={quoteattr(row.left)}/>\n"
            f"  <entity2 rdf:resource={quoteattr(row.right)}/>\n"
            f"  <relation>=</relation>\n"
            f'  <measure rdf:datatype="http://www.w3.org/2001/XMLSchema#float">'
            f"{min(row.confidence, 1.0):.6g}</measure>\n"
            f"</Cell></map>\n"
            for row in link_rows(links, task)
        )
        start = _START.replace("TYPE", TYPES[links.chosen_by.cardinality])
        return f"{start}{''.join(cells)}{_END}"
