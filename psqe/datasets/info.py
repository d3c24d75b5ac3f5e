"""A summary of a task: its files, sizes, degrees, modalities, and its candidates without a counterpart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from psqe.datasets import benchmarks, closed_leaks
from psqe.datasets.layouts import layout_name, layout_of
from psqe.datasets.layouts.folder import graph_files
from psqe.errors import DataError
from psqe.files import hash_of
from psqe.graph import SIDES, AlignmentTask, KnowledgeGraph, Side


def task_folder(task: str, data_root: str | Path | None = None) -> Path | None:
    """Return the folder that a task is read from; ``None`` for a pair that comes with packages."""
    if task in benchmarks.BENCHMARKS:
        root = benchmarks.default_data_dir() if data_root is None else Path(data_root)
        return root / benchmarks.BENCHMARKS[task].folder
    return Path(task) if Path(task).is_dir() else None


def task_files(task: str, data_root: str | Path | None = None) -> list[Path]:
    """Return the files that a task, or the one graph in a folder, is read from.

    They are none if the task has no folder, or the folder neither a layout nor the tables of a graph.
    """
    folder = task_folder(task, data_root)
    if folder is None:
        return []
    try:
        files = layout_of(folder).files(folder)
    except DataError:  # Loading the task raises the same error.
        return graph_files(folder)
    return [path for path in files.values() if path is not None]


def content_of(task: str) -> str | None:
    """Hash the files in the folder of a pair of one's own, so that a change of them is noticed.

    All files in the folder count, since a table of pictures can name any of them. Pictures elsewhere do not.

    Parameters
    ----------
    task
        Name of a task, or a folder.

    Returns
    -------
    str or None
        32 hexadecimal digits, which depend on the names of the files in the folder and on their content;
        ``None`` for a named task and for what is no folder.

    Raises
    ------
    PsqeError
        If a file cannot be read.
    """
    folder = task_folder(task)
    return None if folder is None or task in benchmarks.BENCHMARKS else hash_of([folder])


def folder_info(folder: Path) -> dict[str, Any]:
    """Return the layout of a folder, and the files of the layout that exist and that are missing.

    Raises
    ------
    DataError
        If the folder is missing or has no layout.
    """
    files = layout_of(folder).files(folder)
    return {
        "folder": str(folder),
        "layout": layout_name(folder),
        "found": {name: str(path) for name, path in files.items() if path is not None},
        "missing": [name for name, path in files.items() if path is None],
    }


def graph_info(graph: KnowledgeGraph) -> dict[str, Any]:
    """Return sizes of a graph, and degrees and modalities of its candidates.

    Keys that begin with ``with_`` count candidates. ``attributes`` counts the labels of attributes, and
    ``attribute_values`` the attributes with a value.
    """
    candidates = graph.candidates
    degree = graph.degree()[candidates]
    attributes = [graph.attributes[i] for i in candidates]
    return {
        "name": graph.name,
        "language": graph.language,
        "entities": graph.n_entities,
        "candidates": len(candidates),
        "relations": len(graph.relations),
        "triples": len(graph.triples),
        "mean_degree": float(degree.mean()) if len(degree) else 0.0,
        "median_degree": float(np.median(degree)) if len(degree) else 0.0,
        "max_degree": int(degree.max()) if len(degree) else 0,
        "isolated": int((degree == 0).sum()),
        "with_image": sum(graph.images[i] is not None for i in candidates),
        "with_name": sum(graph.names[i] is not None for i in candidates),
        "with_translated_name": sum(graph.translations[i] is not None for i in candidates),
        "with_attributes": sum(map(bool, attributes)),
        "attributes": len({label for pairs in attributes for label, _ in pairs}),
        "attribute_values": sum(value is not None for pairs in attributes for _, value in pairs),
        **{
            f"with_{modality}_vector": int(vectors.present[candidates].sum())
            for modality, vectors in graph.vectors.items()
        },
    }


def attribute_shares(task: AlignmentTask, side: Side) -> dict[str, float | None]:
    """Return the shares of linked and of unlinked candidates that have attributes.

    If the two shares differ, having attributes reveals having a counterpart. A share is ``None`` if there is
    no such candidate.
    """
    shares: dict[str, float | None] = {"attr_if_linked": None, "attr_if_unlinked": None}
    if task.links is not None:
        graph = task.sides[side]
        has = np.array([bool(graph.attributes[i]) for i in graph.candidates], dtype=bool)
        linked = np.isin(graph.candidates, task.links[:, SIDES.index(side)])
        for key, mask in zip(shares, (linked, ~linked), strict=True):
            shares[key] = float(has[mask].mean()) if mask.any() else None
    return shares


def task_info(task: AlignmentTask) -> dict[str, Any]:
    """Return a summary of both graphs, the number of gold links, and the dangling share of each side.

    The summaries are :func:`graph_info` and :func:`attribute_shares`. ``links`` and the shares are ``None``
    when no gold links are known. The dangling share is the share of the candidates that are in no gold link;
    where gold links are incomplete, many of these have a counterpart all the same. ``closed_leaks`` tells how
    each way was closed by which the links could be read off.
    """
    links = task.links
    return {
        "task": task.name,
        "parameters": dict(task.parameters),
        "links": None if links is None else len(links),
        "closed_leaks": dict(closed_leaks(task.name)),
        "dangling_share": {
            side: None if links is None else 1 - len(np.unique(ends)) / len(task.sides[side].candidates)
            for side, ends in zip(SIDES, (None, None) if links is None else links.T, strict=True)
        },
        "left": {**graph_info(task.left), **attribute_shares(task, "left")},
        "right": {**graph_info(task.right), **attribute_shares(task, "right")},
    }
