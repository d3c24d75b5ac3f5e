"""A graph under construction, and two such graphs as an alignment task: shared by tasks made of packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph, Sides

Attributes = tuple[tuple[str, str | None], ...]


class GraphBuilder:
    """A graph of one side, to which nodes and triples are added around its candidates.

    Parameters
    ----------
    name
        Name of the graph.
    language
        Language of its texts; ``None`` if it is unknown.
    candidates
        The identifier of each candidate. They become the entities ``0 .. len(candidates) - 1``.
    names, attributes, images, groups
        The columns of the candidates, see :class:`psqe.graph.KnowledgeGraph`; empty where there are none.

    Examples
    --------
    >>> graph = GraphBuilder("emoji", "en", ["emoji:2600"])
    >>> graph.add("emoji:2600", "in_group", graph.node("group", "sky", "sky"))
    >>> graph.build()
    KnowledgeGraph('emoji': 2 entities, 1 candidate, 1 relation, 1 triple)
    """

    def __init__(
        self,
        name: str,
        language: str | None,
        candidates: Sequence[str],
        *,
        names: Sequence[str | None] = (),
        attributes: Sequence[Attributes] = (),
        images: Sequence[Path | None] = (),
        groups: Sequence[str | None] = (),
    ) -> None:
        self.name, self.language = name, language
        n = self._n_candidates = len(candidates)
        self._columns: dict[str, tuple[Sequence[Any], Any]] = {
            "names": (names or [None] * n, None),
            "attributes": (attributes or [()] * n, ()),
            "images": (images or [None] * n, None),
            "groups": (groups or [None] * n, None),
        }
        self._index = {identifier: i for i, identifier in enumerate(candidates)}
        self._labels: list[str | None] = []
        self._relations: dict[str, int] = {}
        self._triples: list[tuple[int, int, int]] = []

    def has(self, identifier: str) -> bool:
        """Return whether a candidate or another node of the graph has this identifier."""
        return identifier in self._index

    def node(self, kind: str, code: str, label: str | None = None) -> str:
        """Return the identifier of a node that is no candidate, and add the node if it is new.

        Parameters
        ----------
        kind, code
            Kind of the node, such as ``"currency"``, and its code among the nodes of this kind.
        label
            Text of the node; ``None``, the default, for codes and numbers, which are no text.

        Returns
        -------
        str
            The kind and the code, joined by a colon.
        """
        identifier = f"{kind}:{code}"
        if identifier not in self._index:
            self._index[identifier] = len(self._index)
            self._labels.append(label)
        return identifier

    def add(self, head: str, relation: str, tail: str) -> None:
        """Add a triple between two identifiers.

        Raises
        ------
        KeyError
            If an identifier is neither a candidate nor a node that was added.
        """
        number = self._relations.setdefault(relation, len(self._relations))
        self._triples.append((self._index[head], number, self._index[tail]))

    def build(self) -> KnowledgeGraph:
        """Return the graph: the candidates first, then the other nodes in the order in which they were added.

        The text of another node is its only attribute, ``label``.
        """
        n_other = len(self._labels)
        columns: dict[str, Any] = {
            key: (*column, *[empty] * n_other) for key, (column, empty) in self._columns.items()
        }
        labels = [(("label", label),) if label else () for label in self._labels]
        columns["attributes"] = (*self._columns["attributes"][0], *labels)
        return KnowledgeGraph(
            name=self.name,
            entities=tuple(self._index),
            relations=tuple(self._relations),
            triples=np.array(self._triples, dtype=np.int64).reshape(-1, 3),
            candidates=np.arange(self._n_candidates),
            language=self.language,
            **columns,
        )


def shuffled_task(
    name: str,
    left: KnowledgeGraph,
    right: KnowledgeGraph,
    links: IntArray,
    rng: np.random.Generator,
    *,
    parameters: Mapping[str, Any],
    left_dropped: IntArray | None = None,
    right_dropped: IntArray | None = None,
    shuffles_left: bool = True,
) -> AlignmentTask:
    """Make a task of two graphs, without dropped candidates and with entities in random order.

    Parameters
    ----------
    name
        Name of the task.
    left, right
        The two graphs.
    links
        Gold links ``(n, 2)`` between indices of the graphs, already in random order.
    rng
        Source of the order.
    parameters
        What the task was made with.
    left_dropped, right_dropped
        Indices of candidates that are left out; none when ``None``.
    shuffles_left
        Whether the left entities are in random order, too, and not in that of their graph.

    Returns
    -------
    AlignmentTask
        Other nodes of which no triple is left are gone. The ids count the entities of the left graph, then
        those of the right one.
    """
    kept = Sides(_kept(left, left_dropped), _kept(right, right_dropped))
    right_order = rng.permutation(kept.right)
    left_order = rng.permutation(kept.left) if shuffles_left else kept.left
    task = AlignmentTask(name, left, right, links, parameters).take(left_order, right_order)
    n_left, n_right = task.sides.map(lambda graph: graph.n_entities)
    return replace(
        task,
        left=replace(task.left, ids=np.arange(n_left)),
        right=replace(task.right, ids=n_left + np.arange(n_right)),
    )


def _kept(graph: KnowledgeGraph, dropped: IntArray | None) -> IntArray:
    """Return the entities that stay: candidates that are not dropped, and nodes that still have a triple."""
    stays = np.ones(graph.n_entities, dtype=bool)
    if dropped is not None:
        stays[dropped] = False
    heads, tails = graph.triples[:, 0], graph.triples[:, 2]
    alive = stays[heads] & stays[tails]
    used = np.zeros(graph.n_entities, dtype=bool)
    used[graph.candidates] = True
    used[heads[alive]] = used[tails[alive]] = True
    return np.flatnonzero(stays & used)
