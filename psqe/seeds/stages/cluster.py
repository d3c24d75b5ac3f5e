"""Stage 1, clustered resampling: match inside clusters, and give each its share of the seeds."""

from __future__ import annotations

import numpy as np

from psqe.matching import Dot
from psqe.seeds.stages.base import Pool, Space, Stage, ranked_pairs, within_quotas


class ClusterStage(Stage):
    """Cluster the fused vectors of both sides together and match within each cluster.

    Matching is on every modality that is there. Mutual nearest pairs come before one-sided ones. Each
    cluster gets seeds in proportion to its size, so that a cluster of look-alikes cannot take them all.
    """

    name = "cluster"
    note = "matched within clusters, proportional quotas"

    def run(self, space: Space, pool: Pool) -> Pool:
        """See :meth:`Stage.run`; what was in ``pool`` is mined again."""
        left, right = pool.vectors
        # Clusters may all be one-sided: start from nothing, in the right types.
        parts = [(pool.rows[:0], pool.columns[:0], pool.scores[:0])]
        for label in range(space.n_clusters):
            rows, columns = (np.flatnonzero(labels == label) for labels in space.clusters)
            if not len(rows) or not len(columns):
                continue  # a cluster of one side only has nothing to match
            i, j, scores = ranked_pairs(Dot(left[rows], right[columns]))
            parts.append((rows[i], columns[j], scores))
        rows, columns, scores = (np.concatenate(values) for values in zip(*parts, strict=True))
        order = np.argsort(-scores, kind="stable")
        order = order[within_quotas(space, rows[order], columns[order], scores[order])]
        return pool.replaced(rows[order], columns[order], scores[order], self.name)
