"""Gold links from labelled records, independent of the order of the records."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.graph import IntArray, KnowledgeGraph


class LinkDraft:
    """Gold links under construction, at most one for each entity.

    Parameters
    ----------
    left, right
        The two graphs.
    faults
        Receives links that name no entity or no candidate, and links whose entity has another link.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("rome", "oslo"), (), [])
    >>> right = KnowledgeGraph("r", ("roma",), (), [])
    >>> links = LinkDraft(left, right, Faults())
    >>> links.add("rome", "roma", Path("links.tsv"), 1)
    >>> links.array().tolist()
    [[0, 0]]
    """

    def __init__(self, left: KnowledgeGraph, right: KnowledgeGraph, faults: Faults) -> None:
        self.index = (left.index(), right.index())
        self._candidates = tuple(frozenset(graph.candidates.tolist()) for graph in (left, right))
        self._faults = faults
        self._partner: tuple[dict[int, tuple[int, str]], dict[int, tuple[int, str]]] = ({}, {})

    def add(self, left: str, right: str, path: Path, line: int | None) -> None:
        """Add a link, by the identifiers of its entities. A link that is added twice counts once."""
        ends = []
        for side, (label, name) in enumerate(((left, "left"), (right, "right"))):
            end = self.index[side].get(label)
            if end is None:
                other = ", but one of the other" if label in self.index[1 - side] else ""
                self._faults.add(
                    f"{label!r} is no entity of the {name} graph{other}",
                    path=path,
                    line=line,
                    remedy="name first the left and then the right entity as the graphs do, "
                    "or delete this link",
                )
                return
            ends.append(end)
        for side, (label, name) in enumerate(((left, "left"), (right, "right"))):
            if ends[side] not in self._candidates[side]:
                self._faults.leave_out(
                    f"{label!r} is no candidate of the {name} graph",
                    path=path,
                    line=line,
                    remedy="say something of it in that graph, or delete this link",
                )
                return
        for side, label in enumerate((left, right)):
            partner, where = self._partner[side].get(ends[side], (ends[1 - side], ""))
            if partner != ends[1 - side]:
                self._faults.add(
                    f"{label!r} has another link already{where}",
                    path=path,
                    line=line,
                    remedy="keep one link for each entity",
                )
                return
        where = "" if line is None else f", in {path.name}:{line}"
        self._partner[0].setdefault(ends[0], (ends[1], where))
        self._partner[1].setdefault(ends[1], (ends[0], where))

    def array(self) -> IntArray:
        """Return the links ``(n_links, 2)``, sorted by left entity."""
        pairs = sorted((left, right) for left, (right, _) in self._partner[0].items())
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)
