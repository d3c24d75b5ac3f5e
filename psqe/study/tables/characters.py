"""Tables about the Han characters: regions that a reader of the script knows, and groups of a gallery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from psqe.evaluation.regions import Regions, degree_regions
from psqe.graph import AlignmentTask, IntArray, KnowledgeGraph

STROKES = (4, 7, 10)
"""The largest number of strokes of each band but the last."""

GRADE, STROKE_COUNT = "taught_in", "written_with"
"""The relations that lead from a Japanese character to its school year and to its number of strokes."""


def character_regions(task: AlignmentTask) -> dict[str, Regions]:
    """Partition characters by their number of strokes, their radical, their school year and their degree.

    Parameters
    ----------
    task
        A pair of Han characters. Strokes and school years are known of the left side only, so that right
        characters are in no region of these.

    Returns
    -------
    The partitions, by the names ``strokes``, ``radical``, ``grade`` and ``degree``.
    """
    left, right = task.left, task.right
    nothing = [None] * right.n_entities
    strokes = [None if text is None else _band(int(text)) for text in _codes(left, STROKE_COUNT)]
    grades = [None if text is None else f"year {text}" for text in _codes(left, GRADE)]
    return {
        "strokes": Regions.from_labels("strokes", strokes, nothing),
        "radical": Regions.from_labels("radical", left.groups, right.groups),
        "grade": Regions.from_labels("grade", grades, nothing),
        "degree": degree_regions(task),
    }


def by_school_year(task: AlignmentTask) -> list[tuple[str, IntArray]]:
    """Group the left characters of a pair by their school year, in order.

    Parameters
    ----------
    task
        A pair of Han characters.

    Returns
    -------
    The title of each year and its characters; those without a year come last.
    """
    years = pd.Series(_codes(task.left, GRADE)).iloc[task.left.candidates]
    found = [
        (f"School year {year}", np.array(own.index, dtype=np.int64))
        for year, own in sorted(years.dropna().groupby(years), key=lambda group: int(str(group[0])))
    ]
    rest = np.array(years[years.isna()].index, dtype=np.int64)
    return [*found, ("Not taught at school", rest)] if len(rest) else found


def _codes(graph: KnowledgeGraph, relation: str) -> Sequence[str | None]:
    """Return for each entity the code of the node to which a relation leads; ``None`` where it has none."""
    codes: list[str | None] = [None] * graph.n_entities
    if relation in graph.relations:
        number = graph.relations.index(relation)
        for head, _, tail in graph.triples[graph.triples[:, 1] == number].tolist():
            codes[head] = graph.entities[tail].partition(":")[2]
    return codes


def _band(strokes: int) -> str:
    """Return the band of a number of strokes, so named that bands sort by size.

    >>> _band(4), _band(5), _band(20)
    ('01-04', '05-07', '11-')
    """
    first = 1
    for last in STROKES:
        if strokes <= last:
            return f"{first:02d}-{last:02d}"
        first = last + 1
    return f"{first:02d}-"
