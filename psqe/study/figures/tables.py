"""Tables of the book, as data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from psqe.datasets.info import task_info
from psqe.evaluation.intervals import mean_interval
from psqe.graph import AlignmentTask, IntArray
from psqe.seeds import SeedSet, correct


def graph_table(task: AlignmentTask) -> pd.DataFrame:
    """Sizes, degrees and modalities of both graphs; one column per graph."""
    info = task_info(task)
    rows: dict[str, list[str]] = {}
    for side in ("left", "right"):
        graph, share = info[side], info["dangling_share"][side]
        n = max(1, graph["candidates"])
        values = {
            "language": graph["language"] or "not given",
            "entities": f"{graph['entities']:,}",
            "of these candidates": f"{graph['candidates']:,}",
            "triples": f"{graph['triples']:,}",
            "relations": f"{graph['relations']}",
            "mean degree of a candidate": f"{graph['mean_degree']:.1f}",
            "candidates without a triple": f"{graph['isolated']}",
            "candidates with a picture": f"{graph['with_image'] / n:.1%}",
            "candidates with keywords or attributes": f"{graph['with_attributes'] / n:.1%}",
            "candidates with a name": f"{graph['with_name'] / n:.1%}",
            "dangling candidates": "not known" if share is None else f"{share:.1%}",
        }
        for key, value in values.items():
            rows.setdefault(key, []).append(value)
    return pd.DataFrame.from_dict(rows, orient="index", columns=[info["left"]["name"], info["right"]["name"]])


def text_table(task: AlignmentTask, pairs: IntArray) -> pd.DataFrame:
    """Names and attribute values (keywords) of both entities of each pair, one row per pair."""
    columns: dict[str, list[str]] = {}
    for i, graph in enumerate((task.left, task.right)):
        entities = pairs[:, i].tolist()
        columns[f"name, {graph.name}"] = [graph.names[e] or "" for e in entities]
        columns[f"keywords, {graph.name}"] = [
            ", ".join(value or attribute for attribute, value in graph.attributes[e]) for e in entities
        ]
    return pd.DataFrame(columns)


def triple_table(task: AlignmentTask, pair: Sequence[int]) -> pd.DataFrame:
    """The triples around both entities of a pair: side, head, relation and tail."""
    rows = []
    for graph, entity in zip((task.left, task.right), pair, strict=True):
        touching = (graph.triples[:, [0, 2]] == entity).any(axis=1)
        texts = [name or identifier for name, identifier in zip(graph.names, graph.entities, strict=True)]
        for head, relation, tail in graph.triples[touching].tolist():
            rows.append((graph.name, texts[head], graph.relations[relation], texts[tail]))
    return pd.DataFrame(rows, columns=["graph", "head", "relation", "tail"])


DIRECTIONS = {"l2r": "left to right", "r2l": "right to left"}


def metric_rows(report: Mapping[str, Any], **labels: Any) -> list[dict[str, Any]]:
    """A report of :func:`psqe.evaluation.evaluate` as rows of a table.

    One row per direction and protocol, with ``labels`` and every metric as columns.
    """
    return [
        {**labels, "direction": text, "protocol": protocol, **metrics}
        for direction, text in DIRECTIONS.items()
        for protocol, metrics in report["metrics"][direction].items()
    ]


def metrics_table(
    reports: Mapping[str, Mapping[str, Any]],
    protocol: str,
    metrics: Sequence[str] = ("hits@1", "hits@10", "mrr"),
) -> pd.DataFrame:
    """Metrics of reports of :func:`psqe.evaluation.evaluate` under one protocol, both directions.

    One protocol a table: numbers of two are not to be compared.
    """
    rows = {
        name: {
            (arrow, metric.replace("hits", "Hits").replace("mrr", "MRR")): report["metrics"][d][protocol][
                metric
            ]
            for d, arrow in DIRECTIONS.items()
            for metric in metrics
        }
        for name, report in reports.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def mean_table(table: pd.DataFrame, *, by: Sequence[str], value: str) -> pd.DataFrame:
    """Mean, bounds of its 95 % interval and number of runs of a column, by group in order of appearance."""
    rows = []
    for key, group in table.groupby(list(by), sort=False):
        mean, low, high = mean_interval(group[value].tolist())
        rows.append(
            {**dict(zip(by, key, strict=True)), "mean": mean, "low": low, "high": high, "runs": len(group)}
        )
    return pd.DataFrame(rows)


def why_table(seeds: Sequence[tuple[SeedSet, AlignmentTask]]) -> pd.DataFrame:
    """Why each stage added and dropped pairs, how many, and how many of them are right.

    Parameters
    ----------
    seeds
        Seed sets of one miner with the tasks they are of, one per random state.

    Returns
    -------
    One row per stage, act and reason, in order of appearance: mean number of ``pairs`` and, with gold
    links, the share ``right`` of all.
    """
    counts: dict[tuple[str, str, str], list[int]] = {}
    for found, task in seeds:
        for trace in found.trace:
            for act, pairs, reasons in (
                ("added", trace.added, trace.why_added),
                ("dropped", trace.dropped, trace.why_dropped),
            ):
                hits = correct(pairs, task)
                for i, why in enumerate(reasons):
                    count = counts.setdefault((trace.stage, act, why), [0, 0, 0])
                    count[0] += 1
                    count[1] += 0 if hits is None else int(hits[i])
                    count[2] += hits is not None
    order = {stage: i for i, stage in enumerate(dict.fromkeys(stage for stage, _, _ in counts))}
    rows = [
        {
            "stage": stage, "act": act, "why": why, "pairs": n / len(seeds),
            "right": right / known if known else None,
        }
        for (stage, act, why), (n, right, known) in sorted(
            counts.items(), key=lambda item: (order[item[0][0]], item[0][1], -item[1][0])
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["stage", "act", "why", "pairs", "right"])


def show(
    table: pd.DataFrame, name: str, *, digits: int = 3, caption: str = "", index: bool = False
) -> Styler:
    """A table as a page shows it: room between the columns, texts on the left, numbers on the right.

    A cell without value is empty.

    Parameters
    ----------
    table
        The table.
    name
        Its identifier in the page. Without one, pandas would draw another at each run.
    digits
        Decimals of fractions.
    caption
        A line above it.
    index
        Whether to show the names of the rows.
    """
    if not index:
        table = table.reset_index(drop=True)  # parts put together repeat their numbers, which pandas refuses
    numbers = list(table.select_dtypes("number").columns)
    cells = [
        {"selector": "th, td", "props": "padding: 0.15em 0.8em; vertical-align: top"},
        {"selector": "th", "props": "text-align: left"},
    ]
    styler = table.style.format(precision=digits, na_rep="").set_uuid(name).set_table_styles(cells)
    styler = styler.set_properties(subset=numbers, **{"text-align": "right"})
    if caption:
        styler = styler.set_caption(caption)
    return styler if index else styler.hide(axis="index")
