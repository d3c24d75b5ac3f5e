"""Predicted links in the alignment format of OAEI.

Source: J. David, J. Euzenat, F. Scharffe, C. Trojahn, "The Alignment API 4.0", Semantic Web 2(1), 2011. The
signs of the type are defined in the documentation of that interface.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import numpy as np

from psqe.datasets.own_outputs import MARK
from psqe.graph import AlignmentTask
from psqe.links.formats.base import check_iris, link_rows
from psqe.links.predict import Links

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

SIGNS = {(True, True): "1", (True, False): "?", (False, True): "+", (False, False): "*"}
"""The sign of a mapping by whether it is injective and whether it is total."""


def arity(links: Links, task: AlignmentTask) -> str:
    """Return the type of an alignment: a sign for the mapping from left to right, and one for its converse.

    A sign is ``1`` if the mapping is injective and total, ``?`` if it is injective, ``+`` if it is total, and
    ``*`` if it is neither. The mapping is injective if no right entity is linked with several left ones, and
    total if each left entity has a link. For its converse, the sides are exchanged. The signs tell what the
    links are, not what their cardinality would allow.

    Parameters
    ----------
    links
        The links.
    task
        The two graphs, whose entities are all counted.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> arity(predict_links(task, features, feature_scorer(task, features)), task)
    '??'
    """
    linked = [len(np.unique(ends)) for ends in links.pairs.T]
    total = [n == graph.n_entities for n, graph in zip(linked, task.sides, strict=True)]
    injective = [n == len(links) for n in reversed(linked)]
    return "".join(SIGNS[of] for of in zip(injective, total, strict=True))


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
        start = _START.replace("TYPE", arity(links, task))
        return f"{start}{''.join(cells)}{_END}"
