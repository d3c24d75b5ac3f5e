"""The emoji pairs: two multimodal knowledge graphs about the same things, made by different people."""

from psqe.datasets.emoji.pair import DESCRIPTION, PREFIX, languages_of, load, names
from psqe.datasets.emoji.tables import languages

__all__ = ["DESCRIPTION", "PREFIX", "languages", "languages_of", "load", "names"]
