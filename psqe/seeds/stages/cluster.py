"""Stage 1, clustered resampling: match inside clusters, and give each its share of the seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.seeds.stages.base import Pool, Space, Stage
from psqe.seeds.stages.choose import Proposals, propose, take, within_quotas


@dataclass(frozen=True, eq=False)
class ClusterStage(Stage):
    """Cluster both sides together and match within each cluster.

    Each cluster gets seeds in proportion to its size, so that a cluster of look-alikes cannot take them
    all. A cluster of one side only has nothing to match.
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
            found = propose(pool.similarity.take(rows, columns), quota, space.rules)
            parts.append(
                Proposals(rows[found.rows], columns[found.columns], found.scores, found.sure, found.why)
            )
        proposals = Proposals.joined(parts)
        chosen = within_quotas(space, proposals)
        if space.rules.order == "file":  # the list grows cluster by cluster
            chosen = chosen[np.argsort(space.clusters[0][proposals.rows[chosen]], kind="stable")]
        return take(space, pool, proposals, chosen, self.name)
