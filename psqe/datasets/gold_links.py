"""Gold links from labelled records, independent of the order of the records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from psqe.datasets.faults import Faults, listed
from psqe.datasets.spelling import Spellings, shown
from psqe.graph import SIDES, IntArray, KnowledgeGraph, counted


class LinkDraft:
    """Gold links under construction. An entity may be in several of them.

    Gold links only judge what is found, so no link is worth stopping for: a link that cannot be used is left
    out and reported. If no link can be used, that is reported, too, and ``psqe data check`` calls it a fault.

    Parameters
    ----------
    left, right
        The two graphs.
    faults
        Receives links that name no entity or no candidate.
    refused
        For each side the files in which faults were gathered. A link that names no entity of such a side is
        not checked, because a record that was refused may have the entity. By default there are none.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("rome", "oslo"), (), [])
    >>> right = KnowledgeGraph("r", ("roma",), (), [])
    >>> links = LinkDraft(left, right, Faults())
    >>> links.add("rome", "roma", Path("links.tsv"), 1)
    >>> links.array(Path("links.tsv")).tolist()
    [[0, 0]]
    """

    def __init__(
        self,
        left: KnowledgeGraph,
        right: KnowledgeGraph,
        faults: Faults,
        refused: Sequence[Sequence[Path]] = ((), ()),
    ) -> None:
        self.index = (left.index(), right.index())
        self._spellings = tuple(Spellings(graph.entities) for graph in (left, right))
        self._candidates = tuple(frozenset(graph.candidates.tolist()) for graph in (left, right))
        self._faults = faults
        self._pairs: set[tuple[int, int]] = set()
        self._refused = refused
        self._n_unusable = self._n_unchecked = 0

    def add(self, left: str, right: str, path: Path, line: int | None) -> None:
        """Add a link, by the identifiers of its entities. A link that is added twice counts once."""
        ends = [self.index[side].get(label) for side, label in enumerate((left, right))]
        problems = [self._problem(side, label, ends[side]) for side, label in enumerate((left, right))]
        known = [problem for problem, refused in zip(problems, self._refused, strict=True) if not refused]
        wrong = [problem for problem in known if problem is not None]
        if not wrong and any(problems):
            self._n_unchecked += 1
        elif wrong:
            self._n_unusable += 1
            what = ", and ".join(what for what, _ in wrong)
            self._faults.leave_out(what, path=path, line=line, remedy=wrong[0][1])
        else:
            self._pairs.add((ends[0], ends[1]))

    def _problem(self, side: int, label: str, end: int | None) -> tuple[str, str] | None:
        """Return what an end of a link is not, and a remedy; ``None`` if it is a candidate of its side."""
        graph = f"of the {SIDES[side]} graph"
        if end is None and label in self.index[1 - side]:
            remedy = "name first the left and then the right entity, or delete this link"
            return f"{shown(label)} is no entity {graph}, but one of the other", remedy
        if end is None:
            hint = self._spellings[side].hint(label)
            return (
                f"{shown(label)} is no entity {graph}{hint}",
                "write it as the graphs do, or delete this link",
            )
        if end not in self._candidates[side]:
            remedy = "describe it in that graph, or delete this link"
            return f"{shown(label)} is no candidate {graph}", remedy
        return None

    def array(self, path: Path) -> IntArray | None:
        """Return the links ``(n_links, 2)``, sorted by left and then by right entity; ``None`` without any.

        Parameters
        ----------
        path
            The file that the links were read from, for the message that there is none.
        """
        if self._n_unchecked:
            tell_unchecked(path, self._refused, self._faults, n_links=self._n_unchecked)
        if not self._pairs:
            if self._n_unchecked:
                return None
            tell_no_links(self._n_unusable, path, self._faults)
            return None
        return np.array(sorted(self._pairs), dtype=np.int64)


def tell_unchecked(
    path: Path | None, refused: Sequence[Sequence[Path]], faults: Faults, *, n_links: int | None = None
) -> None:
    """Note that links could not be checked, because records of the graphs were refused.

    Parameters
    ----------
    path
        The file of the links; nothing is noted where it is ``None``.
    refused
        For each side the files in which faults were gathered.
    faults
        Receives the note.
    n_links
        Number of the links that could not be checked; ``None``, the default, for all.
    """
    files = [file for side in refused for file in side]
    if path is not None and files:
        which = "the links" if n_links is None else counted(n_links, "link")
        names = listed(["/".join(file.parts[-2:]) for file in files])
        faults.note(
            f"{which} could not be checked, because something was refused in {names}",
            path=path,
            remedy=f"correct {'this file' if len(files) == 1 else 'these files'} first",
        )


def tell_no_links(n_unusable: int, path: Path, faults: Faults) -> None:
    """Report that a file has no gold link that can be used.

    An empty file is worth a note. A file whose links are all unusable is a fault while faults are gathered.

    Parameters
    ----------
    n_unusable
        Number of its links that cannot be used.
    path
        The file.
    faults
        Receives the note or the fault.
    """
    if n_unusable:
        tell = faults.add if faults.gather else faults.note
        what = f"has no link between candidates of the two graphs ({counted(n_unusable, 'other link')})"
        remedy = "write the identifiers as the graphs do, the left entity first"
    else:
        tell = faults.note
        what, remedy = "has no link", "write a line for each gold link, or delete the file"
    tell(f"{what}, so nothing is compared with gold links", path=path, remedy=remedy)
