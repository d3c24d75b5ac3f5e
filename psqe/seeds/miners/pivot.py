"""The visual pivot: the largest similarities of one modality, or of all of them, greedily."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse, modality_vectors
from psqe.graph import ALL_MODALITIES, AlignmentTask, IntArray
from psqe.parameters import PositiveInt
from psqe.seeds.base import Miner, minable
from psqe.seeds.seed_set import SeedSet
from psqe.similarity import Dot, greedy_one_to_one, largest_cells


@dataclass(eq=False, repr=False)
class PivotMiner(Miner):
    """The pseudo-seeds that EVA and its successors start from (visual pivot, Liu et al. 2021, sec. 3.4).

    All candidates of both sides are compared by the cosine of one modality. The ``100 * n_seeds`` largest
    similarities are walked through in descending order, and a pair is kept if neither of its entities is
    used. The rule checks neither mutuality nor margins, and it ignores coverage.

    The published pivot sees pictures only. A miner that sees more modalities than that can find better seeds
    without a better rule, so it is to be compared with ``modality="all"``: the same rule on the fused
    unit vectors of all modalities (:func:`psqe.features.fusion.fuse`).

    Parameters
    ----------
    n_seeds
        Number of seeds wanted. The walk may end before it has found them.
    modality
        The modality to compare; the first of the features when ``None``, and all of them together, fused,
        when ``"all"``, which therefore no modality may be called.
    centre
        Whether to subtract each side's mean first. The public codes do not. With encoders of photographs and
        two sets of drawings it makes the pivot better, and so a harder baseline.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> len(PivotMiner(10, modality="image").mine(*planted_pair(50, 2, 8)))
    10
    >>> PivotMiner(10, modality="all").mine(*planted_pair(50, 2, 8)).trace[0].note
    'greedy on image + attribute cosine'
    """

    n_seeds: PositiveInt = 600
    _: KW_ONLY
    modality: str | None = None
    centre: bool = True

    name: ClassVar[str] = "pivot"

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        if self.modality == ALL_MODALITIES:
            left, right = minable(task, features)
            vectors = fuse(features, left, right, centre=self.centre)
            compared = " + ".join(features)
        else:
            compared = self.modality or next(iter(features))
            left, right = _that_have(compared, task, features)
            vectors = modality_vectors(features, compared, left, right, centre=self.centre)
        similarity = Dot(*vectors)
        rows, columns, scores = largest_cells(similarity, 100 * self.n_seeds)
        kept = greedy_one_to_one(rows, columns, self.n_seeds)
        pairs = np.column_stack([left[rows[kept]], right[columns[kept]]])
        note = f"greedy on {compared} cosine"
        return SeedSet.from_single_stage("pivot", pairs, scores[kept], why="a largest cell", note=note)


def _that_have(modality: str, task: AlignmentTask, features: Features) -> tuple[IntArray, IntArray]:
    """Return the candidates of both sides that have a modality, and refuse a side without any."""
    left, right = (
        graph.candidates[vectors.present[graph.candidates]]
        for graph, vectors in zip(task.sides, features.select([modality])[modality], strict=True)
    )
    if not len(left) or not len(right):
        raise ParameterError(
            f"no candidate of one side has the modality {modality!r}", remedy="choose another pivot"
        )
    return left, right
