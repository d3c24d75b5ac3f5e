"""Measure groups of several sources, links of several to one, and duplicates, each beside simple rules.

``python benchmarks/groups.py`` prints, for each data set and random state, precision, recall and F1 of pairs.
For several sources (:func:`psqe.align_all`) these are pairs of entities of different sources: in the groups,
in the links of every two sources (*pairwise*), and in the connected components of these links. Where a left
entity may have several links, the rules one-to-one and one-to-many are compared on the same data; *further*
is how many links only the second rule makes, and how many of them are correct. For duplicates
(:func:`psqe.dedupe`) they are pairs of entities of one graph: in the groups, and with the same name. The last
column is the mean confidence. The truth is read for the measurement only. It takes about fifteen minutes.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

import psqe
from psqe.api import load_features
from psqe.datasets.damage import COPY, damaged
from psqe.datasets.planted_groups import planted_duplicates, planted_sources
from psqe.datasets.synthetic import planted_pair
from psqe.errors import PsqeWarning
from psqe.features import Features
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.links import LinkRule

FURTHER_TASKS = (
    "planted noise 0.5, doubled 0.3", "planted noise 0.5, doubled 0.0",
    "emoji, doubled 0.3", "emoji, doubled 0.0", "emoji, second language and drawing 0.3",
)  # fmt: skip
"""The data sets on which right entities may share their left counterpart."""

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


def lines_of(pictures: Sequence[Path | None], folder: Path) -> tuple[Path | None, ...]:
    """Write drawings of OpenMoji without their colours, as lines; they are the third drawing of an emoji."""
    drawn: list[Path | None] = []
    for picture in pictures:
        tree = None if picture is None else ElementTree.parse(picture)
        lines = None if tree is None else tree.getroot().find("*[@id='line']")
        if picture is None or tree is None or lines is None or not len(lines):
            drawn.append(None)  # a few drawings have no lines
            continue
        for part in list(tree.getroot()):
            if part is not lines:
                tree.getroot().remove(part)
        tree.write(folder / picture.name)
        drawn.append(folder / picture.name)
    return tuple(drawn)


def emoji_drawings(random_state: int, folder: Path) -> tuple[list[KnowledgeGraph], dict[Node, str]]:
    """Return emoji in three drawings and three languages: Twemoji, OpenMoji, and the lines of OpenMoji."""
    graphs, means = emoji_sources(random_state)
    *others, third = graphs
    pictures = psqe.load_task("emoji/en-de", random_state=random_state + 100).right.images
    return [*others, replace(third, images=lines_of(pictures, folder))], means


def with_second(task: AlignmentTask, share: float, random_state: int, folder: Path) -> AlignmentTask:
    """Add to the right graph some of its entities again, in another language and drawn in lines."""
    graph = task.right
    other = psqe.load_task("emoji/en-de", dangling=0, random_state=random_state).right
    where, rng = other.index(), np.random.default_rng(random_state)
    candidates = graph.candidates[[graph.entities[i] in where for i in graph.candidates.tolist()]]
    some = np.sort(rng.permutation(candidates)[: round(share * len(candidates))]).tolist()
    again = [where[graph.entities[i]] for i in some]
    n = graph.n_entities
    columns: dict[str, Any] = {
        key: (*getattr(graph, key), *(getattr(other, key)[entity] for entity in again))
        for key in ("names", "attributes")
    }
    right = KnowledgeGraph(
        graph.name,
        (*graph.entities, *(f"again {graph.entities[i]}" for i in some)),
        graph.relations,
        graph.triples,
        candidates=np.concatenate([graph.candidates, np.arange(n, n + len(some))]),
        images=(*graph.images, *lines_of([other.images[entity] for entity in again], folder)),
        **columns,
    )
    links = [] if task.links is None else task.links.tolist()
    place = {entity: n + k for k, entity in enumerate(some)}
    links += [[left, place[entity]] for left, entity in links if entity in place]
    return AlignmentTask(task.name, task.left, right, links=np.array(links))


def further_task(name: str, random_state: int, folder: Path) -> tuple[AlignmentTask, Features]:
    """Return a pair in which a share of the left entities has two right counterparts, and its features."""
    share = float(name.rpartition(" ")[2])
    if name.startswith("planted"):
        task, features = planted_pair(600, noise=0.5, random_state=random_state)
        if share:
            task, features = doubled(task, features, share, random_state)
        return task, features
    task = psqe.load_task("emoji/en-fr", random_state=random_state)
    if "second" in name:
        task = with_second(task, share, random_state, folder)
    elif share:
        task = damaged(task, {"duplicates": share, "typos": 0.03}, random_state=random_state)
    return task, load_features(task)


def doubled(
    task: AlignmentTask, features: Features, share: float, random_state: int
) -> tuple[AlignmentTask, Features]:
    """Add some right entities again, with vectors that have noise of their own."""
    twice = damaged(task, {"duplicates": share}, random_state=random_state)
    where = task.right.index()
    first = np.array([where[entity.removesuffix(COPY)] for entity in twice.right.entities])
    rng = np.random.default_rng(random_state)
    arrays: dict[str, Any] = {}
    for modality, own in features.items():
        vectors = own.right.values[first].copy()
        vectors[task.right.n_entities :] += 0.5 * rng.standard_normal(vectors[task.right.n_entities :].shape)
        arrays |= {f"{modality}_left": own.left.values, f"{modality}_right": vectors}
        arrays |= {
            f"{modality}_left_present": own.left.present,
            f"{modality}_right_present": own.right.present[first],
        }
    arrays |= {
        "left_entities": np.array(task.left.entities),
        "right_entities": np.array(twice.right.entities),
    }
    return twice, Features.from_arrays(arrays)


def measure_cardinality(name: str, random_state: int, folder: Path) -> str:
    """Link a pair with the rules one-to-one and one-to-many, and return a row of the table."""
    task, features = further_task(name, random_state, folder)
    gold = {tuple(pair) for pair in ([] if task.links is None else task.links.tolist())}
    told_links, found = [], []
    for cardinality in ("one-to-one", "one-to-many"):
        made = psqe.align(
            task, features=features, links=LinkRule(cardinality=cardinality), random_state=random_state
        )
        pairs = {tuple(pair) for pair in made.predicted.pairs.tolist()}
        found.append(pairs)
        correct = len(pairs & gold)
        f1 = 2 * correct / max(1, len(pairs) + len(gold))
        told_links.append(
            f"{cardinality} {correct / max(1, len(pairs)):.3f} {correct / len(gold):.3f} {f1:.3f}"
        )
    further = found[1] - found[0]
    return (
        f"{len(gold):5d} true  {'  '.join(told_links)}  further {len(further)}, correct {len(further & gold)}"
    )


def sources(name: str, random_state: int, folder: Path) -> tuple[list[KnowledgeGraph], dict[Node, str]]:
    """Return several sources, and what each of their entities stands for."""
    if name == "emoji in three languages":
        return emoji_sources(random_state)
    if name == "emoji in three drawings":
        return emoji_drawings(random_state, folder)
    noise = float(name.rpartition(" ")[2])
    graphs, hidden = planted_sources(3, 400, noise=noise, random_state=random_state)
    means = {
        (graph.name, entity): str(one)
        for graph, own in zip(graphs, hidden, strict=True)
        for entity, one in zip(graph.entities, own.tolist(), strict=True)
    }
    return graphs, means


def measure_sources(name: str, random_state: int, folder: Path) -> str:
    """Align several sources and return a row of the table."""
    graphs, means = sources(name, random_state, folder)
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


SOURCES = ("planted noise 0.8", "planted noise 1.6", "emoji in three languages", "emoji in three drawings")
DUPLICATES = (
    "planted doubled 0.1", "planted doubled 0.5", "planted doubled 0.0",
    "copies 0.15 typos 0.03", "copies 0.15 typos 0.1", "countries, names of both languages",
)  # fmt: skip


def rows(states: int, only: str) -> Iterator[tuple[str, int, str]]:
    """Yield the rows of the tables: data set, random state and what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        measures: list[tuple[str, Callable[[str, int], str]]] = [
            *((name, partial(measure_sources, folder=Path(folder))) for name in SOURCES),
            *((name, partial(measure_cardinality, folder=Path(folder))) for name in FURTHER_TASKS),
            *((name, measure_duplicates) for name in DUPLICATES),
        ]
        for name, measure in measures:
            for state in range(1 if name.startswith("countries") else states) if only in name else ():
                yield name, state, measure(name, state)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--states", type=int, default=5, help="number of random states")
    parser.add_argument("--only", default="", help="data sets whose names contain this text")
    given = parser.parse_args()
    warnings.simplefilter("ignore", PsqeWarning)
    for name, state, row in rows(given.states, given.only):
        print(f"{name:36s} {state}  {row}", flush=True)


if __name__ == "__main__":
    main()
