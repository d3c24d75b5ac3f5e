"""An aligner: the features of entities, with one more axis for each seed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from psqe.aligners import Aligner
from psqe.features.base import Features
from psqe.features.fusion import unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.training.callback import Callback


@dataclass(repr=False, eq=False)
class Anchored(Aligner):
    """The features of an entity and, for each seed, whether the entity is in that seed.

    Parameters
    ----------
    weight
        Length of the axis of a seed. Larger values trust the seeds more than the features.
    """

    name: ClassVar[str] = "anchored"
    min_seeds: ClassVar[int] = 0
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {"weight": 2.0}, "small": {"weight": 1.0}}

    weight: float = 1.0

    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        embeddings = []
        for side, seeded in zip(("left", "right"), pairs.T, strict=True):
            vectors = np.hstack([unit_rows(modality[side].values) for modality in features.values()])
            anchors = np.zeros((len(vectors), len(pairs)), dtype=np.float32)
            anchors[seeded, np.arange(len(pairs))] = self.weight
            # The constant axis gives a direction to an entity of which nothing is known.
            constant = np.full((len(vectors), 1), 0.1, dtype=np.float32)
            embeddings.append(np.hstack([vectors, anchors, constant]))
        return embeddings[0], embeddings[1]
