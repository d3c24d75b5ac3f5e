"""Precision, recall and F1 of links, and of the answer "no counterpart", measured on gold links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from psqe.errors import DataError
from psqe.evaluation.arguments import check_task, pairs_of_task
from psqe.evaluation.intervals import proportion_interval
from psqe.evaluation.link_groups import Pairs, link_groups
from psqe.evaluation.truth import Cardinality, correct, gold_links, judged, most_at_once
from psqe.graph import SIDES, AlignmentTask, BoolArray, IntArray, Side
from psqe.links.arguments import checked_seeds
from psqe.links.predict import Links, check_links
from psqe.links.rules import SEVERAL, LinkRule
from psqe.seeds import SeedSet


def link_quality(
    pairs: Pairs,
    task: AlignmentTask,
    *,
    seeds: Pairs | None = None,
    cardinality: Cardinality = "one-to-one",
) -> dict[str, Any]:
    """Compare links, and the answer "no counterpart", with the gold links.

    A link is correct if it is one of the gold links, so any of several true counterparts will do. Predicted
    links are one-to-one by default, and where gold links are not, some of them cannot be found. The recall is
    therefore the share of the correct links in the largest number of gold links that links of the given
    cardinality can contain (:func:`psqe.evaluation.truth.most_at_once`). It is the usual recall where gold
    links are of that cardinality.

    Where gold links are incomplete, a link of two entities without a gold link counts as wrong in
    ``precision``, which is only a lower bound then. ``precision_judged`` and ``f1_judged`` leave such links
    out: they are the numbers to read, and recall is about the known links.

    A candidate in none of ``pairs`` is answered "no counterpart". The answer is correct if the candidate is
    *dangling*, that is, in no gold link (Sun et al. 2021). It is neither correct nor wrong if all true
    counterparts of the candidate are in correct links with other entities. Where gold links are incomplete,
    as in DBP15K, many candidates without a gold link do have a counterpart, and the recall of the answer is
    underestimated.

    Seeds become links, so the numbers about all links tell in part how good the seeds are. ``links_free``
    leaves the seeds out: it compares the links with no entity in a seed with the gold links with no entity in
    a seed.

    Parameters
    ----------
    pairs
        Integer array ``(n, 2)``: left and right entity of each link, each entity as often as the
        cardinality allows.
    task
        A pair of graphs with gold links.
    seeds
        The seeds that the links were found with ``(m, 2)``, possibly none; ``None`` where they are not known.
    cardinality
        How many links an entity may be in; one by default.

    Returns
    -------
    ``links``: ``n``, ``n_correct`` (number of correct links), ``n_judged`` (number of links with an entity
    that has a gold link), ``n_gold`` (number of gold links), ``n_findable`` (the largest number of gold links
    that links of the cardinality can contain), ``precision`` (of all), ``precision_judged`` (of the judged
    ones), ``recall`` (share of ``n_correct`` in ``n_findable``), ``f1`` (of precision and recall) and
    ``f1_judged`` (of the precision among judged links and recall). ``links_free``: the same numbers about
    links outside the seeds; ``None`` where ``seeds`` is ``None``. ``no_counterpart``: for ``left`` and
    ``right``, ``n`` candidates so answered, ``n_correct``, ``n_taken`` (neither correct nor wrong),
    ``n_dangling``, ``precision``, ``recall`` and ``f1``. Names that end in ``_interval`` are 95 % Wilson
    intervals. A share without a denominator is ``None``.

    Raises
    ------
    DataError
        If the task has no gold links, a pair is given twice, or an entity is in more pairs than the
        cardinality allows.
    ParameterError
        If the task is something else, there is no such cardinality, or pairs or seeds are no pairs of
        entities of it.
    """
    check_task(task)
    LinkRule(cardinality=cardinality)
    pairs = pairs_of_task(task, "links", pairs)
    seeds = None if seeds is None else pairs_of_task(task, "seeds", seeds)
    right, known = correct(pairs, task), judged(pairs, task)
    if task.links is None or right is None or known is None:
        raise DataError(
            f"{task.name} has no gold links to compare links with", remedy="take a task whose links are known"
        )
    if len(np.unique(pairs, axis=0)) != len(pairs):
        raise DataError("a link is given twice", remedy="give it once")
    several = SEVERAL[cardinality]
    for column, side in enumerate(SIDES):
        if side not in several and len(np.unique(pairs[:, column])) != len(pairs):
            raise DataError(f"a {side} entity is in two links", remedy="keep the better of them")
    free = None
    if seeds is not None:
        outside = link_groups(pairs, seeds)["free"]
        gold = task.links[link_groups(task.links, seeds)["free"]]
        free = _of_links(right[outside], known[outside], gold, cardinality)
    return {
        "links": _of_links(right, known, task.links, cardinality),
        "links_free": free,
        "no_counterpart": {
            side: _no_counterpart(pairs, pairs[right], task, side, several=other in several)
            for side, other in zip(SIDES, reversed(SIDES), strict=True)
        },
    }


def _of_links(right: BoolArray, known: BoolArray, gold: IntArray, cardinality: Cardinality) -> dict[str, Any]:
    """Count links, of which some are ``right`` and some can be judged (``known``), against gold links."""
    n_correct, n_judged, wanted = int(right.sum()), int(known.sum()), most_at_once(gold, cardinality)
    of_judged = _shares(n_correct, n_judged, wanted)
    return {
        "n": len(right),
        "n_correct": n_correct,
        "n_judged": n_judged,
        "n_gold": len(gold),
        "n_findable": wanted,
        **_shares(n_correct, len(right), wanted),
        "precision_judged": of_judged["precision"],
        "precision_judged_interval": of_judged["precision_interval"],
        "f1_judged": of_judged["f1"],
    }


def _no_counterpart(
    pairs: IntArray, hits: IntArray, task: AlignmentTask, side: Side, *, several: bool
) -> dict[str, Any]:
    """Compare the answer "no counterpart" with the gold links; ``hits`` are the correct ones of ``pairs``.

    ``several`` tells whether an entity of the other side may be in several links, and so is never taken.
    """
    links, column = gold_links(task), SIDES.index(side)
    candidates = task.sides[side].candidates
    dangling = np.setdiff1d(candidates, links[:, column])
    answered = np.setdiff1d(candidates, pairs[:, column])
    # Gold links to a counterpart that is still free could have been found.
    free = links[several | ~np.isin(links[:, 1 - column], hits[:, 1 - column]), column]
    n_taken = len(answered) - int(np.isin(answered, np.concatenate([free, dangling])).sum())
    n_correct = int(np.isin(answered, dangling).sum())
    return {
        "n": len(answered),
        "n_correct": n_correct,
        "n_taken": n_taken,
        "n_dangling": len(dangling),
        **_shares(n_correct, len(answered) - n_taken, len(dangling)),
    }


def _shares(n_hits: int, n_given: int, n_wanted: int) -> dict[str, Any]:
    """Precision, recall and F1, with intervals, of ``n_given`` answers of which ``n_hits`` are correct."""
    shares: dict[str, Any] = {}
    for name, n in (("precision", n_given), ("recall", n_wanted)):
        shares[name] = n_hits / n if n else None
        shares[f"{name}_interval"] = list(proportion_interval(n_hits, n)) if n else None
    return {**shares, "f1": 2 * n_hits / (n_given + n_wanted) if n_given + n_wanted else None}


def link_summary(links: Links, task: AlignmentTask, *, seeds: SeedSet | None = None) -> dict[str, Any]:
    """Summarise links for a report in JSON.

    Parameters
    ----------
    links
        The predicted links.
    task
        The pair of graphs that was aligned.
    seeds
        The seeds that the links were found with; ``None`` where they are not known.

    Returns
    -------
    ``n_links``; ``expected_correct``, the expected number of correct links; ``expected_links``, the estimated
    number of true links; with verdicts, ``expected_correct_interval``, the 95 % interval of the first, and
    ``n_verdicts``; ``threshold``, the smallest confidence of a link; ``no_counterpart``, the number of
    candidates without a link by side; ``link_quality``, the result of :func:`link_quality`, or ``None``
    without gold links.

    Raises
    ------
    ParameterError
        If the links are those of another task, or an argument is something else.
    """
    check_links(task, links)
    given = None if seeds is None else checked_seeds(task, seeds).pairs
    judged = np.vstack([links.verdicts.accepted, links.verdicts.rejected])
    # What a person said is no achievement, as little as a seed is.
    known = [pairs for pairs in (given, judged if len(judged) else None) if pairs is not None]
    trained_on = np.vstack(known) if known else None
    return {
        "n_links": len(links),
        "expected_correct": float(links.confidence.sum()),
        **(
            {}
            if links.expected_interval is None
            else {
                "expected_correct_interval": list(links.expected_interval),
                "n_verdicts": len(links.verdicts),
            }
        ),
        "expected_links": links.expected_links,
        "threshold": links.threshold,
        "no_counterpart": asdict(links.without_counterpart(task).map(len)),
        "link_quality": None
        if task.links is None
        else link_quality(links.pairs, task, seeds=trained_on, cardinality=links.chosen_by.cardinality),
    }
