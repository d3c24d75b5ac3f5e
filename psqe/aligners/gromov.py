"""Fused Gromov-Wasserstein transport between two graphs, on listed pairs of nodes.

A plan ``T`` gives each pair of a left node ``x`` and a right node ``x'`` a share from 0 to 1. A good plan
moves nodes to similar ones, and neighbours to neighbours. With similarities ``S``, the adjacency matrices
``A`` and ``A'`` of the graphs and the entropy ``H``, it maximises

    <S, T> + (alpha / 2) <T, A T A'> + t H(T)

over all plans whose rows and columns sum to at most one and whose total is given. This is the fused
Gromov-Wasserstein problem (Vayer et al. 2019, *Optimal Transport for structured data with application on
graphs*) with the square loss and an entropy, because of

    sum (A[x, y] - A'[x', y'])^2 T[x, x'] T[y, y'] = (terms of the row and column sums) - 2 <T, A T A'>

(Peyre, Cuturi and Solomon 2016, *Gromov-Wasserstein averaging of kernel and distance matrices*, prop. 1). The
terms of the sums are constant where every node has a counterpart. Here they are left out, because otherwise a
node would be the more likely to be left without a counterpart the more edges it has.

The gradient of the first two terms is ``S + alpha A T A'``. A step replaces the two terms by their gradient
at the last plan and solves the entropic transport problem that remains, as Peyre et al. (2016) do:

    T(k + 1) = argmax over T of <S + alpha A T(k) A', T> + t H(T)

This is the conditional gradient method of Frank and Wolfe for a problem with an entropy, with full steps.
Plans have cells only where a pair is listed, so that memory grows with the number of nodes. The library POT
(``ot.gromov``) has solvers of this problem, also for partial plans, but they hold ``A``, ``A'`` and ``T`` as
dense matrices; its solver of low rank needs a point cloud in place of a graph. Hence this is own code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from psqe.adjacency import normalised_adjacency
from psqe.graph import DoubleArray, FloatArray, IntArray, KnowledgeGraph, Sides
from psqe.similarity import Dot, SparseDot
from psqe.similarity.assignments import n_counterparts, probabilities
from psqe.similarity.shortlist import Shortlist
from psqe.similarity.sinkhorn_scaling import Cells

NEGLIGIBLE = 1e-4
"""Shares below this one have no part in the structure term, which would otherwise have many tiny cells."""

LARGEST_SHARE = 0.999
"""The largest share of the nodes that a plan gives a counterpart. Where all must have one, the listed pairs
need not allow it."""

CHUNK = 1 << 12
"""Number of cells that are computed at a time."""

ROWS = 1024
"""Number of rows of a structure term in which the largest cells are searched at a time."""


def edges(graph: KnowledgeGraph) -> sparse.csr_array:
    """Return the normalised adjacency ``(n, n)`` of a graph without self loops.

    With loops, a pair of nodes would support itself.

    Examples
    --------
    >>> edges(KnowledgeGraph("g", ("a", "b"), ("r",), [(0, 0, 1)])).toarray().round(6).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    adjacency = normalised_adjacency(graph)
    adjacency.setdiag(0)
    adjacency.eliminate_zeros()
    return adjacency


def structure_term(plan: sparse.csr_array, adjacency: Sides[sparse.csr_array]) -> SparseDot:
    """Return ``A T A'``: how much the neighbours of two nodes are each other's counterparts.

    Parameters
    ----------
    plan
        The plan ``T (n_left, n_right)``; shares below :data:`NEGLIGIBLE` count as zero.
    adjacency
        The symmetric matrices ``A (n_left, n_left)`` and ``A' (n_right, n_right)``.

    Returns
    -------
    The term as a similarity ``(n_left, n_right)``, which is computed where it is read.
    """
    kept = plan.copy()
    kept.data[kept.data < NEGLIGIBLE] = 0
    kept.eliminate_zeros()
    return SparseDot(sparse.csr_array(adjacency.left @ kept), adjacency.right)


def term_at(term: SparseDot, rows: IntArray, columns: IntArray) -> DoubleArray:
    """Return a structure term at some cells ``(n,)``, at the cost of these cells alone."""
    values = np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        products = term.left[rows[part]].multiply(term.right[columns[part]])
        values[part] = np.asarray(products.sum(axis=1)).ravel()
    return values


@dataclass(frozen=True, eq=False)
class Block:
    """Nodes of the two sides that may be counterparts of each other, and the pairs of them that are listed.

    Candidates are matched with candidates, and other nodes (literals, categories) with other nodes. These are
    two blocks of one plan, and each has its own number of counterparts.

    Parameters
    ----------
    nodes
        The nodes of both sides, as indices into the graphs, ``(n_left,)`` and ``(n_right,)``.
    vectors
        Their fused unit vectors, ``(n_left, d)`` and ``(n_right, d)``; zero where nothing is known.
    listed
        The pairs that are listed for their features or as seeds, ascending ``(m,)``. Here and below, a pair
        is the position of its left node in the block times ``n_right``, plus that of its right node.
    similarities
        The similarity ``S`` of each listed pair, raised if it is a seed ``(m,)``.
    share
        Share of the nodes of the smaller side that have a counterpart.
    """

    nodes: Sides[IntArray]
    vectors: Sides[FloatArray]
    listed: IntArray
    similarities: DoubleArray
    share: float

    @classmethod
    def from_features(
        cls,
        nodes: Sides[IntArray],
        vectors: Sides[FloatArray],
        seeds: IntArray,
        by: FloatArray,
        *,
        k: int,
    ) -> Self:
        """List the ``k`` nearest nodes of every node that has a vector, and the seeds.

        Parameters
        ----------
        nodes
            The nodes of both sides, ascending.
        vectors
            The unit vectors of all nodes of the graphs.
        seeds
            Pairs ``(m, 2)`` of these nodes whose similarity is raised.
        by
            By how much ``(m,)``.
        k
            Number of nearest nodes.
        """
        own = vectors.map(lambda rows, members: rows[members], nodes)
        known = own.map(lambda rows: np.flatnonzero(rows.any(axis=1)))
        width = len(nodes.right)
        raised = np.searchsorted(nodes.left, seeds[:, 0]) * width + np.searchsorted(nodes.right, seeds[:, 1])
        pairs, share = np.unique(raised), 1.0
        if len(known.left) and len(known.right):
            shortlist = Shortlist.from_similarity(Dot(own.left[known.left], own.right[known.right]), k=k)
            pairs = np.union1d(pairs, known.left[shortlist.rows] * width + known.right[shortlist.columns])
            share = n_counterparts(shortlist) / min(shortlist.shape)
        similarities = _cosines(own, *np.divmod(pairs, width))
        np.add.at(similarities, np.searchsorted(pairs, raised), by)
        return cls(nodes, own, pairs, similarities, share)

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_left, n_right)``."""
        return len(self.nodes.left), len(self.nodes.right)

    def plan(
        self, term: SparseDot | None, *, structure_weight: float, temperature: float, n_suggested: int
    ) -> Cells:
        """Solve the entropic transport problem of one step.

        Parameters
        ----------
        term
            The structure term of the last plan, of all nodes of the graphs; ``None`` for features alone.
        structure_weight
            Its weight ``alpha``.
        temperature
            The weight ``t`` of the entropy.
        n_suggested
            Number of pairs of each node with the largest structure term that are listed besides.

        Returns
        -------
        The shares of the listed pairs; rows and columns are positions in the block.
        """
        pairs, values = self.listed, self.similarities
        if term is not None:
            term = term.take(self.nodes.left, self.nodes.right)
            if n_suggested:
                new = np.setdiff1d(_suggested(term, n_suggested), pairs)
                pairs = np.concatenate([pairs, new])
                values = np.concatenate([values, _cosines(self.vectors, *np.divmod(new, self.shape[1]))])
                order = np.argsort(pairs)
                pairs, values = pairs[order], values[order]
        rows, columns = np.divmod(pairs, self.shape[1])
        if term is not None:
            values = values + structure_weight * term_at(term, rows, columns)
        if not len(pairs):
            return Cells(self.shape, rows, columns, values)
        # A node without a listed pair has no part, for its row could not be scaled.
        (filled, row), (occupied, column) = (np.unique(own, return_inverse=True) for own in (rows, columns))
        smaller = min(len(filled), len(occupied))
        shares = probabilities(
            Cells((len(filled), len(occupied)), row, column, values),
            temperature=temperature,
            n_counterparts=min(self.share, LARGEST_SHARE) * smaller,
        )
        return Cells(self.shape, rows, columns, shares)


def _cosines(vectors: Sides[FloatArray], rows: IntArray, columns: IntArray) -> DoubleArray:
    """Return the dot products of pairs of vectors ``(n,)``."""
    values = np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        values[part] = np.einsum("ij,ij->i", vectors.left[rows[part]], vectors.right[columns[part]])
    return values


def _suggested(term: SparseDot, n: int) -> IntArray:
    """Return the pairs with the ``n`` largest values above zero of every node of either side, ascending."""
    rows, columns = _largest_in_rows(term, n)
    other_columns, other_rows = _largest_in_rows(term.T, n)
    width = term.shape[1]
    return np.union1d(rows * width + columns, other_rows * width + other_columns)


def _largest_in_rows(term: SparseDot, n: int) -> tuple[IntArray, IntArray]:
    """Return rows and columns of the ``n`` largest values above zero of every row.

    Values that equal the largest one left out are left out, so that no cell is there for its position. Cells
    that are zero, which are most of them, are never computed.
    """
    across = sparse.csr_array(term.right.T)
    found = []
    for start in range(0, term.shape[0], ROWS):
        product = term.left[start : start + ROWS] @ across
        row = np.repeat(np.arange(product.shape[0]), np.diff(product.indptr))
        order = np.lexsort((-product.data, row))
        values, columns = product.data[order], product.indices[order]
        rank = np.arange(len(row)) - product.indptr[row]
        # The largest value that is left out, where the row has one.
        beyond = product.indptr[row] + n
        floor = np.zeros(len(row))
        has_more = beyond < product.indptr[1:][row]
        floor[has_more] = values[beyond[has_more]]
        kept = (rank < n) & (values > floor)
        found.append((start + row[kept], columns[kept]))
    rows, columns = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows.astype(np.int64), columns.astype(np.int64)


def whole_plan(blocks: list[Block], parts: list[Cells], shape: tuple[int, int]) -> sparse.csr_array:
    """Put the plans of the blocks together.

    Parameters
    ----------
    blocks
        Blocks with no node in common.
    parts
        The plan of each of them.
    shape
        Number of nodes of the two graphs.

    Returns
    -------
    The plan of all nodes, float64 ``(n_left, n_right)``.
    """
    rows = [block.nodes.left[cells.rows] for block, cells in zip(blocks, parts, strict=True)]
    columns = [block.nodes.right[cells.columns] for block, cells in zip(blocks, parts, strict=True)]
    values = np.concatenate([cells.values for cells in parts])
    return sparse.csr_array((values, (np.concatenate(rows), np.concatenate(columns))), shape=shape)
