"""Groups of entities as tables: for a reader as a frame, and for other programs as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from psqe.datasets.pairs import check_outputs
from psqe.errors import ParameterError
from psqe.files import write_tsv
from psqe.graph import IntArray, KnowledgeGraph
from psqe.parameters import check_form


def content_order(graph: KnowledgeGraph) -> IntArray:
    """Return the candidates of a graph sorted by their names and attributes, and then by their identifiers.

    Examples
    --------
    >>> graph = KnowledgeGraph("cities", ("1", "2"), (), [], names=("Rome", "Paris"))
    >>> content_order(graph).tolist()
    [1, 0]
    """

    def key(entity: int) -> tuple[str, list[str], str]:
        return (
            graph.names[entity] or "",
            sorted(map(repr, graph.attributes[entity])),
            graph.entities[entity],
        )

    candidates: IntArray = graph.candidates
    order = sorted(range(len(candidates)), key=lambda place: key(int(candidates[place])))
    return candidates[order]


def best_first(groups: Sequence[Sequence[int]], confidence: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of groups in the order of their mean confidence, the largest first.

    Examples
    --------
    >>> best_first([[0, 1], [2, 3]], [[0.5, 0.6], [0.9, 0.9]])
    [1, 0]
    """

    def key(place: int) -> tuple[float, int]:
        own = confidence[place]
        return -sum(own) / len(own), groups[place][0]

    return sorted(range(len(groups)), key=key)


def save_table(path: str | Path, table: pd.DataFrame, folders: Sequence[str]) -> None:
    """Write a table with tabs. Tabs and line breaks in names become blanks.

    Parameters
    ----------
    path
        The file to write, which ends in ``.tsv``.
    table
        The table.
    folders
        The folders that the graphs were read from, whose files are not to be replaced.

    Raises
    ------
    ParameterError
        If the file has another ending, is one of those that were read or would be read with them, or an
        identifier has a tab or a line break.
    PsqeError
        If the file cannot be written.
    """
    check_form("the file", path, str | Path, "give a path")
    path = Path(path)
    if path.suffix and path.suffix.lower() != ".tsv":
        raise ParameterError(f"a table cannot be written as {path.suffix} file", remedy="let it end in .tsv")
    for folder in folders:
        check_outputs((path,), folder)
    write_tsv(path, tuple(table.columns), map(_cells, table.to_dict("records")))


def _cells(row: dict[str, object]) -> list[str]:
    cells = []
    for column, cell in row.items():
        text = "" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
        if column.endswith("name"):
            text = " ".join(text.split())
        elif any(mark in text for mark in "\t\n\r"):
            raise ParameterError(
                f"the {column} {text!r} has a tab or a line break, which a .tsv file cannot hold",
                remedy="give it another name",
            )
        cells.append(text)
    return cells
