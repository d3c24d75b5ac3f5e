"""Measure how good groups of several sources and duplicates within one graph are, beside simple rules.

``python benchmarks/groups.py`` prints, for each data set and random state, precision, recall and F1 of pairs.
For several sources (:func:`psqe.align_all`) these are pairs of entities of different sources: in the groups,
in the links of every two sources (*pairwise*), and in the connected components of these links. For duplicates
(:func:`psqe.dedupe`) they are pairs of entities of one graph: in the groups, and with the same name. The last
column is the mean confidence. The truth is read for the measurement only. It takes about ten minutes.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

import psqe
from psqe.datasets.damage import damaged
from psqe.datasets.planted_groups import planted_duplicates, planted_sources
from psqe.errors import PsqeWarning
from psqe.graph import KnowledgeGraph

Node = tuple[str, str]
Pairs = set[frozenset[Node]]


def pairs_in(groups: Iterable[Iterable[Node]]) -> Pairs:
    """Return the pairs within groups."""
    return {frozenset(pair) for group in groups for pair in combinations(group, 2)}


def across(pairs: Pairs) -> Pairs:
    """Return the pairs of nodes of different sources."""
    return {pair for pair in pairs if len({source for source, _ in pair}) == 2}


def components(pairs: Pairs) -> list[list[Node]]:
    """Return the connected components of pairs."""
    group: dict[Node, list[Node]] = {}
    for pair in pairs:
        one, other = (group.setdefault(node, [node]) for node in pair)
        if one is not other:
            one += other
            for node in other:
                group[node] = one
    return list({id(own): own for own in group.values()}.values())


def told(pairs: Pairs, true: Pairs) -> str:
    """Return precision, recall and F1 of pairs as text."""
    both = len(pairs & true)
    precision, recall = both / max(1, len(pairs)), both / max(1, len(true))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"{precision:.3f} {recall:.3f} {f1:.3f}"


def emoji_sources(random_state: int) -> tuple[list[KnowledgeGraph], dict[Node, str]]:
    """Return emoji in three languages without names, of which only the first two have pictures."""
    first = psqe.load_task("emoji/en-fr", random_state=random_state)
    second = psqe.load_task("emoji/en-de", random_state=random_state + 100)
    graphs = [
        replace(first.left, names=()),
        replace(first.right, names=()),
        replace(second.right, names=(), images=()),
    ]
    return graphs, {
        (graph.name, graph.entities[i]): graph.entities[i] for graph in graphs for i in graph.candidates
    }


def sources(name: str, random_state: int) -> tuple[list[KnowledgeGraph], dict[Node, str]]:
    """Return several sources, and what each of their entities stands for."""
    if name == "emoji in three languages":
        return emoji_sources(random_state)
    noise = float(name.rpartition(" ")[2])
    graphs, hidden = planted_sources(3, 400, noise=noise, random_state=random_state)
    means = {
        (graph.name, entity): str(one)
        for graph, own in zip(graphs, hidden, strict=True)
        for entity, one in zip(graph.entities, own.tolist(), strict=True)
    }
    return graphs, means


def measure_sources(name: str, random_state: int) -> str:
    """Align several sources and return a row of the table."""
    graphs, means = sources(name, random_state)
    members: dict[str, list[Node]] = {}
    for node, hidden in means.items():
        members.setdefault(hidden, []).append(node)
    true = pairs_in(members.values())
    found = psqe.align_all(graphs, random_state=random_state)
    rows = found.links[["source", "other_source", "entity", "other"]].itertuples(index=False)
    pairwise: Pairs = {frozenset([(row[0], row[2]), (row[1], row[3])]) for row in rows}
    nodes = found.groups.groupby("group")[["source", "entity"]]
    groups = pairs_in(list(zip(own["source"], own["entity"], strict=True)) for _, own in nodes)
    return (
        f"groups {told(groups, true)}  pairwise {told(pairwise, true)}  "
        f"components {told(across(pairs_in(components(pairwise))), true)}  "
        f"confidence {found.groups['confidence'].mean():.3f}"
    )


def duplicates(name: str, random_state: int) -> tuple[KnowledgeGraph, dict[str, int]]:
    """Return a graph with duplicates, and what each of its candidates stands for."""
    if name.startswith("planted"):
        doubled = float(name.rpartition(" ")[2])
        graph, hidden = planted_duplicates(
            600, doubled=doubled, trebled=doubled / 5, random_state=random_state
        )
        return graph, dict(zip(graph.entities, hidden.tolist(), strict=True))
    if name == "countries, names of both languages":
        task = psqe.load_task("examples/countries", random_state=random_state)
        left, right = task.sides
        names = [(f"left {e}", n) for e, n in zip(left.entities, left.names, strict=True) if n]
        names += [(f"right {e}", n) for e, n in zip(right.entities, right.names, strict=True) if n]
        means = {entity: place for place, (entity, _) in enumerate(names)}
        for i, j in [] if task.links is None else task.links.tolist():
            means[f"right {right.entities[j]}"] = means[f"left {left.entities[i]}"]
        return psqe.graph_from_frames(names=names), means
    task = psqe.load_task("emoji/en-de", dangling=0, random_state=random_state)
    share, typos = map(float, name.split()[1::2])
    task = damaged(task, {"duplicates": share, "typos": typos}, random_state=random_state)
    links = [] if task.links is None else task.links.tolist()
    return task.right, {task.right.entities[j]: i for i, j in links}


def measure_duplicates(name: str, random_state: int) -> str:
    """Find duplicates and return a row of the table."""
    graph, means = duplicates(name, random_state)
    members: dict[int, list[Node]] = {}
    same_name: dict[str, list[Node]] = {}
    for entity, hidden in means.items():
        members.setdefault(hidden, []).append(("", entity))
    for entity, text in zip(graph.entities, graph.names, strict=True):
        if text and entity in means:
            same_name.setdefault(text.lower(), []).append(("", entity))
    true = pairs_in(members.values())
    found = psqe.dedupe(graph)
    groups = pairs_in([("", e) for e in own] for _, own in found.groups.groupby("group")["entity"])
    confidence = found.pairs["confidence"].mean() if len(found.pairs) else float("nan")
    return (
        f"{len(true):5d} true {len(groups):5d} found  groups {told(groups, true)}  "
        f"same name {told(pairs_in(same_name.values()), true)}  confidence {confidence:.3f}"
    )


def rows(states: int) -> Iterator[tuple[str, int, str]]:
    """Yield the rows of both tables: data set, random state and what was measured."""
    for name in ("planted noise 0.8", "planted noise 1.6", "emoji in three languages"):
        for state in range(states):
            yield name, state, measure_sources(name, state)
    for name in (
        "planted doubled 0.1", "planted doubled 0.5", "planted doubled 0.0",
        "copies 0.15 typos 0.03", "copies 0.15 typos 0.1", "countries, names of both languages",
    ):  # fmt: skip
        for state in range(1 if name.startswith("countries") else states):
            yield name, state, measure_duplicates(name, state)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--states", type=int, default=5, help="number of random states")
    given = parser.parse_args()
    warnings.simplefilter("ignore", PsqeWarning)
    for name, state, row in rows(given.states):
        print(f"{name:36s} {state}  {row}", flush=True)


if __name__ == "__main__":
    main()
