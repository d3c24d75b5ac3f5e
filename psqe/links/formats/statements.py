"""Predicted links as statements in RDF with ``owl:sameAs``."""

from __future__ import annotations

import pyoxigraph as ox

from psqe.datasets.own_outputs import MARK
from psqe.graph import AlignmentTask
from psqe.links.formats.base import check_iris, link_rows
from psqe.links.predict import Links

_OWL = "http://www.w3.org/2002/07/owl#"


class NTriples:
    """N-Triples."""

    name = "N-Triples"
    head = ""
    predicate = f"<{_OWL}sameAs>"

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`~psqe.errors.ParameterError` if a candidate has no IRI."""
        check_iris(task, self.name)

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return one statement a line."""
        lines = (
            f"{ox.NamedNode(row.left)} {self.predicate} {ox.NamedNode(row.right)} .\n"
            for row in link_rows(links, task)
        )
        return f"# {MARK}\n{self.head}{''.join(lines)}"


class Turtle(NTriples):
    """Turtle."""

    name = "Turtle"
    head = f"@prefix owl: <{_OWL}> .\n\n"
    predicate = "owl:sameAs"
