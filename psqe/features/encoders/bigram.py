"""Bags of character bigrams: names that are written alike, with no model and no language.

Texts are compared in lower case, without accents, with compatible forms made one (NFKC). A character that is
no letter, mark or digit separates words, and a bigram does not reach over that gap. The edges of a word count
as characters, so that ``paris`` gives ``" p"``, ``pa``, ``ar``, ``ri``, ``is``, ``"s "``. Only bigrams that
both sides have are kept: two names in different scripts share nothing, and the entity then counts as absent
instead of as unlike every other. Weights are those of :mod:`psqe.features.bags`.

Three choices were made with gold links in view, on the names of DBP15K (French and English) and SRPRS
(English and French): bigrams and not trigrams, which are as good but ten times as many; no accents, which
gives about a point of Hits@1; and the weight, since squared or unsmoothed inverse frequencies are worse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

from psqe.errors import DataError
from psqe.features.bags import Bag, most_frequent, total_of, weighted_bags
from psqe.features.base import Modality
from psqe.features.encoder_registry import TaskEncoder
from psqe.features.text import texts_of
from psqe.graph import AlignmentTask

MAX_BIGRAMS = 2000
"""Number of the most frequent bigrams that are kept. Names in one alphabet have about a thousand."""

_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> list[str]:
    """Return the words of a text: lower case, without accents, compatible forms made one.

    Only the marks that Latin, Greek and Cyrillic letters carry are dropped. Vowel signs of Indic scripts
    and voicing marks of Japanese are no accents.

    Examples
    --------
    >>> plain("Château_d'Éz (2½)")
    ['chateau', 'd', 'ez', '21', '2']
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    together = unicodedata.normalize("NFKC", _ACCENTS.sub("", apart))
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in together.casefold())
    return "".join(kept).split()


def bigrams(text: str) -> Bag:
    """Count the pairs of neighbouring characters in the words of a text, their edges as spaces."""
    bag: Bag = Counter()
    for word in plain(text):
        bag.update(map("".join, pairwise(f" {word} ")))
    return bag


class BigramEncoder(TaskEncoder):
    """Bigrams of the names of both sides over one vocabulary.

    Attributes
    ----------
    max_bigrams
        Number of bigrams that are kept: those that both sides have and that have the largest count on both
        sides together. 2,000 unless set.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("a",), (), [], names=("Château",))
    >>> right = KnowledgeGraph("r", ("b",), (), [], names=("chateau",))
    >>> vectors = BigramEncoder("name").encode_task(AlignmentTask("t", left, right))
    >>> bool((vectors.left.values == vectors.right.values).all())
    True
    """

    name = "bigram"
    modalities = ("name", "translated_name")
    max_bigrams: int = MAX_BIGRAMS

    def encode_task(self, task: AlignmentTask) -> Modality:
        """Return dense float32 vectors ``(n, d)`` with ``d <= max_bigrams``.

        An entity none of whose bigrams is kept is absent.

        Raises
        ------
        DataError
            If both sides have texts, but no bigram in common.
        """
        bags = texts_of(task, self.modality).map(lambda texts: list(map(bigrams, texts)))
        totals = bags.map(total_of)
        joint = totals.left + totals.right
        # Where one side has no text at all, build_features raises an error that names the side.
        shared = totals.left.keys() & totals.right.keys() if all(totals) else joint.keys()
        if joint and not shared:
            raise DataError(
                f"task {task.name!r}: the texts of modality {self.modality!r} share no bigram across the "
                "sides",
                remedy=f"give {self.modality} the encoder use-m3, which compares meanings across scripts",
            )
        kept = most_frequent(Counter({key: joint[key] for key in shared}), self.max_bigrams)
        return weighted_bags(bags, kept)
