"""A template of an aligner: the features of entities, with one more axis for each seed.

Copy this file, rename the class and its ``name``, and change ``_fit``. This tests the contract of aligners:

    pytest tests/test_aligners.py --aligner my_aligner.py
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from psqe.aligners import Aligner
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import unit_rows
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.training.callback import Callback


# The fields are the parameters. Each has a type, a default and a description.
@dataclass(repr=False, eq=False)
class Anchored(Aligner):
    """The features of an entity and, for each seed, whether the entity is in that seed.

    Parameters
    ----------
    weight
        Length of the axis of a seed, not negative. Larger values trust the seeds more than the features.
    """

    # The name that commands and the registry use.
    name: ClassVar[str] = "anchored"
    # The smallest number of seeds that it can be fitted on. A contrastive loss needs 2, which is the default.
    min_seeds: ClassVar[int] = 0
    # `published` has the parameters of the publication, `small` those for a laptop; both must be there.
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"published": {"weight": 2.0}, "small": {"weight": 1.0}}

    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise ParameterError(f"weight is {self.weight}", remedy="give a number of at least 0")

    # The task has no gold links and no identifiers, and its entities are in an order that follows from their
    # content. `pairs` are the seeds, an integer array (n, 2) of indices into the two graphs. What is returned
    # are the embeddings of all entities of both sides; their cosines are the similarities. A model that is
    # trained in steps is a subclass of psqe.aligners.TrainedAligner, which calls the callback.
    def _fit(
        self, task: AlignmentTask, features: Features, pairs: IntArray, callback: Callback | None
    ) -> tuple[FloatArray, FloatArray]:
        embeddings = []
        for side, seeded in zip(("left", "right"), pairs.T, strict=True):
            # A row of zeros stands for an entity without a vector in this modality.
            vectors = np.hstack([unit_rows(modality[side].values) for modality in features.values()])
            anchors = np.zeros((len(vectors), len(pairs)), dtype=np.float32)
            anchors[seeded, np.arange(len(pairs))] = self.weight
            # The constant axis gives a direction to an entity of which nothing is known.
            constant = np.full((len(vectors), 1), 0.1, dtype=np.float32)
            embeddings.append(np.hstack([vectors, anchors, constant]))
        return embeddings[0], embeddings[1]
