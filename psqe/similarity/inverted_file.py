"""An approximate search for large dot products: an inverted file of short codes, by the library faiss.

K-means divides the vectors that are searched into cells (an inverted file, Johnson et al. 2019), and every
vector is kept as a code of four bits for each of up to :data:`MOST_CODES` groups of dimensions (a product
quantiser whose codes are scanned in registers, Andre et al. 2017). A query is compared with the codes in the
nearest cells only. What is found is a proposal: callers compute the similarities of the proposed pairs
themselves (:mod:`psqe.similarity.approximate`), so that only which pairs are proposed is approximate.

Short codes cannot tell vectors apart that have few dimensions or lie close together. So the nearest vectors
of a sample of queries are also searched exactly. Where the codes miss many of them, more codes are kept, then
codes of a byte for each dimension, and in the end the vectors themselves, which takes more memory and time.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from psqe.errors import PsqeWarning
from psqe.graph import FloatArray, IntArray

MOST_CODES = (128, 256)
"""Largest numbers of codes of a vector that are tried; wider vectors have several dimensions for a code. The
fewer are faster: on the texts of ``han/words`` (512 dimensions) they take 0.7 times as long."""

N_VISITED, SHARE_VISITED = 70_000, 0.02
"""A query visits as many cells as hold so many vectors, and this share of all vectors in addition. Vectors in
cells that are not visited are missed: of a larger side a smaller share is visited, and more depends on
clusters (``benchmarks/scaling.py --search``)."""

N_CHECKED, N_CHECKED_NEAREST, LEAST_FOUND, NEARLY_ALL = 128, 10, 0.9, 0.98
"""``N_CHECKED`` queries are also searched exactly for their ``N_CHECKED_NEAREST`` nearest vectors. At least
the share ``LEAST_FOUND`` of these must be proposed, and ``NEARLY_ALL`` where more short codes are the next to
try."""

N_TRAINING = 65_536
"""Number of vectors from which cells and codes are learned."""

SMALLEST = 1024
"""Fewer vectors are all compared."""

BLOCK_ROWS = 65_536

CHECKED_ROWS = 16
"""Number of queries of the sample whose dot products with all vectors are held at a time."""

Proposals = Callable[[FloatArray, int], IntArray]
"""Function of queries ``(m, d)`` and a number ``n`` that returns proposed positions ``(m, n')``, in no stated
order; -1 where fewer are found."""


def inverted_file(vectors: FloatArray, queries: FloatArray, k: int) -> Proposals:
    """Prepare the search for the largest dot products of some queries with some vectors.

    The result depends on the vectors, on the queries, of which a sample decides what is kept of vectors, on
    their orders and on ``k``, but not on the number of threads. Cells are learned on one thread, because sums
    of several threads are rounded in another order.

    Parameters
    ----------
    vectors
        Float32 array ``(n, d)``, all finite.
    queries
        Float32 array ``(m, d)``, all finite: all queries, of which a sample is searched exactly.
    k
        The number of vectors that will be proposed for each query.

    Returns
    -------
    A function that proposes vectors for queries.

    Warns
    -----
    PsqeWarning
        If less than :data:`LEAST_FOUND` of the nearest vectors are proposed, even without codes.

    Examples
    --------
    >>> unit = np.eye(3, dtype=np.float32)
    >>> inverted_file(unit, unit, 1)(unit, 1).ravel().tolist()
    [0, 1, 2]
    """
    import faiss

    n, width = vectors.shape
    if n < SMALLEST:
        flat = faiss.IndexFlatIP(width)
        flat.add(np.ascontiguousarray(vectors))
        return lambda queries, k: flat.search(np.ascontiguousarray(queries), min(k, n))[1]
    sample = queries[np.linspace(0, len(queries) - 1, min(N_CHECKED, len(queries))).astype(int)]
    for kept in kept_of_vectors(width):
        propose = _searchable(vectors, kept)
        found = _share_found(propose, sample, vectors, k)
        if found >= kept.least:
            return propose
    warnings.warn(
        f"the approximate search finds {found:.0%} of the nearest entities of a sample of {len(sample)} "
        "entities, so that links may be wrong or missing; pairs with fewer candidates are searched exactly",
        PsqeWarning,
        stacklevel=2,
    )
    return propose


def _share_found(propose: Proposals, sample: FloatArray, vectors: FloatArray, k: int) -> float:
    """The share of the nearest vectors of a sample of queries that is proposed; of equal ones any counts."""
    wanted = min(N_CHECKED_NEAREST, k, len(vectors))
    places = propose(sample, k)
    products = np.where(places < 0, -np.inf, inner_products(sample, vectors, places.clip(0)))
    found = []
    for start in range(0, len(sample), CHECKED_ROWS):
        exact = sample[start : start + CHECKED_ROWS] @ vectors.T
        least = np.partition(exact, -wanted, axis=1)[:, -wanted, None]
        # Products of the two kinds may differ in the last bits.
        least -= 1e-5 * np.abs(exact).max(axis=1, keepdims=True)
        found.append((products[start : start + CHECKED_ROWS] >= least).sum(axis=1).clip(max=wanted))
    return float(np.concatenate(found).mean() / wanted) if found else 1.0


@dataclass(frozen=True)
class Kept:
    """What an inverted file keeps of vectors.

    Parameters
    ----------
    name
        The name by which faiss knows it.
    width
        Number of dimensions that vectors are filled up to by zeros.
    least
        The share of the nearest vectors that must be among the proposed ones.
    """

    name: str
    width: int
    least: float


def kept_of_vectors(width: int) -> list[Kept]:
    """List what may be kept of vectors of a width, the smallest first.

    These are codes of four bits, as many as :data:`MOST_CODES` says, codes of a byte for each dimension, and
    the vectors themselves.

    Examples
    --------
    >>> [kept.name for kept in kept_of_vectors(64)]
    ['PQ64x4fs', 'SQ8', 'Flat']
    >>> [(kept.name, kept.width) for kept in kept_of_vectors(700)[:2]]
    [('PQ117x4fs', 702), ('PQ234x4fs', 702)]
    """
    dims_of_code = dict.fromkeys(-(-width // most) for most in MOST_CODES)
    codes = [(-(-width // dims), dims) for dims in dims_of_code]
    least = [*[NEARLY_ALL] * (len(codes) - 1), LEAST_FOUND]
    return [
        *(Kept(f"PQ{n}x4fs", n * dims, share) for (n, dims), share in zip(codes, least, strict=True)),
        Kept("SQ8", width, LEAST_FOUND),
        Kept("Flat", width, LEAST_FOUND),
    ]


def _searchable(vectors: FloatArray, kept: Kept) -> Proposals:
    """Put vectors into cells, and return the function that proposes them."""
    import faiss

    n, width = vectors.shape
    padding = kept.width - width
    n_cells = math.isqrt(n)
    index: Any = faiss.index_factory(kept.width, f"IVF{n_cells},{kept.name}", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.cp.min_points_per_centroid = 0, 6, 1
    sample = np.sort(np.random.default_rng(0).choice(n, min(n, N_TRAINING), replace=False))
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.train(_padded(vectors[sample], padding))
    finally:
        faiss.omp_set_num_threads(threads)
    for start in range(0, n, BLOCK_ROWS):
        index.add(_padded(vectors[start : start + BLOCK_ROWS], padding))
    visited = min(1.0, N_VISITED / n + SHARE_VISITED)
    index.nprobe = math.ceil(visited * n_cells)

    def propose(queries: FloatArray, k: int) -> IntArray:
        found: IntArray = index.search(_padded(queries, padding), min(k, n))[1]
        return found

    return propose


def _padded(vectors: FloatArray, padding: int) -> FloatArray:
    """Return vectors with so many zeros at the end of each, contiguous."""
    return np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, padding))) if padding else vectors)


def inner_products(queries: FloatArray, vectors: FloatArray, places: IntArray) -> FloatArray:
    """Compute the dot products of queries with some vectors each, without a copy of the vectors.

    Parameters
    ----------
    queries
        Float32 array ``(m, d)``.
    vectors
        Float32 array ``(n, d)``, contiguous.
    places
        Positions of vectors for each query ``(m, k)``, not negative.

    Returns
    -------
    The dot products ``(m, k)``. Equal vectors have equal products to the last bit.

    Examples
    --------
    >>> unit = np.eye(2, dtype=np.float32)
    >>> inner_products(unit, unit, np.array([[0, 1], [1, 1]])).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    import faiss

    library: Any = faiss  # its types lack this function
    queries, vectors = np.ascontiguousarray(queries), np.ascontiguousarray(vectors)
    places = np.ascontiguousarray(places, dtype=np.int64)
    products = np.empty(places.shape, dtype=np.float32)
    library.fvec_inner_products_by_idx(
        *map(library.swig_ptr, (products, queries, vectors, places)), vectors.shape[1], *places.shape
    )
    return products
