"""Entropic optimal transport between two sets of entities, at the cost of one pass over the similarities."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from psqe.errors import ParameterError
from psqe.graph import BoolArray, DoubleArray, FloatArray
from psqe.similarity.base import Shifted, Similarity
from psqe.similarity.neighbours import Neighbours, find_neighbours
from psqe.similarity.sinkhorn_scaling import Cells, neighbour_cells, scale_alternately

N_LISTED = 256
"""Number of cells listed in each row and each column. On the names of DBP15K fr_en, spread over the graph,
Hits@1 then differs from that of all cells by less than .001; with 64 cells it is lower by up to .016."""


TEMPERATURE = 0.02
"""The temperature of SEU (Mao et al., EMNLP 2021)."""


def sinkhorn(
    similarity: Similarity,
    *,
    temperature: float = TEMPERATURE,
    n_iterations: int = 10,
    k: int = N_LISTED,
    nearest: Neighbours | None = None,
) -> Shifted:
    """Score pairs by entropic optimal transport with uniform marginals (Cuturi 2013), in the log domain.

    The score of a pair is ``s / temperature + f + g``: the logarithm of its share of the transport plan up to
    a constant. The potentials ``f (n_left,)`` and ``g (n_right,)`` are computed from the ``k`` largest cells
    of each row and each column, as in LightEA (Mao et al., EMNLP 2022). They are exact when ``k`` is at least
    the number of entities of either side. Cells that equal the largest cell left out are left out too, so
    that entities with equal features get equal scores whatever their order. An entity without any listed
    cell, such as one that has no modality, counts as equally near to all entities of the other side.

    Parameters
    ----------
    similarity
        Similarities ``(n_left, n_right)`` of about unit scale.
    temperature
        Strength of the entropy term; a smaller one brings the plan nearer to a one-to-one assignment. The
        default is that of SEU (Mao et al., EMNLP 2021).
    n_iterations
        Number of updates of both potentials. More updates are not always better: fully uniform marginals
        claim that every entity has a counterpart. The default is that of SEU.
    k
        Number of cells listed in each row and each column.
    nearest
        At least ``k + 1`` nearest entities of every entity, or all of them, searched at this temperature,
        where they are known; they are searched otherwise.

    Returns
    -------
    The scores as a similarity ``(n_left, n_right)``.

    Raises
    ------
    ParameterError
        If the temperature is not positive, or ``n_iterations`` or ``k`` is below 1.
    """
    if not temperature > 0 or n_iterations < 1 or k < 1:
        raise ParameterError(
            "sinkhorn needs a positive temperature, at least one iteration and k of at least 1"
        )
    n_left, n_right = similarity.shape
    if nearest is None:
        nearest = find_neighbours(similarity, k=k + 1, temperature=temperature)
    elif nearest.temperature != temperature:
        raise ParameterError(
            f"the nearest entities were searched at temperature {nearest.temperature}, not {temperature}",
            remedy="search them at the temperature of sinkhorn, or leave nearest out",
        )
    cells = _largest(nearest, k, temperature)
    empty_rows = np.bincount(cells.rows, minlength=n_left) == 0
    empty_columns = np.bincount(cells.columns, minlength=n_right) == 0

    def scale_rows(log_sums: DoubleArray, g: DoubleArray) -> DoubleArray:
        return -np.where(empty_rows, nearest.left_total + _log_mean_exp(g), log_sums)

    def scale_columns(log_sums: DoubleArray, f: DoubleArray) -> DoubleArray:
        g: DoubleArray = -np.where(empty_columns, nearest.right_total + _log_mean_exp(f), log_sums)
        g += np.log(n_left / n_right)
        return g

    f, g = scale_alternately(cells, scale_rows, scale_columns, n_iterations=n_iterations)
    return Shifted(similarity, 1 / temperature, f.astype(np.float32), g.astype(np.float32))


def _largest(nearest: Neighbours, k: int, temperature: float) -> Cells:
    """The ``k`` largest cells of every row and of every column, divided by the temperature."""
    n_left, n_right = len(nearest.left_indices), len(nearest.right_indices)
    listed = nearest.first(k + 1)
    rows, columns, values = neighbour_cells(
        listed, _above_the_last(listed.left_scores, n_right), _above_the_last(listed.right_scores, n_left)
    )
    return Cells((n_left, n_right), rows, columns, values / temperature)


def _above_the_last(scores: FloatArray, n_others: int) -> BoolArray:
    """Which scores ``(n, k)`` in descending order exceed the last, or all when the row is complete."""
    kept: BoolArray = np.isfinite(scores)
    if scores.shape[1] < n_others:
        kept &= scores > scores[:, -1:]
    return kept


def _log_mean_exp(values: DoubleArray) -> float:
    return float(logsumexp(values) - np.log(len(values)))
