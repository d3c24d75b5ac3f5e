"""Table of the false friends among the links of the pair of words."""

from __future__ import annotations

import pandas as pd

from psqe.datasets.han.false_friends import judgement_counts
from psqe.evaluation import proportion_interval


def false_friends_table() -> pd.DataFrame:
    """Tell how the meanings of linked words compare, in a random sample of the links of ``han/words``.

    Returns
    -------
    pandas.DataFrame
        One row for each judgement of :data:`psqe.datasets.han.false_friends.JUDGEMENTS`: ``links`` in the
        sample, their ``share``, and its 95 % Wilson interval, ``low`` and ``high``. The last row,
        ``different``, is that of the false friends.

    Examples
    --------
    >>> false_friends_table().index.tolist()
    ['same', 'related', 'different']
    """
    counts = judgement_counts()
    n = sum(counts.values())
    rows = [(hits, hits / n, *proportion_interval(hits, n)) for hits in counts.values()]
    return pd.DataFrame(rows, index=list(counts), columns=["links", "share", "low", "high"])
