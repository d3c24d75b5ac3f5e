"""How probable it is that a pair of entities of one graph is a pair of duplicates, without labels.

Most pairs of entities are pairs of different ones. The scores of these are taken to have a normal
distribution, and its mean and width are fitted to the upper tail, in normal quantiles: to those pairs of
which there are two to six for each entity, because duplicates, unless there are many of each entity, come
before them. If more pairs than that turn out as duplicates, later pairs are taken; where most entities have
more than a dozen copies, nothing is told. Where more pairs are found above a score than the distribution
says, the others are duplicates. The share of different entities among the pairs around a score is the ratio
of the two densities, the local false discovery rate with an empirical null distribution (Efron 2004, who fits
it to the centre of all scores). It is estimated by isotonic regression, so that a better pair is never less
probable (Grenander 1956).

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

FIRST = (2, 4, 6)
"""The distribution is fitted to the pairs from this number for each entity on: from the first of these that
exceeds the number of duplicates found. The first was chosen on planted graphs with random state 0."""

SPAN = 3
"""It is fitted to the pairs up to this multiple of that number."""

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
    Probabilities ``(m,)``, not smaller for a larger score; ``None`` if there are too few pairs, their scores
    do not differ, or so many seem to be duplicates that no pairs of different entities can be told.

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
    for first in FIRST:
        begin, end = first * n_entities, min(SPAN * first * n_entities, len(scores) // 2)
        if n_entities < FEWEST or end - begin < FEWEST or ranked[begin] - ranked[end - 1] <= TIE:
            continue
        chances = _probability(ranked, n_entities * (n_entities - 1) / 2, begin, end)
        if (chances >= 0.5).sum() <= begin:
            found = np.empty(len(scores))
            found[order] = chances
            return found
    return None


def _probability(ranked: DoubleArray, n_pairs: float, begin: int, end: int) -> DoubleArray:
    """Return the probability of each pair, the best first, from a fit to those from ``begin`` to ``end``."""
    quantiles = norm.isf((np.arange(begin, end) + 1) / (n_pairs + 1))
    slope, start = np.polyfit(ranked[begin:end], quantiles, 1)
    expected = n_pairs * norm.sf(start + slope * ranked)
    chances: DoubleArray = 1 - isotonic_regression(np.diff(expected, prepend=0.0)).x.clip(0, 1)
    return chances
