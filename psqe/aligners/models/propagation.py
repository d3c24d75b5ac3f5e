"""Propagation: features and seeds spread over the graph, nothing trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from psqe.adjacency import normalised_adjacency, walk
from psqe.aligners.base import Aligner
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import centred, unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray, KnowledgeGraph, Side
from psqe.seeds.base import positive
from psqe.seeds.confidence import pair_confidence_in_order
from psqe.similarity import Matching
from psqe.training.callback import Callback


class Propagation(Aligner):
    """Features of all nodes, averaged over one neighbourhood after the other, and labels from the seeds.

    Features alone align well where pictures or texts are good, and neighbours say more: the mean of what
    stands around an entity, then of what stands around that. In symbols, with ``P`` the random walk
    (:func:`psqe.adjacency.walk`), ``X`` the fused features and ``h`` from 0 to ``n_hops``, the embedding is
    the concatenation of the unit rows of ``P^h X``, each weighted by ``decay^h``. The features are those of
    every node, so that literals and categories bring what they say to the entities they belong to. An entity
    without features is a zero and has no part in the sum; a unit row has forgotten how many there were.
    A modality that few of the neighbours have weighs little in their mean.

    Every seed gives both of its ends one label, a random unit vector in place of a column of its own.
    Labels spread likewise, and an entity's part in the concatenation is the unit row of ``P^h L`` for ``h``
    from 1, weighted by ``label_weight`` and by the mean confidence of the seeds that reach it. There is no
    ``L`` itself (``h = 0``), which would say nothing but that a seed is right: its own label comes back to it
    as that of one neighbour among others, so that a wrong seed can be overruled. Without seeds there are no
    labels, and all else is the same.

    It is of the kind of SEU (Mao et al., EMNLP 2021: features propagated, then assigned by Sinkhorn) and
    LightEA (Mao et al., EMNLP 2022: labels as random vectors, propagated), and the code of neither. No
    authors' settings exist: ``published`` is the method itself, without reduced features; ``small`` keeps
    the main axes of the features and shorter labels, for matching takes time in proportion to the width.
    Hops, decay and label weight were chosen on the emoji pairs en-fr and en-de, and checked on en-ja, en-zh
    and on names of DBP15K ja_en.

    Parameters
    ----------
    n_hops
        How far features and labels spread. With 0, features stay as they are and seeds have no effect.
    decay
        Weight of a hop's cosine relative to that of the hop before it.
    label_weight
        Weight of the labels' cosine relative to the features' in every hop.
    weigh_seeds
        Weight a label by the label-free confidence of its seed (:mod:`psqe.seeds.confidence`), so that seeds
        that the features speak against say little. Turn it off for seeds known to be right.
    dim
        Main axes of the fused features of both sides to keep; all for ``None``.
    label_dim
        Dimensions of the labels. Two of them have a cosine of about ``label_dim ** -0.5`` by chance.
    random_state
        Seed of the labels.
    """

    name = "propagation"
    min_seeds: ClassVar[int] = 0
    matching: ClassVar[Matching] = "sinkhorn"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {"dim": 768, "label_dim": 256},
    }

    def __init__(
        self,
        *,
        n_hops: int = 2,
        decay: float = 0.7,
        label_weight: float = 0.35,
        weigh_seeds: bool = True,
        dim: int | None = None,
        label_dim: int = 1024,
        random_state: int = 0,
    ) -> None:
        for key, value in (("decay", decay), ("label_dim", label_dim), ("dim", 1 if dim is None else dim)):
            positive(key, value)
        for key, value in (("n_hops", n_hops), ("label_weight", label_weight)):
            if not value >= 0:
                raise ParameterError(f"{key} is {value}; it must not be negative")
        self.n_hops = n_hops
        self.decay = decay
        self.label_weight = label_weight
        self.weigh_seeds = weigh_seeds
        self.dim = dim
        self.label_dim = label_dim
        self.random_state = random_state

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        graphs = task.left, task.right
        vectors = [node_vectors(features, side, task.sides[side]) for side in ("left", "right")]
        if self.dim is not None and self.dim < vectors[0].shape[1]:
            axes = main_axes(
                [own[graph.candidates] for own, graph in zip(vectors, graphs, strict=True)], self.dim
            )
            vectors = [own @ axes for own in vectors]
        rng = np.random.default_rng(self.random_state)
        labels = unit_rows(rng.standard_normal((len(pairs), self.label_dim)).astype(np.float32))
        sure = self._confidence(pairs, task, features)
        found = []
        for graph, own, ends in zip(graphs, vectors, pairs.T, strict=True):
            step = walk(normalised_adjacency(graph)).astype(np.float32)
            found.append(self._embed(step, own, ends, labels, sure))
        return found[0], found[1]

    def _confidence(self, pairs: IntArray, task: AlignmentTask, features: Features) -> FloatArray:
        """Weight of each seed's label ``(n,)``."""
        if not self.weigh_seeds:
            return np.ones(len(pairs), dtype=np.float32)
        # A seed from elsewhere may name an entity that is no candidate: it stands among them for once.
        own = [np.union1d(g.candidates, e) for g, e in zip((task.left, task.right), pairs.T, strict=True)]
        places = np.column_stack([np.searchsorted(o, e) for o, e in zip(own, pairs.T, strict=True)])
        return pair_confidence_in_order(places, features, own[0], own[1])

    def _embed(
        self,
        step: sparse.csr_array,
        vectors: FloatArray,
        ends: IntArray,
        labels: FloatArray,
        sure: FloatArray,
    ) -> FloatArray:
        """Embeddings of one side ``(n, d)``.

        ``step`` ``(n, n)`` is the walk and ``vectors`` ``(n, d_0)`` the features. The seeds' ``ends``
        ``(m,)`` on this side get ``labels`` ``(m, d_1)``, weighted by ``sure`` ``(m,)``.
        """
        parts = [unit_rows(vectors)]
        spread = np.zeros((len(vectors), self.label_dim), dtype=np.float32)
        spread[ends] = sure[:, None] * labels
        arrived, certain = (np.zeros(len(vectors), dtype=np.float32) for _ in range(2))
        arrived[ends], certain[ends] = 1, sure
        for hop in range(1, self.n_hops + 1):
            weight = np.float32(self.decay**hop)
            vectors = step @ vectors
            parts.append(weight**0.5 * unit_rows(vectors))
            if len(ends) and self.label_weight:
                spread, arrived, certain = step @ spread, step @ arrived, step @ certain
                mean = np.divide(certain, arrived, out=np.zeros_like(certain), where=arrived > 0)
                parts.append((self.label_weight * weight * mean[:, None]) ** 0.5 * unit_rows(spread))
        return np.hstack(parts)


def node_vectors(features: Features, side: Side, graph: KnowledgeGraph) -> FloatArray:
    """Fused unit vectors ``(n, d)`` of all nodes of one side, zero for who has no modality.

    Candidates are centred among themselves, other nodes likewise: the text of a literal differs from that
    of an entity by a shift of its own. For candidates this is :func:`psqe.features.fusion.fuse`.
    """
    others = np.setdiff1d(np.arange(graph.n_entities), graph.candidates)
    parts = []
    for modality in features.values():
        vectors, present = modality[side].values, modality[side].present
        part = np.empty_like(vectors)
        for kind in (graph.candidates, others):
            part[kind] = unit_rows(centred(vectors[kind], present[kind]))
        parts.append(part)
    return unit_rows(np.hstack(parts))


def main_axes(sides: Sequence[FloatArray], dim: int) -> FloatArray:
    """The ``dim`` axes, or all, along which the rows of both sides ``(n, d)`` are longest: ``(d, dim)``.

    No other axes keep more of the rows' squared length (Eckart and Young 1936).
    """
    together = sum(vectors.T @ vectors for vectors in sides)
    _, axes = np.linalg.eigh(np.asarray(together, dtype=np.float64))
    kept: FloatArray = axes[:, ::-1][:, :dim].astype(np.float32)
    return kept
