"""The Han pairs: characters and words of Japanese against those of Chinese, made by different people."""

from psqe.datasets.han.pair import DESCRIPTION, PREFIX, load, names

__all__ = ["DESCRIPTION", "PREFIX", "load", "names"]
