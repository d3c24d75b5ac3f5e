"""Precision, recall and F1 of links, and of the answer "no counterpart", by gold links."""

from __future__ import annotations

from typing import Any

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.intervals import proportion_interval
from psqe.graph import AlignmentTask, IntArray
from psqe.links.predict import Links
from psqe.seeds.audit import correct, judged


def link_quality(pairs: IntArray, task: AlignmentTask) -> dict[str, Any]:
    """Hold links against the gold links.

    A candidate in none of ``pairs`` is answered "no counterpart". That is right if it is *dangling*, which
    means that no gold link has it (Sun et al. 2021). Where gold links are not complete, as in DBP15K, many of
    those without one do have a counterpart: recall of the answer is then too low, and precision of links too.

    Parameters
    ----------
    pairs
        Left and right entity of each link ``(n, 2)``, each entity at most once.
    task
        A task with gold links.

    Returns
    -------
    ``links``: ``n``, ``n_right``, ``n_gold``, ``precision``, ``precision_judged`` (of those with an end that
    a gold link has), ``recall`` and ``f1``. ``no_counterpart``: for ``left`` and ``right``, ``n`` candidates
    so answered, ``n_right``, ``n_dangling``, ``precision``, ``recall`` and ``f1``. Beside each ``precision``
    and ``recall`` its 95 % ``_interval`` (Wilson). A share of nothing is ``None``.

    Raises
    ------
    DataError
        If the task has no gold links, or an entity is in two pairs.
    """
    right, known = correct(pairs, task), judged(pairs, task)
    if task.links is None or right is None or known is None:
        raise DataError(
            f"{task.name} has no gold links to hold links against", remedy="take a task whose links are known"
        )
    for side, column in (("left", 0), ("right", 1)):
        if len(np.unique(pairs[:, column])) != len(pairs):
            raise DataError(f"a {side} entity is in two links")
    n_right = int(right.sum())
    links = {"n": len(pairs), "n_right": n_right, "n_gold": len(task.links)}
    unlinked = {}
    for side, column, graph in (("left", 0, task.left), ("right", 1, task.right)):
        dangling = np.setdiff1d(graph.candidates, task.links[:, column])
        answered = np.setdiff1d(graph.candidates, pairs[:, column])
        n_true = int(np.isin(answered, dangling).sum())
        counts = {"n": len(answered), "n_right": n_true, "n_dangling": len(dangling)}
        unlinked[side] = {**counts, **_shares(n_true, len(answered), len(dangling))}
    return {
        "links": {
            **links,
            **_shares(n_right, len(pairs), len(task.links)),
            "precision_judged": float(right[known].mean()) if known.any() else None,
        },
        "no_counterpart": unlinked,
    }


def _shares(n_hits: int, n_given: int, n_wanted: int) -> dict[str, Any]:
    """Precision, recall and F1 of ``n_hits`` among ``n_given`` answers, of ``n_wanted`` ones to be found."""
    shares: dict[str, Any] = {}
    for name, n in (("precision", n_given), ("recall", n_wanted)):
        shares[name] = n_hits / n if n else None
        shares[f"{name}_interval"] = list(proportion_interval(n_hits, n)) if n else None
    return {**shares, "f1": 2 * n_hits / (n_given + n_wanted) if n_given + n_wanted else None}


def link_report(links: Links, task: AlignmentTask) -> dict[str, Any]:
    """What a report says of links, ready for JSON.

    Returns
    -------
    ``n_links``; ``expected_right``, how many of them should be right by their confidence;
    ``expected_links``, how many true ones there should be; the ``threshold``; ``no_counterpart``, the number
    of candidates without a link, by side; ``link_quality``, by :func:`link_quality`, or ``None`` without gold
    links.
    """
    return {
        "n_links": len(links),
        "expected_right": float(links.confidence.sum()),
        "expected_links": links.expected_links,
        "threshold": links.threshold,
        "no_counterpart": {side: len(entities) for side, entities in links.without_counterpart(task).items()},
        "link_quality": None if task.links is None else link_quality(links.pairs, task),
    }
