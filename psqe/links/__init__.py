"""From similarities to links, and to the answer that there is no counterpart."""

from psqe.links.predict import Links, WeighedPairs, predict_links, weigh_pairs
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule

__all__ = ["LinkRule", "Links", "WeighedPairs", "link_quality", "predict_links", "weigh_pairs"]
