"""Hand-made pairs of graphs, and changes to a pair that must not change what is computed from it."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from psqe.features.base import Features, Modality
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph
from psqe.seeds import Miner, SeedSet
from psqe.similarity import Similarity

Pair = tuple[AlignmentTask, Features]


def graph(name: str, n: int, triples=(), **columns) -> KnowledgeGraph:
    """A graph of ``n`` entities with one relation; ``triples`` are pairs (head, tail)."""
    ends = np.array(list(triples), dtype=np.int64).reshape(-1, 2)
    return KnowledgeGraph(
        name,
        tuple(f"{name}:{i}" for i in range(n)),
        ("next to",),
        np.column_stack([ends[:, 0], np.zeros(len(ends), dtype=np.int64), ends[:, 1]]),
        **columns,
    )


def tiny(n_left: int, n_right: int, *, dim: int = 4, seed: int = 0, links: bool = False) -> Pair:
    """Two graphs without triples and with random images; the links, if any, pair equal positions."""
    rng = np.random.default_rng(seed)
    both = np.arange(min(n_left, n_right))
    task = AlignmentTask(
        "tiny",
        graph("l", n_left),
        graph("r", n_right),
        np.column_stack([both, both]) if links else None,
    )
    hidden = rng.standard_normal((max(n_left, n_right), dim))
    return task, Features.from_arrays({"image_left": hidden[:n_left], "image_right": hidden[:n_right] + 0.01})


def relabelled(
    pair: Pair, *, left: int | None = None, right: int | None = None
) -> tuple[Pair, IntArray, IntArray]:
    """Entities in random order and under random names, by a seed for each side (``None``: as they are).

    Returns the pair and, for each side, the old index of every new one.
    """
    task, features = pair
    orders, graphs = [], {}
    for side, seed in (("left", left), ("right", right)):
        n = task.sides[side].n_entities
        orders.append(np.arange(n) if seed is None else np.random.default_rng(seed).permutation(n))
    taken = task.take(*orders)
    for side, seed in (("left", left), ("right", right)):
        old = taken.sides[side]
        if seed is not None:
            names = np.random.default_rng(seed + 1).permutation(old.n_entities)
            old = replace(old, entities=tuple(f"renamed {i}" for i in names), ids=names + 10_000)
        graphs[side] = old
    return (replace(taken, **graphs), features.blind().take(*orders)), orders[0], orders[1]


def mine_quietly(miner: Miner, pair: Pair) -> SeedSet:
    """Mine where warnings are to be expected: fewer seeds than asked, or noise for what is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return miner.mine(*pair)


def with_arrays(modality: Modality, **arrays: np.ndarray) -> Modality:
    """A modality with other arrays or masks: ``left``, ``right``, ``left_present``, ``right_present``."""
    own = {"left": modality.left.values, "right": modality.right.values}
    masks = {"left_present": modality.left.present, "right_present": modality.right.present}
    return Modality.from_arrays(**{**own, **masks, **arrays})


def without_links(pair: Pair) -> Pair:
    """No gold links and no human-made groups."""
    return pair[0].without_links(), pair[1]


def with_wrong_links(pair: Pair) -> Pair:
    """Gold links and groups shuffled."""
    task, features = pair
    rng = np.random.default_rng(5)
    sides = {
        side: replace(task.sides[side], groups=tuple(rng.permutation(np.array(task.sides[side].groups))))
        for side in ("left", "right")
    }
    links = np.column_stack([task.links[:, 0], rng.permutation(task.links[:, 1])])
    return replace(task, links=links, **sides), features


def with_fewer_candidates(pair: Pair) -> Pair:
    """Every third entity is a candidate no more; links without candidates go."""
    task, features = pair
    sides = {
        side: replace(task.sides[side], candidates=np.flatnonzero(np.arange(task.sides[side].n_entities) % 3))
        for side in ("left", "right")
    }
    kept = (task.links % 3 != 0).all(axis=1)
    return AlignmentTask("fewer", sides["left"], sides["right"], task.links[kept]), features


@dataclass
class Table(Similarity):
    """A similarity matrix given in full."""

    table: np.ndarray

    @property
    def shape(self):
        return self.table.shape

    def rows(self, start, stop):
        return self.table[start:stop].copy()

    @property
    def T(self):
        return Table(self.table.T)

    def take(self, rows, columns):
        table = self.table[rows]
        return Table(table if columns is None else table[:, columns])
