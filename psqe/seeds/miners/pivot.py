"""The peers' rule: one modality, the largest similarities, greedily."""

from __future__ import annotations

import numpy as np

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import modality_vectors
from psqe.graph import AlignmentTask
from psqe.seeds.base import Mined, Miner, StageTrace, positive
from psqe.similarity import Dot, greedy_one_to_one, largest_cells


class PivotMiner(Miner):
    """Visual pivot: the pseudo-seeds that EVA and its successors start from (Liu et al. 2021, sec. 3.4).

    One modality, cosine over all candidates of both sides, the ``100 * n_seeds`` largest cells, walked
    in descending order; a pair is kept if neither entity is used. No mutual check, no margin, no care
    for coverage.

    Parameters
    ----------
    n_seeds
        Seeds wanted. The pool of cells can run dry before.
    modality
        The pivot; the first of the features when ``None``.
    centre
        Subtract each side's mean first. The peers do not; with encoders made for photographs and two
        hands that draw, it helps the pivot (and so raises the bar for everything compared with it).
    """

    name = "pivot"

    def __init__(self, n_seeds: int = 600, *, modality: str | None = None, centre: bool = True) -> None:
        positive("n_seeds", n_seeds)
        self.n_seeds = n_seeds
        self.modality = modality
        self.centre = centre

    def _mine(self, task: AlignmentTask, features: Features) -> Mined:
        assert self.n_seeds is not None
        modality = self.modality or next(iter(features))
        pivot = features.select([modality])[modality]
        left = task.left.candidates[pivot.left.present[task.left.candidates]]
        right = task.right.candidates[pivot.right.present[task.right.candidates]]
        if not len(left) or not len(right):
            raise ParameterError(
                f"no candidate of one side has the modality {modality!r}", remedy="choose another pivot"
            )
        similarity = Dot(*modality_vectors(features, modality, left, right, centre=self.centre))
        rows, columns, scores = largest_cells(similarity, 100 * self.n_seeds)
        kept = greedy_one_to_one(rows, columns, self.n_seeds)
        pairs = np.column_stack([left[rows[kept]], right[columns[kept]]])
        trace = StageTrace(
            "pivot", pairs, pairs[:0], pairs,
            why_added=("a largest cell",) * len(pairs), note=f"greedy on {modality} cosine",
        )  # fmt: skip
        return Mined(pairs, scores[kept], ["pivot"] * len(pairs), [trace])
