"""Label propagation: the labels of seeds spread over entities and relations, without training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from psqe.adjacency import normalised_adjacency, walk
from psqe.aligners.base import Aligner
from psqe.aligners.iterative import unseeded
from psqe.aligners.labels import fill_unit_rows, seed_labels
from psqe.features.base import Features
from psqe.features.fusion import to_unit_rows
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, FloatArray, IntArray, KnowledgeGraph, Side, Sides
from psqe.parameters import Dimension, NonNegativeFloat, PositiveInt, RandomState
from psqe.seeds.confidence import seed_weights
from psqe.similarity import Dot, Matching, find_nearest, matched
from psqe.training.callback import Callback


@dataclass(frozen=True, eq=False)
class Views:
    """The three views of a graph along which vectors spread.

    Parameters
    ----------
    neighbours
        The random walk between entities ``(n, n)``, with self loops (:func:`psqe.adjacency.walk`).
    relations
        Which share of its triples an entity has with each relation ``(n, 2 m)``: as their head in the first
        ``m`` columns, as their tail in the others. The transposed matrix leads from relations to entities.
        A row is zero where the entity has no triple.

    Examples
    --------
    >>> graph = KnowledgeGraph("g", ("a", "b"), ("r",), [(0, 0, 1)])
    >>> Views.from_graph(graph).relations.toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    neighbours: sparse.csr_array
    relations: sparse.csr_array

    @classmethod
    def from_graph(cls, graph: KnowledgeGraph) -> Self:
        """Make the views of a graph."""
        heads, relations, tails = graph.triples.T
        m = len(graph.relations)
        cells = np.concatenate([heads, tails]), np.concatenate([relations, relations + m])
        counts = sparse.csr_array(
            (np.ones(len(cells[0]), dtype=np.float32), cells), shape=(graph.n_entities, 2 * m)
        )
        shares = sparse.diags_array(1 / np.maximum(1, graph.degree()).astype(np.float32)) @ counts
        return cls(walk(normalised_adjacency(graph)).astype(np.float32), sparse.csr_array(shares))

    def spread(
        self, entities: FloatArray, relations: FloatArray, relation_weight: float
    ) -> tuple[FloatArray, FloatArray]:
        """Spread vectors by one step.

        Parameters
        ----------
        entities, relations
            Vectors of the entities ``(n, d)`` and of the relations ``(2 m, d)``.
        relation_weight
            How much the relations of an entity count beside its neighbours.

        Returns
        -------
        The next vectors of both, unit rows; a row that nothing has reached is zero.
        """
        spread = self.neighbours @ entities
        if relation_weight:
            spread += np.float32(relation_weight) * (self.relations @ relations)
        return to_unit_rows(spread), to_unit_rows(self.relations.T @ entities)


@dataclass(kw_only=True, eq=False, repr=False)
class LabelPropagation(Aligner):
    """An aligner without training that spreads labels of seeds over entities and relations.

    Every seed gives both of its entities the same label, a random unit vector. Labels spread along three
    views of the graph, as in LightEA (Mao et al. 2022, *LightEA: A Scalable, Robust, and Interpretable Entity
    Alignment Framework via Three-view Label Propagation*): between neighbours, from entities to the relations
    that they are head or tail of, and from relations to their entities. With the walk ``P`` between entities,
    the shares ``Q`` of an entity's triples by relation, and unit rows after each step,

        E(k + 1) = unit(P E(k) + w Q R(k)),    R(k + 1) = unit(Q^T E(k)),    R(0) = 0,

    where ``w`` is ``relation_weight``. The embedding of an entity is the concatenation of the unit rows of
    ``E(0)`` to ``E(n_steps)``, as in LightEA: a seed's two entities therefore resemble each other whatever
    the graph says, and a wrong seed is not corrected. Sinkhorn is the matching.

    ``features`` play no part by default, apart from the order of entities in which ties are broken: the
    method compares the structure alone, and it cannot compare an entity that no label reaches.
    With ``with_features``, the fused features of all nodes (:func:`psqe.features.nodes.node_vectors`) are
    further initial vectors, which spread in the same way beside the labels and have the same weight in the
    embedding. With ``weigh_seeds``, features also tell how much the label of a seed counts.

    This is our own code in the manner of LightEA and not the code of its authors. Their last step, which
    combines every edge with the vector of its relation, is missing, and so are weights of edges. The preset
    ``published`` weighs the three views alike. By default, relations have no weight: on emoji/en-de, whose
    sides have 8 and 6 relations that do not correspond, fewer candidates in no seed are mutual nearest
    neighbours the more relations weigh (random states 0 and 1, weights 0, .3 and 1). Two steps are those of
    LightEA; a third one changed little there.
    :class:`psqe.aligners.models.propagation.Propagation` spreads features and labels together, without
    relations, and weighs what comes from farther away less; there, a seed can be overruled.

    Parameters
    ----------
    n_steps
        Number of steps that the labels spread.
    relation_weight
        Weight ``w`` of the relations of an entity beside its neighbours. With 0, labels spread between
        neighbours alone; 1 weighs both alike.
    label_dim
        Number of dimensions of the labels. By chance, two labels have a cosine of about
        ``label_dim ** -0.5``.
    weigh_seeds
        Whether the label of a seed is weighted by the label-free confidence of the seed
        (:mod:`psqe.seeds.confidence`), which reads the features.
    with_features
        Whether the features are further initial vectors.
    n_rounds
        Number of rounds. After each but the last, candidates in no given seed that are each other's nearest
        under Sinkhorn become seeds of the next round, beside the given ones; they are chosen anew each time.
    random_state
        Seed of the random generator for the labels.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import true_links
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = LabelPropagation(label_dim=64).fit(task, features, true_links(task, 10))
    >>> model.embeddings()[0].shape
    (26, 192)
    """

    n_steps: Annotated[int, Field(ge=1, le=100)] = 2
    relation_weight: NonNegativeFloat = 0.0
    label_dim: Dimension = 1024
    weigh_seeds: bool = False
    with_features: bool = False
    n_rounds: PositiveInt = 1
    random_state: RandomState = 0

    name: ClassVar[str] = "label-propagation"
    min_seeds: ClassVar[int] = 1
    matching: ClassVar[Matching] = "sinkhorn"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {"relation_weight": 1.0},
        "small": {"label_dim": 256},
    }

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        views = task.sides.map(Views.from_graph)
        weights = seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        embeddings = self._embeddings(task, features, views, pairs, weights)
        for _ in range(self.n_rounds - 1):
            found = self._mutual(task, pairs, embeddings)
            every = np.concatenate([pairs, found])
            weights = seed_weights(every, task, features, by_confidence=self.weigh_seeds)
            embeddings = self._embeddings(task, features, views, every, weights)
        return embeddings.left, embeddings.right

    def _embeddings(
        self,
        task: AlignmentTask,
        features: Features,
        views: Sides[Views],
        pairs: IntArray,
        weights: FloatArray,
    ) -> Sides[FloatArray]:
        """Embed the nodes of both sides, given seeds ``(m, 2)`` and their weights ``(m,)``."""
        labels = weights[:, None] * seed_labels(len(pairs), self.label_dim, self.random_state)

        def embed(side: Side, ends: IntArray) -> FloatArray:
            start = np.zeros((task.sides[side].n_entities, self.label_dim), dtype=np.float32)
            start[ends] = labels
            parts = [start]
            if self.with_features:
                parts.append(node_vectors(features, side, task.sides[side]))
            return self._embed(views[side], parts)

        return Sides(*(embed(side, ends) for side, ends in zip(SIDES, pairs.T, strict=True)))

    def _embed(self, views: Views, parts: list[FloatArray]) -> FloatArray:
        """Embed the nodes of one side, given their initial vectors, each ``(n, d_i)``."""
        widths = [part.shape[1] for part in parts for _ in range(self.n_steps + 1)]
        # Filled part by part, in place: a list of parts and their concatenation would be twice the memory.
        embedding = np.empty((len(parts[0]), sum(widths)), dtype=np.float32)
        columns = iter(np.split(embedding, np.cumsum(widths)[:-1], axis=1))
        for vectors in parts:
            relations = np.zeros((views.relations.shape[1], vectors.shape[1]), dtype=np.float32)
            fill_unit_rows(next(columns), vectors, np.float32(1))
            for _ in range(self.n_steps):
                vectors, relations = views.spread(vectors, relations, self.relation_weight)
                fill_unit_rows(next(columns), vectors, np.float32(1))
        return embedding

    def _mutual(self, task: AlignmentTask, pairs: IntArray, embeddings: Sides[FloatArray]) -> IntArray:
        """Find the candidates in no seed that are each other's nearest: pairs ``(m, 2)``.

        Entities that nothing has reached and entities with two equally near ones are left out.
        """
        free = unseeded(task.sides.map(lambda graph: graph.candidates), pairs)
        reached = free.map(lambda entities, vectors: entities[vectors[entities].any(axis=1)], embeddings)
        if not len(reached.left) or not len(reached.right):
            return np.empty((0, 2), dtype=np.int64)
        rows = reached.map(lambda entities, vectors: to_unit_rows(vectors[entities]), embeddings)
        nearest = find_nearest(matched(Dot(rows.left, rows.right), self.matching))
        left, right = nearest.mutual()
        distinct = nearest.margin(left, right) > 0
        return np.column_stack([reached.left[left[distinct]], reached.right[right[distinct]]])
