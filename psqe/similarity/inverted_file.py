"""An approximate search for large dot products: an inverted file of short codes, by the library faiss.

K-means divides the vectors that are searched into cells (an inverted file, Johnson et al. 2019), and every
vector is kept as a code of four bits for each of up to :data:`MOST_CODES` groups of dimensions (a product
quantiser whose codes are scanned in registers, Andre et al. 2017). A query is compared with the codes in the
nearest cells only. What is found is a proposal: callers compute the similarities of the proposed pairs
themselves (:mod:`psqe.similarity.approximate`), so that only which pairs are proposed is approximate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from psqe.graph import FloatArray, IntArray

MOST_CODES = 256
"""Largest number of codes of a vector; wider vectors have several dimensions for a code."""

N_VISITED, SHARE_VISITED = 70_000, 0.02
"""A query visits as many cells as hold so many vectors, and this share of all vectors in addition. What is
missed are vectors in cells that are not visited: of 100,000 vectors, fewer than one in fifty of the ten
nearest even where the vectors form no clusters, and hardly any where they do. Of a larger side a smaller
share is visited, and more depends on clusters (``benchmarks/scaling.py --search``)."""

N_TRAINING = 65_536
"""Number of vectors from which cells and codes are learned."""

SMALLEST = 1024
"""Fewer vectors are all compared."""

BLOCK_ROWS = 65_536

Proposals = Callable[[FloatArray, int], IntArray]
"""Function of queries ``(m, d)`` and a number ``n`` that returns proposed positions ``(m, n')``, in no stated
order; -1 where fewer are found."""


def inverted_file(vectors: FloatArray) -> Proposals:
    """Prepare the search for the largest dot products with some vectors.

    The result depends on the vectors and their order only. Cells are learned on one thread, because sums of
    several threads are rounded in another order.

    Parameters
    ----------
    vectors
        Float32 array ``(n, d)``, all finite.

    Returns
    -------
    A function that proposes vectors for queries.

    Examples
    --------
    >>> unit = np.eye(3, dtype=np.float32)
    >>> inverted_file(unit)(unit, 1).ravel().tolist()
    [0, 1, 2]
    """
    import faiss

    n, width = vectors.shape
    if n < SMALLEST:
        flat = faiss.IndexFlatIP(width)
        flat.add(np.ascontiguousarray(vectors))
        return lambda queries, k: flat.search(np.ascontiguousarray(queries), min(k, n))[1]
    dims_of_code = -(-width // MOST_CODES)
    padding = -width % dims_of_code
    n_cells = math.isqrt(n)
    index: Any = faiss.index_factory(
        width + padding,
        f"IVF{n_cells},PQ{(width + padding) // dims_of_code}x4fs",
        faiss.METRIC_INNER_PRODUCT,
    )
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
