"""The tables of a report on links, as data frames of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from psqe.evaluation.protocols import METRICS_OF
from psqe.evaluation.queries import DIRECTIONS
from psqe.graph import SIDES
from psqe.links.report.facts import LinkFacts

CUTS = (0.99, 0.95, 0.9, 0.8, 0.5, 0.0)
"""Smallest confidences that a reader could choose."""


def given(facts: LinkFacts) -> pd.DataFrame:
    """Sizes of both graphs, and the number of candidates that have each of the modalities."""
    columns = {}
    names = [graph["name"] for graph in facts.graphs]
    for side, name in zip(SIDES, names, strict=True):
        graph = facts.graphs[side]
        values = {
            "language": graph["language"] or "not given",
            "entities": f"{graph['entities']:,}",
            "candidates (entities to be linked)": f"{graph['candidates']:,}",
            "triples": f"{graph['triples']:,}",
            "relations": f"{graph['relations']:,}",
            "mean number of triples of a candidate": f"{graph['mean_degree']:.1f}",
            "candidates without a triple": f"{graph['isolated']:,}",
        }
        counts = {f"candidates with {name}": both[side] for name, both in facts.with_modality.items()}
        counts["candidates with none of these"] = facts.without_modality[side]
        for text, count in counts.items():
            values[text] = f"{count:,} ({count / graph['candidates']:.1%})" if count else "0"
        columns[name if names[0] != names[1] else f"{name} ({side})"] = values
    return pd.DataFrame(columns).rename_axis("").reset_index()


def cuts(facts: LinkFacts) -> pd.DataFrame:
    """For each of :data:`CUTS`, the number of links and how many of these are expected to be correct."""
    confidence = facts.links.confidence.astype(np.float64)
    rows = []
    for cut in CUTS:
        kept = confidence >= cut
        row = {
            "smallest confidence": f"{cut:.2f}" if cut else "all links",
            "links": f"{kept.sum():,}",
            "expected precision": f"{confidence[kept].mean():.1%}" if kept.any() else "",
            "expected wrong links": f"{(1 - confidence[kept]).sum():,.0f}",
        }
        if facts.correct is not None and facts.judged is not None:
            judged = kept & facts.judged
            precision = f"{facts.correct[judged].mean():.1%}" if judged.any() else ""
            if facts.judged.all():
                row["precision by true links"] = precision
            else:
                row |= {"judged links": f"{judged.sum():,}", "precision of judged links": precision}
                row["precision if the others are wrong"] = (
                    f"{facts.correct[kept].mean():.1%}" if kept.any() else ""
                )
        rows.append(row)
    return pd.DataFrame(rows)


def unlinked(facts: LinkFacts) -> pd.DataFrame:
    """The number of candidates without a link, by side and reason, the most frequent reason first."""
    rows = [
        (side, str(reason), f"{count:,}", f"{count / facts.graphs[side]['candidates']:.1%}")
        for side in SIDES
        for reason, count in sorted(facts.unlinked[side].items(), key=lambda item: -item[1])
    ]
    return pd.DataFrame(rows, columns=["side", "reason", "entities", "share of candidates"])


def quality(facts: LinkFacts) -> pd.DataFrame:
    """Precision, recall and F1 of the links and of the answer "no counterpart"; empty without gold links.

    Where the seeds are known and there are some, the links outside the seeds have rows of their own.
    """
    columns = ["answer", "given", "correct", "true", "precision", "recall", "F1"]
    if facts.quality is None:
        return pd.DataFrame(columns=columns)
    answers = _of_links("a link", facts.quality["links"])
    free = facts.quality["links_free"]
    if free is not None and free["n"] < facts.quality["links"]["n"]:
        answers += _of_links("a link outside the seeds", free)
    for side, answer in facts.quality["no_counterpart"].items():
        answers.append((f"no counterpart, {side}", answer, answer["n_dangling"]))
    rows = [
        [
            name, f"{answer['n']:,}", f"{answer['n_correct']:,}", f"{n_true:,}",
            _with_interval(answer, "precision"), _with_interval(answer, "recall"),
            "" if answer["f1"] is None else f"{answer['f1']:.3f}",
        ]
        for name, answer, n_true in answers
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _of_links(name: str, links: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], int]]:
    """The answer that some links are, or two readings of it where gold links judge only some of them."""
    if links["n_judged"] == links["n"]:
        return [(name, links, links["n_findable"])]
    judged = {share: links[f"{share}_judged"] for share in ("precision", "f1")}
    interval = {"precision_interval": links["precision_judged_interval"]}
    of_judged = {**links, **judged, **interval, "n": links["n_judged"]}
    return [
        (f"{name}, of those judged", of_judged, links["n_findable"]),
        (f"{name}, others counted as wrong", links, links["n_findable"]),
    ]


RANKED = {
    "metrics": "all true links",
    "metrics_seeds": "true links that are seeds",
    "metrics_wrong": "true links with an entity in another seed",
    "metrics_free": "true links with no entity in a seed",
}
"""The names of the rows of :func:`ranking`, by the entry of an evaluation."""

WAYS = ("left to right", "right to left")
"""The names of the two directions of ranking."""


def ranking(facts: LinkFacts) -> pd.DataFrame:
    """Hits@1 and MRR over all true links, seeds and free links; empty where the ranking was not evaluated."""
    columns = ["links", "entities", *(f"{name}, {way}" for name in ("Hits@1", "MRR") for way in WAYS)]
    evaluation = facts.evaluation
    if evaluation is None or evaluation["metrics"] is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for entry, name in RANKED.items():
        if evaluation[entry] is None:
            continue
        group = METRICS_OF[entry]
        n, back = (evaluation["n_queries"][direction]["full"][group] for direction in DIRECTIONS)
        found = [evaluation[entry][direction]["full"] for direction in DIRECTIONS]
        numbers = [values[measure] for measure in ("hits@1", "mrr") for values in found]
        number = f"{n:,}" if n == back else f"{n:,} left, {back:,} right"
        rows.append([name, number, *("" if value is None else f"{value:.3f}" for value in numbers)])
    return pd.DataFrame(rows, columns=columns)


def _with_interval(answer: Mapping[str, Any], share: str) -> str:
    if answer[share] is None:
        return ""
    low, high = answer[f"{share}_interval"]
    return f"{answer[share]:.3f} ({low:.3f} to {high:.3f})"


def provenance(facts: LinkFacts) -> pd.DataFrame:
    """The parameters and versions that the links were computed with, one row each."""
    values = {**facts.provenance.get("parameters", {}), "versions": facts.provenance.get("versions", {})}
    rows = [(key, _as_text(value)) for key, value in values.items() if value]
    return pd.DataFrame(rows, columns=["parameter", "value"])


def _as_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_as_text(part)}" for key, part in value.items() if part is not None)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
