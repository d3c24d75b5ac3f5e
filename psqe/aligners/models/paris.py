"""PARIS: probabilistic alignment by relations, their functionality and inclusion, and literals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from psqe.aligners.evidence import Equalities, Inclusion, estimate_inclusion, graph_evidence
from psqe.aligners.listed import ListedAligner
from psqe.aligners.literals import equal_literals, literals_of
from psqe.aligners.statements import Statements
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, DoubleArray, FloatArray, IntArray, Sides
from psqe.parameters import NonNegativeInt
from psqe.seeds.confidence import seed_weights
from psqe.similarity import Dot, Matching
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.neighbours import TEMPERATURE
from psqe.similarity.shortlist import Shortlist
from psqe.similarity.sinkhorn_scaling import Cells

CERTAIN = 1 - 1e-6
"""The largest probability that features, a seed or a literal give to an equality: nothing is beyond doubt."""

LEAST = 1e-3
"""The smallest probability with which two nodes are taken to be equal."""

SETTLED = 0.01
"""The rounds end when at most this share of the equalities of left nodes has changed."""


@dataclass(kw_only=True, eq=False, repr=False)
class Paris(ListedAligner):
    """An aligner without training that infers equal entities from equal neighbours and values (PARIS).

    PARIS (Suchanek, Abiteboul and Senellart, *PARIS: Probabilistic Alignment of Relations, Instances, and
    Schema*, PVLDB 5(3), 2011) estimates two kinds of probabilities in turn. Two entities are equal
    (``x ≡ x'``) with a probability that grows with the number of statements ``r(x, y)`` and ``r'(x', y')``
    with equal objects, with the inverse functionality of their relations, which is high where an object has
    few subjects, and with the probability that one relation includes the other (``r ⊆ r'``), see
    :func:`psqe.aligners.evidence.graph_evidence`. A relation is included in another one with the share of its
    statements that are also statements of the other, see :func:`psqe.aligners.evidence.estimate_inclusion`.
    Labels of relations are not compared. Each round takes two nodes as equal if each is the best match of the
    other, so that a node has at most one equal.

    The authors begin with equal literals alone. Here there are three beginnings, which are independent
    evidence beside that of the statements:

    - The **features** of an entity are a literal with an inverse functionality of 1. The probability that two
      of them are equal is their share of a label-free plan that gives each entity at most one counterpart
      (:mod:`psqe.similarity.assignments`), with the temperature of
      :func:`psqe.seeds.estimate.seed_confidence`. The candidates have one plan and the other nodes another.
    - The two entities of a **seed** are equal with the label-free confidence of the seed.
    - **Literals** are the values of attributes: texts if the modality ``attribute`` is among the features,
      and numbers if ``number`` is (:mod:`psqe.aligners.literals`).

    The score of a pair is ``e / (1 + e)`` with the evidence ``e = -log(1 - P(x ≡ x'))``. Its order is that of
    the probabilities, but it still tells apart pairs whose probabilities are 1 up to rounding.

    All evidence is taken to be independent. Where the features of an entity are made of its attribute values,
    and the values are nodes or literals of the graph as well, they count twice. Work and memory are bounded:
    a node keeps its pairs with the most evidence of the graph, and statements about hubs count only for pairs
    that are listed already (:data:`psqe.aligners.evidence.HUB`).

    The method is that of the authors, without their evidence against an equality, and the code is our own.
    There is nothing to vary between a laptop and a larger machine, so the presets are the same. Sinkhorn is
    its matching because the share of mutual nearest neighbours among candidates in no seed is largest with it
    on emoji/en-de, random states 0 and 1, with and without seeds.

    Parameters
    ----------
    n_rounds
        Largest number of rounds. With 0, only features and seeds count. The rounds end earlier when at
        most one in a hundred of the equalities has changed, from the second round on.
    weigh_seeds
        Whether the two entities of a seed are equal with the label-free confidence of the seed
        (:mod:`psqe.seeds.confidence`), so that seeds that contradict the features count little, and none
        counts where the features tell nothing. Turn it off for seeds that are known to be correct.

    Attributes
    ----------
    n_rounds_
        Number of rounds of the last :meth:`fit`.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import SeedSet
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = Paris(n_rounds=2).fit(task, features, SeedSet.empty())
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    n_rounds: NonNegativeInt = 5
    weigh_seeds: bool = True

    name: ClassVar[str] = "paris"
    min_seeds: ClassVar[int] = 0
    reinforces_links: ClassVar[bool] = True
    matching: ClassVar[Matching] = "sinkhorn"
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {}}

    n_rounds_: int = field(init=False)

    def _scores(self, task: AlignmentTask, features: Features, pairs: IntArray) -> sparse.csr_array:
        literals = literals_of(task, features)
        left, right = task.sides.map(Statements.from_graph, literals)
        equal_values, certainty = equal_literals(literals)
        equal_values += np.array([task.left.n_entities, task.right.n_entities])
        certainty = np.minimum(certainty, CERTAIN)
        prior = _feature_evidence(task, features) + self._seed_evidence(task, features, pairs)

        def equalities(evidence: sparse.csr_array) -> Equalities:
            nodes, probability = _best_pairs(evidence)
            both = np.concatenate([nodes, equal_values]), np.concatenate([probability, certainty])
            return Equalities.from_pairs(*both, left, right)

        evidence, inclusion, equal = prior, Inclusion(right.n_relations), equalities(prior)
        self.n_rounds_ = 0
        while self.n_rounds_ < self.n_rounds:
            evidence = prior + graph_evidence(left, right, equal, inclusion, evidence)
            previous, equal = equal, equalities(evidence)
            inclusion = estimate_inclusion(left, right, equal)
            self.n_rounds_ += 1
            # The first round knows nothing of the relations, so the second one may change what it left alone.
            if self.n_rounds_ > 1 and _share_changed(previous, equal, task.left.n_entities) <= SETTLED:
                break
        scores = evidence.copy()
        scores.data = scores.data / (1 + scores.data)
        return scores

    def _seed_evidence(self, task: AlignmentTask, features: Features, pairs: IntArray) -> sparse.csr_array:
        """Return the evidence of the seeds, ``(n_left, n_right)``."""
        confidence = seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        return _evidence(pairs, confidence.astype(np.float64), (task.left.n_entities, task.right.n_entities))


def _feature_evidence(task: AlignmentTask, features: Features) -> sparse.csr_array:
    """Return the evidence of the features ``(n_left, n_right)``, of candidates and of other nodes apart."""
    vectors = Sides(*(node_vectors(features, side, task.sides[side]) for side in SIDES))
    shape = task.left.n_entities, task.right.n_entities
    total = sparse.csr_array(shape, dtype=np.float64)
    candidates = task.sides.map(lambda graph: graph.candidates)
    others = task.sides.map(lambda graph: np.setdiff1d(np.arange(graph.n_entities), graph.candidates))
    for nodes in (candidates, others):
        left, right = nodes.map(lambda of_side, values: of_side[values[of_side].any(axis=1)], vectors)
        if len(left) and len(right):
            cells, shares = _plan(vectors.left[left], vectors.right[right])
            pairs = np.column_stack([left[cells.rows], right[cells.columns]])
            total = total + _evidence(pairs, shares, shape)
    return total


def _plan(left: FloatArray, right: FloatArray) -> tuple[Cells, DoubleArray]:
    """Return pairs of unit vectors and the share of each pair of a plan."""
    listed = Shortlist.from_similarity(Dot(left, right))
    n = n_counterparts(listed)
    return listed, probabilities(listed, temperature=TEMPERATURE / 2, n_counterparts=n)


def _evidence(pairs: IntArray, probability: DoubleArray, shape: tuple[int, int]) -> sparse.csr_array:
    """Return the evidence ``-log(1 - p)`` of pairs ``(n, 2)`` with the probabilities ``p (n,)``."""
    evidence = -np.log1p(-np.minimum(probability, CERTAIN))
    return sparse.csr_array((evidence, (pairs[:, 0], pairs[:, 1])), shape=shape)


def _share_changed(before: Equalities, after: Equalities, n_nodes: int) -> float:
    """Return the changed equalities of left nodes, relative to those that there are now."""
    old, new = before.of_left[:n_nodes], after.of_left[:n_nodes]
    return float((old != new).sum() / max(1, (new >= 0).sum()))


def _best_pairs(evidence: sparse.csr_array) -> tuple[IntArray, DoubleArray]:
    """Return the pairs ``(n, 2)`` that are the best of their row and column, and their probabilities."""
    evidence.sort_indices()
    found = evidence.tocoo()
    likely = found.data > -np.log1p(-LEAST)
    rows, columns, values = found.row[likely], found.col[likely], found.data[likely]
    cells = Cells(found.shape, rows.astype(np.int64), columns.astype(np.int64), values)
    best = np.intersect1d(cells.by_row.two_best(values)[0], cells.by_column.two_best(values)[0])
    pairs = np.column_stack([cells.rows[best], cells.columns[best]])
    return pairs, np.minimum(-np.expm1(-values[best]), CERTAIN)
