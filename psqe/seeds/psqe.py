"""PSQE: pseudo-seeds that are precise and cover the graph evenly (Hong et al., KDD 2026)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from psqe.canonical import canonical_order
from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.kg import AlignmentTask
from psqe.seeds.base import Mined, Miner, StageTrace, positive
from psqe.seeds.stages import ClusterStage, ExpandStage, Pool, RefineStage, Space, Stage

STAGES: dict[str, type[Stage]] = {
    "cluster": ClusterStage,
    "refine": RefineStage,
    "expand": ExpandStage,
}

VARIANTS = ("corrected",)


class PSQEMiner(Miner):
    """Three stages: clustered resampling, contrastive refinement, neighbourhood expansion.

    The ideas are the paper's; the rules are corrected where its released code departs from them or
    breaks: features are centred and normalised, every modality takes part in matching, absent
    modalities are masked, mutual choices come first, conflicts are settled by score, and a later stage
    may replace what an earlier one chose. Ties depend on content, never on ids.

    Parameters
    ----------
    n_seeds
        Seeds wanted.
    variant
        Name of a set of rules; so far there is ``corrected`` only.
    stages
        Names of the stages to run, in order, from ``cluster``, ``refine`` and ``expand``.
    n_clusters
        Clusters of stage 1, over whose sizes the seeds are shared out.
    weights
        Weight of each modality's cosine; 1 each when omitted.
    random_state
        Seed of the clusters and of the encoder.

    Raises
    ------
    ParameterError
        If a number is not positive, or a stage is unknown, missing or repeated.
    """

    name = "psqe"

    def __init__(
        self,
        n_seeds: int = 600,
        *,
        variant: str = "corrected",
        stages: Sequence[str] = ("cluster", "refine", "expand"),
        n_clusters: int = 5,
        weights: Mapping[str, float] | None = None,
        random_state: int = 0,
    ) -> None:
        positive("n_seeds", n_seeds)
        positive("n_clusters", n_clusters)
        if variant not in VARIANTS:
            raise ParameterError(
                f"there is no variant {variant!r}", remedy=f"choose from {', '.join(VARIANTS)}"
            )
        if not stages or stages[0] != "cluster" or len(set(stages)) < len(stages):
            raise ParameterError(
                f"stages are {','.join(stages) or 'empty'}", remedy="start with cluster and name each once"
            )
        for stage in stages:
            if stage not in STAGES:
                raise ParameterError(
                    f"there is no stage {stage!r}", remedy=f"choose from {', '.join(STAGES)}"
                )
        self.n_seeds = n_seeds
        self.variant = variant
        self.stages = tuple(stages)
        self.n_clusters = n_clusters
        self.weights = weights
        self.random_state = random_state

    def space(self, task: AlignmentTask, features: Features) -> Space:
        """What the stages match in, for a task in canonical order."""
        assert self.n_seeds is not None
        return Space.build(
            task, features, weights=self.weights, n_clusters=self.n_clusters, n_seeds=self.n_seeds,
            random_state=self.random_state,
        )  # fmt: skip

    def _mine(self, task: AlignmentTask, features: Features) -> Mined:
        space = self.space(task, features)
        pool = Pool.empty(space)
        trace = []
        for stage in (STAGES[name]() for name in self.stages):
            start = time.perf_counter()
            before, pool = pool, stage.run(space, pool)
            old, new = (set(map(tuple, p.pairs(space).tolist())) for p in (before, pool))
            trace.append(
                StageTrace(
                    stage.name,
                    added=np.array(sorted(new - old), dtype=np.int64).reshape(-1, 2),
                    dropped=np.array(sorted(old - new), dtype=np.int64).reshape(-1, 2),
                    pairs=pool.pairs(space),
                    note=stage.note,
                    seconds=time.perf_counter() - start,
                )
            )
        return Mined(pool.pairs(space), pool.scores, pool.found_by, trace)


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
