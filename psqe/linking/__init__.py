"""From similarities to links, and to the answer that there is no counterpart."""

from psqe.linking.links import Links, WeighedPairs, predict_links, weigh_pairs
from psqe.linking.quality import link_quality
from psqe.linking.rules import LinkRule

__all__ = ["LinkRule", "Links", "WeighedPairs", "link_quality", "predict_links", "weigh_pairs"]
