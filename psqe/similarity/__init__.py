"""Similarities in blocks: nearest neighbours, CSLS, Sinkhorn, approximate search."""

from psqe.options import Matching
from psqe.similarity.base import Dot, Shifted, Similarity, SparseDot, Sum
from psqe.similarity.csls import csls
from psqe.similarity.matching import matched, matched_by_each
from psqe.similarity.neighbours import Nearest, Neighbours, find_nearest, find_neighbours, shares
from psqe.similarity.search import (
    best_in_rows,
    greedy_one_to_one,
    largest_cells,
    mutual_nearest,
    mutual_pairs,
    top_k,
)

__all__ = [
    "Dot",
    "Matching",
    "Nearest",
    "Neighbours",
    "Shifted",
    "Similarity",
    "SparseDot",
    "Sum",
    "best_in_rows",
    "csls",
    "find_nearest",
    "find_neighbours",
    "greedy_one_to_one",
    "largest_cells",
    "matched",
    "matched_by_each",
    "mutual_nearest",
    "mutual_pairs",
    "shares",
    "top_k",
]
