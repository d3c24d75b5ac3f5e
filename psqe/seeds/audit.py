"""Audit of a seed set against gold links: precision, recall, coverage and balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from psqe.evaluation.intervals import proportion_interval
from psqe.evaluation.regions import Regions
from psqe.evaluation.truth import correct, judged, n_findable
from psqe.graph import AlignmentTask, BoolArray, FloatArray, IntArray
from psqe.seeds.seed_set import SeedSet, StageTrace


def coverage(pairs: IntArray, regions: Regions) -> dict[str, float]:
    """Compute the share of each region's entities, both sides together, that are in a seed.

    Parameters
    ----------
    pairs
        The seeds ``(n, 2)``, or links, which may have an entity in common.
    regions
        The regions.

    Returns
    -------
    The share by the name of the region, without empty regions.
    """
    covered = np.concatenate([regions.left[np.unique(pairs[:, 0])], regions.right[np.unique(pairs[:, 1])]])
    counts = np.bincount(covered[covered >= 0], minlength=len(regions.names))
    sizes = regions.sizes()
    return {
        name: float(count / size)
        for name, count, size in zip(regions.names, counts, sizes, strict=True)
        if size
    }


def balance(shares: Mapping[str, float]) -> float:
    """Compute how evenly regions are covered: the effective number of covered regions over their number.

    This is ``exp(entropy(c / sum(c))) / n`` for coverages ``c`` (Hill number of order 1, Hill 1973): 1 when
    all regions are covered alike, ``1 / n`` when one region has all the seeds, 0 without seeds.

    Parameters
    ----------
    shares
        The coverage of each region, by its name.

    Examples
    --------
    >>> balance({"low": 0.2, "high": 0.2}), balance({"low": 0.2, "high": 0.0})
    (1.0, 0.5)
    """
    values = np.array(list(shares.values()))
    if not values.sum() > 0:
        return 0.0
    p = values / values.sum()
    p = p[p > 0]  # after the division, which may round the smallest to zero
    return float(np.exp(-(p * np.log(p)).sum()) / len(values))


def audit(seeds: SeedSet, task: AlignmentTask, regions: Mapping[str, Regions]) -> dict[str, Any]:
    """Audit a seed set against gold links and by region.

    Parameters
    ----------
    seeds
        The seeds.
    task
        The task they were mined from. Without gold links, everything that needs them is ``None``.
    regions
        Regions by kind, from :func:`psqe.evaluation.regions.all_regions`.

    Returns
    -------
    A dictionary ready for JSON: ``n_seeds``, ``n_wanted``; ``n_judged``, the number of seeds that gold links
    can judge (:func:`psqe.evaluation.truth.judged`), and ``n_correct`` of these; ``precision``, the share of
    ``n_correct`` in all seeds, and ``precision_judged``, its share in the judged ones, each with its 95 %
    interval (Wilson); ``estimated_precision`` (the mean confidence, label-free); ``recall``, the share of
    ``n_correct`` in the gold links that one-to-one seeds can find (:func:`psqe.evaluation.truth.n_findable`);
    then by kind of region ``coverage``, ``precision_by_region``, ``estimated_by_region`` and ``balance``, and
    ``stages``: for each stage what it added, dropped and left, why, with the true and the estimated
    precision. Where gold links are few, ``precision`` counts seeds that nobody can judge as wrong, and
    ``precision_judged`` is the number to read.
    """
    hits, known = correct(seeds.pairs, task), judged(seeds.pairs, task)
    report: dict[str, Any] = {
        "n_seeds": len(seeds),
        "n_wanted": seeds.n_wanted,
        "n_judged": None if known is None else int(known.sum()),
        "n_correct": None if hits is None else int(hits.sum()),
        "precision": _mean(hits),
        "precision_interval": _interval(hits),
        "precision_judged": None if hits is None or known is None else _mean(hits[known]),
        "precision_judged_interval": None if hits is None or known is None else _interval(hits[known]),
        "estimated_precision": _mean(seeds.confidence),
        "recall": None if hits is None else float(hits.sum() / n_findable(task)),
        "coverage": {kind: coverage(seeds.pairs, r) for kind, r in regions.items()},
        "precision_by_region": {kind: _by_region(hits, seeds.pairs, r) for kind, r in regions.items()},
        "estimated_by_region": {
            kind: _by_region(seeds.confidence, seeds.pairs, r) for kind, r in regions.items()
        },
    }
    report["balance"] = {kind: balance(shares) for kind, shares in report["coverage"].items()}
    report["stages"] = [_audit_stage(stage, task) for stage in seeds.trace]
    return report


def _audit_stage(stage: StageTrace, task: AlignmentTask) -> dict[str, Any]:
    """Describe one stage for the audit."""
    return {
        "stage": stage.stage,
        "note": stage.note,
        "n_added": len(stage.added),
        "n_dropped": len(stage.dropped),
        "n_seeds": len(stage.pairs),
        "why_added": dict(Counter(stage.why_added)),
        "why_dropped": dict(Counter(stage.why_dropped)),
        "estimated_precision": _mean(stage.confidence),
        "precision_added": _mean(correct(stage.added, task)),
        "precision_dropped": _mean(correct(stage.dropped, task)),
        "precision": _mean(correct(stage.pairs, task)),
        "seconds": stage.seconds,
        "peak_mb": stage.peak_mb,
    }


def _mean(values: BoolArray | FloatArray | None) -> float | None:
    return None if values is None or not len(values) else float(values.mean())


def _interval(hits: BoolArray | None) -> tuple[float, float] | None:
    return None if hits is None or not len(hits) else proportion_interval(int(hits.sum()), len(hits))


def _by_region(
    values: BoolArray | FloatArray | None, pairs: IntArray, regions: Regions
) -> dict[str, float | None]:
    """Return the mean over the seeds whose left entity lies in each region."""
    if values is None:
        return dict.fromkeys(regions.names)
    labels = regions.left[pairs[:, 0]]
    return {name: _mean(values[labels == i]) for i, name in enumerate(regions.names)}
