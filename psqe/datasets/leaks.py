"""What of a data set tells the links although it should not, or tells them without any method.

All of it reads gold links: it is for reports about data, never for mining or training.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np

from psqe.errors import DataError
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph

Names = tuple[str | None, ...]


def leaks(task: AlignmentTask) -> dict[str, float | None]:
    """Shares that tell how much of the links is in plain sight.

    Parameters
    ----------
    task
        With gold links. Ids should be those of the files.

    Returns
    -------
    ``equal_names``: the share of links whose ends have the same name, but for case, accents and spaces;
    ``unique_equal_names``: the share of links that are found by linking equal names which are there once on
    either side; ``equal_names_precision``: of all pairs linked so, the share of gold links, pairs of dangling
    entities counted as wrong. The same for ``equal_translated_names``. ``constant_id_offset``: the share of
    links with the most common difference of ids. ``None`` where a side has no names.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None or not len(task.links):
        raise DataError(f"{task.name} has no gold links", remedy="take a task whose links are known")
    found: dict[str, float | None] = {}
    for what, names in (
        ("equal_names", (task.left.names, task.right.names)),
        ("equal_translated_names", _translated(task)),
    ):
        shares = _equal(task, names[0], names[1]) if any(names[0]) and any(names[1]) else (None, None, None)
        found |= dict(zip((what, f"unique_{what}", f"{what}_precision"), shares, strict=True))
    differences = task.right.ids[task.links[:, 1]] - task.left.ids[task.links[:, 0]]
    found["constant_id_offset"] = max(Counter(differences.tolist()).values()) / len(task.links)
    return found


def _translated(task: AlignmentTask) -> tuple[Names, Names]:
    """Translations where there are any on a side, else its names."""
    left, right = (graph.translations if any(graph.translations) else () for graph in (task.left, task.right))
    return left, right


def _equal(task: AlignmentTask, left: Names, right: Names) -> tuple[float, float, float | None]:
    assert task.links is not None
    plain = _plain(left), _plain(right)
    links: IntArray = task.links
    equal = np.array([plain[0][a] is not None and plain[0][a] == plain[1][b] for a, b in links.tolist()])
    once = [_once(graph, names) for graph, names in zip((task.left, task.right), plain, strict=True)]
    ruled = {(once[0][name], once[1][name]) for name in once[0].keys() & once[1].keys()}
    hits = len(ruled & set(map(tuple, links.tolist())))
    return float(equal.mean()), hits / len(links), hits / len(ruled) if ruled else None


def _plain(names: Names) -> list[str | None]:
    """Names without case, accents and more than one space."""
    found: list[str | None] = []
    for name in names:
        letters = unicodedata.normalize("NFKD", name or "").casefold()
        found.append(" ".join("".join(c for c in letters if not unicodedata.combining(c)).split()) or None)
    return found


def _once(graph: KnowledgeGraph, names: list[str | None]) -> dict[str, int]:
    """The candidates whose name no other candidate of their side has, by name."""
    counts = Counter(names[i] for i in graph.candidates.tolist())
    return {name: i for i in graph.candidates.tolist() if (name := names[i]) and counts[name] == 1}
