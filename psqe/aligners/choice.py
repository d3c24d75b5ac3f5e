"""The conditional logit: how much each kind of evidence counts when one entity is chosen among rivals."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from psqe.graph import DoubleArray, FloatArray

PRIOR_WEIGHT = 10.0
"""Where the prior of a weight is centred, and its standard deviation. A weight of 10 makes a pair whose
cosine is larger by .1 2.7 times as likely. The prior keeps weights finite where all choices are decided
alike, and without any choice all kinds of evidence count the same."""


def choice_weights(chosen: FloatArray, rivals: FloatArray, importance: FloatArray) -> DoubleArray:
    """Estimate the weights of a conditional logit from choices among alternatives.

    An entity chooses its counterpart ``v`` among alternatives with the probability
    ``exp(w . x(v)) / sum of exp(w . x(u))``, where ``x`` holds one cosine for each kind of evidence (McFadden
    1974). The weights ``w`` maximise the posterior of the given choices under a wide normal prior
    (:data:`PRIOR_WEIGHT`). No weight is negative: being more alike is never taken for evidence against a
    pair. The sum of the weights is the inverse of a temperature, which is estimated in this way, too. Where
    choices are few, the weights stay near the prior.

    Parameters
    ----------
    chosen
        The cosines of the chosen alternatives ``(n, c)``.
    rivals
        The cosines of the other alternatives ``(n, k, c)``.
    importance
        How much each choice counts ``(n,)``, at least 0.

    Returns
    -------
    The weights ``(c,)``, in logarithms of odds for each unit of cosine.

    Examples
    --------
    >>> chosen = np.array([[0.9, 0.1], [0.8, 0.3]], dtype=np.float32)
    >>> rivals = np.array([[[0.5, 0.2]], [[0.6, 0.3]]], dtype=np.float32)
    >>> weights = choice_weights(chosen, rivals, np.ones(2, dtype=np.float32))
    >>> bool(weights[0] > weights[1])
    True
    """
    behind = rivals.astype(np.float64) - chosen[:, None, :]
    counted = importance.astype(np.float64)

    def loss(weights: DoubleArray) -> tuple[float, DoubleArray]:
        scores = behind @ weights
        peak = np.maximum(scores.max(axis=1, initial=0), 0)
        shares = np.exp(scores - peak[:, None])
        total = shares.sum(axis=1) + np.exp(-peak)
        shares /= total[:, None]
        off = weights / PRIOR_WEIGHT - 1
        value = counted @ (np.log(total) + peak) + off @ off / 2
        slope = np.einsum("n,nk,nkc->c", counted, shares, behind) + off / PRIOR_WEIGHT
        return float(value), slope

    n_kinds = chosen.shape[1]
    start = np.full(n_kinds, PRIOR_WEIGHT)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_kinds)
    weights: DoubleArray = found.x
    return weights
