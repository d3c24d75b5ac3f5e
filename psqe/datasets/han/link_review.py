"""What a reader found about the gold links of Han characters: which are wrong, are doubtful or are missing.

The links that are neither one code point nor one simplification, and the Japanese characters without any
link, were read once, without a second opinion. Gold links are still what :mod:`psqe.datasets.han.variants`
says: a rule is the same for everyone, and the review says how far to trust it.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.tables import read_judged

JUDGEMENTS = ("wrong", "doubtful", "missing")
"""A link whose two ends are not forms of one character; a link about which dictionaries disagree; and a pair
that is no link, of a Japanese character without any link and its counterpart."""


class ReviewedPair(NamedTuple):
    """A pair of characters with what the reader found.

    Parameters
    ----------
    left, right
        The Japanese and the Chinese character.
    judgement
        One of :data:`JUDGEMENTS`.
    """

    left: str
    right: str
    judgement: str


@lru_cache(maxsize=1)
def read_link_review() -> tuple[ReviewedPair, ...]:
    """Read the pairs about which the reader found something.

    Raises
    ------
    DataError
        If the table is missing or broken.

    Examples
    --------
    >>> read_link_review()[0].judgement
    'wrong'
    """
    return read_judged("link-review.tsv", ReviewedPair, JUDGEMENTS)


def review_counts() -> dict[str, int]:
    """Return the number of wrong and of doubtful links, and of characters whose links are missing.

    Examples
    --------
    >>> list(review_counts())
    ['wrong', 'doubtful', 'missing']
    """
    pairs = read_link_review()
    counts = Counter(pair.judgement for pair in pairs if pair.judgement != "missing")
    missing = {pair.left for pair in pairs if pair.judgement == "missing"}
    return {**{judgement: counts[judgement] for judgement in JUDGEMENTS[:2]}, "missing": len(missing)}
