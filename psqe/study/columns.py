"""The columns of the results store: what each means, its type, and the values that it may have."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from psqe.study.spec import Subject


@dataclass(frozen=True)
class Column:
    """What a column of the store holds.

    Attributes
    ----------
    meaning
        What the column means, in one sentence.
    dtype
        The pandas type: ``string``, ``Int64`` or ``Float64``.
    high
        The largest value of a number; the smallest is 0 unless ``low`` says otherwise.
    low
        The smallest value of a number.
    allowed
        The texts that may stand in the column; every text where there are none.

    Examples
    --------
    >>> COLUMNS["hits@1"].meaning
    'Share of entities whose counterpart is ranked first.'
    """

    meaning: str
    dtype: str
    high: float = sys.float_info.max
    low: float = 0.0
    allowed: tuple[str, ...] = ()


def _text(meaning: str, *allowed: str) -> Column:
    return Column(meaning, "string", allowed=allowed)


def _count(meaning: str) -> Column:
    return Column(meaning, "Int64", high=2**53)


def _number(meaning: str) -> Column:
    return Column(meaning, "Float64")


def _share(meaning: str) -> Column:
    return Column(meaning, "Float64", high=1.0)


COLUMNS: dict[str, Column] = {
    "id": _text("The id of the run's spec."),
    # ---- of the run
    "spec": _text("The spec as canonical JSON."),
    "seconds": _number("Wall-clock seconds that mining and training took."),
    "peak_mb": _number("Largest resident memory of the process until the run was done, in MiB."),
    "revision": _text("The git revision; a plus sign means that files differed from it."),
    "date": _text("When the run ended, UTC."),
    "environment": _text("The key of a row in environments.csv."),
    "versions": _text("Versions of Python and of the packages that can change a number."),
    "machine": _text("Processor, cores, memory, system, and the GPU if the run computed on one."),
    # ---- which row of the run
    "side": _text("left, right, or both for a fact about the pair.", "left", "right", "both"),
    "fact": _text("The name of a fact."),
    "part_kind": _text(
        "all; a kind of region (degree, density, semantic); stage; or confidence.",
        "all",
        "degree",
        "density",
        "semantic",
        "stage",
        "confidence",
    ),
    "part": _text("all; the region; the stage after which seeds were judged; or the tenth's lower end."),
    "protocol": _text("The evaluation protocol: full or peer.", "full", "peer"),
    "direction": _text("l2r, r2l, or both for the mean of the two.", "l2r", "r2l", "both"),
    "matching": _text(
        "What was made of the similarities before they were ranked: cosine, csls or sinkhorn.",
        "cosine",
        "csls",
        "sinkhorn",
    ),
    "links": _text(
        "The group of gold links that were asked: all, free, seeds, wrong or free_of_all.",
        "all",
        "free",
        "seeds",
        "wrong",
        "free_of_all",
    ),
    "rule": _text("The rule that chose the links.", "mutual", "one_to_one"),
    "threshold": _text("How the smallest confidence of a link was set.", "none", "auto", "by labels"),
    "answer": _text(
        "link; or no counterpart, with the side.", "link", "no counterpart, left", "no counterpart, right"
    ),
    "strategy": _text(
        "How the pairs were chosen that a simulated reviewer judged.",
        "proposed",
        "least certain",
        "random",
    ),
    "n_verdicts": _count("Number of verdicts."),
    "variant": _text("The variant that was timed."),
    "stage": _text("The stage that was timed."),
    # ---- values
    "value": Column("The value of a fact.", "Float64", low=-sys.float_info.max),
    "seeds_found": _count("Number of seeds."),
    "precision": _share("Share of correct ones among all seeds, links or answers."),
    "seeds_judged": _count("Number of seeds with an entity that is in a gold link."),
    "precision_judged": _share("Precision among seeds or links with an entity that is in a gold link."),
    "estimated": _share("Precision, estimated without labels."),
    "recall": _share("Share of the gold links, or of the entities without counterpart, that were found."),
    "coverage": _share("Share of the entities of a region that are in a seed."),
    "balance": _share("How evenly the seeds cover the regions of a kind; 1 is even."),
    "least_covered": _share("Coverage of the least covered region of a kind."),
    "stage_seconds": _number("Wall-clock seconds of one stage."),
    "processor_seconds": _number("Seconds of the processor, added up over threads."),
    "features_hits@1": _share("Share of entities whose counterpart the features rank first."),
    "predicted_hits@1": _share("Hits@1 of the aligner as predicted from seeds that it did not see."),
    "unlabelled_hits@1": _share("The same without labels: margins of links are estimated, too."),
    "shift": Column("What the aligner adds to a margin, mean.", "Float64", low=-sys.float_info.max),
    "shift_deviation": _number("Standard deviation of what the aligner adds to a margin."),
    "expected_hits@1": _share("Hits@1 that is expected without labels, mean of both directions."),
    "n_queries": _count("Number of entities that were asked for their counterparts."),
    "hits@1": _share("Share of entities whose counterpart is ranked first."),
    "hits@5": _share("Share of entities whose counterpart is among the first five."),
    "hits@10": _share("Share of entities whose counterpart is among the first ten."),
    "mrr": _share("Mean reciprocal rank of the counterpart."),
    "min_confidence": _share("The smallest confidence of a link."),
    "n": _count("Number of answers."),
    "n_correct": _count("Number of correct answers."),
    "n_wanted": _count("Number of answers that would be correct."),
    "f1": _share("Harmonic mean of precision and recall."),
    "free_f1": _share("F1 of the links with no entity in a verdict."),
    "free_f1_before": _share("F1 that the links without verdicts have on the same entities."),
    "expected_correct": _number("Sum of the links' confidences."),
    "n_left": _count("Number of left entities."),
    "n_right": _count("Number of right entities."),
    "width": _count("Dimensions of all modalities together."),
    "n_seeds": _count("Number of seeds wanted."),
    "n_clusters": _count("Number of clusters."),
    "n_epochs": _count("Number of epochs."),
    "stage_peak_mb": _number("Largest resident memory of the process until the stage was done, in MiB."),
    "cap_mb": _number("Memory that the process was allowed, in MiB."),
    "search": _text("exact or approximate.", "exact", "approximate"),
    "threads": _count("Number of threads."),
    "n_runs": _count("Number of runs."),
    "n_compared": _count("Number of numbers that are the same as when the runs were made one by one."),
}
"""Every column of the store, and what it means. A column means the same wherever it stands.

The allowed texts are those that :mod:`psqe.study.measures` writes."""

RUN_COLUMNS = ("id", "spec", "seconds", "peak_mb", "revision", "date", "environment")
ENVIRONMENT_COLUMNS = ("environment", "versions", "machine")

KEYS: dict[Subject, tuple[str, ...]] = {
    "facts": ("side", "fact"),
    "seeds": ("part_kind", "part"),
    "alignment": ("protocol", "matching", "links", "direction", "part_kind", "part"),
    "system": ("protocol", "matching", "links", "direction", "part_kind", "part"),
    "links": ("matching", "rule", "threshold", "answer"),
    "labels": ("matching", "links"),
    "prediction": ("matching",),
    "expected": ("matching", "links"),
    "damaged": ("matching", "links"),
    "review": ("strategy", "n_verdicts"),
    "cost": ("variant", "stage"),
}
"""The columns that, with the id, tell the measures of a subject apart."""

VALUES: dict[Subject, tuple[str, ...]] = {
    "facts": ("value",),
    "seeds": (
        "seeds_found", "precision", "seeds_judged", "precision_judged", "estimated", "recall", "coverage",
        "balance", "least_covered", "stage_seconds",
    ),
    "alignment": ("n_queries", "hits@1", "hits@5", "hits@10", "mrr"),
    "system": ("n_queries", "hits@1", "hits@5", "hits@10", "mrr"),
    "links": (
        "min_confidence", "n", "n_correct", "n_wanted", "precision", "precision_judged", "recall", "f1",
        "expected_correct",
    ),
    "labels": ("n_queries", "hits@1", "seeds_found", "precision", "estimated"),
    "prediction": (
        "n_queries", "features_hits@1", "predicted_hits@1", "unlabelled_hits@1", "hits@1", "shift",
        "shift_deviation",
    ),
    "expected": ("expected_hits@1",),
    "damaged": ("n_queries", "hits@1", "mrr", "seeds_found", "precision", "estimated"),
    "review": ("precision", "recall", "f1", "free_f1", "free_f1_before"),
    "cost": (
        "n_left", "n_right", "width", "n_seeds", "n_clusters", "n_epochs", "stage_seconds",
        "processor_seconds", "stage_peak_mb", "cap_mb", "seeds_found", "precision", "hits@1", "search",
        "threads", "n_runs", "n_compared",
    ),
}  # fmt: skip
"""The columns of a subject that hold what was measured; at least one of them is filled in a row."""

MAY_BE_EMPTY = {*(name for names in VALUES.values() for name in names), "seconds", "peak_mb"}
