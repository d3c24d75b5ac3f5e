"""One knowledge graph by itself: from a folder with the tables of one side, or from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from psqe.datasets.faults import Faults
from psqe.datasets.layouts import leads_outside
from psqe.datasets.layouts.folder import DESCRIBING, graph_files, read_graph, recognises
from psqe.datasets.pairs import graph_of_tables
from psqe.errors import DataError, ParameterError
from psqe.graph import SIDES, KnowledgeGraph
from psqe.pictures.renderer import begin_run

GraphChoice: TypeAlias = KnowledgeGraph | Mapping[str, Any] | str | Path
"""What one graph can be given as, see :func:`load_graph`."""


def load_graph(graph: GraphChoice) -> KnowledgeGraph:
    """Make a knowledge graph of whatever describes one.

    Parameters
    ----------
    graph
        A :class:`~psqe.graph.KnowledgeGraph`, which is returned as it is; a folder with the tables of one
        side of a pair (:mod:`psqe.datasets.layouts.folder`), such as ``pair/left``; or a mapping with the
        parameters of :func:`psqe.graph_from_frames`.

    Returns
    -------
    KnowledgeGraph
        The graph. That of a folder has the name of the folder.

    Raises
    ------
    ParameterError
        If it is something else.
    DataError
        If the folder is missing, holds a pair or no table, or has a fault.

    Examples
    --------
    >>> load_graph({"names": [("a", "Rome"), ("b", "Paris")]})
    KnowledgeGraph('graph': 2 entities, 2 candidates, 0 relations, 0 triples)
    """
    if isinstance(graph, KnowledgeGraph):
        return graph
    if isinstance(graph, Mapping):
        return graph_of_tables(graph, "graph")
    if isinstance(graph, str | Path):
        return _from_folder(Path(graph))
    raise ParameterError(
        "the graph is neither a folder nor a knowledge graph",
        remedy="give a folder, a KnowledgeGraph, or a mapping with tables",
    )


def _from_folder(folder: Path) -> KnowledgeGraph:
    *others, last = (f"{table}.tsv" for table in DESCRIBING)
    tables = f"{', '.join(others)} or {last}"
    if folder.is_file():
        raise DataError("is a file and no folder", path=folder, remedy=f"give the folder with {tables} in it")
    if not folder.is_dir():
        raise DataError("is not there", path=folder, remedy=f"give a folder with {tables} in it")
    try:
        files = graph_files(folder)
        is_pair = not files and recognises(folder)
    except OSError as error:
        raise DataError(
            f"cannot be read ({error.strerror})", path=folder, remedy="make the folder readable"
        ) from error
    if is_pair:
        one = next((folder / side for side in SIDES if (folder / side).is_dir()), folder / "SIDE")
        raise DataError(
            "is the folder of a pair of graphs, and one graph is wanted",
            path=folder,
            remedy=f"give the folder of one side, such as {one}",
        )
    if not files:
        raise DataError("has no table of a graph", path=folder, remedy=f"give a folder with {tables} in it")
    faults = Faults()
    begin_run()
    leads_outside(folder, files, faults)
    graph = read_graph(folder, name=folder.absolute().name or str(folder), faults=faults)
    if graph is None or not graph.n_entities:
        raise DataError("has no entity", path=folder, remedy=f"write a row into {tables}")
    faults.close()
    return graph
