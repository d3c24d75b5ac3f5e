"""An order of entities that depends on what is said about them, and not on the order of rows in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from psqe.graph import KnowledgeGraph


def in_content_order(graph: KnowledgeGraph, entities: Sequence[int]) -> list[int]:
    """Sort entities by their names, then by their relations, and finally by their identifiers.

    What is drawn for the entities in this order does not depend on the order of the rows in a file. Where
    names or relations tell entities apart, it does not depend on their identifiers either.

    Parameters
    ----------
    graph
        The graph.
    entities
        Indices of entities of the graph.

    Examples
    --------
    >>> graph = KnowledgeGraph("cities", ("b", "a"), (), [], names=("Paris", "Rome"))
    >>> in_content_order(graph, [1, 0])
    [0, 1]
    """
    around: dict[int, Counter[str]] = {entity: Counter() for entity in entities}
    for head, relation, tail in graph.triples.tolist():
        for entity, end in ((head, "head"), (tail, "tail")):
            if entity in around:
                around[entity][f"{end} of {graph.relations[relation]}"] += 1
    return sorted(
        entities,
        key=lambda i: (
            graph.names[i] or "",
            graph.translations[i] or "",
            sorted(around[i].items()),
            graph.entities[i],
        ),
    )
