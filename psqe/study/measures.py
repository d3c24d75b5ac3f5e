"""Rows of the store: the measures of facts, seeds, alignments, links and predictions.

Every function returns rows with the keys (:data:`psqe.study.columns.KEYS`) and values
(:data:`psqe.study.columns.VALUES`) of one subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from psqe.aligners import Aligner
from psqe.datasets.info import task_info
from psqe.datasets.leaks import leaks
from psqe.errors import ParameterError, PsqeError
from psqe.evaluation import Scorer, evaluate_each, feature_scorer
from psqe.evaluation.link_groups import link_groups
from psqe.evaluation.protocols import METRICS_OF, PROTOCOLS, Protocol
from psqe.evaluation.regions import Regions
from psqe.evaluation.truth import among, n_findable
from psqe.features import Features
from psqe.graph import SIDES, AlignmentTask, BoolArray, DoubleArray, FloatArray, IntArray
from psqe.links.pair_probabilities import PairProbabilities
from psqe.links.predict import Links, WeighedPairs
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule, Rule
from psqe.seeds import SeedSet, audit, correct, judged
from psqe.seeds.confidence import pair_confidence
from psqe.similarity import Matching
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.neighbours import TEMPERATURE
from psqe.similarity.shortlist import Shortlist
from psqe.study.columns import VALUES
from psqe.theory.margin_shift import MarginShift, held_out_margins, task_margins

Row = dict[str, Any]

REGION_MATCHINGS: tuple[Matching, ...] = ("cosine",)
"""The matchings of Hits@1 by region, unless others are asked for."""

WHOLE: Row = {"part_kind": "all", "part": "all"}
"""The part in rows that are not about one region, stage or tenth."""

THRESHOLDS = ("none", "auto", "by labels")
"""How the smallest confidence of a link is set: not at all; by :func:`~psqe.links.rules.best_threshold`; or
to the value that is best by the gold links, which shows how much the other two lose."""


def fact_rows(task: AlignmentTask) -> Iterator[Row]:
    """Facts about a pair of graphs: what ``psqe data info`` tells, and what leaks (:func:`leaks`).

    The side is ``both`` for a fact about the pair. Facts that are no numbers, or not known, are left out.
    """
    info = task_info(task)
    facts: dict[str, Row] = {
        side: {**info[side], "dangling_share": info["dangling_share"][side]} for side in SIDES
    }
    shared = len(set(task.left.relations) & set(task.right.relations))
    facts["both"] = {"links": info["links"], "shared_relations": shared, **leaks(task)}
    for side, values in facts.items():
        for fact, value in values.items():
            if isinstance(value, int | float):
                yield {"side": side, "fact": fact, "value": float(value)}


def seed_rows(seeds: SeedSet, task: AlignmentTask, regions: Mapping[str, Regions]) -> Iterator[Row]:
    """The quality of seeds: of all, by kind of region, by region, after every stage, by tenth of confidence.

    Parameters
    ----------
    seeds, task, regions
        As for :func:`psqe.seeds.audit`.
    """
    report = audit(seeds, task, regions)
    yield {**WHOLE, **_quality(seeds.pairs, seeds.confidence, task), "recall": report["recall"]}
    n_seeds = {"seeds_found": report["n_seeds"]}
    for kind, shares in report["coverage"].items():
        least = {"least_covered": min(shares.values())} if shares else {}
        yield {"part_kind": kind, "part": "all", **n_seeds, "balance": report["balance"][kind], **least}
        for name, share in shares.items():
            yield {
                "part_kind": kind, "part": name, **n_seeds, "coverage": share,
                "precision": report["precision_by_region"][kind][name],
                "estimated": report["estimated_by_region"][kind][name],
            }  # fmt: skip
    for trace in seeds.trace:
        after = _quality(trace.pairs, trace.confidence, task)
        yield {"part_kind": "stage", "part": trace.stage, **after, "stage_seconds": trace.seconds}
    if seeds.confidence is not None:
        tenth = np.minimum((10 * seeds.confidence).astype(int), 9)
        for low in np.unique(tenth).tolist():
            within = tenth == low
            part = _quality(seeds.pairs[within], seeds.confidence[within], task)
            yield {"part_kind": "confidence", "part": f"{low / 10:.1f}", **part}


def alignment_rows(
    task: AlignmentTask,
    scorer: Scorer,
    regions: Mapping[str, Regions],
    seeds: SeedSet | None = None,
    compared: Sequence[SeedSet] = (),
    region_matchings: Sequence[Matching] = REGION_MATCHINGS,
) -> Iterator[Row]:
    """Hits@k and MRR by protocol, matching, group of links and direction; Hits@1 by region.

    The protocol ``peer`` always takes CSLS, so its rows are there once. Regions have Hits@1 under protocol
    ``full``, on all links and on those that are free of all compared seeds.

    Parameters
    ----------
    task, scorer, regions
        As for :func:`psqe.evaluation.evaluate`.
    seeds
        The seeds that decide which links are free; ``None`` where there are none.
    compared
        All seed sets that are compared with these, for the links that are free of all of them; none by
        default.
    region_matchings
        The matchings under which regions have Hits@1.
    """
    pairs = None if seeds is None else seeds.pairs
    union = np.concatenate([each.pairs for each in compared]) if compared else None
    reports = evaluate_each(task, scorer, get_args(Matching), regions=regions, seeds=pairs, compared=union)
    for matching, report in reports.items():
        protocols = PROTOCOLS if matching == "csls" else PROTOCOLS[:1]
        for entry, group in METRICS_OF.items():
            yield from _metric_rows(report, entry, group, protocols)
        if matching in region_matchings:
            yield from _region_rows(report["regions"], matching)


def _metric_rows(
    report: Mapping[str, Any], entry: str, group: str, protocols: Sequence[Protocol]
) -> Iterator[Row]:
    """The rows of one group of links under some protocols; none where no query is in the group."""
    for direction, by_protocol in (report[entry] or {}).items():
        for protocol in protocols:
            if n := report["n_queries"][direction][protocol][group]:
                yield {
                    "protocol": protocol, "matching": report["matching"], "links": group,
                    "direction": direction, **WHOLE, "n_queries": n, **by_protocol[protocol],
                }  # fmt: skip


def _region_rows(by_kind: Mapping[str, Mapping[str, Mapping[str, Any]]], matching: str) -> Iterator[Row]:
    """Hits@1 of each region, on all links and on those free of all seeds; none where no query is in it."""
    for kind, by_region in by_kind.items():
        for name, values in by_region.items():
            for group, ending in (("all", ""), ("free_of_all", "_free_of_all")):
                if (hits := values[f"hits@1{ending}"]) is not None:
                    yield {
                        "protocol": "full", "matching": matching, "links": group, "direction": "both",
                        "part_kind": kind, "part": name, "n_queries": values[f"n{ending}"], "hits@1": hits,
                    }  # fmt: skip


def link_rows(weighed: WeighedPairs, task: AlignmentTask) -> Iterator[Row]:
    """The quality of links, and of the answer "no counterpart", by every matching, rule and threshold."""
    for matching in get_args(Matching):
        for rule in get_args(Rule):
            links = weighed.choose(LinkRule(matching, rule, threshold=None))
            for threshold in THRESHOLDS:
                n, confidence = cut(links, task, threshold)
                row = {
                    "matching": matching, "rule": rule, "threshold": threshold, "min_confidence": confidence,
                    "expected_correct": float(chosen_confidence(links)[:n].sum()),
                }  # fmt: skip
                for answer, values in _answers(chosen_pairs(links)[:n], task):
                    yield {**row, "answer": answer, **values}


def label_rows(
    task: AlignmentTask, scorer: Scorer, seeds: SeedSet | None, labels: Sequence[SeedSet]
) -> Iterator[Row]:
    """Hits@1 by matching, on all links and on those outside all labels.

    Hits@1 is that of protocol ``full``, the mean of both directions. The rows about all links also have the
    true and the estimated precision of the seeds.

    Parameters
    ----------
    task, scorer
        As for :func:`psqe.evaluation.evaluate`.
    seeds
        The seeds that the similarities were trained on; ``None`` where there are none.
    labels
        The labelled links of all runs that are compared. Links that share an entity with one of them are not
        among those outside the labels, whether this run was given the labels or not.
    """
    known = np.concatenate([each.pairs for each in labels])
    return _hits_rows(task, scorer, seeds, known, VALUES["labels"])


def damaged_rows(task: AlignmentTask, scorer: Scorer, seeds: SeedSet | None) -> Iterator[Row]:
    """Hits@1 and MRR by matching, on all links and on those that are free of the seeds.

    The numbers are those of protocol ``full``, the means of both directions. The rows about all links also
    have the true and the estimated precision of the seeds.

    Parameters
    ----------
    task, scorer
        As for :func:`psqe.evaluation.evaluate`.
    seeds
        The seeds that the similarities were trained on; ``None`` where there are none, and all links free.
    """
    known = np.empty((0, 2), dtype=np.int64) if seeds is None else seeds.pairs
    return _hits_rows(task, scorer, seeds, known, VALUES["damaged"])


def _hits_rows(
    task: AlignmentTask, scorer: Scorer, seeds: SeedSet | None, known: IntArray, values: Sequence[str]
) -> Iterator[Row]:
    """Some values of all links and of those without an end in a known pair, by matching."""
    reports = evaluate_each(task, scorer, get_args(Matching), seeds=known, protocols=PROTOCOLS[:1])
    quality = {} if seeds is None else _quality(seeds.pairs, seeds.confidence, task)
    of_seeds = {name: value for name, value in quality.items() if name in values}
    for matching, report in reports.items():
        for entry, group in METRICS_OF.items():
            n_queries = sum(report["n_queries"][way]["full"][group] or 0 for way in report["n_queries"])
            if group in ("all", "free") and n_queries:
                ways = [by_protocol["full"] for by_protocol in report[entry].values()]
                hits = {
                    name: float(np.mean([way[name] for way in ways]))
                    for name in ("hits@1", "mrr")
                    if name in values
                }
                yield {
                    "matching": matching, "links": group, "n_queries": n_queries, **hits,
                    **(of_seeds if group == "all" else {}),
                }  # fmt: skip


def chosen_pairs(links: Links) -> IntArray:
    """Every pair that the rule chose, most confident first, whatever the threshold: ``(n, 2)``."""
    return np.vstack([links.pairs, links.doubtful])


def chosen_confidence(links: Links) -> FloatArray:
    """The confidence of each of :func:`chosen_pairs`, descending: ``(n,)``."""
    return np.concatenate([links.confidence, links.doubtful_confidence])


def cut(links: Links, task: AlignmentTask, threshold: str) -> tuple[int, float]:
    """How many of :func:`chosen_pairs` are links under a threshold, and their smallest confidence.

    Parameters
    ----------
    links
        Links, chosen with the threshold ``auto``.
    task
        The task, with gold links where the threshold is ``by labels``.
    threshold
        One of :data:`THRESHOLDS`.

    Raises
    ------
    ParameterError
        If there is no such threshold.
    PsqeError
        If the threshold is set by labels, and there are no gold links.
    """
    if threshold not in THRESHOLDS:
        raise ParameterError(
            f"there is no threshold {threshold!r}", remedy=f"choose from {', '.join(THRESHOLDS)}"
        )
    confidence = chosen_confidence(links)
    if threshold == "none" or not len(confidence):
        return len(confidence), 0.0
    if threshold == "auto":
        return len(links), links.threshold
    hits = correct(chosen_pairs(links), task)
    if hits is None:
        raise PsqeError(f"{task.name} has no gold links to find a threshold by")
    f1 = 2 * hits.cumsum() / (np.arange(1, len(confidence) + 1) + n_findable(task))
    # A threshold cannot cut between equal confidences.
    f1[:-1][confidence[:-1] == confidence[1:]] = 0
    n = int(f1.argmax()) + 1
    return n, float(confidence[n - 1])


def _answers(pairs: IntArray, task: AlignmentTask) -> Iterator[tuple[str, Row]]:
    """The quality of each answer: links, and "no counterpart" by side."""
    quality = link_quality(pairs, task)
    answers = {"link": (quality["links"], "n_gold")}
    answers |= {f"no counterpart, {side}": (q, "n_dangling") for side, q in quality["no_counterpart"].items()}
    for answer, (values, wanted) in answers.items():
        shares = {name: values.get(name) for name in ("precision", "precision_judged", "recall", "f1")}
        counts = {"n": values["n"], "n_correct": values["n_correct"], "n_wanted": values[wanted]}
        yield answer, {**counts, **shares}


def _quality(pairs: IntArray, confidence: FloatArray | None, task: AlignmentTask) -> Row:
    """The number of seeds, the share of correct ones, and the estimate of it."""
    hits, known = correct(pairs, task), judged(pairs, task)
    values: Row = {"seeds_found": len(pairs)}
    if hits is not None and known is not None:
        values |= {"precision": _mean(hits), "seeds_judged": int(known.sum())}
        values |= {"precision_judged": _mean(hits[known])}
    return values if confidence is None else {**values, "estimated": _mean(confidence)}


def f1_outside(pairs: IntArray, task: AlignmentTask, known: IntArray) -> float:
    """Compute the F1 of the links and the gold links that have no entity in some pairs.

    Parameters
    ----------
    pairs
        The links ``(n, 2)``.
    task
        The two graphs, with gold links.
    known
        The pairs ``(m, 2)``, such as seeds or verdicts.

    Returns
    -------
    float
        The F1; NaN if there is no such link.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, _ = planted_pair(30)
    >>> f1_outside(task.links, task, task.links[:5])
    1.0
    """

    def free(rows: IntArray) -> IntArray:
        chosen: IntArray = rows[~(np.isin(rows[:, 0], known[:, 0]) | np.isin(rows[:, 1], known[:, 1]))]
        return chosen

    gold = free(np.empty((0, 2), dtype=np.int64) if task.links is None else task.links)
    found = free(pairs)
    total = len(gold) + len(found)
    return 2 * int(among(found, gold).sum()) / total if total else float("nan")


def _mean(values: BoolArray | FloatArray) -> float | None:
    return float(values.mean()) if len(values) else None


def prediction_rows(
    task: AlignmentTask,
    features: Features,
    seeds: SeedSet,
    scorer: Scorer,
    build: Callable[[], Aligner],
) -> Iterator[Row]:
    """Hits@1 of an aligner on free links by matching: predicted before it is compared, and measured.

    The prediction takes the shift of margins from the seeds, each held out once
    (:class:`psqe.theory.margin_shift.MarginShift`), and adds it to the margins that the features have. It
    reads the features' margins of the free gold links. ``unlabelled_hits@1`` reads no gold link: the margins
    are those of likely pairs of free candidates, weighted by their probability.

    Parameters
    ----------
    task, features
        The data, with gold links.
    seeds
        The seeds of the aligner.
    scorer
        The similarities of the aligner that was fitted on all seeds.
    build
        A function that makes the same aligner, not fitted.
    """
    assert task.links is not None
    matchings = get_args(Matching)
    free = task.links[link_groups(task.links, seeds.pairs)["free"]]
    likely, chance = _likely_pairs(task, features, seeds)
    asked = np.concatenate([free, seeds.pairs, likely])
    before = task_margins(task, feature_scorer(task, features), asked, matchings)
    held_out = held_out_margins(build, task, features, seeds, matchings)
    after = task_margins(task, scorer, free, matchings)
    confidence = pair_confidence(seeds.pairs, task, features)
    for matching in matchings:
        of_free, of_seeds, of_likely = np.split(before[matching], [len(free), len(free) + len(seeds)])
        scale = float(np.median(np.abs(of_free)))
        law = MarginShift.fit(of_seeds, held_out[matching], weights=confidence, scale=scale)
        yield {
            "matching": matching, "n_queries": len(free),
            "features_hits@1": float((of_free > 0).mean()), "hits@1": float((after[matching] > 0).mean()),
            "predicted_hits@1": float(law.first(of_free).mean()),
            "unlabelled_hits@1": float(np.average(law.first(of_likely), weights=chance)),
            "shift": law.mean, "shift_deviation": law.deviation,
        }  # fmt: skip


def expected_rows(chances: PairProbabilities, scorer: Scorer, seeds: SeedSet | None) -> Iterator[Row]:
    """Hits@1 that is expected of a ranking without labels, by matching, on all links and on free ones.

    Parameters
    ----------
    chances
        The probabilities of pairs.
    scorer
        The similarities of the ranking.
    seeds
        Seeds whose entities are not asked where links are free; ``None``, or no seed, for all links only.
    """
    matchings = get_args(Matching)
    outside = {"all": None, "free": seeds.pairs if seeds is not None and len(seeds) else None}
    for links, pairs in outside.items():
        if links == "all" or pairs is not None:
            for matching, hits in chances.expected_hits(scorer, matchings, outside=pairs).items():
                yield {"matching": matching, "links": links, "expected_hits@1": hits}


def _likely_pairs(task: AlignmentTask, features: Features, seeds: SeedSet) -> tuple[IntArray, DoubleArray]:
    """Return pairs of free candidates ``(n, 2)`` and the probability of each, estimated without labels."""
    left, right = (
        np.setdiff1d(graph.candidates, ends) for graph, ends in zip(task.sides, seeds.pairs.T, strict=True)
    )
    listed = Shortlist.from_similarity(feature_scorer(task, features)(left, right))
    chance = probabilities(listed, temperature=TEMPERATURE / 2, n_counterparts=n_counterparts(listed))
    kept = chance > 1e-3
    return np.column_stack([left[listed.rows[kept]], right[listed.columns[kept]]]), chance[kept]
