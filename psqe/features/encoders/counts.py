"""Raw counts of relations and marks of attributes, as in the public codes of EVA, MCLEA and MEAformer."""

from __future__ import annotations

from collections import Counter

import numpy as np

from psqe.features.bags import Bag, counted_bags
from psqe.features.base import Modality
from psqe.features.encoders.bag import BagEncoder
from psqe.graph import KnowledgeGraph, Sides, Vectors


class CountsEncoder(BagEncoder):
    """How many triples of each relation an entity is in, or which attributes it has, without weights.

    The public codes of EVA (Liu et al. 2021), MCLEA (Lin et al. 2022) and MEAformer (Chen et al. 2023) give
    such numbers to their networks as they are, and so does the variant ``released`` of ours. A relation
    counts alike at its head and at its tail. An attribute is 1 or 0, and its values do not matter. The most
    frequent labels of both sides together are kept, as many as in a bag.

    Examples
    --------
    >>> from psqe.graph import AlignmentTask, KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("a", "b"), ("in",), [(0, 0, 1), (1, 0, 1)])
    >>> right = KnowledgeGraph("r", ("c", "d"), ("in",), [(1, 0, 0)])
    >>> CountsEncoder("relation").encode_task(AlignmentTask("t", left, right)).left.values.tolist()
    [[1.0], [3.0]]
    """

    name = "counts"

    def bags(self, graph: KnowledgeGraph) -> list[Bag]:
        """Count the labels of each entity of a graph."""
        if self.modality == "attribute":
            return [Counter({label for label, _ in pairs}) for pairs in graph.attributes]
        bags: list[Bag] = [Counter() for _ in range(graph.n_entities)]
        for head, relation, tail in graph.triples.tolist():
            bags[head][graph.relations[relation]] += 1
            bags[tail][graph.relations[relation]] += 1
        return bags

    def vectors(self, bags: Sides[list[Bag]], vocabulary: list[str]) -> Modality:
        """Return the counts as they are."""
        counts = counted_bags(bags, vocabulary)
        return Modality(
            *(Vectors(side.toarray().astype(np.float32), np.diff(side.indptr) > 0) for side in counts)
        )
