"""Files of gold links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import LinkDraft
from psqe.datasets.tsv import rows
from psqe.graph import SIDES, IntArray, KnowledgeGraph


def read_links(
    path: Path,
    left: KnowledgeGraph,
    right: KnowledgeGraph,
    faults: Faults,
    *,
    label: Callable[[str], str] = str,
) -> IntArray:
    """Read the links of a table with the columns left and right.

    Parameters
    ----------
    path
        The table.
    left, right
        The two graphs.
    faults
        Receives everything that is wrong with the table.
    label
        Function from a cell to an identifier; by default the cell is the identifier.

    Returns
    -------
    numpy.ndarray
        Integer array ``(n_links, 2)``, sorted by left entity.
    """
    links = LinkDraft(left, right, faults)
    for line, cells in rows(path, SIDES, faults):
        links.add(label(cells[0]), label(cells[1]), path, line)
    return links.array()
