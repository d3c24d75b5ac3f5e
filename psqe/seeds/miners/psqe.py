"""PSQE: pseudo-seeds that are precise and cover the graph evenly (Hong et al., KDD 2026)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.canonical import canonical_order
from psqe.graph import AlignmentTask
from psqe.parameters import check_positive
from psqe.seeds.base import Miner
from psqe.seeds.rules import Rules
from psqe.seeds.seed_set import SeedSet
from psqe.seeds.stages import ClusterStage, ExpandStage, Pipeline, RefineStage, Space, Stage
from psqe.training.loop import check_device

STAGES: dict[str, type[Stage]] = {
    "cluster": ClusterStage,
    "refine": RefineStage,
    "expand": ExpandStage,
}


class PSQEMiner(Miner):
    """Three stages: clustered resampling, contrastive refinement, neighbourhood expansion.

    Hong et al. (2026). The variant ``released`` follows the rules of the public code to the letter;
    ``corrected`` keeps the three ideas and repairs the rules. :class:`~psqe.seeds.rules.Rules` has every
    difference as a switch. Ties depend on content, never on ids.

    Three details of the public code are in neither: K-means starts (four here; there, scikit-learn's
    default), the sign in its attention (a softmax of LeakyReLU here; there, of its negative) and the first
    weights of that layer.

    Parameters
    ----------
    n_seeds
        Seeds wanted. Without the rule ``replace`` the list only grows and may end longer.
    variant
        Named set of switches: ``corrected`` or ``released``.
    switches
        Switches to set otherwise than the variant does, by name.
    stages
        Names of the stages to run, in any order, from ``cluster``, ``refine`` and ``expand``.
    n_clusters
        Clusters of stage 1, over whose sizes the seeds are shared out.
    weights
        Weight of each modality's cosine, instead of the rule ``weighting``; 1 for those not named.
    random_state
        Seed of the clusters, of the encoder and of noise.
    device
        Where similarities and the encoder are computed: ``cpu``, ``cuda`` or another of torch's devices.

    Raises
    ------
    ParameterError
        If a number is not positive, a stage, a variant or a switch is unknown, or torch has no such
        device.
    """

    name = "psqe"

    def __init__(
        self,
        n_seeds: int = 600,
        *,
        variant: str = "corrected",
        switches: Mapping[str, Any] | None = None,
        stages: Sequence[str] = ("cluster", "refine", "expand"),
        n_clusters: int = 5,
        weights: Mapping[str, float] | None = None,
        random_state: int = 0,
        device: str = "cpu",
    ) -> None:
        check_positive("n_seeds", n_seeds)
        check_positive("n_clusters", n_clusters)
        self.rules = Rules.from_variant(variant, switches)
        if not stages:
            raise ParameterError("there are no stages", remedy=f"choose from {', '.join(STAGES)}")
        for stage in stages:
            if stage not in STAGES:
                raise ParameterError(
                    f"there is no stage {stage!r}", remedy=f"choose from {', '.join(STAGES)}"
                )
        check_device(device)
        self.n_seeds: int = n_seeds
        self.variant = variant
        self.switches = switches
        self.stages = tuple(stages)
        self.n_clusters = n_clusters
        self.weights = weights
        self.random_state = random_state
        self.device = device

    def space(self, task: AlignmentTask, features: Features) -> Space:
        """What the stages match in, for a task in canonical order."""
        return Space.build(
            task,
            features,
            rules=self.rules,
            weights=self.weights,
            n_clusters=self.n_clusters,
            n_seeds=self.n_seeds,
            random_state=self.random_state,
            device=self.device,
        )

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        space = self.space(task, features)
        pool, trace = Pipeline([STAGES[name]() for name in self.stages]).run(space)
        # A share is at most one but for rounding. The pairs are ranked already, so that a cut is safe.
        scores = pool.scores.clip(max=1) if self.rules.dangling else pool.scores
        return SeedSet(pool.pairs(space), scores, pool.found_by, trace=tuple(trace))


def cluster_table(miner: PSQEMiner, task: AlignmentTask, features: Features) -> pd.DataFrame:
    """The clusters of a miner's first stage, for a page to show.

    Returns
    -------
    One row per cluster: its number, left and right candidates, seeds due, and, where the left graph has
    human-made groups, the commonest of them with its share.
    """
    left, right = canonical_order(task, features)
    ordered = task.take(left, right)
    space = miner.space(ordered, features.take(left, right))
    rows = []
    for label, due in enumerate(space.quotas):
        members = [np.flatnonzero(labels == label) for labels in space.clusters]
        n_left, n_right = map(len, members)
        row: dict[str, Any] = {"cluster": label + 1, "left": n_left, "right": n_right, "seeds due": int(due)}
        groups = Counter(ordered.left.groups[space.left[i]] or "none" for i in members[0])
        if groups and set(groups) != {"none"}:
            name, n = groups.most_common(1)[0]
            row["commonest group"] = f"{name}, {n / n_left:.0%}"
        rows.append(row)
    return pd.DataFrame(rows)
