"""Fused Gromov-Wasserstein: similar entities are matched so that neighbours go to neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from psqe.aligners.gromov import Block, edges, structure_term, whole_plan
from psqe.aligners.listed import ListedAligner
from psqe.features.base import Features
from psqe.features.nodes import node_vectors
from psqe.graph import SIDES, AlignmentTask, DoubleArray, FloatArray, IntArray, KnowledgeGraph, Sides
from psqe.parameters import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from psqe.seeds.confidence import seed_weights
from psqe.similarity.shortlist import N_LISTED
from psqe.similarity.sinkhorn import TEMPERATURE


@dataclass(kw_only=True, eq=False, repr=False)
class FusedGromovWasserstein(ListedAligner):
    """An aligner without training that matches similar nodes so that neighbours go to neighbours.

    All nodes take part: candidates are matched with candidates, and other nodes (literals, categories) with
    other nodes. The similarity of two nodes is the cosine of their fused features
    (:func:`psqe.features.nodes.node_vectors`). The first plan is that of entropic transport by these
    similarities alone. In each step, the structure term of the last plan is added to them, and the next plan
    is computed (:mod:`psqe.aligners.gromov` has the problem, the equations and their sources). A plan leaves
    room for nodes without a counterpart, whose number is estimated from the features
    (:func:`psqe.similarity.assignments.n_counterparts`).

    The method follows FGWEA (Tang et al. 2023, *A Fused Gromov-Wasserstein Framework for Unsupervised
    Knowledge Graph Entity Alignment*), which matches entities by their names and needs no seeds. This is our
    own code and not that of its authors: it takes any features, compares edges without their relations, where
    FGWEA also matches relations, and lists pairs, where FGWEA holds all of them. The pairs listed are the
    nearest by features in either direction, the seeds, and those with the largest structure term.

    Seeds are not needed. Where there are some, the similarity of a seed is raised and not fixed, so that a
    seed can be overruled by its neighbours.

    The score of a pair is ``1 + T log p``, where ``p`` is its share of the plan and ``T`` is the temperature
    of the matching ``sinkhorn``; it is zero where ``p`` is below ``exp(-1 / T)``. It increases with the share
    and still tells small shares apart. The matching ``sinkhorn`` takes the exponential of a score divided by
    ``T``, so that it begins with the plan itself.

    The weight of the structure term, the temperature and the number of steps were chosen without labels, by
    the share of mutual nearest neighbours among candidates in no seed, on emoji/en-de: the weight out of 1, 3
    and 6 in random states 0 and 1 (and 0 in state 0), the others in state 0 alone (temperature .02 or .04, 3
    or 5 steps, and seeds raised by .2 or .5). Another number of steps, or raising seeds by another number,
    changes the criterion by less than .003. The criterion favours large weights, because a plan that is fed
    back to itself becomes sharper whether it is correct or not. There are no settings by authors, so the
    presets are the same.

    Parameters
    ----------
    structure_weight
        Weight ``alpha`` of the structure term beside the cosine of the features. With 0, the plan is that of
        the features alone.
    temperature
        Weight ``t`` of the entropy: with a smaller one, the plan is nearer to a one-to-one assignment.
    seed_weight
        By how much the similarity of a seed is raised.
    weigh_seeds
        Whether that is multiplied by the label-free confidence of the seed (:mod:`psqe.seeds.confidence`).
    n_steps
        Number of steps after the first plan.
    n_listed
        Number of nearest nodes that are listed for each node.
    n_suggested
        Number of pairs with the largest structure term that are listed for each node in each step.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.seeds import SeedSet
    >>> task, features = planted_pair(30, random_state=0)
    >>> model = FusedGromovWasserstein().fit(task, features, SeedSet.empty())
    >>> model.similarity(task.left.candidates, task.right.candidates).shape
    (26, 26)
    """

    structure_weight: NonNegativeFloat = 6.0
    temperature: PositiveFloat = TEMPERATURE
    seed_weight: NonNegativeFloat = 0.5
    weigh_seeds: bool = True
    n_steps: NonNegativeInt = 3
    n_listed: PositiveInt = N_LISTED
    n_suggested: NonNegativeInt = 8

    name: ClassVar[str] = "fgw"
    min_seeds: ClassVar[int] = 0
    reinforces_links: ClassVar[bool] = True
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {}, "small": {}}

    def _scores(self, task: AlignmentTask, features: Features, pairs: IntArray) -> sparse.csr_array:
        plan = self._plan(task, features, pairs)
        plan.data = _score(plan.data)
        plan.eliminate_zeros()
        return plan

    def _plan(self, task: AlignmentTask, features: Features, pairs: IntArray) -> sparse.csr_array:
        """Compute the plan of all nodes ``(n_left, n_right)``."""
        shape = task.left.n_entities, task.right.n_entities
        vectors = Sides(*(node_vectors(features, side, task.sides[side]) for side in SIDES))
        raise_by = self.seed_weight * seed_weights(pairs, task, features, by_confidence=self.weigh_seeds)
        blocks = self._blocks(task, vectors, pairs, raise_by)
        adjacency = task.sides.map(edges)
        term = None
        for _ in range(1 + (self.n_steps if self.structure_weight else 0)):
            parts = [
                block.plan(
                    term,
                    structure_weight=self.structure_weight,
                    temperature=self.temperature,
                    n_suggested=self.n_suggested,
                )
                for block in blocks
            ]
            plan = whole_plan(blocks, parts, shape)
            term = structure_term(plan, adjacency)
        return plan

    def _blocks(
        self, task: AlignmentTask, vectors: Sides[FloatArray], pairs: IntArray, raise_by: FloatArray
    ) -> list[Block]:
        """Return the block of the candidates and, where there are other nodes on both sides, that of these.

        An entity of a seed is treated as a candidate.
        """

        def others(graph: KnowledgeGraph, members: IntArray) -> IntArray:
            return np.setdiff1d(np.arange(graph.n_entities), members)

        candidates = Sides(
            *(np.union1d(graph.candidates, ends) for graph, ends in zip(task.sides, pairs.T, strict=True))
        )
        remaining = task.sides.map(others, candidates)
        blocks = [Block.from_features(candidates, vectors, pairs, raise_by, k=self.n_listed)]
        if len(remaining.left) and len(remaining.right):
            blocks.append(Block.from_features(remaining, vectors, pairs[:0], raise_by[:0], k=self.n_listed))
        return blocks


def _score(shares: DoubleArray) -> DoubleArray:
    """Return the scores ``(n,)`` of pairs, given their shares ``(n,)``."""
    with np.errstate(divide="ignore"):
        scores: DoubleArray = (1 + TEMPERATURE * np.log(shares)).clip(0, 1)
    return scores
