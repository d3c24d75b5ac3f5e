"""How good a seed set is, computed after the fact: precision, recall, coverage and balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from psqe.evaluation.intervals import proportion_interval
from psqe.evaluation.regions import Regions
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray
from psqe.seeds.failures import counterparts
from psqe.seeds.seed_set import SeedSet


def correct(pairs: IntArray, task: AlignmentTask) -> BoolArray | None:
    """Which of ``pairs (n, 2)`` are gold links: boolean ``(n,)``, or ``None`` without gold links."""
    if task.links is None:
        return None
    of_left, _ = counterparts(task)
    right: BoolArray = of_left[pairs[:, 0]] == pairs[:, 1]
    return right


def judged(pairs: IntArray, task: AlignmentTask) -> BoolArray | None:
    """Which of ``pairs (n, 2)`` gold links can judge: those with an entity that has one; ``None`` without.

    Gold links need not be complete. In DBP15K, most pairs of two entities without a link are the same
    thing on both sides, by name; they are not wrong, they were left out. Precision among judged pairs does
    not count them against anybody. Where dangling entities are known to have no counterpart, as in the
    emoji pair, it does not see the pairs of two of them, which are wrong.
    """
    if task.links is None:
        return None
    of_left, of_right = counterparts(task)
    known: BoolArray = (of_left[pairs[:, 0]] >= 0) | (of_right[pairs[:, 1]] >= 0)
    return known


def coverage(pairs: IntArray, regions: Regions) -> dict[str, float]:
    """Share of each region's entities, both sides together, that stand in a seed."""
    covered = np.concatenate([regions.left[pairs[:, 0]], regions.right[pairs[:, 1]]])
    counts = np.bincount(covered[covered >= 0], minlength=len(regions.names))
    sizes = regions.sizes()
    return {
        name: float(count / size)
        for name, count, size in zip(regions.names, counts, sizes, strict=True)
        if size
    }


def balance(shares: Mapping[str, float]) -> float:
    """Evenness of coverage: effective number of covered regions over their number, in ``[0, 1]``.

    ``exp(entropy(c / sum(c))) / n`` for coverages ``c`` (Hill number of order 1, Hill 1973): 1 when all
    regions are covered alike, ``1 / n`` when one region has all the seeds, 0 without seeds.
    """
    values = np.array(list(shares.values()))
    if not values.sum() > 0:
        return 0.0
    p = values / values.sum()
    p = p[p > 0]  # after the division, in which the smallest may vanish
    return float(np.exp(-(p * np.log(p)).sum()) / len(values))


def audit(seeds: SeedSet, task: AlignmentTask, regions: Mapping[str, Regions]) -> dict[str, Any]:
    """Audit a seed set.

    Parameters
    ----------
    seeds
        The seeds.
    task
        The task they were mined from. Without gold links, ``precision`` and ``recall`` are ``None``.
    regions
        Regions by kind, from :func:`psqe.evaluation.regions.all_regions`.

    Returns
    -------
    A dictionary ready for JSON: ``n_seeds``, ``precision`` with its 95 % ``precision_interval``,
    ``precision_judged`` (see :func:`judged`), ``estimated_precision`` (the mean confidence, label-free),
    ``recall``, then by kind of region ``coverage``, ``precision_by_region``, ``estimated_by_region`` and
    ``balance``, and the ``stages`` trace with what each stage added, dropped and left, why, and the
    precision of it, estimated and true.
    """
    hits, known = correct(seeds.pairs, task), judged(seeds.pairs, task)
    report: dict[str, Any] = {
        "n_seeds": len(seeds),
        "n_wanted": seeds.n_wanted,
        "precision": _mean(hits),
        "precision_interval": (
            None if hits is None or not len(hits) else proportion_interval(int(hits.sum()), len(hits))
        ),
        "precision_judged": None if hits is None or known is None else _mean(hits[known]),
        "estimated_precision": _mean(seeds.confidence),
        "recall": None if hits is None or task.links is None else float(hits.sum() / max(1, len(task.links))),
        "coverage": {kind: coverage(seeds.pairs, r) for kind, r in regions.items()},
        "precision_by_region": {kind: _by_region(hits, seeds.pairs, r) for kind, r in regions.items()},
        "estimated_by_region": {
            kind: _by_region(seeds.confidence, seeds.pairs, r) for kind, r in regions.items()
        },
    }
    report["balance"] = {kind: balance(shares) for kind, shares in report["coverage"].items()}
    report["stages"] = [
        {
            "stage": trace.stage,
            "note": trace.note,
            "n_added": len(trace.added),
            "n_dropped": len(trace.dropped),
            "n_seeds": len(trace.pairs),
            "why_added": dict(Counter(trace.why_added)),
            "why_dropped": dict(Counter(trace.why_dropped)),
            "estimated_precision": _mean(trace.confidence),
            "precision_added": _mean(correct(trace.added, task)),
            "precision_dropped": _mean(correct(trace.dropped, task)),
            "precision": _mean(correct(trace.pairs, task)),
            "seconds": trace.seconds,
            "peak_mb": trace.peak_mb,
        }
        for trace in seeds.trace
    ]
    return report


def _mean(values: BoolArray | FloatArray | None) -> float | None:
    return None if values is None or not len(values) else float(values.mean())


def _by_region(
    values: BoolArray | FloatArray | None, pairs: IntArray, regions: Regions
) -> dict[str, float | None]:
    """Mean over the seeds whose left entity lies in a region."""
    if values is None:
        return dict.fromkeys(regions.names)
    labels = regions.left[pairs[:, 0]]
    return {name: _mean(values[labels == i]) for i, name in enumerate(regions.names)}
