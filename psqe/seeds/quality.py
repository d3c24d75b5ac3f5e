"""How good seeds are, without any label: what to read before training when nothing is known.

A seed's **confidence** is its share (:mod:`psqe.survey`) under the fused features: the chance of the pair
among all alternatives of its two entities. Gold links are not needed, nor is anything that mined the seeds:
it works for seeds from anywhere. The mean over seeds estimates their precision.
"""

from __future__ import annotations

import numpy as np

from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.kg import AlignmentTask, FloatArray, IntArray
from psqe.matching import Dot
from psqe.survey import shares


def confidence(
    pairs: IntArray, task: AlignmentTask, features: Features, *, device: str = "cpu"
) -> FloatArray:
    """Label-free probability that pairs of candidates are right.

    Parameters
    ----------
    pairs
        Left and right entities ``(n, 2)``, in any order and not necessarily one-to-one.
    task, features
        Where they come from; gold links are not looked at.
    device
        Where similarities are computed.

    Returns
    -------
    ``(n,)`` in ``[0, 1]``; zero where an entity has none of the modalities.
    """
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if not len(pairs):
        return np.empty(0, dtype=np.float32)
    left, right = fuse(features, task.left.candidates, task.right.candidates)
    rows = np.searchsorted(task.left.candidates, pairs[:, 0])
    columns = np.searchsorted(task.right.candidates, pairs[:, 1])
    found = shares(Dot(left, right, device), rows, columns)
    found[~(left[rows].any(axis=1) & right[columns].any(axis=1))] = 0
    return found
