"""How probable it is that a pair of entities of one graph is a pair of duplicates, without labels.

Most pairs of entities are pairs of different ones. The scores of these are taken to have a normal
distribution, and its mean and width are fitted to the upper tail, in normal quantiles: to those pairs of
which there are two to six for each entity, because duplicates, unless there are many of each entity, come
before them. Where more pairs are found above a score than the distribution says, the others are duplicates.
The share of different entities among the pairs around a score is the ratio of the two densities, the local
false discovery rate with an empirical null distribution (Efron 2004, who fits it to the centre of all
scores). It is estimated by isotonic regression, so that a better pair is never less probable (Grenander
1956).

The estimate does not ask what share of the entities has a duplicate; there may be none at all. It is too high
where the data have many entities that differ in one detail only, as a man and a woman who do the same among
the emoji: their pairs stand out as those of duplicates do.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import norm

from psqe.evaluation.ranks import TIE
from psqe.graph import DoubleArray

FIRST, LAST = 2, 6
"""The distribution is fitted to the pairs from this number for each entity to that number. They were chosen
on planted graphs with random state 0."""

FEWEST = 20
"""With fewer entities, or fewer pairs to fit the distribution to, nothing is estimated."""


def duplicate_probability(scores: DoubleArray, n_entities: int) -> DoubleArray | None:
    """Estimate the probability that each pair is one of duplicates.

    Parameters
    ----------
    scores
        The score of each pair ``(m,)``: the nearest neighbours of all entities, each pair once.
    n_entities
        The number of entities.

    Returns
    -------
    Probabilities ``(m,)``, not smaller for a larger score; ``None`` if there are too few pairs, or their
    scores do not differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = np.append(rng.standard_normal(100 * 99 // 2), np.full(10, 6.0))
    >>> found = duplicate_probability(scores, 100)
    >>> bool(found[-10:].min() > 0.9), bool(found[:-10].max() < 0.9)
    (True, True)
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    first, last = FIRST * n_entities, min(LAST * n_entities, len(scores) // 2)
    if n_entities < FEWEST or last - first < FEWEST or ranked[first] - ranked[last - 1] <= TIE:
        return None
    n_pairs = n_entities * (n_entities - 1) / 2
    quantiles = norm.isf((np.arange(first, last) + 1) / (n_pairs + 1))
    slope, start = np.polyfit(ranked[first:last], quantiles, 1)
    expected = n_pairs * norm.sf(start + slope * ranked)
    share = isotonic_regression(np.diff(expected, prepend=0.0)).x.clip(0, 1)
    found = np.empty(len(scores))
    found[order] = 1 - share
    return found
