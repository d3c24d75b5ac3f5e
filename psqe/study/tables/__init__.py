"""Every table of the book, from the results store or from objects of the library."""

from __future__ import annotations

from psqe.study.tables.page import group_rows, mean_table, metric_rows, over_states, show
from psqe.study.tables.tasks import graph_table, text_table, triple_table, why_table

__all__ = [
    "graph_table", "group_rows", "mean_table", "metric_rows", "over_states", "show", "text_table",
    "triple_table", "why_table",
]  # fmt: skip
