"""Whitening: every direction in which vectors vary is given the same weight, by means of a covariance.

The cosine of two vectors gives every direction the same weight. But some directions vary much among all
entities, and some vary much between the two views of one and the same entity, which differ in artist or
language. Multiplying by the inverse root of a covariance makes that variance equal in all directions. With
the covariance *within pairs*, of the differences between the two entities of a seed, this is the closed
form of metric learning (relevant component analysis, Bar-Hillel et al. 2005; within-class covariance
normalisation, Hatch et al. 2006), and the optimal comparison of two views whose difference is Gaussian.
With the *total* covariance, of all candidates, it needs no seeds. (It is made of second moments: candidates
are centred before they are scaled to unit length, and not again.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from psqe.features.base import Features, Modality
from psqe.features.fusion import to_unit_rows
from psqe.features.nodes import modality_nodes
from psqe.graph import AlignmentTask, DoubleArray, FloatArray, IntArray, Sides

Share = Annotated[float, Field(ge=0, le=1)]
"""The type of a share of a whole, from 0 to 1."""

Shrinkage = Annotated[float, Field(ge=1e-6, le=1)]
"""The type of the weight of the identity, at most 1. With a smaller weight than 1e-6, a covariance of few
observations is singular but for rounding, and rounding would decide."""


@dataclass(frozen=True)
class WhiteningRule:
    """The covariance by which vectors are whitened: how it is mixed and shrunk.

    Parameters
    ----------
    within
        Weight of the covariance within pairs, from 0 to 1; that of the total covariance is the rest to 1.
    shrinkage
        Weight of the identity in either covariance, at least 1e-6; with 1 nothing is whitened. ``None``, the
        default, takes ``d / (d + n)`` for ``n`` observations of ``d`` dimensions, as if there were also ``d``
        observations that vary equally in all directions. Few seeds then change little.

    Examples
    --------
    >>> rule = WhiteningRule(within=1.0)
    >>> rule.shrunk(np.diag([3.0, 1.0]), 2).tolist()
    [[1.25, 0.0], [0.0, 0.75]]
    """

    within: float
    shrinkage: float | None = None

    def shrunk(self, covariance: DoubleArray, n: float) -> DoubleArray:
        """Return a covariance of ``n`` observations, scaled to a mean variance of 1 and shrunk.

        Parameters
        ----------
        covariance
            A covariance ``(d, d)`` of any scale. One that is all zeros counts as the identity.
        n
            Number of observations, or the sum of their weights.

        Returns
        -------
        A positive definite matrix ``(d, d)``.
        """
        dim, trace = len(covariance), float(np.trace(covariance))
        identity = np.eye(dim)
        if not trace > 0:
            return identity
        share = dim / (dim + n) if self.shrinkage is None else self.shrinkage
        shrunk: DoubleArray = (1 - share) * dim / trace * covariance + share * identity
        return shrunk


def whitened_nodes(
    task: AlignmentTask, features: Features, pairs: IntArray, weights: FloatArray, rule: WhiteningRule
) -> Sides[FloatArray]:
    """Return the fused vectors of all nodes of both sides, every modality whitened first.

    Parameters
    ----------
    task, features
        The two graphs and their vectors.
    pairs
        Pairs of entities that are taken for the same ``(n, 2)``. Where no pair has a modality on both sides,
        the covariance within pairs counts as the identity.
    weights
        The weight of each pair ``(n,)``, from 0 to 1.
    rule
        How the covariance is mixed and shrunk.

    Returns
    -------
    Unit vectors ``(n_left, d)`` and ``(n_right, d)``; nodes without any modality have a row of zeros.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, features = planted_pair(30, dim=6, random_state=0)
    >>> weights = np.ones(len(task.links), dtype=np.float32)
    >>> nodes = whitened_nodes(task, features, task.links, weights, WhiteningRule(within=1.0))
    >>> nodes.left.shape
    (26, 12)
    """
    parts = [_whitened(task, modality, pairs, weights, rule) for modality in features.values()]
    # np.hstack makes new arrays, which may be scaled in place.
    return Sides(*(to_unit_rows(np.hstack(side)) for side in zip(*parts, strict=True)))


def _whitened(
    task: AlignmentTask, modality: Modality, pairs: IntArray, weights: FloatArray, rule: WhiteningRule
) -> Sides[FloatArray]:
    """Return the whitened unit vectors of all nodes of both sides in one modality."""
    nodes = Sides(*(modality_nodes(v, graph) for v, graph in zip(modality, task.sides, strict=True)))
    candidates = [side[graph.candidates] for side, graph in zip(nodes, task.sides, strict=True)]
    ends = [side[column] for side, column in zip(nodes, pairs.T, strict=True)]
    map_ = whitening_map(candidates, ends, weights, rule).astype(np.float32)
    return nodes.map(lambda x: to_unit_rows(x @ map_))


def whitening_map(
    candidates: Sequence[FloatArray], ends: Sequence[FloatArray], weights: FloatArray, rule: WhiteningRule
) -> DoubleArray:
    """Return the matrix ``(d, d)`` by which vectors are multiplied from the right to whiten them.

    Parameters
    ----------
    candidates
        The vectors of the candidates of each side, ``(n_left, d)`` and ``(n_right, d)``.
    ends
        The vectors of the two entities of each pair that is taken for a link, two arrays ``(n, d)``, left and
        right. A pair of which one vector is zero is ignored.
    weights
        The weight of each pair ``(n,)``, from 0 to 1.
    rule
        How the covariance is mixed and shrunk.

    Returns
    -------
    A symmetric matrix ``(d, d)``: the inverse root of the covariance.

    Examples
    --------
    >>> left = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    >>> right = np.array([[0.2, 0.0], [0.0, 0.9]], dtype=np.float32)  # differs most in the first column
    >>> map_ = whitening_map([left, right], [left, right], np.ones(2), WhiteningRule(1.0, 0.1))
    >>> bool(map_[0, 0] < map_[1, 1])
    True
    """
    return _inverse_root(_covariance(candidates, ends, weights, rule))


def _covariance(
    candidates: Sequence[FloatArray], ends: Sequence[FloatArray], weights: FloatArray, rule: WhiteningRule
) -> DoubleArray:
    """Return the covariance ``(d, d)`` by which vectors are whitened."""
    dim = candidates[0].shape[1]
    mixed = np.zeros((dim, dim))
    if rule.within < 1:
        n = sum(int(side.any(axis=1).sum()) for side in candidates)
        total = np.asarray(sum(side.T @ side for side in candidates), dtype=np.float64)
        mixed += (1 - rule.within) * rule.shrunk(total, n)
    if rule.within:
        left, right = ends
        weight = np.where(left.any(axis=1) & right.any(axis=1), weights, 0).astype(np.float32)
        differences = left - right
        within = np.asarray((weight[:, None] * differences).T @ differences, dtype=np.float64)
        mixed += rule.within * rule.shrunk(within, float(weight.sum()))
    return mixed


def _inverse_root(covariance: DoubleArray) -> DoubleArray:
    """Return the inverse of the symmetric root of a positive definite matrix ``(d, d)``."""
    variances, axes = np.linalg.eigh((covariance + covariance.T) / 2)
    root: DoubleArray = (axes / np.sqrt(variances)) @ axes.T
    return root
