"""The three stages of PSQE, each of which takes a pool of seeds and returns another."""

from psqe.seeds.stages.base import Pipeline, Pool, Space, Stage
from psqe.seeds.stages.cluster import ClusterStage
from psqe.seeds.stages.expand import ExpandStage
from psqe.seeds.stages.refine import RefineStage

__all__ = ["ClusterStage", "ExpandStage", "Pipeline", "Pool", "RefineStage", "Space", "Stage"]
