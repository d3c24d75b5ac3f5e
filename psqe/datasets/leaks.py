"""Properties of a data set that reveal its links, or find them without any method.

Everything here reads gold links: it serves reports about data, and never mining or training.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np

from psqe.errors import DataError
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph, Sides

Names = tuple[str | None, ...]


def leaks(task: AlignmentTask) -> dict[str, float | None]:
    """Measure how many links are in plain sight.

    Parameters
    ----------
    task
        A task with gold links, its ids those of the files.

    Returns
    -------
    dict
        Shares in [0, 1], ``None`` where a side has no names. ``equal_names`` is the share of links whose two
        entities have the same name, apart from case, accents and spaces. ``unique_equal_names`` is the share
        of links that are found by linking equal names that occur once on either side, and
        ``equal_names_precision`` the share of gold links among all pairs linked in this way, where pairs of
        dangling entities count as wrong. ``equal_translated_names`` and so on are the same for translations.
        ``constant_id_offset`` is the share of links with the most frequent difference of ids.

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    if task.links is None:
        raise DataError(f"{task.name} has no gold links", remedy="take a task whose links are known")
    shares: dict[str, float | None] = {}
    for what, names in (
        ("equal_names", task.sides.map(lambda graph: graph.names)),
        ("equal_translated_names", task.sides.map(lambda graph: graph.translations)),
    ):
        values = _equal(task, names) if all(map(any, names)) else (None, None, None)
        shares |= dict(zip((what, f"unique_{what}", f"{what}_precision"), values, strict=True))
    differences = task.right.ids[task.links[:, 1]] - task.left.ids[task.links[:, 0]]
    shares["constant_id_offset"] = max(Counter(differences.tolist()).values()) / len(task.links)
    return shares


def _equal(task: AlignmentTask, names: Sides[Names]) -> tuple[float, float, float | None]:
    """Return the three shares of :func:`leaks` for one kind of names."""
    assert task.links is not None
    plain = names.map(_plain)
    links: IntArray = task.links
    equal = [plain.left[a] is not None and plain.left[a] == plain.right[b] for a, b in links.tolist()]
    once = task.sides.map(_once, plain)
    linked = {(once.left[name], once.right[name]) for name in once.left.keys() & once.right.keys()}
    hits = len(linked & set(map(tuple, links.tolist())))
    return float(np.mean(equal)), hits / len(links), hits / len(linked) if linked else None


def _plain(names: Names) -> list[str | None]:
    """Return names in lower case, without accents, and with single spaces."""
    plain: list[str | None] = []
    for name in names:
        letters = unicodedata.normalize("NFKD", name or "").casefold()
        plain.append(" ".join("".join(c for c in letters if not unicodedata.combining(c)).split()) or None)
    return plain


def _once(graph: KnowledgeGraph, names: list[str | None]) -> dict[str, int]:
    """Return the candidates whose name no other candidate of their side has, by name."""
    counts = Counter(names[i] for i in graph.candidates.tolist())
    return {name: i for i in graph.candidates.tolist() if (name := names[i]) and counts[name] == 1}
