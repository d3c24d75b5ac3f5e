"""PSQE: pseudo-seeds that are precise and cover the graph evenly (Hong et al., KDD 2026)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.canonical_order import canonical_order
from psqe.graph import AlignmentTask, IntArray, Sides
from psqe.parameters import PositiveFloat, PositiveInt, RandomState
from psqe.seeds.base import Miner
from psqe.seeds.psqe_rules import Rules
from psqe.seeds.seed_set import SeedSet
from psqe.seeds.stages import ClusterStage, ExpandStage, Pipeline, RefineStage, Space, Stage
from psqe.training.loop import check_device

STAGES: dict[str, type[Stage]] = {
    "cluster": ClusterStage,
    "refine": RefineStage,
    "expand": ExpandStage,
}


@dataclass(eq=False, repr=False)
class PSQEMiner(Miner):
    """PSQE in three stages: clustered resampling, contrastive refinement, neighbourhood expansion.

    The method is that of Hong et al. (2026). The variant ``released`` follows every rule of the public code;
    ``corrected`` keeps the three ideas and repairs the rules; ``even`` is ``corrected`` with
    seeds that are spread evenly over the graphs, by degree, density and meaning, at some cost of precision.
    :class:`~psqe.seeds.psqe_rules.Rules` has every difference as a switch.

    Seeds depend on content, never on ids, and their order decides nothing, with one exception: as the public
    code does, ``released`` draws the start of K-means from rows in the order of the files (rule
    ``row_order``). Ties depend on content there, too, for the public code states no order for them. With the
    same vectors, the first stage of ``released`` finds the pairs of the public code's first stage.

    Parameters
    ----------
    n_seeds
        Number of seeds wanted. Without the rule ``replace`` the list only grows and may end longer.
    variant
        Name of a set of switches: ``corrected``, ``even`` or ``released``.
    switches
        Values of switches that differ from the variant's, by name.
    stages
        Names of the stages to run, in any order: ``cluster``, ``refine`` and ``expand``.
    n_clusters
        Number of clusters in the first stage, among which the seeds are shared out in proportion to their
        sizes.
    weights
        Weight of each modality's cosine, positive, instead of the rule ``weighting``; 1 for modalities not
        named.
    random_state
        Random seed of the clusters, of the encoder and of noise.
    device
        The torch device that computes similarities and the encoder, for example ``cpu`` or ``cuda``.

    Raises
    ------
    ParameterError
        If a number is not positive, a stage, a variant or a switch is unknown, or torch has no such device.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> seeds = PSQEMiner(10, stages=["cluster", "expand"], n_clusters=2).mine(*planted_pair(50, 2, 8))
    >>> len(seeds), [stage.stage for stage in seeds.trace]
    (10, ['cluster', 'expand'])
    """

    n_seeds: PositiveInt = 600
    _: KW_ONLY
    variant: str = "corrected"
    switches: Mapping[str, Any] | None = None
    stages: Sequence[str] = ("cluster", "refine", "expand")
    n_clusters: PositiveInt = 5
    weights: Mapping[str, PositiveFloat] | None = None
    random_state: RandomState = 0
    device: str = "cpu"

    name: ClassVar[str] = "psqe"
    RULES: ClassVar[type[Rules]] = Rules

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules = self.RULES.from_variant(self.variant, self.switches)
        if not self.stages:
            raise ParameterError("there are no stages", remedy=f"choose from {', '.join(STAGES)}")
        for stage in self.stages:
            if stage not in STAGES:
                raise ParameterError(
                    f"there is no stage {stage!r}", remedy=f"choose from {', '.join(STAGES)}"
                )
        check_device(self.device)
        self.stages = tuple(self.stages)

    def space(
        self, task: AlignmentTask, features: Features, file_rows: Sides[IntArray] | None = None
    ) -> Space:
        """Prepare the candidates that the stages match, for a task in canonical order.

        Parameters
        ----------
        task, features
            The data, from :func:`psqe.features.canonical_order.canonical_order`.
        file_rows
            The row of each entity in the order of the files; see :class:`~psqe.seeds.stages.Space`.
        """
        return Space.build(
            task,
            features,
            rules=self.rules,
            weights=self.weights,
            n_clusters=self.n_clusters,
            n_seeds=self.n_seeds,
            random_state=self.random_state,
            device=self.device,
            file_rows=file_rows,
        )

    def _mine(self, task: AlignmentTask, features: Features) -> SeedSet:
        return self._mined(self.space(task, features))

    def _mine_in_order(self, task: AlignmentTask, features: Features, file_rows: Sides[IntArray]) -> SeedSet:
        return self._mined(self.space(task, features, file_rows))

    def _mined(self, space: Space) -> SeedSet:
        """Run the stages and return the seeds after the last one."""
        pool, trace = Pipeline([STAGES[name]() for name in self.stages]).run(space)
        # A share is at most one but for rounding. The pairs are ranked already, so that a cut is safe.
        scores = pool.scores.clip(max=1) if self.rules.dangling else pool.scores
        return SeedSet(pool.pairs(space), scores, pool.found_by, trace=tuple(trace))


def cluster_table(miner: PSQEMiner, task: AlignmentTask, features: Features) -> pd.DataFrame:
    """Describe the clusters of a miner's first stage, for a page to show.

    Parameters
    ----------
    miner
        The miner.
    task, features
        The data, in any order.

    Returns
    -------
    A table with one row for each cluster: its number, the numbers of left and of right candidates, its quota
    of seeds and, where the left graph has human-made groups, the most frequent group with its share.
    """
    left, right = canonical_order(task, features)
    ordered = task.take(left, right)
    space = miner.space(ordered, features.take(left, right), Sides(left, right))
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
