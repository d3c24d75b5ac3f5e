"""Some cells of a similarity matrix, and the scaling of rows and columns that optimal transport consists of.

Optimal transport needs every cell of a matrix in principle. Here it works on the largest cells of each row
and of each column, so that memory grows with the number of entities and not with its square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from psqe.graph import BoolArray, DoubleArray, IntArray
from psqe.similarity.neighbours import Neighbours

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Groups:
    """Values sorted into groups. A group may be empty.

    Parameters
    ----------
    of
        Integer array ``(n,)``: the group of each value.
    n_groups
        The number of groups.

    Examples
    --------
    >>> groups = Groups(np.array([0, 1, 0]), n_groups=2)
    >>> np.exp(groups.log_sum_exp(np.log([1.0, 2.0, 3.0])))
    array([4., 2.])
    """

    of: IntArray
    n_groups: int

    @cached_property
    def order(self) -> IntArray:
        """Positions of the values ``(n,)``, sorted by group and otherwise in the given order."""
        return np.argsort(self.of, kind="stable")

    @cached_property
    def starts(self) -> IntArray:
        """Positions in :attr:`order` at which the groups that are not empty begin."""
        return np.searchsorted(self.of[self.order], self.filled)

    @cached_property
    def filled(self) -> IntArray:
        """The groups that are not empty, ascending."""
        return np.unique(self.of)

    @cached_property
    def _is_sorted(self) -> bool:
        """Whether the values are given group by group, as those of the rows of cells are."""
        return bool((self.of[1:] >= self.of[:-1]).all())

    @cached_property
    def sizes(self) -> IntArray:
        """Number of values of each group that is not empty."""
        return np.diff(np.append(self.starts, len(self.of)))

    def ranked(self, values: NDArray[T]) -> NDArray[T]:
        """The values ``(n,)`` in the order :attr:`order`; the same array if they are so already."""
        return values if self._is_sorted else values[self.order]

    def log_sum_exp(self, values: DoubleArray) -> DoubleArray:
        """``log sum exp`` of the values of each group ``(n_groups,)``; minus infinity for an empty group."""
        return PotentialSums(self, values, self.of, np.empty((2, len(values))))(np.zeros(self.n_groups))

    def two_best(self, values: DoubleArray) -> tuple[IntArray, IntArray]:
        """Positions of the largest and of the second largest value of each group that is not empty.

        Of equal values the first one comes first. The second position is -1 where a group has one value.
        """
        ranked = self.ranked(values)
        first = self._largest_places(ranked)
        rest = ranked.copy()
        rest[first] = np.nan  # equals nothing, and has no part in a maximum
        second = np.where(self.sizes > 1, self._largest_places(rest), -1)
        if not self._is_sorted:
            first, second = self.order[first], np.where(second < 0, -1, self.order[second])
        return first, second

    def _largest_places(self, ranked: DoubleArray) -> IntArray:
        """The first place of the largest of the values that are sorted by group, for each filled group."""
        peak = np.repeat(np.fmax.reduceat(ranked, self.starts), self.sizes)
        places = np.append(np.flatnonzero(ranked == peak), 0)  # none where all values of a group are NaN
        return places[np.searchsorted(places[:-1], self.starts)]

    def lead(self, values: DoubleArray) -> tuple[IntArray, DoubleArray]:
        """Position of the largest value of each group, and its distance to the second largest one.

        The distance is infinite where a group has one value.
        """
        first, second = self.two_best(values)
        return first, np.where(second < 0, np.inf, values[first] - values[second])

    def leads(self, values: DoubleArray) -> DoubleArray:
        """How far each value ``(n,)`` is ahead of the largest other value of its group.

        The number is negative for all but the largest value of a group, and infinite where there is no other.

        >>> Groups(np.array([0, 1, 0]), n_groups=2).leads(np.array([1.0, 2.0, 3.0])).tolist()
        [-2.0, inf, 2.0]
        """
        first, second = self.two_best(values)
        largest = np.full(self.n_groups, -np.inf)
        largest[self.filled] = values[first]
        rivals = largest[self.of]
        rivals[first] = np.where(second < 0, -np.inf, values[second])
        leads: DoubleArray = values - rivals
        return leads

    def largest(self, values: DoubleArray, k: int) -> DoubleArray:
        """The ``k`` largest values of each group in descending order ``(n_groups, k)``.

        They are minus infinity where a group has fewer values.
        """
        order = np.lexsort((-values, self.of))
        places = np.arange(len(order)) - np.repeat(self.starts, np.diff(np.append(self.starts, len(order))))
        kept = places < k
        table = np.full((self.n_groups, k), -np.inf)
        table[self.of[order[kept]], places[kept]] = values[order[kept]]
        return table


@dataclass(frozen=True, eq=False)
class Cells:
    """Some cells of a matrix, sorted by row and then by column.

    Parameters
    ----------
    shape
        Number of rows and of columns of the matrix.
    rows, columns
        Integer arrays ``(n,)``: the row and the column of each cell.
    values
        Float64 array ``(n,)``: the value of each cell.

    Examples
    --------
    >>> cells = Cells((2, 2), np.array([0, 1]), np.array([1, 1]), np.array([0.5, 0.25]))
    >>> cells.by_column.two_best(cells.values)
    (array([0]), array([1]))
    """

    shape: tuple[int, int]
    rows: IntArray
    columns: IntArray
    values: DoubleArray

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def by_row(self) -> Groups:
        """The cells grouped by row."""
        return Groups(self.rows, self.shape[0])

    @cached_property
    def by_column(self) -> Groups:
        """The cells grouped by column."""
        return Groups(self.columns, self.shape[1])


class PotentialSums:
    """Computes ``log sum exp`` of the values of each group, to each of which a potential is added before.

    It returns the same as :meth:`Groups.log_sum_exp` of ``values + potentials[of]``. For potentials that
    change again and again it is faster, because nothing is sorted and no memory is asked for each time.

    Parameters
    ----------
    groups
        The groups of the values.
    values
        The values ``(n,)``.
    of
        The potential of each value, from 0 ``(n,)``.
    memory
        Memory to compute in ``(2, n)``. Others may use it between two calls.

    Examples
    --------
    >>> groups = Groups(np.array([0, 1, 0]), n_groups=2)
    >>> sums = PotentialSums(groups, np.log([1.0, 2.0, 3.0]), np.array([0, 0, 1]), np.empty((2, 3)))
    >>> np.exp(sums(np.log([1.0, 10.0])))
    array([31.,  2.])
    """

    def __init__(self, groups: Groups, values: DoubleArray, of: IntArray, memory: DoubleArray) -> None:
        self._groups = groups
        self._values, self._of = groups.ranked(values), groups.ranked(of)
        self._place = np.repeat(np.arange(len(groups.filled)), groups.sizes)
        self._terms, self._peaks = memory

    def __call__(self, potentials: DoubleArray) -> DoubleArray:
        """Return the sums ``(n_groups,)``, minus infinity for an empty group."""
        groups, terms, peaks = self._groups, self._terms, self._peaks
        result = np.full(groups.n_groups, -np.inf)
        if len(terms):
            # With the mode "clip", which changes no valid index, take writes into the given memory directly.
            np.take(potentials, self._of, out=terms, mode="clip")
            terms += self._values
            peak = np.maximum.reduceat(terms, groups.starts)
            np.take(peak, self._place, out=peaks, mode="clip")
            terms -= peaks
            np.exp(terms, out=terms)
            result[groups.filled] = peak + np.log(np.add.reduceat(terms, groups.starts))
        return result


def neighbour_cells(
    neighbours: Neighbours, kept_left: BoolArray, kept_right: BoolArray
) -> tuple[IntArray, IntArray, DoubleArray]:
    """Cells that are among the nearest neighbours of their row or of their column.

    Parameters
    ----------
    neighbours
        The nearest neighbours of all entities of either side.
    kept_left, kept_right
        Boolean arrays of the shapes of ``neighbours.left_scores`` and ``neighbours.right_scores``: which of
        the neighbours count.

    Returns
    -------
    Rows, columns and values of the cells, each ``(n,)``, sorted by row and then by column.
    """
    n_left, n_right = len(neighbours.left_indices), len(neighbours.right_indices)
    rows = np.arange(n_left)[:, None] * n_right + neighbours.left_indices
    columns = neighbours.right_indices * n_right + np.arange(n_right)[:, None]
    cells = np.concatenate([rows[kept_left], columns[kept_right]])
    values = np.concatenate([neighbours.left_scores[kept_left], neighbours.right_scores[kept_right]])
    cells, first = np.unique(cells, return_index=True)
    return cells // n_right, cells % n_right, values[first].astype(np.float64)


def scale_alternately(
    cells: Cells,
    scale_rows: Callable[[DoubleArray, DoubleArray], DoubleArray],
    scale_columns: Callable[[DoubleArray, DoubleArray], DoubleArray],
    *,
    n_iterations: int,
    tolerance: float = 0.0,
) -> tuple[DoubleArray, DoubleArray]:
    """Compute Sinkhorn potentials ``f`` of the rows and ``g`` of the columns alternately (Cuturi 2013).

    Parameters
    ----------
    cells
        The logarithms of a kernel; cells that are not listed count as zero.
    scale_rows
        Function of the logarithms of the row sums ``log sum_j exp(cell_ij + g_j)`` and of ``g`` that returns
        the next ``f (n_rows,)``.
    scale_columns
        Function of the logarithms of the column sums ``log sum_i exp(cell_ij + f_i)`` and of ``f`` that
        returns the next ``g (n_columns,)``.
    n_iterations
        The largest number of updates of both potentials.
    tolerance
        The iteration ends after the second update when no ``f`` has changed by this much; 0 runs all updates.

    Returns
    -------
    ``f (n_rows,)`` and ``g (n_columns,)``.
    """
    f, g = np.zeros(cells.shape[0]), np.zeros(cells.shape[1])
    memory = np.empty((2, len(cells)))
    sums_of_rows = PotentialSums(cells.by_row, cells.values, cells.columns, memory)
    sums_of_columns = PotentialSums(cells.by_column, cells.values, cells.rows, memory)
    for i in range(n_iterations):
        previous = f
        f = scale_rows(sums_of_rows(g), g)
        g = scale_columns(sums_of_columns(f), f)
        moved = f != previous  # a row without cells stays at minus infinity
        if i and np.abs(f[moved] - previous[moved]).max(initial=0.0) < tolerance:
            break
    return f, g
