"""Stage 1, clustered resampling: match within clusters, and give each cluster its share of the seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from psqe.seeds.stages.base import Pool, Space, Stage
from psqe.seeds.stages.choose import Proposals, propose, take, within_quotas


@dataclass(frozen=True, eq=False)
class ClusterStage(Stage):
    """Cluster both sides together and match within each cluster (Hong et al. 2026, stage 1).

    Each cluster gets seeds in proportion to its size, so that a cluster of look-alikes cannot take all of
    them. A cluster with entities of one side only has nothing to match.
    """

    name = "cluster"
    note = "matched within clusters, proportional quotas"

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`; candidates are compared as in ``pool``."""
        parts = []
        for label, quota in enumerate(space.quotas.tolist()):
            rows, columns = (np.flatnonzero(labels == label) for labels in space.clusters)
            if not len(rows) or not len(columns) or not quota:
                continue
            part = propose(pool.similarity.take(rows, columns), quota, space.rules)
            parts.append(replace(part, rows=rows[part.rows], columns=columns[part.columns]))
        proposals = Proposals.joined(parts)
        chosen = within_quotas(space, proposals)
        if space.rules.order == "file":  # the list grows cluster by cluster
            chosen = chosen[np.argsort(space.clusters[0][proposals.rows[chosen]], kind="stable")]
        return take(space, pool, proposals, chosen, self.name)
