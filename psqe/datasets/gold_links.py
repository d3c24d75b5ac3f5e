"""Gold links from labelled records, independent of the order of the records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults
from psqe.graph import SIDES, IntArray, KnowledgeGraph, counted


class LinkDraft:
    """Gold links under construction. An entity may be in several of them.

    Gold links only judge what is found, so no link is worth stopping for: a link that cannot be used is left
    out and told. Where no link can be used, that is told once more, and ``psqe data check`` calls it a fault.

    Parameters
    ----------
    left, right
        The two graphs.
    faults
        Receives links that name no entity or no candidate.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("rome", "oslo"), (), [])
    >>> right = KnowledgeGraph("r", ("roma",), (), [])
    >>> links = LinkDraft(left, right, Faults())
    >>> links.add("rome", "roma", Path("links.tsv"), 1)
    >>> links.array(Path("links.tsv")).tolist()
    [[0, 0]]
    """

    def __init__(self, left: KnowledgeGraph, right: KnowledgeGraph, faults: Faults) -> None:
        self.index = (left.index(), right.index())
        self._candidates = tuple(frozenset(graph.candidates.tolist()) for graph in (left, right))
        self._faults = faults
        self._pairs: set[tuple[int, int]] = set()
        self._n_unusable = 0

    def add(self, left: str, right: str, path: Path, line: int | None) -> None:
        """Add a link, by the identifiers of its entities. A link that is added twice counts once."""
        ends = [self.index[side].get(label) for side, label in enumerate((left, right))]
        wrong = [
            (f"{label!r} is no {what.format(name)}", remedy)
            for side, (label, name) in enumerate(zip((left, right), SIDES, strict=True))
            for what, remedy in self._problem(side, label, ends[side])
        ]
        if wrong:
            self._n_unusable += 1
            self._faults.leave_out(
                ", and ".join(what for what, _ in wrong), path=path, line=line, remedy=wrong[0][1]
            )
        else:
            self._pairs.add((ends[0], ends[1]))  # type: ignore[arg-type]  # both were found

    def _problem(self, side: int, label: str, end: int | None) -> Iterator[tuple[str, str]]:
        """Yield what an end of a link is not, and a remedy, if it is no candidate of its side."""
        if end is not None and end not in self._candidates[side]:
            yield "candidate of the {} graph", "say something of it in that graph, or delete this link"
        elif end is None:
            if label in self.index[1 - side]:
                remedy = "name first the left and then the right entity, or delete this link"
                yield "entity of the {} graph, but one of the other", remedy
            else:
                yield "entity of the {} graph", "write it as the graphs do, or delete this link"

    def array(self, path: Path) -> IntArray | None:
        """Return the links ``(n_links, 2)``, sorted by left and then by right entity; ``None`` without any.

        Parameters
        ----------
        path
            The file that the links were read from, for the message that there is none.
        """
        if not self._pairs:
            tell_no_links(self._n_unusable, path, self._faults)
            return None
        return np.array(sorted(self._pairs), dtype=np.int64)


def tell_no_links(n_unusable: int, path: Path, faults: Faults) -> None:
    """Tell that a file has no gold link that can be used.

    An empty file is worth a note. A file whose links are all unusable is a fault while faults are gathered.

    Parameters
    ----------
    n_unusable
        Number of its links that cannot be used.
    path
        The file.
    faults
        Is told.
    """
    if n_unusable:
        tell = faults.add if faults.gather else faults.note
        what = f"has no link between candidates of the two graphs ({counted(n_unusable, 'other link')})"
        remedy = "write the identifiers as the graphs do, the left entity first"
    else:
        tell = faults.note
        what, remedy = "has no link", "write a line for each true link, or delete the file"
    tell(f"{what}, so nothing is compared with gold links", path=path, remedy=remedy)
