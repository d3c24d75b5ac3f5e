"""From similarities to links, and to the answer that an entity has no counterpart."""

from psqe.links.nearest import TwoNearest
from psqe.links.pair_probabilities import PairProbabilities
from psqe.links.predict import Links, WeighedPairs, predict_links, weigh_pairs
from psqe.links.quality import link_quality, link_summary
from psqe.links.rules import LinkRule
from psqe.links.unlinked import NoLinkReason, RunnerUp, reasons_without_link, runner_up

__all__ = [
    "LinkRule", "Links", "NoLinkReason", "PairProbabilities", "RunnerUp", "TwoNearest", "WeighedPairs",
    "link_quality", "link_summary", "predict_links", "reasons_without_link", "runner_up", "weigh_pairs",
]  # fmt: skip
