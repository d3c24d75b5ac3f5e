"""Precision, recall and F1 of links, and of the answer "no counterpart", measured on gold links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.intervals import proportion_interval
from psqe.graph import SIDES, AlignmentTask, IntArray
from psqe.links.predict import Links
from psqe.seeds.audit import correct, judged


def link_quality(pairs: IntArray, task: AlignmentTask) -> dict[str, Any]:
    """Compare links, and the answer "no counterpart", with the gold links.

    A candidate in none of ``pairs`` is answered "no counterpart". The answer is correct if the candidate is
    *dangling*, that is, in no gold link (Sun et al. 2021). Where gold links are incomplete, as in DBP15K,
    many candidates without a gold link do have a counterpart. The recall of the answer is then
    underestimated, and so is the precision of the links.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity of each link, each entity at most once.
    task
        A pair of graphs with gold links.

    Returns
    -------
    ``links``: ``n``, ``n_right`` (number of correct links), ``n_gold``, ``precision``, ``precision_judged``
    (among links with an entity that has a gold link), ``recall`` and ``f1``. ``no_counterpart``: for ``left``
    and ``right``, ``n`` candidates so answered, ``n_right``, ``n_dangling``, ``precision``, ``recall`` and
    ``f1``. ``precision_interval`` and ``recall_interval`` are 95 % Wilson intervals. A share without a
    denominator is ``None``.

    Raises
    ------
    DataError
        If the task has no gold links, or an entity is in two pairs.
    """
    right, known = correct(pairs, task), judged(pairs, task)
    if task.links is None or right is None or known is None:
        raise DataError(
            f"{task.name} has no gold links to compare links with", remedy="take a task whose links are known"
        )
    for column, side in enumerate(SIDES):
        if len(np.unique(pairs[:, column])) != len(pairs):
            raise DataError(f"a {side} entity is in two links")
    n_right = int(right.sum())
    no_counterpart = {}
    for column, side in enumerate(SIDES):
        candidates = task.sides[side].candidates
        dangling = np.setdiff1d(candidates, task.links[:, column])
        answered = np.setdiff1d(candidates, pairs[:, column])
        n_dangling_answered = int(np.isin(answered, dangling).sum())
        no_counterpart[side] = {
            "n": len(answered),
            "n_right": n_dangling_answered,
            "n_dangling": len(dangling),
            **_shares(n_dangling_answered, len(answered), len(dangling)),
        }
    return {
        "links": {
            "n": len(pairs),
            "n_right": n_right,
            "n_gold": len(task.links),
            **_shares(n_right, len(pairs), len(task.links)),
            "precision_judged": float(right[known].mean()) if known.any() else None,
        },
        "no_counterpart": no_counterpart,
    }


def _shares(n_hits: int, n_given: int, n_wanted: int) -> dict[str, Any]:
    """Precision, recall and F1, with intervals, of ``n_given`` answers of which ``n_hits`` are correct."""
    shares: dict[str, Any] = {}
    for name, n in (("precision", n_given), ("recall", n_wanted)):
        shares[name] = n_hits / n if n else None
        shares[f"{name}_interval"] = list(proportion_interval(n_hits, n)) if n else None
    return {**shares, "f1": 2 * n_hits / (n_given + n_wanted) if n_given + n_wanted else None}


def link_summary(links: Links, task: AlignmentTask) -> dict[str, Any]:
    """Summarise links for a report in JSON.

    Parameters
    ----------
    links
        The predicted links.
    task
        The pair of graphs that was aligned.

    Returns
    -------
    ``n_links``; ``expected_right``, the expected number of correct links; ``expected_links``, the estimated
    number of true links; ``threshold``, the smallest confidence of a link; ``no_counterpart``, the number of
    candidates without a link by side; ``link_quality``, the result of :func:`link_quality`, or ``None``
    without gold links.
    """
    return {
        "n_links": len(links),
        "expected_right": float(links.confidence.sum()),
        "expected_links": links.expected_links,
        "threshold": links.threshold,
        "no_counterpart": asdict(links.without_counterpart(task).map(len)),
        "link_quality": None if task.links is None else link_quality(links.pairs, task),
    }
