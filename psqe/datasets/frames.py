"""A knowledge graph from tables in memory, with the columns of the folder layout's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from psqe.datasets.agreement import examine_side
from psqe.datasets.cut_numbers import remedy_for_repeated
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft
from psqe.datasets.images import is_image
from psqe.datasets.labels import readable_name
from psqe.datasets.tables import COLUMNS
from psqe.errors import DataError
from psqe.graph import KnowledgeGraph

IDENTIFIERS = ("head", "tail", "entity")
"""The columns that hold identifiers."""

EXACT = 2**53
"""The number from which a float no longer tells whole numbers apart."""


def graph_from_frames(
    triples: Any = None,
    names: Any = None,
    attributes: Any = None,
    images: Any = None,
    *,
    name: str = "graph",
    language: str | None = None,
) -> KnowledgeGraph:
    """Build a knowledge graph from pandas frames.

    The entities of the graph are all identifiers that any table holds, in the order of the alphabet. The
    rules are those of the folder layout (:mod:`psqe.datasets.layouts.folder`): records that are given twice
    count once; without ``names``, an entity's name is what its identifier says in plain words, unless the
    identifiers are codes, and every entity is a candidate for a link; with ``names``, an entity that is only
    ever the tail of a triple has no name and is no candidate. Whole numbers are identifiers, too, and become
    text: ``100`` and ``100.0``, as pandas makes of it where a number is missing, are both ``"100"``.

    Parameters
    ----------
    triples
        Table with the columns ``head``, ``relation`` and ``tail``: a pandas frame, or anything that
        ``pandas.DataFrame`` takes. Columns that have no names are taken in this order. ``None``, the
        default, for a graph without triples.
    names
        Table with the columns ``entity`` and ``name``, one row for each entity at most, or ``None``. A
        missing or empty name, or one that stands for nothing as ``nan`` does
        (:mod:`psqe.datasets.placeholders`), is no name.
    attributes
        Table with the columns ``entity``, ``attribute`` and ``value``, or ``None``. A missing value means
        that only the label of the attribute is known. Numbers and dates become text.
    images
        Table with the columns ``entity`` and ``path``, one row for each entity at most, or ``None``.
        Relative paths start from the working directory.
    name
        Name of the graph in tables and messages.
    language
        Language code of the texts, for tables; ``None`` when unknown.

    Returns
    -------
    KnowledgeGraph
        The same graph whatever the order of the rows.

    Raises
    ------
    DataError
        If no table has a row; if a table lacks a column or has one more; if a cell is missing where it may
        not be; if an identifier, a relation, an attribute or a name is no text, or an identifier has blanks
        around it; if an entity has two names or two images; or if an image is missing or no image.

    Examples
    --------
    >>> import pandas as pd
    >>> graph_from_frames(
    ...     triples=pd.DataFrame({"head": ["rome"], "relation": ["capital of"], "tail": ["italy"]}),
    ...     names=[("rome", "Roma"), ("italy", "Italia")],
    ... )
    KnowledgeGraph('graph': 2 entities, 2 candidates, 1 relation, 1 triple)
    """
    draft, faults = GraphDraft(), Faults()
    for _, (head, relation, tail) in _rows(name, "triples", triples, draft):
        draft.add_triple(draft.entity(head), relation, draft.entity(tail))
    for _, (entity, attribute, value) in _rows(name, "attributes", attributes, draft):
        draft.add_attribute(draft.entity(entity), attribute, value)
    for row, (entity, text) in _rows(name, "names", names, draft):
        index = draft.entity(entity)
        if index in draft.listed:
            remedy = remedy_for_repeated(entity, "keep one row for each entity")
            raise _fault(name, "names", row, f"{entity!r} has a name already", remedy)
        draft.add_name(index, text)
    for row, (entity, path) in _rows(name, "images", images, draft):
        index = draft.entity(entity)
        if index in draft.images:
            raise _fault(
                name, "images", row, f"{entity!r} has an image already", "keep one row for each entity"
            )
        is_image(Path(path), Faults())
        draft.images[index] = Path(path)
    if not draft.index:
        raise DataError(f"graph {name!r} has no entity", remedy="give triples, names, attributes or images")
    examine_side(draft, f"graph {name!r}", faults)
    graph = draft.build(
        name,
        faults,
        readable=readable_name if names is None else None,
        candidates=None if names is None else draft.described(),
        language=language,
    )
    faults.close()
    return graph


def _fault(graph: str, table: str, row: int, what: str, remedy: str) -> DataError:
    return DataError(f"graph {graph!r}, {table}, row {row}: {what}", remedy=remedy)


def _rows(graph: str, table: str, data: Any, draft: GraphDraft) -> Iterator[tuple[int, list[str]]]:
    """Yield the number (from 0, as ``iloc`` counts) and the cells, as text, of each row of a table.

    The draft learns which table the entities of these rows belong to.

    Raises
    ------
    DataError
        If the columns are others than those of the table, or a cell will not do.
    """
    if data is None:
        return
    columns = COLUMNS[table]
    try:
        frame = pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"graph {graph!r}: pandas makes no frame of {table} ({error})",
            remedy=f"give a frame with the columns {', '.join(columns)}",
        ) from error
    if list(frame.columns) == list(range(len(columns))):
        frame.columns = list(columns)
    if sorted(map(str, frame.columns)) != sorted(columns):
        raise DataError(
            f"graph {graph!r}: {table} has the columns [{', '.join(map(str, frame.columns))}]",
            remedy=f"give exactly the columns {', '.join(columns)}",
        )
    draft.begin(table, f"graph {graph!r}, {table}")
    for row, cells in enumerate(zip(*(frame[column].tolist() for column in columns), strict=True)):
        yield row, [_text(graph, table, row, *pair) for pair in zip(columns, cells, strict=True)]


def _text(graph: str, table: str, row: int, column: str, cell: Any) -> str:
    """Return a cell as text; a missing value of an attribute and a missing name are the empty text."""
    missing = pd.api.types.is_scalar(cell) and pd.isna(cell)
    if column == "value" and (missing or pd.api.types.is_scalar(cell)):
        return "" if missing else str(cell)
    if column == "name" and (missing or (isinstance(cell, str) and not cell.strip())):
        return ""
    if missing or cell == "":
        raise _fault(graph, table, row, f"{column} is missing", f"fill it, or leave the row out of {table}")
    if column == "path" and isinstance(cell, os.PathLike):
        cell = os.fspath(cell)
    if column in IDENTIFIERS and (pd.api.types.is_integer(cell) or pd.api.types.is_float(cell)):
        cell = _whole_number(graph, table, row, column, cell)
    if not isinstance(cell, str):
        what = f"{column} is {cell!r}, which is a {type(cell).__name__} and no text"
        raise _fault(graph, table, row, what, f"convert the column, as by {table}[{column!r}].astype(str)")
    if cell != cell.strip() and column != "name":
        raise _fault(
            graph, table, row, f"{column} has blanks around {cell.strip()!r}",
            f"remove them, as by {table}[{column!r}].str.strip()",
        )  # fmt: skip
    if not cell.strip():
        raise _fault(graph, table, row, f"{column} is blank", f"fill it, or leave the row out of {table}")
    return cell


def _whole_number(graph: str, table: str, row: int, column: str, cell: Any) -> str:
    """Return as text a number that identifies an entity: 100 and, as pandas makes of it, 100.0 are 100."""
    if pd.api.types.is_integer(cell) or (float(cell).is_integer() and abs(cell) < EXACT):
        return str(int(cell))
    raise _fault(
        graph, table, row, f"{column} is {cell!r}, which is no whole number below 2**53",
        "read the identifiers as text, as by pandas.read_csv(..., dtype=str)",
    )  # fmt: skip
