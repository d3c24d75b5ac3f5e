"""From similarities to links, and to the answer that an entity has no counterpart."""

from psqe.links.nearest import TwoNearest
from psqe.links.pair_probabilities import PairProbabilities
from psqe.links.predict import Links, WeighedPairs, predict_links, weigh_pairs
from psqe.links.proposals import Proposals, propose
from psqe.links.quality import link_quality, link_summary
from psqe.links.recalibration import Recalibration
from psqe.links.rules import LinkRule
from psqe.links.unlinked import NoLinkReason, RunnerUp, reasons_without_link, runner_up
from psqe.links.verdict_files import read_verdicts, write_verdicts
from psqe.links.verdicts import Verdicts

__all__ = [
    "LinkRule", "Links", "NoLinkReason", "PairProbabilities", "Proposals", "Recalibration", "RunnerUp",
    "TwoNearest", "Verdicts", "WeighedPairs", "link_quality", "link_summary", "predict_links", "propose",
    "read_verdicts", "reasons_without_link", "runner_up", "weigh_pairs", "write_verdicts",
]  # fmt: skip
