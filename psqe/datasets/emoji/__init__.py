"""The emoji pairs: two multimodal knowledge graphs about the same things, made by different people."""

from psqe.datasets.emoji.pair import DESCRIPTION, PREFIX, load, names

__all__ = ["DESCRIPTION", "PREFIX", "load", "names"]
