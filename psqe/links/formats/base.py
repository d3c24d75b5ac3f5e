"""What a format of predicted links is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import pyoxigraph as ox

from psqe.errors import ParameterError
from psqe.graph import SIDES, AlignmentTask
from psqe.links.predict import Links

TABLE = "write the links to a file that ends in .csv or .tsv"


class LinkFormat(Protocol):
    """A format of predicted links.

    Attributes
    ----------
    name
        What the format is called.
    """

    name: str

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`~psqe.errors.ParameterError` if the format cannot hold the identifiers of a pair."""
        ...

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return the content of the file."""
        ...


class LinkRow(NamedTuple):
    """One link, with identifiers and numbers as a file has them."""

    left: str
    right: str
    score: float
    confidence: float
    rank_margin: float
    left_name: str | None
    right_name: str | None


def link_rows(links: Links, task: AlignmentTask) -> Iterator[LinkRow]:
    """Yield the links, most confident first."""
    columns = zip(links.pairs.tolist(), links.scores, links.confidence, links.rank_margin, strict=True)
    for (left, right), score, confidence, margin in columns:
        yield LinkRow(
            task.left.entities[left], task.right.entities[right], float(score), float(confidence),
            float(margin), task.left.names[left], task.right.names[right],
        )  # fmt: skip


def check_iris(task: AlignmentTask, name: str) -> None:
    """Report before the work that a candidate has no IRI, which a format needs.

    Parameters
    ----------
    task
        The pair of graphs.
    name
        What the format is called.

    Raises
    ------
    ParameterError
        If an identifier is no absolute IRI.
    """
    for side, graph in zip(SIDES, task.sides, strict=True):
        for entity in graph.candidates.tolist():
            identifier = graph.entities[entity]
            try:
                ox.NamedNode(identifier)
            except ValueError:
                raise ParameterError(
                    f"{name} names entities by IRIs, and {identifier!r} of the {side} graph is none",
                    remedy=TABLE,
                ) from None
