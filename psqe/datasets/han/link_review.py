"""What a reader found about the gold links of Han characters: which are wrong, are doubtful or are missing.

The links that are neither one code point nor one simplification, and the Japanese characters without any
link, were read once, without a second opinion. Gold links are still what :mod:`psqe.datasets.han.variants`
says: a rule is the same for everyone, and the review says how far to trust it.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from psqe.datasets.han.assets import TABLES
from psqe.errors import DataError

VERDICTS = ("wrong", "doubtful", "missing")
"""A link whose two ends are not forms of one character; a link about which dictionaries disagree; and a pair
that is no link, of a Japanese character without any link and its counterpart."""

_FILE = TABLES / "link-review.tsv"
_REMEDY = "install psqe again"


class ReviewedPair(NamedTuple):
    """A pair of characters with what the reader found.

    Parameters
    ----------
    left, right
        The Japanese and the Chinese character.
    verdict
        One of :data:`VERDICTS`.
    """

    left: str
    right: str
    verdict: str


@lru_cache(maxsize=1)
def read_link_review() -> tuple[ReviewedPair, ...]:
    """Read the pairs about which the reader found something.

    Raises
    ------
    DataError
        If the table is missing or broken.

    Examples
    --------
    >>> read_link_review()[0].verdict
    'wrong'
    """
    try:
        with _FILE.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            pairs = tuple(ReviewedPair(**row) for row in rows)
    except (OSError, TypeError, ValueError) as error:
        raise DataError(f"broken table of reviewed links ({error})", path=_FILE, remedy=_REMEDY) from error
    for line, pair in enumerate(pairs, 2):
        if pair.verdict not in VERDICTS:
            what = f"{pair.verdict!r} is none of {', '.join(VERDICTS)}"
            raise DataError(what, path=_FILE, line=line, remedy=_REMEDY)
    return pairs


def review_counts() -> dict[str, int]:
    """Return the number of wrong and of doubtful links, and of characters whose links are missing.

    Examples
    --------
    >>> list(review_counts())
    ['wrong', 'doubtful', 'missing']
    """
    pairs = read_link_review()
    counts = Counter(pair.verdict for pair in pairs if pair.verdict != "missing")
    missing = {pair.left for pair in pairs if pair.verdict == "missing"}
    return {**{verdict: counts[verdict] for verdict in VERDICTS[:2]}, "missing": len(missing)}
