"""The Han pairs: characters and words of Japanese against those of Chinese, made by different people."""

from psqe.datasets.han.pair import CLOSED_LEAKS, DESCRIPTION, PREFIX, load, names

__all__ = ["CLOSED_LEAKS", "DESCRIPTION", "PREFIX", "load", "names"]
