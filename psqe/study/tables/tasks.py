"""Tables about a pair of graphs, and about what the stages of a miner did to its seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.datasets.info import task_info
from psqe.graph import AlignmentTask, IntArray
from psqe.seeds import SeedSet, correct


def graph_table(task: AlignmentTask) -> pd.DataFrame:
    """Describe the sizes, degrees and modalities of both graphs.

    Parameters
    ----------
    task
        The pair of graphs.

    Returns
    -------
    pandas.DataFrame
        Texts, one row a property and one column a graph.
    """
    info = task_info(task)
    rows: dict[str, list[str]] = {}
    for side in ("left", "right"):
        graph, share = info[side], info["dangling_share"][side]
        n = max(1, graph["candidates"])
        values = {
            "language": graph["language"] or "not given",
            "entities": f"{graph['entities']:,}",
            "of these, candidates": f"{graph['candidates']:,}",
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
    """List the names and attribute values (keywords) of both entities of some pairs.

    Parameters
    ----------
    task
        The pair of graphs.
    pairs
        Indices of left and right entities ``(n, 2)``.

    Returns
    -------
    pandas.DataFrame
        Texts, one row for each pair.
    """
    columns: dict[str, list[str]] = {}
    for graph, ends in zip((task.left, task.right), pairs.T, strict=True):
        entities = ends.tolist()
        columns[f"name, {graph.name}"] = [graph.names[e] or "" for e in entities]
        columns[f"keywords, {graph.name}"] = [
            ", ".join(value or attribute for attribute, value in graph.attributes[e]) for e in entities
        ]
    return pd.DataFrame(columns)


def triple_table(task: AlignmentTask, pair: Sequence[int]) -> pd.DataFrame:
    """List the triples around both entities of a pair.

    Parameters
    ----------
    task
        The pair of graphs.
    pair
        Index of the left and of the right entity.

    Returns
    -------
    pandas.DataFrame
        Columns ``graph``, ``head``, ``relation`` and ``tail``, one row a triple.
    """
    rows = []
    for graph, entity in zip((task.left, task.right), pair, strict=True):
        touching = (graph.triples[:, [0, 2]] == entity).any(axis=1)
        texts = [name or identifier for name, identifier in zip(graph.names, graph.entities, strict=True)]
        for head, relation, tail in graph.triples[touching].tolist():
            rows.append((graph.name, texts[head], graph.relations[relation], texts[tail]))
    return pd.DataFrame(rows, columns=["graph", "head", "relation", "tail"])


def why_table(seeds: Sequence[tuple[SeedSet, AlignmentTask]]) -> pd.DataFrame:
    """Count the reasons for which each stage added and dropped pairs, and how many of these are correct.

    Parameters
    ----------
    seeds
        Seed sets of one miner with their tasks, one a random state.

    Returns
    -------
    pandas.DataFrame
        One row a ``stage``, ``act`` and reason (``why``), stages in order of appearance: the mean number of
        ``pairs`` and, with gold links, the share ``correct`` of all.
    """
    events = pd.DataFrame(
        [
            (trace.stage, act, why, None if hits is None else bool(hits[i]))
            for found, task in seeds
            for trace in found.trace
            for act, pairs, reasons in (
                ("added", trace.added, trace.why_added), ("dropped", trace.dropped, trace.why_dropped),
            )
            for hits in [correct(pairs, task)]
            for i, why in enumerate(reasons)
        ],
        columns=["stage", "act", "why", "correct"],
    )  # fmt: skip
    events["stage"] = pd.Categorical(events["stage"], list(dict.fromkeys(events["stage"])))
    groups = events.astype({"correct": "Float64"}).groupby(["stage", "act", "why"], observed=True, sort=False)
    table = groups["correct"].agg(["size", "mean"]).reset_index()
    table = table.sort_values(["stage", "act", "size"], ascending=[True, True, False], kind="stable")
    return pd.DataFrame({
        "stage": table["stage"].astype(str), "act": table["act"], "why": table["why"],
        "pairs": table["size"] / len(seeds), "correct": table["mean"].astype("float64"),
    }).reset_index(drop=True)  # fmt: skip
