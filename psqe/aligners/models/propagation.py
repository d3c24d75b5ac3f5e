"""Propagation: features and seeds spread over the graphs, without training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse

from psqe.adjacency import normalised_adjacency, walk
from psqe.aligners.base import Aligner
from psqe.aligners.labels import fill_unit_rows, seed_labels
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.features.principal_axes import on_main_axes
from psqe.features.whitening import Share, Shrinkage, WhiteningRule, whitened_nodes
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, Sides
from psqe.parameters import Dimension, NonNegativeFloat, PositiveFloat, RandomState
from psqe.seeds.confidence import seed_weights
from psqe.similarity import Matching
from psqe.training.callback import Callback


@dataclass(kw_only=True, eq=False, repr=False)
class Propagation(Aligner):
    """An aligner without training, which spreads features and labels of seeds over the graphs.

    Let ``P`` be the random walk (:func:`psqe.adjacency.walk`) and ``X`` the fused features of all nodes,
    literals and categories included, so that these contribute to the entities beside them. Where there are
    seeds, the features are first whitened by the differences between the two entities of each seed. The
    embedding of an entity is the concatenation, over the hops ``h`` from 0 to ``n_hops``, of the unit rows of
    ``P^h X``, so weighted that the cosine of hop ``h`` counts ``decay^h``. A node without features has a zero
    row, which has no part in a sum over neighbours. A modality that few of the neighbours have weighs little
    in their mean.

    Every seed gives both of its entities the same label, a random unit vector that stands for a column of its
    own. Labels ``L`` spread in the same way: for ``h`` from 1 the concatenation also holds the unit row of
    ``P^h L``, weighted by ``label_weight`` and by the mean confidence of the seeds whose labels reach the
    entity. The labels themselves (``h = 0``) have no part, because they would only say that a seed is
    correct. An entity's own label comes back to it as that of one neighbour among others, so that a wrong
    seed can be overruled. Without seeds there is neither whitening nor a label.

    The method is of the kind of SEU (Mao et al., EMNLP 2021: features are propagated, then assigned by
    Sinkhorn) and LightEA (Mao et al., EMNLP 2022: labels are propagated as random vectors), but it is not
    the code of either. There are no settings by authors: the preset ``published`` is the method without
    reduced features, and ``small`` keeps the main axes of the features and shorter labels, because the time
    of matching is proportional to the width. Hops, decay and label weight were chosen on the emoji pairs
    en-fr and en-de, and checked on en-ja, en-zh and on names of DBP15K ja_en. Whitening within pairs was
    chosen on en-de, because the share of mutual nearest pairs in no seed, matched by Sinkhorn, is largest
    with it, and checked on the three other emoji pairs (the plan ``pays`` of the study).

    Parameters
    ----------
    n_hops
        Number of hops that features and labels spread. With 0, features stay where they are and seeds have no
        labels.
    decay
        Weight of the cosine of a hop relative to that of the hop before it.
    label_weight
        Weight of the cosine of labels relative to that of features, in every hop.
    weigh_seeds
        Whether a label, and the part of a seed in the whitening, are weighted by the label-free confidence of
        the seed (:mod:`psqe.seeds.confidence`), so that seeds that contradict the features count little. Turn
        it off for seeds that are known to be correct.
    whitening
        Weight of the covariance within pairs, from 0 to 1, by which features are whitened before they spread
        (:mod:`psqe.features.whitening`), as the aligner ``whitening`` does; ``None`` for features as they
        are. With the default, 1, nothing is whitened where there are no seeds.
    shrinkage
        Weight of the identity in the covariances of the whitening, from 1e-6 to 1; ``None`` for
        ``d / (d + n)``, with ``n`` observations of ``d`` dimensions. Without whitening it has no effect.
    dim
        Number of main axes of the fused features of both sides that are kept; ``None`` for all of them.
    label_dim
        Number of dimensions of the labels. By chance, two labels have a cosine of about
        ``label_dim ** -0.5``.
    random_state
        Seed of the random generator for the labels.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import SeedSet
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Propagation(n_hops=1).fit(task, features, SeedSet.empty())
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    n_hops: Annotated[int, Field(ge=0, le=100)] = 2
    decay: PositiveFloat = 0.7
    label_weight: NonNegativeFloat = 0.35
    weigh_seeds: bool = True
    whitening: Share | None = 1.0
    shrinkage: Shrinkage | None = None
    dim: Dimension | None = None
    label_dim: Dimension = 1024
    random_state: RandomState = 0

    name: ClassVar[str] = "propagation"
    min_seeds: ClassVar[int] = 0
    matching: ClassVar[Matching] = "sinkhorn"
    returns_seeds: ClassVar[bool] = False
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {},
        "small": {"dim": 768, "label_dim": 256},
    }

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        confidence = seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        vectors = dict(zip(SIDES, self._vectors(task, features, pairs, confidence), strict=True))
        labels = seed_labels(len(pairs), self.label_dim, self.random_state)
        left, right = (
            self._embed(
                walk(normalised_adjacency(graph)).astype(np.float32),
                vectors.pop(side),  # those of a side are not held while the other side is embedded
                ends,
                labels,
                confidence,
            )
            for side, graph, ends in zip(SIDES, task.sides, pairs.T, strict=True)
        )
        return left, right

    def _vectors(
        self, task: AlignmentTask, features: Features, pairs: IntArray, confidence: FloatArray
    ) -> Sides[FloatArray]:
        """Return the vectors of all nodes, ``(n_left, d)`` and ``(n_right, d)``."""
        if self.whitening is None:
            vectors = Sides(*(node_vectors(features, side, task.sides[side]) for side in SIDES))
        else:
            rule = WhiteningRule(self.whitening, self.shrinkage)
            vectors = whitened_nodes(task, features, pairs, confidence, rule)
        return on_main_axes(vectors, task.sides.map(lambda graph: graph.candidates), self.dim)

    @np.errstate(over="raise")  # a large decay or weight of labels makes infinite embeddings
    def _embed(
        self,
        step: sparse.csr_array,
        vectors: FloatArray,
        seeded: IntArray,
        labels: FloatArray,
        confidence: FloatArray,
    ) -> FloatArray:
        """Embed the nodes of one side.

        Parameters
        ----------
        step
            The random walk ``(n, n)``.
        vectors
            Features of the nodes ``(n, d_0)``.
        seeded
            The entity of each seed on this side ``(m,)``.
        labels
            The labels of the seeds ``(m, d_1)``.
        confidence
            The weights of the labels ``(m,)``.

        Returns
        -------
        Embeddings ``(n, d)``.
        """
        width = vectors.shape[1]
        with_labels = bool(len(seeded) and self.label_weight)
        widths = [width] + self.n_hops * ([width, self.label_dim] if with_labels else [width])
        # Filled part by part, in place: a list of parts and their concatenation would be twice the memory.
        embedding = np.empty((len(vectors), sum(widths)), dtype=np.float32)
        columns = iter(np.split(embedding, np.cumsum(widths)[:-1], axis=1))
        fill_unit_rows(next(columns), vectors, np.float32(1))
        spread = np.zeros((len(vectors), self.label_dim), dtype=np.float32)
        spread[seeded] = confidence[:, None] * labels
        # The two are numerator and denominator of the mean confidence of the seeds that reach a node.
        total, count = (np.zeros(len(vectors), dtype=np.float32) for _ in range(2))
        total[seeded], count[seeded] = confidence, 1
        for hop in range(1, self.n_hops + 1):
            weight = np.float32(self.decay**hop)
            vectors = step @ vectors
            fill_unit_rows(next(columns), vectors, weight**0.5)
            if with_labels:
                spread, total, count = step @ spread, step @ total, step @ count
                mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
                fill_unit_rows(next(columns), spread, (self.label_weight * weight * mean[:, None]) ** 0.5)
        return embedding
