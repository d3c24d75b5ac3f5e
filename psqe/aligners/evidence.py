"""The two equations of PARIS: evidence for equal entities, and the inclusion of relations.

Both are from the section on the probabilistic model of Suchanek, Abiteboul and Senellart, *PARIS:
Probabilistic Alignment of Relations, Instances, and Schema*, PVLDB 5(3), 2011 (arXiv 1111.7164).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from psqe.aligners.statements import LITERAL, Statements
from psqe.graph import BoolArray, DoubleArray, IntArray
from psqe.similarity.shortlist import N_LISTED

FIRST_INCLUSION = 0.1
"""The probability that a relation is included in any other before anything is known, as in PARIS."""

HUB = 10_000
"""Two equal things are hubs if the number of statements with the one as object, times the number of those
with the other, is above this. Statements about hubs count only for pairs of subjects that are listed."""

CHUNK = 2_000_000
"""Number of pairs of statements that are compared at a time."""


@dataclass(frozen=True, eq=False)
class Equalities:
    """Things of the two sides that are taken to be equal: each thing has at most one equal.

    Parameters
    ----------
    of_left
        The equal of each left thing, ``(n_left,)``; -1 where there is none.
    probability
        The probability of the equality of each left thing, ``(n_left,)``, below 1.
    of_right
        The equal of each right thing, ``(n_right,)``; -1 where there is none.
    """

    of_left: IntArray
    probability: DoubleArray
    of_right: IntArray

    @classmethod
    def from_pairs(
        cls, pairs: IntArray, probability: DoubleArray, left: Statements, right: Statements
    ) -> Equalities:
        """Take pairs ``(n, 2)`` of which no two have a thing in common, with their probabilities ``(n,)``."""
        of_left, of_right = (np.full(side.n_things, -1) for side in (left, right))
        of_left[pairs[:, 0]], of_right[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
        of_things = np.zeros(left.n_things)
        of_things[pairs[:, 0]] = probability
        return cls(of_left, of_things, of_right)


@dataclass(frozen=True, eq=False)
class Inclusion:
    """The probabilities that a relation of one side is included in one of the other side.

    Parameters
    ----------
    n_right
        Number of right relations, inverses included.
    codes
        The pairs of relations that are listed, ascending: ``left * n_right + right``, ``(n,)``. ``None`` if
        every pair has the probability :data:`FIRST_INCLUSION`.
    left_in_right, right_in_left
        ``P(r ⊆ r')`` and ``P(r' ⊆ r)`` of each listed pair ``(n,)``; both are 0 for all other pairs.
    """

    n_right: int
    codes: IntArray | None = None
    left_in_right: DoubleArray | None = None
    right_in_left: DoubleArray | None = None

    def __call__(self, left: IntArray, right: IntArray) -> tuple[DoubleArray, DoubleArray]:
        """Return ``P(r ⊆ r')`` and ``P(r' ⊆ r)`` for left and right relations ``(m,)``."""
        if self.codes is None or self.left_in_right is None or self.right_in_left is None:
            return np.full(len(left), FIRST_INCLUSION), np.full(len(left), FIRST_INCLUSION)
        if not len(self.codes):
            return np.zeros(len(left)), np.zeros(len(left))
        wanted = left * self.n_right + right
        place = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        known = self.codes[place] == wanted
        return np.where(known, self.left_in_right[place], 0), np.where(known, self.right_in_left[place], 0)


def estimate_inclusion(left: Statements, right: Statements, equal: Equalities) -> Inclusion:
    """Estimate the inclusion of relations from things that are taken to be equal.

    This is how PARIS estimates subrelations. Here a thing has at most one equal, so that a product over the
    equals of a thing has one factor: ``P(r ⊆ r')`` is the sum of ``P(x ≡ x') P(y ≡ y')`` over the statements
    ``r(x, y)`` for which there is a statement ``r'(x', y')``, divided by the sum over all statements
    ``r(x, y)`` of which subject and object have an equal.

    Parameters
    ----------
    left, right
        The statements of both sides.
    equal
        The equalities.

    Returns
    -------
    The inclusions.
    """
    known = np.flatnonzero((equal.of_left[left.subjects] >= 0) & (equal.of_left[left.objects] >= 0))
    x, y, r = left.subjects[known], left.objects[known], left.relations[known]
    weight = equal.probability[x] * equal.probability[y]
    wanted = right.key(equal.of_left[y], equal.of_left[x])
    statement, place = _ranges(*(np.searchsorted(right.keys, wanted, side) for side in ("left", "right")))
    codes, where = np.unique(r[statement] * right.n_relations + right.relations[place], return_inverse=True)
    common = np.bincount(where, weight[statement], minlength=len(codes))
    of_left = np.bincount(r, weight, minlength=left.n_relations)
    subjects, objects = equal.of_right[right.subjects], equal.of_right[right.objects]
    known = np.flatnonzero((subjects >= 0) & (objects >= 0))
    weight = equal.probability[subjects[known]] * equal.probability[objects[known]]
    of_right = np.bincount(right.relations[known], weight, minlength=right.n_relations)
    left_in_right = common / of_left[codes // max(1, right.n_relations)]
    right_in_left = common / of_right[codes % max(1, right.n_relations)]
    return Inclusion(right.n_relations, codes, left_in_right, right_in_left)


def graph_evidence(
    left: Statements, right: Statements, equal: Equalities, inclusion: Inclusion, listed: sparse.csr_array
) -> sparse.csr_array:
    """Add up the evidence of statements with equal objects for the equality of their subjects.

    This is how PARIS estimates the equality of entities once the inclusions of relations are estimated, with
    the evidence that speaks for an equality and without that which speaks against it. The evidence of a pair
    is ``-log(1 - P(x ≡ x'))``, which is the sum, over all statements ``r(x, y)`` and ``r'(x', y')`` with
    ``y ≡ y'``, of

        -log(1 - P(r' ⊆ r) fun^-1(r) P(y ≡ y')) - log(1 - P(r ⊆ r') fun^-1(r') P(y ≡ y')).

    Parameters
    ----------
    left, right
        The statements of both sides.
    equal
        The equalities.
    inclusion
        The inclusions of relations.
    listed
        The pairs of nodes ``(n_left, n_right)`` for which the statements of hubs (:data:`HUB`) count, too.

    Returns
    -------
    The evidence, float64 ``(n_left, n_right)``, of the pairs with the most evidence: at most
    :data:`psqe.similarity.shortlist.N_LISTED` for each left node. Nodes are compared with those of their
    own kind, except in listed pairs.
    """
    parts = [
        _best_in_rows(*_summed(*_terms(left, right, equal, inclusion, pairs), listed.shape[1]))
        for pairs in _joined(left, right, equal, listed)
    ]
    rows, columns, values = (
        (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else (np.empty(0, int),) * 3
    )
    return sparse.csr_array((values.astype(np.float64), (rows, columns)), shape=listed.shape)


def _joined(
    left: Statements, right: Statements, equal: Equalities, listed: sparse.csr_array
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs of left and right statements with equal objects, as places ``(m,)`` and ``(m,)``.

    All pairs of a left subject come at once, and subjects come in their order.
    """
    nodes = (left.kinds[left.subjects] != LITERAL) & (equal.of_left[left.objects] >= 0)
    ours = np.flatnonzero(nodes)
    ours = ours[np.argsort(left.subjects[ours], kind="stable")]
    subjects, objects = left.subjects[ours], left.objects[ours]
    others = equal.of_left[objects]
    n_others = np.diff(right.starts)[others]
    hub = np.diff(left.starts)[objects] * n_others > HUB
    in_row = np.diff(listed.indptr).astype(np.int64)[subjects]
    ends = np.cumsum(np.where(hub, in_row, n_others))
    last = np.flatnonzero(np.diff(subjects, append=-1))  # the last statement of each subject
    n_pairs, row = ends[last], 0
    while row < len(last):
        done = n_pairs[row - 1] if row else 0
        following = max(row + 1, int(np.searchsorted(n_pairs, done + CHUNK, "right")))
        block = slice(last[row - 1] + 1 if row else 0, last[following - 1] + 1)
        row = following
        yield _of_block(left, right, listed, ours[block], others[block], hub[block])


def _of_block(
    left: Statements,
    right: Statements,
    listed: sparse.csr_array,
    ours: IntArray,
    others: IntArray,
    hub: BoolArray,
) -> tuple[IntArray, IntArray]:
    """Join left statements ``ours`` with right ones whose objects are ``others``, the equals of theirs.

    ``hub`` tells which of the objects are hubs.
    """
    usual, place = _ranges(right.starts[others[~hub]], right.starts[others[~hub] + 1])
    usual = ours[~hub][usual]
    same = left.kinds[left.subjects[usual]] == right.kinds[right.subjects[place]]
    rows = left.subjects[ours[hub]]
    statement, cell = _ranges(listed.indptr[rows].astype(np.int64), listed.indptr[rows + 1].astype(np.int64))
    wanted = right.key(others[hub][statement], listed.indices[cell].astype(np.int64))
    pair, hub_place = _ranges(*(np.searchsorted(right.keys, wanted, side) for side in ("left", "right")))
    return (
        np.concatenate([usual[same], ours[hub][statement[pair]]]),
        np.concatenate([place[same], hub_place]),
    )


def _terms(
    left: Statements,
    right: Statements,
    equal: Equalities,
    inclusion: Inclusion,
    pairs: tuple[IntArray, IntArray],
) -> tuple[IntArray, IntArray, DoubleArray]:
    """Return left and right subjects and evidence of pairs of statements ``(m,)``."""
    ours, others = pairs
    r, s = left.relations[ours], right.relations[others]
    left_in_right, right_in_left = inclusion(r, s)
    probability = equal.probability[left.objects[ours]]
    evidence = -np.log1p(-right_in_left * left.inverse_functionality[r] * probability)
    evidence -= np.log1p(-left_in_right * right.inverse_functionality[s] * probability)
    return left.subjects[ours], right.subjects[others], evidence


def _summed(
    rows: IntArray, columns: IntArray, values: DoubleArray, n_columns: int
) -> tuple[IntArray, IntArray, DoubleArray]:
    """Add up the values of each cell, and return the cells whose sum is positive."""
    cells, where = np.unique(rows * n_columns + columns, return_inverse=True)
    sums: DoubleArray = np.bincount(where, values, minlength=len(cells)).astype(np.float64)
    cells, sums = cells[sums > 0], sums[sums > 0]
    return cells // n_columns, cells % n_columns, sums


def _best_in_rows(
    rows: IntArray, columns: IntArray, values: DoubleArray
) -> tuple[IntArray, IntArray, DoubleArray]:
    """Keep the cells with the :data:`N_LISTED` largest values of each row, and the first of equal ones."""
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    return rows[rank < N_LISTED], columns[rank < N_LISTED], values[rank < N_LISTED]


def _ranges(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """List the members of ranges ``(n,)``: the number of the range and the member, ``(m,)`` each."""
    lengths = stops - starts
    of = np.repeat(np.arange(len(starts)), lengths)
    within = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return of, starts[of] + within
