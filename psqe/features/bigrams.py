"""Bags of character bigrams: names that are written alike, with no model and no language.

Lower case, compatible forms made one (NFKC), accents off; what is no letter, mark or digit separates words,
and a bigram does not reach over that gap. The edges of a word count as characters, so that ``paris`` gives
``" p"``, ``pa``, ``ar``, ``ri``, ``is``, ``"s "``. Only bigrams that both sides have are kept: two names in
different scripts share nothing, and then the entity counts as absent instead of as unlike everybody.
Weights are those of :mod:`psqe.features.bags`.

Chosen with gold links in view, on the names of DBP15K (French and English) and SRPRS (English and French):
bigrams beside trigrams, which are as good but ten times as many; accents off, which is about a point of
Hits@1 better than on; and the weight, as squared or unsmoothed inverse frequencies are worse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from psqe.errors import DataError
from psqe.features.bags import Bag, most_frequent, total_of, weighted_bags
from psqe.features.base import Modality
from psqe.graph import AlignmentTask

MAX_BIGRAMS = 2000
"""The most frequent bigrams kept. Names in one alphabet have about a thousand."""

_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> list[str]:
    """The words of a text: lower case, without accents, compatible forms made one.

    Only the marks that Latin, Greek and Cyrillic letters carry are dropped. Vowel signs of Indic scripts
    and voicing marks of Japanese are no accents.

    >>> plain("Château_d'Éz (2½)")
    ['chateau', 'd', 'ez', '21', '2']
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    together = unicodedata.normalize("NFKC", _ACCENTS.sub("", apart))
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in together.casefold())
    return "".join(kept).split()


def bigrams(text: str) -> Bag:
    """Count the pairs of neighbouring characters in the words of a text, their edges as spaces."""
    found: Bag = Counter()
    for word in plain(text):
        edged = f" {word} "
        found.update(map("".join, pairwise(edged)))
    return found


def bigram_modality(
    task: AlignmentTask, modality: str, texts: tuple[Sequence[str], Sequence[str]], *, n: int = MAX_BIGRAMS
) -> Modality:
    """The bigrams of both sides over one vocabulary.

    Parameters
    ----------
    task, modality
        For messages.
    texts
        One text per entity of the left and of the right graph; empty where there is none.
    n
        How many bigrams to keep: of those that both sides have, the ones with the largest count on both
        together.

    Returns
    -------
    Dense float32 arrays ``(n, d)`` with ``d <= n``. An entity none of whose bigrams is kept is marked absent.

    Raises
    ------
    DataError
        If both sides have texts, but no bigram in common.
    """
    left, right = ([bigrams(text) for text in side] for side in texts)
    totals = total_of(left), total_of(right)
    joint = totals[0] + totals[1]
    # Where one side has no text at all, who asks sees it in the masks.
    shared = totals[0].keys() & totals[1].keys() if all(totals) else joint.keys()
    if joint and not shared:
        raise DataError(
            f"task {task.name!r}: the texts of modality {modality!r} share no bigram across the sides",
            remedy=f"give {modality} the encoder use-m3, which compares meanings across scripts",
        )
    return weighted_bags(left, right, most_frequent(Counter({key: joint[key] for key in shared}), n))
